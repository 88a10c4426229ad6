/**
 * Whether this node may take it that a node whose lease has run out is dead. Not after this one was kept from its own lease: a
 * database that was away, or a machine that slept, kept the others from theirs.
 */
import type { Clock } from './clock.ts';

export interface LeaseWatch {
  /** This node's lease was renewed just now. */
  renewed(): void;
  /** True until the first renewal: whoever starts has missed none. */
  readonly mayJudge: boolean;
}

export interface LeaseWatchOptions {
  readonly leaseMs: number;
  /** A longer pause between two renewals is one that others may not have outlasted, ms. */
  readonly longestPauseMs: number;
}

/** After such a pause others have a whole lease to renew theirs. */
export function openLeaseWatch(clock: Clock, { leaseMs, longestPauseMs }: LeaseWatchOptions): LeaseWatch {
  let renewedAtMs: number | undefined;
  let judgesFromMs = Number.NEGATIVE_INFINITY;
  const isPausing = (): boolean => renewedAtMs !== undefined && clock.now() - renewedAtMs > longestPauseMs;
  return {
    renewed() {
      if (isPausing()) judgesFromMs = clock.now() + leaseMs;
      renewedAtMs = clock.now();
    },
    get mayJudge() {
      return !isPausing() && clock.now() >= judgesFromMs;
    },
  };
}
