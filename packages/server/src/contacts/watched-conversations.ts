/** The conversations of this node that a supervisor may listen to, and who does. Opened by conversation.ts, used by monitor-contact.ts. */
import type { DeskParty } from '@ringback/connect-api';
import type { Leg } from '../calls/leg.ts';
import type { AgentId, ContactId } from '../ids.ts';

/** One conversation of an agent with a customer. */
export class WatchedConversation {
  readonly customer: Leg;
  readonly agentId: AgentId;
  readonly #changed: () => void;
  readonly #ended = Promise.withResolvers<void>();
  #supervisor: object | undefined;
  #heard: DeskParty | undefined;

  /** @param changed told when somebody is heard who was not, or not any more. */
  constructor(customer: Leg, agentId: AgentId, changed: () => void) {
    this.customer = customer;
    this.agentId = agentId;
    this.#changed = changed;
  }

  /** Resolves when nobody talks any more. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** A supervisor who is heard; one who listens is not shown. */
  get heard(): DeskParty | undefined {
    return this.#heard;
  }

  /** Whether somebody listens: with a third party one more is all that a bridge takes. */
  get isWatched(): boolean {
    return this.#supervisor !== undefined;
  }

  /** Begins to listen; undefined when somebody does. */
  watch(name: string): { barged(): void; listens(): void; leave(): void } | undefined {
    if (this.#supervisor) return undefined;
    const supervisor = {};
    this.#supervisor = supervisor;
    const show = (heard: DeskParty | undefined): void => {
      if (this.#supervisor !== supervisor || this.#heard === heard) return;
      this.#heard = heard;
      this.#changed();
    };
    return {
      barged: () => show({ id: 'supervisor', kind: 'supervisor', label: name, state: 'connected' }),
      listens: () => show(undefined),
      leave: () => {
        show(undefined);
        if (this.#supervisor === supervisor) this.#supervisor = undefined;
      },
    };
  }

  end(): void {
    this.#ended.resolve();
  }
}

export class WatchedConversations {
  readonly #open = new Map<ContactId, WatchedConversation>();

  /** Shows a conversation; returns how to take it away, which ends who listens. */
  open(contactId: ContactId, conversation: WatchedConversation): () => void {
    this.#open.set(contactId, conversation);
    return () => {
      if (this.#open.get(contactId) === conversation) this.#open.delete(contactId);
      conversation.end();
    };
  }

  find(contactId: ContactId): WatchedConversation | undefined {
    return this.#open.get(contactId);
  }
}
