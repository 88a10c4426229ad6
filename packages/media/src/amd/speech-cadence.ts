/**
 * The rhythm of what is said after an answer: when it begins, how long it lasts, where it pauses. Fed with judged frames
 * of 20 ms; its measures are what people and machines are told apart by, whatever their voices.
 */
import { FRAME_MS, type VoiceFrame } from '../detect/voice-activity.ts';
import type { AmdSettings } from './amd-settings.ts';
import { Foreground } from './foreground.ts';

/** Measures at one moment. Times in seconds. */
export interface CadenceMeasures {
  /** Speech so far, short gaps within it included. */
  speech: number;
  /** The utterance that is being spoken or was spoken last. */
  lastUtterance: number;
  firstUtterance: number;
  /** Silence since the last speech; 0 while somebody speaks. */
  silence: number;
  /** Stretches of speech with 0.2 s and more between them. */
  utterances: number;
  /** Longest silence between two utterances. */
  longestPause: number;
  /** Peaks of loudness in the last utterance, about its syllables. */
  syllables: number;
  /**
   * How much louder this silence is than the one before the first word, dB. A recording brings the noise of its room, and
   * keeps it while it pauses; a person's line falls back to what it was.
   */
  noiseAdded: number;
  /** When the first speech began after the answer, 0.2 … 0.9: who was waited for longer is known no better. */
  onset: number;
}

/**
 * It is speech, and not a click, once the log-odds of its frames sum up to so much. One frame adds `MOST_OF_A_FRAME` at
 * most, and what is no speech takes at least 1 away.
 */
const ENOUGH_TO_BEGIN = 4;
const MOST_OF_A_FRAME = 3;
const LEAST_OF_SPEECH = 0.5;
const MOST_OF_ALL = 12;

/** A shorter gap belongs to the utterance, ms. */
const GAP_MS = 200;

/** Rise and fall of loudness between syllables, dB. */
const SYLLABLE_DB = 3;

/** Where an onset stops to tell, s. */
const EARLIEST_ONSET = 0.2;
const LATEST_ONSET = 0.9;

/** Levels looked at for the noise before the first word and in a silence, frames; a silence is at least so old, s. */
const FRAMES_BEFORE = 6;
const FRAMES_SINCE = 4;
const NOISE_FROM = 0.1;
/** Fainter is silence, dB below full scale. */
const LEAST_NOISE_DB = -72;

/**
 * Sound that was there from the answer on hides what is behind it, so that nobody can say whether it is speech. If it falls
 * off by so much, dB, within so long, and might have been speech by its log-odds, it was: the answer cut off its beginning.
 */
const OPENING_FALL_DB = 20;
const LONGEST_OPENING_FRAMES = 35;
const SHORTEST_OPENING_FRAMES = 3;
const LEAST_OPENING_ODDS = -2;

export class SpeechCadence {
  readonly measures: CadenceMeasures = {
    speech: 0,
    lastUtterance: 0,
    firstUtterance: 0,
    silence: 0,
    utterances: 0,
    longestPause: 0,
    syllables: 0,
    noiseAdded: 0,
    onset: 0,
  };
  #nowMs: number;
  /** Evidence for speech that may turn out to be a click. */
  #evidence = 0;
  #runStartMs = 0;
  #firstStartMs: number | undefined;
  #utteranceStartMs = 0;
  #lastSpeechEndMs = 0;
  #speechBeforeMs = 0;
  #smoothDb = -96;
  #valleyDb = 0;
  #peakDb = -96;
  #isRising = true;
  /** What was heard from the answer on, until it fell off. */
  #opening: { frames: number; levels: number; logOdds: number } | undefined;
  readonly #foreground: Foreground;
  readonly #before = new RecentLevels(FRAMES_BEFORE);
  readonly #since = new RecentLevels(FRAMES_SINCE);

  /** @param nowMs audio that went before, ms. */
  constructor({ behindDb }: Pick<AmdSettings, 'behindDb'>, nowMs = 0) {
    this.#foreground = new Foreground(behindDb);
    this.#nowMs = nowMs;
    if (nowMs === 0) this.#opening = { frames: 0, levels: 0, logOdds: 0 };
  }

  /** When the first speech began and the last one ended, ms of audio; undefined before anybody spoke. */
  get startedMs(): number | undefined {
    return this.#firstStartMs;
  }

  get endedMs(): number | undefined {
    return this.#firstStartMs === undefined ? undefined : this.#lastSpeechEndMs;
  }

  /** Takes the next 20 ms. */
  hear(frame: VoiceFrame): void {
    const startMs = this.#nowMs;
    this.#nowMs += FRAME_MS;
    if (this.#opening) this.#hearOpening(this.#opening, startMs, frame);
    const isBefore = this.#firstStartMs === undefined && this.#evidence === 0 && !frame.isSpeech;
    if (isBefore) this.#before.add(Math.max(LEAST_NOISE_DB, frame.levelDb));
    this.#since.add(Math.max(LEAST_NOISE_DB, frame.levelDb));
    if (this.#isOfForeground(startMs, frame)) this.#speech(startMs, frame);
    else this.#evidence = Math.max(0, this.#evidence + clamp(frame.logOdds, -MOST_OF_A_FRAME, -1));
    this.#measure();
  }

  /** Before anybody spoke nobody can be behind. */
  #isOfForeground(startMs: number, frame: VoiceFrame): boolean {
    const isBeginning = startMs - this.#lastSpeechEndMs >= GAP_MS;
    const isOwn = this.#foreground.hear(frame, isBeginning);
    return this.#firstStartMs === undefined ? frame.isSpeech : isOwn;
  }

  #speech(startMs: number, { logOdds, levelDb }: VoiceFrame): void {
    if (this.#evidence === 0) this.#runStartMs = startMs;
    this.#evidence = Math.min(MOST_OF_ALL, this.#evidence + clamp(logOdds, LEAST_OF_SPEECH, MOST_OF_A_FRAME));
    const isContinuing = this.#firstStartMs !== undefined && startMs - this.#lastSpeechEndMs < GAP_MS;
    if (!isContinuing) {
      if (this.#evidence < ENOUGH_TO_BEGIN) return;
      if (this.#firstStartMs === undefined || this.#runStartMs - this.#lastSpeechEndMs >= GAP_MS)
        this.#beginUtterance();
    }
    this.#lastSpeechEndMs = this.#nowMs;
    this.#followLoudness(levelDb);
  }

  #hearOpening(
    opening: { frames: number; levels: number; logOdds: number },
    startMs: number,
    { levelDb, logOdds }: VoiceFrame,
  ): void {
    const { frames } = opening;
    const hasFallen = frames > 0 && levelDb < opening.levels / frames - OPENING_FALL_DB;
    if (hasFallen || frames >= LONGEST_OPENING_FRAMES || this.#firstStartMs !== undefined) {
      this.#opening = undefined;
      const isSpeech = frames >= SHORTEST_OPENING_FRAMES && opening.logOdds / frames >= LEAST_OPENING_ODDS;
      if (!hasFallen || !isSpeech || this.#firstStartMs !== undefined) return;
      this.#runStartMs = 0;
      this.#beginUtterance();
      this.#lastSpeechEndMs = startMs;
      return;
    }
    opening.frames += 1;
    opening.levels += levelDb;
    opening.logOdds += logOdds;
  }

  #beginUtterance(): void {
    const { measures } = this;
    if (this.#firstStartMs === undefined) {
      this.#firstStartMs = this.#runStartMs;
      measures.onset = clamp(this.#runStartMs / 1000, EARLIEST_ONSET, LATEST_ONSET);
    } else {
      this.#speechBeforeMs += this.#lastSpeechEndMs - this.#utteranceStartMs;
      const pause = (this.#runStartMs - this.#lastSpeechEndMs) / 1000;
      measures.longestPause = Math.max(measures.longestPause, pause);
    }
    this.#utteranceStartMs = this.#runStartMs;
    measures.utterances += 1;
    measures.syllables = 0;
    this.#smoothDb = -96;
    this.#valleyDb = 0;
    this.#peakDb = -96;
    this.#isRising = true;
  }

  #followLoudness(levelDb: number): void {
    this.#smoothDb = this.#smoothDb === -96 ? levelDb : this.#smoothDb + 0.5 * (levelDb - this.#smoothDb);
    if (this.#isRising) {
      this.#peakDb = Math.max(this.#peakDb, this.#smoothDb);
      if (this.#smoothDb < this.#peakDb - SYLLABLE_DB) {
        this.measures.syllables += 1;
        this.#isRising = false;
        this.#valleyDb = this.#smoothDb;
      }
      return;
    }
    this.#valleyDb = Math.min(this.#valleyDb, this.#smoothDb);
    if (this.#smoothDb > this.#valleyDb + SYLLABLE_DB) {
      this.#isRising = true;
      this.#peakDb = this.#smoothDb;
    }
  }

  #measure(): void {
    if (this.#firstStartMs === undefined) return;
    const { measures } = this;
    const utteranceMs = this.#lastSpeechEndMs - this.#utteranceStartMs;
    measures.lastUtterance = utteranceMs / 1000;
    if (measures.utterances === 1) measures.firstUtterance = measures.lastUtterance;
    measures.speech = (this.#speechBeforeMs + utteranceMs) / 1000;
    measures.silence = (this.#nowMs - this.#lastSpeechEndMs) / 1000;
    const isComparable = measures.silence >= NOISE_FROM && this.#before.isFull;
    measures.noiseAdded = isComparable ? clamp(this.#since.mean - this.#before.mean, -20, 30) : 0;
  }
}

/** Mean of the last few levels. */
class RecentLevels {
  readonly #levels: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#levels = new Float64Array(size);
  }

  get isFull(): boolean {
    return this.#count >= this.#levels.length;
  }

  get mean(): number {
    let sum = 0;
    for (const level of this.#levels) sum += level;
    return sum / this.#levels.length;
  }

  add(levelDb: number): void {
    this.#levels[this.#count % this.#levels.length] = levelDb;
    this.#count += 1;
  }
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));
