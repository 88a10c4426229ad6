// Keeps the time of one session: when to refresh it, and when it has expired. Performs what `session-timer-states.ts` says.
import type { Clock } from '../clock.ts';
import {
  type SessionTimerAction,
  type SessionTimerInput,
  type SessionTimerState,
  stepSessionTimer,
} from './session-timer-states.ts';
import type { SessionInterval } from './session-timer-terms.ts';

export interface SessionTimerUser {
  /** Time to refresh. What comes of it is reported by `agreed`, `released` or `refreshFailed`. */
  onRefreshDue(): void;
  /** Nobody refreshed in time; the session is to be ended with BYE. */
  onExpired(): void;
}

/** setTimeout's own limit; a peer that names more gets 24 days. */
const LONGEST_MS = 2 ** 31 - 1;
/** After a refresh that failed for the moment, another try. */
const RETRY_MS = 5_000;

export class SessionTimer {
  readonly #clock: Clock;
  readonly #user: SessionTimerUser;
  #state: SessionTimerState = 'off';
  #interval: SessionInterval | undefined;
  #refreshTimer: unknown;
  #expiryTimer: unknown;

  constructor(clock: Clock, user: SessionTimerUser) {
    this.#clock = clock;
    this.#user = user;
  }

  /** What was agreed last; undefined when there is no timer. */
  get interval(): SessionInterval | undefined {
    return this.#interval;
  }

  /** A 2xx to an INVITE or UPDATE set the interval, or set none. */
  agreed(interval: SessionInterval | undefined): void {
    this.#interval = interval;
    this.#step(interval === undefined ? 'released' : 'agreed');
  }

  refreshFailed(): void {
    this.#step('refreshFailed');
  }

  stop(): void {
    this.#step('ended');
  }

  #step(input: SessionTimerInput): void {
    const { state, actions } = stepSessionTimer(this.#state, input);
    this.#state = state;
    for (const action of actions) this.#perform(action);
  }

  #perform(action: SessionTimerAction): void {
    switch (action) {
      case 'startTimers':
        this.#start();
        break;
      case 'stopTimers':
        this.#clock.clearTimeout(this.#refreshTimer);
        this.#clock.clearTimeout(this.#expiryTimer);
        this.#refreshTimer = undefined;
        this.#expiryTimer = undefined;
        break;
      case 'retryRefresh':
        this.#refreshTimer = this.#after(RETRY_MS, 'refreshDue');
        break;
      case 'sendRefresh':
        this.#refreshTimer = undefined;
        this.#user.onRefreshDue();
        break;
      case 'hangUp':
        this.#user.onExpired();
        break;
    }
  }

  /** Refresh at half the interval (§7.2); end it a third of the interval, at most 32 s, before it expires (§10). */
  #start(): void {
    if (this.#interval === undefined) return;
    const { intervalSeconds, refresher } = this.#interval;
    if (refresher === 'local') this.#refreshTimer = this.#after(intervalSeconds * 500, 'refreshDue');
    const marginSeconds = Math.min(32, intervalSeconds / 3);
    this.#expiryTimer = this.#after((intervalSeconds - marginSeconds) * 1_000, 'expiryDue');
  }

  #after(delayMs: number, input: SessionTimerInput): unknown {
    return this.#clock.setTimeout(() => this.#step(input), Math.min(delayMs, LONGEST_MS));
  }
}
