// The view of an HTTP request that signature checking needs, exactly as it came off the wire.

export type SignedRequest = {
  readonly method: string;
  /** Percent-encoded path and query as on the request line, such as `/queues/a%2Fb?maxResults=5`. */
  readonly url: string;
  /** Names in lower case, as Node gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body's raw bytes, before any parsing. */
  readonly body: Uint8Array;
};

/** A header's value, repeated headers joined by a comma as RFC 9110 §5.3 allows; undefined if absent. */
export function headerOf(request: SignedRequest, name: string): string | undefined {
  // Names come from the client too, and `constructor` must not find what every object inherits.
  if (!Object.hasOwn(request.headers, name)) return undefined;
  const value = request.headers[name];
  return typeof value === 'object' ? value.join(',') : value;
}

/** Path and query of a request line, without the question mark. */
export function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf('?');
  return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}
