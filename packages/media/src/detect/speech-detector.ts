/**
 * Finds where speech begins and ends in a received stream, from frame energy alone and in media time.
 * Fed by a session with the mean square of each packet; knows no packets and no clock.
 */

export type SpeechChange = 'speechStarted' | 'speechEnded';

const SAMPLES_PER_MS = 8;

/** Levels are dB below a square wave at full scale. Room noise and codec idle noise stay below this. */
const LOWEST_THRESHOLD_DB = -42;

/** Speech stands at least this far above the steady noise behind it, dB. */
const ABOVE_FLOOR_DB = 10;

/** Once speaking, weaker sounds (word ends, fricatives) still count, dB below the starting threshold. */
const HYSTERESIS_DB = 4;

/** The floor is never believed to be higher, dB: a loud steady sound must not come to count as silence. */
const HIGHEST_FLOOR_DB = -38;
const LOWEST_FLOOR_DB = -70;
const INITIAL_FLOOR_DB = -60;

/** The floor follows a falling level quickly (share of the difference a frame) and a rising one slowly (dB a second). */
const FLOOR_FALL = 0.2;
const FLOOR_RISE_DB_PER_SECOND = 2;

/** Sound this long makes speech; shorter is a click, ms. */
const SHORTEST_SPEECH_MS = 60;

const FULL_SCALE_SQUARE = 32_768 * 32_768;

export class SpeechDetector {
  readonly #silenceSamples: number;
  readonly #report: (change: SpeechChange, mediaTimeMs: number) => void;
  #position = 0;
  #floorDb = INITIAL_FLOOR_DB;
  #speaking = false;
  #soundSamples = 0;
  #soundStart = 0;
  #lastSoundEnd = 0;

  /**
   * @param silenceMs silence after speech that ends it, ms of media time.
   * @param report called with the change and the media time at which sound began or ended (not when it was noticed).
   */
  constructor(silenceMs: number, report: (change: SpeechChange, mediaTimeMs: number) => void) {
    this.#silenceSamples = silenceMs * SAMPLES_PER_MS;
    this.#report = report;
  }

  /** Media time reached, samples since the first frame. */
  get position(): number {
    return this.#position;
  }

  /** Takes one frame of `samples` samples with the given mean square (linear 16-bit units, squared). */
  hear(meanSquare: number, samples: number): void {
    const start = this.#position;
    this.#position += samples;
    const levelDb = Math.max(LOWEST_FLOOR_DB, 10 * Math.log10(meanSquare / FULL_SCALE_SQUARE));
    const startDb = Math.max(LOWEST_THRESHOLD_DB, this.#floorDb + ABOVE_FLOOR_DB);
    const isSound = levelDb > (this.#speaking ? startDb - HYSTERESIS_DB : startDb);
    this.#followFloor(levelDb, samples);
    if (isSound) this.#sound(start, samples);
    else this.#quiet(samples);
  }

  /** Takes `samples` of a gap: lost packets, or a sender that stays quiet. */
  skip(samples: number): void {
    this.#position += samples;
    this.#quiet(samples);
  }

  /** Moves the media time without judging: back to what the stream says after a guessed gap. */
  moveTo(position: number): void {
    this.#position = position;
    this.#lastSoundEnd = Math.min(this.#lastSoundEnd, position);
  }

  #sound(start: number, samples: number): void {
    if (this.#soundSamples === 0) this.#soundStart = start;
    this.#soundSamples += samples;
    this.#lastSoundEnd = start + samples;
    if (!this.#speaking && this.#soundSamples >= SHORTEST_SPEECH_MS * SAMPLES_PER_MS) {
      this.#speaking = true;
      this.#report('speechStarted', this.#soundStart / SAMPLES_PER_MS);
    }
  }

  #quiet(samples: number): void {
    if (!this.#speaking) {
      // Leaks rather than resets: a syllable broken by one weak frame is still one sound.
      this.#soundSamples = Math.max(0, this.#soundSamples - samples);
      return;
    }
    if (this.#position - this.#lastSoundEnd < this.#silenceSamples) return;
    this.#speaking = false;
    this.#soundSamples = 0;
    this.#report('speechEnded', this.#lastSoundEnd / SAMPLES_PER_MS);
  }

  #followFloor(levelDb: number, samples: number): void {
    if (levelDb < this.#floorDb) {
      this.#floorDb += (levelDb - this.#floorDb) * FLOOR_FALL;
      return;
    }
    const rise = (FLOOR_RISE_DB_PER_SECOND * samples) / (1000 * SAMPLES_PER_MS);
    this.#floorDb = Math.min(HIGHEST_FLOOR_DB, levelDb, this.#floorDb + rise);
  }
}
