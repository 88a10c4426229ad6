/**
 * What tones mean: beep, special information tones, busy, reorder, ringback, fax. Takes the stretches of a ToneTracker;
 * knows the plans of ITU-T E.180, T.30 and Telcordia SR-2275.
 */
import type { OngoingTone, ToneStretch } from './tone-tracker.ts';

/** Why a call did not go through, as its special information tones tell. */
export type SitCause = 'no circuit' | 'intercept' | 'reorder' | 'vacant code';

/** `atMs` is the end of the tone in the audio, ms; for `sit` and `fax` where it could be told. */
export type ToneSignal =
  | {
      readonly kind: 'beep';
      readonly startMs: number;
      readonly endMs: number;
      readonly frequenciesHz: readonly number[];
    }
  | { readonly kind: 'sit'; readonly startMs: number; readonly endMs: number; readonly cause: SitCause }
  | { readonly kind: 'fax'; readonly startMs: number; readonly endMs: number; readonly tone: 'CNG' | 'CED' }
  | { readonly kind: 'busy' | 'reorder'; readonly startMs: number; readonly endMs: number }
  | { readonly kind: 'ringback'; readonly startMs: number; readonly endMs: number };

/** A beep's frequency and length: what voicemail systems use, with some room. */
const BEEP_HZ = [340, 2_140] as const;
const BEEP_MS = [80, 1_700] as const;

/** How much its frequency rises out of what is before and after, and how much weaker all else there is, dB. */
const BEEP_EDGE_DB = 9;
const BEEP_ALONE_DB = 6;

/**
 * A beep that fades, as a bell does or in the echo of a room, moves in level, but holds its frequency within so much, Hz, as no voice does: its
 * level counts as if it moved by so much at most, dB. Where nobody spoke, it may be the network's tone with an echo.
 */
const FADING_SPREAD_HZ = 1;
const FADING_SPREAD_DB = 3;

/** T.30: CED is 2,100 Hz ± 15 for 2.6 to 4 s, CNG 1,100 Hz ± 38 for 0.5 s every 3 s. */
const CED_HZ = [2_075, 2_125] as const;
const CNG_HZ = [1_055, 1_145] as const;
const CNG_MS = [400, 620] as const;
/** So much of 2,100 Hz is fax where nobody spoke before; after speech a beep may be as long. */
const CED_MS = 1_000;
const CED_AFTER_SPEECH_MS = 2_000;

/** Special information tones follow each other at once. What was lost, and what was made up for it, may part them, or cut one in two, ms. */
const SIT_GAP_MS = 250;

/** Pieces of one tone are so near to each other, as a share of the frequency; the middle tones of different causes are twice as far apart. */
const SAME_TONE = 0.02;

/** Ringback, busy and reorder of most countries lie here, alone or in pairs. */
const PROGRESS_HZ = [340, 640] as const;

/**
 * A beat's frequency may spread so far, Hz: those of the set's busy and reorder tones do by 4 at most, over noise and with losses; vowels,
 * whose lowest harmonics lie in the same band, by 6 in the middle.
 */
const BEAT_SPREAD_HZ = 6;

/** The far end's own ringing is longer than its busy tones. */
const RINGBACK_LEAST_MS = 700;

/** Without speech before, a tone that may be the network's waits so long for its next beat, ms. */
const CADENCE_WAIT_MS = 900;

export class ToneSignals {
  readonly #report: (signal: ToneSignal) => void;
  #stretches: ToneStretch[] = [];
  #waiting: ToneStretch | undefined;
  /** Last moment at which the network's next beat could have been sounding. */
  #quietSinceMs = 0;
  #isFaxTold = false;

  constructor(report: (signal: ToneSignal) => void) {
    this.#report = report;
  }

  /** Takes a stretch that ended. `heardSpeech` says whether anybody spoke before. */
  take(stretch: ToneStretch, heardSpeech: boolean): void {
    const before = this.#stretches;
    this.#stretches = [...before.slice(-5), stretch];
    if (this.#takeSit() || this.#takeCadence()) {
      this.#waiting = undefined;
      return;
    }
    if (this.#isFax(stretch, heardSpeech)) return;
    if (isRingback(stretch, this.#stretches, heardSpeech)) {
      this.#waiting = undefined;
      this.#report({ kind: 'ringback', startMs: stretch.startMs, endMs: stretch.endMs });
      return;
    }
    if (!isBeep(stretch, heardSpeech)) return;
    if (!heardSpeech && isProgressTone(stretch)) this.#waiting = stretch;
    else this.#beep(stretch);
  }

  /** Lets time pass: `nowMs` of audio were heard, `ongoing` is sounding. */
  pass(nowMs: number, ongoing: OngoingTone | undefined, heardSpeech: boolean): void {
    if (ongoing) {
      this.#watchFax(ongoing, heardSpeech);
      this.#quietSinceMs = nowMs;
    }
    if (this.#waiting && nowMs - this.#quietSinceMs > CADENCE_WAIT_MS) {
      this.#beep(this.#waiting);
      this.#waiting = undefined;
    }
  }

  #beep({ startMs, endMs, frequenciesHz }: ToneStretch): void {
    this.#report({ kind: 'beep', startMs, endMs, frequenciesHz });
  }

  #watchFax(ongoing: OngoingTone, heardSpeech: boolean): void {
    const [hz] = ongoing.frequenciesHz;
    if (this.#isFaxTold || ongoing.frequenciesHz.length !== 1 || !isWithin(hz, CED_HZ)) return;
    if (ongoing.lengthMs < (heardSpeech ? CED_AFTER_SPEECH_MS : CED_MS)) return;
    this.#isFaxTold = true;
    const endMs = ongoing.startMs + ongoing.lengthMs;
    this.#report({ kind: 'fax', startMs: ongoing.startMs, endMs, tone: 'CED' });
  }

  #isFax(stretch: ToneStretch, heardSpeech: boolean): boolean {
    const { startMs, endMs, frequenciesHz } = stretch;
    const [hz] = frequenciesHz;
    if (frequenciesHz.length !== 1) return false;
    if (isWithin(hz, CED_HZ) && this.#isFaxTold) return true;
    const isCng =
      (!heardSpeech || this.#isFaxTold) &&
      isWithin(hz, CNG_HZ) &&
      isWithin(endMs - startMs, CNG_MS) &&
      stretch.spreadHz < 7;
    if (!isCng) return false;
    if (!this.#isFaxTold) this.#report({ kind: 'fax', startMs, endMs, tone: 'CNG' });
    this.#isFaxTold = true;
    return true;
  }

  /** Three rising tones on each other's heels. */
  #takeSit(): boolean {
    const [first, second, third] = wholeTones(this.#stretches).slice(-3);
    if (!first || !second || !third) return false;
    const areJoined = second.startMs - first.endMs < SIT_GAP_MS && third.startMs - second.endMs < SIT_GAP_MS;
    const isLow = isNear(first, 913.8) || isNear(first, 985.2);
    const isMiddle = isNear(second, 1_370.6) || isNear(second, 1_428.5);
    if (!areJoined || !isLow || !isMiddle || !isNear(third, 1_776.7)) return false;
    const isFirstHigh = isNear(first, 985.2);
    const isSecondHigh = isNear(second, 1_428.5);
    const cause: SitCause = isFirstHigh
      ? isSecondHigh
        ? 'no circuit'
        : 'vacant code'
      : isSecondHigh
        ? 'reorder'
        : 'intercept';
    // The rest of the third tone, should it have been cut, is no news.
    this.#stretches = [];
    this.#report({ kind: 'sit', startMs: first.startMs, endMs: third.endMs, cause });
    return true;
  }

  /** Two beats of the same tone with a pause as long as each: two vowels of a sentence may be as long, but no pause is between them. */
  #takeCadence(): boolean {
    const [first, second] = this.#stretches.slice(-2);
    if (!first || !second || !isProgressTone(first) || !isProgressTone(second)) return false;
    const onMs = (lengthOf(first) + lengthOf(second)) / 2;
    const offMs = second.startMs - first.endMs;
    const isEven = Math.abs(lengthOf(first) - lengthOf(second)) < 80 && Math.abs(offMs - onMs) < 0.35 * onMs;
    const [a = 0] = first.frequenciesHz;
    const isSame = second.frequenciesHz.some((hz) => Math.abs(hz - a) < 30);
    if (!isEven || !isSame || onMs < 150 || onMs > 620) return false;
    if (Math.max(first.spreadHz, second.spreadHz) > BEAT_SPREAD_HZ) return false;
    if (first.fallDb < BEEP_EDGE_DB || second.riseDb < BEEP_EDGE_DB) return false;
    this.#report({
      kind: onMs < 310 ? 'reorder' : 'busy',
      startMs: first.startMs,
      endMs: second.endMs,
    });
    return true;
  }
}

/** Joins what stands for one tone of one frequency that was cut. */
function wholeTones(stretches: readonly ToneStretch[]): ToneStretch[] {
  const whole: ToneStretch[] = [];
  for (const stretch of stretches) {
    const before = whole.at(-1);
    const [hz = 0] = stretch.frequenciesHz;
    const isMore =
      before?.frequenciesHz.length === 1 &&
      stretch.frequenciesHz.length === 1 &&
      Math.abs((before.frequenciesHz[0] ?? 0) - hz) < SAME_TONE * hz &&
      stretch.startMs - before.endMs < SIT_GAP_MS;
    if (isMore) whole[whole.length - 1] = { ...before, endMs: stretch.endMs };
    else whole.push(stretch);
  }
  return whole;
}

/** Long, or the double ring of Britain and others: 0.4 s, 0.2 s apart. */
function isRingback(stretch: ToneStretch, stretches: readonly ToneStretch[], heardSpeech: boolean): boolean {
  if (heardSpeech || !stretch.frequenciesHz.every((hz) => isWithin(hz, [370, 500]))) return false;
  if (lengthOf(stretch) >= RINGBACK_LEAST_MS) return true;
  const before = stretches.at(-2);
  if (!before?.frequenciesHz.every((hz) => isWithin(hz, [370, 500]))) return false;
  const gapMs = stretch.startMs - before.endMs;
  return (
    isWithin(lengthOf(before), [320, 480]) &&
    isWithin(lengthOf(stretch), [320, 480]) &&
    isWithin(gapMs, [130, 270])
  );
}

function isBeep(stretch: ToneStretch, heardSpeech: boolean): boolean {
  const lengthMs = lengthOf(stretch);
  if (!stretch.frequenciesHz.every((hz) => isWithin(hz, BEEP_HZ)) || !isWithin(lengthMs, BEEP_MS))
    return false;
  if (isKey(stretch) || stretch.aroundDb > -BEEP_ALONE_DB) return false;
  return (
    stretch.riseDb >= BEEP_EDGE_DB && stretch.fallDb >= BEEP_EDGE_DB && beepScore(stretch, heardSpeech) >= 0
  );
}

/**
 * A vowel that is held can be as pure as a tone. It is shorter, lower, moves more and stands less alone; fitted by
 * logistic regression to the stretches of the set's tuning parts (docs/amd.md).
 */
function beepScore(stretch: ToneStretch, heardSpeech: boolean): number {
  const shortness = Math.max(0, (250 - lengthOf(stretch)) / 50);
  const isFading = heardSpeech && stretch.spreadHz < FADING_SPREAD_HZ;
  const spreadDb = isFading ? Math.min(stretch.spreadDb, FADING_SPREAD_DB) : stretch.spreadDb;
  const company = Math.max(0, (stretch.aroundDb + 45) / 10);
  return (
    9.7 -
    0.5 * stretch.spreadHz -
    1.2 * spreadDb -
    1.5 * company -
    1.6 * shortness -
    ((stretch.frequenciesHz[0] ?? 0) < 700 ? 2.5 : 0) -
    (stretch.frequenciesHz.length > 1 ? 2.1 : 0)
  );
}

const KEY_ROWS = [697, 770, 852, 941];
const KEY_COLUMNS = [1_209, 1_336, 1_477, 1_633];

/** A key that somebody presses (ITU-T Q.23) is no beep. */
function isKey({ frequenciesHz }: ToneStretch): boolean {
  const [low = 0, high = 0] = [...frequenciesHz].sort((a, b) => a - b);
  const isOn = (hz: number, grid: readonly number[]): boolean =>
    grid.some((each) => Math.abs(hz - each) < 0.018 * each);
  return frequenciesHz.length === 2 && isOn(low, KEY_ROWS) && isOn(high, KEY_COLUMNS);
}

const isProgressTone = ({ frequenciesHz }: ToneStretch): boolean =>
  frequenciesHz.every((hz) => isWithin(hz, PROGRESS_HZ));

const lengthOf = ({ startMs, endMs }: ToneStretch): number => endMs - startMs;

function isNear({ frequenciesHz }: ToneStretch, hz: number): boolean {
  const [first = 0] = frequenciesHz;
  return frequenciesHz.length === 1 && Math.abs(first - hz) < 0.025 * hz;
}

const isWithin = (value: number | undefined, [low, high]: readonly [number, number]): boolean =>
  value !== undefined && value >= low && value <= high;
