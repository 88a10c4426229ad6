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
