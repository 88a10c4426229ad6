/**
 * Synthesises call-progress tones as µ-law frames, with a phase that runs on from frame to frame.
 */
import { LINEAR_TO_MULAW, MULAW_SILENCE } from './g711.ts';

/** A tone of one or more frequencies, steady or interrupted. */
export interface ToneSpec {
  /** 1 … 8 frequencies, each 1 … 3 999 Hz, sounding together. */
  frequenciesHz: readonly number[];
  /** Level of each frequency, dBm0 (ITU-T G.711: full scale is +3.17), −60 … 0. Default −13. */
  levelDbm0?: number;
  /** Length of sound in a simple cadence, ms. Default: steady. */
  onMs?: number;
  /** Length of silence in a simple cadence, ms. Default 0. */
  offMs?: number;
  /** Alternating lengths of sound and silence, ms, repeated; goes before `onMs` and `offMs`. */
  cadence?: readonly number[];
}

const SAMPLE_RATE = 8_000;
const SAMPLES_PER_MS = 8;
const DEFAULT_LEVEL_DBM0 = -13;

/** Peak of a sine at full scale, +3.17 dBm0 in µ-law. */
const FULL_SCALE_PEAK = 32_124;
const FULL_SCALE_DBM0 = 3.17;

/** Longest step of a cadence, ms. */
const LONGEST_STEP_MS = 60_000;

/** @throws {RangeError} that names what a tone may not have. */
export function checkTone(tone: ToneSpec): void {
  const { frequenciesHz, levelDbm0 = DEFAULT_LEVEL_DBM0 } = tone;
  if (frequenciesHz.length < 1 || frequenciesHz.length > 8) {
    throw new RangeError(`a tone has 1 … 8 frequencies, not ${frequenciesHz.length}`);
  }
  for (const hz of frequenciesHz) {
    if (!(hz >= 1 && hz < SAMPLE_RATE / 2))
      throw new RangeError(`tone frequency ${hz} Hz is not in 1 … 3999`);
  }
  if (!(levelDbm0 >= -60 && levelDbm0 <= 0)) {
    throw new RangeError(`tone level ${levelDbm0} dBm0 is not in −60 … 0`);
  }
  const cadence = cadenceOf(tone);
  for (const stepMs of cadence) {
    if (!(stepMs >= 0 && stepMs <= LONGEST_STEP_MS)) {
      throw new RangeError(`cadence step ${stepMs} ms is not in 0 … ${LONGEST_STEP_MS}`);
    }
  }
  if (cadence.length > 32) throw new RangeError(`a cadence has at most 32 steps, not ${cadence.length}`);
  if (cadence.length > 0 && cadence.every((stepMs) => Math.round(stepMs * SAMPLES_PER_MS) === 0)) {
    throw new RangeError('a cadence needs a step longer than nothing');
  }
}

/** Steps of the cadence, sound first, an even number; empty for a steady tone. */
function cadenceOf(tone: ToneSpec): number[] {
  if (tone.cadence && tone.cadence.length > 0) {
    return tone.cadence.length % 2 === 0 ? [...tone.cadence] : [...tone.cadence, 0];
  }
  if (tone.onMs === undefined && tone.offMs === undefined) return [];
  return [tone.onMs ?? 0, tone.offMs ?? 0];
}

export class ToneGenerator {
  readonly #cadence: readonly number[];
  readonly #steps: Float64Array;
  readonly #phases: Float64Array;
  readonly #amplitude: number;
  readonly #mix = new Float64Array(160);
  #step = 0;
  #leftInStep: number;

  constructor(tone: ToneSpec) {
    checkTone(tone);
    this.#cadence = cadenceOf(tone).map((stepMs) => Math.round(stepMs * SAMPLES_PER_MS));
    this.#steps = Float64Array.from(tone.frequenciesHz, (hz) => (2 * Math.PI * hz) / SAMPLE_RATE);
    this.#phases = new Float64Array(this.#steps.length);
    const level = tone.levelDbm0 ?? DEFAULT_LEVEL_DBM0;
    this.#amplitude = FULL_SCALE_PEAK * 10 ** ((level - FULL_SCALE_DBM0) / 20);
    this.#leftInStep = this.#cadence[0] ?? Number.POSITIVE_INFINITY;
    this.#skipEmptySteps();
  }

  /** Fills `frame[0 … samples)` with µ-law, at most 160 samples. */
  fill(frame: Uint8Array, samples: number): void {
    let at = 0;
    while (at < samples) {
      const run = Math.min(samples - at, this.#leftInStep);
      if (this.#step % 2 === 0) this.#sound(frame, at, run);
      else frame.fill(MULAW_SILENCE, at, at + run);
      at += run;
      this.#leftInStep -= run;
      if (this.#leftInStep === 0) {
        this.#nextStep();
        this.#skipEmptySteps();
      }
    }
  }

  /** Back to the beginning of the cadence. */
  rewind(): void {
    this.#step = 0;
    this.#leftInStep = this.#cadence[0] ?? Number.POSITIVE_INFINITY;
    this.#phases.fill(0);
    this.#skipEmptySteps();
  }

  #nextStep(): void {
    this.#step = (this.#step + 1) % this.#cadence.length;
    this.#leftInStep = this.#cadence[this.#step] as number;
  }

  #skipEmptySteps(): void {
    // checkTone saw to it that some step is not empty.
    while (this.#leftInStep === 0) this.#nextStep();
  }

  #sound(frame: Uint8Array, start: number, samples: number): void {
    const mix = this.#mix.fill(0, 0, samples);
    for (let tone = 0; tone < this.#steps.length; tone += 1) {
      const step = this.#steps[tone] as number;
      const phase = this.#phases[tone] as number;
      // sin(φ + nω) by recurrence, started exactly in each frame so that errors cannot grow.
      const coefficient = 2 * Math.cos(step);
      let current = Math.sin(phase);
      let previous = Math.sin(phase - step);
      for (let i = 0; i < samples; i += 1) {
        mix[i] = (mix[i] as number) + current;
        const next = coefficient * current - previous;
        previous = current;
        current = next;
      }
      this.#phases[tone] = (phase + samples * step) % (2 * Math.PI);
    }
    for (let i = 0; i < samples; i += 1) {
      const sample = Math.round((mix[i] as number) * this.#amplitude);
      const clipped = Math.max(-32_768, Math.min(32_767, sample));
      frame[start + i] = LINEAR_TO_MULAW[clipped & 0xffff] as number;
    }
  }
}
