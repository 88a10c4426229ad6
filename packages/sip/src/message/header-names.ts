// Header field names: compact forms, case, and which fields may be combined by comma or must stand alone.

/** Compact forms (RFC 3261 §7.3.3 and the IANA registry) to lower-case full names. */
const COMPACT_FORMS: ReadonlyArray<readonly [compact: string, key: string]> = [
  ['a', 'accept-contact'],
  ['b', 'referred-by'],
  ['c', 'content-type'],
  ['d', 'request-disposition'],
  ['e', 'content-encoding'],
  ['f', 'from'],
  ['i', 'call-id'],
  ['j', 'reject-contact'],
  ['k', 'supported'],
  ['l', 'content-length'],
  ['m', 'contact'],
  ['n', 'identity-info'],
  ['o', 'event'],
  ['r', 'refer-to'],
  ['s', 'subject'],
  ['t', 'to'],
  ['u', 'allow-events'],
  ['v', 'via'],
  ['x', 'session-expires'],
  ['y', 'identity'],
];

const COMMON_NAMES = [
  'Accept',
  'Allow',
  'Authorization',
  'Call-ID',
  'Contact',
  'Content-Length',
  'Content-Type',
  'CSeq',
  'Date',
  'From',
  'Max-Forwards',
  'P-Asserted-Identity',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Reason',
  'Record-Route',
  'Require',
  'Route',
  'Server',
  'Supported',
  'To',
  'Unsupported',
  'User-Agent',
  'Via',
  'WWW-Authenticate',
];

/** Fields whose values may be combined with commas (RFC 3261 §7.3.1 and the extensions' grammars). */
const LIST_KEYS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'alert-info',
  'allow',
  'allow-events',
  'call-info',
  'contact',
  'content-encoding',
  'content-language',
  'diversion',
  'error-info',
  'history-info',
  'in-reply-to',
  'p-asserted-identity',
  'p-preferred-identity',
  'path',
  'proxy-require',
  'reason',
  'record-route',
  'require',
  'route',
  'service-route',
  'supported',
  'unsupported',
  'via',
  'warning',
]);

/** Fields that must not appear twice in a message; a second one is a request for two different readings. */
const SINGLE_KEYS: readonly string[] = ['call-id', 'content-length', 'cseq', 'from', 'max-forwards', 'to'];

const keyByName = new Map<string, string>();
for (const name of COMMON_NAMES) {
  keyByName.set(name, name.toLowerCase());
  keyByName.set(name.toLowerCase(), name.toLowerCase());
}
for (const [compact, key] of COMPACT_FORMS) {
  keyByName.set(compact, key);
  keyByName.set(compact.toUpperCase(), key);
}

/** The lower-case full name under which a field is looked up. The fixed map keeps the usual spellings free of work. */
export function headerKey(name: string): string {
  return keyByName.get(name) ?? name.toLowerCase();
}

/** True for names in the fixed map, which need no further check. */
export function isCommonHeaderName(name: string): boolean {
  return keyByName.has(name);
}

export function isListHeader(key: string): boolean {
  return LIST_KEYS.has(key);
}

/** A distinct bit per field that must stand alone, 0 for all others. */
export function singleHeaderBit(key: string): number {
  const index = SINGLE_KEYS.indexOf(key);
  return index === -1 ? 0 : 1 << index;
}
