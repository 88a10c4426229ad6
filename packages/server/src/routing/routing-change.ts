/** What can be asked of routing, and what a batch of it does to agents and contacts: steps in, rows, facts and news out. Pure; runs under the locks of the store. */
import type { AgentId, ContactId, InstanceId, NodeId } from '../ids.ts';
import type { ChangeScope, LoadedRouting, RoutingPlan } from '../store/change-routing.ts';
import {
  type AgentKey,
  type AgentWrite,
  type ContactKey,
  type EntryWrite,
  keyOfAgent,
  keyOfContact,
  type StoredAgent,
} from '../store/routing-rows.ts';
import { type AgentEventType, agentEvent, showsDifference } from './agent-events.ts';
import {
  type AgentEffect,
  type AgentInput,
  type AgentRefusal,
  type AgentState,
  isFree,
  newAgentState,
  nextDeadlineOf,
  slotsInUse,
  stepAgent,
} from './agent-state.ts';
import type { Channel, QueuePlace } from './match.ts';
import {
  laneOf,
  orderedAtOf,
  placeId,
  preparedEntry,
  type QueueEntry,
  queued,
  type RoutingSettings,
  withSettings,
  withStep,
} from './queue-entry.ts';
import { type AgentSetUp, afterContactWorkMsOf, type RoutingSetUp } from './routing-directory.ts';

/** A contact as its owner hands it over. */
export interface RoutedContact {
  readonly instanceId: InstanceId;
  readonly contactId: ContactId;
  /** The contact's epoch; a former owner's words do not count. */
  readonly epoch: number;
  readonly channel: Channel;
  readonly initiationMethod: string;
  /** The first of its chain; absent in the first. */
  readonly initialContactId?: ContactId | undefined;
}

export type RoutingChange =
  | (AgentKey & { readonly kind: 'agent'; readonly input: Exclude<AgentInput, { kind: 'offer' | 'begin' }> })
  | (AgentKey & {
      readonly kind: 'offer';
      readonly contactId: ContactId;
      readonly slots: number;
      readonly deadlineAtMs: number;
    })
  /** The agent begins a contact of his own; it never waits. */
  | (AgentKey & { readonly kind: 'begin'; readonly contact: RoutedContact; readonly owner: NodeId })
  | (ContactKey & {
      readonly kind: 'enqueue';
      readonly contact: RoutedContact;
      readonly owner: NodeId;
      readonly place: QueuePlace;
      /** Contacts that may wait there at once; absent where there is no limit. */
      readonly maxContacts?: number | undefined;
      /** Whether it may wait in another queue, which it leaves then. */
      readonly from: 'anywhere' | 'another queue';
    })
  /** How a contact is to be routed: now if it waits, else when it is queued. */
  | (ContactKey & {
      readonly kind: 'settings';
      readonly settings: RoutingSettings;
      /** For a contact that is not queued yet; absent: then it must wait. */
      readonly contact?: { readonly contact: RoutedContact; readonly owner: NodeId };
    })
  /** A contact that waits is not to be offered to anybody until it is queued again; it keeps its place. */
  | (ContactKey & { readonly kind: 'aside'; readonly epoch: number })
  /** The contact is over, or leaves the queue. */
  | (ContactKey & {
      readonly kind: 'end';
      readonly epoch?: number | undefined;
      readonly afterContactWork: 'as configured' | 'none';
    })
  /** A step of its criteria may have expired. */
  | (ContactKey & { readonly kind: 'time' });

export type RoutingRefusal =
  | AgentRefusal
  | 'no such agent'
  | 'no such contact'
  /** It waits, rings or talks already; an agent has it, or is about to. */
  | 'queued already'
  | 'queue full'
  /** Another node runs the contact, or this one was judged dead. */
  | 'not the owner';

export type RoutingOutcome =
  | { readonly kind: 'done'; readonly agent?: AgentView | undefined; readonly entry?: QueueEntry | undefined }
  | { readonly kind: 'refused'; readonly why: RoutingRefusal };

/** An agent at a moment, for whoever shows him. */
export interface AgentView {
  readonly instanceId: InstanceId;
  readonly agentId: AgentId;
  /** Grows with each change. */
  readonly version: number;
  readonly state: AgentState;
}

/** What became of a contact, for the node that runs it. */
export type ContactNews = ContactKey &
  (
    | { readonly what: 'offered' | 'talkEnded'; readonly agentId: AgentId }
    | {
        readonly what: 'accepted';
        readonly agentId: AgentId;
        readonly acceptedAtMs: number;
        /** Where the agent's page is. */
        readonly node: NodeId | undefined;
      }
    | {
        readonly what: 'returned';
        readonly agentId: AgentId;
        readonly why: 'missed' | 'rejected' | 'failed' | 'agentLeft';
        readonly offers: number;
      }
    | {
        readonly what: 'done';
        readonly agentId: AgentId;
        readonly afterContactWork?: { readonly startedAtMs: number; readonly endedAtMs: number } | undefined;
      }
    /** Its criteria go on to another step, or somebody said how it is to be routed. */
    | { readonly what: 'stepExpired' | 'settings'; readonly entry: QueueEntry }
  );

export type RoutingNews =
  | ({ readonly kind: 'agent' } & AgentView)
  | ({ readonly kind: 'contact' } & ContactNews);

/** News and the node that has to hear them. */
export interface AddressedNews {
  readonly node: NodeId;
  readonly news: RoutingNews;
}

export interface ChangeDeps {
  readonly node: NodeId;
  readonly nowMs: number;
  readonly newEventId: () => string;
  readonly setUpOf: (instanceId: InstanceId) => RoutingSetUp | undefined;
}

export interface DecidedChanges {
  readonly plan: RoutingPlan;
  readonly outcomes: readonly RoutingOutcome[];
  /** For this node; those of other nodes are in the plan. */
  readonly news: readonly RoutingNews[];
  /** Where somebody became free, or somebody waits who did not. */
  readonly toMatch: ReadonlySet<InstanceId>;
}

/** What must be locked for some changes. */
export function scopeOf(
  changes: readonly RoutingChange[],
  deps: Pick<ChangeDeps, 'nowMs' | 'setUpOf' | 'node'>,
): ChangeScope {
  const agents: AgentKey[] = [];
  const contacts: ContactKey[] = [];
  const waiting: ContactKey[] = [];
  const fresh: ContactKey[] = [];
  const counted = new Map<string, { readonly instanceId: InstanceId; readonly placeId: string }>();
  let takesOwnership = false;
  for (const change of changes) {
    const { instanceId } = change;
    if ('agentId' in change) agents.push({ instanceId, agentId: change.agentId });
    // What an agent has in hand is locked with the agent.
    if (change.kind === 'offer') waiting.push({ instanceId, contactId: change.contactId });
    else if (change.kind === 'enqueue') fresh.push({ instanceId, contactId: change.contactId });
    else if ('contactId' in change) contacts.push({ instanceId, contactId: change.contactId });
    if (change.kind === 'begin') fresh.push({ instanceId, contactId: change.contact.contactId });
    if (change.kind === 'enqueue' && change.maxContacts !== undefined) {
      const id = placeId(change.place);
      counted.set(`${instanceId} ${id}`, { instanceId, placeId: id });
    }
    if (change.kind === 'enqueue' || change.kind === 'begin') takesOwnership = true;
  }
  return {
    agents,
    contacts,
    waiting,
    fresh,
    counted: [...counted.values()],
    owner: takesOwnership ? deps.node : undefined,
    newAgent: ({ instanceId, agentId }) => {
      const setUp = deps.setUpOf(instanceId);
      if (!setUp?.agents.has(agentId)) return undefined;
      const state = newAgentState(agentId, setUp.offline, deps.nowMs);
      return agentWrite(instanceId, { state, version: 0, eventSequence: 0 }, deps.nowMs);
    },
  };
}

/** Decides changes one after the other, each on what the ones before it left. */
export function decideChanges(
  changes: readonly RoutingChange[],
  loaded: LoadedRouting,
  deps: ChangeDeps,
): DecidedChanges {
  const work = new RoutingWork(loaded, deps);
  const outcomes = changes.map((change) => work.apply(change));
  return { ...work.finish(), outcomes };
}

class RoutingWork {
  readonly #loaded: LoadedRouting;
  readonly #deps: ChangeDeps;
  readonly #agents = new Map<string, { key: AgentKey; stored: StoredAgent }>();
  readonly #entries = new Map<string, { key: ContactKey; entry: QueueEntry | undefined }>();
  readonly #joined = new Map<string, number>();
  readonly #facts: RoutingPlan['facts'][number][] = [];
  readonly #contactNews: AddressedNews[] = [];
  /** Pages that an agent had, or has, when the batch is through. */
  readonly #audience = new Map<string, Set<NodeId>>();
  readonly #toMatch = new Set<InstanceId>();

  constructor(loaded: LoadedRouting, deps: ChangeDeps) {
    this.#loaded = loaded;
    this.#deps = deps;
  }

  apply(change: RoutingChange): RoutingOutcome {
    switch (change.kind) {
      case 'agent':
        return this.#step(change, change.input);
      case 'offer':
        return this.#offer(change);
      case 'begin':
        return this.#begin(change);
      case 'enqueue':
        return this.#enqueue(change);
      case 'settings':
        return this.#set(change);
      case 'aside':
        return this.#stepAside(change);
      case 'end':
        return this.#end(change);
      case 'time':
        return this.#passTime(change);
    }
  }

  finish(): Omit<DecidedChanges, 'outcomes'> {
    const { node, nowMs } = this.#deps;
    const agents: AgentWrite[] = [];
    const addressed = [...this.#contactNews];
    for (const [id, { key, stored }] of this.#agents) {
      agents.push(agentWrite(key.instanceId, stored, nowMs));
      const news: RoutingNews = {
        kind: 'agent',
        instanceId: key.instanceId,
        agentId: key.agentId,
        version: stored.version,
        state: stored.state,
      };
      for (const listener of this.#audience.get(id) ?? []) addressed.push({ node: listener, news });
    }
    const entries: EntryWrite[] = [];
    const removed: ContactKey[] = [];
    for (const { key, entry } of this.#entries.values()) {
      const isNew = this.#loaded.entry(key) === undefined;
      if (entry) entries.push(entryWrite(key.instanceId, entry, isNew));
      else if (!isNew) removed.push(key);
    }
    return {
      plan: {
        agents,
        entries,
        removed,
        facts: this.#facts,
        news: addressed
          .filter((one) => one.node !== node)
          .map((one) => ({ node: one.node, payload: JSON.stringify(one.news) })),
      },
      news: addressed.filter((one) => one.node === node).map(({ news }) => news),
      toMatch: this.#toMatch,
    };
  }

  #step(key: AgentKey, input: AgentInput): RoutingOutcome {
    const { instanceId } = key;
    const setUp = this.#deps.setUpOf(instanceId);
    const setting = setUp?.agents.get(key.agentId);
    const stored = this.#agent(key);
    if (!setUp || !setting || !stored) return refused('no such agent');
    const step = stepAgent(stored.state, input, this.#deps.nowMs);
    if (step.kind === 'refused') return refused(step.why);
    if (step.state === stored.state && input.kind !== 'heartbeat')
      return { kind: 'done', agent: viewOf(key, stored) };
    const next = this.#tell(key, setUp, setting, stored, step.state, input);
    this.#put(key, stored, next);
    for (const effect of step.effects) this.#carryOut(key, effect, next.state);
    return { kind: 'done', agent: viewOf(key, next) };
  }

  /** The state as it is to be, with its event written where the step is one that events tell of. */
  #tell(
    key: AgentKey,
    setUp: RoutingSetUp,
    agent: AgentSetUp,
    stored: StoredAgent,
    state: AgentState,
    input: AgentInput,
  ): StoredAgent {
    const before = stored.state;
    const type = eventTypeOf(before, state, input);
    const eventSequence = stored.eventSequence + (type ? 1 : 0);
    if (type) {
      const { nowMs, newEventId } = this.#deps;
      const event = agentEvent({
        type,
        eventId: newEventId(),
        atMs: nowMs,
        setUp,
        agent,
        before,
        after: state,
      });
      this.#facts.push({
        key,
        atMs: nowMs,
        fact: { sequence: eventSequence, stream: 'agent-events', payload: event },
      });
    }
    return { state, version: stored.version + 1, eventSequence };
  }

  #carryOut(key: AgentKey, effect: AgentEffect, agent: AgentState): void {
    const contactKey: ContactKey = { instanceId: key.instanceId, contactId: effect.contactId };
    const entry = this.#entry(contactKey);
    if (!entry || (effect.kind !== 'offered' && entry.agentId !== key.agentId)) return;
    const { agentId } = key;
    const { nowMs } = this.#deps;
    switch (effect.kind) {
      case 'offered':
        this.#putEntry(contactKey, { ...entry, state: 'offered', agentId, offers: entry.offers + 1 });
        this.#tellOwner(entry, { ...contactKey, what: 'offered', agentId });
        return;
      case 'accepted':
        this.#putEntry(contactKey, { ...entry, state: 'taken' });
        this.#tellOwner(entry, {
          ...contactKey,
          what: 'accepted',
          agentId,
          acceptedAtMs: nowMs,
          node: agent.attachment?.node,
        });
        return;
      case 'returned': {
        const waiting = withStep({ ...entry, state: 'waiting', agentId: undefined }, nowMs);
        this.#putEntry(contactKey, waiting);
        this.#toMatch.add(key.instanceId);
        this.#tellOwner(entry, {
          ...contactKey,
          what: 'returned',
          agentId,
          why: effect.why,
          offers: entry.offers,
        });
        if (waiting.step !== entry.step)
          this.#tellOwner(entry, { ...contactKey, what: 'stepExpired', entry: waiting });
        return;
      }
      case 'talkEnded':
        this.#putEntry(contactKey, { ...entry, state: 'ended' });
        this.#tellOwner(entry, { ...contactKey, what: 'talkEnded', agentId });
        return;
      case 'done':
        this.#putEntry(contactKey, undefined);
        this.#tellOwner(entry, {
          ...contactKey,
          what: 'done',
          agentId,
          afterContactWork: effect.afterContactWork,
        });
    }
  }

  #offer(change: Extract<RoutingChange, { kind: 'offer' }>): RoutingOutcome {
    const entry = this.#entry(change);
    if (entry?.state !== 'waiting') return refused('no such contact');
    const { contactId, channel, initiationMethod, initialContactId, place, enqueuedAtMs } = entry;
    return this.#step(change, {
      kind: 'offer',
      contact: { contactId, channel, initiationMethod, initialContactId, place, enqueuedAtMs },
      slots: change.slots,
      deadlineAtMs: change.deadlineAtMs,
    });
  }

  #begin(change: Extract<RoutingChange, { kind: 'begin' }>): RoutingOutcome {
    const { contact, owner, agentId, instanceId } = change;
    if (!this.#loaded.mayOwn) return refused('not the owner');
    const key: ContactKey = { instanceId, contactId: contact.contactId };
    if (this.#entry(key)) return refused('queued already');
    const outcome = this.#step(change, { kind: 'begin', contact });
    if (outcome.kind === 'done') this.#putEntry(key, { ...fresh(contact, owner), state: 'taken', agentId });
    return outcome;
  }

  #enqueue(change: Extract<RoutingChange, { kind: 'enqueue' }>): RoutingOutcome {
    const { contact, owner, place, maxContacts, instanceId } = change;
    if (!this.#loaded.mayOwn) return refused('not the owner');
    let known = this.#entry(change);
    // Its agent's after-contact work is the agent's business: the contact begins anew.
    if (known?.state === 'ended' && known.owner.epoch === contact.epoch) known = undefined;
    if (known && known.owner.epoch > contact.epoch) return refused('not the owner');
    const moves = change.from === 'another queue' && known?.state === 'waiting';
    if (known && known.state !== 'prepared' && !moves) {
      if (known.owner.epoch === contact.epoch) return refused('queued already');
      // The owner that queued it is dead. Whoever was rung for it is let go; the place is kept.
      if (known.agentId !== undefined) this.#letGo({ ...change, agentId: known.agentId }, known.contactId);
      known = { ...known, agentId: undefined };
    }
    const id = placeId(place);
    const countKey = `${instanceId} ${id}`;
    const joined = this.#joined.get(countKey) ?? 0;
    const counts = known === undefined || known.state === 'prepared' || moves;
    if (
      counts &&
      maxContacts !== undefined &&
      this.#loaded.contactsIn(instanceId, id) + joined >= maxContacts
    )
      return refused('queue full');
    if (counts) this.#joined.set(countKey, joined + 1);
    const entry = queued(
      { ...(known ?? fresh(contact, owner)), owner: { node: owner, epoch: contact.epoch } },
      place,
      this.#deps.nowMs,
    );
    this.#putEntry(change, entry);
    this.#toMatch.add(instanceId);
    return { kind: 'done', entry };
  }

  #set(change: Extract<RoutingChange, { kind: 'settings' }>): RoutingOutcome {
    const known = this.#entry(change);
    const base = known ?? (change.contact && fresh(change.contact.contact, change.contact.owner));
    if (!base) return refused('no such contact');
    if (base.state !== 'prepared' && base.state !== 'waiting' && base.state !== 'offered')
      return refused('queued already');
    const entry = withSettings(base, change.settings, this.#deps.nowMs);
    this.#putEntry(change, entry);
    this.#tellOwner(entry, {
      instanceId: change.instanceId,
      contactId: change.contactId,
      what: 'settings',
      entry,
    });
    if (entry.state === 'waiting') this.#toMatch.add(change.instanceId);
    return { kind: 'done', entry };
  }

  #stepAside(change: Extract<RoutingChange, { kind: 'aside' }>): RoutingOutcome {
    const entry = this.#entry(change);
    if (!entry || entry.state === 'prepared' || entry.state === 'ended') return { kind: 'done' };
    if (entry.owner.epoch > change.epoch) return refused('not the owner');
    if (entry.state === 'taken') return refused('queued already');
    const aside: QueueEntry = { ...entry, state: 'prepared', agentId: undefined };
    // First, so that the agent who is let go has nothing to say of it any more.
    this.#putEntry(change, aside);
    if (entry.agentId !== undefined)
      this.#letGo({ instanceId: change.instanceId, agentId: entry.agentId }, entry.contactId);
    return { kind: 'done', entry: aside };
  }

  #end(change: Extract<RoutingChange, { kind: 'end' }>): RoutingOutcome {
    const entry = this.#entry(change);
    // What ended before it was queued, or was ended by another, has nothing left to end.
    if (!entry || entry.state === 'ended') return { kind: 'done' };
    if (change.epoch !== undefined && entry.owner.epoch > change.epoch) return refused('not the owner');
    if (entry.agentId === undefined) {
      this.#putEntry(change, undefined);
      return { kind: 'done' };
    }
    const agent: AgentKey = { instanceId: change.instanceId, agentId: entry.agentId };
    const setting = this.#deps.setUpOf(change.instanceId)?.agents.get(entry.agentId);
    const afterContactWorkMs =
      change.afterContactWork === 'none' || !setting ? 0 : afterContactWorkMsOf(setting);
    const outcome = this.#step(agent, {
      kind: 'contactEnded',
      contactId: change.contactId,
      ...(afterContactWorkMs === undefined ? {} : { afterContactWorkMs }),
    });
    // An agent who was deleted, or does not know of it, keeps nobody waiting.
    if (outcome.kind === 'refused') this.#putEntry(change, undefined);
    return { kind: 'done' };
  }

  #passTime(change: Extract<RoutingChange, { kind: 'time' }>): RoutingOutcome {
    const entry = this.#entry(change);
    if (!entry || (entry.state !== 'waiting' && entry.state !== 'offered')) return { kind: 'done' };
    const next = withStep(entry, this.#deps.nowMs);
    if (next === entry) return { kind: 'done', entry };
    this.#putEntry(change, next);
    if (next.state === 'waiting') this.#toMatch.add(change.instanceId);
    this.#tellOwner(next, {
      instanceId: change.instanceId,
      contactId: change.contactId,
      what: 'stepExpired',
      entry: next,
    });
    return { kind: 'done', entry: next };
  }

  /** Frees an agent of a contact that goes back to its queue for a reason of its own. */
  #letGo(key: AgentKey, contactId: ContactId): void {
    this.#step(key, { kind: 'contactEnded', contactId, afterContactWorkMs: 0 });
  }

  #agent(key: AgentKey): StoredAgent | undefined {
    return this.#agents.get(keyOfAgent(key))?.stored ?? this.#loaded.agent(key);
  }

  #put(key: AgentKey, before: StoredAgent, after: StoredAgent): void {
    const id = keyOfAgent(key);
    this.#agents.set(id, { key: { instanceId: key.instanceId, agentId: key.agentId }, stored: after });
    const audience = this.#audience.get(id) ?? new Set();
    for (const { attachment } of [before.state, after.state]) if (attachment) audience.add(attachment.node);
    this.#audience.set(id, audience);
    if (mayBeFree(after.state)) this.#toMatch.add(key.instanceId);
  }

  #entry(key: ContactKey): QueueEntry | undefined {
    const changed = this.#entries.get(keyOfContact(key));
    return changed ? changed.entry : this.#loaded.entry(key);
  }

  #putEntry(key: ContactKey, entry: QueueEntry | undefined): void {
    this.#entries.set(keyOfContact(key), {
      key: { instanceId: key.instanceId, contactId: key.contactId },
      entry,
    });
  }

  #tellOwner(entry: QueueEntry, news: ContactNews): void {
    this.#contactNews.push({ node: entry.owner.node, news: { kind: 'contact', ...news } });
  }
}

/** Whether matching could have something for the agent; how many slots there are is the matcher's business. */
function mayBeFree(state: AgentState): boolean {
  return isFree(state, 'VOICE', 1);
}

const refused = (why: RoutingRefusal): RoutingOutcome => ({ kind: 'refused', why });

function viewOf(key: AgentKey, stored: StoredAgent): AgentView {
  return {
    instanceId: key.instanceId,
    agentId: key.agentId,
    version: stored.version,
    state: stored.state,
  };
}

function fresh(contact: RoutedContact, owner: NodeId): QueueEntry {
  return preparedEntry({
    contactId: contact.contactId,
    owner: { node: owner, epoch: contact.epoch },
    channel: contact.channel,
    initiationMethod: contact.initiationMethod,
    initialContactId: contact.initialContactId,
  });
}

function agentWrite(instanceId: InstanceId, stored: StoredAgent, changedAtMs: number): AgentWrite {
  const { state } = stored;
  return {
    ...stored,
    instanceId,
    isReady: isFree(state, 'VOICE', Number.POSITIVE_INFINITY),
    voiceInUse: slotsInUse(state, 'VOICE'),
    deadlineAtMs: nextDeadlineOf(state),
    changedAtMs,
  };
}

function entryWrite(instanceId: InstanceId, entry: QueueEntry, isNew: boolean): EntryWrite {
  return { instanceId, entry, isNew, orderedAtMs: orderedAtOf(entry), lane: laneOf(entry) };
}

function eventTypeOf(before: AgentState, after: AgentState, input: AgentInput): AgentEventType | undefined {
  if (input.kind === 'heartbeat') return 'HEART_BEAT';
  if (before.presence !== after.presence) return after.presence === 'signedIn' ? 'LOGIN' : 'LOGOUT';
  return showsDifference(before, after) ? 'STATE_CHANGE' : undefined;
}
