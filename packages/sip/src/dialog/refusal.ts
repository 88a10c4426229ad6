// What a user agent refuses before it looks at a request any closer: method, scheme, body type (RFC 3261 §8.2.1 to §8.2.3).
import type { HeaderList, SipHeaders } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import { ALLOWED_METHODS } from './user-agent-core.ts';

export interface Refusal {
  readonly status: number;
  readonly headers: HeaderList;
}

/** Methods that exist (IANA registry); others are not refused but unknown: 501 (RFC 4475 §3.1.1.2). */
const REGISTERED_METHODS: ReadonlySet<string> = new Set([
  ...ALLOWED_METHODS.split(', '),
  'MESSAGE',
  'PUBLISH',
  'REFER',
  'REGISTER',
  'SUBSCRIBE',
]);

export function refuseMethod(method: string): Refusal {
  return { status: REGISTERED_METHODS.has(method) ? 405 : 501, headers: [['Allow', ALLOWED_METHODS]] };
}

/** Schemes a voice user agent can be called by (§8.2.2.1). */
export function refuseScheme(requestUri: string): Refusal | undefined {
  const scheme = requestUri.slice(0, requestUri.indexOf(':') + 1).toLowerCase();
  const isCallable = scheme === 'sip:' || scheme === 'sips:' || scheme === 'tel:';
  return isCallable ? undefined : { status: 416, headers: [] };
}

/** An INVITE whose body cannot be an offer, or whose sender would not read our answer (§8.2.3, §20.1). */
export function refuseBodyType(invite: SipRequest): Refusal | undefined {
  const { headers, body } = invite;
  const contentType = headers.get('Content-Type');
  if (body !== '' && contentType !== undefined && !isSdp(contentType) && !isOptional(headers)) {
    return { status: 415, headers: [['Accept', 'application/sdp']] };
  }
  if (headers.has('Accept')) {
    const accepted = headers.getAll('Accept');
    if (!accepted.some(takesSdp)) return { status: 406, headers: [] };
  }
  return undefined;
}

/** Carriers wrap SDP into multipart bodies (SIP-I); what is inside is for whoever reads bodies. */
function isSdp(contentType: string): boolean {
  const type = mediaType(contentType);
  return type === 'application/sdp' || type.startsWith('multipart/');
}

function isOptional(headers: SipHeaders): boolean {
  return /;\s*handling\s*=\s*optional\b/i.test(headers.get('Content-Disposition') ?? '');
}

function takesSdp(accept: string): boolean {
  const type = mediaType(accept);
  return type === 'application/sdp' || type === 'application/*' || type === '*/*';
}

function mediaType(value: string): string {
  return (value.split(';', 1)[0] ?? '').replaceAll(' ', '').toLowerCase();
}
