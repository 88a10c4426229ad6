/** Whether what routing stands on has changed since it was read: the instance's switches, agents, profiles, statuses, queues, hierarchy. A look that costs little, because it is made each second. */
import type { InstanceId } from '../ids.ts';
import type { RingbackDatabase } from './schema.ts';

/**
 * A text that differs after any change. Times of change are summed, not compared, because the clocks of nodes differ: a
 * later change may bear the earlier time.
 */
export async function setUpFingerprint(database: RingbackDatabase, instanceId: InstanceId): Promise<string> {
  const { rows } = await database.query<{ fingerprint: string }>(selectFingerprint, [instanceId]);
  return rows[0]?.fingerprint ?? '';
}

const part = (table: string): string =>
  `(SELECT count(*) || ' ' || coalesce(sum(extract(epoch FROM updated_at)), 0) FROM ${table} WHERE instance_id = $1)`;

const selectFingerprint = {
  name: 'routing-set-up-fingerprint',
  text: `SELECT concat_ws(' ', ${['agent', 'routing_profile', 'agent_status', 'queue', 'hierarchy_group'].map(part).join(', ')},
                          (SELECT count(*) || ' ' || coalesce(sum(level), 0) FROM agent_proficiency WHERE instance_id = $1),
                          (SELECT instance::text FROM instance WHERE id = $1)
                         ) AS fingerprint`,
};
