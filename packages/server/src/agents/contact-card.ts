/** A contact as agents' pages show it and act on it: what the contact's story hands to the desks. */
import type { DeskCommand, DeskContact, DeskRefusal } from '@ringback/connect-api';
import type { AgentId, ContactId, InstanceId } from '../ids.ts';

/** What routing does not know of a contact. */
export type CardView = Pick<
  DeskContact,
  | 'initialContactId'
  | 'initiationMethod'
  | 'customer'
  | 'queue'
  | 'enqueuedAt'
  | 'name'
  | 'description'
  | 'references'
  | 'attributes'
  | 'preview'
  | 'parties'
  | 'recording'
  | 'failure'
  | 'monitor'
> & {
  /** Between accepting and the conversation. */
  readonly phase: 'PREVIEW' | 'DIALLING' | 'JOINING';
};

/** Commands that are about the contact; accepting, rejecting and clearing are routing's. */
export type CardCommand = Extract<DeskCommand, { readonly contactId: string } | { readonly do: 'digits' }>;

export interface ContactCard {
  readonly instanceId: InstanceId;
  readonly contactId: ContactId;
  view(): CardView;
  /** Does what an agent asks, who has the contact in hand; resolves with why not. */
  run(command: CardCommand, agentId: AgentId): Promise<DeskRefusal | undefined>;
}

/** The contacts of this node that agents may see. */
export class ContactCards {
  readonly #cards = new Map<ContactId, ContactCard>();
  readonly #changed: (contactId: ContactId) => void;

  constructor(changed: (contactId: ContactId) => void) {
    this.#changed = changed;
  }

  /** Shows a contact from now on; returns how to take it away. */
  show(card: ContactCard): () => void {
    this.#cards.set(card.contactId, card);
    this.#changed(card.contactId);
    return () => {
      if (this.#cards.get(card.contactId) === card) this.#cards.delete(card.contactId);
      this.#changed(card.contactId);
    };
  }

  find(contactId: ContactId): ContactCard | undefined {
    return this.#cards.get(contactId);
  }

  /** Something on the card is different. */
  changed(contactId: ContactId): void {
    this.#changed(contactId);
  }
}
