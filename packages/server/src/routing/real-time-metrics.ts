/** Real-time numbers of queues and agents from one look at an instance. Pure; GetCurrentMetricData, GetCurrentUserData and flows read them. */
import type { AgentId, AgentStatusId, QueueId, RoutingProfileId } from '../ids.ts';
import type { QueueCount } from '../store/routing-store.ts';
import { type AgentState, type HeldState, isFree, slotsInUse } from './agent-state.ts';
import type { QueuePlace } from './match.ts';
import { placeId } from './queue-entry.ts';
import { type AgentSetUp, type RoutingSetUp, slotsOf } from './routing-directory.ts';

/** An instance at a moment. */
export interface RealTimeSnapshot {
  readonly setUp: RoutingSetUp;
  /** Agents of whom anything is known; the others are signed out. */
  readonly agents: readonly AgentState[];
  /** Places in which somebody waits or rings. */
  readonly queues: readonly QueueCount[];
  readonly nowMs: number;
}

/** Which agents and queues count; what is absent does not limit. */
export interface MetricSelection {
  readonly queueIds?: ReadonlySet<QueueId> | undefined;
  /** The own queue of one agent. */
  readonly agentId?: AgentId | undefined;
  readonly routingProfileIds?: ReadonlySet<RoutingProfileId> | undefined;
  readonly statusIds?: ReadonlySet<AgentStatusId> | undefined;
}

/** Voice only; counts, but for the age. */
export interface RealTimeMetrics {
  readonly agentsOnline: number;
  readonly agentsAvailable: number;
  readonly agentsStaffed: number;
  readonly agentsNonProductive: number;
  readonly agentsOnContact: number;
  readonly agentsAfterContactWork: number;
  readonly agentsError: number;
  readonly slotsActive: number;
  readonly slotsAvailable: number;
  readonly contactsInQueue: number;
  /** 0 where nobody waits. */
  readonly oldestContactAgeMs: number;
}

const talking: ReadonlySet<HeldState> = new Set(['connecting', 'connected', 'onHold', 'afterContactWork']);
const inError: ReadonlySet<HeldState> = new Set(['missed', 'rejected', 'failed']);

/**
 * Counts (Administrator Guide, real-time metrics definitions). An agent counts for a queue whose contacts the routing
 * profile gives him; a contact counts as queued until an agent has accepted it.
 */
export function realTimeMetrics(
  snapshot: RealTimeSnapshot,
  selection: MetricSelection = {},
): RealTimeMetrics {
  const counts = {
    agentsOnline: 0,
    agentsAvailable: 0,
    agentsStaffed: 0,
    agentsNonProductive: 0,
    agentsOnContact: 0,
    agentsAfterContactWork: 0,
    agentsError: 0,
    slotsActive: 0,
    slotsAvailable: 0,
    contactsInQueue: 0,
    oldestContactAgeMs: 0,
  };
  for (const { state, setUp } of selectedAgents(snapshot, selection)) {
    if (!isOnline(state)) continue;
    const slots = slotsOf(setUp.profile, 'VOICE');
    const inUse = slotsInUse(state, 'VOICE');
    const has = (states: ReadonlySet<HeldState>): boolean =>
      state.contacts.some((held) => states.has(held.state));
    counts.agentsOnline += 1;
    if (state.status.type === 'CUSTOM') counts.agentsNonProductive += 1;
    else counts.agentsStaffed += 1;
    if (has(talking)) counts.agentsOnContact += 1;
    if (has(new Set(['afterContactWork']))) counts.agentsAfterContactWork += 1;
    if (has(inError)) counts.agentsError += 1;
    counts.slotsActive += inUse;
    if (isFree(state, 'VOICE', slots)) {
      counts.agentsAvailable += 1;
      counts.slotsAvailable += slots - inUse;
    }
  }
  for (const queue of snapshot.queues) {
    if (queue.channel !== 'VOICE' || !isSelected(queue.place, snapshot, selection)) continue;
    counts.contactsInQueue += queue.contacts;
    counts.oldestContactAgeMs = Math.max(
      counts.oldestContactAgeMs,
      snapshot.nowMs - queue.oldestEnqueuedAtMs,
    );
  }
  return counts;
}

/** Signed in, and not in a status that says otherwise. */
export function isOnline(state: AgentState): boolean {
  return state.presence === 'signedIn' && state.status.type !== 'OFFLINE';
}

export interface SelectedAgent {
  readonly state: AgentState;
  readonly setUp: AgentSetUp;
}

/** Agents with a state who are meant, in the order of their ids. */
export function selectedAgents(
  { agents, setUp }: RealTimeSnapshot,
  { queueIds, agentId, routingProfileIds, statusIds }: MetricSelection,
): SelectedAgent[] {
  return agents.flatMap((state): SelectedAgent[] => {
    const known = setUp.agents.get(state.agentId);
    if (!known || (agentId !== undefined && agentId !== state.agentId)) return [];
    if (routingProfileIds && !routingProfileIds.has(known.profile.id)) return [];
    if (statusIds && !statusIds.has(state.status.id)) return [];
    if (queueIds && !known.profile.queues.some(({ queueId }) => queueIds.has(queueId))) return [];
    return [{ state, setUp: known }];
  });
}

function isSelected(
  place: QueuePlace,
  { setUp }: RealTimeSnapshot,
  { queueIds, agentId, routingProfileIds }: MetricSelection,
): boolean {
  if (agentId !== undefined) return place.kind === 'agent' && place.agentId === agentId;
  if (queueIds) return place.kind === 'queue' && queueIds.has(placeId(place) as QueueId);
  if (!routingProfileIds) return true;
  // Of the queues that agents with these profiles serve.
  if (place.kind === 'agent')
    return routingProfileIds.has(setUp.agents.get(place.agentId)?.profile.id as RoutingProfileId);
  for (const { profile } of setUp.agents.values())
    if (routingProfileIds.has(profile.id) && profile.queues.some(({ queueId }) => queueId === place.queueId))
      return true;
  return false;
}
