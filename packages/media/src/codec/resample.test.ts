import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rms, toneLevel } from '../detect/goertzel.ts';
import { resample } from './resample.ts';

function sine(hz: number, rate: number, seconds: number): Int16Array {
  return Int16Array.from({ length: rate * seconds }, (_, n) =>
    Math.round(12_000 * Math.sin((2 * Math.PI * hz * n) / rate)),
  );
}

const inner = (pcm: Int16Array): Int16Array => pcm.subarray(400, pcm.length - 400);

describe('resample', () => {
  for (const [from, to] of [
    [16_000, 8_000],
    [22_050, 8_000],
    [44_100, 8_000],
    [48_000, 8_000],
    [8_000, 16_000],
    [11_025, 8_000],
  ] as const) {
    it(`${from} → ${to} Hz › keeps a tone's pitch and level`, () => {
      const output = resample(sine(1_000, from, 0.5), from, to);
      assert.equal(output.length, to / 2);
      const levelDb = 20 * Math.log10(rms(inner(output)) / (12_000 / Math.SQRT2));
      assert.ok(Math.abs(levelDb) < 0.1, `level changed by ${levelDb} dB`);
      assert.ok(toneLevel(inner(output), to, 1_000) > 0.9999);
    });
  }

  it('removes what would fold back into the lower band', () => {
    const output = resample(sine(6_000, 16_000, 0.5), 16_000, 8_000);
    assert.ok(rms(inner(output)) < 12_000 / 1_000, `alias of ${rms(inner(output))}`);
  });

  it('refuses rates that are none', () => {
    assert.throws(() => resample(new Int16Array(8), 0, 8_000), RangeError);
    assert.throws(() => resample(new Int16Array(8), 8_000, Number.NaN), RangeError);
  });
});
