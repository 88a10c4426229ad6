// Where transactions sit out their last timer (D, I, J, K, L or M). Those of one length leave in the order they came, so one timer of the
// clock serves them all, and a transaction that lingers costs its place in two arrays.
import type { Clock } from '../clock.ts';

export interface LingeringTransaction {
  /** Its time is over. */
  lingered(): void;
}

/** Clock and timers may differ by so much, ms, before the clock is taken to have been set. */
const CLOCK_TOLERANCE_MS = 1_000;

export class Lingering {
  readonly #clock: Clock;
  readonly #lines = new Map<number, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(transaction: LingeringTransaction, delayMs: number): void {
    let line = this.#lines.get(delayMs);
    if (line === undefined) {
      line = new Line(this.#clock, delayMs);
      this.#lines.set(delayMs, line);
    }
    line.add(transaction);
  }

  /** Forgets them all, without telling them. */
  close(): void {
    for (const line of this.#lines.values()) line.close();
  }
}

/** All that linger equally long: first in, first out. */
class Line {
  readonly #clock: Clock;
  readonly #delayMs: number;
  #waiting: Array<LingeringTransaction | undefined> = [];
  /** When each of them is due, by the clock less `#setAheadMs`. */
  #dueMs: number[] = [];
  /** Index of the first that still waits. */
  #first = 0;
  #timer: unknown;
  #timerDueMs = 0;
  #setAheadMs = 0;

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  add(transaction: LingeringTransaction): void {
    const nowMs = this.#clock.now() - this.#setAheadMs;
    this.#waiting.push(transaction);
    this.#dueMs.push(nowMs + this.#delayMs);
    if (this.#timer === undefined) this.#wakeAfter(this.#delayMs, nowMs);
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.#dueMs = [];
    this.#first = 0;
  }

  readonly #wake = (): void => {
    const differenceMs = this.#clock.now() - this.#setAheadMs - this.#timerDueMs;
    // Timers go by a clock that nobody sets: who was early would miss copies, who was late would stay for years.
    if (Math.abs(differenceMs) > CLOCK_TOLERANCE_MS) this.#setAheadMs += differenceMs;
    // A timer may run within the millisecond before its time.
    const nowMs = Math.max(this.#clock.now() - this.#setAheadMs, this.#timerDueMs);
    while (this.#first < this.#waiting.length && (this.#dueMs[this.#first] ?? 0) <= nowMs) {
      const transaction = this.#waiting[this.#first];
      this.#waiting[this.#first++] = undefined;
      transaction?.lingered();
    }
    const nextDueMs = this.#dueMs[this.#first];
    if (nextDueMs === undefined) {
      this.close();
      return;
    }
    if (this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#dueMs = this.#dueMs.slice(this.#first);
      this.#first = 0;
    }
    this.#wakeAfter(nextDueMs - nowMs, nowMs);
  };

  #wakeAfter(delayMs: number, nowMs: number): void {
    this.#timerDueMs = nowMs + delayMs;
    this.#timer = this.#clock.setTimeout(this.#wake, delayMs);
  }
}
