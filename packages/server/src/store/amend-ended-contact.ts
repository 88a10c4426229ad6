/** One fenced write of a contact's data after its end, with its facts. Part of the contact store. */
import type { ContactAdvance } from './advance-contacts.ts';
import type { RingbackDatabase } from './schema.ts';

/** False, and nothing is written, where the contact has not ended or other facts of it were written meanwhile. */
export async function amendEndedContact(
  database: RingbackDatabase,
  { contact, facts }: Pick<ContactAdvance, 'contact' | 'facts'>,
): Promise<boolean> {
  const { rows } = await database.query(statement, [
    contact.instanceId,
    contact.id,
    JSON.stringify(contact.attributes),
    JSON.stringify(contact.outcome),
    new Date(contact.updatedAtMs),
    contact.outboxSequence,
    facts.map(({ sequence }) => sequence),
    facts.map(({ stream }) => stream),
    facts.map(({ payload }) => payload),
  ]);
  return rows.length > 0;
}

const statement = {
  name: 'amend-ended-contact',
  text: `
    WITH changed AS (
      UPDATE contact
         SET attributes = $3::jsonb, outcome = $4::jsonb, updated_at = $5, outbox_sequence = $6
       WHERE instance_id = $1 AND id = $2 AND state = 'ENDED' AND outbox_sequence = $6 - cardinality($7::int[])
      RETURNING instance_id, id, updated_at
    ), told AS (
      INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
      SELECT changed.instance_id, changed.id, f.sequence, f.stream, f.payload, changed.updated_at
        FROM unnest($7::int[], $8::text[], $9::text[]) WITH ORDINALITY AS f(sequence, stream, payload, place), changed
       ORDER BY f.place
    )
    SELECT id FROM changed`,
};
