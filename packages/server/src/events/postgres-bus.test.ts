// The bus between nodes, on a pool in memory: who is rung, what a broken connection costs, and that it ends when it is told to.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { Pool } from 'pg';
import type { NodeId } from '../ids.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { openPostgresBus } from './postgres-bus.ts';

const here = 'node-here' as NodeId;
const there = 'node-there' as NodeId;

describe('postgres bus', () => {
  it('ends although it is told to while it connects', async () => {
    const world = makeWorld();
    const connecting = Promise.withResolvers<void>();
    world.connecting = connecting.promise;
    const closing = world.bus.close();
    connecting.resolve();
    await closing;
    assert.deepEqual(world.released, [true]);
  });

  it('listens again a second after its connection broke, and looks for what it missed', async () => {
    const world = makeWorld();
    await world.turn();
    assert.equal(world.rung.length, 2, 'what was rung before somebody listened');
    world.connections[0]?.emit('error', new Error('terminated'));
    await world.turn();
    assert.deepEqual(world.released, [true], 'nobody else gets a connection that listens');
    await world.clock.advance(1000);
    await world.turn();
    assert.equal(world.connections.length, 2);
    assert.equal(world.rung.length, 4);
    await world.bus.close();
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('rings for its own node only, and for topics that it knows', async () => {
    const world = makeWorld();
    await world.turn();
    world.rung.length = 0;
    for (const payload of [`routing ${there}`, `routing ${here}`, `nonsense ${here}`, 'routing', undefined]) {
      world.connections[0]?.emit('notification', { payload });
    }
    await world.turn();
    assert.deepEqual(world.rung, ['routing']);
    await world.bus.close();
  });

  it('tells another node once of what is rung at once, and itself without the database', async () => {
    const world = makeWorld();
    await world.turn();
    world.rung.length = 0;
    for (let n = 0; n < 3; n += 1) world.bus.ring('routing', there);
    world.bus.ring('outbox', here);
    await world.turn();
    assert.deepEqual(world.sent, [[`routing ${there}`]]);
    assert.deepEqual(world.rung, ['outbox']);
    await world.bus.close();
  });
});

function makeWorld() {
  const clock = new VirtualClock();
  const connections: EventEmitter[] = [];
  const released: unknown[] = [];
  const sent: string[][] = [];
  const rung: string[] = [];
  const pool = {
    async connect() {
      await world.connecting;
      const connection = Object.assign(new EventEmitter(), {
        query: () => Promise.resolve(),
        release: (isBroken: unknown) => released.push(isBroken),
      });
      connections.push(connection);
      return connection;
    },
    async query(_text: string, [, payloads]: [string, string[]]) {
      sent.push(payloads);
    },
  };
  const world = { clock, connections, released, sent, rung, connecting: Promise.resolve() };
  const bus = openPostgresBus({
    pool: pool as unknown as Pool,
    node: here,
    clock,
    logger: capturedLogger().logger,
  });
  for (const topic of ['outbox', 'routing'] as const) bus.listen(topic, () => rung.push(topic));
  /** Rings are told at the end of a turn of the event loop. */
  const turn = async (): Promise<void> => {
    await clock.drain();
    await new Promise((resolve) => setImmediate(resolve));
    await clock.drain();
  };
  return Object.assign(world, { bus, turn });
}
