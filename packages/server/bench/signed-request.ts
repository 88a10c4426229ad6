/** Writes signed HTTP/1.1 requests as text, ready for a socket: Signature Version 4 as a client makes it, with node:crypto alone. */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** The service name in the credential scope of Amazon Connect. */
const service = 'connect';
const signedHeaders = 'content-type;host;x-amz-date';
const contentType = 'application/json';

/** One per endpoint. The key of a day is derived once, as clients do. */
export class RequestSigner {
  readonly #key: SigningKey;
  readonly #host: string;
  #date = '';
  #dayKey: KeyObject | undefined;

  /** @param host value of the Host header, `name:port`. */
  constructor(key: SigningKey, host: string) {
    this.#key = key;
    this.#host = host;
  }

  /** The whole request. `path` holds only unreserved characters and slashes and has no query. */
  write(method: 'GET' | 'PUT' | 'POST', path: string, body: string): string {
    const time = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    const date = time.slice(0, 8);
    const scope = `${date}/${this.#key.region}/${service}/aws4_request`;
    const canonical =
      `${method}\n${path}\n\ncontent-type:${contentType}\nhost:${this.#host}\nx-amz-date:${time}\n\n` +
      `${signedHeaders}\n${sha256(body)}`;
    const signature = hmac(
      this.#keyOf(date),
      `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`,
    ).toString('hex');
    return (
      `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\ncontent-type: ${contentType}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nx-amz-date: ${time}\r\n` +
      `authorization: AWS4-HMAC-SHA256 Credential=${this.#key.accessKeyId}/${scope}, ` +
      `SignedHeaders=${signedHeaders}, Signature=${signature}\r\n\r\n${body}`
    );
  }

  #keyOf(date: string): KeyObject {
    if (this.#dayKey && date === this.#date) return this.#dayKey;
    const { secretAccessKey, region } = this.#key;
    const dayKey = hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service);
    this.#date = date;
    this.#dayKey = createSecretKey(hmac(dayKey, 'aws4_request'));
    return this.#dayKey;
  }
}

const sha256 = (text: string): string => hash('sha256', text);
const hmac = (key: KeyObject | Buffer | string, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
