// How long SIP stays open for the last words of its calls, on virtual time.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { sayLastWords } from './last-words.ts';

function waitFor(left: { dialogs: number; pendingCalls: number }) {
  const clock = new VirtualClock({ startMs: 0 });
  let isOver = false;
  const over = sayLastWords({ activity: left }, clock).then(() => {
    isOver = true;
  });
  return { clock, over, isOver: () => isOver };
}

describe('last words', () => {
  it('cost no time where nothing is left to say', async () => {
    const { clock, over } = waitFor({ dialogs: 0, pendingCalls: 0 });
    await over;
    assert.deepEqual([clock.now(), clock.pendingTimers], [0, 0]);
  });

  it('are waited for until BYE and CANCEL were answered', async () => {
    const left = { dialogs: 1, pendingCalls: 1 };
    const { clock, isOver } = waitFor(left);
    await clock.advance(1_000);
    left.pendingCalls = 0;
    await clock.advance(1_000);
    assert.equal(isOver(), false);
    left.dialogs = 0;
    await clock.advance(100);
    assert.equal(isOver(), true);
  });

  it('are not waited for longer than four seconds', async () => {
    const { clock, isOver } = waitFor({ dialogs: 1, pendingCalls: 0 });
    await clock.advance(3_900);
    assert.equal(isOver(), false);
    await clock.advance(200);
    assert.equal(isOver(), true);
    assert.equal(clock.pendingTimers, 0);
  });
});
