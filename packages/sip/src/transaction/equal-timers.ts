// Timers of a few lengths that thousands set: the last timer of a transaction (D, I, J, K, L or M), and the first repetition
// of a request. Those of one length fall due in the order they were set, so one timer of the clock serves them all.
import type { Clock } from '../clock.ts';

/** Clock and timers may differ by so much, ms, before the clock is taken to have been set. */
const CLOCK_TOLERANCE_MS = 1_000;

/** A timer costs its place in two arrays. */
export class EqualTimers<Waiting extends object> {
  readonly #clock: Clock;
  readonly #onDue: (waiting: Waiting) => void;
  readonly #lines = new Map<number, Line<Waiting>>();

  constructor(clock: Clock, onDue: (waiting: Waiting) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Returns what `stop` wants. */
  set(waiting: Waiting, delayMs: number): number {
    let line = this.#lines.get(delayMs);
    if (line === undefined) {
      line = new Line(this.#clock, delayMs, this.#onDue);
      this.#lines.set(delayMs, line);
    }
    return line.add(waiting);
  }

  /** Without effect on one that was due already. */
  stop(timer: number, delayMs: number): void {
    this.#lines.get(delayMs)?.drop(timer);
  }

  /** Forgets them all, without telling them. */
  close(): void {
    for (const line of this.#lines.values()) line.close();
  }
}

/** All of one length: first in, first out. */
class Line<Waiting extends object> {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #onDue: (waiting: Waiting) => void;
  /** Undefined: stopped, or due already. */
  #waiting: Array<Waiting | undefined> = [];
  /** When each of them is due, by the clock less `#setAheadMs`. */
  #dueMs: number[] = [];
  /** Index of the first that is not due yet. */
  #first = 0;
  #live = 0;
  /** How many were taken out of the arrays since the beginning. */
  #gone = 0;
  #timer: unknown;
  #timerDueMs = 0;
  #setAheadMs = 0;

  constructor(clock: Clock, delayMs: number, onDue: (waiting: Waiting) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#onDue = onDue;
  }

  add(waiting: Waiting): number {
    const nowMs = this.#clock.now() - this.#setAheadMs;
    this.#waiting.push(waiting);
    this.#dueMs.push(nowMs + this.#delayMs);
    this.#live++;
    if (this.#timer === undefined) this.#wakeAfter(this.#delayMs, nowMs);
    return this.#gone + this.#waiting.length - 1;
  }

  drop(timer: number): void {
    const index = timer - this.#gone;
    if (this.#waiting[index] === undefined) return;
    this.#waiting[index] = undefined;
    this.#live--;
    if (this.#live === 0) this.close();
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#gone += this.#waiting.length;
    this.#waiting = [];
    this.#dueMs = [];
    this.#first = 0;
    this.#live = 0;
  }

  readonly #wake = (): void => {
    const fired = this.#timer;
    const differenceMs = this.#clock.now() - this.#setAheadMs - this.#timerDueMs;
    // Timers go by a clock that nobody sets: who was early would miss copies, who was late would stay for years.
    if (Math.abs(differenceMs) > CLOCK_TOLERANCE_MS) this.#setAheadMs += differenceMs;
    // A timer may run within the millisecond before its time.
    const nowMs = Math.max(this.#clock.now() - this.#setAheadMs, this.#timerDueMs);
    while (this.#first < this.#waiting.length && (this.#dueMs[this.#first] ?? 0) <= nowMs) {
      const waiting = this.#waiting[this.#first];
      this.#waiting[this.#first++] = undefined;
      if (waiting === undefined) continue;
      this.#live--;
      this.#onDue(waiting);
    }
    // Emptied meanwhile, and perhaps begun anew.
    if (this.#timer !== fired) return;
    const nextDueMs = this.#dueMs[this.#first];
    if (nextDueMs === undefined || this.#live === 0) {
      this.close();
      return;
    }
    if (this.#first * 2 > this.#waiting.length) {
      this.#gone += this.#first;
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
