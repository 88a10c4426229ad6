/** Lets a fixed number of tasks run at once and a bounded number wait, first come first served. */

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

/** Why somebody does not get through: too many wait already, or it was closed. */
export type TurnedAway = 'overloaded' | 'closed';

export class Turnstile {
  readonly #mostWaiting: number;
  readonly #errorFor: (why: TurnedAway) => Error;
  readonly #waiting: Waiter[] = [];
  #free: number;
  #closedFor: Error | undefined;

  /** `errorFor` makes what those get who are turned away. */
  constructor(places: number, mostWaiting: number, errorFor: (why: TurnedAway) => Error) {
    this.#free = places;
    this.#mostWaiting = mostWaiting;
    this.#errorFor = errorFor;
  }

  /**
   * Runs `task` when a place is free; the place is free again when the task settles.
   *
   * @throws what `errorFor` made: `overloaded` when too many wait, `closed` after `close`.
   * @param signal ends the wait; absent where nobody gives up.
   * @throws `signal.reason` when aborted while waiting. A task that has begun watches the signal itself.
   */
  async pass<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  /** Refuses those who wait and everyone after them. */
  close(): void {
    this.#closedFor ??= this.#errorFor('closed');
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(this.#closedFor);
  }

  #enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.#closedFor) return Promise.reject(this.#closedFor);
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#mostWaiting) return Promise.reject(this.#errorFor('overloaded'));
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        const index = this.#waiting.indexOf(waiter);
        if (index !== -1) this.#waiting.splice(index, 1);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        admit: () => {
          signal?.removeEventListener('abort', aborted);
          resolve();
        },
        refuse: (reason) => {
          signal?.removeEventListener('abort', aborted);
          reject(reason);
        },
      };
      this.#waiting.push(waiter);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next.admit();
    else this.#free++;
  }
}
