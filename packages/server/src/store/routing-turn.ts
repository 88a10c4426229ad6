/** What matching reads in a node's turn at an instance, before the change that follows in the same transaction. Used by the routing store only. */
import type { AgentId, ContactId, InstanceId } from '../ids.ts';
import type { Channel, QueuePlace, WaitingContact } from '../routing/match.ts';
import type { CriteriaExpression, RoutingCriteria } from '../routing/routing-criteria.ts';
import { type ChangeScope, changeRouting, type Decide, type Routed } from './change-routing.ts';
import { liveNodes, placeOf } from './routing-rows.ts';

/** A lane that is not empty. */
export interface WaitingLane {
  readonly place: QueuePlace;
  readonly channel: Channel;
  readonly lane: string;
  readonly criteria: CriteriaExpression | undefined;
}

/** Part of a lane that somebody could be served from. */
export interface WantedContacts {
  readonly lane: WaitingLane;
  /** Only those who joined at this moment or before, ms. */
  readonly joinedBefore: number;
  readonly most: number;
}

export interface ReadyAgent {
  readonly agentId: AgentId;
  readonly voiceInUse: number;
  readonly idleSinceMs: number;
  readonly inboundIdleSinceMs: number;
}

/** One node's turn to match an instance: reads and the change that follows are of one transaction. */
export interface MatchTurn {
  lanes(): Promise<WaitingLane[]>;
  readyAgents(): Promise<ReadyAgent[]>;
  /** One list for each part wanted, in order of place. */
  waiting(wanted: readonly WantedContacts[]): Promise<WaitingContact[][]>;
  change<Result>(scope: ChangeScope, decide: Decide<Result>): Promise<Result>;
}

/** @param learnt what is to be noted once the turn is committed. */
export function turnOn(routed: Routed, instanceId: InstanceId, learnt: (() => void)[]): MatchTurn {
  const { on } = routed;
  return {
    async lanes() {
      const { rows } = await on.query<LaneRow>(selectLanes, [instanceId]);
      return rows.flatMap((row) => {
        const place = placeOf(row.place_kind, row.place_id);
        if (!place) return [];
        return {
          place,
          channel: row.channel as Channel,
          lane: row.lane,
          criteria: row.lane === '' ? undefined : row.criteria?.steps[row.step]?.expression,
        };
      });
    },
    async readyAgents() {
      const { rows } = await on.query<{
        agent_id: AgentId;
        voice_in_use: number;
        idle_since: Date;
        inbound_idle_since: Date;
      }>(selectReadyAgents, [instanceId]);
      return rows.map((row) => ({
        agentId: row.agent_id,
        voiceInUse: row.voice_in_use,
        idleSinceMs: row.idle_since.getTime(),
        inboundIdleSinceMs: row.inbound_idle_since.getTime(),
      }));
    },
    async waiting(wanted) {
      const lists = wanted.map((): WaitingContact[] => []);
      if (wanted.length === 0) return lists;
      const { rows } = await on.query<WaitingRow>(selectWaiting, [
        instanceId,
        wanted.map(({ lane }) => (lane.place.kind === 'queue' ? lane.place.queueId : lane.place.agentId)),
        wanted.map(({ lane }) => lane.channel),
        wanted.map(({ lane }) => lane.lane),
        wanted.map(({ joinedBefore }) => new Date(joinedBefore)),
        wanted.map(({ most }) => most),
      ]);
      for (const row of rows) {
        lists[row.part - 1]?.push({
          contactId: row.contact_id,
          queuePriority: row.queue_priority,
          enqueuedAtMs: row.enqueued_at.getTime(),
          orderedAtMs: row.ordered_at.getTime(),
        });
      }
      return lists;
    },
    async change(scope, decide) {
      const { result, learn } = await changeRouting(routed, scope, decide);
      learnt.push(learn);
      return result;
    },
  };
}

interface LaneRow {
  readonly place_id: string;
  readonly channel: string;
  readonly lane: string;
  readonly place_kind: string;
  readonly criteria: RoutingCriteria | null;
  readonly step: number;
}

interface WaitingRow {
  readonly part: number;
  readonly contact_id: ContactId;
  readonly queue_priority: number;
  readonly enqueued_at: Date;
  readonly ordered_at: Date;
}

// The lanes that are not empty, found by hopping through the index from one to the next: their number counts, not that
// of the contacts.
const selectLanes = {
  name: 'routing-lanes',
  text: `
    WITH RECURSIVE lane AS (
      (SELECT place_id, channel, lane FROM routing_entry WHERE instance_id = $1 AND state = 'WAITING'
        ORDER BY place_id, channel, lane LIMIT 1)
      UNION ALL
      SELECT next.* FROM lane CROSS JOIN LATERAL (
        SELECT e.place_id, e.channel, e.lane FROM routing_entry e
         WHERE e.instance_id = $1 AND e.state = 'WAITING'
           AND (e.place_id, e.channel, e.lane) > (lane.place_id, lane.channel, lane.lane)
         ORDER BY e.place_id, e.channel, e.lane LIMIT 1) next
    )
    SELECT lane.*, any_one.place_kind, any_one.criteria, any_one.step FROM lane CROSS JOIN LATERAL (
      SELECT e.place_kind, e.criteria, e.step FROM routing_entry e
       WHERE e.instance_id = $1 AND e.state = 'WAITING' AND e.place_id = lane.place_id
         AND e.channel = lane.channel AND e.lane = lane.lane LIMIT 1) any_one`,
};

const selectReadyAgents = {
  name: 'routing-ready-agents',
  text: `SELECT agent_id, voice_in_use, idle_since, inbound_idle_since FROM routing_agent
          WHERE instance_id = $1 AND is_ready AND node = ANY (${liveNodes})`,
};

// Contacts of nodes that died wait for their new owner; nobody could connect them.
const selectWaiting = {
  name: 'routing-waiting',
  text: `
    SELECT wanted.part, e.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::int[])
             WITH ORDINALITY AS wanted(place_id, channel, lane, joined_before, most, part)
     CROSS JOIN LATERAL (
       SELECT e.contact_id, e.queue_priority, e.enqueued_at, e.ordered_at FROM routing_entry e
        WHERE e.instance_id = $1 AND e.state = 'WAITING' AND e.place_id = wanted.place_id
          AND e.channel = wanted.channel AND e.lane = wanted.lane AND e.enqueued_at <= wanted.joined_before
          AND e.owner_node = ANY (${liveNodes})
        ORDER BY e.queue_priority, e.ordered_at, e.contact_id LIMIT wanted.most) e`,
};
