/** The conversations of this node that a supervisor may listen to, and who does. Opened by conversation.ts, used by monitor-contact.ts. */
import type { DeskParty } from '@ringback/connect-api';
import type { Leg } from '../calls/leg.ts';
import type { AgentId, ContactId } from '../ids.ts';

/** Supervisors of one conversation (Administrator Guide, feature specifications: two, of whom one may barge in). */
const mostSupervisors = 2;

/** One supervisor's part in a conversation. */
export interface Watch {
  /** Takes part from now on, unless another does. */
  barge(): 'heard' | 'somebody else takes part';
  /** Only listens. */
  listens(): void;
  /** May be called twice. */
  leave(): void;
}

/** One conversation of an agent with a customer. */
export class WatchedConversation {
  readonly customer: Leg;
  readonly agentId: AgentId;
  readonly #changed: () => void;
  readonly #ended = Promise.withResolvers<void>();
  #supervisors = 0;
  /** Who of them takes part, one at a time (Administrator Guide, feature specifications). */
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

  /** Whether one more may listen. */
  get hasRoom(): boolean {
    return this.#supervisors < mostSupervisors;
  }

  /** Begins to listen; undefined when no more may. */
  watch(name: string): Watch | undefined {
    if (!this.hasRoom) return undefined;
    this.#supervisors += 1;
    const own: DeskParty = { id: 'supervisor', kind: 'supervisor', label: name, state: 'connected' };
    let hasLeft = false;
    const show = (heard: DeskParty | undefined): void => {
      this.#heard = heard;
      this.#changed();
    };
    const listens = (): void => {
      if (this.#heard === own) show(undefined);
    };
    return {
      barge: () => {
        if (hasLeft || (this.#heard && this.#heard !== own)) return 'somebody else takes part';
        if (!this.#heard) show(own);
        return 'heard';
      },
      listens,
      leave: () => {
        if (hasLeft) return;
        hasLeft = true;
        listens();
        this.#supervisors -= 1;
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
