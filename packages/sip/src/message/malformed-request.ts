// A malformed request that could be read far enough to be answered.
import type { SipRequest } from './message.ts';
import { ParseFailure, type ParseFailureCode } from './parse-failure.ts';

/** Carries the readable outline of the request, so that the server can send the 4xx or 5xx it owes (RFC 3261 §21.4.1). */
export class MalformedRequest extends ParseFailure {
  override readonly name = 'MalformedRequest';
  readonly request: SipRequest;

  constructor(request: SipRequest, code: ParseFailureCode, what: string, found?: string) {
    super(code, what, found);
    this.request = request;
  }
}
