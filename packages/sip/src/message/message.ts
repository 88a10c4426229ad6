// The two kinds of SIP message as the rest of the package sees them (RFC 3261 §7).
import type { SipHeaders } from './headers.ts';

export interface SipRequest {
  readonly kind: 'request';
  /** Upper-case for the methods of RFC 3261; methods are case-sensitive. */
  readonly method: string;
  /** As on the wire; `parseSipUri` reads it. */
  readonly requestUri: string;
  readonly headers: SipHeaders;
  /** Decoded as UTF-8; empty when there is none. */
  readonly body: string;
}

export interface SipResponse {
  readonly kind: 'response';
  /** 100…699 */
  readonly status: number;
  readonly reason: string;
  readonly headers: SipHeaders;
  readonly body: string;
}

export type SipMessage = SipRequest | SipResponse;

/** A body with its type. Its content is opaque to this package. */
export interface SipBody {
  /** e.g. `application/sdp` */
  readonly contentType: string;
  readonly content: string;
}

/** The body of a message with its type, or undefined when it has none. A body without a type counts as SDP (RFC 3261 §20.15). */
export function bodyOf(message: SipMessage): SipBody | undefined {
  if (message.body === '') return undefined;
  return { contentType: message.headers.get('Content-Type') ?? 'application/sdp', content: message.body };
}
