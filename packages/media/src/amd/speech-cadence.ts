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
  /**
   * The same silence, by what it follows: a syllable (under 0.3 s of speech so far), a word (0.55 s), a phrase (1.1 s), or
   * more. The others are 0. What half a second of silence means depends on it.
   */
  silenceAfterSyllable: number;
  silenceAfterWord: number;
  silenceAfterPhrase: number;
  silenceAfterSentence: number;
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
    silenceAfterSyllable: 0,
    silenceAfterWord: 0,
    silenceAfterPhrase: 0,
    silenceAfterSentence: 0,
    fade: 0,
  };
  #nowMs: number;
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

  /** @param nowMs audio that went before, ms. */
  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

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
    const { speech, silence } = measures;
    measures.silenceAfterSyllable = speech < 0.3 ? silence : 0;
    measures.silenceAfterWord = speech >= 0.3 && speech < 0.55 ? silence : 0;
    measures.silenceAfterPhrase = speech >= 0.55 && speech < 1.1 ? silence : 0;
    measures.silenceAfterSentence = speech >= 1.1 ? silence : 0;
    let ending = 0;
    for (const levelDb of this.#ending) ending += levelDb;
    measures.fade = this.#loudestDb - ending / ENDING_FRAMES;
  }
}
