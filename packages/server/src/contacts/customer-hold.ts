/** The customer on hold and back, with what the contact record tells of it. Held by a conversation. */
import type { FlowParticipant } from '@ringback/flow';
import type { Leg } from '../calls/leg.ts';
import type { Clock } from '../clock.ts';
import type { AgentOutcome } from './contact.ts';
import type { HoldFlow } from './hold-flow.ts';

export class CustomerHold {
  readonly #customer: Leg;
  readonly #flow: HoldFlow;
  readonly #clock: Clock;
  readonly #holds = { count: 0, totalMs: 0, longestMs: 0 };
  #sinceMs: number | undefined;

  constructor(customer: Leg, flow: HoldFlow, clock: Clock) {
    this.#customer = customer;
    this.#flow = flow;
    this.#clock = clock;
  }

  get isOn(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** Holds that are over. */
  get account(): NonNullable<AgentOutcome['holds']> {
    return { ...this.#holds };
  }

  /** @param participant the customer, as the hold flow finds him. */
  begin(participant: FlowParticipant | undefined): void {
    if (this.isOn) return;
    this.#customer.media.hold([]);
    this.#sinceMs = this.#clock.now();
    this.#holds.count += 1;
    this.#flow.play('CustomerHold', participant);
  }

  /** The customer is heard again. May be called when he is not on hold. */
  end(): void {
    if (!this.isOn) return;
    this.leave();
    this.#customer.media.resume();
  }

  /** The hold is over because the conversation is; the customer's audio is left as it is. */
  leave(): void {
    this.#flow.stop();
    if (this.#sinceMs === undefined) return;
    const heldMs = this.#clock.now() - this.#sinceMs;
    this.#sinceMs = undefined;
    this.#holds.totalMs += heldMs;
    this.#holds.longestMs = Math.max(this.#holds.longestMs, heldMs);
  }
}
