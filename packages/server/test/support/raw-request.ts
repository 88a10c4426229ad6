/** Requests as bytes, signed by a signer of its own (Signature Version 4), so that a test can send what no SDK would. */
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';

export interface RawRequest {
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface RawAnswer {
  readonly status: number;
  /** The header `x-amzn-errortype`. */
  readonly error: string | undefined;
  readonly requestId: string | undefined;
  readonly body: string;
}

/** Headers that sign a request, at `atMs`. */
export function signatureOf(
  url: string,
  { method, path, body = '' }: RawRequest,
  key: SigningKey,
  atMs = Date.now(),
): Record<string, string> {
  const amzDate = new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = amzDate.slice(0, 8);
  const { host } = new URL(url);
  const [target = '', query = ''] = path.split('?');
  const bodyHash = sha256(body);
  // A canonical path is encoded once more.
  const canonicalPath = target.split('/').map(encodeURIComponent).join('/');
  const canonical = [
    method,
    canonicalPath,
    query.split('&').sort().join('&'),
    `host:${host}\nx-amz-content-sha256:${bodyHash}\nx-amz-date:${amzDate}\n`,
    'host;x-amz-content-sha256;x-amz-date',
    bodyHash,
  ].join('\n');
  const scope = `${date}/us-east-1/connect/aws4_request`;
  const signingKey = ['us-east-1', 'connect', 'aws4_request'].reduce(
    (secret, part) => hmac(secret, part),
    hmac(`AWS4${key.secretAccessKey}`, date),
  );
  const toSign = ['AWS4-HMAC-SHA256', amzDate, scope, sha256(canonical)].join('\n');
  return {
    'x-amz-date': amzDate,
    'x-amz-content-sha256': bodyHash,
    authorization:
      `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope}, ` +
      `SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${hmac(signingKey, toSign).toString('hex')}`,
  };
}

/** Sends bytes as they are and resolves with whatever comes back. */
export function sendRaw(
  url: string,
  { method, path, body = '', headers = {} }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          error: textOf(answer.headers['x-amzn-errortype']),
          requestId: textOf(answer.headers['x-amzn-requestid']),
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

const hmac = (key: string | Uint8Array, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest();
