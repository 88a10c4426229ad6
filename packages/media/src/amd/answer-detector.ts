/**
 * Decides from the audio of an answered call who answered. Pure but for the detector memory it holds: 20 ms of audio in,
 * events out; time is what was heard. Runs in a media worker, in the evaluation and in tests alike.
 */
import type { ToneSignal } from '../detect/tone-signals.ts';
import { FRAME_MS } from '../detect/voice-activity.ts';
import type { WebRtcVadModule } from '../detect/webrtc-vad.ts';
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import type { AmdSettings } from './amd-settings.ts';
import { AnswerListener } from './answer-listener.ts';
import { type AnswerModel, type AnswerModels, humanLogOdds, type Weighing, weigh } from './answer-model.ts';
import type { AmdEvent, AnsweredBy, AnswerVerdict } from './answer-verdict.ts';
import { answerWeights } from './answer-weights.ts';
import type { CadenceMeasures } from './speech-cadence.ts';

/** A beep's second burst comes within so long, so its end is told of after it, ms. */
const DOUBLE_BEEP_MS = 250;

/** The moment before `decideByMs` at which weaker evidence is enough, ms. */
const HURRY_MS = 40;
const HURRIED_SILENCE_MS = 240;

/** Silence may be so much shorter than the least, ms, for so much more of log-odds a ms. */
const EARLIER_MS = 80;
const LOG_ODDS_PER_MS = 0.04;

/** Whoever waits is a person from these log-odds on, or if a short sentence of one breath was all that was said. */
const LEAST_OF_WAITING = 0;

/** Whoever goes on waiting, where a machine would have beeped or said more, is a person unless nearly all speaks against it. */
const LEAST_OF_LONG_WAITING = -4;

/** The longest such sentence, ms: what voicemails say without a pause may be as long, what firms say is seldom longer. */
const LONGEST_WAITED_MS = 3_300;

/** After a beat of a tone nobody is told for so long, and no silence: the network's next beat may follow, ms. */
const PERSON_AFTER_TONE_MS = 700;
const SILENCE_AFTER_TONE_MS = 1_000;

/** At the end of the analysis so much silence is a wait, ms. */
const LEAST_WAIT_MS = 1_000;

/** Longest pause, s, of a sentence that is spoken in one breath. */
const BREATH_PAUSE = 0.25;

/** Ringing that is not followed by more of it for so long is over: the next ring comes after 4 s at the latest. */
const RINGING_PAUSE_MS = 4_700;

/**
 * What does not come is not taken for silence for so long, ms, and in all for so long: a network that falters is no pause of who speaks.
 * On a line that sends nothing in pauses everything is told so much later.
 */
const LONGEST_FALTER_MS = 400;
const MOST_FALTERING_MS = 1_200;

/** One moment of a call, for pictures and traces. */
export interface AmdMoment {
  readonly atMs: number;
  readonly levelDb: number;
  readonly floorDb: number;
  readonly isSpeech: boolean;
  readonly isTone: boolean;
  /** Log-odds of a person, once anybody spoke. */
  readonly logOdds?: number;
}

export class AnswerDetector {
  readonly #settings: AmdSettings;
  readonly #models: AnswerModels;
  readonly #report: (event: AmdEvent) => void;
  readonly #onSignal: ((signal: ToneSignal, atMs: number) => void) | undefined;
  readonly #listener: AnswerListener;
  #verdict: AnswerVerdict | undefined;
  #lastRingMs: number | undefined;
  #beepEndMs: number | undefined;
  #isOver = false;
  /** Since something came, ms; undefined before anything did. */
  #absentMs: number | undefined;
  /** What the listener was not given: how much, and where in what it heard. */
  readonly #falters: { readonly atMs: number; lengthMs: number }[] = [];
  #falteredMs = 0;

  /**
   * @param report told of the verdict, and after a machine's of the end of its prompt.
   * @param onSignal told of every tone that means something, for traces.
   */
  constructor(
    module: WebRtcVadModule,
    settings: AmdSettings,
    report: (event: AmdEvent) => void,
    onSignal?: (signal: ToneSignal, atMs: number) => void,
    models: AnswerModels = answerWeights,
  ) {
    this.#settings = settings;
    this.#models = models;
    this.#report = report;
    this.#onSignal = onSignal;
    this.#listener = new AnswerListener(module, settings, (signal) => this.#takeSignal(signal));
  }

  /** Nothing more will be told: hearing on is of no use. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get verdict(): AnswerVerdict | undefined {
    return this.#verdict;
  }

  get moment(): AmdMoment {
    const { frame, cadence, nowMs, isTone } = this.#listener;
    return {
      atMs: this.#sinceAnswer(nowMs),
      levelDb: frame.levelDb,
      floorDb: frame.floorDb,
      isSpeech: frame.isSpeech,
      isTone,
      ...(cadence.startedMs === undefined ? {} : { logOdds: humanLogOdds(this.#model, cadence.measures) }),
    };
  }

  get #isToneNear(): boolean {
    return this.#listener.isTone || this.#listener.sinceToneMs < PERSON_AFTER_TONE_MS;
  }

  get #model(): AnswerModel {
    return this.#listener.nowMs <= this.#settings.decideByMs ? this.#models.inTime : this.#models.late;
  }

  /** Takes 160 samples of 8 kHz audio, silence for what did not come. */
  hear(pcm: Int16Array, origin: FrameOrigin = 'received'): void {
    if (this.#isOver || this.#isFalter(origin)) return;
    this.#listener.hear(pcm);
    if (!this.#verdict) this.#decide();
    else this.#awaitPromptEnd();
  }

  /** The call ended: what was heard so far must do. A caller who spoke and hung up is a person. */
  finish(): void {
    if (this.#verdict || this.#isOver) return;
    const { cadence } = this.#listener;
    if (cadence.startedMs === undefined)
      this.#give({ kind: 'silence' }, ['the call ended before anybody spoke']);
    else this.#giveByOdds(['the call ended']);
    this.#isOver = true;
  }

  /** Frees the detector's memory. May be called twice. */
  close(): void {
    this.#isOver = true;
    this.#listener.close();
  }

  /** Whether the frame is left out, because the far end or the network may only falter. */
  #isFalter(origin: FrameOrigin): boolean {
    if (origin !== 'absent' && origin !== 'lost') {
      this.#absentMs = 0;
      return false;
    }
    // Before anything came nobody was cut short.
    if (this.#absentMs === undefined) return false;
    this.#absentMs += FRAME_MS;
    if (this.#absentMs > LONGEST_FALTER_MS || this.#falteredMs >= MOST_FALTERING_MS) return false;
    this.#falteredMs += FRAME_MS;
    const { nowMs } = this.#listener;
    const last = this.#falters.at(-1);
    if (last?.atMs === nowMs) last.lengthMs += FRAME_MS;
    else this.#falters.push({ atMs: nowMs, lengthMs: FRAME_MS });
    return true;
  }

  /** Turns a moment of what was heard into one of the call. */
  #sinceAnswer(heardMs: number): number {
    let atMs = heardMs;
    for (const falter of this.#falters) if (falter.atMs < heardMs) atMs += falter.lengthMs;
    return atMs;
  }

  #decide(): void {
    const { cadence, nowMs } = this.#listener;
    if (cadence.startedMs === undefined) {
      this.#decideWithoutSpeech(nowMs);
      return;
    }
    const { measures } = cadence;
    const silenceMs = measures.silence * 1000;
    const settings = this.#settings;
    if (this.#isPerson(measures, nowMs, cadence.startedMs)) {
      this.#give({ kind: 'human' }, this.#words());
    } else if (silenceMs >= settings.waitingSilenceMs && !this.#isToneNear && this.#isWaiting(measures)) {
      this.#giveAsWaiting('human', measures);
    } else if (silenceMs >= settings.longWaitingSilenceMs && !this.#isToneNear) {
      const isPerson = humanLogOdds(this.#model, measures) >= LEAST_OF_LONG_WAITING;
      this.#giveAsWaiting(isPerson ? 'human' : 'machine', measures);
    } else if (measures.speech * 1000 >= this.#mostSpeechOfPeople(measures)) {
      this.#give({ kind: 'machine' }, this.#words());
    } else if (nowMs >= Math.max(settings.longestAnalysisMs, cadence.startedMs + 4_000)) {
      if (silenceMs >= LEAST_WAIT_MS)
        this.#giveAsWaiting(this.#isWaiting(measures) ? 'human' : 'machine', measures);
      else this.#giveByOdds([`no surer after ${seconds(nowMs)}`]);
    }
  }

  #isPerson(measures: CadenceMeasures, nowMs: number, startedMs: number): boolean {
    const {
      decideByMs,
      earliestHumanMs,
      hurriedLogOdds,
      leastSilenceMs,
      humanLogOdds: surely,
    } = this.#settings;
    const silenceMs = measures.silence * 1000;
    if (nowMs < earliestHumanMs || silenceMs < HURRIED_SILENCE_MS) return false;
    if (this.#isToneNear) return false;
    const logOdds = humanLogOdds(this.#model, measures);
    // Who began late cannot be told in time: no hurry then.
    const isInTime = startedMs <= decideByMs / 2;
    if (isInTime && nowMs > decideByMs - HURRY_MS && nowMs <= decideByMs) return logOdds >= hurriedLogOdds;
    const missingMs = Math.max(0, leastSilenceMs - silenceMs);
    return missingMs <= EARLIER_MS && logOdds >= surely + missingMs * LOG_ODDS_PER_MS;
  }

  /** A machine goes on, or beeps; whoever says a sentence in one breath and waits is at the telephone. */
  #isWaiting(measures: CadenceMeasures): boolean {
    if (humanLogOdds(this.#model, measures) >= LEAST_OF_WAITING) return true;
    return isOneBreath(measures) && measures.speech * 1000 < LONGEST_WAITED_MS;
  }

  #giveAsWaiting(kind: 'human' | 'machine', { silence }: CadenceMeasures): void {
    this.#give({ kind }, [`waits since ${seconds(silence * 1000)}`, ...this.#words()]);
  }

  #mostSpeechOfPeople(measures: CadenceMeasures): number {
    return isOneBreath(measures) ? this.#settings.machineBreathMs : this.#settings.machineSpeechMs;
  }

  #decideWithoutSpeech(nowMs: number): void {
    const { initialSilenceMs } = this.#settings;
    if (this.#lastRingMs !== undefined) {
      if (this.#listener.isTone) this.#lastRingMs = nowMs;
      if (nowMs - this.#lastRingMs < RINGING_PAUSE_MS && nowMs < 3 * this.#settings.longestAnalysisMs) return;
      this.#give({ kind: 'ringing' }, ['it went on ringing after the answer']);
    } else if (nowMs >= initialSilenceMs && this.#listener.sinceToneMs >= SILENCE_AFTER_TONE_MS) {
      this.#give({ kind: 'silence' }, [`nobody spoke for ${seconds(initialSilenceMs)} after the answer`]);
    } else if (nowMs >= this.#settings.longestAnalysisMs) {
      this.#give({ kind: 'undecided' }, ['a steady tone, and nobody spoke']);
    }
  }

  #giveByOdds(first: readonly string[]): void {
    const { cadence } = this.#listener;
    const logOdds = humanLogOdds(this.#model, cadence.measures);
    this.#give({ kind: logOdds >= 0 ? 'human' : 'machine' }, [...first, ...this.#words()]);
  }

  #takeSignal(signal: ToneSignal): void {
    const { nowMs } = this.#listener;
    this.#onSignal?.(signal, this.#sinceAnswer(nowMs));
    if (signal.kind === 'beep') this.#beepEndMs = signal.endMs;
    if (this.#verdict) return;
    const [from, to] = [signal.startMs, signal.endMs].map((ms) => seconds(this.#sinceAnswer(ms)));
    const where = `${from} to ${to} after the answer`;
    switch (signal.kind) {
      case 'ringback':
        this.#lastRingMs = nowMs;
        return;
      case 'beep': {
        const tones = signal.frequenciesHz.map((hz) => `${Math.round(hz)} Hz`).join(' and ');
        this.#give({ kind: 'machine' }, [`a beep of ${tones}, ${where}`]);
        return;
      }
      case 'sit':
        this.#give({ kind: 'sit', cause: signal.cause }, [
          `special information tones (${signal.cause}), ${where}`,
        ]);
        return;
      case 'fax':
        this.#give({ kind: 'fax' }, [`the fax tone ${signal.tone}, ${where}`]);
        return;
      case 'busy':
      case 'reorder':
        // Two beats of music or speech can look like it; the network's tone comes first.
        if (this.#listener.spokeBefore(signal.startMs - 400)) return;
        this.#give({ kind: signal.kind }, [`${signal.kind} tone, ${where}`]);
        return;
    }
  }

  #give(answeredBy: AnsweredBy, reasons: readonly string[]): void {
    const { cadence, nowMs } = this.#listener;
    this.#verdict = {
      answeredBy,
      atMs: this.#sinceAnswer(nowMs),
      ...(cadence.startedMs === undefined ? {} : { greetingStartMs: this.#sinceAnswer(cadence.startedMs) }),
      ...(cadence.endedMs === undefined ? {} : { greetingEndMs: this.#sinceAnswer(cadence.endedMs) }),
      reasons,
    };
    this.#isOver = answeredBy.kind !== 'machine';
    this.#report({ kind: 'verdict', verdict: this.#verdict });
  }

  #awaitPromptEnd(): void {
    const { cadence, nowMs, isTone } = this.#listener;
    const { promptEndSilenceMs, longestPromptMs } = this.#settings;
    if (this.#beepEndMs !== undefined) {
      if (isTone || nowMs - this.#beepEndMs < DOUBLE_BEEP_MS) return;
      this.#endPrompt('beep');
    } else if (nowMs >= longestPromptMs) {
      this.#endPrompt('limit');
    } else if (!isTone && nowMs - (cadence.endedMs ?? 0) >= promptEndSilenceMs) {
      this.#endPrompt('silence');
    }
  }

  #endPrompt(by: 'beep' | 'silence' | 'limit'): void {
    const { cadence, nowMs } = this.#listener;
    this.#isOver = true;
    const { endedMs } = cadence;
    this.#report({
      kind: 'promptEnded',
      by,
      atMs: this.#sinceAnswer(nowMs),
      ...(endedMs === undefined ? {} : { greetingEndMs: this.#sinceAnswer(endedMs) }),
    });
  }

  /** The cadence in words, and what each measure weighed. */
  #words(): string[] {
    const { measures } = this.#listener.cadence;
    const what =
      `${seconds(1000 * measures.speech)} of speech in ${measures.utterances} utterance(s), ` +
      `then ${seconds(1000 * measures.silence)} of silence`;
    const weighed = weigh(this.#model, measures).filter(({ logOdds }) => Math.abs(logOdds) >= 0.3);
    return [what, ...weighed.slice(0, 4).map(inWords)];
  }
}

const isOneBreath = ({ longestPause }: CadenceMeasures): boolean => longestPause <= BREATH_PAUSE;

function inWords({ measure, value, logOdds }: Weighing): string {
  const side = logOdds > 0 ? 'a person' : 'a machine';
  return `${measure} ${Math.round(value * 100) / 100} speaks for ${side} (${logOdds > 0 ? '+' : ''}${logOdds.toFixed(1)})`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
