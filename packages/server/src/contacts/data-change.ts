/** What the API and flows may change of a contact's data at any time, and what the contact is then. Pure. */
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

export function withDataChange(contact: Contact, change: DataChange): Contact {
  if (change.kind === 'attributes') {
    return { ...contact, attributes: { ...contact.attributes, ...change.set } };
  }
  const tags = Object.entries({ ...contact.outcome.tags, ...change.set });
  const left = Object.fromEntries(tags.filter(([key]) => !change.removed.includes(key)));
  return { ...contact, outcome: { ...contact.outcome, tags: left } };
}
