/** What administrators decided, kept in memory and looked at again each second: raised quotas, and whether dialling is stopped. */
import type { Logger } from 'pino';
import { type Clock, delay } from '../clock.ts';
import { lastingFault } from '../lasting-fault.ts';
import type { DiallingSwitch, OperatorStore } from '../store/operator-store.ts';
import type { Quotas } from './quotas.ts';

export interface OperatorDecisions {
  /** As last looked at. */
  readonly dialling: DiallingSwitch;
  /** Looks now, so that what was decided here counts for the next request. */
  refresh(): Promise<void>;
  /** Stops looking. */
  close(): Promise<void>;
}

export interface OperatorDecisionsDeps {
  readonly store: Pick<OperatorStore, 'appliedQuotas' | 'diallingSwitch'>;
  readonly quotas: Pick<Quotas, 'apply'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Told of what changed, and of the state at the start. */
  readonly onDialling: (now: DiallingSwitch, before: DiallingSwitch | undefined) => void;
}

/** Longest time that a decision stays unseen by a node, ms. */
const lookEveryMs = 1000;

/**
 * Looks once before it resolves, so that a service that was stopped does not dial after a restart.
 *
 * While the database is away, what was decided last stays in force.
 */
export async function openOperatorDecisions(deps: OperatorDecisionsDeps): Promise<OperatorDecisions> {
  const { store, quotas, clock, onDialling } = deps;
  const stop = new AbortController();
  let dialling: DiallingSwitch | undefined;

  async function look(): Promise<DiallingSwitch> {
    const [applied, now] = await Promise.all([store.appliedQuotas(), store.diallingSwitch()]);
    quotas.apply(applied);
    const before = dialling;
    dialling = now;
    if (
      before?.hangUpRound !== now.hangUpRound ||
      (before.stopped === undefined) !== (now.stopped === undefined)
    ) {
      onDialling(now, before);
    }
    return now;
  }

  const fault = lastingFault('the decisions of administrators cannot be read; the last ones stay', deps);
  const first = await look();
  const running = (async () => {
    while (!stop.signal.aborted) {
      await delay(clock, lookEveryMs, stop.signal).catch(() => undefined);
      if (stop.signal.aborted) return;
      await look().then(fault.over, (error: unknown) => fault.met(error, 'warn'));
    }
  })();
  return {
    get dialling() {
      return dialling ?? first;
    },
    async refresh() {
      await look();
    },
    async close() {
      stop.abort();
      await running;
    },
  };
}
