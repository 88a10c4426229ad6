/** The one way routing's rows change: what is named is locked and shown, and the plan made of it written, in one transaction. Used by the routing store only. */
import type { AgentId, InstanceId, NodeId } from '../ids.ts';
import type { QueueEntry } from '../routing/queue-entry.ts';
import type { OutboxFact } from './accept-contacts.ts';
import { integerArray, textArray, timeArray, uuidArray } from './binary-arrays.ts';
import type { PreparedStatement, Queryable } from './database.ts';
import type { KnownRows, RowVersion } from './known-rows.ts';
import {
  type AgentKey,
  type AgentRow,
  type AgentWrite,
  agentColumns,
  agentRow,
  agentValues,
  type ContactKey,
  type EntryRow,
  type EntryWrite,
  entryColumns,
  entryOf,
  entryValues,
  keyOfAgent,
  keyOfContact,
  type StoredAgent,
  storedAgentOf,
} from './routing-rows.ts';
import type { Schema } from './schema.ts';

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

/** What was read without a lock was not so any more under it; of a large batch that may be true of somebody again and again. */
export class RoutingMoved extends Error {
  override readonly name = 'RoutingMoved';
}

/** What was committed when it was last seen. */
export interface KnownRouting {
  readonly agents: KnownRows<StoredAgent>;
  readonly entries: KnownRows<QueueEntry>;
}

/** A transaction, and what is known without asking it. */
export interface Routed {
  readonly on: Queryable<Schema>;
  readonly known: KnownRouting;
}

/** What a change came to. */
export interface Changed<Result> {
  readonly result: Result;
  /** Takes note of the rows; for after the commit. */
  learn(): void;
}

/** Locks what is named, lets `decide` see it, and writes its plan. @throws {RoutingMoved} */
export async function changeRouting<Result>(
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
    await on.query(insertAgents, agentValues(begun));
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
  if (made.length > 0) await on.query(insertEntries, entryValues(made));
  const { rows } = await on.query<{ version: RowVersion }>(writePlan, [
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
    ...agentValues(agents),
    ...entryValues(known),
  ]);
  return rows[0]?.version;
}

function sorted<Item>(items: readonly Item[], by: (item: Item) => string): Item[] {
  return items.toSorted((a, b) => (by(a) < by(b) ? -1 : 1));
}

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
  text: `INSERT INTO routing_agent (${agentColumns.names})
         SELECT a.instance_id, a.agent_id, a.state::jsonb, a.version, a.node, a.is_ready, a.voice_in_use, a.idle_since,
                a.inbound_idle_since, a.deadline_at, a.is_signed_in, a.lost_at, a.event_sequence, a.changed_at
           FROM ${agentColumns.rows('a', 1)}
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

// Only its owner makes an entry, so that two never meet here.
const insertEntries = {
  name: 'routing-new-entries',
  text: `INSERT INTO routing_entry (${entryColumns.names})
         SELECT e.instance_id, e.contact_id, e.state, e.owner_node, e.epoch, e.place_kind, e.place_id, e.channel,
                e.initiation_method, e.initial_contact_id, e.queue_priority, e.adjustment_ms, e.enqueued_at,
                e.ordered_at, e.criteria::jsonb, e.step, e.step_expires_at, e.lane, e.agent_id, e.offers
           FROM ${entryColumns.rows('e', 1)}`,
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
        FROM ${agentColumns.rows('a', 11)}
       WHERE r.instance_id = a.instance_id AND r.agent_id = a.agent_id
    ), entries AS (
      UPDATE routing_entry r
         SET state = e.state, owner_node = e.owner_node, epoch = e.epoch, place_kind = e.place_kind,
             place_id = e.place_id, channel = e.channel, initiation_method = e.initiation_method,
             initial_contact_id = e.initial_contact_id, queue_priority = e.queue_priority,
             adjustment_ms = e.adjustment_ms, enqueued_at = e.enqueued_at, ordered_at = e.ordered_at,
             criteria = e.criteria::jsonb, step = e.step, step_expires_at = e.step_expires_at, lane = e.lane,
             agent_id = e.agent_id, offers = e.offers
        FROM ${entryColumns.rows('e', 11 + agentColumns.count)}
       WHERE r.instance_id = e.instance_id AND r.contact_id = e.contact_id
    ), gone AS (
      DELETE FROM routing_entry e USING unnest($1::uuid[], $2::uuid[]) AS g(instance_id, contact_id)
       WHERE e.instance_id = g.instance_id AND e.contact_id = g.contact_id
    ), told AS (
      INSERT INTO outbox (instance_id, contact_id, sequence, stream, payload, created_at)
      SELECT f.instance_id, f.agent_id, f.sequence, f.stream, f.payload, f.created_at
        FROM unnest($3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::text[], $8::timestamptz[])
             WITH ORDINALITY AS f(instance_id, agent_id, sequence, stream, payload, created_at, place)
       ORDER BY f.place
    ), news AS (
      INSERT INTO routing_news (node, payload)
      SELECT n.node, n.payload::jsonb FROM unnest($9::uuid[], $10::text[]) WITH ORDINALITY AS n(node, payload, place)
       ORDER BY n.place
    )
    SELECT pg_current_xact_id()::xid::text AS version`,
};
