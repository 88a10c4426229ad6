/** Pure tones for tests of audio: made, and found again in a recording. 8 kHz throughout. */
import { rms, toneLevel } from '@ringback/media';

const sampleRate = 8_000;
/** Windows in which a tone is looked for, ms. */
const windowMs = 50;

export function sineOf(frequencyHz: number, seconds: number): Int16Array {
  return Int16Array.from({ length: seconds * sampleRate }, (_, n) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * frequencyHz * n) / sampleRate)),
  );
}

/** How long a frequency has most of the energy, ms. */
export function sineMs(pcm: Int16Array, frequencyHz: number): number {
  const window = (sampleRate * windowMs) / 1_000;
  let found = 0;
  for (let at = 0; at + window <= pcm.length; at += window) {
    const part = pcm.subarray(at, at + window);
    if (rms(part) > 300 && toneLevel(part, sampleRate, frequencyHz) > 0.8) found += windowMs;
  }
  return found;
}
