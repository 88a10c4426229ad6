/** Keys that a customer pressed, in order, until someone asks for them. One per leg. */
import type { Clock } from '../clock.ts';

export type Key = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '*' | '#';

const keys: ReadonlySet<string> = new Set('0123456789*#');

/** Most keys kept; a stuck key must not fill the memory. */
const maxKept = 512;

export class KeyPresses {
  readonly #kept: Key[] = [];
  readonly #clock: Clock;
  #waiting: ((key: Key) => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes what the media engine heard. A to D are keys of no telephone and are left out. */
  pressed(digit: string): void {
    if (!keys.has(digit)) return;
    const key = digit as Key;
    if (this.#waiting) this.#waiting(key);
    else if (this.#kept.length < maxKept) this.#kept.push(key);
  }

  /** The oldest key that nobody took, or the next one within `withinMs`; undefined when time or signal end it. */
  next(withinMs: number, signal: AbortSignal): Promise<Key | undefined> {
    const kept = this.#kept.shift();
    if (kept !== undefined || signal.aborted) return Promise.resolve(kept);
    return new Promise((resolve) => {
      const settle = (key: Key | undefined): void => {
        this.#waiting = undefined;
        this.#clock.clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        resolve(key);
      };
      const aborted = (): void => settle(undefined);
      const timer = this.#clock.setTimeout(() => settle(undefined), withinMs);
      signal.addEventListener('abort', aborted, { once: true });
      this.#waiting = settle;
    });
  }

  /** Takes the oldest key at once. */
  take(): Key | undefined {
    return this.#kept.shift();
  }

  /** Takes all keys that nobody took. */
  drain(): readonly Key[] {
    return this.#kept.splice(0);
  }
}
