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
  const pauseMs = (): number => (renewedAtMs === undefined ? 0 : clock.now() - renewedAtMs);
  const isPausing = (): boolean => pauseMs() > longestPauseMs;
  return {
    renewed() {
      const now = clock.now();
      // The time of day may be set back.
      judgesFromMs = Math.min(judgesFromMs, now + leaseMs);
      // Where every renewal is slow, dead nodes must be found all the same: every second lease.
      const hasJustWaited = now - judgesFromMs <= leaseMs;
      if (pauseMs() > leaseMs || (isPausing() && !hasJustWaited)) judgesFromMs = now + leaseMs;
      renewedAtMs = now;
    },
    get mayJudge() {
      return !isPausing() && clock.now() >= judgesFromMs;
    },
  };
}
