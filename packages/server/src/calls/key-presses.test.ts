// Keys between the one who presses and the one who asks, on virtual time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { KeyPresses } from './key-presses.ts';

const never = new AbortController().signal;

describe('key presses', () => {
  it('are kept in order until someone asks', async () => {
    const keys = new KeyPresses(new VirtualClock());
    for (const digit of '12#*0') keys.pressed(digit);
    assert.equal(await keys.next(1000, never), '1');
    assert.equal(keys.take(), '2');
    assert.deepEqual(keys.drain(), ['#', '*', '0']);
    assert.equal(keys.take(), undefined);
    assert.deepEqual(keys.drain(), []);
  });

  it('reach whoever waits, and are then not kept', async () => {
    const clock = new VirtualClock();
    const keys = new KeyPresses(clock);
    const next = keys.next(1000, never);
    keys.pressed('5');
    keys.pressed('6');
    assert.equal(await next, '5');
    assert.deepEqual(keys.drain(), ['6']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('stay away for exactly as long as was asked', async () => {
    const clock = new VirtualClock();
    const keys = new KeyPresses(clock);
    let got: unknown = 'waiting';
    void keys.next(3000, never).then((key) => {
      got = key;
    });
    await clock.advance(2999);
    assert.equal(got, 'waiting');
    await clock.advance(1);
    assert.equal(got, undefined);
    keys.pressed('7');
    assert.equal(keys.take(), '7', 'a key that comes too late is kept for the next');
  });

  it('are not waited for after an abort, before or while asking', async () => {
    const clock = new VirtualClock();
    const keys = new KeyPresses(clock);
    const stop = new AbortController();
    const next = keys.next(1000, stop.signal);
    stop.abort();
    assert.equal(await next, undefined);
    assert.equal(await keys.next(1000, stop.signal), undefined);
    assert.equal(clock.pendingTimers, 0);
    keys.pressed('8');
    assert.deepEqual(keys.drain(), ['8']);
  });

  it('leave out what is no key of a telephone', () => {
    const keys = new KeyPresses(new VirtualClock());
    for (const digit of ['A', 'D', '12', '', 'x', '1']) keys.pressed(digit);
    assert.deepEqual(keys.drain(), ['1']);
  });

  it('fill no more memory than a stuck key may take', () => {
    const keys = new KeyPresses(new VirtualClock());
    for (let n = 0; n < 10_000; n += 1) keys.pressed('1');
    assert.equal(keys.drain().length, 512);
  });
});
