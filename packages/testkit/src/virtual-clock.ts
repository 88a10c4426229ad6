// Time that moves only when a test says so. Fits every structural `Clock` in the repository.

/** What `VirtualClock.setTimeout` returns; opaque to callers. */
export interface VirtualTimer {
  readonly dueMs: number;
  readonly order: number;
  /** Undefined once it ran or was cleared, so that a cleared timer holds on to nothing. */
  callback: (() => void) | undefined;
}

export interface VirtualClockOptions {
  /** First value of `now()`, ms since the epoch. Default 2026-01-01T00:00:00Z. */
  startMs?: number;
}

/** Thrown by `VirtualClock.settle` when the awaited promise is still pending after the allowed virtual time. */
export class NeverSettled extends Error {
  override readonly name = 'NeverSettled';
  constructor(limitMs: number) {
    super(
      `the promise is still pending after ${limitMs} ms of virtual time; is the awaited thing driven by this clock?`,
    );
  }
}

const DEFAULT_START_MS = Date.UTC(2026, 0, 1);

/**
 * A clock for tests. Timers run in order of due time, then of creation, and every promise reaction they cause finishes
 * before the next timer runs, as on a real, idle event loop.
 */
export class VirtualClock {
  #nowMs: number;
  #order = 0;
  #live = 0;
  #heap: VirtualTimer[] = [];

  constructor(options: VirtualClockOptions = {}) {
    this.#nowMs = options.startMs ?? DEFAULT_START_MS;
  }

  /** Virtual time, ms since the epoch. */
  now(): number {
    return this.#nowMs;
  }

  /** Timers that are set and have neither run nor been cleared. */
  get pendingTimers(): number {
    return this.#live;
  }

  /** Due time of the next timer, ms since the epoch, or undefined when none is set. */
  get nextDueMs(): number | undefined {
    return this.#peek()?.dueMs;
  }

  // Arrow properties, so that `const { setTimeout } = clock` and passing a method as a callback both work.
  readonly setTimeout = (callback: () => void, delayMs = 0): VirtualTimer => {
    const timer: VirtualTimer = {
      dueMs: this.#nowMs + Math.max(0, Number.isFinite(delayMs) ? delayMs : 0),
      order: this.#order++,
      callback,
    };
    this.#push(timer);
    this.#live++;
    return timer;
  };

  readonly clearTimeout = (handle: unknown): void => {
    const timer = handle as VirtualTimer | undefined;
    if (timer?.callback !== undefined) {
      timer.callback = undefined;
      this.#live--;
    }
  };

  /**
   * Moves time forward by `delayMs`, running every timer that falls due, in order. An exception thrown by a timer
   * rejects the returned promise and leaves time where it was thrown.
   */
  async advance(delayMs: number): Promise<void> {
    const targetMs = this.#nowMs + delayMs;
    await runPromiseReactions();
    for (let timer = this.#peek(); timer !== undefined && timer.dueMs <= targetMs; timer = this.#peek()) {
      await this.#runNext(timer);
    }
    this.#nowMs = targetMs;
  }

  /** Runs what is due now and lets all promise reactions finish; time stands still. */
  drain(): Promise<void> {
    return this.advance(0);
  }

  /**
   * Moves time forward, timer by timer, until `promise` settles, and returns (or throws) its outcome.
   *
   * @throws {NeverSettled} when `limitMs` of virtual time (default one hour) do not suffice, or no timer is left.
   */
  async settle<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    const limit = this.#nowMs + limitMs;
    await runPromiseReactions();
    while (!isSettled) {
      const timer = this.#peek();
      if (timer === undefined || timer.dueMs > limit) throw new NeverSettled(limitMs);
      await this.#runNext(timer);
    }
    return promise;
  }

  async #runNext(timer: VirtualTimer): Promise<void> {
    this.#pop();
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    const { callback } = timer;
    timer.callback = undefined;
    this.#live--;
    callback?.();
    await runPromiseReactions();
  }

  /** The earliest live timer; drops cleared ones on the way. */
  #peek(): VirtualTimer | undefined {
    while (this.#heap.length > 0 && this.#heap[0]?.callback === undefined) this.#pop();
    return this.#heap[0];
  }

  #push(timer: VirtualTimer): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as VirtualTimer;
      if (isEarlier(parent, timer)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      const left = heap[childIndex];
      if (left === undefined) break;
      let child = left;
      const right = heap[childIndex + 1];
      if (right !== undefined && isEarlier(right, left)) {
        child = right;
        childIndex++;
      }
      if (isEarlier(last, child)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}

function isEarlier(one: VirtualTimer, other: VirtualTimer): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}

/** A real turn of the event loop runs every queued promise reaction, however long their chain. */
function runPromiseReactions(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
