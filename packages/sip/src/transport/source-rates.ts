// How many messages a source may send: a token bucket each, for as many sources as fit a fixed table.
import { isIP } from 'node:net';

/** Sources remembered; beyond, the one heard longest ago is forgotten, which only gives it a fresh burst. */
const MAX_SOURCES = 4_096;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

export class SourceRates {
  readonly #buckets = new Map<string, Bucket>();

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one token of a bucket that holds two seconds' worth; false when there is none. */
  admits(host: string, perSecond: number, nowMs: number): boolean {
    if (perSecond === Number.POSITIVE_INFINITY) return true;
    const key = sourceKey(host);
    const capacity = perSecond * 2;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_SOURCES) this.#forgetOldest();
      bucket = { tokens: capacity, filledAtMs: nowMs };
    } else {
      this.#buckets.delete(key);
      const elapsedMs = Math.max(0, nowMs - bucket.filledAtMs);
      bucket.tokens = Math.min(capacity, bucket.tokens + (elapsedMs * perSecond) / 1_000);
      bucket.filledAtMs = nowMs;
    }
    // Maps keep the order of insertion: the first is the one heard longest ago.
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  #forgetOldest(): void {
    const { value } = this.#buckets.keys().next();
    if (value !== undefined) this.#buckets.delete(value);
  }
}

/** One subscriber has a whole /64 of IPv6 addresses, and one address of IPv4. */
export function sourceKey(host: string): string {
  if (isIP(host) !== 6) return host;
  const plain = new URL(`http://[${host.split('%', 1)[0]}]`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const tailGroups = tail === '' ? [] : tail.split(':');
    while (groups.length + tailGroups.length < 8) groups.push('0');
    groups.push(...tailGroups);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
