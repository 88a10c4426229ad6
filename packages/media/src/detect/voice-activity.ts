/**
 * Says of each 20 ms frame whether somebody speaks: the WebRTC detector agrees, the frame stands out of the noise, and
 * the sound around it has a voice's pitch. The WebRTC detector alone calls noise and ringback speech.
 */
import type { WebRtcVad } from './webrtc-vad.ts';

export const FRAME_MS = 20;

export interface VoiceFrame {
  /** Somebody speaks in this frame. */
  isSpeech: boolean;
  /** It has a pitch. */
  isVoiced: boolean;
  /** Root mean square, dB below full scale. */
  levelDb: number;
  /** Steady noise behind, dB below full scale. */
  floorDb: number;
  /** How periodic the last 40 ms are at the pitches of voices, 0 … 1. */
  periodicity: number;
}

export interface VoiceActivityOptions {
  /** Speech is at least this loud, dB below full scale. */
  lowestLevelDb: number;
  /** Speech stands at least so far above the noise, dB. */
  aboveNoiseDb: number;
}

const FULL_SCALE_SQUARE = 32_768 * 32_768;
const SILENCE_DB = -96;

/** Noise is the least level of windows of 200 ms, over the last four. */
const WINDOW_FRAMES = 10;
const WINDOWS = 4;
const FIRST_FLOOR_DB = -62;
/** However loud, this is not taken for a steady noise. */
const HIGHEST_FLOOR_DB = -22;

/** A frame counts as voiced from here on. */
const VOICED = 0.55;

/** After a voiced frame the unvoiced ends of words still count as speech, frames. */
const UNVOICED_AFTER = 5;

/** Below the loudest recent speech by more, a frame is echo or breath, dB. */
const UNDER_PEAK_DB = 26;
/** The peak is forgotten by so much a frame, dB. */
const PEAK_FADE_DB = 0.15;

/** Pitch is looked for in 40 ms at 4 kHz: lags of 400 down to 70 Hz. */
const PITCH_SAMPLES = 160;
const SHORTEST_LAG = 10;
const LONGEST_LAG = 57;
/** A multiple of four. */
const LAGS = LONGEST_LAG - SHORTEST_LAG + 1;

export class VoiceActivity {
  readonly #vad: WebRtcVad;
  readonly #options: VoiceActivityOptions;
  readonly frame: VoiceFrame = {
    isSpeech: false,
    isVoiced: false,
    levelDb: SILENCE_DB,
    floorDb: FIRST_FLOOR_DB,
    periodicity: 0,
  };
  readonly #pitch = new Float64Array(PITCH_SAMPLES);
  readonly #products = new Float64Array(LAGS);
  readonly #windows = new Float64Array(WINDOWS).fill(FIRST_FLOOR_DB);
  #windowLeast = 0;
  #windowFrames = 0;
  #windowVoiced = 0;
  #window = 0;
  #peakDb = SILENCE_DB;
  #sinceVoiced = UNVOICED_AFTER + 1;

  constructor(vad: WebRtcVad, options: VoiceActivityOptions) {
    this.#vad = vad;
    this.#options = options;
  }

  /** Takes 20 ms; the judgement stands in `frame`, which is overwritten by the next. */
  hear(pcm: Int16Array): VoiceFrame {
    const { frame } = this;
    let energy = 0;
    for (let n = 0; n < pcm.length; n += 1) energy += (pcm[n] as number) ** 2;
    const levelDb = energy === 0 ? SILENCE_DB : 10 * Math.log10(energy / pcm.length / FULL_SCALE_SQUARE);
    this.#remember(pcm);
    const webRtcSaysSpeech = this.#vad.isSpeech(pcm);
    const threshold = Math.max(this.#options.lowestLevelDb, frame.floorDb + this.#options.aboveNoiseDb);
    const isLoud = levelDb > threshold && levelDb > this.#peakDb - UNDER_PEAK_DB;
    frame.levelDb = levelDb;
    frame.periodicity = levelDb > threshold - 4 ? this.#periodicity() : 0;
    frame.isVoiced = isLoud && frame.periodicity >= VOICED;
    this.#sinceVoiced = frame.isVoiced ? 0 : this.#sinceVoiced + 1;
    frame.isSpeech = isLoud && webRtcSaysSpeech && this.#sinceVoiced <= UNVOICED_AFTER;
    this.#peakDb = Math.max(this.#peakDb - PEAK_FADE_DB, frame.isVoiced ? levelDb : SILENCE_DB);
    this.#followFloor(levelDb, frame.periodicity >= VOICED);
    return frame;
  }

  #followFloor(levelDb: number, isVoiced: boolean): void {
    this.#windowLeast = this.#windowFrames === 0 ? levelDb : Math.min(this.#windowLeast, levelDb);
    this.#windowFrames += 1;
    if (isVoiced) this.#windowVoiced += 1;
    const { frame } = this;
    if (levelDb < frame.floorDb) frame.floorDb += 0.25 * (Math.max(levelDb, SILENCE_DB) - frame.floorDb);
    if (this.#windowFrames < WINDOW_FRAMES) return;
    // A window full of voice says nothing about what is behind it.
    if (this.#windowVoiced < 3 || this.#windowLeast < frame.floorDb) {
      this.#windows[this.#window] = this.#windowLeast;
      this.#window = (this.#window + 1) % WINDOWS;
      // The first window replaces what was only assumed.
      let least = Number.POSITIVE_INFINITY;
      for (const each of this.#windows) if (each !== FIRST_FLOOR_DB) least = Math.min(least, each);
      frame.floorDb = Math.min(HIGHEST_FLOOR_DB, least);
    }
    this.#windowFrames = 0;
    this.#windowVoiced = 0;
  }

  /** Keeps the last 40 ms at half the rate. */
  #remember(pcm: Int16Array): void {
    const half = pcm.length >> 1;
    this.#pitch.copyWithin(0, half);
    const from = PITCH_SAMPLES - half;
    for (let n = 0; n < half; n += 1) {
      this.#pitch[from + n] = ((pcm[2 * n] as number) + (pcm[2 * n + 1] as number)) / 2;
    }
  }

  /** Largest normalised autocorrelation over the lags of voices. */
  #periodicity(): number {
    const pitch = this.#pitch;
    const length = PITCH_SAMPLES - LONGEST_LAG;
    this.#correlate(length);
    let best = 0;
    let energy = 0;
    let lagged = 0;
    for (let n = 0; n < length; n += 1) energy += (pitch[n] as number) ** 2;
    for (let n = 0; n < length; n += 1) lagged += (pitch[n + SHORTEST_LAG - 1] as number) ** 2;
    for (let lag = SHORTEST_LAG; lag <= LONGEST_LAG; lag += 1) {
      // Halves of integers, so that what is added and taken away leaves no rounding behind.
      lagged += (pitch[lag - 1 + length] as number) ** 2 - (pitch[lag - 1] as number) ** 2;
      const product = this.#products[lag - SHORTEST_LAG] as number;
      if (product <= 0) continue;
      const value = product / Math.sqrt(energy * lagged + 1);
      if (value > best) best = value;
    }
    return best;
  }

  /** Fills the products by lag. Four at a time, since each addition to one sum waits for the one before. */
  #correlate(length: number): void {
    const pitch = this.#pitch;
    for (let lag = SHORTEST_LAG; lag <= LONGEST_LAG; lag += 4) {
      let first = 0;
      let second = 0;
      let third = 0;
      let fourth = 0;
      for (let n = 0; n < length; n += 1) {
        const now = pitch[n] as number;
        first += now * (pitch[n + lag] as number);
        second += now * (pitch[n + lag + 1] as number);
        third += now * (pitch[n + lag + 2] as number);
        fourth += now * (pitch[n + lag + 3] as number);
      }
      const at = lag - SHORTEST_LAG;
      this.#products[at] = first;
      this.#products[at + 1] = second;
      this.#products[at + 2] = third;
      this.#products[at + 3] = fourth;
    }
  }
}
