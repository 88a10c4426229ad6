/**
 * Says tick by tick which telephone-event packet to send for a queue of digits (RFC 4733 §2.5.1).
 * Pure timing: the session puts the packets on the wire.
 *
 * ```
 * tick      0    1    2    3    4    5    6    7 …        10
 * packet    M    ·    ·    ·    E    E    E    audio …    M (next digit)
 * duration  160  320  480  640  800  800  800
 * ```
 */
import { DIGITS, type Digit } from './telephone-event.ts';

const TICK_MS = 20;
const SAMPLES_PER_TICK = 160;

/** Copies of the last packet, so that its loss does not lengthen the digit (RFC 4733 §2.5.1.4). */
const END_COPIES = 3;

const DEFAULT_COMMA_MS = 2_000;

export interface DigitRun {
  id: number;
  /** Keys and commas. */
  digits: string;
  toneMs: number;
  gapMs: number;
  /** Pause of a comma. Default: the two seconds of a modem's (ITU-T V.250 S8). */
  commaMs?: number;
  /** Default `telephone-event`. */
  method?: DigitMethod;
}

/** How digits travel: as packets of their own (RFC 4733), or as the tones of a keypad in the audio. */
export type DigitMethod = 'telephone-event' | 'tones';

/** What this tick sends instead of audio. Reused between ticks. */
export interface EventPacket {
  method: DigitMethod;
  /** With `tones`: the pause after the digit, which is kept silent. */
  isPause: boolean;
  event: number;
  isFirst: boolean;
  isEnd: boolean;
  /** Timestamp units since the event's start. */
  duration: number;
}

export class DigitSender {
  readonly packet: EventPacket = {
    method: 'telephone-event',
    isPause: false,
    event: 0,
    isFirst: false,
    isEnd: false,
    duration: 0,
  };
  readonly #sent: (id: number, outcome: 'sent' | 'stopped') => void;
  #runs: DigitRun[] = [];
  #index = 0;
  #ticksInStep = 0;
  #stopping = false;

  /** @param sent called with a run's id once its last digit and gap are over, or once it was stopped. */
  constructor(sent: (id: number, outcome: 'sent' | 'stopped') => void) {
    this.#sent = sent;
  }

  get isIdle(): boolean {
    return this.#runs.length === 0;
  }

  add(run: DigitRun): void {
    this.#runs.push(run);
  }

  /** Stops a run. A digit already begun is ended properly, never left hanging at the far end. */
  stop(id: number): void {
    const place = this.#runs.findIndex((run) => run.id === id);
    if (place < 0) return;
    if (place > 0) {
      this.#runs.splice(place, 1);
      this.#sent(id, 'stopped');
      return;
    }
    this.#stopping = true;
    if (this.#ticksInStep === 0 || this.#isPause()) this.#finish('stopped');
  }

  stopAll(): void {
    for (const run of this.#runs.splice(0)) this.#sent(run.id, 'stopped');
    this.#reset();
  }

  /** Advances one tick; true when `packet` is to be sent, false when audio goes out. */
  tick(): boolean {
    const run = this.#runs[0];
    if (!run) return false;
    const key = run.digits[this.#index];
    if (key === undefined) {
      this.#finish('sent');
      return this.tick();
    }
    const toneTicks = key === ',' ? 0 : Math.ceil(run.toneMs / TICK_MS);
    const gapMs = key === ',' ? (run.commaMs ?? DEFAULT_COMMA_MS) : run.gapMs;
    const stepTicks = toneTicks + Math.max(key === ',' ? 1 : END_COPIES - 1, Math.ceil(gapMs / TICK_MS));
    const tick = this.#ticksInStep;
    this.#ticksInStep += 1;
    if (this.#ticksInStep >= stepTicks) {
      this.#ticksInStep = 0;
      this.#index += 1;
    }
    const method = run.method ?? 'telephone-event';
    const isTones = method === 'tones';
    const isEvent = toneTicks > 0 && (isTones || tick < toneTicks + END_COPIES - 1);
    if (isEvent) {
      this.packet.method = method;
      this.packet.isPause = tick >= toneTicks;
      this.packet.event = DIGITS.indexOf(key as Digit);
      this.packet.isFirst = tick === 0;
      this.packet.isEnd = tick >= toneTicks - 1;
      this.packet.duration = Math.min(tick + 1, toneTicks) * SAMPLES_PER_TICK;
    }
    // The run is over with its last tick, not one tick later.
    if (this.#index >= run.digits.length && this.#ticksInStep === 0) this.#finish('sent');
    else if (this.#stopping && tick >= toneTicks + END_COPIES - 2) this.#finish('stopped');
    return isEvent;
  }

  #isPause(): boolean {
    return this.#runs[0]?.digits[this.#index] === ',';
  }

  #finish(outcome: 'sent' | 'stopped'): void {
    const run = this.#runs.shift();
    this.#reset();
    if (run) this.#sent(run.id, outcome);
  }

  #reset(): void {
    this.#index = 0;
    this.#ticksInStep = 0;
    this.#stopping = false;
  }
}
