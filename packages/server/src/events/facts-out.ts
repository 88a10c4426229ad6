/** Facts on their way out: a delivery for each sink, woken when something is written, and the limits of what may wait. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { ContactId, NodeId } from '../ids.ts';
import type { Metrics } from '../metrics.ts';
import type { OutboxRow, OutboxStore } from '../store/outbox-store.ts';
import type { Observer } from '../timeline.ts';
import type { Bus } from './bus.ts';
import { openDeliveryTurn } from './delivery-turn.ts';
import { openFactLimits } from './fact-limits.ts';
import { openOutboxDelivery } from './outbox-delivery.ts';
import type { Sink } from './sink.ts';

export interface FactsOut {
  /** Facts were committed. Cheap; every node is told. */
  written(): void;
  /** Drops what is beyond the limits. To be called now and then. */
  maintain(): Promise<void>;
  /** Resolves when every sink has what was committed before the call, or after `withinMs`. */
  catchUp(withinMs: number): Promise<void>;
  /** Stops after the rows under way. */
  close(): Promise<void>;
}

export interface FactsOutDeps {
  readonly store: OutboxStore;
  readonly sinks: readonly Sink[];
  /** See `openFactLimits`. */
  readonly limits: { readonly waitingGigabytes: number; readonly undeliverable: number };
  /** Must be registered with a lease already: turns at shared sinks end with it. */
  readonly node: NodeId;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Sees what the first sink takes. */
  readonly observe?: Observer;
}

export function openFactsOut(deps: FactsOutDeps): FactsOut {
  const { store, sinks, limits, node, bus, clock, logger, metrics, observe } = deps;
  const deliveries = sinks.map((sink, n) => {
    const open = sink.receiver === 'shared' ? openDeliveryTurn : openOutboxDelivery;
    return open({
      store,
      node,
      sink,
      clock,
      logger,
      delivered: (row) => {
        metrics.factDelivered(sink.name);
        if (observe && n === 0) observeFact(observe, row, clock.now());
      },
      wasSetAside: () => metrics.factSetAside(sink.name),
    });
  });
  bus.listen('outbox', () => {
    for (const delivery of deliveries) delivery.wake();
  });
  const factLimits = openFactLimits({
    store,
    sinks: sinks.map((sink) => sink.name),
    ...limits,
    clock,
    logger,
    dropped: metrics.factsDropped,
  });
  metrics.watchEach(
    'ringback_facts_held',
    'Contact events and records that others pass, because a sink fails at them; told by the node that delivers to it.',
    'sink',
    () => Object.fromEntries(deliveries.map(({ sink, held }) => [sink, held])),
  );
  metrics.watchEach(
    'ringback_facts_waiting',
    'Contact events and records that a sink has not taken yet, as of the last minute; at most a million is counted.',
    'sink',
    () => factLimits.state.waiting,
  );
  metrics.watch('ringback_outbox_bytes', 'Size of the outbox in the database.', () => factLimits.state.bytes);
  return {
    written: () => bus.ring('outbox'),
    maintain: () => factLimits.maintain(),
    async catchUp(withinMs) {
      await Promise.all(deliveries.map((delivery) => delivery.catchUp(withinMs)));
    },
    async close() {
      await Promise.all(deliveries.map((delivery) => delivery.close()));
    },
  };
}

function observeFact(observe: Observer, row: OutboxRow, atMs: number): void {
  if (row.stream !== 'contact-events') return;
  const { detail } = JSON.parse(row.payload) as { detail: { eventType: string; contactId: ContactId } };
  observe({ kind: 'event', atMs, contactId: detail.contactId, eventType: detail.eventType });
}
