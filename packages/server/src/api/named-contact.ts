/** Finding the contact that a request names, by id or ARN: shared by every operation on one. */
import { resourceNotFoundException } from '@ringback/connect-api';
import { idOf, isWithin } from '../arn.ts';
import type { Contact } from '../contacts/contact.ts';
import { type ContactId, isUuid } from '../ids.ts';
import type { Instance } from '../store/resource-store.ts';
import type { ApiDeps } from './operation.ts';

/** The contact of the instance, or undefined. */
export async function namedContact(
  reference: string,
  instance: Instance,
  { contacts }: Pick<ApiDeps, 'contacts'>,
): Promise<Contact | undefined> {
  const id = namedContactId(reference);
  return isUuid(id) && isWithin(instance, 'contact', reference) ? contacts.find(instance.id, id) : undefined;
}

/**
 * The contact of the instance.
 *
 * @throws {ApiError} ResourceNotFoundException.
 */
export async function requireContact(
  reference: string,
  instance: Instance,
  deps: Pick<ApiDeps, 'contacts'>,
): Promise<Contact> {
  const contact = await namedContact(reference, instance, deps);
  if (!contact) throw resourceNotFoundException('The instance has no contact with this ContactId.');
  return contact;
}

/** The id that a reference to a contact holds, in the spelling of the store. */
export function namedContactId(reference: string): ContactId {
  return idOf(reference).toLowerCase() as ContactId;
}

/** For operations on what goes on in a contact, which has to be active. */
export function noActiveContact() {
  return resourceNotFoundException('There is no active contact with this ContactId.');
}
