// Derives signing keys and keeps those in use: a key holds for one day, region and service, and deriving it costs
// four of the five HMACs of a verification.

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { CredentialScope } from './parse-authorization.ts';

/**
 * The key that signs everything of one scope (IAM User Guide, "Create a signed AWS API request", step 3). A key
 * object, since an HMAC with raw key bytes makes one each time, which costs more than the HMAC.
 */
export function deriveSigningKey(secret: string, { date, region, service }: CredentialScope): KeyObject {
  const dateKey = hmac(`AWS4${secret}`, date);
  const serviceKey = hmac(hmac(dateKey, region), service);
  return createSecretKey(hmac(serviceKey, 'aws4_request'));
}

type Entry = { readonly secret: string; readonly key: KeyObject };

/** Signing keys of proven requests, at most `capacity` of them; the longest unused leaves first. */
export class SigningKeys {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry>();

  /** @param capacity most keys held; one serves an access key for a day, region and service. Default 1,000. */
  constructor(capacity = 1000) {
    this.#capacity = capacity;
  }

  /** The key of a scope: kept, or derived anew. An entry made with another secret does not count. */
  keyFor(secret: string, scope: CredentialScope): KeyObject {
    const entry = this.#entries.get(nameOf(scope));
    return entry?.secret === secret ? entry.key : deriveSigningKey(secret, scope);
  }

  /** Keeps a key. Called only after a signature was proven with it, so that forgers cannot push keys out. */
  keep(secret: string, scope: CredentialScope, key: KeyObject): void {
    const name = nameOf(scope);
    this.#entries.delete(name);
    this.#entries.set(name, { secret, key });
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  get size(): number {
    return this.#entries.size;
  }
}

function nameOf({ accessKeyId, date, region, service }: CredentialScope): string {
  return `${accessKeyId}/${date}/${region}/${service}`;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
