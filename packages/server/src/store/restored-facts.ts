/**
 * Makes facts of a database that was restored from a dump readable where it is now. Their order, and where each sink is, hang on transaction
 * ids. A dump keeps these as they were, while the server that it is read into counts its own, usually from near nothing: what is written there
 * would come before all that the sinks have, and none of it would reach them.
 */
import type { Queryable } from './database.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

/**
 * Does nothing on a database that was written by its own server. To be called before anything is written to the outbox; several nodes may
 * do so at once. Facts of transactions that overlapped around where a sink was may reach it twice.
 *
 * @returns whether the database was restored.
 */
export async function takeUpRestoredFacts(database: RingbackDatabase): Promise<boolean> {
  if (!(await hasForeignIds(database))) return false;
  return await database.withTransaction(async (transaction) => {
    // As long as it takes; whoever starts beside this one waits, and finds nothing to do.
    await transaction.liftTimeLimits();
    await transaction.query(`SELECT pg_advisory_xact_lock(hashtext('ringback restored facts'))`);
    if (!(await hasForeignIds(transaction))) return false;
    for (const statement of renumbering) await transaction.query(statement);
    return true;
  });
}

/** No transaction of this server can have written an id that it has yet to give. */
async function hasForeignIds(queryable: Queryable<Schema>): Promise<boolean> {
  const { rows } = await queryable.query<{ any: boolean }>(
    `SELECT EXISTS (SELECT FROM outbox WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot()))
         OR EXISTS (SELECT FROM sink_position WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot()))
         OR EXISTS (SELECT FROM held_fact WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())) AS any`,
  );
  return rows[0]?.any ?? false;
}

/**
 * All that came with the dump gets the id 0, which is before every transaction of this server. What orders it from now on is the position, which
 * goes up with each fact of a contact. A sink goes on before the first fact that it has not passed.
 */
const renumbering = [
  `UPDATE sink_position s
      SET transaction_id = '0',
          position = coalesce(
            (SELECT min(o.position) - 1 FROM outbox o
              WHERE (o.transaction_id, o.position) > (s.transaction_id, s.position)),
            (SELECT max(o.position) FROM outbox o), 0)`,
  `UPDATE outbox SET transaction_id = '0' WHERE transaction_id <> '0'`,
  `UPDATE held_fact SET transaction_id = '0' WHERE transaction_id <> '0'`,
];
