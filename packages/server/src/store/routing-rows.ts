/** Rows of the routing tables ↔ agents' states and contacts' entries. Used by the routing store only. */
import type { AgentId, ContactId, InstanceId, NodeId, QueueId } from '../ids.ts';
import type { AgentState } from '../routing/agent-state.ts';
import type { Channel, QueuePlace } from '../routing/match.ts';
import type { QueueEntry } from '../routing/queue-entry.ts';
import type { RoutingCriteria } from '../routing/routing-criteria.ts';
import { bigintArray, booleanArray, integerArray, textArray, timeArray, uuidArray } from './binary-arrays.ts';

/** Which agent, or contact, of which instance. */
export interface AgentKey {
  readonly instanceId: InstanceId;
  readonly agentId: AgentId;
}
export interface ContactKey {
  readonly instanceId: InstanceId;
  readonly contactId: ContactId;
}

/** The same for the same agent, as a key of maps. */
export const keyOfAgent = ({ instanceId, agentId }: AgentKey): string => `${instanceId} ${agentId}`;
export const keyOfContact = ({ instanceId, contactId }: ContactKey): string => `${instanceId} ${contactId}`;

/** An agent as stored. */
export interface StoredAgent {
  readonly state: AgentState;
  readonly version: number;
  /** Events written about the agent so far. */
  readonly eventSequence: number;
}

/** An agent as to be stored; what searches look at is worked out by the writer. */
export interface AgentWrite extends StoredAgent {
  readonly instanceId: InstanceId;
  readonly isReady: boolean;
  readonly voiceInUse: number;
  readonly deadlineAtMs: number | undefined;
  readonly changedAtMs: number;
}

export interface EntryWrite {
  readonly instanceId: InstanceId;
  readonly entry: QueueEntry;
  /** Not stored yet. */
  readonly isNew: boolean;
  readonly orderedAtMs: number | undefined;
  /** The same for contacts that ask for the same agents. */
  readonly lane: string;
}

export interface AgentRow {
  readonly instance_id: string;
  readonly agent_id: string;
  readonly state: AgentState;
  readonly version: number;
  readonly event_sequence: number;
}

export interface EntryRow {
  readonly instance_id: string;
  readonly contact_id: string;
  readonly state: string;
  readonly owner_node: string;
  readonly epoch: number;
  readonly place_kind: string | null;
  readonly place_id: string | null;
  readonly channel: string;
  readonly initiation_method: string;
  readonly initial_contact_id: string | null;
  readonly queue_priority: number;
  readonly adjustment_ms: number;
  readonly enqueued_at: Date | null;
  readonly criteria: RoutingCriteria | null;
  readonly step: number;
  readonly step_expires_at: Date | null;
  readonly agent_id: string | null;
  readonly offers: number;
}

/** What an `AgentRow` selects. */
export const agentRow = 'instance_id, agent_id, state, version, event_sequence';

/** Nodes whose lease holds, as SQL. */
export const liveNodes = 'ARRAY(SELECT n.id FROM node n WHERE n.lease_expires_at >= clock_timestamp())';

export function storedAgentOf(row: AgentRow): StoredAgent {
  return { state: row.state, version: row.version, eventSequence: row.event_sequence };
}

export function entryOf(row: EntryRow): QueueEntry {
  return {
    contactId: row.contact_id as ContactId,
    state: row.state.toLowerCase() as QueueEntry['state'],
    owner: { node: row.owner_node as NodeId, epoch: row.epoch },
    place: placeOf(row.place_kind, row.place_id),
    channel: row.channel as Channel,
    initiationMethod: row.initiation_method,
    initialContactId: (row.initial_contact_id ?? undefined) as ContactId | undefined,
    queuePriority: row.queue_priority,
    adjustmentMs: row.adjustment_ms,
    enqueuedAtMs: row.enqueued_at?.getTime(),
    criteria: row.criteria ?? undefined,
    step: row.step,
    stepExpiresAtMs: row.step_expires_at?.getTime(),
    agentId: (row.agent_id ?? undefined) as AgentId | undefined,
    offers: row.offers,
  };
}

export function placeOf(kind: string | null, id: string | null): QueuePlace | undefined {
  if (id === null) return undefined;
  return kind === 'agent'
    ? { kind: 'agent', agentId: id as AgentId }
    : { kind: 'queue', queueId: id as QueueId };
}

/** What is written of an entry; `entryValues` has the same order. */
export const entryColumns = columns(`
  instance_id uuid, contact_id uuid, state text, owner_node uuid, epoch int, place_kind text, place_id uuid, channel text,
  initiation_method text, initial_contact_id uuid, queue_priority bigint, adjustment_ms bigint, enqueued_at timestamptz,
  ordered_at timestamptz, criteria text, step int, step_expires_at timestamptz, lane text, agent_id uuid, offers int`);

export function entryValues(writes: readonly EntryWrite[]): Buffer[] {
  const of = <Value>(read: (write: EntryWrite) => Value): Value[] => writes.map(read);
  return [
    uuidArray(of(({ instanceId }) => instanceId)),
    uuidArray(of(({ entry }) => entry.contactId)),
    textArray(of(({ entry }) => entry.state.toUpperCase())),
    uuidArray(of(({ entry }) => entry.owner.node)),
    integerArray(of(({ entry }) => entry.owner.epoch)),
    textArray(of(({ entry }) => entry.place?.kind)),
    uuidArray(of(({ entry: { place } }) => (place?.kind === 'agent' ? place.agentId : place?.queueId))),
    textArray(of(({ entry }) => entry.channel)),
    textArray(of(({ entry }) => entry.initiationMethod)),
    uuidArray(of(({ entry }) => entry.initialContactId)),
    bigintArray(of(({ entry }) => entry.queuePriority)),
    bigintArray(of(({ entry }) => entry.adjustmentMs)),
    timeArray(of(({ entry }) => entry.enqueuedAtMs)),
    timeArray(of(({ orderedAtMs }) => orderedAtMs)),
    textArray(of(({ entry }) => entry.criteria && JSON.stringify(entry.criteria))),
    integerArray(of(({ entry }) => entry.step)),
    timeArray(of(({ entry }) => entry.stepExpiresAtMs)),
    textArray(of(({ lane }) => lane)),
    uuidArray(of(({ entry }) => entry.agentId)),
    integerArray(of(({ entry }) => entry.offers)),
  ];
}

/** What is written of an agent; `agentValues` has the same order. */
export const agentColumns = columns(`
  instance_id uuid, agent_id uuid, state text, version bigint, node uuid, is_ready boolean, voice_in_use int,
  idle_since timestamptz, inbound_idle_since timestamptz, deadline_at timestamptz, is_signed_in boolean,
  lost_at timestamptz, event_sequence int, changed_at timestamptz`);

export function agentValues(writes: readonly AgentWrite[]): Buffer[] {
  const of = <Value>(read: (write: AgentWrite) => Value): Value[] => writes.map(read);
  return [
    uuidArray(of(({ instanceId }) => instanceId)),
    uuidArray(of(({ state }) => state.agentId)),
    textArray(of(({ state }) => JSON.stringify(state))),
    bigintArray(of(({ version }) => version)),
    uuidArray(of(({ state }) => state.attachment?.node)),
    booleanArray(of(({ isReady }) => isReady)),
    integerArray(of(({ voiceInUse }) => voiceInUse)),
    timeArray(of(({ state }) => state.idleSinceMs)),
    timeArray(of(({ state }) => state.inboundIdleSinceMs)),
    timeArray(of(({ deadlineAtMs }) => deadlineAtMs)),
    booleanArray(of(({ state }) => state.presence === 'signedIn')),
    timeArray(of(({ state }) => state.lostAtMs)),
    integerArray(of(({ eventSequence }) => eventSequence)),
    timeArray(of(({ changedAtMs }) => changedAtMs)),
  ];
}

/** Columns that a statement takes as parameters, an array of values for each. */
interface WrittenColumns {
  readonly names: string;
  readonly count: number;
  /** The rows of the arrays under a name, as SQL; their parameters are numbered from `first`. */
  rows(name: string, first: number): string;
}

/** @param list each column's name and type. */
function columns(list: string): WrittenColumns {
  const named = list.split(',').map((column) => column.trim().split(' '));
  const names = named.map(([name]) => name).join(', ');
  return {
    names,
    count: named.length,
    rows: (name, first) =>
      `unnest(${named.map(([, type], n) => `$${first + n}::${type}[]`).join(', ')}) AS ${name}(${names})`,
  };
}
