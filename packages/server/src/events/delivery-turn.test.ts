// Turns of two nodes at one receiver, on virtual time and with a store in memory: one delivers at a time, and nothing is lost or doubled.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { type NodeId, newId } from '../ids.ts';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { MemoryOutbox, ScriptedSink } from '../test-support/memory-outbox.ts';
import { openDeliveryTurn } from './delivery-turn.ts';
import type { OutboxDelivery } from './outbox-delivery.ts';

/** How often a node looks whether its turn has come, as the code has it. */
const lookEveryMs = 2000;

describe('delivery turn', () => {
  it('has one of two nodes deliver each fact, whichever is woken', async (t) => {
    const { one, two, outbox, write, clock } = await twoNodes(t);
    for (let n = 0; n < 10; n += 1) {
      await write('a', 'b');
      await clock.advance(lookEveryMs / 2);
    }
    assert.equal(one.sink.taken.length, 20);
    assert.deepEqual(two.sink.calls, []);
    assert.equal(outbox.position, 20);
  });

  it('passes to another node when its node closes', async (t) => {
    const { one, two, write, clock, outbox } = await twoNodes(t);
    await write('a');
    await one.delivery.close();
    assert.equal(outbox.owner, undefined);
    assert.equal(one.sink.isClosed, true);
    await write('a');
    await clock.advance(lookEveryMs);
    assert.deepEqual([one.sink.taken, two.sink.taken], [['a1'], ['a2']]);
    assert.equal(two.sink.isClosed, false);
  });

  it('passes to another node when the lease of its node runs out, with what was held', async (t) => {
    const { one, two, write, clock, outbox } = await twoNodes(t);
    one.sink.answers.set('a1', Array(1000).fill({ kind: 'failed', reason: 'answered 500' }));
    await write('a', 'b');
    await write('c');
    await clock.advance(60_000);
    assert.deepEqual([one.sink.taken, one.delivery.held, two.delivery.held], [['b1', 'c1'], 1, 0]);
    outbox.dead.add(one.node);
    await clock.advance(lookEveryMs);
    assert.deepEqual(two.sink.taken, ['a1']);
    assert.deepEqual(outbox.heldRows, []);
  });

  it('is asked for again after a pause, so that a node that lost it sends nothing', async (t) => {
    const { one, two, write, clock, outbox } = await twoNodes(t);
    await clock.advance(lookEveryMs);
    outbox.owner = two.node;
    await write('a');
    assert.deepEqual(one.sink.calls, []);
    await clock.advance(lookEveryMs);
    assert.deepEqual(two.sink.taken, ['a1']);
    await write('a');
    assert.deepEqual([one.sink.calls, two.sink.taken], [[], ['a1', 'a2']]);
    assert.equal(one.log.lines.filter(({ level }) => level === levels.warn).length, 1);
  });

  it('costs nothing while facts come without a pause', async (t) => {
    const { one, write, clock, outbox } = await twoNodes(t);
    outbox.failures = { hasTurn: 1e9, takeTurn: 1e9 };
    for (let n = 0; n < 20; n += 1) {
      await write('a');
      await clock.advance(lookEveryMs / 4);
    }
    assert.equal(one.sink.taken.length, 20);
  });

  it('moves no position and holds nothing once it is lost, and begins anew when it comes again', async (t) => {
    const { one, two, write, clock, outbox } = await twoNodes(t);
    const gate = Promise.withResolvers<void>();
    one.sink.hold = gate.promise;
    await write('a', 'b');
    assert.equal(one.sink.underWay, 2);
    outbox.owner = two.node;
    gate.resolve();
    await clock.drain();
    assert.equal(outbox.position, 0);
    await clock.advance(lookEveryMs);
    assert.deepEqual(two.sink.taken, ['a1', 'b1'], 'what was under way comes twice');
    await write('a');
    await two.delivery.close();
    await clock.advance(lookEveryMs);
    await write('b');
    assert.deepEqual(
      [one.sink.taken, two.sink.taken],
      [
        ['a1', 'b1', 'b2'],
        ['a1', 'b1', 'a2'],
      ],
    );
  });

  it('holds nothing for others to pass once it is lost', async (t) => {
    const { one, two, write, clock, outbox } = await twoNodes(t);
    one.sink.answers.set('a1', Array(3).fill({ kind: 'failed', reason: 'answered 500' }));
    const gate = Promise.withResolvers<void>();
    await write('a', 'b');
    await clock.advance(200);
    one.sink.hold = gate.promise;
    await clock.advance(400);
    outbox.owner = two.node;
    gate.resolve();
    await clock.advance(lookEveryMs);
    assert.deepEqual(outbox.heldRows, []);
    assert.deepEqual([one.delivery.held, two.delivery.held], [0, 0]);
    assert.deepEqual(two.sink.taken, ['a1', 'b1']);
  });

  it('waits where it cannot be learned whose it is', async (t) => {
    const { one, write, clock, outbox } = await twoNodes(t);
    await clock.advance(lookEveryMs);
    outbox.failures = { hasTurn: 2 };
    await write('a');
    assert.deepEqual(one.sink.calls, []);
    await clock.advance(200 + 400);
    assert.deepEqual(one.sink.taken, ['a1']);
  });

  it('comes although the database was away at first, which is told once', async (t) => {
    const outbox = new MemoryOutbox();
    outbox.failures = { takeTurn: 4 };
    const world = await twoNodes(t, outbox);
    await world.write('a');
    await world.clock.advance(3 * lookEveryMs);
    assert.deepEqual([world.one, world.two].map(({ sink }) => sink.taken.length).toSorted(), [0, 1]);
    assert.equal(world.one.log.lines.filter(({ level }) => level === levels.error).length, 1);
  });

  it('lets a node without it catch up and close at once', async (t) => {
    const { one, two, write, clock } = await twoNodes(t);
    one.sink.isDown = true;
    await write('a');
    const before = clock.now();
    await two.delivery.catchUp(5000);
    await two.delivery.close();
    assert.equal(clock.now(), before);
    assert.equal(two.sink.isClosed, true);
    one.sink.isDown = false;
    const caughtUp = one.delivery.catchUp(5000);
    await clock.advance(200);
    await caughtUp;
    assert.deepEqual(one.sink.taken, ['a1']);
  });

  it('closes though it cannot be given back', async (t) => {
    const { one, two, clock, outbox } = await twoNodes(t);
    outbox.failures = { endTurn: 1 };
    await one.delivery.close();
    assert.equal(one.sink.isClosed, true);
    await two.delivery.close();
    assert.equal(clock.pendingTimers, 0);
  });
});

interface TestNode {
  readonly node: NodeId;
  readonly sink: ScriptedSink;
  readonly log: ReturnType<typeof capturedLogger>;
  readonly delivery: OutboxDelivery;
}

/** Two nodes at one outbox, each with its own way to the receiver; `one` came first. */
async function twoNodes(t: TestContext, outbox = new MemoryOutbox()) {
  const clock = new VirtualClock();
  const open = async (): Promise<TestNode> => {
    const node = newId<NodeId>();
    const sink = new ScriptedSink(4);
    const log = capturedLogger();
    const delivery = openDeliveryTurn({ store: outbox, node, sink, clock, logger: log.logger });
    t.after(() => delivery.close());
    await clock.drain();
    return { node, sink, log, delivery };
  };
  const [one, two] = [await open(), await open()];
  return {
    clock,
    outbox,
    one,
    two,
    /** Facts of these contacts in one commit, of which both nodes hear. */
    async write(...contacts: string[]): Promise<void> {
      outbox.add(...contacts);
      for (const { delivery } of [one, two]) delivery.wake();
      await clock.advance(100);
    },
  };
}
