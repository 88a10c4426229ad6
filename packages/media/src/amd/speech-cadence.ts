/**
 * The rhythm of what is said after an answer: when it begins, how long it lasts, where it pauses. Fed with judged frames
 * of 20 ms; its measures are what people and machines are told apart by, whatever their voices.
 */
import { FRAME_MS, type VoiceFrame } from '../detect/voice-activity.ts';

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
  /** Silence since the last speech less what such an utterance makes one expect before the next sentence. */
  unexpectedSilence: number;
  /** How much weaker the end of the last utterance is than its loudest part, dB: sentences fade, calls for an answer do not. */
  fade: number;
}

/** Frames of speech that make it speech and not a click. */
const FRAMES_TO_BEGIN = 4;
const VOICED_TO_BEGIN = 2;

/** A shorter gap belongs to the utterance, ms. */
const GAP_MS = 200;

/** Rise and fall of loudness between syllables, dB. */
const SYLLABLE_DB = 3;

/** Levels looked at for how an utterance ends, frames. */
const ENDING_FRAMES = 6;

export class SpeechCadence {
  readonly measures: CadenceMeasures = {
    speech: 0,
    lastUtterance: 0,
    firstUtterance: 0,
    silence: 0,
    utterances: 0,
    longestPause: 0,
    syllables: 0,
    unexpectedSilence: 0,
    fade: 0,
  };
  #nowMs = 0;
  /** Speech that may turn out to be a click. */
  #runFrames = 0;
  #runVoiced = 0;
  #runStartMs = 0;
  #firstStartMs: number | undefined;
  #utteranceStartMs = 0;
  #lastSpeechEndMs = 0;
  #speechBeforeMs = 0;
  #loudestDb = -96;
  #smoothDb = -96;
  #valleyDb = 0;
  #peakDb = -96;
  #isRising = true;
  readonly #ending = new Float64Array(ENDING_FRAMES);
  #endingAt = 0;

  /** When the first speech began and the last one ended, ms of audio; undefined before anybody spoke. */
  get startedMs(): number | undefined {
    return this.#firstStartMs;
  }

  get endedMs(): number | undefined {
    return this.#firstStartMs === undefined ? undefined : this.#lastSpeechEndMs;
  }

  /** Takes the next 20 ms. */
  hear(frame: VoiceFrame, isTone: boolean): void {
    const startMs = this.#nowMs;
    this.#nowMs += FRAME_MS;
    const isSpeech = frame.isSpeech && !isTone;
    if (isSpeech) this.#speech(startMs, frame);
    else this.#runFrames = Math.max(0, this.#runFrames - 1);
    if (this.#runFrames === 0) this.#runVoiced = 0;
    this.#measure();
  }

  #speech(startMs: number, frame: VoiceFrame): void {
    if (this.#runFrames === 0) this.#runStartMs = startMs;
    this.#runFrames = Math.min(this.#runFrames + 1, 8);
    if (frame.isVoiced) this.#runVoiced += 1;
    const isContinuing = this.#firstStartMs !== undefined && startMs - this.#lastSpeechEndMs < GAP_MS;
    if (!isContinuing && (this.#runFrames < FRAMES_TO_BEGIN || this.#runVoiced < VOICED_TO_BEGIN)) return;
    if (
      this.#firstStartMs === undefined ||
      (!isContinuing && this.#runStartMs - this.#lastSpeechEndMs >= GAP_MS)
    ) {
      this.#beginUtterance();
    }
    this.#lastSpeechEndMs = this.#nowMs;
    this.#followLoudness(frame.levelDb);
  }

  #beginUtterance(): void {
    const { measures } = this;
    if (this.#firstStartMs === undefined) this.#firstStartMs = this.#runStartMs;
    else {
      this.#speechBeforeMs += this.#lastSpeechEndMs - this.#utteranceStartMs;
      measures.longestPause = Math.max(
        measures.longestPause,
        (this.#runStartMs - this.#lastSpeechEndMs) / 1000,
      );
    }
    this.#utteranceStartMs = this.#runStartMs;
    measures.utterances += 1;
    measures.syllables = 0;
    this.#loudestDb = -96;
    this.#smoothDb = -96;
    this.#valleyDb = 0;
    this.#peakDb = -96;
    this.#isRising = true;
  }

  #followLoudness(levelDb: number): void {
    this.#ending[this.#endingAt] = levelDb;
    this.#endingAt = (this.#endingAt + 1) % ENDING_FRAMES;
    this.#loudestDb = Math.max(this.#loudestDb, levelDb);
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
    // Longer sentences are followed by longer pauses, and so are several.
    measures.unexpectedSilence =
      measures.silence - (0.15 + 0.25 * Math.min(2.5, measures.speech) + 0.1 * (measures.utterances - 1));
    let ending = 0;
    for (const levelDb of this.#ending) ending += levelDb;
    measures.fade = this.#loudestDb - ending / ENDING_FRAMES;
  }
}
