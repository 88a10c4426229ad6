/** Changes a contact's data for the API, before and after its end: by its owner while it lives, afterwards here, with its record told anew. */
import type { Clock } from '../clock.ts';
import type { ContactId } from '../ids.ts';
import type { OutboxFact } from '../store/accept-contacts.ts';
import type { ContactStore } from '../store/contact-store.ts';
import type { Contact } from './contact.ts';
import { contactEvent } from './contact-events.ts';
import type { ContactOrders } from './contact-orders.ts';
import { contactRecord } from './contact-record.ts';
import { type DataChange, DataChangeRefused, updatedProperties, withDataChange } from './data-change.ts';

export interface ChangeContactDataDeps {
  readonly orders: ContactOrders;
  readonly contacts: Pick<ContactStore, 'find' | 'amendEnded'>;
  readonly clock: Clock;
  readonly newEventId: () => string;
  readonly factsWritten: () => void;
}

/**
 * Changes attributes or tags, before and after a contact's end. Resolves when the change is committed with its event.
 *
 * @throws {DataChangeRefused} the contact would have more than it may.
 * @throws {OrderFailed} the contact's owner could not write it.
 */
export type ChangeContactData = (contact: Contact, change: DataChange) => Promise<void>;

/** Only other nodes, which change an ended contact at the same time, can go first; so often it is tried again. */
const mostTries = 20;

export function openContactData(deps: ChangeContactDataDeps): ChangeContactData {
  /** The last change here of each ended contact that is being changed. They go one after the other, or most would be in vain. */
  const underWay = new Map<ContactId, Promise<unknown>>();

  /** Resolves with the contact where it has ended meanwhile. */
  async function changedByOwner(found: Contact, change: DataChange): Promise<Contact | 'changed'> {
    let contact: Contact | undefined = found;
    for (let tries = 0; contact && tries < mostTries; tries += 1) {
      if (contact.state === 'ENDED') return contact;
      const outcome = await deps.orders.give('ChangeData', contact, change);
      if (outcome === 'changed') return outcome;
      if (outcome !== 'not active') throw new DataChangeRefused(outcome.refused);
      contact = await deps.contacts.find(contact.instanceId, contact.id);
    }
    throw notChanged(found);
  }

  async function changedHere(found: Contact, change: DataChange): Promise<void> {
    let contact: Contact | undefined = found;
    for (let tries = 0; contact && tries < mostTries; tries += 1) {
      if (await amended(contact, change, deps)) return;
      contact = await deps.contacts.find(contact.instanceId, contact.id);
    }
    throw notChanged(found);
  }

  async function inTurn(id: ContactId, work: () => Promise<void>): Promise<void> {
    const turn = (underWay.get(id) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    underWay.set(id, settled);
    try {
      await turn;
    } finally {
      if (underWay.get(id) === settled) underWay.delete(id);
    }
  }

  return async (found, change) => {
    const contact = await changedByOwner(found, change);
    if (contact !== 'changed') await inTurn(contact.id, () => changedHere(contact, change));
  };
}

function notChanged({ id }: Contact): Error {
  return new Error(`The data of contact ${id} changed too often at once, or the contact is gone.`);
}

/** False where another change came first. */
async function amended(before: Contact, change: DataChange, deps: ChangeContactDataDeps): Promise<boolean> {
  const updatedAtMs = Math.max(before.updatedAtMs, deps.clock.now());
  const changed: Contact = { ...withDataChange(before, change), updatedAtMs };
  const updated = updatedProperties[change.kind];
  const told: Pick<OutboxFact, 'stream' | 'payload'>[] = [
    ...(updated
      ? [
          {
            stream: 'contact-events' as const,
            payload: JSON.stringify(
              contactEvent(changed, 'CONTACT_DATA_UPDATED', updatedAtMs, deps.newEventId(), [updated]),
            ),
          },
        ]
      : []),
    { stream: 'contact-records', payload: JSON.stringify(contactRecord(changed)) },
  ];
  const isWritten = await deps.contacts.amendEnded({
    contact: { ...changed, outboxSequence: before.outboxSequence + told.length },
    facts: told.map((fact, index) => ({ ...fact, sequence: before.outboxSequence + 1 + index })),
  });
  if (isWritten) deps.factsWritten();
  return isWritten;
}
