import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SteadyClock, Ticker } from './ticker.ts';

/** A clock moved by hand. Timers fire when asked, up to `lateMs` after their time. */
function handClock(): SteadyClock & { at: number; fire(lateMs?: number): void; isArmed(): boolean } {
  let armed: { callback: () => void; dueMs: number } | undefined;
  const clock = {
    at: 1_000.3,
    nowMs: () => clock.at,
    setTimeout: (callback: () => void, delayMs: number) => {
      armed = { callback, dueMs: clock.at + delayMs };
      return armed;
    },
    clearTimeout: (handle: unknown) => {
      if (handle === armed) armed = undefined;
    },
    fire: (lateMs = 0) => {
      const timer = armed;
      assert.ok(timer, 'no timer is armed');
      armed = undefined;
      clock.at = timer.dueMs + lateMs;
      timer.callback();
    },
    isArmed: () => armed !== undefined,
  };
  return clock;
}

describe('ticker', () => {
  it('does not drift, however late each timer is', () => {
    const clock = handClock();
    const seen: number[] = [];
    const ticker = new Ticker(clock, (tick) => seen.push(tick));
    ticker.start();
    for (let n = 0; n < 500; n += 1) clock.fire(n % 7);
    assert.deepEqual(
      seen,
      Array.from({ length: 500 }, (_, n) => n),
    );
    // 500 ticks from the start, whose first is due after 20 ms.
    assert.ok(Math.abs(clock.at - 1_000.3 - 500 * 20) <= 8, `at ${clock.at}`);
    assert.equal(ticker.skipped, 0);
  });

  it('makes up a few ticks after a stall and skips the rest, keeping the beat', () => {
    const clock = handClock();
    const seen: number[] = [];
    const ticker = new Ticker(clock, (tick) => seen.push(tick));
    ticker.start();
    clock.fire();
    clock.fire(1_000);
    clock.fire();
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 51]);
    assert.equal(ticker.skipped, 45);
    assert.ok(Math.abs(clock.at - 1_000.3 - 52 * 20) <= 20);
  });

  it('makes up a short delay without skipping', () => {
    const clock = handClock();
    const seen: number[] = [];
    const ticker = new Ticker(clock, (tick) => seen.push(tick));
    ticker.start();
    clock.fire(65);
    assert.deepEqual(seen, [0, 1, 2, 3]);
    assert.equal(ticker.skipped, 0);
  });

  it('stops, also from within a tick, and goes on with the next number', () => {
    const clock = handClock();
    const seen: number[] = [];
    const ticker: Ticker = new Ticker(clock, (tick) => {
      seen.push(tick);
      if (tick === 1) ticker.stop();
    });
    ticker.start();
    clock.fire();
    clock.fire(70);
    assert.equal(clock.isArmed(), false);
    clock.at += 5_000;
    ticker.start();
    ticker.start();
    clock.fire();
    assert.deepEqual(seen, [0, 1, 2]);
    assert.equal(ticker.skipped, 0);
  });

  it('remembers lateness', () => {
    const clock = handClock();
    const ticker = new Ticker(clock, () => undefined);
    ticker.start();
    clock.fire(0);
    clock.fire(5);
    clock.fire(3);
    const lateness = [...ticker.lateness()];
    assert.equal(lateness.length, 3);
    assert.ok(Math.abs((lateness[1] as number) - 5) <= 1 && Math.abs((lateness[2] as number) - 3) <= 1);
  });
});
