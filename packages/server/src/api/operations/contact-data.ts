/** UpdateContactAttributes, TagContact and UntagContact, of contacts that live and that have ended; ListContactReferences. */
import { invalidParameterException } from '@ringback/connect-api';
import type { Contact, Reference } from '../../contacts/contact.ts';
import { type DataChange, DataChangeRefused } from '../../contacts/data-change.ts';
import { problemWithAttributes } from '../../policy/contact-limits.ts';
import { requireContact } from '../named-contact.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';

/** Answers when the change is committed: a flow that runs sees it, and the event of it follows. */
export const updateContactAttributes: OperationCode<'UpdateContactAttributes'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const contact = await requireContact(input.InitialContactId, instance, deps);
  const problem = problemWithAttributes(input.Attributes);
  if (problem) throw invalidParameterException(problem);
  await change(contact, { kind: 'attributes', set: input.Attributes }, deps);
  return {};
};

export const tagContact: OperationCode<'TagContact'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const contact = await requireContact(input.ContactId, instance, deps);
  await change(contact, { kind: 'tags', set: input.Tags, removed: [] }, deps);
  return {};
};

/** Keys that the contact does not have are passed over. */
export const untagContact: OperationCode<'UntagContact'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const contact = await requireContact(input.ContactId, instance, deps);
  await change(contact, { kind: 'tags', set: {}, removed: input.TagKeys }, deps);
  return {};
};

async function change(contact: Contact, wanted: DataChange, deps: ApiDeps): Promise<void> {
  try {
    await deps.changeContactData(contact, wanted);
  } catch (error) {
    throw error instanceof DataChangeRefused ? invalidParameterException(error.message) : error;
  }
}

/** All at once: Connect's never has a second page either. */
export const listContactReferences: OperationCode<'ListContactReferences'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { request } = await requireContact(input.ContactId, instance, deps);
  const asked = new Set<string>(input.ReferenceTypes);
  return {
    ReferenceSummaryList: Object.entries(request.references)
      .filter(([, { type }]) => asked.has(type))
      .map(([Name, { type, value }]) => ({ [summaryMember[type]]: { Name, Value: value } })),
  };
};

/** The union's member for each type that a contact can be created with. */
const summaryMember = {
  URL: 'Url',
  NUMBER: 'Number',
  STRING: 'String',
  DATE: 'Date',
  EMAIL: 'Email',
} as const satisfies Record<Reference['type'], string>;
