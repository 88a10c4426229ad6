/** Sessions of agents' pages and the count of failed sign-ins. Tokens are stored as hashes; identity/agent-sessions.ts makes and reads them. */
import type { AgentId, InstanceId } from '../ids.ts';
import type { RingbackDatabase } from './schema.ts';

export interface StoredAgentSession {
  readonly tokenHash: Uint8Array;
  readonly instanceId: InstanceId;
  readonly agentId: AgentId;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number;
}

export interface AgentSessionStore {
  add(session: StoredAgentSession): Promise<void>;
  find(tokenHash: Uint8Array): Promise<StoredAgentSession | undefined>;
  touch(tokenHash: Uint8Array, nowMs: number): Promise<void>;
  remove(tokenHash: Uint8Array): Promise<void>;
  /** Removes sessions last used, or made, before those times, and failures before `failuresBeforeMs`. */
  removeOld(limits: {
    readonly usedBeforeMs: number;
    readonly createdBeforeMs: number;
    readonly failuresBeforeMs: number;
  }): Promise<void>;
  /**
   * Counts a failure of each subject beforehand, so that guesses made at once count as well, and tells whether one has
   * had more than its most. A count begins anew when its last failure is older than `windowMs`; those over the most
   * do not make it last longer.
   */
  countFailures(
    subjects: readonly { readonly hash: Uint8Array; readonly most: number }[],
    nowMs: number,
    windowMs: number,
  ): Promise<'within' | 'over'>;
  forgetFailures(subjects: readonly Uint8Array[]): Promise<void>;
  /** Takes one failure back that was counted beforehand and was none. */
  takeBackFailure(subject: Uint8Array): Promise<void>;
}

export function openAgentSessionStore(database: RingbackDatabase): AgentSessionStore {
  const { kysely } = database;
  return {
    async add(session) {
      await kysely
        .insertInto('agent_session')
        .values({
          token_hash: session.tokenHash,
          instance_id: session.instanceId,
          agent_id: session.agentId,
          created_at: new Date(session.createdAtMs),
          last_used_at: new Date(session.lastUsedAtMs),
        })
        .execute();
    },
    async find(tokenHash) {
      const row = await kysely
        .selectFrom('agent_session')
        .selectAll()
        .where('token_hash', '=', tokenHash)
        .executeTakeFirst();
      return (
        row && {
          tokenHash,
          instanceId: row.instance_id as InstanceId,
          agentId: row.agent_id as AgentId,
          createdAtMs: row.created_at.getTime(),
          lastUsedAtMs: row.last_used_at.getTime(),
        }
      );
    },
    async touch(tokenHash, nowMs) {
      await kysely
        .updateTable('agent_session')
        .set({ last_used_at: new Date(nowMs) })
        .where('token_hash', '=', tokenHash)
        .execute();
    },
    async remove(tokenHash) {
      await kysely.deleteFrom('agent_session').where('token_hash', '=', tokenHash).execute();
    },
    async removeOld({ usedBeforeMs, createdBeforeMs, failuresBeforeMs }) {
      await kysely
        .deleteFrom('agent_session')
        .where((session) =>
          session.or([
            session('last_used_at', '<=', new Date(usedBeforeMs)),
            session('created_at', '<=', new Date(createdBeforeMs)),
          ]),
        )
        .execute();
      await kysely.deleteFrom('sign_in_failure').where('last_at', '<', new Date(failuresBeforeMs)).execute();
    },
    async countFailures(subjects, nowMs, windowMs) {
      const { rows } = await database.query<{ is_over: boolean }>(countFailures, [
        subjects.map(({ hash }) => hash),
        subjects.map(({ most }) => most),
        new Date(nowMs),
        new Date(nowMs - windowMs),
      ]);
      return rows.some((row) => row.is_over) ? 'over' : 'within';
    },
    async forgetFailures(subjects) {
      await kysely
        .deleteFrom('sign_in_failure')
        .where('subject_hash', 'in', [...subjects])
        .execute();
    },
    async takeBackFailure(subject) {
      await kysely
        .updateTable('sign_in_failure')
        .set(({ eb }) => ({ failures: eb('failures', '-', 1) }))
        .where('subject_hash', '=', subject)
        .where('failures', '>', 0)
        .execute();
    },
  };
}

// Rows in the order of their keys, so that two sign-ins at once cannot wait for each other.
const countFailures = {
  name: 'count-sign-in-failures',
  text: `
    WITH subject AS (SELECT * FROM unnest($1::bytea[], $2::int[]) AS s (hash, most)),
    counted AS (
      INSERT INTO sign_in_failure AS f (subject_hash, failures, last_at)
      SELECT hash, 1, $3 FROM subject ORDER BY hash
      ON CONFLICT (subject_hash) DO UPDATE
      SET failures = CASE WHEN f.last_at < $4 THEN 1 ELSE f.failures + 1 END,
          last_at = CASE
            WHEN f.last_at >= $4 AND f.failures > (SELECT most FROM subject WHERE hash = f.subject_hash) THEN f.last_at
            ELSE excluded.last_at END
      RETURNING subject_hash, failures
    )
    SELECT failures > most AS is_over FROM counted JOIN subject ON hash = subject_hash`,
};
