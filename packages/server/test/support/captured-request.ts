/** A request as an SDK signed it, kept so that a test can send it again, whole or changed. */
import { request as httpRequest } from 'node:http';
import type { ConnectClient } from '@aws-sdk/client-connect';

export interface CapturedRequest {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawAnswer {
  readonly status: number;
  /** `x-amzn-errortype`; undefined for a success. */
  readonly error: string | undefined;
  readonly body: string;
}

interface BuiltRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Remembers the last signed request of a client. */
export function capture(client: ConnectClient): () => CapturedRequest {
  let last: CapturedRequest | undefined;
  client.middlewareStack.add(
    (next) => (args) => {
      const { method, path, query, headers, body } = args.request as BuiltRequest;
      const pairs = Object.entries(query).flatMap(([name, value]) =>
        [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one ?? '')}`),
      );
      const target = pairs.length > 0 ? `${path}?${pairs.join('&')}` : path;
      last = { method, target, headers: { ...headers }, body: textOf(body) };
      return next(args);
    },
    // After the signature.
    { step: 'finalizeRequest', priority: 'low', name: 'captureRequest' },
  );
  return () => {
    if (!last) throw new Error('the client has sent nothing yet');
    return last;
  };
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : '';
}

/** Sends a request as it is, through no client that would repair it. */
export function sendRaw(endpoint: string, captured: CapturedRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(endpoint);
  const { method, target, headers, body } = captured;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      // A length that a test left wrong would hang the connection instead of being judged.
      {
        hostname,
        port,
        method,
        path: target,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const error = incoming.headers['x-amzn-errortype'];
          resolve({
            status: incoming.statusCode ?? 0,
            error: typeof error === 'string' ? error : undefined,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
