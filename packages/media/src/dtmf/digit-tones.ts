/**
 * The pairs of tones that stand for keys (ITU-T Q.23), for sending and for hearing digits in the audio itself.
 */
import type { Digit } from '../rtp/telephone-event.ts';

export const ROWS_HZ = [697, 770, 852, 941] as const;
export const COLUMNS_HZ = [1_209, 1_336, 1_477, 1_633] as const;

const KEYS: readonly (readonly Digit[])[] = [
  ['1', '2', '3', 'A'],
  ['4', '5', '6', 'B'],
  ['7', '8', '9', 'C'],
  ['*', '0', '#', 'D'],
];

/** Level of each tone that we send, dBm0: a little under the −4 … −9 that telephones send together. */
export const TONE_LEVEL_DBM0 = -9;

export function digitAt(row: number, column: number): Digit {
  return KEYS[row]?.[column] as Digit;
}

/** The two frequencies of a key, Hz. */
export function tonesOf(digit: Digit): readonly [number, number] {
  const row = KEYS.findIndex((keys) => keys.includes(digit));
  const column = KEYS[row]?.indexOf(digit) ?? 0;
  return [ROWS_HZ[row] as number, COLUMNS_HZ[column] as number];
}
