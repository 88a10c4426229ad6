/** How often an operation may be called: one token bucket for each account, Region and operation. The step is pure; the throttle around it keeps the buckets. */
import type { Tenant } from '../arn.ts';
import type { Clock } from '../clock.ts';

export interface RateLimit {
  /** Tokens that come back, per second. */
  readonly perSecond: number;
  /** Most tokens a bucket holds, and so the most requests that may come at once. */
  readonly burst: number;
}

export interface TokenBucket {
  readonly tokens: number;
  /** When `tokens` was right. */
  readonly atMs: number;
}

export interface BucketStep {
  readonly verdict: 'allowed' | 'refused';
  readonly next: TokenBucket;
}

/**
 * Asks a bucket for one token. A bucket that was never asked is full; a refused request takes nothing. A clock that
 * goes back brings no tokens, and a lowered limit takes those that no longer fit.
 */
export function askBucket(bucket: TokenBucket | undefined, limit: RateLimit, nowMs: number): BucketStep {
  const passedMs = bucket ? Math.max(0, nowMs - bucket.atMs) : 0;
  const refilled = bucket ? bucket.tokens + (passedMs / 1000) * limit.perSecond : limit.burst;
  const tokens = Math.min(limit.burst, refilled);
  return tokens >= 1
    ? { verdict: 'allowed', next: { tokens: tokens - 1, atMs: nowMs } }
    : { verdict: 'refused', next: { tokens, atMs: nowMs } };
}

export interface Throttle {
  /** Takes one token of the tenant's bucket for the operation. */
  ask(tenant: Tenant, operation: string): BucketStep['verdict'];
}

/** Most buckets kept; the one that was asked longest ago goes first, and comes back full. */
const maxBuckets = 100_000;

/**
 * Keeps the buckets in memory: each node counts for itself.
 *
 * @param limitOf what is in force now; asked at each request, so that a raised rate counts at once.
 */
export function openThrottle(
  limitOf: (tenant: Tenant, operation: string) => RateLimit,
  clock: Pick<Clock, 'now'>,
): Throttle {
  const buckets = new Map<string, TokenBucket>();
  return {
    ask(tenant, operation) {
      const key = `${tenant.accountId} ${tenant.region} ${operation}`;
      const { verdict, next } = askBucket(buckets.get(key), limitOf(tenant, operation), clock.now());
      buckets.delete(key);
      buckets.set(key, next);
      if (buckets.size > maxBuckets) {
        const oldest = buckets.keys().next();
        if (!oldest.done) buckets.delete(oldest.value);
      }
      return verdict;
    },
  };
}
