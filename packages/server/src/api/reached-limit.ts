/** Tells the log that what clients hold has reached a limit: at once, and then now and then for as long as it is reached again, however often that is. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';

export interface ReachedLimitDeps {
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A crowd that comes and goes must not fill the log, ms. */
const tellEveryMs = 10 * 60_000;

export class ReachedLimit {
  readonly #deps: ReachedLimitDeps;
  readonly #message: string;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #times = 0;

  /** @param message what is full, what becomes of clients, and the remedy. */
  constructor(message: string, deps: ReachedLimitDeps) {
    this.#message = message;
    this.#deps = deps;
  }

  /** Since the start. */
  get times(): number {
    return this.#times;
  }

  /** Somebody had to give way. */
  again(): void {
    const { clock, logger } = this.#deps;
    this.#times += 1;
    if (clock.now() - this.#toldAtMs < tellEveryMs) return;
    this.#toldAtMs = clock.now();
    logger.warn({ times: this.#times }, this.#message);
  }
}
