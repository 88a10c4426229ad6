// Room on trunks, on virtual time: calls at once, calls a second, and who waits for what.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { type Trunk, trunkOf } from './trunk.ts';
import type { TrunkGroup } from './trunk-order.ts';
import { type Place, type RoomAnswer, TrunkRoom } from './trunk-room.ts';

const never = new AbortController().signal;

const trunk = (name: string, more: Partial<Trunk> = {}): Trunk =>
  trunkOf({ name, servers: [{ host: '10.0.0.1' }], domain: 'carrier.example', ...more });

function makeWorld() {
  const clock = new VirtualClock({ startMs: 0 });
  const room = new TrunkRoom(clock);
  const answers: string[] = [];
  const places: Place[] = [];
  return {
    clock,
    room,
    answers,
    places,
    ask(label: string, groups: readonly TrunkGroup[], waitMs = 30_000, signal = never): Promise<RoomAnswer> {
      const asked = room.take({ groups: () => groups, deadlineMs: clock.now() + waitMs, signal });
      void asked.then((answer) => {
        if (answer.kind === 'place') places.push(answer.place);
        const got = answer.kind === 'place' ? answer.place.trunk.name : answer.kind;
        answers.push(`${clock.now()} ${label} ${got}`);
      });
      return asked;
    },
  };
}

describe('trunk room › calls a second', () => {
  it('spaces calls evenly, and fails none', async () => {
    const { clock, ask, answers } = makeWorld();
    const paced = [[trunk('t', { callsPerSecond: 4 })]];
    for (const label of ['a', 'b', 'c', 'd', 'e']) void ask(label, paced);
    await clock.advance(2_000);
    assert.deepEqual(answers, ['0 a t', '250 b t', '500 c t', '750 d t', '1000 e t']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('lets nobody who comes just then overtake who has waited', async () => {
    const { clock, ask, answers } = makeWorld();
    const paced = [[trunk('t', { callsPerSecond: 4 })]];
    clock.setTimeout(() => void ask('late', paced), 250);
    for (const label of ['a', 'b']) void ask(label, paced);
    await clock.advance(1_000);
    assert.deepEqual(answers, ['0 a t', '250 b t', '500 late t']);
  });

  it('takes an equal trunk that is free before it waits, and waits before it takes a worse one', async () => {
    const { clock, ask, answers } = makeWorld();
    const a = trunk('a', { callsPerSecond: 1 });
    const groups = [[a, trunk('b', { callsPerSecond: 1 })], [trunk('worse', { priority: 9 })]];
    for (const label of ['1', '2', '3']) void ask(label, groups);
    await clock.advance(1_000);
    assert.deepEqual(answers, ['0 1 a', '0 2 b', '1000 3 a']);
  });
});

describe('trunk room › calls at once', () => {
  it('waits for a call to end, first come, first served', async () => {
    const { clock, ask, answers, places, room } = makeWorld();
    const full = trunk('t', { maxCalls: 1 });
    for (const label of ['a', 'b', 'c']) void ask(label, [[full]]);
    await clock.advance(5_000);
    assert.deepEqual([answers, room.waiting, room.callsOn(full)], [['0 a t'], 2, 1]);
    places[0]?.free();
    places[0]?.free();
    await clock.advance(1_000);
    places[1]?.free();
    await clock.drain();
    assert.deepEqual(answers, ['0 a t', '5000 b t', '6000 c t']);
  });

  it('goes over to the next trunk where one is full', async () => {
    const { clock, ask, answers } = makeWorld();
    const groups = [[trunk('first', { maxCalls: 1 })], [trunk('second')]];
    void ask('a', groups);
    void ask('b', groups);
    await clock.drain();
    assert.deepEqual(answers, ['0 a first', '0 b second']);
  });

  it('is too late when its deadline passes, and stopped when it is aborted', async () => {
    const { clock, ask, answers } = makeWorld();
    const full = [[trunk('t', { maxCalls: 1 })]];
    const stop = new AbortController();
    void ask('a', full);
    void ask('b', full, 10_000);
    void ask('c', full, 10_000, stop.signal);
    await clock.advance(3_000);
    stop.abort();
    await clock.advance(7_000);
    assert.deepEqual(answers, ['0 a t', '3000 c stopped', '10000 b too late']);
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('trunk room › who was stopped before', () => {
  it('does not wait', async () => {
    const { clock, ask, answers } = makeWorld();
    const full = [[trunk('t', { maxCalls: 1 })]];
    void ask('a', full);
    void ask('b', full, 10_000, AbortSignal.abort());
    await clock.drain();
    assert.deepEqual(answers, ['0 a t', '0 b stopped']);
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('trunk room › trunks that ask to be left alone', () => {
  it('are waited for where that ends in time, and left where another serves', async () => {
    const { clock, ask, answers, room } = makeWorld();
    const resting = trunk('resting');
    room.rest(resting, 4_000);
    void ask('alone', [[resting]]);
    void ask('with another', [[resting], [trunk('other')]]);
    await clock.advance(4_000);
    assert.deepEqual(answers, ['0 with another other', '4000 alone resting']);
  });

  it('are not waited for in vain', async () => {
    const { clock, ask, answers, room } = makeWorld();
    const resting = trunk('resting');
    room.rest(resting, 60_000);
    void ask('a', [[resting]], 30_000);
    await clock.drain();
    assert.deepEqual(answers, ['0 a too late']);
  });

  it('no trunk at all is known at once', async () => {
    const { clock, ask, answers } = makeWorld();
    void ask('a', []);
    void ask('b', [[]]);
    await clock.drain();
    assert.deepEqual(answers, ['0 a none left', '0 b none left']);
  });
});
