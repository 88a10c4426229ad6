/** A contact's place: in a queue with its priority, age and criteria, or with an agent. Pure steps; one row of the store each. */
import type { AgentId, ContactId, NodeId } from '../ids.ts';
import { type Channel, defaultQueuePriority, type QueuePlace } from './match.ts';
import { activeStepAt, type CriteriaExpression, type RoutingCriteria } from './routing-criteria.ts';

export interface QueueEntry {
  readonly contactId: ContactId;
  /** `prepared`: not queued yet, but told how it is to be. `ended`: only its agent's after-contact work is left. */
  readonly state: 'prepared' | 'waiting' | 'offered' | 'taken' | 'ended';
  /** The node that runs the contact, and the epoch of the contact it does so in. */
  readonly owner: { readonly node: NodeId; readonly epoch: number };
  readonly place?: QueuePlace | undefined;
  readonly channel: Channel;
  readonly initiationMethod: string;
  readonly queuePriority: number;
  /** Added to its age, ms; may be negative. */
  readonly adjustmentMs: number;
  readonly enqueuedAtMs?: number | undefined;
  readonly criteria?: RoutingCriteria | undefined;
  /** Index of the step that holds; the number of steps when all have expired. */
  readonly step: number;
  readonly stepExpiresAtMs?: number | undefined;
  readonly agentId?: AgentId | undefined;
  /** How often it was offered to an agent. */
  readonly offers: number;
}

/** How a contact is to be routed; what is absent stays as it is. */
export interface RoutingSettings {
  /** 1 is first; 5 where nobody said otherwise. */
  readonly queuePriority?: number | undefined;
  /** Seconds added to its age. */
  readonly queueTimeAdjustmentSeconds?: number | undefined;
  readonly criteria?: RoutingCriteria | undefined;
}

/** A contact that nobody queued yet. */
export function preparedEntry(
  contact: Pick<QueueEntry, 'contactId' | 'owner' | 'channel' | 'initiationMethod'>,
): QueueEntry {
  return {
    ...contact,
    state: 'prepared',
    queuePriority: defaultQueuePriority,
    adjustmentMs: 0,
    step: 0,
    offers: 0,
  };
}

/** Puts it into a queue; its criteria begin to run. Who waited before, under an owner that died, keeps the place. */
export function queued(entry: QueueEntry, place: QueuePlace, nowMs: number): QueueEntry {
  const isSamePlace = entry.enqueuedAtMs !== undefined && entry.place && isSame(entry.place, place);
  return withStep(
    {
      ...entry,
      state: 'waiting',
      place,
      enqueuedAtMs: isSamePlace ? entry.enqueuedAtMs : nowMs,
      agentId: undefined,
    },
    nowMs,
  );
}

export function withSettings(entry: QueueEntry, settings: RoutingSettings, nowMs: number): QueueEntry {
  return withStep(
    {
      ...entry,
      ...(settings.queuePriority === undefined ? {} : { queuePriority: settings.queuePriority }),
      ...(settings.queueTimeAdjustmentSeconds === undefined
        ? {}
        : { adjustmentMs: settings.queueTimeAdjustmentSeconds * 1000 }),
      ...(settings.criteria === undefined ? {} : { criteria: settings.criteria }),
    },
    nowMs,
  );
}

/** The step that holds now. Steps count from the queueing. */
export function withStep(entry: QueueEntry, nowMs: number): QueueEntry {
  const { criteria, enqueuedAtMs, place } = entry;
  if (!criteria || enqueuedAtMs === undefined || place?.kind === 'agent') {
    return entry.step === 0 && entry.stepExpiresAtMs === undefined
      ? entry
      : { ...entry, step: 0, stepExpiresAtMs: undefined };
  }
  const { index, expiresAtMs } = activeStepAt(criteria, enqueuedAtMs, nowMs);
  if (index === entry.step && expiresAtMs === entry.stepExpiresAtMs) return entry;
  return { ...entry, step: index, stepExpiresAtMs: expiresAtMs };
}

/** What "oldest first" goes by, ms. */
export function orderedAtOf({ enqueuedAtMs, adjustmentMs }: QueueEntry): number | undefined {
  return enqueuedAtMs === undefined ? undefined : enqueuedAtMs - adjustmentMs;
}

/** What it asks of agents now; absent when any will do. */
export function criteriaInForce(entry: QueueEntry): CriteriaExpression | undefined {
  return entry.place?.kind === 'agent' ? undefined : entry.criteria?.steps[entry.step]?.expression;
}

function isSame(a: QueuePlace, b: QueuePlace): boolean {
  return placeId(a) === placeId(b) && a.kind === b.kind;
}

/** The queue's id, or that of the agent whose queue it is. */
export function placeId(place: QueuePlace): string {
  return place.kind === 'queue' ? place.queueId : place.agentId;
}
