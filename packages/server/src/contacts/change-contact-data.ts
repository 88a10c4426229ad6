/** Changes a contact's data for the API, before and after its end: by its owner while it lives, afterwards here, with its record told anew. */
import type { Clock } from '../clock.ts';
import type { ContactStore } from '../store/contact-store.ts';
import type { Contact } from './contact.ts';
import { contactEvent } from './contact-events.ts';
import type { ContactOrders } from './contact-orders.ts';
import { contactRecord } from './contact-record.ts';
import { type DataChange, updatedProperties, withDataChange } from './data-change.ts';

export interface ChangeContactDataDeps {
  readonly orders: ContactOrders;
  readonly contacts: Pick<ContactStore, 'find' | 'amendEnded'>;
  readonly clock: Clock;
  readonly newEventId: () => string;
  readonly factsWritten: () => void;
}

/** Whoever changes an ended contact at the same time goes first; so often it is tried again. */
const mostTries = 20;

/**
 * Resolves when the change is committed with its event.
 *
 * @throws {OrderFailed} the contact's owner could not write it.
 */
export async function changeContactData(
  found: Contact,
  change: DataChange,
  deps: ChangeContactDataDeps,
): Promise<void> {
  let contact: Contact | undefined = found;
  for (let tries = 0; contact && tries < mostTries; tries += 1) {
    if (contact.state === 'ENDED') {
      if (await amended(contact, change, deps)) return;
    } else if ((await deps.orders.give('ChangeData', contact, change)) === 'changed') return;
    contact = await deps.contacts.find(contact.instanceId, contact.id);
  }
  throw new Error(`The data of contact ${found.id} changed too often at once, or the contact is gone.`);
}

/** False where another change came first. */
async function amended(before: Contact, change: DataChange, deps: ChangeContactDataDeps): Promise<boolean> {
  const updatedAtMs = Math.max(before.updatedAtMs, deps.clock.now());
  const contact: Contact = {
    ...withDataChange(before, change),
    updatedAtMs,
    outboxSequence: before.outboxSequence + 2,
  };
  const updated = [updatedProperties[change.kind]];
  const event = contactEvent(contact, 'CONTACT_DATA_UPDATED', updatedAtMs, deps.newEventId(), updated);
  const isWritten = await deps.contacts.amendEnded({
    contact,
    facts: [
      { sequence: before.outboxSequence + 1, stream: 'contact-events', payload: JSON.stringify(event) },
      {
        sequence: before.outboxSequence + 2,
        stream: 'contact-records',
        payload: JSON.stringify(contactRecord(contact)),
      },
    ],
  });
  if (isWritten) deps.factsWritten();
  return isWritten;
}
