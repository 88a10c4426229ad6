import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addToTimestamp, nextSequence, sequenceDistance, timestampDistance } from './wrap.ts';

describe('wrapping arithmetic', () => {
  it('sequence numbers › distance is the shorter way round', () => {
    assert.equal(sequenceDistance(5, 3), 2);
    assert.equal(sequenceDistance(2, 0xffff), 3);
    assert.equal(sequenceDistance(0xffff, 2), -3);
    assert.equal(sequenceDistance(0x8000, 0), -0x8000);
    assert.equal(nextSequence(0xffff), 0);
  });

  it('timestamps › distance is the shorter way round', () => {
    assert.equal(timestampDistance(100, 0xffffff9c), 200);
    assert.equal(timestampDistance(0xffffff9c, 100), -200);
    assert.equal(addToTimestamp(0xffffffff, 161), 160);
    assert.equal(addToTimestamp(0, 2 ** 40 + 160), 160);
  });
});
