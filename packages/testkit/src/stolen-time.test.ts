// What is read out of /proc/stat, and what is said where there is none.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeStolen, watchStolenTime } from './stolen-time.ts';

const proc = (first: string): string => `${first}\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1\n`;

function watched(...readings: readonly string[]): number | undefined {
  let n = 0;
  return watchStolenTime(() => readings[n++] ?? '')();
}

describe('stolen time', () => {
  it('is the share of steal in all ticks since it is watched, guests not counted twice', () => {
    const before = proc('cpu  100 0 50 800 10 0 0 40 77 0');
    const after = proc('cpu  150 0 60 820 10 0 0 60 99 0');
    assert.equal(watched(before, after), 20 / 100);
    assert.equal(describeStolen(0.2), '20.0 % stolen');
  });

  it('is none where nothing ran, or the kernel counts back', () => {
    const before = proc('cpu  100 0 50 800 10 0 0 40 0 0');
    assert.equal(watched(before, before), 0);
    assert.equal(watched(before, proc('cpu  100 0 50 900 10 0 0 39 0 0')), 0);
  });

  it('is unknown where the kernel does not say', () => {
    for (const text of ['', proc('cpu  1 2 3 4'), 'intr 1\n']) assert.equal(watched(text, text), undefined);
    assert.equal(describeStolen(undefined), 'stolen unknown');
  });
});
