/** What ITU-T Q.850 cause values in a Reason header (RFC 3326) say of a call: of one that failed, and of one that was cut. Read by dial-failure.ts and leg.ts. */
import type { ReasonCause } from '@ringback/sip';

/** What a cause means for a call that was not answered. */
export type ReleaseMeaning = 'invalid' | 'busy' | 'unreachable' | 'declined' | 'carrier' | 'ours';

/**
 * Q.850 (05/2018) §2.2.7 in the terms of RFC 3398 §8.2.6.1. Left out: 16 and 31 (normal) and 127 (interworking), which gateways put
 * on any ending, so that the status says more.
 */
const meaningByCause: ReadonlyMap<number, ReleaseMeaning> = new Map([
  // The number: unallocated, no route to it, changed, incomplete or not of that format.
  [1, 'invalid'],
  [2, 'invalid'],
  [3, 'invalid'],
  [22, 'invalid'],
  [28, 'invalid'],
  // The phone.
  [17, 'busy'],
  [18, 'unreachable'],
  [19, 'unreachable'],
  [20, 'unreachable'],
  [21, 'declined'],
  [27, 'unreachable'],
  [55, 'declined'],
  [57, 'ours'],
  [87, 'declined'],
  // The network.
  [34, 'carrier'],
  [38, 'carrier'],
  [41, 'carrier'],
  [42, 'carrier'],
  [43, 'carrier'],
  [44, 'carrier'],
  [46, 'carrier'],
  [47, 'carrier'],
  [49, 'carrier'],
  [50, 'carrier'],
  [58, 'carrier'],
  [63, 'carrier'],
  [102, 'carrier'],
  [111, 'carrier'],
  // What we asked for.
  [65, 'ours'],
  [70, 'ours'],
  [79, 'ours'],
  [88, 'ours'],
  [95, 'ours'],
  [96, 'ours'],
  [97, 'ours'],
  [99, 'ours'],
  [100, 'ours'],
]);

/** The Q.850 cause among those of a Reason header. */
export function q850CauseOf(causes: readonly ReasonCause[]): number | undefined {
  return causes.find(({ protocol, cause }) => protocol === 'Q.850' && cause !== undefined)?.cause;
}

export function meaningOfCause(cause: number | undefined): ReleaseMeaning | undefined {
  return cause === undefined ? undefined : meaningByCause.get(cause);
}

/** Whether an answered call was cut by the network, and nobody hung up. */
export function isNetworkRelease(causes: readonly ReasonCause[]): boolean {
  return meaningOfCause(q850CauseOf(causes)) === 'carrier';
}
