/** Everything that an agent's page shows, put together from routing, the instance's set-up and the contact's card. Pure. */
import type {
  DeskContact,
  DeskContactState,
  DeskPermission,
  DeskQuickConnect,
  DeskState,
} from '@ringback/connect-api';
import type { ContactId } from '../ids.ts';
import type { AgentState, HeldContact } from '../routing/agent-state.ts';
import type { AgentSetUp, RoutingSetUp } from '../routing/routing-directory.ts';
import type { CardView, ContactCard } from './contact-card.ts';
import type { SoftphoneState } from './softphone.ts';

export interface DeskStateParts {
  readonly version: number;
  readonly nowMs: number;
  readonly setUp: RoutingSetUp;
  readonly agent: AgentSetUp;
  readonly state: AgentState;
  /** Permissions of the agent's security profiles, in the API's spelling. */
  readonly permissions: ReadonlySet<string>;
  readonly quickConnects: readonly DeskQuickConnect[];
  readonly softphone: SoftphoneState;
  readonly mutedIn: ContactId | undefined;
  readonly isEchoing: boolean;
  readonly cardOf: (contactId: ContactId) => ContactCard | undefined;
}

export function deskStateOf(parts: DeskStateParts): DeskState {
  const { setUp, agent, state } = parts;
  const { identity, username, id } = agent.agent;
  const outbound = setUp.queues.get(agent.profile.defaultOutboundQueueId);
  const held = contactInFront(state);
  return {
    version: parts.version,
    now: parts.nowMs,
    agent: {
      id,
      username,
      firstName: identity.firstName,
      lastName: identity.lastName,
      routingProfile: { id: agent.profile.id, name: agent.profile.name },
      permissions: permissionsOf(parts.permissions),
      ...(outbound ? { defaultOutboundQueue: { id: outbound.id, name: outbound.name } } : {}),
    },
    status: { ...statusOf(state.status), since: state.statusSinceMs },
    ...(state.nextStatus ? { nextStatus: statusOf(state.nextStatus) } : {}),
    statuses: [...setUp.statuses.values()]
      .filter((status) => status.state === 'ENABLED')
      .toSorted((a, b) => (a.displayOrder ?? 100) - (b.displayOrder ?? 100) || (a.name < b.name ? -1 : 1))
      .map(statusOf),
    quickConnects: parts.quickConnects,
    softphone: parts.softphone,
    isEchoing: parts.isEchoing,
    ...(held ? { contact: contactOf(held, parts) } : {}),
  };
}

function statusOf({ id, name, type }: AgentState['status']) {
  return { id, name, type };
}

/** What needs the agent most: a conversation before an offer before what is over. */
function contactInFront(state: AgentState): HeldContact | undefined {
  return state.contacts.toSorted((a, b) => rank[a.state] - rank[b.state])[0];
}

const rank: Readonly<Record<HeldContact['state'], number>> = {
  connected: 0,
  onHold: 0,
  connecting: 0,
  offered: 1,
  afterContactWork: 2,
  missed: 3,
  rejected: 3,
  failed: 3,
};

function contactOf(held: HeldContact, parts: DeskStateParts): DeskContact {
  const card = parts.cardOf(held.contactId)?.view();
  const { place } = held;
  const queue = card?.queue ?? (place?.kind === 'queue' ? queueOf(place.queueId, parts.setUp) : undefined);
  const { phase, failure, preview, ...shown } = card ? cardFor(held, card) : emptyCard(held);
  const state = stateOf(held, phase, failure !== undefined);
  return {
    ...shown,
    contactId: held.contactId,
    state,
    stateSince: held.stateSinceMs,
    ...(queue ? { queue } : {}),
    ...(held.enqueuedAtMs === undefined ? {} : { enqueuedAt: held.enqueuedAtMs }),
    reason: whyHere(held, queue?.name, parts),
    ...(held.state === 'offered' && held.deadlineAtMs !== undefined
      ? { acceptUntil: held.deadlineAtMs }
      : {}),
    ...(preview && (state === 'PREVIEW' || state === 'CONNECTING') ? { preview } : {}),
    isMuted: parts.mutedIn === held.contactId,
    ...(held.state === 'afterContactWork' && held.deadlineAtMs !== undefined
      ? { workUntil: held.deadlineAtMs }
      : {}),
    ...(failure ? { failure } : {}),
  };
}

/**
 * Who let an offer pass sees what was offered, and nothing of the conversation that somebody else has with it. Who has left one sees nobody
 * on the line, though others may talk on.
 */
function cardFor(held: HeldContact, card: CardView): CardView {
  if (held.state === 'afterContactWork') return { ...card, parties: [] };
  if (held.state !== 'missed' && held.state !== 'rejected') return card;
  const { recording: _recording, failure: _failure, ...offered } = card;
  return { ...offered, parties: [] };
}

/** A contact that went on to somebody else after it was missed. */
function emptyCard(held: HeldContact): CardView {
  return {
    initialContactId: held.contactId,
    initiationMethod: held.initiationMethod,
    references: [],
    attributes: {},
    parties: [],
    phase: 'JOINING',
  };
}

function stateOf(
  held: HeldContact,
  phase: 'PREVIEW' | 'DIALLING' | 'JOINING',
  hasFailed: boolean,
): DeskContactState {
  switch (held.state) {
    case 'offered':
      return 'CONNECTING';
    case 'connecting':
      return phase;
    case 'connected':
      return 'CONNECTED';
    case 'onHold':
      return 'CONNECTED_ONHOLD';
    case 'missed':
      return 'MISSED';
    case 'rejected':
      return 'REJECTED';
    case 'failed':
      return 'ERROR';
    case 'afterContactWork':
      return hasFailed ? 'ERROR' : 'ENDED';
  }
}

function queueOf(queueId: Parameters<RoutingSetUp['queues']['get']>[0], setUp: RoutingSetUp) {
  const queue = setUp.queues.get(queueId);
  return queue && { id: queue.id, name: queue.name };
}

function whyHere(held: HeldContact, queueName: string | undefined, { agent }: DeskStateParts): string {
  const { place } = held;
  if (held.initiationMethod === 'MONITOR') return 'You listen to this conversation.';
  if (!place) return 'You called this number.';
  if (place.kind === 'agent') return 'It was sent to you in person.';
  const served = agent.profile.queues.find((queue) => queue.queueId === place.queueId);
  const priority = served ? `, priority ${served.priority} in ${agent.profile.name}` : '';
  return `You serve the queue ${queueName ?? 'it waits in'}${priority}.`;
}

/** Permissions of security profiles → what the page offers. */
export function permissionsOf(permissions: ReadonlySet<string>): DeskPermission[] {
  return Object.entries(grants)
    .filter(([, any]) => any.some((name) => permissions.has(name)))
    .map(([permission]) => permission as DeskPermission);
}

/** Names of the API reference's list of security profile permissions. */
const grants: Readonly<Record<DeskPermission, readonly string[]>> = {
  OutboundCall: ['OutboundCallAccess'],
  TransferToExternal: ['OutboundCallAccess'],
  RecordingControl: ['ContactRecordingControl', 'BasicAgentAccess'],
  Monitor: ['ManagerListenIn'],
  Barge: ['ManagerBargeIn'],
};
