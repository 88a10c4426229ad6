/** UpdateContact, UpdateContactAttributes, TagContact and UntagContact, of contacts that live and that have ended; ListContactReferences. */
import { invalidParameterException, invalidRequestException } from '@ringback/connect-api';
import { type Contact, detailsOf, type Reference } from '../../contacts/contact.ts';
import { type DataChange, DataChangeRefused } from '../../contacts/data-change.ts';
import { problemWithAttributes, problemWithReferences } from '../../policy/contact-limits.ts';
import { referencesOf } from '../contact-references.ts';
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

/** Members that only external audio contacts have (API reference, UpdateContact): calls of a telephone system that Contact Lens listens to. */
const membersOfExternalAudio = ['QueueInfo', 'UserInfo', 'CustomerEndpoint', 'SystemEndpoint'] as const;

/** References are added to those that are there; one of the same name is replaced. */
export const updateContact: OperationCode<'UpdateContact'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const contact = await requireContact(input.ContactId, instance, deps);
  const external = membersOfExternalAudio.find((member) => input[member] !== undefined);
  if (external) {
    throw invalidRequestException(
      `${external} can be changed of external audio contacts only; this is a call.`,
    );
  }
  if (Object.keys(input.SegmentAttributes ?? {}).length > 0) {
    throw invalidParameterException(
      'Of the segment attributes only the expiry of a contact can be changed, and calls have none.',
    );
  }
  const { Name, Description, References } = input;
  if (Name === undefined && Description === undefined && !Object.keys(References ?? {}).length) {
    throw invalidParameterException('One of Name, Description and References is required.');
  }
  const problem = References && problemWithReferences(References);
  if (problem) throw invalidParameterException(problem);
  await change(
    contact,
    {
      kind: 'details',
      ...(Name === undefined ? {} : { name: Name }),
      ...(Description === undefined ? {} : { description: Description }),
      ...(References ? { references: referencesOf(References) } : {}),
    },
    deps,
  );
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
  const { references } = detailsOf(await requireContact(input.ContactId, instance, deps));
  const asked = new Set<string>(input.ReferenceTypes);
  return {
    ReferenceSummaryList: Object.entries(references)
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
