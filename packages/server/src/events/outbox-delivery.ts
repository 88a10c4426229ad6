/** Carries facts from the outbox to one sink, at least once and in order per contact. One of these runs per sink and cluster. */
import type { Logger } from 'pino';
import { type Clock, delay } from '../clock.ts';
import type { OutboxPosition, OutboxRow, OutboxStore } from '../store/outbox-store.ts';
import { Turnstile } from '../turnstile.ts';
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
  /** Told of each row that the sink will never get. */
  readonly wasSetAside?: (row: OutboxRow) => void;
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
/**
 * How often and for how long the sink may fail at a row, before the row is set aside: longer than a receiver takes to be
 * restarted or mended by hand, since all rows read after it wait, too.
 */
const maxFailures = 20;
const maxFailingMs = 15 * 60_000;
/** Rows of other contacts that are tried from behind those under way, to learn whether the sink takes any. */
const rowsTriedAhead = 8;
/** Shortest time between two warnings about a sink, ms. */
const warnEveryMs = 5 * 60_000;

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
  const turns = new Turnstile(sink.concurrency, Number.POSITIVE_INFINITY, (why) => new Error(why));
  /** Rows that the sink has taken ahead of their turn. */
  const takenAhead = new Set<string>();
  /** When the sink last took a row. */
  let tookAtMs = Number.NEGATIVE_INFINITY;
  let lookedAheadAtMs = Number.NEGATIVE_INFINITY;
  let warnedAtMs = Number.NEGATIVE_INFINITY;

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
      const due = takenAhead.size === 0 ? rows : rows.filter((row) => !takenAhead.delete(nameOf(row)));
      await deliverAll(due, last.at);
      if (settled < due.length) return;
      await retrying(() => store.advance(sink.name, last.at));
      position = last.at;
      if (rows.length < rowsPerRead) await gather(lookedAtMs);
    }
  }

  /** A contact whose head fails waits; the others go on beside it. Resolves when all are settled, or on stop. */
  async function deliverAll(rows: readonly OutboxRow[], end: OutboxPosition): Promise<void> {
    settled = 0;
    const contacts = Map.groupBy(rows, (row) => row.contactId);
    const batch: Batch = { contacts, end };
    if (sink.concurrency === 1) await deliverInOrder(rows, batch);
    else await Promise.all(Array.from(contacts.values(), (own) => deliverInOrder(own, batch)));
  }

  async function deliverInOrder(rows: readonly OutboxRow[], batch: Batch): Promise<void> {
    let left = rows;
    let trouble = noTrouble;
    while (left.length > 0 && !stop.signal.aborted) {
      const deliveries = await take(left);
      const arrived = countDelivered(deliveries);
      const failed = deliveries[arrived];
      left = left.slice(arrived);
      settled += arrived;
      const head = left[0];
      if (!failed || failed.kind === 'delivered' || !head || stop.signal.aborted) continue;
      const before = arrived > 0 ? noTrouble : trouble;
      trouble = worse(before, failed.kind, clock.now());
      if (await isHopeless(trouble, failed.kind, before.lastAtMs, batch)) {
        if (!(await setAside(head, failed.reason))) return;
        left = left.slice(1);
        settled += 1;
        trouble = noTrouble;
        continue;
      }
      warn(head, failed.reason, trouble.tries);
      await backOff(trouble.tries);
    }
  }

  /** As many calls of the sink at a time as it wants; none once stopped. */
  async function take(rows: readonly OutboxRow[]): Promise<readonly Delivery[]> {
    const deliveries = await turns.pass(undefined, async () =>
      stop.signal.aborted ? [] : await sink.deliver(rows, stop.signal),
    );
    const arrived = countDelivered(deliveries);
    if (arrived > 0) tookAtMs = clock.now();
    if (deps.delivered) for (const row of rows.slice(0, arrived)) deps.delivered(row);
    return deliveries;
  }

  /** A row that is refused, or at which the sink goes on failing although it takes others. */
  async function isHopeless(
    trouble: Trouble,
    kind: Delivery['kind'],
    triedAtMs: number,
    batch: Batch,
  ): Promise<boolean> {
    if (trouble.refusals >= maxRefusals) return true;
    if (kind !== 'failed' || trouble.failures < maxFailures) return false;
    if (clock.now() - trouble.failingSinceMs < maxFailingMs) return false;
    if (tookAtMs <= triedAtMs) await lookAhead(batch);
    return tookAtMs > triedAtMs;
  }

  /** Offers the sink the first rows of contacts that have none in the batch, until it takes one. */
  async function lookAhead({ contacts, end }: Batch): Promise<void> {
    if (clock.now() - lookedAheadAtMs < longestBackOffMs) return;
    // Nobody looks while somebody does.
    lookedAheadAtMs = Number.POSITIVE_INFINITY;
    const rows = (await retrying(() => store.read(end, rowsPerRead))) ?? [];
    const others = rows.filter((row) => !contacts.has(row.contactId) && !takenAhead.has(nameOf(row)));
    const heads = [...Map.groupBy(others, (row) => row.contactId).values()].flatMap(([head]) => head ?? []);
    for (const head of heads.slice(0, rowsTriedAhead)) {
      if (countDelivered(await take([head])) === 0) continue;
      takenAhead.add(nameOf(head));
      break;
    }
    lookedAheadAtMs = clock.now();
  }

  function warn({ contactId }: OutboxRow, reason: string, tries: number): void {
    if (clock.now() - warnedAtMs < warnEveryMs) return;
    warnedAtMs = clock.now();
    logger.warn({ sink: sink.name, contactId, reason, tries }, 'sink does not take facts');
  }

  /** False when the delivery stopped before the row could be kept. */
  async function setAside(row: OutboxRow, reason: string): Promise<boolean> {
    const isKept = await retrying(async () => {
      await store.setAside(sink.name, row, reason, clock.now());
      return true;
    });
    if (!isKept) return false;
    deps.wasSetAside?.(row);
    logger.error(
      { sink: sink.name, contactId: row.contactId, sequence: row.sequence, reason },
      'sink will not take a fact; it is kept in the table undeliverable',
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

/** Rows of one read, and where it ended. */
interface Batch {
  readonly contacts: ReadonlyMap<string, readonly OutboxRow[]>;
  readonly end: OutboxPosition;
}

/** How a row has fared so far. */
interface Trouble {
  readonly tries: number;
  readonly refusals: number;
  readonly failures: number;
  /** When the sink first failed at it. */
  readonly failingSinceMs: number;
  readonly lastAtMs: number;
}

const noTrouble: Trouble = { tries: 0, refusals: 0, failures: 0, failingSinceMs: 0, lastAtMs: 0 };

function worse(trouble: Trouble, kind: Exclude<Delivery['kind'], 'delivered'>, nowMs: number): Trouble {
  return {
    tries: trouble.tries + 1,
    refusals: trouble.refusals + (kind === 'refused' ? 1 : 0),
    failures: trouble.failures + (kind === 'failed' ? 1 : 0),
    failingSinceMs: kind === 'failed' && trouble.failures === 0 ? nowMs : trouble.failingSinceMs,
    lastAtMs: nowMs,
  };
}

const nameOf = (row: OutboxRow): string => `${row.contactId}/${row.sequence}`;

function countDelivered(deliveries: readonly Delivery[]): number {
  const failed = deliveries.findIndex((delivery) => delivery.kind !== 'delivered');
  return failed === -1 ? deliveries.length : failed;
}
