/**
 * What can be played on a session, and how playing ends.
 */
import { checkTone, type ToneSpec } from './codec/tone-generator.ts';

/** Each source begins on a frame boundary; its last 20 ms frame is filled up with silence. */
export type PlaySource =
  /** A prompt loaded with `loadPrompt`. */
  { prompt: string } | { tone: ToneSpec; durationMs: number } | { silenceMs: number };

/**
 * `finished` after the last frame was sent. `stopped` by the caller's signal, a digit (with `stopOnDigit`), another
 * `play` on the session, or the session's end.
 */
export type PlayOutcome =
  | { kind: 'finished' }
  | { kind: 'stopped'; by: 'signal' | 'digit' | 'replaced' | 'close' };

/** Longest tone or silence in one source, ms (24 h). */
const LONGEST_MS = 86_400_000;

/** @throws {RangeError} when a tone or a length makes no sense. */
export function checkPlaySource(source: PlaySource): void {
  if ('prompt' in source) return;
  const durationMs = 'tone' in source ? source.durationMs : source.silenceMs;
  if (!(durationMs >= 0 && durationMs <= LONGEST_MS)) {
    throw new RangeError(`play length ${durationMs} ms is not in 0 … ${LONGEST_MS}`);
  }
  if ('tone' in source) checkTone(source.tone);
}
