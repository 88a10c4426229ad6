/** Linear audio for tests of detectors: tones as the generator makes them, and silence. 8 kHz. */
import { decodeMulaw } from './g711.ts';
import { ToneGenerator, type ToneSpec } from './tone-generator.ts';

export const silence = (ms: number): Int16Array => new Int16Array(8 * ms);

/** @param ms a multiple of 20. */
export function tone(spec: ToneSpec, ms: number): Int16Array {
  const frame = new Uint8Array(160);
  const generator = new ToneGenerator(spec);
  const frames = Array.from({ length: ms / 20 }, () => {
    generator.fill(frame, 160);
    return [...decodeMulaw(frame)];
  });
  return Int16Array.from(frames.flat());
}

/**
 * A vowel that is drawn out at one pitch, all harmonics of it: as steady as a tone, as a voice sounds.
 *
 * @param harmonics amplitudes of the pitch and its multiples, 1 the loudest.
 */
export function vowel(pitchHz: number, harmonics: readonly number[], ms: number): Int16Array {
  let phase = 0;
  return Int16Array.from({ length: 8 * ms }, (_, n) => {
    // A voice trembles a little, five times a second.
    phase += (2 * Math.PI * pitchHz * (1 + 0.005 * Math.sin((2 * Math.PI * 5 * n) / 8_000))) / 8_000;
    const sound = harmonics.reduce((sum, each, k) => sum + each * Math.sin((k + 1) * phase + k), 0);
    return Math.round(4_000 * Math.min(1, n / 240, (8 * ms - n) / 240) * sound);
  });
}
