/** UpdateContactAttributes, TagContact and UntagContact, of contacts that live and that have ended; ListContactReferences. */
import { invalidParameterException } from '@ringback/connect-api';
import type { Reference } from '../../contacts/contact.ts';
import { problemWithAttributes } from '../../policy/contact-limits.ts';
import { requireContact } from '../named-contact.ts';
import { type OperationCode, requireInstance } from '../operation.ts';

/** User-defined tags of one contact (API reference, TagContact). */
const maxTags = 6;

/** Answers when the change is committed: a flow that runs sees it, and the event of it follows. */
export const updateContactAttributes: OperationCode<'UpdateContactAttributes'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const contact = await requireContact(input.InitialContactId, instance, deps);
  const problem = problemWithAttributes({ ...contact.attributes, ...input.Attributes }, input.Attributes);
  if (problem) throw invalidParameterException(problem);
  await deps.changeContactData(contact, { kind: 'attributes', set: input.Attributes });
  return {};
};

export const tagContact: OperationCode<'TagContact'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const contact = await requireContact(input.ContactId, instance, deps);
  if (Object.keys({ ...contact.outcome.tags, ...input.Tags }).length > maxTags) {
    throw invalidParameterException(`The contact would have more than ${maxTags} tags.`);
  }
  await deps.changeContactData(contact, { kind: 'tags', set: input.Tags, removed: [] });
  return {};
};

/** Keys that the contact does not have are passed over. */
export const untagContact: OperationCode<'UntagContact'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const contact = await requireContact(input.ContactId, instance, deps);
  await deps.changeContactData(contact, { kind: 'tags', set: {}, removed: input.TagKeys });
  return {};
};

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
