/** Routing in the database: its rows change under locks, matching has its turns, the sweep its look at what is due, metrics their counts. Routing's only way to SQL. */
import type { InstanceId, NodeId } from '../ids.ts';
import type { AgentState } from '../routing/agent-state.ts';
import type { Channel, QueuePlace } from '../routing/match.ts';
import type { QueueEntry } from '../routing/queue-entry.ts';
import {
  type Changed,
  type ChangeScope,
  changeRouting,
  type Decide,
  type KnownRouting,
  RoutingMoved,
} from './change-routing.ts';
import type { Queryable } from './database.ts';
import { classifyDatabaseError } from './database-errors.ts';
import { KnownRows } from './known-rows.ts';
import { type DueQuestion, type DueRouting, readDue } from './routing-due.ts';
import {
  type AgentKey,
  type AgentRow,
  agentRow,
  type ContactKey,
  type EntryRow,
  entryOf,
  liveNodes,
  placeOf,
  type StoredAgent,
  storedAgentOf,
} from './routing-rows.ts';
import { type MatchTurn, turnOn } from './routing-turn.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

export interface RoutingStore {
  /**
   * Locks what is named, lets `decide` see it, and commits its plan. `decide` may be asked again when what a contact
   * belongs to changed in between; it must not act on anything but its result.
   */
  change<Result>(scope: ChangeScope, decide: Decide<Result>): Promise<Result>;
  /** Waits for this instance's turn and runs `work` in it; nobody else matches the instance meanwhile. */
  match<Result>(instanceId: InstanceId, work: (turn: MatchTurn) => Promise<Result>): Promise<Result>;
  /** What is due. Undefined while another node looks. */
  due(question: DueQuestion): Promise<DueRouting | undefined>;
  instancesWithWaiting(): Promise<InstanceId[]>;
  /** Takes out what other nodes left for this one, in order. */
  takeNews(node: NodeId): Promise<unknown[]>;
  /** Removes news for nodes that are dead. */
  removeStaleNews(): Promise<void>;
  agent(key: AgentKey): Promise<StoredAgent | undefined>;
  agents(instanceId: InstanceId): Promise<AgentState[]>;
  entry(key: ContactKey): Promise<QueueEntry | undefined>;
  /** Contacts that wait or ring, by place. */
  queues(instanceId: InstanceId): Promise<QueueCount[]>;
  /** How many stand before this contact in its queue; undefined when it does not wait. */
  contactsBefore(key: ContactKey): Promise<number | undefined>;
}

export interface QueueCount {
  readonly place: QueuePlace;
  readonly channel: Channel;
  readonly contacts: number;
  readonly oldestEnqueuedAtMs: number;
}

const maxTries = 5;

/** Rows of each kind kept in memory: agents at work and contacts in queues of a large instance, some 1 KiB each. */
const mostKnown = 20_000;

export function openRoutingStore(database: RingbackDatabase): RoutingStore {
  const known: KnownRouting = { agents: new KnownRows(mostKnown), entries: new KnownRows(mostKnown) };

  /** Runs a transaction, again where something moved, and learns from it what was committed. */
  async function run<Result>(work: (on: Queryable<Schema>, attempt: number) => Promise<Changed<Result>>) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const changed = await database.withTransaction((transaction) => work(transaction, attempt));
        changed.learn();
        return changed.result;
      } catch (error) {
        // A deadlock, or something that moved: nothing was written.
        const passes = error instanceof RoutingMoved || classifyDatabaseError(error) === 'conflict';
        if (passes && attempt < maxTries) continue;
        // Another server may answer next, with a history of its own.
        known.agents.clear();
        known.entries.clear();
        throw error;
      }
    }
  }

  return {
    change: (scope, decide) =>
      run((transaction, attempt) => changeRouting({ on: transaction, known }, scope, decide, attempt)),
    match: (instanceId, work) =>
      run(async (transaction) => {
        await transaction.query(matchingTurn, [instanceId]);
        const learnt: (() => void)[] = [];
        const result = await work(turnOn({ on: transaction, known }, instanceId, learnt));
        const learn = (): void => {
          for (const one of learnt) one();
        };
        return { result, learn };
      }),
    due: (question) => database.withTransaction((transaction) => readDue(transaction, question)),
    async instancesWithWaiting() {
      const { rows } = await database.query<{ instance_id: InstanceId }>(selectWaitingInstances);
      return rows.map((row) => row.instance_id);
    },
    async takeNews(node) {
      const { rows } = await database.query<{ position: number; payload: unknown }>(takeNews, [node]);
      return rows.toSorted((a, b) => a.position - b.position).map((row) => row.payload);
    },
    async removeStaleNews() {
      // A node that only stalled may take its news meanwhile, and other nodes may remove them: each leaves the other's rows alone.
      await database.query(
        `DELETE FROM routing_news WHERE (node, position) IN
           (SELECT node, position FROM routing_news WHERE node <> ALL (${liveNodes}) FOR UPDATE SKIP LOCKED)`,
      );
    },
    async agent(key) {
      const { rows } = await database.query<AgentRow>(
        `SELECT ${agentRow} FROM routing_agent WHERE instance_id = $1 AND agent_id = $2`,
        [key.instanceId, key.agentId],
      );
      return rows[0] && storedAgentOf(rows[0]);
    },
    async agents(instanceId) {
      const { rows } = await database.query<AgentRow>(
        `SELECT ${agentRow} FROM routing_agent WHERE instance_id = $1 ORDER BY agent_id`,
        [instanceId],
      );
      return rows.map((row) => row.state);
    },
    async entry(key) {
      const { rows } = await database.query<EntryRow>(
        'SELECT * FROM routing_entry WHERE instance_id = $1 AND contact_id = $2',
        [key.instanceId, key.contactId],
      );
      return rows[0] && entryOf(rows[0]);
    },
    async queues(instanceId) {
      const { rows } = await database.query<QueueCountRow>(selectQueueCounts, [instanceId]);
      return rows.flatMap((row) => {
        const place = placeOf(row.place_kind, row.place_id);
        if (!place) return [];
        return {
          place,
          channel: row.channel as Channel,
          contacts: row.contacts,
          oldestEnqueuedAtMs: row.oldest.getTime(),
        };
      });
    },
    async contactsBefore(key) {
      const { rows } = await database.query<{ before: number }>(selectPosition, [
        key.instanceId,
        key.contactId,
      ]);
      return rows[0]?.before;
    },
  };
}

interface QueueCountRow {
  readonly place_kind: string;
  readonly place_id: string;
  readonly channel: string;
  readonly contacts: number;
  readonly oldest: Date;
}

const matchingTurn = {
  name: 'routing-matching-turn',
  // A process that is stopped in its turn must not keep the whole instance waiting.
  text: `SELECT set_config('idle_in_transaction_session_timeout', '5s', true),
                pg_advisory_xact_lock(hashtextextended('ringback matching ' || $1, 0))`,
};

const selectWaitingInstances = {
  name: 'routing-waiting-instances',
  text: `SELECT id AS instance_id FROM instance i
          WHERE EXISTS (SELECT FROM routing_entry e WHERE e.instance_id = i.id AND e.state = 'WAITING')`,
};

const takeNews = {
  name: 'routing-take-news',
  text: 'DELETE FROM routing_news WHERE node = $1 RETURNING position, payload',
};

const selectQueueCounts = {
  name: 'routing-queue-counts',
  text: `SELECT place_kind, place_id, channel, count(*) AS contacts, min(enqueued_at) AS oldest
           FROM routing_entry WHERE instance_id = $1 AND state IN ('WAITING', 'OFFERED')
          GROUP BY place_kind, place_id, channel`,
};

const selectPosition = {
  name: 'routing-position',
  text: `SELECT (SELECT count(*) FROM routing_entry o
                  WHERE o.instance_id = e.instance_id AND o.place_id = e.place_id AND o.channel = e.channel
                    AND o.state IN ('WAITING', 'OFFERED')
                    AND (o.queue_priority, o.ordered_at, o.contact_id)
                        < (e.queue_priority, e.ordered_at, e.contact_id)) AS before
           FROM routing_entry e
          WHERE e.instance_id = $1 AND e.contact_id = $2 AND e.state IN ('WAITING', 'OFFERED')`,
};
