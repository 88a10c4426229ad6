import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rms, toneLevel } from '../detect/goertzel.ts';
import { decodeMulaw } from './g711.ts';
import { checkTone, ToneGenerator, type ToneSpec } from './tone-generator.ts';

/** Plays a tone frame by frame, as a session does. */
function play(tone: ToneSpec, ms: number): Int16Array {
  const generator = new ToneGenerator(tone);
  const mulaw = new Uint8Array(ms * 8);
  const frame = new Uint8Array(160);
  for (let at = 0; at < mulaw.length; at += 160) {
    generator.fill(frame, 160);
    mulaw.set(frame, at);
  }
  return decodeMulaw(mulaw);
}

describe('tone generator', () => {
  it('sounds at the asked frequency and level, with no break between frames', () => {
    const pcm = play({ frequenciesHz: [1_004], levelDbm0: -10 }, 1_000);
    assert.ok(toneLevel(pcm, 8_000, 1_004) > 0.999);
    // A sine at +3.17 dBm0 has a peak of 32 124.
    const levelDbm0 = 20 * Math.log10((rms(pcm) * Math.SQRT2) / 32_124) + 3.17;
    assert.ok(Math.abs(levelDbm0 + 10) < 0.1, `${levelDbm0} dBm0`);
  });

  it('adds frequencies', () => {
    const pcm = play({ frequenciesHz: [440, 480], levelDbm0: -19 }, 1_000);
    assert.ok(Math.abs(toneLevel(pcm, 8_000, 440) - 0.5) < 0.02);
    assert.ok(Math.abs(toneLevel(pcm, 8_000, 480) - 0.5) < 0.02);
  });

  it('follows a simple cadence to the sample', () => {
    const pcm = play({ frequenciesHz: [1_000], onMs: 105, offMs: 95 }, 400);
    for (const [from, isSound] of [
      [0, true],
      [840, false],
      [1_600, true],
      [2_440, false],
    ] as const) {
      assert.equal(rms(pcm.subarray(from, from + 8)) > 1_000, isSound, `at ${from}`);
    }
    assert.equal(rms(pcm.subarray(840, 1_600)), 0);
    assert.ok(rms(pcm.subarray(832, 840)) > 1_000);
  });

  it('follows a longer cadence, and a step of nothing', () => {
    const pcm = play({ frequenciesHz: [1_000], cadence: [100, 100, 0, 100, 100] }, 800);
    const hundreds = Array.from({ length: 8 }, (_, n) => rms(pcm.subarray(n * 800, n * 800 + 800)) > 0);
    assert.deepEqual(hundreds, [true, false, false, true, true, false, false, true]);
  });

  it('refuses what is no tone', () => {
    for (const tone of [
      { frequenciesHz: [] },
      { frequenciesHz: [4_000] },
      { frequenciesHz: [Number.NaN] },
      { frequenciesHz: [440], levelDbm0: 6 },
      { frequenciesHz: [440], onMs: 0, offMs: 0 },
      { frequenciesHz: [440], cadence: [-5] },
    ]) {
      assert.throws(() => checkTone(tone), RangeError, JSON.stringify(tone));
    }
  });
});
