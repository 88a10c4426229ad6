// INVITEs that were given up without a final response. If their phone is picked up after all, the 2xx must still be
// acknowledged and hung up, or somebody talks into silence for half a minute.
import type { Clock } from '../clock.ts';
import type { SipResponse } from '../message/message.ts';
import type { SipPeer } from '../transport/sip-endpoint.ts';

export interface LateAnswerReceiver {
  receiveLateSuccess(response: SipResponse, source: SipPeer): void;
}

/** How long a late 2xx is expected, ms: the ringing limit of proxies, timer C (RFC 3261 §16.6). */
const WINDOW_MS = 180_000;

export class LateAnswers {
  readonly #clock: Clock;
  readonly #expected = new Map<string, { receiver: LateAnswerReceiver; timer: unknown }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#expected.size;
  }

  expect(callId: string, fromTag: string, receiver: LateAnswerReceiver): void {
    const key = `${callId} ${fromTag}`;
    const timer = this.#clock.setTimeout(() => this.#expected.delete(key), WINDOW_MS);
    this.#expected.set(key, { receiver, timer });
  }

  /** Only for INVITEs we gave up ourselves: a forged 2xx cannot make us send anything. */
  receive(response: SipResponse, source: SipPeer): void {
    const { callId, from } = response.headers;
    this.#expected.get(`${callId} ${from.tag ?? ''}`)?.receiver.receiveLateSuccess(response, source);
  }

  close(): void {
    for (const { timer } of this.#expected.values()) this.#clock.clearTimeout(timer);
    this.#expected.clear();
  }
}
