/** Shares with their intervals, and percentiles: what an evaluation is told in. */

export interface Share {
  readonly count: number;
  readonly of: number;
  readonly share: number;
  /** Wilson score interval at 95 %. */
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 %. */
const z = 1.959964;

/** A share of `count` in `of` with its Wilson interval (Wilson 1927): sound for small counts and for none. */
export function shareOf(count: number, of: number): Share {
  if (of === 0) return { count, of, share: Number.NaN, low: 0, high: 1 };
  const share = count / of;
  const centre = share + (z * z) / (2 * of);
  const spread = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return {
    count,
    of,
    share,
    low: Math.max(0, (centre - spread) / scale),
    high: Math.min(1, (centre + spread) / scale),
  };
}

/** The value that a share of all lies at or below; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}
