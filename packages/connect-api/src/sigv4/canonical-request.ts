// The canonical request of AWS Signature Version 4: the one text that client and service both derive from a request.
// Source: IAM User Guide, "Create a signed AWS API request", step 1; the rules for services other than S3.

/** One `name=value` of a query, decoded. */
export type QueryPair = readonly [name: string, value: string];

export type CanonicalParts = {
  readonly method: string;
  /** As sent, percent-encoded. */
  readonly path: string;
  readonly query: readonly QueryPair[];
  /** Signed headers in the client's order: lower-case names, and the values in the same order. */
  readonly headerNames: readonly string[];
  readonly headerValues: readonly string[];
  /** SHA-256 of the body in hexadecimal, or a marker such as `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
};

export function canonicalRequest(parts: CanonicalParts): string {
  const { method, path, query, headerNames, headerValues, payloadHash } = parts;
  let lines = `${method}\n${canonicalPath(path)}\n${canonicalQuery(query)}\n`;
  let names = '';
  for (let at = 0; at < headerNames.length; at += 1) {
    const name = headerNames[at];
    lines += `${name}:${canonicalHeaderValue(headerValues[at] ?? '')}\n`;
    names += at === 0 ? name : `;${name}`;
  }
  return `${lines}\n${names}\n${payloadHash}`;
}

/**
 * The path normalised and encoded once more: every service but S3 signs the already encoded path, so that `%2F` of
 * the request line becomes `%252F`.
 */
function canonicalPath(path: string): string {
  const isPlain = /^(\/[A-Za-z0-9_~-]+)+$/.test(path);
  if (isPlain) return path;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(encodeUri(segment));
  }
  const trailing = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${trailing}`;
}

/** Pairs encoded, then sorted by name and, for a repeated name, by value. */
function canonicalQuery(query: readonly QueryPair[]): string {
  if (query.length === 0) return '';
  return query
    .map(([name, value]): QueryPair => [encodeUri(name), encodeUri(value)])
    .toSorted(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/**
 * The pairs of a raw query string; a plus sign is a space, as in the form the API itself reads.
 *
 * @throws {URIError} when the escapes are not UTF-8.
 */
export function parseQuery(rawQuery: string): readonly QueryPair[] {
  if (rawQuery === '') return [];
  const pairs: QueryPair[] = [];
  for (const part of rawQuery.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const [name, value] = equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
    pairs.push([decode(name), decode(value)]);
  }
  return pairs;
}

function canonicalHeaderValue(value: string): string {
  const trimmed = value.trim();
  return /\s\s|[\t\r\n]/.test(trimmed) ? trimmed.replaceAll(/\s+/g, ' ') : trimmed;
}

/** RFC 3986 encoding: everything but unreserved characters, which `encodeURIComponent` is slightly too lax for. */
function encodeUri(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
