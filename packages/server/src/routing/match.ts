/** Who gets whom: waiting contacts and free agents in, pairs out. Pure; the matcher feeds it from the store and has the writer check its word. */
import type { AgentId, ContactId, QueueId } from '../ids.ts';
import { type CriteriaExpression, isMetBy, type Proficiency } from './routing-criteria.ts';

export type Channel = 'VOICE' | 'CHAT' | 'TASK' | 'EMAIL';

/** Priority of a contact that nobody gave one; 1 is first (API reference, UpdateContactRoutingData). */
export const defaultQueuePriority = 5;

/** A contact in its place. */
export interface WaitingContact {
  readonly contactId: ContactId;
  readonly queuePriority: number;
  /** When it joined, ms; a queue's delay counts from here. */
  readonly enqueuedAtMs: number;
  /** When it would have joined to be as old as it is made, ms: what "oldest first" looks at. */
  readonly orderedAtMs: number;
}

/** Where a contact waits: a queue that routing profiles serve, or the queue of one agent. */
export type QueuePlace =
  | { readonly kind: 'queue'; readonly queueId: QueueId }
  | { readonly kind: 'agent'; readonly agentId: AgentId };

/** Contacts of one place and channel that ask for the same agents. */
export interface Lane {
  readonly place: QueuePlace;
  readonly channel: Channel;
  /** Absent: any agent who serves the queue. Not looked at in the queue of an agent (API reference, RoutingCriteria). */
  readonly criteria?: CriteriaExpression | undefined;
  /** In any order. */
  readonly waiting: readonly WaitingContact[];
}

/** A queue as a routing profile serves it. */
export interface ServedQueue {
  readonly queueId: QueueId;
  readonly channel: Channel;
  /** 1 is served first. */
  readonly priority: number;
  /** Contacts younger than this are left to others, ms. */
  readonly delayMs: number;
}

/** An agent who can take contacts now. */
export interface FreeAgent {
  readonly agentId: AgentId;
  /** Since when nothing was done; the one who has waited longest is served first. */
  readonly idleSinceMs: number;
  readonly serves: readonly ServedQueue[];
  readonly proficiencies: readonly Proficiency[];
  /** How many more contacts of each channel fit. */
  readonly slots: Readonly<Partial<Record<Channel, number>>>;
}

export interface Match {
  readonly agentId: AgentId;
  readonly contactId: ContactId;
}

export interface MatchInput {
  readonly lanes: readonly Lane[];
  readonly agents: readonly FreeAgent[];
  readonly nowMs: number;
}

/**
 * Pairs agents with contacts, in the order in which they are to be offered.
 *
 * Agents choose one after the other, who has been idle longest first. Each takes the contact that is first by
 *
 * 1. the queue's priority in the agent's routing profile (the agent's own queue comes before all),
 * 2. the contact's priority,
 * 3. its age, adjusted,
 *
 * among those whose queue the agent serves for long enough (delay) and whose criteria the agent meets. No contact is
 * paired twice, no agent beyond `slots`.
 */
export function matchContacts({ lanes, agents, nowMs }: MatchInput): Match[] {
  const standing = new StandingLanes(lanes);
  const matches: Match[] = [];
  for (const agent of [...agents].sort(byIdleness)) {
    const left = { ...agent.slots };
    for (;;) {
      const next = standing.firstFor(agent, left, nowMs);
      if (!next) break;
      left[next.lane.lane.channel] = (left[next.lane.lane.channel] ?? 0) - 1;
      next.lane.take(next.contact);
      matches.push({ agentId: agent.agentId, contactId: next.contact.contactId });
    }
    if (standing.areEmpty) break;
  }
  return matches;
}

/** Ids decide between equals, so that the same input always gives the same pairs. */
function byIdleness(a: FreeAgent, b: FreeAgent): number {
  return a.idleSinceMs - b.idleSinceMs || (a.agentId < b.agentId ? -1 : 1);
}

/** Order within a queue: priority, then adjusted age. */
export function byPlace(a: WaitingContact, b: WaitingContact): number {
  return (
    a.queuePriority - b.queuePriority || a.orderedAtMs - b.orderedAtMs || (a.contactId < b.contactId ? -1 : 1)
  );
}

/** The agent's own queue stands before every other. */
const ownQueuePriority = 0;

interface Candidate {
  readonly lane: StandingLane;
  readonly contact: WaitingContact;
  readonly profilePriority: number;
}

/** Lanes by place, sorted once, that shrink as contacts are taken. */
class StandingLanes {
  readonly #byPlace = new Map<string, StandingLane[]>();
  readonly #all: StandingLane[];

  constructor(lanes: readonly Lane[]) {
    this.#all = lanes.map((lane) => new StandingLane(lane));
    for (const standing of this.#all) {
      const key = placeKey(standing.lane.place, standing.lane.channel);
      const list = this.#byPlace.get(key);
      if (list) list.push(standing);
      else this.#byPlace.set(key, [standing]);
    }
  }

  get areEmpty(): boolean {
    return this.#all.every((lane) => lane.isEmpty);
  }

  firstFor(
    agent: FreeAgent,
    slots: Readonly<Partial<Record<Channel, number>>>,
    nowMs: number,
  ): Candidate | undefined {
    let best: Candidate | undefined;
    const consider = (lane: StandingLane, profilePriority: number, delayMs: number): void => {
      if ((slots[lane.lane.channel] ?? 0) <= 0) return;
      if (best && best.profilePriority < profilePriority) return;
      const contact = lane.first(nowMs - delayMs);
      if (!contact || !lane.isMetBy(agent)) return;
      if (!best || profilePriority < best.profilePriority || byPlace(contact, best.contact) < 0)
        best = { lane, contact, profilePriority };
    };
    for (const channel of Object.keys(slots) as Channel[]) {
      const own = placeKey({ kind: 'agent', agentId: agent.agentId }, channel);
      for (const lane of this.#byPlace.get(own) ?? []) consider(lane, ownQueuePriority, 0);
    }
    for (const served of agent.serves) {
      const key = placeKey({ kind: 'queue', queueId: served.queueId }, served.channel);
      for (const lane of this.#byPlace.get(key) ?? []) consider(lane, served.priority, served.delayMs);
    }
    return best;
  }
}

function placeKey(place: QueuePlace, channel: Channel): string {
  return `${place.kind === 'queue' ? place.queueId : place.agentId} ${channel}`;
}

class StandingLane {
  readonly lane: Lane;
  readonly #sorted: WaitingContact[];
  readonly #taken = new Set<ContactId>();
  /** Everything before it is taken. */
  #head = 0;

  constructor(lane: Lane) {
    this.lane = lane;
    this.#sorted = [...lane.waiting].sort(byPlace);
  }

  get isEmpty(): boolean {
    return this.#head >= this.#sorted.length;
  }

  /** The first contact that has waited since `joinedBefore` or longer. */
  first(joinedBefore: number): WaitingContact | undefined {
    for (let index = this.#head; index < this.#sorted.length; index += 1) {
      const contact = this.#sorted[index] as WaitingContact;
      if (contact.enqueuedAtMs <= joinedBefore && !this.#taken.has(contact.contactId)) return contact;
    }
    return undefined;
  }

  take(contact: WaitingContact): void {
    this.#taken.add(contact.contactId);
    for (;;) {
      const head = this.#sorted[this.#head];
      if (!head || !this.#taken.has(head.contactId)) return;
      this.#head += 1;
    }
  }

  isMetBy(agent: FreeAgent): boolean {
    const { criteria, place } = this.lane;
    if (!criteria || place.kind === 'agent') return true;
    return isMetBy(criteria, agent);
  }
}
