import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PressedOnce } from './pressed-once.ts';

describe('pressed once', () => {
  it('takes the same key by another method for the same press, in whatever order the methods come', () => {
    const keys = new PressedOnce();
    assert.equal(keys.isNew('5', 'tones', 0), true);
    assert.equal(keys.isNew('5', 'telephone-event', 20), false);
    assert.equal(keys.isNew('5', 'info', 900), false);
  });

  it('takes a key pressed twice for two, also where all copies come after both', () => {
    const keys = new PressedOnce();
    const presses = [
      keys.isNew('1', 'telephone-event', 0),
      keys.isNew('1', 'telephone-event', 300),
      keys.isNew('1', 'info', 350),
      keys.isNew('1', 'info', 600),
      keys.isNew('1', 'info', 900),
    ];
    assert.deepEqual(presses, [true, true, false, false, true]);
  });

  it('takes another key, or one much later, for a press of its own', () => {
    const keys = new PressedOnce();
    assert.equal(keys.isNew('1', 'telephone-event', 0), true);
    assert.equal(keys.isNew('2', 'info', 10), true);
    assert.equal(keys.isNew('1', 'info', 5_000), true);
  });
});
