/** The person on the line of a simulated flow: hears messages, and presses keys when the flow asks. Implements the flow's participant. */
import {
  type Digit,
  done,
  type FlowParticipant,
  type HostResult,
  type Interruption,
  type Message,
  type PlayEnd,
  parseSsml,
  spokenText,
} from '@ringback/flow';
import type { SimulatedClock } from './simulated-clock.ts';
import type { SimulationEntry } from './simulation-entry.ts';

/** What a caller does when a flow asks. */
export type CallerAct =
  /** Keys, one after the other: after the prompt's end, or so long after its beginning. */
  | {
      readonly kind: 'press';
      readonly keys: string;
      readonly from: 'prompt end' | 'prompt begin';
      readonly afterMs: number;
    }
  | { readonly kind: 'silence' }
  | { readonly kind: 'hangUp'; readonly from: 'prompt end' | 'prompt begin'; readonly afterMs: number };

/** A moment at which the flow waits for keys. */
export interface Question {
  /** The prompt in words; undefined where the flow only listens. */
  readonly prompt: string | undefined;
}

/** Decides for the caller: a scenario, or a person at a terminal. */
export interface CallerMind {
  /** Asked once for each action that takes keys, when its prompt begins. */
  answer(question: Question): CallerAct | Promise<CallerAct>;
  /** Told of every message when it begins; may act upon it. */
  hear(words: string): readonly CallerAct[];
}

/** Time between two keys, ms: a person who knows the number. */
const betweenKeysMs = 300;
/** Speech of an ordinary voice takes about this long, ms per character. */
const speechMsPerCharacter = 65;
const shortestSpeechMs = 500;
/** How long recorded prompts last here; their audio is not at hand. */
const recordingMs = 3000;

export interface SimulatedCallerOptions {
  readonly clock: SimulatedClock;
  readonly role: 'customer' | 'agent';
  readonly mind: CallerMind;
  readonly report: (entry: SimulationEntry) => void;
  readonly hangUp: () => void;
  /** Start of the flow, ms since the epoch. */
  readonly startMs: number;
}

export class SimulatedCaller implements FlowParticipant {
  readonly role: 'customer' | 'agent';
  readonly #options: SimulatedCallerOptions;
  readonly #pressed: Digit[] = [];
  /** Whether the action in progress has asked its question. */
  #isAsked = false;
  #wake: (() => void) | undefined;

  constructor(options: SimulatedCallerOptions) {
    this.#options = options;
    this.role = options.role;
  }

  /** The next action that wants keys asks anew. */
  actionEnded(): void {
    this.#isAsked = false;
  }

  async play(
    message: Message,
    interruption: Interruption,
    signal: AbortSignal,
  ): Promise<HostResult<PlayEnd>> {
    const { mind } = this.#options;
    const words = wordsOf(message);
    const lastsMs = durationMs(message, words);
    const isQuestion = interruption === 'untilDigit';
    const early = isQuestion ? this.#pressed.shift() : undefined;
    if (early !== undefined) return done({ kind: 'interrupted', digit: early });
    this.#report({ kind: 'says', atMs: this.#elapsedMs(), words, source: message.kind, to: this.role });
    for (const act of mind.hear(words)) this.#perform(act, lastsMs);
    if (isQuestion) await this.#ask({ prompt: words }, lastsMs);
    const digit = await this.#wait(lastsMs, isQuestion, signal);
    return done(digit === undefined ? { kind: 'finished' } : { kind: 'interrupted', digit });
  }

  async nextDigit(withinMs: number, signal: AbortSignal): Promise<Digit | undefined> {
    if (this.#pressed.length === 0) await this.#ask({ prompt: undefined }, 0);
    const digit = await this.#wait(withinMs, true, signal);
    if (digit === undefined) this.#report({ kind: 'silence', atMs: this.#elapsedMs(), forMs: withinMs });
    return digit;
  }

  drainDigits(): readonly Digit[] {
    return this.#pressed.splice(0);
  }

  async #ask(question: Question, promptMs: number): Promise<void> {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const answer = this.#options.mind.answer(question);
    const act = answer instanceof Promise ? await this.#options.clock.outside(answer) : answer;
    this.#perform(act, promptMs);
  }

  #perform(act: CallerAct, promptMs: number): void {
    if (act.kind === 'silence') return;
    const { clock } = this.#options;
    const delayMs = act.afterMs + (act.from === 'prompt end' ? promptMs : 0);
    if (act.kind === 'hangUp') {
      clock.setTimeout(() => this.hangUp(), delayMs);
      return;
    }
    for (const [index, key] of [...act.keys].entries()) {
      clock.setTimeout(() => this.#press(key as Digit), delayMs + index * betweenKeysMs);
    }
  }

  /** Ends the call from the caller's side. */
  hangUp(): void {
    this.#report({ kind: 'hangs up', atMs: this.#elapsedMs() });
    this.#options.hangUp();
  }

  #press(key: Digit): void {
    this.#report({ kind: 'presses', atMs: this.#elapsedMs(), keys: key });
    this.#pressed.push(key);
    this.#wake?.();
  }

  /** The next key within `ms`, or undefined; keys are only taken where `takesKeys`. */
  #wait(ms: number, takesKeys: boolean, signal: AbortSignal): Promise<Digit | undefined> {
    const { clock } = this.#options;
    const ready = takesKeys ? this.#pressed.shift() : undefined;
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        this.#wake = undefined;
        settle();
      };
      const timer = clock.setTimeout(() => finish(() => resolve(undefined)), ms);
      const aborted = (): void => finish(() => reject(signal.reason));
      if (signal.aborted) {
        aborted();
        return;
      }
      signal.addEventListener('abort', aborted, { once: true });
      if (takesKeys) this.#wake = () => finish(() => resolve(this.#pressed.shift()));
    });
  }

  #report(entry: SimulationEntry): void {
    this.#options.report(entry);
  }

  #elapsedMs(): number {
    return this.#options.clock.now() - this.#options.startMs;
  }
}

function wordsOf(message: Message): string {
  switch (message.kind) {
    case 'text':
      return message.text;
    case 'ssml': {
      const parsed = parseSsml(message.ssml);
      return parsed.ok ? spokenText(parsed.speak).replaceAll(/\s+/gu, ' ').trim() : message.ssml;
    }
    case 'prompt':
      return message.promptId;
    case 'media':
      return message.uri;
  }
}

function durationMs(message: Message, words: string): number {
  if (message.kind === 'prompt' || message.kind === 'media') return recordingMs;
  return Math.max(shortestSpeechMs, words.length * speechMsPerCharacter);
}
