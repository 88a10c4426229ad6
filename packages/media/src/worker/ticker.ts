/**
 * The 20 ms beat of one worker, on absolute time: due times are multiples from a fixed start, so that lateness
 * of one tick never delays the next.
 */

/** Length of one frame, ms. */
export const TICK_MS = 20;

/** After a stall so many ticks are made up at once (the far end's jitter buffer takes them); the rest are skipped. */
const MOST_CATCH_UP = 5;

/** A timer may fire this much before its time, ms: timers count whole milliseconds. */
const EARLY_MS = 1;

/** Lateness is remembered for a minute of ticks. */
const REMEMBERED = 3_000;

/** A steady clock and its timers; never set back. */
export interface SteadyClock {
  nowMs(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

export class Ticker {
  ticks = 0;
  skipped = 0;
  readonly #clock: SteadyClock;
  readonly #onTick: (tick: number) => void;
  readonly #lateness = new Float32Array(REMEMBERED);
  #remembered = 0;
  #originMs = 0;
  #next = 0;
  #timer: unknown;
  #isRunning = false;

  /** @param onTick called with the tick's number, which jumps over skipped ticks and never repeats. */
  constructor(clock: SteadyClock, onTick: (tick: number) => void) {
    this.#clock = clock;
    this.#onTick = onTick;
  }

  /** Number of the tick that comes next. */
  get next(): number {
    return this.#next;
  }

  /** Starts, if not running. Tick numbers go on from where they stopped. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#originMs = this.#clock.nowMs() + TICK_MS - this.#next * TICK_MS;
    this.#arm();
  }

  stop(): void {
    this.#isRunning = false;
    this.#clock.clearTimeout(this.#timer);
  }

  /** Lateness of the last so many ticks, ms, oldest first; of a minute's at most. */
  lateness(ticks = REMEMBERED): Float32Array {
    const count = Math.min(this.#remembered, REMEMBERED, ticks);
    const first = this.#remembered - count;
    return Float32Array.from({ length: count }, (_, n) => this.#lateness[(first + n) % REMEMBERED] as number);
  }

  readonly #run = (): void => {
    let nowMs = this.#clock.nowMs();
    for (let caughtUp = 0; caughtUp < MOST_CATCH_UP && this.#isRunning; caughtUp += 1) {
      const lateMs = nowMs - this.#dueMs();
      if (lateMs < -EARLY_MS) break;
      this.#lateness[this.#remembered % REMEMBERED] = Math.max(0, lateMs);
      this.#remembered += 1;
      this.ticks += 1;
      const tick = this.#next;
      this.#next += 1;
      this.#onTick(tick);
      nowMs = this.#clock.nowMs();
    }
    if (!this.#isRunning) return;
    const behind = Math.floor((nowMs - this.#dueMs()) / TICK_MS);
    if (behind > 0) {
      this.#next += behind;
      this.skipped += behind;
    }
    this.#arm();
  };

  #dueMs(): number {
    return this.#originMs + this.#next * TICK_MS;
  }

  #arm(): void {
    const waitMs = Math.max(0, Math.ceil(this.#dueMs() - this.#clock.nowMs()));
    this.#timer = this.#clock.setTimeout(this.#run, waitMs);
  }
}
