/** What the API and flows may change of a contact's data at any time, and what the contact is then. Pure. */
import {
  problemWithAttributes,
  problemWithReferenceSize,
  problemWithTags,
} from '../policy/contact-limits.ts';
import { type Contact, type ContactAttributes, type ContactRequest, detailsOf } from './contact.ts';
import type { UpdatedProperty } from './contact-events.ts';

/** What is not named stays. Travels as JSON between nodes. */
export type DataChange =
  | { readonly kind: 'attributes'; readonly set: ContactAttributes }
  | {
      readonly kind: 'tags';
      readonly set: Readonly<Record<string, string>>;
      readonly removed: readonly string[];
    }
  | ({ readonly kind: 'details' } & Partial<Pick<ContactRequest, 'name' | 'description' | 'references'>>);

/** How CONTACT_DATA_UPDATED calls it; without a word for it Connect sends no such event (Administrator Guide, contact events). */
export const updatedProperties: Readonly<Record<DataChange['kind'], UpdatedProperty | undefined>> = {
  attributes: 'UserDefinedAttributes',
  tags: 'Tags',
  details: undefined,
};

/** Travels as JSON between nodes. */
export type DataChangeOutcome = 'changed' | { readonly refused: string };

/** The contact would have more than it may. The message is for whoever asked. */
export class DataChangeRefused extends Error {
  override readonly name = 'DataChangeRefused';
}

/**
 * @throws {DataChangeRefused} its attributes, tags or references would be more than a contact may have. Judged where the change is made: others
 *   may have come between what its asker saw and that.
 */
export function withDataChange(contact: Contact, change: DataChange): Contact {
  const changed = applied(contact, change);
  const problem = problemWith(changed, change);
  if (problem) throw new DataChangeRefused(problem);
  return changed;
}

function problemWith(changed: Contact, change: DataChange): string | undefined {
  switch (change.kind) {
    case 'attributes':
      return problemWithAttributes(changed.attributes, {});
    case 'tags':
      // What takes tags away helps, however many are left.
      return Object.keys(change.set).length > 0 ? problemWithTags(changed.outcome.tags ?? {}) : undefined;
    case 'details':
      if (!change.references) return undefined;
      return problemWithReferenceSize(
        Object.entries(detailsOf(changed).references).map(([key, { value }]) => [key, value]),
      );
  }
}

function applied(contact: Contact, change: DataChange): Contact {
  if (change.kind === 'attributes') {
    return { ...contact, attributes: { ...contact.attributes, ...change.set } };
  }
  if (change.kind === 'details') {
    const { kind: _kind, references, ...texts } = change;
    const all = { ...detailsOf(contact).references, ...references };
    return {
      ...contact,
      outcome: { ...contact.outcome, ...texts, ...(references ? { references: all } : {}) },
    };
  }
  const tags = Object.entries({ ...contact.outcome.tags, ...change.set });
  const left = Object.fromEntries(tags.filter(([key]) => !change.removed.includes(key)));
  return { ...contact, outcome: { ...contact.outcome, tags: left } };
}
