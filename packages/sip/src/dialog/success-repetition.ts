// Repeats the 2xx to an INVITE until its ACK arrives. The transaction does not do it, because a 2xx is acknowledged end to end
// (RFC 3261 §13.3.1.4).
import type { Clock } from '../clock.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import { T1_MS, T2_MS, TRANSACTION_TIMEOUT_MS } from '../transaction/timers.ts';

export class SuccessRepetition {
  /** CSeq of the INVITE, which the ACK repeats. */
  readonly sequence: number;
  readonly #clock: Clock;
  readonly #transaction: ServerTransaction;
  readonly #deadlineMs: number;
  readonly #onNoAck: () => void;
  #intervalMs = T1_MS;
  #timer: unknown;

  /** Starts with the first interval; the 2xx has just been sent. */
  constructor(clock: Clock, transaction: ServerTransaction, sequence: number, onNoAck: () => void) {
    this.#clock = clock;
    this.#transaction = transaction;
    this.sequence = sequence;
    this.#onNoAck = onNoAck;
    this.#deadlineMs = clock.now() + TRANSACTION_TIMEOUT_MS;
    this.#schedule();
  }

  /** The ACK came: neither the 2xx nor anybody who wants to hear of it is needed any more. */
  acknowledge(): void {
    this.stop();
    this.#transaction.release();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #schedule(): void {
    const remainingMs = this.#deadlineMs - this.#clock.now();
    this.#timer = this.#clock.setTimeout(this.#tick, Math.min(this.#intervalMs, Math.max(0, remainingMs)));
  }

  readonly #tick = (): void => {
    if (this.#clock.now() >= this.#deadlineMs) {
      this.#onNoAck();
      return;
    }
    this.#transaction.repeatSuccess();
    this.#intervalMs = Math.min(this.#intervalMs * 2, T2_MS);
    this.#schedule();
  };
}
