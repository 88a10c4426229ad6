/** Who answered a call, as Connect words it: runs the media engine's detector on one leg. Used by the contact's story. */
import type { AmdEvent, AmdSettings, AnswerVerdict, AudioSession } from '@ringback/media';
import { type Clock, delay } from '../clock.ts';

/** `AnsweringMachineDetectionStatus` values that an answered call can have (API page, §4). */
export type DetectedStatus =
  | 'HUMAN_ANSWERED'
  | 'VOICEMAIL_BEEP'
  | 'VOICEMAIL_NO_BEEP'
  | 'AMD_UNANSWERED'
  | 'AMD_UNRESOLVED'
  | 'SIT_TONE_BUSY'
  | 'SIT_TONE_INVALID_NUMBER'
  | 'SIT_TONE_DETECTED'
  | 'FAX_MACHINE_DETECTED'
  | 'AMD_ERROR';

/** The customer's greeting, ms since the epoch. The end is absent while it lasts. */
export interface GreetingTimes {
  readonly greetingStartedAtMs: number;
  readonly greetingEndedAtMs?: number;
}

export interface DetectedAnswer {
  readonly status: DetectedStatus;
  readonly greeting?: GreetingTimes;
  /** Why, in words. */
  readonly reasons: readonly string[];
}

export interface DetectionOptions {
  /** `awaited`: of a machine nothing is said before its beep, or the end of its greeting. */
  readonly prompt: 'awaited' | 'not awaited';
  readonly settings: Partial<AmdSettings>;
  readonly clock: Clock;
  /** The greeting ended after the answer was told. */
  readonly greetingEnded?: (greeting: GreetingTimes) => void;
}

/** A worker that was asked for its verdict answers at once; one that does not has broken, ms. */
const lastWordMs = 1_000;

export class AnsweringMachineDetection {
  readonly #options: DetectionOptions;
  readonly #answer = Promise.withResolvers<DetectedAnswer>();
  #media: AudioSession | undefined;
  #answeredAtMs = 0;
  #verdict: AnswerVerdict | undefined;
  #isTold = false;
  #isOver = false;

  constructor(options: DetectionOptions) {
    this.#options = options;
  }

  /** Resolves once; never rejects. */
  get answer(): Promise<DetectedAnswer> {
    return this.#answer.promise;
  }

  /** Begins to listen: the far end has just answered. */
  start(media: AudioSession, answeredAtMs: number): void {
    this.#media = media;
    this.#answeredAtMs = answeredAtMs;
    media.startAmd(this.#options.settings);
  }

  /** Takes what the media engine found. */
  take(event: AmdEvent): void {
    switch (event.kind) {
      case 'verdict':
        this.#verdict = event.verdict;
        if (
          this.#isOver ||
          event.verdict.answeredBy.kind !== 'machine' ||
          this.#options.prompt === 'not awaited'
        ) {
          this.#tell(statusOf(event.verdict), event.verdict);
        }
        return;
      case 'promptEnded':
        if (this.#verdict) this.#promptEnded(event, this.#verdict);
        return;
      case 'failed':
        this.#settle({ status: 'AMD_ERROR', reasons: [event.message] });
        return;
    }
  }

  /** The call is over: what is known by now must do. */
  async finish(): Promise<DetectedAnswer> {
    // A machine's prompt is not waited for any more.
    this.#isOver = true;
    if (this.#verdict) this.#tell(statusOf(this.#verdict), this.#verdict);
    if (!this.#isTold) {
      const patience = new AbortController();
      try {
        this.#media?.stopAmd();
        // What comes late finds the answer given.
        void delay(this.#options.clock, lastWordMs, patience.signal).then(
          () => this.#settle({ status: 'AMD_ERROR', reasons: ['the media engine gave no verdict'] }),
          () => undefined,
        );
        return await this.answer;
      } catch (error) {
        this.#settle({ status: 'AMD_ERROR', reasons: [String(error)] });
      } finally {
        patience.abort();
      }
    }
    return this.answer;
  }

  #promptEnded(event: Extract<AmdEvent, { kind: 'promptEnded' }>, verdict: AnswerVerdict): void {
    const ended = {
      ...verdict,
      ...(event.greetingEndMs === undefined ? {} : { greetingEndMs: event.greetingEndMs }),
    };
    if (this.#isTold) {
      const greeting = this.#greetingOf(ended);
      if (greeting) this.#options.greetingEnded?.(greeting);
      return;
    }
    this.#tell(event.by === 'beep' ? 'VOICEMAIL_BEEP' : 'VOICEMAIL_NO_BEEP', ended);
  }

  #tell(status: DetectedStatus, verdict: AnswerVerdict): void {
    // A machine is still speaking when its verdict is given, so only the beginning is known.
    const isSpeaking = verdict.answeredBy.kind === 'machine' && this.#options.prompt === 'not awaited';
    const { greetingEndMs: _, ...begun } = verdict;
    const greeting = this.#greetingOf(isSpeaking ? begun : verdict);
    this.#settle({ status, reasons: verdict.reasons, ...(greeting ? { greeting } : {}) });
  }

  #greetingOf(verdict: Pick<AnswerVerdict, 'greetingStartMs' | 'greetingEndMs'>): GreetingTimes | undefined {
    const { greetingStartMs, greetingEndMs } = verdict;
    if (greetingStartMs === undefined) return undefined;
    return {
      greetingStartedAtMs: Math.round(this.#answeredAtMs + greetingStartMs),
      ...(greetingEndMs === undefined
        ? {}
        : { greetingEndedAtMs: Math.round(this.#answeredAtMs + greetingEndMs) }),
    };
  }

  #settle(answer: DetectedAnswer): void {
    this.#isTold = true;
    this.#answer.resolve(answer);
  }
}

function statusOf({ answeredBy }: AnswerVerdict): DetectedStatus {
  switch (answeredBy.kind) {
    case 'human':
      return 'HUMAN_ANSWERED';
    case 'machine':
      return 'VOICEMAIL_NO_BEEP';
    case 'fax':
      return 'FAX_MACHINE_DETECTED';
    case 'busy':
      return 'SIT_TONE_BUSY';
    case 'reorder':
      return 'SIT_TONE_DETECTED';
    case 'sit':
      return answeredBy.cause === 'vacant code' || answeredBy.cause === 'intercept'
        ? 'SIT_TONE_INVALID_NUMBER'
        : 'SIT_TONE_DETECTED';
    case 'ringing':
      return 'AMD_UNANSWERED';
    case 'silence':
    case 'undecided':
      return 'AMD_UNRESOLVED';
  }
}
