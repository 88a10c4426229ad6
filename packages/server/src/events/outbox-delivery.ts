/** Carries facts from the outbox to one sink, at least once and in order per contact. Where nodes share the sink's receiver, one of them runs this at a time (delivery-turn.ts). */
import type { Logger } from 'pino';
import { type Clock, delay } from '../clock.ts';
import type { OutboxPosition, OutboxRow, OutboxStore } from '../store/outbox-store.ts';
import { Turnstile } from '../turnstile.ts';
import type { Delivery, Sink } from './sink.ts';

export interface OutboxDelivery {
  /** Name of the sink. */
  readonly sink: string;
  /** New rows may be there. Cheap; may be called as often as one likes. */
  wake(): void;
  /** Resolves when everything that was committed before the call is delivered or set aside, or after `withinMs`. */
  catchUp(withinMs: number): Promise<void>;
  /** Facts that others pass, because the sink fails at them or at an earlier one of their contact. */
  readonly held: number;
  /** Stops after the rows under way. */
  close(): Promise<void>;
}

/** What a delivery needs of the outbox. */
export type DeliveryStore = Pick<
  OutboxStore,
  'positionOf' | 'read' | 'advance' | 'hold' | 'held' | 'release' | 'setAside'
>;

export interface OutboxDeliveryDeps {
  readonly store: DeliveryStore;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each row that arrived. */
  readonly delivered?: (row: OutboxRow) => void;
  /** Told of each row that the sink will never get. */
  readonly wasSetAside?: (row: OutboxRow) => void;
}

const rowsPerRead = 1000;
/**
 * Shortest time between two reads that do not fill, ms: rows that come close together are read, delivered and counted as
 * delivered together. Each read is also a flush of a file sink and a commit of its position: at 25 ms a machine with other work to do spent a
 * sixth more CPU time on each contact that was accepted; a quiet one did not.
 */
const gatherMs = 100;
/** Slow look for rows that no wake-up told of: another node's, or a doorbell that was lost; and for a database that was away. */
const pollMs = 1000;
const firstBackOffMs = 200;
const longestBackOffMs = 30_000;
/** Tries of a row that the sink refuses, before it is set aside. */
const maxRefusals = 5;
/** How often the sink fails at a row while it takes others, before the rows of other contacts pass it. */
const failuresBeforeOthersPass = 3;
/** Most rows that are held for others to pass; with more, nothing is read until some are gone. */
const mostHeld = 5000;
/**
 * How often and for how long the sink may fail at a row, before the row is set aside: longer than a receiver takes to be
 * restarted or mended by hand, since all rows of its contact wait, too.
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
  const turns = turnstile(sink.concurrency);
  /** A quarter of these, so that rows which keep the sink waiting leave most of it to the others. */
  const turnsOfHeld = turnstile(Math.max(1, Math.floor(sink.concurrency / 4)));
  /** Rows that others pass, by contact; the sink fails at the first of each. They are in the store as well. */
  const held = new Map<string, OutboxRow[]>();
  let heldCount = 0;
  const lanes = new Set<Promise<void>>();
  let thereIsRoom: (() => void) | undefined;
  /** What was read last; undefined while there is nothing behind it that has not been read, or is being read. */
  let batch: Batch | undefined;
  let lookingAhead: Promise<void> | undefined;
  /** Rows that the sink has taken ahead of their turn. */
  const takenAhead = new Set<string>();
  /** When the sink last took a row. */
  let tookAtMs = Number.NEGATIVE_INFINITY;
  let lookedAheadAtMs = Number.NEGATIVE_INFINITY;
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  let toldOfPassingAtMs = Number.NEGATIVE_INFINITY;

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
    if (position) batch = { contacts: new Map(), end: position };
    const heldBefore = await retrying(() => store.held(sink.name));
    for (const [contactId, rows] of Map.groupBy(heldBefore ?? [], (row) => row.contactId))
      deliverApart(contactId, rows, noTrouble);
    while (position && !stop.signal.aborted) {
      await room();
      await lookingAhead;
      const after = position;
      batch = undefined;
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

  /** Waits while too many rows are held. */
  async function room(): Promise<void> {
    while (heldCount >= mostHeld && !stop.signal.aborted) {
      await new Promise<void>((resolve) => {
        thereIsRoom = resolve;
      });
    }
  }

  /** A contact whose head fails waits; the others go on beside it. Resolves when all are settled or held, or on stop. */
  async function deliverAll(rows: readonly OutboxRow[], end: OutboxPosition): Promise<void> {
    settled = 0;
    const contacts = Map.groupBy(rows, (row) => row.contactId);
    batch = { contacts, end };
    if (sink.concurrency === 1) await deliverInOrder(rows);
    else await Promise.all(Array.from(contacts.values(), (own) => deliverInOrder(own)));
  }

  async function deliverInOrder(rows: readonly OutboxRow[]): Promise<void> {
    let left = rows;
    let trouble = noTrouble;
    while (left.length > 0 && !stop.signal.aborted) {
      if (left[0] && held.has(left[0].contactId)) return holdRows(left, noTrouble);
      const outcome = await attempt(left, trouble);
      left = left.slice(outcome.settled);
      settled += outcome.settled;
      trouble = outcome.trouble;
      if (await othersShallPass(trouble)) return holdRows(left, trouble);
      if (trouble.tries > 0) await backOff(trouble.tries);
    }
  }

  /** Lets the rows of other contacts pass these, which are all of one contact. */
  async function holdRows(rows: readonly OutboxRow[], trouble: Trouble): Promise<void> {
    const contactId = rows[0]?.contactId ?? '';
    const areKept = await retrying(async () => {
      await store.hold(sink.name, rows);
      return true;
    });
    if (!areKept) return;
    settled += rows.length;
    const lane = held.get(contactId);
    if (lane) {
      // After a crash some may be read again that are held already.
      const known = new Set(lane.map(nameOf));
      const added = rows.filter((row) => !known.has(nameOf(row)));
      lane.push(...added);
      heldCount += added.length;
      return;
    }
    if (clock.now() - toldOfPassingAtMs >= warnEveryMs) {
      toldOfPassingAtMs = clock.now();
      logger.warn(
        { sink: sink.name, contactId, sequence: rows[0]?.sequence, held: heldCount + rows.length },
        'sink fails at facts and takes others, which pass them; see the table held_fact',
      );
    }
    deliverApart(contactId, [...rows], trouble);
  }

  function deliverApart(contactId: string, rows: OutboxRow[], trouble: Trouble): void {
    held.set(contactId, rows);
    heldCount += rows.length;
    const lane = deliverHeld(contactId, rows, trouble).finally(() => lanes.delete(lane));
    lanes.add(lane);
  }

  /** Tries the held rows of one contact, to which later ones may come meanwhile, until none is left. */
  async function deliverHeld(contactId: string, rows: OutboxRow[], before: Trouble): Promise<void> {
    let trouble = before;
    while (rows.length > 0 && !stop.signal.aborted) {
      if (trouble.tries > 0) await backOff(trouble.tries);
      if (stop.signal.aborted) return;
      const triedBefore = trouble;
      const outcome = await turnsOfHeld.pass(undefined, () => attempt(rows.slice(), triedBefore));
      trouble = outcome.trouble;
      for (const row of rows.slice(0, outcome.settled)) await retrying(() => store.release(sink.name, row));
      rows.splice(0, outcome.settled);
      heldCount -= outcome.settled;
      if (heldCount < mostHeld) thereIsRoom?.();
    }
    if (rows.length === 0) held.delete(contactId);
  }

  /** Offers the rows of one contact once, in order. A row for which this was the last try is set aside. */
  async function attempt(rows: readonly OutboxRow[], before: Trouble): Promise<Attempt> {
    const deliveries = await take(rows);
    const arrived = countDelivered(deliveries);
    const failed = deliveries[arrived];
    const head = rows[arrived];
    if (!failed || failed.kind === 'delivered' || !head || stop.signal.aborted)
      return { settled: arrived, trouble: noTrouble };
    const trouble = worse(arrived > 0 ? noTrouble : before, failed.kind, clock.now());
    if (await isHopeless(trouble)) {
      const isKept = await setAside(head, failed.reason);
      return { settled: arrived + (isKept ? 1 : 0), trouble: noTrouble };
    }
    warn(head, failed.reason, trouble.tries);
    return { settled: arrived, trouble };
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
  async function isHopeless(trouble: Trouble): Promise<boolean> {
    if (trouble.refusals >= maxRefusals) return true;
    if (trouble.last !== 'failed' || trouble.failures < maxFailures) return false;
    if (clock.now() - trouble.failingSinceMs < maxFailingMs) return false;
    return await takesOthersSince(trouble.triedBeforeMs + 1);
  }

  /** A sink that takes one call at a time takes all rows in one: there is nobody to pass. */
  async function othersShallPass(trouble: Trouble): Promise<boolean> {
    if (trouble.last !== 'failed' || trouble.failures < failuresBeforeOthersPass) return false;
    if (sink.concurrency === 1 || heldCount >= mostHeld || stop.signal.aborted) return false;
    return await takesOthersSince(trouble.failingSinceMs);
  }

  /** Whether the sink has taken any row since then; if not, some that wait are offered to it now. */
  async function takesOthersSince(sinceMs: number): Promise<boolean> {
    if (tookAtMs < sinceMs && batch && clock.now() - lookedAheadAtMs >= longestBackOffMs) {
      lookingAhead ??= lookAhead(batch).finally(() => {
        lookingAhead = undefined;
        lookedAheadAtMs = clock.now();
      });
      await lookingAhead;
    }
    return tookAtMs >= sinceMs;
  }

  /** Offers the sink the first rows of contacts that have none under way, until it takes one. */
  async function lookAhead({ contacts, end }: Batch): Promise<void> {
    const rows = (await retrying(() => store.read(end, rowsPerRead))) ?? [];
    const others = rows.filter(
      (row) => !contacts.has(row.contactId) && !held.has(row.contactId) && !takenAhead.has(nameOf(row)),
    );
    const heads = [...Map.groupBy(others, (row) => row.contactId).values()].flatMap(([head]) => head ?? []);
    for (const head of heads.slice(0, rowsTriedAhead)) {
      if (countDelivered(await take([head])) === 0) continue;
      takenAhead.add(nameOf(head));
      break;
    }
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
        await backOff(failures, pollMs);
        if (stop.signal.aborted) return undefined;
      }
    }
  }

  async function backOff(failures: number, longestMs = longestBackOffMs): Promise<void> {
    const waitMs = Math.min(longestMs, firstBackOffMs * 2 ** Math.min(failures - 1, 10));
    await delay(clock, waitMs, stop.signal).catch(() => undefined);
  }

  const running = run();
  function wake(): void {
    isRung = true;
    ring?.();
  }

  return {
    sink: sink.name,
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
    get held() {
      return heldCount;
    },
    async close() {
      stop.abort();
      hurry?.();
      ring?.();
      thereIsRoom?.();
      await Promise.all([running, ...lanes]);
      await sink.close();
    },
  };
}

/** Rows of one read, and where it ended. */
interface Batch {
  readonly contacts: ReadonlyMap<string, readonly OutboxRow[]>;
  readonly end: OutboxPosition;
}

/** What became of one offer. */
interface Attempt {
  /** Rows that are delivered or set aside. */
  readonly settled: number;
  /** How the row fares that is first now. */
  readonly trouble: Trouble;
}

/** How a row has fared so far. */
interface Trouble {
  readonly tries: number;
  readonly refusals: number;
  readonly failures: number;
  /** When the sink first failed at it. */
  readonly failingSinceMs: number;
  /** When it was tried last, and the time before. */
  readonly triedAtMs: number;
  readonly triedBeforeMs: number;
  readonly last: Exclude<Delivery['kind'], 'delivered'> | undefined;
}

const noTrouble: Trouble = {
  tries: 0,
  refusals: 0,
  failures: 0,
  failingSinceMs: 0,
  triedAtMs: 0,
  triedBeforeMs: 0,
  last: undefined,
};

function worse(trouble: Trouble, kind: Exclude<Delivery['kind'], 'delivered'>, nowMs: number): Trouble {
  return {
    tries: trouble.tries + 1,
    refusals: trouble.refusals + (kind === 'refused' ? 1 : 0),
    failures: trouble.failures + (kind === 'failed' ? 1 : 0),
    failingSinceMs: kind === 'failed' && trouble.failures === 0 ? nowMs : trouble.failingSinceMs,
    triedAtMs: nowMs,
    triedBeforeMs: trouble.triedAtMs,
    last: kind,
  };
}

const turnstile = (most: number): Turnstile =>
  new Turnstile(most, Number.POSITIVE_INFINITY, (why) => new Error(why));

const nameOf = (row: OutboxRow): string => `${row.contactId}/${row.sequence}`;

function countDelivered(deliveries: readonly Delivery[]): number {
  const failed = deliveries.findIndex((delivery) => delivery.kind !== 'delivered');
  return failed === -1 ? deliveries.length : failed;
}
