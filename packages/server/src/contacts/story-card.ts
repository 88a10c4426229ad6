/** The card that a contact's story shows to agents: what the contact is, in which stage it stands, and who answers the agent's buttons at that stage. */
import type { DeskParty, DeskRefusal } from '@ringback/connect-api';
import type { CardCommand, CardView, ContactCard } from '../agents/contact-card.ts';
import type { AgentId, ContactId, InstanceId } from '../ids.ts';
import { detailsOf } from './contact.ts';
import type { OpenContact } from './open-contact.ts';

/** What a stage of the story can do; what it leaves out cannot be done now. */
export type CardControls = {
  readonly [Name in CardCommand['do']]?: (
    command: Extract<CardCommand, { readonly do: Name }>,
    agentId: AgentId,
  ) => Promise<DeskRefusal | undefined>;
};

export class StoryCard implements ContactCard {
  readonly instanceId: InstanceId;
  readonly contactId: ContactId;
  readonly #contact: OpenContact;
  readonly #changed: (contactId: ContactId) => void;
  #stage: Pick<CardView, 'phase' | 'preview' | 'parties' | 'recording' | 'failure' | 'monitor'> = {
    phase: 'JOINING',
    parties: [],
  };
  #controls: CardControls = {};

  constructor(contact: OpenContact, changed: (contactId: ContactId) => void) {
    this.#contact = contact;
    this.instanceId = contact.current.instanceId;
    this.contactId = contact.current.id;
    this.#changed = changed;
  }

  /** Enters a stage with its own buttons; what failed, or was recorded, in the one before is told no more. */
  enter(
    stage: Partial<Pick<CardView, 'phase' | 'preview' | 'parties' | 'recording' | 'failure' | 'monitor'>>,
    controls: CardControls,
  ): void {
    const { preview: _preview, failure: _failure, recording: _recording, ...rest } = this.#stage;
    this.#stage = { ...rest, ...stage };
    this.#controls = controls;
    this.#changed(this.contactId);
  }

  /** Changes what is shown within the stage. */
  show(change: Partial<Pick<CardView, 'parties' | 'recording' | 'failure'>>): void {
    this.#stage = { ...this.#stage, ...change };
    this.#changed(this.contactId);
  }

  /** Shows the contact as it is by now, its attributes above all. */
  refresh(): void {
    this.#changed(this.contactId);
  }

  view(): CardView {
    const { current } = this.#contact;
    const { request, outcome } = current;
    const { queue } = outcome;
    const { name, description, references } = detailsOf(current);
    return {
      initialContactId: request.initialContactId ?? current.id,
      initiationMethod: request.initiationMethod ?? 'API',
      customer: { address: request.destination },
      ...(queue ? { queue: { id: queue.queueId, name: queue.name }, enqueuedAt: queue.enqueuedAtMs } : {}),
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      references: Object.entries(references).map(([key, { type, value }]) => ({
        name: key,
        type,
        value,
      })),
      attributes: current.attributes,
      ...this.#stage,
    };
  }

  async run(command: CardCommand, agentId: AgentId): Promise<DeskRefusal | undefined> {
    const control = this.#controls[command.do] as
      | ((command: CardCommand, agentId: AgentId) => Promise<DeskRefusal | undefined>)
      | undefined;
    if (!control) return notNow;
    return control(command, agentId);
  }
}

export const notNow: DeskRefusal = { code: 'NOT_NOW', message: 'That cannot be done at this moment.' };

/** The agent who asks a colleague, or hands over to him. Pages know him by this id. */
export function transferringParty(name: string, state: DeskParty['state']): DeskParty {
  return { id: 'transferring', kind: 'agent', label: name, state };
}

/** The customer as the page lists him. */
export function customerParty(address: string, state: DeskParty['state']): DeskParty {
  return { id: 'customer', kind: 'customer', label: address, state };
}
