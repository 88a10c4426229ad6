/** Keeps what sinks do not take within the configured limits, and tells operators before and when something is dropped. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { DroppedRows, OutboxState } from '../store/outbox-partitions.ts';
import type { OutboxStore } from '../store/outbox-store.ts';

export interface FactLimits {
  /** Drops what is beyond the limits. To be called now and then. */
  maintain(): Promise<void>;
  /** As the last `maintain` found it. */
  readonly state: Omit<OutboxState, 'dropped'>;
}

export interface FactLimitsDeps {
  readonly store: Pick<OutboxStore, 'maintain'>;
  /** Names of the configured sinks. */
  readonly sinks: readonly string[];
  readonly waitingGigabytes: number;
  /** Rows kept in the table `undeliverable`. */
  readonly undeliverable: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly dropped: (sink: string, from: DroppedRows['from'], rows: number) => void;
}

const bytesPerGigabyte = 1_000_000_000;
/** Shortest time between two warnings that the limit comes near, ms. */
const warnEveryMs = 60 * 60_000;

const remedies = {
  outbox:
    'facts were dropped before their sink took them, because facts.waitingGigabytes was reached; mend the sink, take it out of the configuration, or raise the limit',
  undeliverable:
    'facts that their sink would not take were dropped, because facts.undeliverable was reached; look at the newer ones and mend the sink, or raise the limit',
} as const;

export function openFactLimits(deps: FactLimitsDeps): FactLimits {
  const { store, sinks, waitingGigabytes, undeliverable, clock, logger } = deps;
  const limits = { outboxBytes: waitingGigabytes * bytesPerGigabyte, undeliverableRows: undeliverable };
  let state: FactLimits['state'] = { bytes: 0, waiting: {} };
  let warnedAtMs = Number.NEGATIVE_INFINITY;

  function warnEarly({ bytes, waiting }: FactLimits['state']): void {
    const isNear = bytes > limits.outboxBytes / 2 && Object.values(waiting).some((rows) => rows > 0);
    if (!isNear || clock.now() - warnedAtMs < warnEveryMs) return;
    warnedAtMs = clock.now();
    logger.warn(
      { waiting, gigabytes: bytes / bytesPerGigabyte, waitingGigabytes },
      'facts that wait for sinks take half of facts.waitingGigabytes; beyond it the oldest are dropped',
    );
  }

  return {
    async maintain() {
      const found = await store.maintain(sinks, limits);
      if (!found) return;
      state = found;
      for (const { from, ...of } of found.dropped) {
        deps.dropped(of.sink, from, of.rows);
        logger.error({ ...of, table: from, waitingGigabytes, undeliverable }, remedies[from]);
      }
      warnEarly(found);
    },
    get state() {
      return state;
    },
  };
}
