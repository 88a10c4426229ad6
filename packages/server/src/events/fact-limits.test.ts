// What operators are told when facts that sinks do not take come near the limits, and beyond them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { OutboxLimits, OutboxState } from '../store/outbox-partitions.ts';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { openFactLimits } from './fact-limits.ts';

const hourMs = 3_600_000;

describe('fact limits', () => {
  it('hands the limits to the store, and tells of each drop: what, whose, when, and what to do', async () => {
    const oldest = new Date(0);
    const newest = new Date(1000);
    const world = makeWorld({
      bytes: 1e9,
      waiting: { crm: 5 },
      dropped: [
        { from: 'outbox', sink: 'crm', rows: 1_000_000, oldest, newest },
        { from: 'undeliverable', sink: 'crm', rows: 7, oldest, newest },
      ],
    });
    await world.limits.maintain();
    assert.deepEqual(world.asked, [[['crm'], { outboxBytes: 4e9, undeliverableRows: 100 }]]);
    assert.deepEqual(world.dropped, [
      ['crm', 'outbox', 1_000_000],
      ['crm', 'undeliverable', 7],
    ]);
    const [ofOutbox, ofUndeliverable, ...more] = world.log.lines;
    assert.deepEqual(more, []);
    assert.equal(ofOutbox?.level, levels.error);
    assert.deepEqual(
      [ofOutbox.sink, ofOutbox.rows, ofOutbox.table, ofOutbox.oldest, ofOutbox.waitingGigabytes],
      ['crm', 1_000_000, 'outbox', oldest.toISOString(), 4],
    );
    assert.match(ofOutbox.msg, /mend the sink, take it out of the configuration, or raise the limit/);
    assert.equal(ofUndeliverable?.level, levels.error);
    assert.match(ofUndeliverable.msg, /facts\.undeliverable/);
  });

  it('warns once an hour from half of the limit on, while anything waits', async () => {
    const world = makeWorld({ bytes: 2.1e9, waiting: { crm: 5 }, dropped: [] });
    for (let minutes = 0; minutes < 120; minutes += 1) {
      await world.limits.maintain();
      await world.clock.advance(hourMs / 60);
    }
    assert.deepEqual(
      world.log.lines.map(({ level, gigabytes }) => [level, gigabytes]),
      Array(2).fill([levels.warn, 2.1]),
    );
    assert.deepEqual(world.limits.state.waiting, { crm: 5 });
  });

  it('says nothing below that, or where all is taken', async () => {
    for (const state of [
      { bytes: 1.9e9, waiting: { crm: 5 }, dropped: [] },
      { bytes: 3e9, waiting: { crm: 0 }, dropped: [] },
      undefined,
    ]) {
      const world = makeWorld(state);
      await world.limits.maintain();
      assert.deepEqual(world.log.lines, []);
    }
  });
});

function makeWorld(state: OutboxState | undefined) {
  const log = capturedLogger();
  const clock = new VirtualClock();
  const asked: [readonly string[], OutboxLimits][] = [];
  const dropped: [string, string, number][] = [];
  const limits = openFactLimits({
    store: {
      maintain: async (sinks, of) => {
        asked.push([sinks, of]);
        return state;
      },
    },
    sinks: ['crm'],
    waitingGigabytes: 4,
    undeliverable: 100,
    clock,
    logger: log.logger,
    dropped: (sink, from, rows) => dropped.push([sink, from, rows]),
  });
  return { log, clock, asked, dropped, limits };
}
