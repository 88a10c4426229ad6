/** What /health says of the database: whether it answers soon, and takes writes. */
import { type Clock, delay } from '../clock.ts';
import type { Queryable } from './database.ts';
import type { Schema } from './schema.ts';

/** `read-only` is a standby, or a server that an administrator or a full disk made so: it answers, and no call can be accepted. */
export type DatabaseState = 'ok' | 'read-only' | 'unavailable';

/** Load balancers wait for a few seconds, and the pool for much longer, ms. */
const answersWithinMs = 3_000;

export async function databaseState(
  database: Pick<Queryable<Schema>, 'query'>,
  clock: Clock,
): Promise<DatabaseState> {
  const answered = new AbortController();
  const state = database
    .query<{ read_only: boolean }>(`SELECT current_setting('transaction_read_only')::boolean AS read_only`)
    .then(
      ({ rows }): DatabaseState => (rows[0]?.read_only ? 'read-only' : 'ok'),
      (): DatabaseState => 'unavailable',
    );
  const late = delay(clock, answersWithinMs, answered.signal).then(
    (): DatabaseState => 'unavailable',
    (): DatabaseState => 'unavailable',
  );
  try {
    return await Promise.race([state, late]);
  } finally {
    answered.abort();
  }
}
