// Tests of virtual time: order, cancellation, nested timers, promises between timers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NeverSettled, VirtualClock } from './virtual-clock.ts';

describe('virtual clock', () => {
  test('runs timers by due time, then by creation, and stops at the target', async () => {
    const clock = new VirtualClock({ startMs: 1_000 });
    const ran: string[] = [];
    clock.setTimeout(() => ran.push(`c@${clock.now()}`), 30);
    clock.setTimeout(() => ran.push(`a@${clock.now()}`), 10);
    clock.setTimeout(() => ran.push(`b@${clock.now()}`), 10);
    clock.setTimeout(() => ran.push(`late@${clock.now()}`), 31);
    await clock.advance(30);
    assert.deepEqual(ran, ['a@1010', 'b@1010', 'c@1030']);
    assert.equal(clock.now(), 1_030);
    assert.equal(clock.pendingTimers, 1);
    assert.equal(clock.nextDueMs, 1_031);
  });

  test('finishes promise reactions of one timer before the next timer', async () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.setTimeout(async () => {
      for (let turn = 0; turn < 50; turn++) await undefined;
      ran.push('reaction');
    }, 1);
    clock.setTimeout(() => ran.push('second timer'), 1);
    await clock.advance(1);
    assert.deepEqual(ran, ['reaction', 'second timer']);
  });

  test('runs timers that are set by timers within the same advance', async () => {
    const clock = new VirtualClock({ startMs: 0 });
    const at: number[] = [];
    const tick = () => {
      at.push(clock.now());
      clock.setTimeout(tick, 500);
    };
    clock.setTimeout(tick, 500);
    await clock.advance(2_000);
    assert.deepEqual(at, [500, 1_000, 1_500, 2_000]);
  });

  test('never runs a cleared timer, and clearing twice or after the run is harmless', async () => {
    const clock = new VirtualClock();
    let runs = 0;
    const cleared = clock.setTimeout(() => runs++, 5);
    const ran = clock.setTimeout(() => runs++, 1);
    clock.clearTimeout(cleared);
    clock.clearTimeout(cleared);
    await clock.advance(10);
    clock.clearTimeout(ran);
    clock.clearTimeout(undefined);
    assert.equal(runs, 1);
    assert.equal(clock.pendingTimers, 0);
  });

  test('keeps order among thousands of random timers', async () => {
    const clock = new VirtualClock({ startMs: 0 });
    const due: number[] = [];
    for (let index = 0; index < 3_000; index++) {
      const delayMs = (index * 7_919) % 1_009;
      clock.setTimeout(() => due.push(clock.now()), delayMs);
    }
    await clock.advance(1_009);
    assert.equal(due.length, 3_000);
    assert.deepEqual(
      due,
      [...due].sort((one, other) => one - other),
    );
  });

  test('settle moves time just far enough, and says when it never will', async () => {
    const clock = new VirtualClock({ startMs: 0 });
    const value = new Promise<string>((resolve) => clock.setTimeout(() => resolve('done'), 32_000));
    assert.equal(await clock.settle(value), 'done');
    assert.equal(clock.now(), 32_000);
    await assert.rejects(clock.settle(new Promise(() => {}), 1_000), NeverSettled);
  });

  test('an exception in a timer fails the test that advances', async () => {
    const clock = new VirtualClock();
    clock.setTimeout(() => {
      throw new Error('from a timer');
    }, 1);
    await assert.rejects(clock.advance(1), /from a timer/);
  });
});
