/**
 * Fills lost frames of G.711 from what was heard before, by repeating pitch periods (ITU-T G.711 Appendix I).
 * Sits behind the jitter buffer; costs a copy a frame until a frame is missing.
 *
 * Departs from the appendix in one place: it delays nothing. Where the appendix holds 3.75 ms back to blend into the
 * first repeated period, the step at the seam is faded out instead.
 */

/** Samples in a frame of 20 ms. */
const FRAME = 160;

/** What is remembered: three frames, a little more than the appendix's 48.75 ms. */
const HISTORY = 480;

/** Pitch periods searched, samples: 200 Hz … 66 Hz. */
const SHORTEST_PITCH = 40;
const LONGEST_PITCH = 120;

/** Samples compared in the pitch search, 20 ms. */
const COMPARED = 160;

/** The appendix works in steps of 10 ms. */
const STEP = 80;

/** Steps until nothing is left of the repeated sound: 60 ms. */
const LAST_STEP = 6;

/** Loss of level in each step after the first. */
const FADE_PER_STEP = 0.2;

/** Blending into the first good frame: 4 ms, and 4 ms longer for each further step that was lost, 10 ms at most. */
const BLEND_SAMPLES = 32;
const LONGEST_BLEND = 80;

export class PacketLossConcealment {
  readonly #history = new Uint8Array(HISTORY);
  readonly #toLinear: Int16Array;
  /** The decoded history of the loss under way, with room for nothing else. */
  #past = new Float64Array(0);
  #pitch = 0;
  #periods = 1;
  #offset = 0;
  #stepsLost = 0;
  /** How far the first repeated sample stands off the last heard one. */
  #seam = 0;

  /** @param toLinear the table of the law in which frames come. */
  constructor(toLinear: Int16Array) {
    this.#toLinear = toLinear;
  }

  /** Lost so far in the gap under way, ms. */
  get lostMs(): number {
    return this.#stepsLost * 10;
  }

  /** Nothing but silence is left to repeat. */
  get isSilent(): boolean {
    return this.#stepsLost >= LAST_STEP;
  }

  /** Takes the coded frame that is played now, after `recover` where a gap ends. */
  heard(frame: Uint8Array): void {
    this.#history.copyWithin(0, FRAME);
    this.#history.set(frame, HISTORY - FRAME);
    this.#stepsLost = 0;
  }

  /** Makes up the next 160 samples, linear. */
  conceal(frame: Int16Array): void {
    if (this.#stepsLost === 0) this.#begin();
    for (let start = 0; start < FRAME; start += STEP) this.#fillStep(frame, start);
  }

  /** Blends the made-up sound into the first good samples after a gap, in place. */
  recover(frame: Int16Array): void {
    const samples = Math.min(LONGEST_BLEND, BLEND_SAMPLES + 32 * Math.max(0, this.#stepsLost - 1));
    const level = this.#level(this.#stepsLost, 0);
    for (let i = 0; i < samples; i += 1) {
      const share = (i + 1) / (samples + 1);
      frame[i] = Math.round((frame[i] as number) * share + this.#next() * level * (1 - share));
    }
  }

  /** Forgets what was heard: another source. */
  restart(): void {
    this.#history.fill(0);
    this.#stepsLost = 0;
    this.#pitch = 0;
    this.#past = new Float64Array(0);
  }

  #begin(): void {
    if (this.#past.length === 0) this.#past = new Float64Array(HISTORY);
    for (let i = 0; i < HISTORY; i += 1) this.#past[i] = this.#toLinear[this.#history[i] as number] as number;
    this.#pitch = pitchOf(this.#past);
    this.#periods = 1;
    this.#offset = 0;
    this.#seam = (this.#past[HISTORY - 1] as number) - (this.#past[HISTORY - 1 - this.#pitch] as number);
  }

  #fillStep(frame: Int16Array, start: number): void {
    const step = this.#stepsLost;
    this.#stepsLost += 1;
    if (step >= LAST_STEP) {
      frame.fill(0, start, start + STEP);
      return;
    }
    const quarter = this.#pitch >> 2;
    // More periods are repeated in the second and third step: one alone soon sounds like a buzzer.
    const tail = step === 1 || step === 2 ? this.#tail(quarter) : undefined;
    if (tail) {
      this.#periods += 1;
      this.#offset %= this.#periods * this.#pitch;
    }
    for (let i = 0; i < STEP; i += 1) {
      let sample = this.#next();
      if (tail && i < quarter) {
        const share = (i + 1) / (quarter + 1);
        sample = sample * share + (tail[i] as number) * (1 - share);
      }
      if (step === 0 && i < quarter) sample += this.#seam * (1 - (i + 1) / (quarter + 1));
      const value = Math.round(sample * this.#level(step, i));
      frame[start + i] = Math.max(-32_768, Math.min(32_767, value));
    }
  }

  /** The next samples as they would go on with as many periods as now. */
  #tail(samples: number): Float64Array {
    const offset = this.#offset;
    const tail = new Float64Array(samples);
    for (let i = 0; i < samples; i += 1) tail[i] = this.#next();
    this.#offset = offset;
    return tail;
  }

  #next(): number {
    const length = this.#periods * this.#pitch;
    if (length === 0) return 0;
    const sample = this.#past[HISTORY - length + this.#offset] as number;
    this.#offset = (this.#offset + 1) % length;
    return sample;
  }

  #level(step: number, sample: number): number {
    if (step >= LAST_STEP) return 0;
    return step === 0 ? 1 : Math.max(0, 1 - FADE_PER_STEP * (step - 1 + sample / STEP));
  }
}

/** The lag at which the last 20 ms are most like what came before. */
function pitchOf(past: Float64Array): number {
  let best = LONGEST_PITCH;
  let bestLikeness = Number.NEGATIVE_INFINITY;
  const start = past.length - COMPARED;
  for (let lag = SHORTEST_PITCH; lag <= LONGEST_PITCH; lag += 1) {
    let product = 0;
    let energy = 1;
    for (let i = start; i < past.length; i += 1) {
      const before = past[i - lag] as number;
      product += (past[i] as number) * before;
      energy += before * before;
    }
    const likeness = product / Math.sqrt(energy);
    if (likeness > bestLikeness) {
      bestLikeness = likeness;
      best = lag;
    }
  }
  return best;
}
