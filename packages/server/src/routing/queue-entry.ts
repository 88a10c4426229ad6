/** A contact's place: in a queue with its priority, age and criteria, or with an agent. Pure steps; one row of the store each. */
import { createHash } from 'node:crypto';
import type { AgentId, ContactId, NodeId } from '../ids.ts';
import { type Channel, defaultQueuePriority, type QueuePlace } from './match.ts';
import { activeStepAt, type CriteriaExpression, type RoutingCriteria } from './routing-criteria.ts';

export interface QueueEntry {
  readonly contactId: ContactId;
  /** `prepared`: not queued, but told how it is to be, or where its place is kept. `ended`: only its agent's after-contact work is left. */
  readonly state: 'prepared' | 'waiting' | 'offered' | 'taken' | 'ended';
  /** The node that runs the contact, and the epoch of the contact it does so in. */
  readonly owner: { readonly node: NodeId; readonly epoch: number };
  readonly place?: QueuePlace | undefined;
  readonly channel: Channel;
  readonly initiationMethod: string;
  /** The first of its chain; absent in the first. */
  readonly initialContactId?: ContactId | undefined;
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
  contact: Pick<QueueEntry, 'contactId' | 'owner' | 'channel' | 'initiationMethod' | 'initialContactId'>,
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
  const { criteria } = entry;
  const isSamePlace = entry.enqueuedAtMs !== undefined && entry.place && isSame(entry.place, place);
  return withStep(
    {
      ...entry,
      state: 'waiting',
      place,
      ...(isSamePlace
        ? {}
        : { enqueuedAtMs: nowMs, criteria: criteria && { ...criteria, activatedAtMs: nowMs } }),
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
      ...(settings.criteria === undefined
        ? {}
        : {
            criteria: {
              steps: settings.criteria.steps,
              index: (entry.criteria?.index ?? -1) + 1,
              ...(entry.enqueuedAtMs === undefined ? {} : { activatedAtMs: nowMs }),
            },
          }),
    },
    nowMs,
  );
}

/** The step that holds now. */
export function withStep(entry: QueueEntry, nowMs: number): QueueEntry {
  const { criteria, enqueuedAtMs, place } = entry;
  if (!criteria || enqueuedAtMs === undefined || place?.kind === 'agent') {
    return entry.step === 0 && entry.stepExpiresAtMs === undefined
      ? entry
      : { ...entry, step: 0, stepExpiresAtMs: undefined };
  }
  const { index, expiresAtMs } = activeStepAt(criteria, criteria.activatedAtMs ?? enqueuedAtMs, nowMs);
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

/** Contacts that ask for the same agents have the same text, which is short however long their criteria are. */
export function laneOf(entry: QueueEntry): string {
  const criteria = criteriaInForce(entry);
  return criteria === undefined
    ? ''
    : createHash('sha256').update(JSON.stringify(criteria, inOrderOfMembers)).digest('base64url');
}

/**
 * Members of an object in the order in which `jsonb` keeps them (shorter names first), so that criteria read back have the lane
 * that they were stored with.
 */
function inOrderOfMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)),
  );
}

function isSame(a: QueuePlace, b: QueuePlace): boolean {
  return placeId(a) === placeId(b) && a.kind === b.kind;
}

/** The queue's id, or that of the agent whose queue it is. */
export function placeId(place: QueuePlace): string {
  return place.kind === 'queue' ? place.queueId : place.agentId;
}

/** How a contact is routed, for those who tell of it; kept with the contact when its place is gone. */
export interface ContactRouting
  extends Pick<QueueEntry, 'queuePriority' | 'adjustmentMs' | 'criteria' | 'step'> {
  /** What is with the step `step`. `JOINED`: an agent has come of it. `INTERRUPTED`: the contact left without one. */
  readonly stepIs: 'INACTIVE' | 'ACTIVE' | 'JOINED' | 'INTERRUPTED';
}

/** Undefined for a contact that neither waits nor is prepared to. */
export function routingOf(entry: QueueEntry): ContactRouting | undefined {
  const { state, place, queuePriority, adjustmentMs, criteria, step } = entry;
  if (!place && state !== 'prepared') return undefined;
  const isActive = criteriaInForce(entry) !== undefined && entry.enqueuedAtMs !== undefined;
  const hasAgent = state === 'taken' || state === 'ended';
  return {
    queuePriority,
    adjustmentMs,
    ...(criteria ? { criteria } : {}),
    step,
    stepIs: isActive ? (hasAgent ? 'JOINED' : 'ACTIVE') : 'INACTIVE',
  };
}
