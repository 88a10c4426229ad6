/**
 * What can be measured of each 20 ms about whether somebody speaks in it: loudness by band against the noise behind, pitch,
 * and what the WebRTC detector says. Levels only, no timbre of anybody's. The voice network judges them.
 */
import { BIN_HZ } from './spectrum.ts';

/** Edges of the bands, Hz: about as wide as the ear's. */
const BAND_EDGES_HZ = [
  125, 250, 375, 500, 625, 750, 900, 1_100, 1_300, 1_550, 1_850, 2_200, 2_600, 3_050, 3_600,
];
const BANDS = BAND_EDGES_HZ.length - 1;
const BAND_BINS = BAND_EDGES_HZ.map((hz) => Math.round(hz / BIN_HZ));

/** Bands above noise, pitch, the WebRTC detector, level, level below the loudest so far; then levels of the bands and how long was heard. */
export const SHAPE_FEATURES = BANDS + 4;
export const LEVEL_FEATURES = BANDS + 1;

const FULL_SCALE_SQUARE = 32_768 * 32_768;
const SILENCE_DB = -96;
/** A band's power is at least this, so that digital silence has a level: −80 dB. */
const LEAST_POWER = FULL_SCALE_SQUARE * 1e-8;

/** The noise of a band is its least smoothed power of the last 0.6 to 1.2 s. */
const SMOOTHING = 0.35;
const FLOOR_FRAMES = 30;

/** Who speaks from the first frame on hides what is behind; after so many frames a pause has shown it. */
const FRAMES_TO_KNOW_NOISE = 50;

/** The loudest voiced sound so far is forgotten by so much a frame, dB. */
const PEAK_FADE_DB = 0.05;
const VOICED = 0.55;

/** Pitch is looked for in 40 ms at 4 kHz: lags of 400 down to 70 Hz. */
const PITCH_SAMPLES = 160;
const SHORTEST_LAG = 10;
const LONGEST_LAG = 57;
/** A multiple of four. */
const LAGS = LONGEST_LAG - SHORTEST_LAG + 1;
/** Quieter frames have no pitch that could be told, dB. */
const PITCH_FROM_DB = -62;

export class VoiceFeatures {
  /** Scaled to about 0 … 1; overwritten by the next frame. */
  readonly shape = new Float32Array(SHAPE_FEATURES);
  readonly levels = new Float32Array(LEVEL_FEATURES);
  /** Root mean square, dB below full scale. */
  levelDb = SILENCE_DB;
  /** Of all bands together, dB below full scale. */
  floorDb = SILENCE_DB;
  /** How periodic the last 40 ms are at the pitches of voices, 0 … 1. */
  periodicity = 0;
  readonly #smooth = new Float64Array(BANDS);
  readonly #least = new Float64Array(BANDS).fill(Number.POSITIVE_INFINITY);
  readonly #leastBefore = new Float64Array(BANDS).fill(Number.POSITIVE_INFINITY);
  readonly #pitch = new Float64Array(PITCH_SAMPLES);
  readonly #products = new Float64Array(LAGS);
  #peakDb = -45;
  #frames = 0;

  /**
   * @param pcm 20 ms of 8 kHz audio.
   * @param power the spectrum of the 32 ms that end with it.
   */
  hear(pcm: Int16Array, power: Float64Array, webRtcSaysSpeech: boolean): void {
    let energy = 0;
    for (let n = 0; n < pcm.length; n += 1) energy += (pcm[n] as number) ** 2;
    this.levelDb = energy === 0 ? SILENCE_DB : 10 * Math.log10(energy / pcm.length / FULL_SCALE_SQUARE);
    this.#remember(pcm);
    this.periodicity = this.levelDb > PITCH_FROM_DB ? this.#periodicity() : 0;
    const isVoiced = this.periodicity >= VOICED && webRtcSaysSpeech;
    this.#peakDb = Math.max(this.#peakDb - PEAK_FADE_DB, isVoiced ? this.levelDb : SILENCE_DB);
    this.#measureBands(power);
    const { shape } = this;
    shape[BANDS] = this.periodicity;
    shape[BANDS + 1] = webRtcSaysSpeech ? 1 : 0;
    shape[BANDS + 2] = Math.max(0, (this.levelDb + 70) / 60);
    shape[BANDS + 3] = Math.min(1.5, Math.max(0, (this.#peakDb - this.levelDb) / 30));
    this.levels[BANDS] = Math.min(1, this.#frames / FRAMES_TO_KNOW_NOISE);
    this.#frames += 1;
  }

  #measureBands(power: Float64Array): void {
    const isTurn = this.#frames % FLOOR_FRAMES === FLOOR_FRAMES - 1;
    let floor = 0;
    for (let band = 0; band < BANDS; band += 1) {
      let sum = LEAST_POWER;
      for (let k = BAND_BINS[band] as number; k < (BAND_BINS[band + 1] as number); k += 1)
        sum += power[k] as number;
      const before = this.#smooth[band] as number;
      const smooth = this.#frames === 0 ? sum : before + SMOOTHING * (sum - before);
      this.#smooth[band] = smooth;
      const least = Math.min(this.#least[band] as number, smooth);
      this.#least[band] = least;
      const noise = Math.min(least, this.#leastBefore[band] as number);
      floor += noise;
      this.shape[band] = Math.min(1.2, Math.max(0, (10 * Math.log10(sum / noise)) / 40));
      this.levels[band] = (10 * Math.log10(sum / FULL_SCALE_SQUARE) + 80) / 60;
      if (isTurn) {
        this.#leastBefore[band] = least;
        this.#least[band] = smooth;
      }
    }
    this.floorDb = 10 * Math.log10(floor / FULL_SCALE_SQUARE);
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
