/** What the API and flows may change of a contact's data at any time, and what the contact is then. Pure. */
import { problemWithAttributes, problemWithTags } from '../policy/contact-limits.ts';
import type { Contact, ContactAttributes } from './contact.ts';
import type { UpdatedProperty } from './contact-events.ts';

/** What is not named stays. Travels as JSON between nodes. */
export type DataChange =
  | { readonly kind: 'attributes'; readonly set: ContactAttributes }
  | {
      readonly kind: 'tags';
      readonly set: Readonly<Record<string, string>>;
      readonly removed: readonly string[];
    };

export const updatedProperties: Readonly<Record<DataChange['kind'], UpdatedProperty>> = {
  attributes: 'UserDefinedAttributes',
  tags: 'Tags',
};

/** Travels as JSON between nodes. */
export type DataChangeOutcome = 'changed' | { readonly refused: string };

/** The contact would have more than it may. The message is for whoever asked. */
export class DataChangeRefused extends Error {
  override readonly name = 'DataChangeRefused';
}

/**
 * @throws {DataChangeRefused} its attributes or tags would be more than a contact may have. Judged where the change is made: others
 *   may have come between what its asker saw and that.
 */
export function withDataChange(contact: Contact, change: DataChange): Contact {
  const changed = applied(contact, change);
  const problem =
    change.kind === 'attributes'
      ? problemWithAttributes(changed.attributes, {})
      : // What takes tags away helps, however many are left.
        Object.keys(change.set).length > 0 && problemWithTags(changed.outcome.tags ?? {});
  if (problem) throw new DataChangeRefused(problem);
  return changed;
}

function applied(contact: Contact, change: DataChange): Contact {
  if (change.kind === 'attributes') {
    return { ...contact, attributes: { ...contact.attributes, ...change.set } };
  }
  const tags = Object.entries({ ...contact.outcome.tags, ...change.set });
  const left = Object.fromEntries(tags.filter(([key]) => !change.removed.includes(key)));
  return { ...contact, outcome: { ...contact.outcome, tags: left } };
}
