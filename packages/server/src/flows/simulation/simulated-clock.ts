/** Time for flows that run without a telephone: it jumps to the next timer when nothing else is left to do. */
import type { Clock } from '@ringback/flow';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** The flow waits for something that will never come: no timer is left and nobody is asked. */
export class SimulationStuck extends Error {
  override readonly name = 'SimulationStuck';
  constructor() {
    super('The flow waits for something that the simulation does not have. Please report this flow.');
  }
}

/** A clock that stands still while the program or a person works, and else runs from timer to timer. */
export class SimulatedClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs: number;
  #order = 0;
  /** Waits on the real world: a person at the terminal. */
  #outside = 0;
  #outsideEnded: (() => void) | undefined;

  /** @param startMs virtual time at the start, ms since the epoch. */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, callback };
    this.#order += 1;
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as Timer);
  }

  /** Waits for someone outside; virtual time stands still meanwhile. */
  async outside<Value>(work: Promise<Value>): Promise<Value> {
    this.#outside += 1;
    try {
      return await work;
    } finally {
      this.#outside -= 1;
      if (this.#outside === 0) this.#outsideEnded?.();
    }
  }

  /**
   * Runs virtual time until `work` settles.
   *
   * @throws {SimulationStuck} when it waits for nothing that is known here, and whatever `work` throws.
   */
  async runUntil<Value>(work: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    work.then(settled, settled);
    for (;;) {
      // A turn of the event loop lets every promise reaction finish before time moves.
      await new Promise((resolve) => setImmediate(resolve));
      if (isSettled) return work;
      if (this.#outside > 0) await this.#outsiders();
      else this.#runNext();
    }
  }

  #outsiders(): Promise<void> {
    return new Promise((resolve) => {
      this.#outsideEnded = resolve;
    });
  }

  /** A simulation has a handful of timers, so looking through all is cheapest. */
  #runNext(): void {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (!next || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) {
        next = timer;
      }
    }
    if (!next) throw new SimulationStuck();
    this.#timers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.callback();
  }
}
