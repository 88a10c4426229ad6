/** Carries facts from the outbox to one sink, at least once and in order per contact. One of these runs per sink and cluster. */
import type { Logger } from 'pino';
import { type Clock, delay } from '../clock.ts';
import type { OutboxRow, OutboxStore } from '../store/outbox-store.ts';
import type { Delivery, Sink } from './sink.ts';

export interface OutboxDelivery {
  /** New rows may be there. Cheap; may be called as often as one likes. */
  wake(): void;
  /** Resolves when everything that was committed before the call is delivered or set aside, or after `withinMs`. */
  catchUp(withinMs: number): Promise<void>;
  /** Stops after the rows under way. */
  close(): Promise<void>;
}

export interface OutboxDeliveryDeps {
  readonly store: OutboxStore;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each row that arrived. */
  readonly delivered?: (row: OutboxRow) => void;
}

const rowsPerRead = 500;
/**
 * Shortest time between two reads that do not fill, ms: rows that come close together are read, delivered and counted as
 * delivered together. At 1,700 contacts a second, reads on each doorbell took a tenth of the service's CPU time.
 */
const gatherMs = 25;
/** Slow look for rows that no wake-up told of: another node's, or a doorbell that was lost. */
const pollMs = 1000;
const firstBackOffMs = 200;
const longestBackOffMs = 30_000;
/** Tries of a row that the sink refuses, before it is set aside. */
const maxRefusals = 5;

export function openOutboxDelivery(deps: OutboxDeliveryDeps): OutboxDelivery {
  const { store, sink, clock, logger } = deps;
  const stop = new AbortController();
  let ring: (() => void) | undefined;
  let hurry: (() => void) | undefined;
  let isRung = true;
  /** Told when a read that began after they asked finds nothing more. */
  const waiting = new Set<() => void>();
  /** Rows of the present read that are delivered or set aside. */
  let settled = 0;

  /** Waits for a wake-up or the next slow look. */
  async function idle(): Promise<void> {
    if (isRung || stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, pollMs);
      ring = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
    ring = undefined;
  }

  /** Waits until the last look is `gatherMs` ago, unless someone waits for the delivery. */
  async function gather(lookedAtMs: number): Promise<void> {
    const leftMs = lookedAtMs + gatherMs - clock.now();
    if (leftMs <= 0 || waiting.size > 0 || stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, leftMs);
      hurry = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
    hurry = undefined;
  }

  async function run(): Promise<void> {
    let position = await retrying(() => store.positionOf(sink.name));
    while (position && !stop.signal.aborted) {
      const after = position;
      isRung = false;
      const asked = [...waiting];
      const lookedAtMs = clock.now();
      const rows = await retrying(() => store.read(after, rowsPerRead));
      const last = rows?.at(-1);
      if (!rows || !last) {
        if (rows) for (const told of asked) told();
        await idle();
        continue;
      }
      await deliverAll(rows);
      if (settled < rows.length) return;
      await retrying(() => store.advance(sink.name, last.at));
      position = last.at;
      if (rows.length < rowsPerRead) await gather(lookedAtMs);
    }
  }

  /** A contact whose head fails waits; the others go on beside it. Resolves when all are settled, or on stop. */
  async function deliverAll(rows: readonly OutboxRow[]): Promise<void> {
    settled = 0;
    if (sink.concurrency === 1) {
      await deliverContact(rows);
      return;
    }
    const contacts = [...Map.groupBy(rows, (row) => row.contactId).values()];
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let own = contacts[next++]; own && !stop.signal.aborted; own = contacts[next++])
        await deliverContact(own);
    };
    await Promise.all(Array.from({ length: Math.min(sink.concurrency, contacts.length) }, lane));
  }

  async function deliverContact(rows: readonly OutboxRow[]): Promise<void> {
    let left = rows;
    let failures = 0;
    let refusals = 0;
    while (left.length > 0 && !stop.signal.aborted) {
      const deliveries = await sink.deliver(left, stop.signal);
      const arrived = countDelivered(deliveries);
      for (const row of left.slice(0, arrived)) deps.delivered?.(row);
      const failed = deliveries[arrived];
      left = left.slice(arrived);
      settled += arrived;
      const head = left[0];
      if (!failed || failed.kind === 'delivered' || !head || stop.signal.aborted) continue;
      if (arrived > 0) failures = refusals = 0;
      failures += 1;
      if (failed.kind === 'refused') refusals += 1;
      if (refusals >= maxRefusals) {
        if (!(await setAside(head, failed.reason))) return;
        left = left.slice(1);
        settled += 1;
        failures = refusals = 0;
        continue;
      }
      if (failures === 1 || failures % 20 === 0) {
        logger.warn(
          { sink: sink.name, contactId: head.contactId, reason: failed.reason, failures },
          'sink does not take facts',
        );
      }
      await backOff(failures);
    }
  }

  /** False when the delivery stopped before the row could be kept. */
  async function setAside(row: OutboxRow, reason: string): Promise<boolean> {
    const isKept = await retrying(async () => {
      await store.setAside(sink.name, row, reason, clock.now());
      return true;
    });
    if (!isKept) return false;
    logger.error(
      { sink: sink.name, contactId: row.contactId, sequence: row.sequence, reason },
      'sink refuses a fact for good; it is kept in the table undeliverable',
    );
    return true;
  }

  /** The database may go away for a while; the outbox waits for it. */
  async function retrying<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await work();
      } catch (error) {
        if (stop.signal.aborted) return undefined;
        if (failures === 1)
          logger.error({ err: error, sink: sink.name }, 'the outbox cannot be read; trying again');
        await backOff(failures);
        if (stop.signal.aborted) return undefined;
      }
    }
  }

  async function backOff(failures: number): Promise<void> {
    const waitMs = Math.min(longestBackOffMs, firstBackOffMs * 2 ** Math.min(failures - 1, 10));
    await delay(clock, waitMs, stop.signal).catch(() => undefined);
  }

  const running = run();
  function wake(): void {
    isRung = true;
    ring?.();
  }

  return {
    wake,
    async catchUp(withinMs) {
      const caughtUp = Promise.withResolvers<void>();
      const timer = clock.setTimeout(caughtUp.resolve, withinMs);
      waiting.add(caughtUp.resolve);
      hurry?.();
      wake();
      await caughtUp.promise;
      waiting.delete(caughtUp.resolve);
      clock.clearTimeout(timer);
    },
    async close() {
      stop.abort();
      hurry?.();
      ring?.();
      await running;
      await sink.close();
    },
  };
}

function countDelivered(deliveries: readonly Delivery[]): number {
  const failed = deliveries.findIndex((delivery) => delivery.kind !== 'delivered');
  return failed === -1 ? deliveries.length : failed;
}
