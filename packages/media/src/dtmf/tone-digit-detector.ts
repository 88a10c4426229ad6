/**
 * Hears digits in received audio (ITU-T Q.23, Q.24): the Goertzel energies of eight tones in each 20 ms. Listens to a
 * session's evened-out frames; frames that were made up for lost ones say nothing and are passed over.
 */
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import type { Digit } from '../rtp/telephone-event.ts';
import { COLUMNS_HZ, digitAt, ROWS_HZ } from './digit-tones.ts';

const SAMPLE_RATE = 8_000;

const coefficient = (hz: number): number => 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE);
const ROWS = ROWS_HZ.map(coefficient);
const COLUMNS = COLUMNS_HZ.map(coefficient);

/** Weakest tone taken for one, as mean square of its samples: −36 dBm0. */
const WEAKEST = 353 ** 2 / 2;

/** The two tones hold at least this share of the energy; speech and music hold more elsewhere. */
const LEAST_SHARE = 0.55;

/** One tone may be stronger than the other by 9 dB, and must be stronger than the next of its group by 6 dB. */
const MOST_TWIST = 8;
const LEAST_CONTRAST = 4;

/** A digit is one that two of three frames show; it is over after two frames without it. */
const FRAMES_TO_BEGIN = 2;
const FRAMES_TO_END = 2;

export class ToneDigitDetector {
  readonly #heard: (digit: Digit) => void;
  #candidate: Digit | undefined;
  #shown = 0;
  #missed = 0;
  #pressed: Digit | undefined;

  /** @param heard called once for each press, about 40 ms after it began. */
  constructor(heard: (digit: Digit) => void) {
    this.#heard = heard;
  }

  /** Takes the next 20 ms. */
  hear(frame: Int16Array, origin: FrameOrigin): void {
    // What was lost may have been a key held on. Where nothing came, it was let go.
    if (origin === 'concealed' || origin === 'lost') return;
    const digit = digitIn(frame);
    if (this.#pressed !== undefined) {
      this.#missed = digit === this.#pressed ? 0 : this.#missed + 1;
      // Another digit ends this one at once; silence has to last, for one broken frame is no release.
      if (this.#missed >= FRAMES_TO_END || (digit !== undefined && digit !== this.#pressed)) {
        this.#pressed = undefined;
        this.#missed = 0;
      }
    }
    if (this.#pressed === undefined) this.#look(digit);
  }

  #look(digit: Digit | undefined): void {
    if (digit === undefined) {
      this.#missed += 1;
      if (this.#missed > 1) this.#forget();
      return;
    }
    if (digit !== this.#candidate) this.#shown = 0;
    this.#candidate = digit;
    this.#shown += 1;
    this.#missed = 0;
    if (this.#shown < FRAMES_TO_BEGIN) return;
    this.#forget();
    this.#pressed = digit;
    this.#heard(digit);
  }

  #forget(): void {
    this.#candidate = undefined;
    this.#shown = 0;
    this.#missed = 0;
  }
}

/** The digit whose two tones make up the frame, if any do. */
function digitIn(frame: Int16Array): Digit | undefined {
  let energy = 0;
  for (let i = 0; i < frame.length; i += 1) energy += (frame[i] as number) ** 2;
  const mean = energy / frame.length;
  if (mean < WEAKEST) return undefined;
  const row = strongest(frame, ROWS);
  const column = strongest(frame, COLUMNS);
  if (!row || !column) return undefined;
  if (row.power < WEAKEST || column.power < WEAKEST) return undefined;
  if ((row.power + column.power) / mean < LEAST_SHARE) return undefined;
  const twist = row.power / column.power;
  if (twist > MOST_TWIST || twist < 1 / MOST_TWIST) return undefined;
  return digitAt(row.index, column.index);
}

/** The tone of a group that stands out from the others, and its mean square. */
function strongest(
  frame: Int16Array,
  coefficients: readonly number[],
): { index: number; power: number } | undefined {
  let index = 0;
  let power = 0;
  let second = 0;
  coefficients.forEach((factor, at) => {
    const here = powerAt(frame, factor);
    if (here > power) {
      second = power;
      power = here;
      index = at;
    } else if (here > second) second = here;
  });
  return power >= LEAST_CONTRAST * second ? { index, power } : undefined;
}

/** Mean square of the part of the frame that lies at one frequency (Goertzel). */
function powerAt(frame: Int16Array, factor: number): number {
  let previous = 0;
  let before = 0;
  for (let i = 0; i < frame.length; i += 1) {
    const state = (frame[i] as number) + factor * previous - before;
    before = previous;
    previous = state;
  }
  const squared = previous * previous + before * before - factor * previous * before;
  return (2 * squared) / frame.length ** 2;
}
