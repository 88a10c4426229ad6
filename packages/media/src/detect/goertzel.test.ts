import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rms, toneLevel } from './goertzel.ts';

const sine = (hz: number, amplitude: number): Int16Array =>
  Int16Array.from({ length: 4_000 }, (_, n) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hz * n) / 8_000)),
  );

describe('level measures', () => {
  it('toneLevel › is 1 for the tone itself, whatever its level, and near 0 elsewhere', () => {
    for (const amplitude of [100, 30_000]) {
      assert.ok(toneLevel(sine(700, amplitude), 8_000, 700) > 0.99);
      assert.ok(toneLevel(sine(700, amplitude), 8_000, 1_100) < 0.001);
    }
  });

  it('toneLevel › is 0 for silence and for nothing', () => {
    assert.equal(toneLevel(new Int16Array(100), 8_000, 700), 0);
    assert.equal(toneLevel(new Int16Array(0), 8_000, 700), 0);
  });

  it('rms › is the root of the mean square', () => {
    assert.equal(rms(Int16Array.of(3, -4, 3, -4)), Math.sqrt(12.5));
    assert.equal(rms(new Int16Array(0)), 0);
  });
});
