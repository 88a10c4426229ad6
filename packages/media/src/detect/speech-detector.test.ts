import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { decodeMulaw, encodeMulaw } from '../codec/g711.ts';
import { rms } from './goertzel.ts';
import { SpeechDetector } from './speech-detector.ts';

/** Synthetic speech, "Hello. This is a call about your appointment.", 8 kHz µ-law. */
const speech = decodeMulaw(readFileSync(new URL('../../test/fixtures/speech.ulaw', import.meta.url)));

const silence = (ms: number): Int16Array => new Int16Array(ms * 8);

/** White noise of a level in dB below full scale, the same each time. */
function noise(ms: number, levelDb: number): Int16Array {
  let seed = 7;
  const amplitude = 32_768 * 10 ** (levelDb / 20) * Math.sqrt(3);
  return Int16Array.from({ length: ms * 8 }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round((seed / 2 ** 31 - 1) * amplitude);
  });
}

function mix(a: Int16Array, b: Int16Array): Int16Array {
  return a.map((sample, n) => Math.max(-32_768, Math.min(32_767, sample + (b[n] ?? 0))));
}

function detect(audio: readonly Int16Array[], silenceMs = 500): string[] {
  const heard: string[] = [];
  const detector = new SpeechDetector(silenceMs, (change, ms) => heard.push(`${change} ${ms}`));
  for (const part of audio) {
    const throughMulaw = decodeMulaw(encodeMulaw(part));
    for (let at = 0; at + 160 <= throughMulaw.length; at += 160) {
      detector.hear(rms(throughMulaw.subarray(at, at + 160)) ** 2, 160);
    }
  }
  return heard;
}

describe('speech detector', () => {
  it('finds a sentence between silences, and its end', () => {
    const heard = detect([silence(400), speech, silence(1_200)], 1_000);
    assert.equal(heard.length, 2, heard.join());
    const startMs = Number(heard[0]?.replace('speechStarted ', ''));
    const endMs = Number(heard[1]?.replace('speechEnded ', ''));
    const speechMs = speech.length / 8;
    assert.ok(startMs >= 400 && startMs < 500, `started ${startMs}`);
    assert.ok(endMs > 400 + speechMs - 300 && endMs <= 400 + speechMs + 20, `ended ${endMs}, of ${speechMs}`);
  });

  it('finds it at a quarter of the level, over faint noise', () => {
    const quiet = speech.map((sample) => Math.round(sample / 4));
    const heard = detect([noise(600, -60), mix(quiet, noise(5_000, -60)), noise(1_500, -60)], 1_000);
    assert.deepEqual(
      heard.map((change) => change.split(' ')[0]),
      ['speechStarted', 'speechEnded'],
    );
  });

  it('does not take noise for speech', () => {
    assert.deepEqual(detect([noise(5_000, -60)]), []);
    assert.deepEqual(detect([noise(5_000, -45)]), []);
  });

  it('finds speech over steady background noise once it knows the noise', () => {
    const heard = detect([noise(3_000, -44), mix(speech, noise(5_000, -44)), noise(2_000, -44)], 1_000);
    assert.deepEqual(
      heard.map((change) => change.split(' ')[0]),
      ['speechStarted', 'speechEnded'],
    );
  });

  it('does not take a click for speech', () => {
    assert.deepEqual(detect([silence(500), noise(40, -10), silence(1_000)]), []);
  });

  it('does not take a loud steady sound for silence', () => {
    const heard = detect([silence(100), noise(20_000, -20)]);
    assert.deepEqual(heard, ['speechStarted 100']);
  });

  it('counts gaps as silence', () => {
    const heard: string[] = [];
    const detector = new SpeechDetector(300, (change, ms) => heard.push(`${change} ${ms}`));
    for (let frame = 0; frame < 10; frame += 1) detector.hear(4_000 ** 2, 160);
    detector.skip(2_000);
    assert.deepEqual(heard, ['speechStarted 0']);
    detector.skip(400);
    assert.deepEqual(heard, ['speechStarted 0', 'speechEnded 200']);
  });
});
