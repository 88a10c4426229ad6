// The lease of a node, and when it may take contacts of other nodes over; on virtual time, with a database that goes away.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { type Clock, delay } from './clock.ts';
import type { ActiveContacts } from './contacts/active-contacts.ts';
import { type NodeId, newId } from './ids.ts';
import { keepOwnership, openNodeLeaseWatch } from './ownership.ts';
import { capturedLogger } from './test-support/captured-logger.ts';

describe('ownership', () => {
  it('looks for contacts of dead nodes at once, and at each renewal', async () => {
    const world = makeWorld();
    await world.clock.advance(5_000);
    assert.deepEqual(world.recovered, ['all', 'all', 'all']);
    assert.equal(world.removals, 3);
    await world.close();
  });

  it('leaves others the time of a lease to renew theirs after a database was away, and takes up its own at once', async () => {
    const world = makeWorld();
    await world.clock.advance(2_500);
    world.answers = () => Promise.reject(new Error('ECONNREFUSED'));
    await world.clock.advance(12_500);
    assert.equal(world.watch.mayJudge, false, 'nor before it is back');
    world.forget();
    world.answers = () => Promise.resolve(true);
    await world.clock.advance(10_000);
    assert.deepEqual(world.recovered, ['own', 'own', 'own', 'own']);
    assert.equal(world.removals, 0);
    await world.clock.advance(2_500);
    assert.deepEqual(world.recovered.at(-1), 'all');
    assert.equal(world.removals, 1);
    await world.close();
  });

  it('does so, too, after an answer that took long, or a machine that slept', async () => {
    const world = makeWorld();
    const answer = Promise.withResolvers<boolean>();
    await world.clock.advance(1_000);
    world.answers = () => answer.promise;
    await world.clock.advance(9_000);
    world.forget();
    answer.resolve(true);
    await world.clock.drain();
    assert.deepEqual(world.recovered, ['own']);
    await world.close();
  });

  it('still looks for contacts of dead nodes where each renewal is slow', async () => {
    const world = makeWorld();
    world.answers = () => delay(world.clock, 4_000).then(() => true);
    await world.clock.advance(60_000);
    assert.ok(world.recovered.filter((whose) => whose === 'all').length > 2, world.recovered.join());
    await world.close();
  });

  it('waits again after each time that was longer than a lease', async () => {
    const world = makeWorld();
    for (let times = 0; times < 3; times += 1) {
      world.answers = () => Promise.reject(new Error('ECONNREFUSED'));
      await world.clock.advance(12_500);
      world.forget();
      world.answers = () => Promise.resolve(true);
      await world.clock.advance(5_000);
      assert.deepEqual([...new Set(world.recovered)], ['own']);
    }
    await world.close();
  });

  it('waits no longer where the time of day was wrong and is set back', () => {
    let nowMs = Date.UTC(2026, 0, 1);
    const watch = openNodeLeaseWatch({ now: () => nowMs } as Clock);
    const renewAfter = (ms: number) => {
      nowMs += ms;
      watch.renewed();
    };
    renewAfter(0);
    renewAfter(3_600_000);
    assert.equal(watch.mayJudge, false);
    renewAfter(-3_600_000);
    for (let times = 0; times < 4; times += 1) renewAfter(2_500);
    assert.equal(watch.mayJudge, true);
  });

  it('makes nothing of a single renewal that failed', async () => {
    const world = makeWorld();
    await world.clock.advance(2_000);
    world.answers = () => Promise.reject(new Error('ECONNRESET'));
    await world.clock.advance(1_000);
    world.answers = () => Promise.resolve(true);
    world.forget();
    await world.clock.advance(2_500);
    assert.deepEqual(world.recovered, ['all']);
    await world.close();
  });

  it('ends where another node has removed this one', async () => {
    const world = makeWorld();
    await world.clock.advance(1_000);
    world.answers = () => Promise.resolve(false);
    await world.clock.advance(2_500);
    assert.equal(world.losses, 1);
    await world.close();
  });
});

function makeWorld() {
  const clock = new VirtualClock();
  const { logger } = capturedLogger();
  const watch = openNodeLeaseWatch(clock);
  const world = {
    clock,
    watch,
    recovered: [] as string[],
    removals: 0,
    losses: 0,
    /** What the database says to a renewal. */
    answers: (): Promise<boolean> => Promise.resolve(true),
    forget(): void {
      world.recovered = [];
      world.removals = 0;
    },
    close: () => clock.settle(ownership.close()),
  };
  const ownership = keepOwnership({
    node: newId<NodeId>(),
    nodes: {
      renew: () => world.answers(),
      removeDead: async () => {
        world.removals += 1;
      },
    },
    active: {
      recover: async (whose: string) => {
        world.recovered.push(whose);
        return 0;
      },
    } as unknown as ActiveContacts,
    orders: { look: () => Promise.resolve() },
    watch,
    clock,
    logger,
    onLost: () => {
      world.losses += 1;
    },
  });
  return world;
}
