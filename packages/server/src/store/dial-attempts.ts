/** The committed dial attempts of a contact, for whoever wants to see how it was dialled. Read only; advance-contacts.ts writes them. */
import type { ContactId, InstanceId } from '../ids.ts';
import type { DialAttempt } from './advance-contacts.ts';
import type { RingbackDatabase } from './schema.ts';

/** In their order. */
export async function dialAttemptsOf(
  database: RingbackDatabase,
  instanceId: InstanceId,
  contactId: ContactId,
): Promise<readonly DialAttempt[]> {
  const { rows } = await database.query<{ n: number; target: string; call_id: string; attempted_at: Date }>(
    {
      name: 'dial-attempts-of',
      text: `SELECT n, target, call_id, attempted_at FROM dial_attempt
              WHERE instance_id = $1 AND contact_id = $2 ORDER BY n`,
    },
    [instanceId, contactId],
  );
  return rows.map((row) => ({
    n: row.n,
    target: row.target,
    callId: row.call_id,
    attemptedAtMs: row.attempted_at.getTime(),
  }));
}
