/**
 * What an agent does at a moment, and how each thing that happens changes it: a pure table, (state, input) → state and
 * effects. The shell (routing.ts) runs it under the lock of the agent's row and carries the effects out.
 *
 * ```
 *            offer            accept             connected           contactEnded              clear
 *  (nothing) ─────▶ offered ─────────▶ connecting ───────▶ connected ────────────▶ afterContactWork ─────▶ (nothing)
 *                     │ reject, time,      │ failed          ▲     │ hold                                    ▲
 *                     ▼                    ▼                 │     ▼                                         │
 *             rejected, missed           failed          retrieve  onHold                  clear, setStatus  │
 *                     └────────────────────┴───────────────────────────────────────────────────────────────┘
 * ```
 */
import type { AgentId, AgentStatusId, ContactId, NodeId } from '../ids.ts';
import type { Channel, QueuePlace } from './match.ts';

export type AgentStatusType = 'ROUTABLE' | 'CUSTOM' | 'OFFLINE';

export interface AgentStatus {
  readonly id: AgentStatusId;
  readonly name: string;
  readonly type: AgentStatusType;
}

/** What a contact is to the agent who has it in hand. `missed`, `rejected` and `failed` only stand until cleared. */
export type HeldState =
  | 'offered'
  | 'connecting'
  | 'connected'
  | 'onHold'
  | 'missed'
  | 'rejected'
  | 'failed'
  | 'afterContactWork';

export interface HeldContact {
  readonly contactId: ContactId;
  readonly channel: Channel;
  /** As on the wire: `API`, `OUTBOUND`, `TRANSFER` … */
  readonly initiationMethod: string;
  /** The first of its chain; absent in the first. */
  readonly initialContactId?: ContactId | undefined;
  /** Where it waited; absent for what the agent dialled. */
  readonly place?: QueuePlace | undefined;
  readonly enqueuedAtMs?: number | undefined;
  readonly state: HeldState;
  readonly stateSinceMs: number;
  readonly offeredAtMs: number;
  readonly acceptedAtMs?: number | undefined;
  readonly connectedAtMs?: number | undefined;
  /** When an offer is missed, or after-contact work ends by itself. */
  readonly deadlineAtMs?: number | undefined;
}

/** Where the agent's page is. */
export interface Attachment {
  readonly node: NodeId;
  /** Tells one window, or one connection, from the next. */
  readonly session: string;
  readonly sinceMs: number;
}

export interface AgentState {
  readonly agentId: AgentId;
  readonly status: AgentStatus;
  readonly statusSinceMs: number;
  /** Chosen while there was work in hand; takes effect after it, and nothing more is offered. */
  readonly nextStatus?: (AgentStatus & { readonly chosenAtMs: number }) | undefined;
  readonly attachment?: Attachment | undefined;
  /** When the page went away without signing out, ms. */
  readonly lostAtMs?: number | undefined;
  readonly presence: 'signedIn' | 'signedOut';
  readonly contacts: readonly HeldContact[];
  /** Since when nothing was done, by either rule of the routing profile (`AgentAvailabilityTimer`). */
  readonly idleSinceMs: number;
  readonly inboundIdleSinceMs: number;
}

export type AgentInput =
  /** A page of the agent is there; it takes the place of an earlier one. */
  | { readonly kind: 'attach'; readonly node: NodeId; readonly session: string }
  /** That page's connection is gone. Not a decision of the agent: the status stays. */
  | { readonly kind: 'detach'; readonly session: string }
  /** The node that the agent's page was attached to is dead. */
  | { readonly kind: 'nodeLost'; readonly node: NodeId }
  /** The agent leaves. */
  | { readonly kind: 'signOut'; readonly offline: AgentStatus }
  /** The agent's page went away at this moment or before, and nobody has seen it since. */
  | { readonly kind: 'stayedAway'; readonly sinceMs: number; readonly offline: AgentStatus }
  | { readonly kind: 'setStatus'; readonly status: AgentStatus }
  | {
      readonly kind: 'offer';
      readonly contact: Pick<
        HeldContact,
        'contactId' | 'channel' | 'initiationMethod' | 'initialContactId' | 'place' | 'enqueuedAtMs'
      >;
      /** How many contacts of the channel the agent may have. */
      readonly slots: number;
      readonly deadlineAtMs: number;
    }
  | { readonly kind: 'accept'; readonly contactId: ContactId }
  | { readonly kind: 'reject'; readonly contactId: ContactId }
  /** Time passes: offers and after-contact work whose deadline has come end. */
  | { readonly kind: 'time' }
  /** The agent hears the customer. */
  | { readonly kind: 'connected'; readonly contactId: ContactId }
  | { readonly kind: 'hold' | 'retrieve'; readonly contactId: ContactId }
  /** The agent's own leg could not be made; the contact waits again. */
  | { readonly kind: 'failed'; readonly contactId: ContactId }
  /** The agent begins a contact of his own (number pad, consultation). */
  | {
      readonly kind: 'begin';
      readonly contact: Pick<HeldContact, 'contactId' | 'channel' | 'initiationMethod' | 'initialContactId'>;
    }
  /** The agent's part in the contact is over: somebody hung up, or the contact went on without the agent. */
  | {
      readonly kind: 'contactEnded';
      readonly contactId: ContactId;
      /** How long after-contact work may take, ms; absent without limit, 0 where there is none. */
      readonly afterContactWorkMs?: number | undefined;
    }
  /** The agent is done with what stands: after-contact work, or a missed, rejected or failed contact. */
  | { readonly kind: 'clear'; readonly contactId: ContactId }
  /** Nothing but a sign of life for the events. */
  | { readonly kind: 'heartbeat' };

/** What has to happen with a contact because of a step. */
export type AgentEffect =
  | { readonly kind: 'offered'; readonly contactId: ContactId }
  | { readonly kind: 'accepted'; readonly contactId: ContactId }
  /** The contact keeps its place and waits on. */
  | {
      readonly kind: 'returned';
      readonly contactId: ContactId;
      readonly why: 'missed' | 'rejected' | 'failed' | 'agentLeft';
    }
  /** The agent talks with nobody any more but has work to do. */
  | { readonly kind: 'talkEnded'; readonly contactId: ContactId }
  /** The agent has nothing more to do with it. */
  | {
      readonly kind: 'done';
      readonly contactId: ContactId;
      readonly afterContactWork?: { readonly startedAtMs: number; readonly endedAtMs: number };
    };

export type AgentRefusal =
  /** The agent holds no such contact, or not in a state in which that can be done. */
  | 'not in hand'
  /** The agent may not be offered anything now. */
  | 'not free'
  /** The agent has a contact of this channel already. */
  | 'busy';

export type AgentStep =
  | { readonly kind: 'done'; readonly state: AgentState; readonly effects: readonly AgentEffect[] }
  | { readonly kind: 'refused'; readonly why: AgentRefusal };

/** An agent of whom nothing is known yet. */
export function newAgentState(agentId: AgentId, offline: AgentStatus, nowMs: number): AgentState {
  return {
    agentId,
    status: offline,
    statusSinceMs: nowMs,
    presence: 'signedOut',
    contacts: [],
    idleSinceMs: nowMs,
    inboundIdleSinceMs: nowMs,
  };
}

/** Whether another contact of `channel` may be offered; who missed one gets no other until he returns. */
export function isFree(state: AgentState, channel: Channel, slots: number): boolean {
  return (
    state.attachment !== undefined &&
    state.status.type === 'ROUTABLE' &&
    state.nextStatus === undefined &&
    !state.contacts.some(awaitsReturn) &&
    slotsInUse(state, channel) < slots
  );
}

/** Contacts of a channel that take up the agent; those that only wait to be cleared do not. */
export function slotsInUse(state: Pick<AgentState, 'contacts'>, channel: Channel): number {
  return state.contacts.filter((contact) => contact.channel === channel && !awaitsReturn(contact)).length;
}

function awaitsReturn({ state }: HeldContact): boolean {
  return state === 'missed' || state === 'rejected' || state === 'failed';
}

/** Whether the agent is rung for it, or speaks with its customer. */
export function isConversation(held: HeldContact): boolean {
  return held.state !== 'afterContactWork' && !awaitsReturn(held);
}

/** The earliest deadline among what is in hand, ms. */
export function nextDeadlineOf(state: AgentState): number | undefined {
  const deadlines = state.contacts.flatMap(({ deadlineAtMs }) => deadlineAtMs ?? []);
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

const unchanged = (state: AgentState): AgentStep => ({ kind: 'done', state, effects: [] });
const refused = (why: AgentRefusal): AgentStep => ({ kind: 'refused', why });

/** One step. A step that changes nothing returns the very same state. */
export function stepAgent(state: AgentState, input: AgentInput, nowMs: number): AgentStep {
  switch (input.kind) {
    case 'attach':
      return attach(state, input, nowMs);
    case 'detach':
      if (state.attachment?.session !== input.session) return unchanged(state);
      return leave({ ...state, attachment: undefined, lostAtMs: nowMs });
    case 'nodeLost':
      if (state.attachment?.node !== input.node) return unchanged(state);
      return leave({ ...state, attachment: undefined, lostAtMs: nowMs });
    case 'signOut':
      return signOut(state, input.offline, nowMs);
    case 'stayedAway':
      if (state.lostAtMs === undefined || state.lostAtMs > input.sinceMs) return unchanged(state);
      return signOut(state, input.offline, nowMs);
    case 'setStatus':
      return setStatus(state, input.status, nowMs);
    case 'offer':
      return offer(state, input, nowMs);
    case 'begin':
      return begin(state, input.contact, nowMs);
    case 'time':
      return passTime(state, nowMs);
    case 'heartbeat':
      return unchanged(state);
    default:
      return stepContact(state, input, nowMs);
  }
}

type ContactInput = Extract<AgentInput, { readonly contactId: ContactId }>;

function stepContact(state: AgentState, input: ContactInput, nowMs: number): AgentStep {
  const held = state.contacts.find(({ contactId }) => contactId === input.contactId);
  if (!held) return refused('not in hand');
  switch (`${held.state} ${input.kind}` as const) {
    case 'offered accept':
      return withHeld(
        state,
        { ...held, state: 'connecting', stateSinceMs: nowMs, acceptedAtMs: nowMs, deadlineAtMs: undefined },
        [{ kind: 'accepted', contactId: held.contactId }],
      );
    case 'offered reject':
      return giveBack(state, held, 'rejected', nowMs);
    case 'connecting failed':
      // What the agent began himself has no queue to go back to.
      return held.place ? giveBack(state, held, 'failed', nowMs) : endTalk(state, held, 0, nowMs);
    case 'connecting connected':
      return withHeld(state, { ...held, state: 'connected', stateSinceMs: nowMs, connectedAtMs: nowMs });
    case 'connected hold':
      return withHeld(state, { ...held, state: 'onHold', stateSinceMs: nowMs });
    case 'onHold retrieve':
      return withHeld(state, { ...held, state: 'connected', stateSinceMs: nowMs });
    case 'offered contactEnded':
      // The customer went while it rang; that is not the agent's failing.
      return drop(state, held, nowMs);
    case 'connecting contactEnded':
    case 'connected contactEnded':
    case 'onHold contactEnded':
      return endTalk(
        state,
        held,
        input.kind === 'contactEnded' ? input.afterContactWorkMs : undefined,
        nowMs,
      );
    case 'missed contactEnded':
    case 'rejected contactEnded':
    case 'failed contactEnded':
      // It stands until the agent returns, whatever became of the contact.
      return unchanged(state);
    case 'afterContactWork contactEnded':
      return unchanged(state);
    case 'missed clear':
    case 'rejected clear':
    case 'failed clear':
    case 'afterContactWork clear':
      return drop(state, held, nowMs);
    default:
      return refused('not in hand');
  }
}

function attach(
  state: AgentState,
  input: Extract<AgentInput, { readonly kind: 'attach' }>,
  nowMs: number,
): AgentStep {
  const isFirst = state.presence === 'signedOut';
  return {
    kind: 'done',
    state: {
      ...state,
      attachment: { node: input.node, session: input.session, sinceMs: nowMs },
      lostAtMs: undefined,
      presence: 'signedIn',
      ...(isFirst ? { idleSinceMs: nowMs, inboundIdleSinceMs: nowMs } : {}),
    },
    effects: [],
  };
}

/** What rings nobody hears goes back to its queue; what was accepted waits for the page to come back. */
function leave(state: AgentState): AgentStep {
  const ringing = state.contacts.filter((held) => held.state === 'offered');
  return {
    kind: 'done',
    state: { ...state, contacts: state.contacts.filter((held) => held.state !== 'offered') },
    effects: ringing.map(({ contactId }) => ({ kind: 'returned', contactId, why: 'agentLeft' })),
  };
}

function signOut(state: AgentState, offline: AgentStatus, nowMs: number): AgentStep {
  const left = leave({ ...state, attachment: undefined, lostAtMs: undefined, presence: 'signedOut' });
  if (left.kind === 'refused') return left;
  const next = setStatus(left.state, offline, nowMs);
  return next.kind === 'refused' ? next : { ...next, effects: [...left.effects, ...next.effects] };
}

/** Choosing a status is also how an agent returns who missed something. */
function setStatus(state: AgentState, status: AgentStatus, nowMs: number): AgentStep {
  const contacts = state.contacts.filter((held) => !awaitsReturn(held));
  const returned: AgentState = contacts.length === state.contacts.length ? state : { ...state, contacts };
  if (contacts.length > 0) {
    // The status that holds already, chosen again, takes the choice of a next one back.
    const nextStatus = status.id === state.status.id ? undefined : { ...status, chosenAtMs: nowMs };
    return { kind: 'done', state: { ...returned, nextStatus }, effects: [] };
  }
  const back: AgentState =
    returned === state ? state : { ...returned, idleSinceMs: nowMs, inboundIdleSinceMs: nowMs };
  return { kind: 'done', state: entering(back, status, nowMs), effects: [] };
}

function entering(state: AgentState, status: AgentStatus, nowMs: number): AgentState {
  const same = state.status.id === status.id;
  if (same && state.nextStatus === undefined && state.status.name === status.name) return state;
  return {
    ...state,
    status: { id: status.id, name: status.name, type: status.type },
    statusSinceMs: same ? state.statusSinceMs : nowMs,
    nextStatus: undefined,
    idleSinceMs: same ? state.idleSinceMs : nowMs,
    inboundIdleSinceMs: same ? state.inboundIdleSinceMs : nowMs,
  };
}

function offer(
  state: AgentState,
  { contact, slots, deadlineAtMs }: Extract<AgentInput, { readonly kind: 'offer' }>,
  nowMs: number,
): AgentStep {
  if (!isFree(state, contact.channel, slots)) return refused('not free');
  if (state.contacts.some(({ contactId }) => contactId === contact.contactId)) return refused('busy');
  const held: HeldContact = {
    ...contact,
    state: 'offered',
    stateSinceMs: nowMs,
    offeredAtMs: nowMs,
    deadlineAtMs,
  };
  return {
    kind: 'done',
    state: { ...state, contacts: [...state.contacts, held] },
    effects: [{ kind: 'offered', contactId: contact.contactId }],
  };
}

/** Agents dial in a custom status and even offline, but not while a contact of the channel is rung or spoken with. */
function begin(
  state: AgentState,
  contact: Extract<AgentInput, { readonly kind: 'begin' }>['contact'],
  nowMs: number,
): AgentStep {
  if (state.contacts.some((held) => held.channel === contact.channel && !awaitsReturn(held)))
    return refused('busy');
  const held: HeldContact = {
    ...contact,
    state: 'connecting',
    stateSinceMs: nowMs,
    offeredAtMs: nowMs,
    acceptedAtMs: nowMs,
  };
  return { kind: 'done', state: { ...state, contacts: [...state.contacts, held] }, effects: [] };
}

function passTime(state: AgentState, nowMs: number): AgentStep {
  const effects: AgentEffect[] = [];
  let next = state;
  for (const held of state.contacts) {
    if (held.deadlineAtMs === undefined || held.deadlineAtMs > nowMs) continue;
    const step = held.state === 'offered' ? giveBack(next, held, 'missed', nowMs) : drop(next, held, nowMs);
    if (step.kind === 'refused') continue;
    next = step.state;
    effects.push(...step.effects);
  }
  return { kind: 'done', state: next, effects };
}

function giveBack(
  state: AgentState,
  held: HeldContact,
  why: 'missed' | 'rejected' | 'failed',
  nowMs: number,
): AgentStep {
  return withHeld(state, { ...held, state: why, stateSinceMs: nowMs, deadlineAtMs: undefined }, [
    { kind: 'returned', contactId: held.contactId, why },
  ]);
}

function endTalk(
  state: AgentState,
  held: HeldContact,
  afterContactWorkMs: number | undefined,
  nowMs: number,
): AgentStep {
  if (afterContactWorkMs === 0) return drop(state, held, nowMs);
  const deadlineAtMs = afterContactWorkMs === undefined ? undefined : nowMs + afterContactWorkMs;
  return withHeld(state, { ...held, state: 'afterContactWork', stateSinceMs: nowMs, deadlineAtMs }, [
    { kind: 'talkEnded', contactId: held.contactId },
  ]);
}

/** The contact leaves the agent's hand; after the last one the status chosen meanwhile takes effect. */
function drop(state: AgentState, held: HeldContact, nowMs: number): AgentStep {
  const contacts = state.contacts.filter(({ contactId }) => contactId !== held.contactId);
  // Who was only rung, in vain, stays as idle as before.
  const worked = held.acceptedAtMs !== undefined || awaitsReturn(held);
  const rested: AgentState = {
    ...state,
    contacts,
    idleSinceMs: worked ? nowMs : state.idleSinceMs,
    inboundIdleSinceMs: worked && held.place ? nowMs : state.inboundIdleSinceMs,
  };
  const { nextStatus } = state;
  const next = nextStatus && contacts.length === 0 ? entering(rested, nextStatus, nowMs) : rested;
  // What was missed or refused belongs to its queue again, or to somebody else.
  if (awaitsReturn(held)) return { kind: 'done', state: next, effects: [] };
  const afterContactWork =
    held.state === 'afterContactWork'
      ? { afterContactWork: { startedAtMs: held.stateSinceMs, endedAtMs: nowMs } }
      : {};
  return {
    kind: 'done',
    state: next,
    effects: [{ kind: 'done', contactId: held.contactId, ...afterContactWork }],
  };
}

function withHeld(state: AgentState, held: HeldContact, effects: readonly AgentEffect[] = []): AgentStep {
  const contacts = state.contacts.map((other) => (other.contactId === held.contactId ? held : other));
  return { kind: 'done', state: { ...state, contacts }, effects };
}
