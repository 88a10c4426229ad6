// The waiting room of transactions: exact times, one timer for each length, and a clock that is set meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { Clock } from '../clock.ts';
import { Lingering } from './lingering.ts';

function setUp() {
  const timers = new VirtualClock({ startMs: 1_000_000 });
  let setAheadMs = 0;
  const clock: Clock = {
    now: () => timers.now() + setAheadMs,
    setTimeout: timers.setTimeout,
    clearTimeout: timers.clearTimeout,
  };
  const lingering = new Lingering(clock);
  const left: string[] = [];
  return {
    timers,
    lingering,
    left,
    set: (aheadMs: number) => {
      setAheadMs = aheadMs;
    },
    add: (name: string, delayMs: number) => {
      const lingered = (): void => {
        left.push(`${name} ${timers.now() - 1_000_000}`);
      };
      lingering.add({ lingered }, delayMs);
    },
  };
}

describe('lingering', () => {
  test('each leaves after its own time, to the millisecond', async () => {
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
    test(`a clock set by ${aheadMs / 1_000} s changes nothing for those who came before`, async () => {
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

  test('closed, it holds no timer and tells nobody', async () => {
    const { timers, lingering, add, left } = setUp();
    add('a', 5_000);
    add('b', 32_000);
    lingering.close();
    assert.equal(timers.pendingTimers, 0);
    await timers.advance(60_000);
    assert.deepEqual(left, []);
  });
});
