/**
 * Takes signed requests straight from Node's HTTP server and writes their answers. They are nearly all there is, and need
 * nothing that Fastify does between the socket and an operation; it took a tenth of accepting a contact (docs/benchmarks.md).
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { matchRoute } from '@ringback/connect-api';
import type { UnprovenBodies, UnprovenBody } from './unproven-bodies.ts';

/** A request as far as operations look at it. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Raw bytes; empty where there are none. */
  readonly body: Uint8Array;
  readonly sourceAddress: string;
}

export interface ApiAnswer {
  readonly status: number;
  /** Names in lower case, without the length. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface DirectRequests {
  /** Longest body, bytes. */
  readonly maxBodyBytes: number;
  /** Never rejects. */
  answer(request: ApiRequest): Promise<ApiAnswer>;
  /** The answer to a body that is longer. */
  bodyTooLarge(): ApiAnswer;
  /** The answer to a body that is given up because too many others wait for their ends. */
  bodyGivenUp(): ApiAnswer;
  /** The answer to a request whose key nobody knows; undefined where somebody does, or none is needed. */
  refusalOfStranger(request: Pick<ApiRequest, 'method' | 'url' | 'headers'>): Promise<ApiAnswer | undefined>;
  /** Whether connections end with their next answer. */
  readonly isClosing: boolean;
}

/** Whether a request is one for an operation, signed in the header as all SDKs do; anything else goes through Fastify's routes. */
export function isDirect({ method, url, headers }: IncomingMessage): boolean {
  if (!headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return false;
  try {
    return matchRoute(method ?? '', splitUrl(url ?? '').path) !== undefined;
  } catch {
    // A path with broken escapes: the other way says what is wrong with it.
    return false;
  }
}

export function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf('?');
  return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** Longest body that is read before anything is known of who sends it, bytes: all of StartOutboundVoiceContact, whose attributes have 32 KB. */
const unprovenBodyBytes = 64 * 1024;

/** Whether a body is too large to be kept for a stranger, who could have thousands of them wait for their ends. */
export function hasLargeBody(headers: IncomingHttpHeaders): boolean {
  return (
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > unprovenBodyBytes
  );
}

/** Reads the body, and answers. A client that goes away before its body was read is answered by nobody. */
export function takeDirectly(
  request: IncomingMessage,
  response: ServerResponse,
  edge: DirectRequests,
  bodies: UnprovenBodies,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let body: UnprovenBody | undefined;
  const refuse = (refusal: ApiAnswer): void => {
    body?.gone();
    chunks.length = 0;
    request.off('data', take).off('end', answer);
    // What still comes is read by nobody, and the connection cannot be used again.
    request.resume();
    write(response, refusal, 'closes');
  };
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > edge.maxBodyBytes) {
      refuse(edge.bodyTooLarge());
      return;
    }
    chunks.push(chunk);
    if (!body) {
      body = bodies.begin(() => refuse(edge.bodyGivenUp()));
      response.once('close', body.gone);
    }
    body.grew(chunk.length);
  };
  const answer = (): void => {
    body?.whole();
    void edge
      .answer({
        method: request.method ?? '',
        url: request.url ?? '/',
        headers: request.headers,
        // A copy: a chunk may be a view of the buffer that the next request is read into.
        body: Buffer.concat(chunks, bytes),
        sourceAddress: request.socket.remoteAddress ?? '',
      })
      .then((answered) => write(response, answered, edge.isClosing ? 'closes' : 'stays'));
  };
  if (Number(request.headers['content-length'] ?? 0) > edge.maxBodyBytes) {
    refuse(edge.bodyTooLarge());
    return;
  }
  const read = (): void => {
    request.on('data', take).on('end', answer);
  };
  if (!hasLargeBody(request.headers)) {
    read();
    return;
  }
  const { method = '', url = '/', headers } = request;
  void edge.refusalOfStranger({ method, url, headers }).then((refusal) => {
    if (!refusal) {
      read();
      return;
    }
    // The rest is thrown away as it comes: a client that writes on would not read the answer on a connection that breaks.
    request.resume();
    write(response, refusal, 'stays');
  });
}

function write(
  response: ServerResponse,
  { status, headers, body }: ApiAnswer,
  connection: 'stays' | 'closes',
): void {
  response.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(body),
    ...(connection === 'closes' ? { connection: 'close' } : {}),
  });
  response.end(body);
}
