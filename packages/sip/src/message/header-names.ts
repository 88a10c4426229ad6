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

/** What the parser wants to know of a field name, in one look-up. */
export interface HeaderName {
  /** The lower-case full name under which a field is found. */
  readonly key: string;
  /** A distinct bit for each field that must stand alone, 0 for all others. */
  readonly singleBit: number;
}

const nameBySpelling = new Map<string, HeaderName>();

function register(key: string, ...spellings: string[]): void {
  const known = nameBySpelling.get(key);
  const single = SINGLE_KEYS.indexOf(key);
  const name = known ?? { key, singleBit: single === -1 ? 0 : 1 << single };
  for (const spelling of [key, ...spellings]) nameBySpelling.set(spelling, name);
}

for (const name of COMMON_NAMES) register(name.toLowerCase(), name);
for (const [compact, key] of COMPACT_FORMS) register(key, compact, compact.toUpperCase());

/** The fixed map keeps the usual spellings free of work; undefined when the name is none of them. */
export function commonHeaderName(spelling: string): HeaderName | undefined {
  return nameBySpelling.get(spelling);
}

/** Any other spelling of any name; also finds known names in unusual case. */
export function otherHeaderName(spelling: string): HeaderName {
  const key = spelling.toLowerCase();
  return nameBySpelling.get(key) ?? { key, singleBit: 0 };
}

export function headerKey(spelling: string): string {
  return (nameBySpelling.get(spelling) ?? otherHeaderName(spelling)).key;
}

export function isListHeader(key: string): boolean {
  return LIST_KEYS.has(key);
}
