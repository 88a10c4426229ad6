/** Facts of contacts that have no row of their own: the tasks that flows create. */
import type { ContactId, InstanceId } from '../ids.ts';
import type { OutboxFact } from './accept-contacts.ts';
import type { RingbackDatabase } from './schema.ts';

export interface FactsOfTask {
  readonly instanceId: InstanceId;
  readonly contactId: ContactId;
  readonly facts: readonly OutboxFact[];
  readonly atMs: number;
}

/** Puts the facts of one task into the outbox, all or none, in their order. */
export async function storeTaskFacts(
  database: RingbackDatabase,
  { instanceId, contactId, facts, atMs }: FactsOfTask,
): Promise<void> {
  await database.query(
    `INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
     SELECT $1, $2, f.sequence, f.stream, f.payload, $3
       FROM unnest($4::int[], $5::text[], $6::text[]) WITH ORDINALITY AS f(sequence, stream, payload, place)
      ORDER BY f.place`,
    [
      instanceId,
      contactId,
      new Date(atMs),
      facts.map(({ sequence }) => sequence),
      facts.map(({ stream }) => stream),
      facts.map(({ payload }) => payload),
    ],
  );
}
