// Timers that share one of the clock: exact times, and a clock that is set meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { Clock } from '../clock.ts';
import { EqualTimers } from './equal-timers.ts';

function setUp() {
  const timers = new VirtualClock({ startMs: 1_000_000 });
  let setAheadMs = 0;
  const onDue = { run: () => {} };
  const clock: Clock = {
    now: () => timers.now() + setAheadMs,
    setTimeout: timers.setTimeout,
    clearTimeout: timers.clearTimeout,
  };
  const left: string[] = [];
  const equal = new EqualTimers<{ name: string }>(clock, ({ name }) => {
    left.push(`${name} ${timers.now() - 1_000_000}`);
    onDue.run();
  });
  return {
    timers,
    equal,
    left,
    set: (aheadMs: number) => {
      setAheadMs = aheadMs;
    },
    onDue,
    add: (name: string, delayMs: number) => equal.set({ name }, delayMs),
  };
}

describe('equal timers', () => {
  test('each is due after its own time, to the millisecond', async () => {
    const { timers, add, left } = setUp();
    add('a', 5_000);
    add('long', 32_000);
    await timers.advance(1);
    add('b', 5_000);
    add('c', 5_000);
    await timers.advance(2_000);
    add('d', 5_000);
    await timers.advance(60_000);
    assert.deepEqual(left, ['a 5000', 'b 5001', 'c 5001', 'd 7001', 'long 32000']);
    assert.equal(timers.pendingTimers, 0);
  });

  test('one timer for all of one length, however many', async () => {
    const { timers, add, left } = setUp();
    for (let number = 0; number < 5_000; number++) {
      add(String(number), 5_000);
      if (number % 10 === 0) await timers.advance(1);
    }
    assert.equal(timers.pendingTimers, 1);
    await timers.advance(5_000);
    assert.equal(left.length, 5_000);
    assert.equal(timers.pendingTimers, 0);
  });

  for (const aheadMs of [-3_600_000, 3_600_000]) {
    test(`a clock set by ${aheadMs / 1_000} s changes nothing for those that were set before`, async () => {
      const { timers, add, left, set } = setUp();
      add('a', 5_000);
      await timers.advance(1_000);
      add('b', 5_000);
      set(aheadMs);
      await timers.advance(60_000);
      assert.deepEqual(left, ['a 5000', 'b 6000']);
      assert.equal(timers.pendingTimers, 0);
    });
  }

  test('stopped ones are not told; without any left, no timer is', async () => {
    const { timers, equal, add, left } = setUp();
    const a = add('a', 500);
    await timers.advance(400);
    const b = add('b', 500);
    add('c', 500);
    equal.stop(a, 500);
    await timers.advance(300);
    equal.stop(a, 500);
    equal.stop(b, 500);
    await timers.advance(400);
    assert.deepEqual(left, ['c 900']);
    assert.equal(timers.pendingTimers, 0);
    const d = add('d', 500);
    for (const gone of [a, b]) equal.stop(gone, 500);
    assert.equal(timers.pendingTimers, 1);
    equal.stop(d, 500);
    assert.equal(timers.pendingTimers, 0);
    await timers.advance(600);
    assert.deepEqual(left, ['c 900']);
  });

  test('what is due may stop the last of its line, and set another', async () => {
    const { timers, equal, add, left, onDue } = setUp();
    add('a', 500);
    const b = add('b', 500);
    onDue.run = () => {
      onDue.run = () => {};
      equal.stop(b, 500);
      add('c', 500);
      assert.equal(timers.pendingTimers, 1);
    };
    await timers.advance(600);
    assert.equal(timers.pendingTimers, 1);
    await timers.advance(1_400);
    assert.deepEqual(left, ['a 500', 'c 1000']);
    assert.equal(timers.pendingTimers, 0);
  });

  test('one is stopped by what it was given when set, however many went before', async () => {
    const { timers, equal, add, left } = setUp();
    const all: number[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      all.push(add(name, 500));
      await timers.advance(100);
    }
    await timers.advance(250);
    const [, , , d = -1] = all;
    equal.stop(d, 500);
    await timers.advance(500);
    assert.deepEqual(left, ['a 500', 'b 600', 'c 700', 'e 900']);
  });

  test('none is waited for once the last that was not stopped is due', async () => {
    const { timers, equal, add, left } = setUp();
    add('a', 500);
    await timers.advance(100);
    equal.stop(add('b', 500), 500);
    await timers.advance(400);
    assert.deepEqual(left, ['a 500']);
    assert.equal(timers.pendingTimers, 0);
  });

  test('a timer that runs within the millisecond before its time is on time', async () => {
    const { timers, add, left, set } = setUp();
    add('a', 500);
    set(-1);
    await timers.advance(500);
    assert.deepEqual(left, ['a 500']);
  });

  test('closed, it holds no timer and tells nobody', async () => {
    const { timers, equal, add, left } = setUp();
    add('a', 5_000);
    add('b', 32_000);
    equal.close();
    assert.equal(timers.pendingTimers, 0);
    await timers.advance(60_000);
    assert.deepEqual(left, []);
  });
});
