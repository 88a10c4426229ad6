/** What of routing fell due, for the sweep that one node at a time makes. Used by the routing store only. */
import type { AgentId, ContactId, InstanceId, NodeId } from '../ids.ts';
import type { Queryable } from './database.ts';
import { type AgentKey, type ContactKey, liveNodes } from './routing-rows.ts';
import type { Schema } from './schema.ts';

/** What fell due; each list is at most a thousand long. */
export interface DueRouting {
  readonly deadlines: readonly AgentKey[];
  readonly steps: readonly ContactKey[];
  /** Attached to a node that is dead. */
  readonly stranded: readonly (AgentKey & { readonly node: NodeId })[];
  readonly absent: readonly AgentKey[];
  readonly silent: readonly AgentKey[];
  /** Contacts that have ended, or whose node died without leaving a contact behind; with the epoch that this was true of. */
  readonly orphans: readonly (ContactKey & { readonly epoch: number })[];
}

export interface DueQuestion {
  readonly nowMs: number;
  /** Absent longer than this counts, ms. */
  readonly absenceMs: number;
  /** Without an event for this long, ms. */
  readonly silenceMs: number;
  /** Signed-out agents are heard of for this long, ms. */
  readonly afterSignOutMs: number;
  readonly stranded: 'too' | 'not now';
  readonly orphans: 'too' | 'not now';
}

/** Undefined while another node looks. */
export async function readDue(on: Queryable<Schema>, question: DueQuestion): Promise<DueRouting | undefined> {
  const { rows: turn } = await on.query<{ mine: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtext('ringback routing sweep')) AS mine`,
  );
  if (!turn[0]?.mine) return undefined;
  const now = new Date(question.nowMs);
  const ago = (ms: number): Date => new Date(question.nowMs - ms);
  const agents = async (text: string, values: readonly unknown[] = []): Promise<AgentKey[]> => {
    const { rows } = await on.query<{ instance_id: InstanceId; agent_id: AgentId }>(
      `SELECT instance_id, agent_id FROM routing_agent WHERE ${text} LIMIT 1000`,
      values,
    );
    return rows.map((row) => ({ instanceId: row.instance_id, agentId: row.agent_id }));
  };
  const contacts = async (text: string, values: readonly unknown[] = []): Promise<DueRouting['orphans']> => {
    const { rows } = await on.query<{ instance_id: InstanceId; contact_id: ContactId; epoch: number }>(
      `SELECT e.instance_id, e.contact_id, e.epoch FROM routing_entry e WHERE ${text} LIMIT 1000`,
      values,
    );
    return rows.map((row) => ({
      instanceId: row.instance_id,
      contactId: row.contact_id,
      epoch: row.epoch,
    }));
  };
  const strandedAgents = async (): Promise<DueRouting['stranded']> => {
    const { rows } = await on.query<{ instance_id: InstanceId; agent_id: AgentId; node: NodeId }>(
      `SELECT instance_id, agent_id, node FROM routing_agent
        WHERE node IS NOT NULL AND node <> ALL (${liveNodes}) LIMIT 1000`,
    );
    return rows.map((row) => ({ instanceId: row.instance_id, agentId: row.agent_id, node: row.node }));
  };
  return {
    deadlines: await agents('deadline_at <= $1', [now]),
    steps: await contacts(`e.step_expires_at <= $1 AND e.state IN ('WAITING', 'OFFERED')`, [now]),
    stranded: question.stranded === 'not now' ? [] : await strandedAgents(),
    absent: await agents('is_signed_in AND lost_at <= $1', [ago(question.absenceMs)]),
    silent: await agents('changed_at <= $1 AND (is_signed_in OR idle_since > $2)', [
      ago(question.silenceMs),
      ago(question.afterSignOutMs),
    ]),
    orphans:
      question.orphans === 'not now'
        ? []
        : await contacts(
            `e.state <> 'ENDED' AND CASE
               WHEN EXISTS (SELECT FROM contact c WHERE c.instance_id = e.instance_id AND c.id = e.contact_id)
               THEN EXISTS (SELECT FROM contact c WHERE c.instance_id = e.instance_id AND c.id = e.contact_id
                                                    AND c.state = 'ENDED')
               ELSE e.owner_node <> ALL (${liveNodes}) END`,
          ),
  };
}
