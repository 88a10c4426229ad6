// Delivery of facts to a sink, on virtual time and with a store in memory: order per contact, patience, and at least once.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { MemoryOutbox, ScriptedSink, unreachable } from '../test-support/memory-outbox.ts';
import { type OutboxDelivery, openOutboxDelivery } from './outbox-delivery.ts';
import type { Delivery } from './sink.ts';

/** Longest wait between two looks and between two tries, as the code has them. */
const pollMs = 1000;
/** Shortest time between two reads. */
const gatherMs = 100;
const longestBackOffMs = 30_000;
const quarterHourMs = 900_000;

const failed: Delivery = { kind: 'failed', reason: 'answered 500' };
const refused: Delivery = { kind: 'refused', reason: 'answered 400' };

describe('outbox delivery', () => {
  it('delivers what is there and what comes, each row once, and moves the position behind it', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'b');
    await world.start();
    assert.deepEqual(world.sink.taken, ['a1', 'b1']);
    assert.equal(world.outbox.position, 2);
    world.outbox.add('a');
    world.delivery.wake();
    await world.clock.advance(gatherMs);
    assert.deepEqual(world.sink.taken, ['a1', 'b1', 'a2']);
    assert.equal(world.outbox.position, 3);
    assert.deepEqual(world.delivered, ['a1', 'b1', 'a2']);
  });

  it('delivers what comes after a pause at once, and what follows closely together', async (t) => {
    const world = makeWorld(t, { concurrency: 1 });
    await world.start();
    await world.clock.advance(pollMs);
    for (const contact of ['a', 'b', 'c']) {
      world.outbox.add(contact);
      world.delivery.wake();
      await world.clock.drain();
    }
    assert.deepEqual(world.sink.calls, [['a1']]);
    await world.clock.advance(gatherMs);
    assert.deepEqual(world.sink.calls, [['a1'], ['b1', 'c1']]);
    world.outbox.add('d');
    await world.clock.advance(gatherMs);
    assert.deepEqual(world.sink.calls.at(-1), ['d1'], 'it looks once more without a wake-up');
  });

  it('gathers nothing when someone waits for it', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a');
    await world.start();
    world.outbox.add('b');
    const before = world.clock.now();
    const caughtUp = world.delivery.catchUp(10_000);
    await world.clock.drain();
    await caughtUp;
    assert.equal(world.clock.now(), before);
    assert.deepEqual(world.sink.taken, ['a1', 'b1']);
  });

  it('hears a wake-up that comes while it reads', async (t) => {
    const world = makeWorld(t);
    const reading = Promise.withResolvers<void>();
    world.outbox.holdReads = reading.promise;
    await world.start();
    world.outbox.add('a');
    world.delivery.wake();
    world.outbox.missed = 1;
    reading.resolve();
    await world.clock.drain();
    assert.deepEqual(world.sink.taken, ['a1']);
  });

  it('finds rows that no wake-up told of within a second', async (t) => {
    const world = makeWorld(t);
    await world.start();
    world.outbox.add('a');
    await world.clock.advance(pollMs - 1);
    assert.deepEqual(world.sink.taken, []);
    await world.clock.advance(1);
    assert.deepEqual(world.sink.taken, ['a1']);
  });

  it('reads on at once while there is more', async (t) => {
    const world = makeWorld(t);
    world.outbox.add(...Array.from({ length: 1200 }, (_, n) => `c${n % 7}-`));
    await world.start();
    assert.equal(world.sink.taken.length, 1200);
    assert.equal(world.outbox.position, 1200);
  });

  it('keeps the order of a contact while others pass its failing head', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'a', 'b', 'a', 'b');
    world.sink.answers.set('a1', [unreachable, unreachable]);
    await world.start();
    assert.deepEqual(world.sink.taken, ['b1', 'b2']);
    assert.equal(world.outbox.position, 0, 'the position waits for the head');
    await world.clock.advance(200 + 400);
    assert.deepEqual(world.sink.taken, ['b1', 'b2', 'a1', 'a2', 'a3']);
    assert.equal(world.outbox.position, 5);
  });

  it('serves no more contacts side by side than the sink wants', async (t) => {
    const world = makeWorld(t, { concurrency: 3 });
    world.outbox.add('a', 'b', 'c', 'd', 'e');
    const gate = Promise.withResolvers<void>();
    world.sink.hold = gate.promise;
    await world.start();
    assert.equal(world.sink.underWay, 3);
    gate.resolve();
    await world.clock.drain();
    assert.equal(world.sink.taken.length, 5);
  });

  it('gives a sink that takes one call at a time all rows in one, as they were written', async (t) => {
    const world = makeWorld(t, { concurrency: 1 });
    world.outbox.add('a', 'b', 'a', 'c');
    await world.start();
    assert.deepEqual(world.sink.calls, [['a1', 'b1', 'a2', 'c1']]);
  });

  it('backs off from an unreachable sink ever longer, up to half a minute, and never gives a row up', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a');
    world.sink.isDown = true;
    await world.start();
    const tries: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      const before = world.clock.now();
      const calls = world.sink.calls.length;
      while (world.sink.calls.length === calls) {
        await world.clock.advance((world.clock.nextDueMs ?? 0) - world.clock.now());
      }
      tries.push(world.clock.now() - before);
    }
    assert.deepEqual(
      tries,
      [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000, 30_000],
    );
    assert.equal(world.outbox.aside.length, 0);
    world.sink.isDown = false;
    await world.clock.advance(longestBackOffMs);
    assert.deepEqual(world.sink.taken, ['a1']);
    const warnings = world.log.lines.filter(({ level }) => level === levels.warn);
    assert.equal(warnings.length, 1, 'an outage is told of once, not at every try');
  });

  it('sets a row aside after five refusals and goes on behind it', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'a', 'b');
    world.sink.answers.set('a1', Array(5).fill(refused));
    await world.start();
    await world.clock.advance(200 + 400 + 800 + 1600);
    assert.deepEqual(world.outbox.aside, [{ sink: 'sink', row: 'a1', reason: 'answered 400' }]);
    assert.deepEqual(world.sink.taken, ['b1', 'a2']);
    assert.deepEqual(world.delivered, ['b1', 'a2'], 'a row that was set aside was not delivered');
    assert.equal(world.outbox.position, 3);
    assert.equal(world.log.lines.filter(({ level }) => level === levels.error).length, 1);
  });

  it('gives each row its own five tries', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'a');
    world.sink.answers.set('a1', Array(4).fill(refused));
    world.sink.answers.set('a2', Array(4).fill(refused));
    await world.start();
    await world.clock.advance(60_000);
    assert.deepEqual(world.sink.taken, ['a1', 'a2']);
    assert.deepEqual(world.outbox.aside, []);
  });

  it('does not count an outage as refusals', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a');
    world.sink.answers.set('a1', [...Array(9).fill(unreachable), refused, refused]);
    await world.start();
    await world.clock.advance(10 * longestBackOffMs);
    assert.deepEqual(world.outbox.aside, []);
    assert.deepEqual(world.sink.taken, ['a1']);
  });

  it('lets the rows of others pass a row at which the sink fails, within a minute', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'a', 'b');
    world.sink.answers.set('a1', Array(30).fill(failed));
    await world.start();
    world.outbox.add('b', 'c', 'a');
    await world.clock.advance(2 * longestBackOffMs);
    assert.deepEqual(world.sink.taken, ['b1', 'b2', 'c1']);
    assert.equal(world.outbox.position, 6, 'the outbox goes on');
    assert.equal(world.delivery.held, 3);
    world.outbox.add('d', 'a', 'b');
    await world.clock.advance(pollMs);
    assert.deepEqual(world.sink.taken, ['b1', 'b2', 'c1', 'd1', 'b3'], 'what comes later passes at once');
    await world.clock.advance(quarterHourMs);
    assert.deepEqual(world.sink.taken.slice(5), ['a1', 'a2', 'a3', 'a4'], 'in the order of the contact');
    assert.deepEqual(world.delivered, world.sink.taken);
    assert.deepEqual([world.outbox.heldRows, world.delivery.held], [[], 0]);
    assert.deepEqual(world.outbox.aside, []);
  });

  it('holds one of several rows that share a place, while it delivers the others', async (t) => {
    const world = makeWorld(t);
    world.outbox.addAtOnePlace('a', 'b', 'c');
    for (const row of ['a1', 'c1']) world.sink.answers.set(row, Array(30).fill(failed));
    await world.start();
    world.outbox.add('d');
    await world.clock.advance(2 * longestBackOffMs);
    assert.deepEqual([world.sink.taken, world.outbox.position], [['b1', 'd1'], 4]);
    world.sink.answers.set('a1', []);
    await world.clock.advance(longestBackOffMs);
    assert.deepEqual(world.sink.taken, ['b1', 'd1', 'a1']);
    assert.deepEqual(
      world.outbox.heldRows.map(({ payload }) => payload),
      ['c1'],
    );
  });

  it('goes on with what it held after a restart, before what the contact wrote since', async (t) => {
    const before = makeWorld(t);
    before.outbox.add('a', 'a', 'b');
    before.sink.answers.set('a1', Array(1000).fill(failed));
    await before.start();
    before.outbox.add('c');
    await before.clock.advance(2 * longestBackOffMs);
    await before.delivery.close();
    assert.equal(before.outbox.position, 4);

    const restarted = makeWorld(t, { outbox: before.outbox });
    restarted.outbox.add('a', 'd');
    restarted.sink.answers.set('a1', [failed]);
    await restarted.start();
    assert.deepEqual(restarted.sink.taken, ['d1']);
    await restarted.clock.advance(pollMs);
    assert.deepEqual(restarted.sink.taken, ['d1', 'a1', 'a2', 'a3']);
    assert.deepEqual(restarted.outbox.heldRows, []);
  });

  it('holds once what a crash between holding and moving on has it read again', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'a', 'b');
    await world.outbox.hold('sink', world.outbox.rows.slice(0, 2));
    world.sink.answers.set('a1', [failed]);
    await world.start();
    await world.clock.advance(pollMs);
    assert.deepEqual(world.sink.taken, ['b1', 'a1', 'a2']);
    assert.deepEqual([world.outbox.heldRows, world.delivery.held], [[], 0]);
  });

  it('leaves most of the sink to the others, however many rows it holds', async (t) => {
    const world = makeWorld(t, { concurrency: 8 });
    const failing = Array.from({ length: 20 }, (_, n) => `f${n}-`);
    for (const contact of failing) world.sink.answers.set(`${contact}1`, Array(4).fill(failed));
    world.outbox.add(...failing, 'ok');
    await world.start();
    await world.clock.advance(1000);
    assert.equal(world.delivery.held, failing.length);
    const gate = Promise.withResolvers<void>();
    world.sink.hold = gate.promise;
    await world.clock.advance(longestBackOffMs);
    assert.equal(world.sink.underWay, 2);
    world.outbox.add(...Array.from({ length: 20 }, (_, n) => `g${n}-`));
    await world.clock.advance(pollMs);
    assert.equal(world.sink.underWay, 8);
    gate.resolve();
    await world.clock.advance(longestBackOffMs);
    assert.equal(world.sink.taken.length, 41);
    const warnings = world.log.lines.filter(({ level, held }) => level === levels.warn && held !== undefined);
    assert.equal(warnings.length, 1, 'they are told of once');
  });

  it('reads no further while it holds thousands, and goes on when they are gone', async (t) => {
    const world = makeWorld(t);
    const mostHeld = 5000;
    // Each read has one contact that fails and one whose facts are taken.
    for (const n of Array(12).keys()) {
      world.sink.answers.set(`f${n}-1`, Array(8).fill(failed));
      world.outbox.add(...Array<string>(499).fill(`f${n}-`), `ok${n}-`);
    }
    world.outbox.add('last');
    await world.start();
    await world.clock.advance(15_000);
    assert.ok(
      world.delivery.held >= mostHeld && world.delivery.held < mostHeld + 500,
      `${world.delivery.held}`,
    );
    assert.ok(!world.sink.taken.includes('last1'));
    await world.clock.advance(5 * 60_000);
    assert.equal(world.sink.taken.length, world.outbox.rows.length);
    assert.deepEqual([world.outbox.heldRows.length, world.delivery.held], [0, 0]);
  });

  it('sets a row aside that the sink fails at for a quarter of an hour while it takes others', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'a', 'b');
    world.sink.answers.set('a1', Array(1000).fill(failed));
    await world.start();
    assert.deepEqual(world.sink.taken, ['b1']);
    world.outbox.add('b', 'c');
    await world.clock.advance(quarterHourMs - longestBackOffMs);
    assert.deepEqual(world.outbox.aside, [], 'it is given time');
    await world.clock.advance(longestBackOffMs);
    world.outbox.add('b');
    await world.clock.advance(longestBackOffMs);
    assert.deepEqual(world.outbox.aside, [{ sink: 'sink', row: 'a1', reason: 'answered 500' }]);
    assert.deepEqual(world.setAside, ['a1']);
    assert.deepEqual(world.sink.taken, ['b1', 'b2', 'c1', 'b3', 'a2']);
    assert.deepEqual(world.delivered, ['b1', 'b2', 'c1', 'b3', 'a2']);
    assert.equal(world.outbox.position, 6);
    assert.deepEqual(world.outbox.heldRows, []);
    assert.equal(world.log.lines.filter(({ level }) => level === levels.error).length, 1);
  });

  it('sets nothing aside while the sink fails at everything', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'b');
    world.sink.answers.set('*', Array(1e5).fill(failed));
    await world.start();
    world.outbox.add('c');
    await world.clock.advance(8 * quarterHourMs);
    assert.deepEqual(world.outbox.aside, []);
    const triesAhead = world.sink.calls.filter(([row]) => row === 'c1').length;
    assert.ok(triesAhead > 0 && triesAhead <= (8 * quarterHourMs) / longestBackOffMs + 2, `${triesAhead}`);
    assert.deepEqual(world.outbox.heldRows, [], 'nobody passes where nobody gets through');
    world.sink.answers.clear();
    await world.clock.advance(2 * longestBackOffMs);
    assert.deepEqual(world.sink.taken, ['a1', 'b1', 'c1']);
  });

  it('does not take what arrived before the sink broke down for a sign that it takes others', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'b');
    world.sink.answers.set('a1', Array(1000).fill(failed));
    await world.start();
    assert.deepEqual(world.sink.taken, ['b1']);
    world.outbox.add('c');
    world.sink.answers.set('*', Array(1e5).fill(failed));
    await world.clock.advance(2 * quarterHourMs);
    assert.deepEqual(world.outbox.aside, []);
  });

  it('sets nothing aside while nothing else waits to be taken', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'a');
    world.sink.answers.set('a1', Array(1000).fill(failed));
    await world.start();
    await world.clock.advance(4 * quarterHourMs);
    assert.deepEqual(world.outbox.aside, []);
    world.outbox.add('b');
    await world.clock.advance(2 * longestBackOffMs);
    assert.deepEqual(
      world.outbox.aside.map(({ row }) => row),
      ['a1'],
    );
    assert.deepEqual(world.sink.taken, ['b1', 'a2']);
  });

  it('finds that the sink takes others although the next ones fail too', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a');
    for (const row of ['a1', 'b1', 'c1']) world.sink.answers.set(row, Array(1000).fill(failed));
    await world.start();
    world.outbox.add('b', 'c', 'd');
    await world.clock.advance(3 * quarterHourMs);
    assert.equal(world.sink.taken.filter((row) => row === 'd1').length, 1);
    assert.deepEqual(world.outbox.aside, [], 'nothing else shows that the sink still takes others');
    world.outbox.add('e');
    await world.clock.advance(2 * longestBackOffMs);
    assert.deepEqual(world.outbox.aside.map(({ row }) => row).toSorted(), ['a1', 'b1', 'c1']);
  });

  it('delivers past more failing contacts than the sink serves side by side', async (t) => {
    const world = makeWorld(t, { concurrency: 2 });
    world.outbox.add('a', 'b', 'c', 'd');
    for (const row of ['a1', 'b1', 'c1']) world.sink.answers.set(row, Array(1000).fill(failed));
    await world.start();
    assert.deepEqual(world.sink.taken, ['d1']);
  });

  for (const [what, answers] of [
    ['being away now', [...Array(50).fill(failed), ...Array(50).fill(unreachable)]],
    ['having been away between', [failed, ...Array(50).fill(unreachable), ...Array(10).fill(failed)]],
    ['having been away before', [...Array(50).fill(unreachable), ...Array(19).fill(failed)]],
  ] as const) {
    it(`does not count a sink’s ${what} as failing at a row`, async (t) => {
      const world = makeWorld(t);
      world.outbox.add('a');
      world.sink.answers.set('a1', [...answers]);
      await world.start();
      if (what !== 'being away now') world.outbox.add('b');
      await world.clock.advance(2 * quarterHourMs);
      world.outbox.add('c');
      await world.clock.advance(4 * quarterHourMs);
      assert.deepEqual(world.outbox.aside, []);
      assert.ok(world.sink.taken.includes('a1'));
    });
  }

  it('sends what it tries ahead once, and the contact’s facts in order', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'a');
    for (const row of ['a1', 'a2']) world.sink.answers.set(row, Array(1000).fill(failed));
    await world.start();
    world.outbox.add('c', 'c', 'c');
    await world.clock.advance(quarterHourMs);
    assert.deepEqual(world.sink.taken, ['c1', 'c2', 'c3']);
    for (let minutes = 0; minutes < 40; minutes += 1) {
      world.outbox.add('c');
      await world.clock.advance(60_000);
    }
    assert.deepEqual(
      world.outbox.aside.map(({ row }) => row),
      ['a1', 'a2'],
    );
    assert.deepEqual(
      world.sink.taken,
      Array.from({ length: 43 }, (_, n) => `c${n + 1}`),
    );
  });

  it('waits for a database that is away, when it looks, when it moves on and when it sets aside', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'b');
    world.sink.answers.set('b1', Array(5).fill(refused));
    world.outbox.failures = { positionOf: 2, read: 2, setAside: 2, advance: 2 };
    await world.start();
    await world.clock.advance(120_000);
    assert.deepEqual(world.sink.taken, ['a1']);
    assert.deepEqual(
      world.outbox.aside.map(({ row }) => row),
      ['b1'],
    );
    assert.equal(world.outbox.position, 2);
  });

  it('goes on within a second of the return of a database that was away for long', async (t) => {
    const world = makeWorld(t);
    world.outbox.failures = { read: 1e9 };
    await world.start();
    await world.clock.advance(10 * longestBackOffMs);
    world.outbox.add('a');
    world.outbox.failures = {};
    await world.clock.advance(pollMs);
    assert.deepEqual(world.sink.taken, ['a1']);
  });

  it('stops when closed, after the rows under way, and closes the sink', async (t) => {
    const world = makeWorld(t, { concurrency: 1 });
    world.outbox.add('a');
    const gate = Promise.withResolvers<void>();
    world.sink.hold = gate.promise;
    await world.start();
    let isClosed = false;
    const closing = world.delivery.close().then(() => {
      isClosed = true;
    });
    await world.clock.drain();
    assert.equal(isClosed, false);
    gate.resolve();
    await closing;
    assert.deepEqual(world.sink.taken, ['a1']);
    assert.equal(world.outbox.position, 1, 'what was delivered is not delivered again after a restart');
    assert.equal(world.sink.isClosed, true);
    world.outbox.add('b');
    world.delivery.wake();
    await world.clock.advance(10 * pollMs);
    assert.deepEqual(world.sink.taken, ['a1']);
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('leaves the position where it was when it is closed before all rows are settled', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a', 'b');
    world.sink.answers.set('a1', Array(9).fill(unreachable));
    await world.start();
    await world.delivery.close();
    assert.deepEqual(world.sink.taken, ['b1']);
    assert.equal(world.outbox.position, 0);
  });

  it('leaves the position where it was when a refused row could not be set aside', async (t) => {
    const world = makeWorld(t);
    world.outbox.add('a');
    world.sink.answers.set('a1', Array(9).fill(refused));
    world.outbox.failures = { setAside: 1e9 };
    await world.start();
    await world.clock.advance(60_000);
    await world.delivery.close();
    assert.equal(world.outbox.position, 0);
  });

  it('catches up with what was committed before, and no longer than it is given', async (t) => {
    const world = makeWorld(t, { concurrency: 1 });
    await world.start();
    world.outbox.add('a', 'b');
    await world.delivery.catchUp(5000);
    assert.deepEqual(world.sink.taken, ['a1', 'b1']);

    world.sink.isDown = true;
    world.outbox.add('a');
    let isOver = false;
    const catchingUp = world.delivery.catchUp(5000).then(() => {
      isOver = true;
    });
    await world.clock.advance(4999);
    assert.equal(isOver, false, 'it waits for a sink that is away');
    await world.clock.advance(1);
    assert.equal(isOver, true);
    await catchingUp;
    assert.deepEqual(world.sink.taken, ['a1', 'b1']);
  });

  for (const [when, prepare] of [
    ['idle', () => undefined],
    ['backing off', (world: World) => Object.assign(world.sink, { isDown: true })],
    ['without a database', (world: World) => Object.assign(world.outbox, { failures: { positionOf: 1e9 } })],
  ] as const) {
    it(`closes at once while ${when}`, async (t) => {
      const world = makeWorld(t);
      prepare(world);
      if (when !== 'idle') world.outbox.add('a');
      await world.start();
      await world.delivery.close();
      assert.equal(world.clock.pendingTimers, 0);
    });
  }

  it('delivers again what a crash left between delivery and position', async (t) => {
    const crashed = makeWorld(t);
    crashed.outbox.add('a', 'b', 'a');
    crashed.outbox.failures = { advance: 1e9 };
    await crashed.start();
    assert.deepEqual(crashed.sink.taken, ['a1', 'a2', 'b1']);
    await crashed.delivery.close();

    const restarted = makeWorld(t, { outbox: crashed.outbox });
    crashed.outbox.failures = {};
    await restarted.start();
    assert.deepEqual(restarted.sink.taken, crashed.sink.taken);
    assert.equal(restarted.outbox.position, 3);
  });
});

interface World {
  readonly clock: VirtualClock;
  readonly outbox: MemoryOutbox;
  readonly sink: ScriptedSink;
  readonly log: ReturnType<typeof capturedLogger>;
  readonly delivered: string[];
  readonly setAside: string[];
  delivery: OutboxDelivery;
  start(): Promise<void>;
}

function makeWorld(t: TestContext, options: { concurrency?: number; outbox?: MemoryOutbox } = {}): World {
  const log = capturedLogger();
  const world: World = {
    clock: new VirtualClock(),
    outbox: options.outbox ?? new MemoryOutbox(),
    sink: new ScriptedSink(options.concurrency ?? 4),
    log,
    delivered: [],
    setAside: [],
    delivery: {
      sink: 'sink',
      held: 0,
      wake: () => assert.fail('not started'),
      catchUp: () => assert.fail('not started'),
      close: () => Promise.resolve(),
    },
    async start() {
      world.delivery = openOutboxDelivery({
        store: world.outbox,
        sink: world.sink,
        clock: world.clock,
        logger: log.logger,
        delivered: (row) => world.delivered.push(row.payload),
        wasSetAside: (row) => world.setAside.push(row.payload),
      });
      await world.clock.drain();
    },
  };
  t.after(() => world.delivery.close());
  return world;
}
