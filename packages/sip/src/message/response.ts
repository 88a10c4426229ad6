// Builds the response to a request: what must be copied, in the order RFC 3261 §8.2.6 gives.
import { type HeaderList, SipHeaders } from './headers.ts';
import type { SipBody, SipRequest, SipResponse } from './message.ts';
import { reasonPhrase } from './status.ts';

export interface ResponseOptions {
  /** Default: the usual phrase of the status. */
  reason?: string | undefined;
  /** Added to To when the request has no To tag. Every response but 100 needs one (§8.2.6.2). */
  toTag?: string | undefined;
  /** True for responses that create a dialog: Record-Route is copied (§12.1.1). */
  createsDialog?: boolean;
  headers?: HeaderList | undefined;
  body?: SipBody | undefined;
}

export function createResponse(
  request: SipRequest,
  status: number,
  options: ResponseOptions = {},
): SipResponse {
  const source = request.headers;
  const headers = new SipHeaders([], [], []);
  for (const value of source.fields('via')) headers.append('Via', value);
  if (options.createsDialog === true) {
    for (const value of source.fields('record-route')) headers.append('Record-Route', value);
  }
  copy(source, headers, 'From');
  const to = source.get('To');
  if (to !== undefined) {
    const addsTag = options.toTag !== undefined && source.to.tag === undefined;
    headers.append('To', addsTag ? `${to};tag=${options.toTag}` : to);
  }
  copy(source, headers, 'Call-ID');
  copy(source, headers, 'CSeq');
  if (status === 100) copy(source, headers, 'Timestamp');
  if (options.headers !== undefined) {
    for (const [name, value] of options.headers) headers.append(name, value);
  }
  if (options.body !== undefined) headers.append('Content-Type', options.body.contentType);
  return {
    kind: 'response',
    status,
    reason: options.reason ?? reasonPhrase(status),
    headers,
    body: options.body?.content ?? '',
  };
}

function copy(from: SipHeaders, to: SipHeaders, name: string): void {
  const value = from.get(name);
  if (value !== undefined) to.append(name, value);
}
