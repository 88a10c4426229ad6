/** Routing in the database: the one way its rows change, under locks, and what matching, sweeping and metrics read. Routing's only way to SQL. */
import type { AgentId, ContactId, InstanceId, NodeId } from '../ids.ts';
import type { AgentState } from '../routing/agent-state.ts';
import type { Channel, QueuePlace, WaitingContact } from '../routing/match.ts';
import type { QueueEntry } from '../routing/queue-entry.ts';
import type { CriteriaExpression, RoutingCriteria } from '../routing/routing-criteria.ts';
import type { OutboxFact } from './accept-contacts.ts';
import { integerArray, textArray, timeArray, uuidArray } from './binary-arrays.ts';
import type { PreparedStatement, Queryable } from './database.ts';
import { classifyDatabaseError } from './database-errors.ts';
import { KnownRows, type RowVersion } from './known-rows.ts';
import {
  type AgentKey,
  type AgentRow,
  type AgentWrite,
  agentColumns,
  type ContactKey,
  type EntryRow,
  type EntryWrite,
  entryColumns,
  entryOf,
  placeOf,
  type StoredAgent,
  storedAgentOf,
} from './routing-rows.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

/** What a change may look at, locked. Contacts that the agents have in hand are among the entries. */
export interface LoadedRouting {
  agent(key: AgentKey): StoredAgent | undefined;
  entry(key: ContactKey): QueueEntry | undefined;
  /** Contacts in this place now; only for places that the change asked about. */
  contactsIn(instanceId: InstanceId, placeId: string): number;
  /** Whether this node's lease holds; only looked at where the change asked. */
  readonly mayOwn: boolean;
}

/** What a change writes, all of it or nothing. */
export interface RoutingPlan {
  readonly agents: readonly AgentWrite[];
  readonly entries: readonly EntryWrite[];
  readonly removed: readonly ContactKey[];
  readonly facts: readonly { readonly key: AgentKey; readonly atMs: number; readonly fact: OutboxFact }[];
  readonly news: readonly { readonly node: NodeId; readonly payload: string }[];
}

export interface ChangeScope {
  readonly agents: readonly AgentKey[];
  /** With whoever has them in hand. */
  readonly contacts: readonly ContactKey[];
  /** Contacts that only matter as long as nobody has them in hand. */
  readonly waiting?: readonly ContactKey[];
  /** Contacts that most likely nobody has in hand, because they are new. */
  readonly fresh?: readonly ContactKey[];
  /** Queues whose size matters; changes that ask for one wait for each other. */
  readonly counted?: readonly { readonly instanceId: InstanceId; readonly placeId: string }[];
  /** Whose lease must hold for what is written. */
  readonly owner?: NodeId | undefined;
  /** How an agent begins of whom nothing is stored yet; without it such an agent stays unknown. */
  readonly newAgent?: (key: AgentKey) => AgentWrite | undefined;
}

export type Decide<Result> = (loaded: LoadedRouting) => {
  readonly plan: RoutingPlan;
  readonly result: Result;
};

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

/** What fell due; each list is at most a thousand long. */
export interface DueRouting {
  readonly deadlines: readonly AgentKey[];
  readonly steps: readonly ContactKey[];
  /** Attached to a node that is dead. */
  readonly stranded: readonly (AgentKey & { readonly node: NodeId })[];
  readonly absent: readonly AgentKey[];
  readonly silent: readonly AgentKey[];
  /** Contacts that have ended, or whose node died without leaving a contact behind. */
  readonly orphans: readonly ContactKey[];
}

export interface DueQuestion {
  readonly nowMs: number;
  /** Absent longer than this counts, ms. */
  readonly absenceMs: number;
  /** Without an event for this long, ms. */
  readonly silenceMs: number;
  /** Signed-out agents are heard of for this long, ms. */
  readonly afterSignOutMs: number;
  readonly orphans: 'too' | 'not now';
}

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

/** What was read without a lock was not so any more under it; of a large batch that may be true of somebody again and again. */
export class RoutingMoved extends Error {
  override readonly name = 'RoutingMoved';
}

const maxTries = 5;

/** Rows of each kind kept in memory: agents at work and contacts in queues of a large instance, some 1 KiB each. */
const mostKnown = 20_000;

/** What was committed when it was last seen. */
interface KnownRouting {
  readonly agents: KnownRows<StoredAgent>;
  readonly entries: KnownRows<QueueEntry>;
}

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
      run((transaction, attempt) => change({ on: transaction, known }, scope, decide, attempt)),
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
      await database.query(
        `DELETE FROM routing_news WHERE node <> ALL (ARRAY(SELECT n.id FROM node n
           WHERE n.lease_expires_at >= clock_timestamp()))`,
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

/** A transaction, and what is known without asking it. */
interface Routed {
  readonly on: Queryable<Schema>;
  readonly known: KnownRouting;
}

/** What a change came to. */
interface Changed<Result> {
  readonly result: Result;
  /** Takes note of the rows; for after the commit. */
  learn(): void;
}

async function change<Result>(
  { on, known }: Routed,
  scope: ChangeScope,
  decide: Decide<Result>,
  attempt = 1,
): Promise<Changed<Result>> {
  for (const { instanceId, placeId } of sorted(scope.counted ?? [], ({ placeId }) => placeId)) {
    await on.query(countingTurn, [`${instanceId} ${placeId}`]);
  }
  const agentKeys = new Map(scope.agents.map((key) => [keyOfAgent(key), key]));
  const fresh = scope.fresh ?? [];
  const maybeHeld = attempt === 1 ? scope.contacts : [...scope.contacts, ...fresh];
  for (const holder of await holdersOf(on, maybeHeld)) agentKeys.set(keyOfAgent(holder), holder);

  // Agents before contacts, each in the order of their ids: whoever locks both does so in this order.
  let agents = await lockRows(on, agentRows, known.agents, agentKeys);
  const unknown = scope.agents.filter((key) => !agents.has(keyOfAgent(key)));
  const begun = unknown.flatMap((key) => scope.newAgent?.(key) ?? []);
  if (begun.length > 0) {
    await on.query(insertAgents, agentColumns(begun));
    agents = await lockRows(on, agentRows, known.agents, agentKeys);
  }
  const contactKeys = new Map(
    [...scope.contacts, ...fresh, ...(scope.waiting ?? [])].map((key) => [keyOfContact(key), key]),
  );
  for (const [key, { value }] of agents) {
    const instanceId = agentKeys.get(key)?.instanceId;
    if (!instanceId) continue;
    for (const { contactId } of value.state.contacts) {
      contactKeys.set(keyOfContact({ instanceId, contactId }), { instanceId, contactId });
    }
  }
  const entries = await lockRows(on, entryRows, known.entries, contactKeys);
  for (const { instanceId, contactId } of [...scope.contacts, ...fresh]) {
    const agentId = entries.get(keyOfContact({ instanceId, contactId }))?.value.agentId;
    if (agentId !== undefined && !agentKeys.has(keyOfAgent({ instanceId, agentId })))
      throw new RoutingMoved(`contact ${contactId} got an agent`);
  }
  const counts = await countContacts(on, scope.counted ?? []);
  const mayOwn = scope.owner === undefined || (await isAlive(on, scope.owner));

  const { plan, result } = decide({
    agent: (key) => agents.get(keyOfAgent(key))?.value,
    entry: (key) => entries.get(keyOfContact(key))?.value,
    contactsIn: (instanceId, placeId) => counts.get(`${instanceId} ${placeId}`) ?? 0,
    mayOwn,
  });
  const written = await write(on, plan);
  return {
    result,
    learn: () => {
      for (const [key, { version, value }] of agents) known.agents.learn(key, version, value);
      for (const [key, { version, value }] of entries) known.entries.learn(key, version, value);
      if (written !== undefined) learnPlan(known, plan, written);
    },
  };
}

/** A row under its lock. */
interface Locked<Value> {
  readonly version: RowVersion;
  readonly value: Value;
}

function learnPlan(
  known: KnownRouting,
  { agents, entries, removed }: RoutingPlan,
  version: RowVersion,
): void {
  for (const { instanceId, state, version: changes, eventSequence } of agents) {
    const stored: StoredAgent = { state, version: changes, eventSequence };
    known.agents.learn(keyOfAgent({ instanceId, agentId: state.agentId }), version, stored);
  }
  for (const { instanceId, entry } of entries)
    known.entries.learn(keyOfContact({ instanceId, contactId: entry.contactId }), version, entry);
  for (const key of removed) known.entries.forget(keyOfContact(key));
}

const keyOfAgent = ({ instanceId, agentId }: AgentKey): string => `${instanceId} ${agentId}`;
const keyOfContact = ({ instanceId, contactId }: ContactKey): string => `${instanceId} ${contactId}`;

async function holdersOf(on: Queryable<Schema>, contacts: readonly ContactKey[]): Promise<AgentKey[]> {
  if (contacts.length === 0) return [];
  const { rows } = await on.query<{ instance_id: InstanceId; agent_id: AgentId }>(selectHolders, [
    uuidArray(contacts.map(({ instanceId }) => instanceId)),
    uuidArray(contacts.map(({ contactId }) => contactId)),
  ]);
  return rows.map((row) => ({ instanceId: row.instance_id, agentId: row.agent_id }));
}

/** How rows of a table are locked and read, by arrays of instance ids and of ids. */
interface RowStatements {
  /** Answers the place of each row among the keys, from 1, and its version. */
  readonly lock: PreparedStatement;
  readonly read: PreparedStatement;
}

function statementsOn(noun: string, table: string, idColumn: string, columns: string): RowStatements {
  return {
    lock: {
      name: `routing-lock-${noun}`,
      text: `SELECT k.place, r.xmin::text AS version
               FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS k(instance_id, id, place)
               JOIN ${table} r ON r.instance_id = k.instance_id AND r.${idColumn} = k.id
              ORDER BY r.instance_id, r.${idColumn} FOR NO KEY UPDATE OF r`,
    },
    read: {
      name: `routing-${noun}`,
      text: `SELECT ${columns} FROM ${table}
              WHERE (instance_id, ${idColumn}) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))`,
    },
  };
}

/** A table's rows, and what they are here. */
interface RowKind<Key, Row, Value> extends RowStatements {
  readonly idOf: (key: Key) => string;
  readonly keyOf: (row: Row) => string;
  readonly valueOf: (row: Row) => Value;
}

/** Locks rows, and reads those that are not known as they are now. */
async function lockRows<Key extends { readonly instanceId: InstanceId }, Row, Value>(
  on: Queryable<Schema>,
  kind: RowKind<Key, Row, Value>,
  known: KnownRows<Value>,
  keys: ReadonlyMap<string, Key>,
): Promise<Map<string, Locked<Value>>> {
  const locked = new Map<string, Locked<Value>>();
  if (keys.size === 0) return locked;
  const asked = [...keys];
  const columnsOf = (some: readonly Key[]): Buffer[] => [
    uuidArray(some.map(({ instanceId }) => instanceId)),
    uuidArray(some.map(kind.idOf)),
  ];
  const { rows } = await on.query<LockRow>(kind.lock, columnsOf(asked.map(([, key]) => key)));
  const versions = new Map<string, RowVersion>();
  const strange: Key[] = [];
  for (const { place, version } of rows) {
    const one = asked[place - 1];
    if (!one) continue;
    const [id, key] = one;
    const value = known.at(id, version);
    if (value) locked.set(id, { version, value });
    else {
      versions.set(id, version);
      strange.push(key);
    }
  }
  if (strange.length === 0) return locked;
  const read = await on.query<Row>(kind.read, columnsOf(strange));
  for (const row of read.rows) {
    const id = kind.keyOf(row);
    const version = versions.get(id);
    if (version !== undefined) locked.set(id, { version, value: kind.valueOf(row) });
  }
  return locked;
}

interface LockRow {
  readonly place: number;
  readonly version: RowVersion;
}

async function countContacts(
  on: Queryable<Schema>,
  places: readonly { readonly instanceId: InstanceId; readonly placeId: string }[],
): Promise<Map<string, number>> {
  if (places.length === 0) return new Map();
  const { rows } = await on.query<{ instance_id: string; place_id: string; count: number }>(selectCounts, [
    places.map(({ instanceId }) => instanceId),
    places.map(({ placeId }) => placeId),
  ]);
  return new Map(rows.map((row) => [`${row.instance_id} ${row.place_id}`, row.count]));
}

async function isAlive(on: Queryable<Schema>, node: NodeId): Promise<boolean> {
  const { rowCount } = await on.query(selectLease, [node]);
  return rowCount === 1;
}

/** Returns the version of the rows written; undefined when there was nothing to write. */
async function write(on: Queryable<Schema>, plan: RoutingPlan): Promise<RowVersion | undefined> {
  const { agents, entries, removed, facts, news } = plan;
  if (agents.length + entries.length + removed.length + facts.length + news.length === 0) return undefined;
  const known = entries.filter(({ isNew }) => !isNew);
  const made = entries.filter(({ isNew }) => isNew);
  if (made.length > 0) await on.query(insertEntries, entryColumns(made));
  const { rows } = await on.query<{ version: RowVersion }>(writePlan, [
    ...agentColumns(agents),
    ...entryColumns(known),
    uuidArray(removed.map(({ instanceId }) => instanceId)),
    uuidArray(removed.map(({ contactId }) => contactId)),
    uuidArray(facts.map(({ key }) => key.instanceId)),
    uuidArray(facts.map(({ key }) => key.agentId)),
    integerArray(facts.map(({ fact }) => fact.sequence)),
    textArray(facts.map(({ fact }) => fact.stream)),
    textArray(facts.map(({ fact }) => fact.payload)),
    timeArray(facts.map(({ atMs }) => atMs)),
    uuidArray(news.map(({ node }) => node)),
    textArray(news.map(({ payload }) => payload)),
  ]);
  return rows[0]?.version;
}

/** @param learnt what is to be noted once the turn is committed. */
function turnOn(routed: Routed, instanceId: InstanceId, learnt: (() => void)[]): MatchTurn {
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
      const { result, learn } = await change(routed, scope, decide);
      learnt.push(learn);
      return result;
    },
  };
}

async function readDue(on: Queryable<Schema>, question: DueQuestion): Promise<DueRouting | undefined> {
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
  const contacts = async (text: string, values: readonly unknown[] = []): Promise<ContactKey[]> => {
    const { rows } = await on.query<{ instance_id: InstanceId; contact_id: ContactId }>(
      `SELECT e.instance_id, e.contact_id FROM routing_entry e WHERE ${text} LIMIT 1000`,
      values,
    );
    return rows.map((row) => ({ instanceId: row.instance_id, contactId: row.contact_id }));
  };
  const { rows: stranded } = await on.query<{ instance_id: InstanceId; agent_id: AgentId; node: NodeId }>(
    `SELECT instance_id, agent_id, node FROM routing_agent
      WHERE node IS NOT NULL AND node <> ALL (${liveNodes}) LIMIT 1000`,
  );
  return {
    deadlines: await agents('deadline_at <= $1', [now]),
    steps: await contacts(`e.step_expires_at <= $1 AND e.state IN ('WAITING', 'OFFERED')`, [now]),
    stranded: stranded.map((row) => ({
      instanceId: row.instance_id,
      agentId: row.agent_id,
      node: row.node,
    })),
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

function sorted<Item>(items: readonly Item[], by: (item: Item) => string): Item[] {
  return items.toSorted((a, b) => (by(a) < by(b) ? -1 : 1));
}

interface QueueCountRow {
  readonly place_kind: string;
  readonly place_id: string;
  readonly channel: string;
  readonly contacts: number;
  readonly oldest: Date;
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

const liveNodes = 'ARRAY(SELECT n.id FROM node n WHERE n.lease_expires_at >= clock_timestamp())';
const agentRow = 'instance_id, agent_id, state, version, event_sequence';

const matchingTurn = {
  name: 'routing-matching-turn',
  // A process that is stopped in its turn must not keep the whole instance waiting.
  text: `SELECT set_config('idle_in_transaction_session_timeout', '5s', true),
                pg_advisory_xact_lock(hashtextextended('ringback matching ' || $1, 0))`,
};

const countingTurn = {
  name: 'routing-counting-turn',
  text: `SELECT pg_advisory_xact_lock(hashtextextended('ringback queue ' || $1, 0))`,
};

const selectHolders = {
  name: 'routing-holders',
  text: `SELECT instance_id, agent_id FROM routing_entry
          WHERE (instance_id, contact_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND agent_id IS NOT NULL`,
};

// Two may begin the same agent at once; the second then finds the first one's row. A user who was deleted meanwhile, whom the
// directory may still know, begins nothing.
const insertAgents = {
  name: 'routing-new-agents',
  text: `INSERT INTO routing_agent (instance_id, agent_id, state, version, node, is_ready, voice_in_use, idle_since,
                                    inbound_idle_since, deadline_at, is_signed_in, lost_at, event_sequence, changed_at)
         SELECT a.instance_id, a.agent_id, a.state::jsonb, a.version, a.node, a.is_ready, a.voice_in_use, a.idle_since,
                a.inbound_idle_since, a.deadline_at, a.is_signed_in, a.lost_at, a.event_sequence, a.changed_at
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::boolean[], $7::int[],
                       $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::boolean[], $12::timestamptz[],
                       $13::int[], $14::timestamptz[])
             AS a(instance_id, agent_id, state, version, node, is_ready, voice_in_use, idle_since,
                  inbound_idle_since, deadline_at, is_signed_in, lost_at, event_sequence, changed_at)
           JOIN agent u ON u.instance_id = a.instance_id AND u.id = a.agent_id
          ORDER BY 1, 2 FOR KEY SHARE OF u
         ON CONFLICT (instance_id, agent_id) DO NOTHING`,
};

const agentRows: RowKind<AgentKey, AgentRow, StoredAgent> = {
  ...statementsOn('agents', 'routing_agent', 'agent_id', agentRow),
  idOf: ({ agentId }) => agentId,
  keyOf: (row) => `${row.instance_id} ${row.agent_id}`,
  valueOf: storedAgentOf,
};

const entryRows: RowKind<ContactKey, EntryRow, QueueEntry> = {
  ...statementsOn('entries', 'routing_entry', 'contact_id', '*'),
  idOf: ({ contactId }) => contactId,
  keyOf: (row) => `${row.instance_id} ${row.contact_id}`,
  valueOf: entryOf,
};

const selectCounts = {
  name: 'routing-count-places',
  text: `SELECT instance_id, place_id, count(*) AS count FROM routing_entry
          WHERE (instance_id, place_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
            AND state IN ('WAITING', 'OFFERED') GROUP BY instance_id, place_id`,
};

const selectLease = {
  name: 'routing-lease',
  text: 'SELECT FROM node WHERE id = $1 AND lease_expires_at >= clock_timestamp()',
};

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

const entryColumnNames = `instance_id, contact_id, state, owner_node, epoch, place_kind, place_id, channel,
               initiation_method, queue_priority, adjustment_ms, enqueued_at, ordered_at, criteria,
               step, step_expires_at, lane, agent_id, offers`;

// Only its owner makes an entry, so that two never meet here.
const insertEntries = {
  name: 'routing-new-entries',
  text: `INSERT INTO routing_entry (${entryColumnNames})
         SELECT e.instance_id, e.contact_id, e.state, e.owner_node, e.epoch, e.place_kind, e.place_id, e.channel,
                e.initiation_method, e.queue_priority, e.adjustment_ms, e.enqueued_at, e.ordered_at,
                e.criteria::jsonb, e.step, e.step_expires_at, e.lane, e.agent_id, e.offers
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::int[], $6::text[], $7::uuid[],
                       $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::timestamptz[], $13::timestamptz[],
                       $14::text[], $15::int[], $16::timestamptz[], $17::text[], $18::uuid[], $19::int[])
             AS e(${entryColumnNames})`,
};

// Everything in it is there and was locked.
const writePlan = {
  name: 'routing-write',
  text: `
    WITH agents AS (
      UPDATE routing_agent r
         SET state = a.state::jsonb, version = a.version, node = a.node, is_ready = a.is_ready,
             voice_in_use = a.voice_in_use, idle_since = a.idle_since, inbound_idle_since = a.inbound_idle_since,
             deadline_at = a.deadline_at, is_signed_in = a.is_signed_in, lost_at = a.lost_at,
             event_sequence = a.event_sequence, changed_at = a.changed_at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::boolean[], $7::int[],
                    $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::boolean[], $12::timestamptz[],
                    $13::int[], $14::timestamptz[])
          AS a(instance_id, agent_id, state, version, node, is_ready, voice_in_use, idle_since,
               inbound_idle_since, deadline_at, is_signed_in, lost_at, event_sequence, changed_at)
       WHERE r.instance_id = a.instance_id AND r.agent_id = a.agent_id
    ), entries AS (
      UPDATE routing_entry r
         SET state = e.state, owner_node = e.owner_node, epoch = e.epoch, place_kind = e.place_kind,
             place_id = e.place_id, channel = e.channel, initiation_method = e.initiation_method,
             queue_priority = e.queue_priority, adjustment_ms = e.adjustment_ms, enqueued_at = e.enqueued_at,
             ordered_at = e.ordered_at, criteria = e.criteria::jsonb, step = e.step,
             step_expires_at = e.step_expires_at, lane = e.lane, agent_id = e.agent_id, offers = e.offers
        FROM unnest($15::uuid[], $16::uuid[], $17::text[], $18::uuid[], $19::int[], $20::text[], $21::uuid[],
                    $22::text[], $23::text[], $24::bigint[], $25::bigint[], $26::timestamptz[], $27::timestamptz[],
                    $28::text[], $29::int[], $30::timestamptz[], $31::text[], $32::uuid[], $33::int[])
          AS e(${entryColumnNames})
       WHERE r.instance_id = e.instance_id AND r.contact_id = e.contact_id
    ), gone AS (
      DELETE FROM routing_entry e USING unnest($34::uuid[], $35::uuid[]) AS g(instance_id, contact_id)
       WHERE e.instance_id = g.instance_id AND e.contact_id = g.contact_id
    ), told AS (
      INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
      SELECT f.instance_id, f.agent_id, f.sequence, f.stream, f.payload, f.created_at
        FROM unnest($36::uuid[], $37::uuid[], $38::int[], $39::text[], $40::text[],
                    $41::timestamptz[])
             WITH ORDINALITY AS f(instance_id, agent_id, sequence, stream, payload, created_at, place)
       ORDER BY f.place
    ), news AS (
      INSERT INTO routing_news (node, payload)
      SELECT n.node, n.payload::jsonb FROM unnest($42::uuid[], $43::text[]) WITH ORDINALITY AS n(node, payload, place)
       ORDER BY n.place
    )
    SELECT pg_current_xact_id()::xid::text AS version`,
};
