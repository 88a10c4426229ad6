/** Agent → agent event with its snapshots (Administrator Guide, agent event streams data model). Pure; written to the outbox with the state. */
import { instanceArn, instanceResourceArn } from '../arn.ts';
import type { AgentState, AgentStatus, HeldContact } from './agent-state.ts';
import { slotsInUse } from './agent-state.ts';
import type { QueuePlace } from './match.ts';
import { type AgentSetUp, type RoutingSetUp, slotsOf } from './routing-directory.ts';

export type AgentEventType = 'LOGIN' | 'LOGOUT' | 'STATE_CHANGE' | 'HEART_BEAT';

/** Version of the data model that the snapshots follow. */
const modelVersion = '2019-05-25';

export interface AgentEventInput {
  readonly type: AgentEventType;
  readonly eventId: string;
  readonly atMs: number;
  readonly setUp: RoutingSetUp;
  readonly agent: AgentSetUp;
  readonly before: AgentState | undefined;
  readonly after: AgentState;
}

/** The event as JSON text. */
export function agentEvent(input: AgentEventInput): string {
  const { setUp, agent, before, after } = input;
  const { tenant, id } = setUp.instance;
  const envelope = JSON.stringify({
    AWSAccountId: tenant.accountId,
    AgentARN: instanceResourceArn(tenant, id, 'agent', agent.agent.id),
    EventId: input.eventId,
    EventTimestamp: iso(input.atMs),
    EventType: input.type,
    InstanceARN: instanceArn(tenant, id),
    Version: modelVersion,
  });
  const previous = before ? agentSnapshot(before, agent, setUp) : 'null';
  const current = agentSnapshot(after, agent, setUp);
  return `${envelope.slice(0, -1)},"CurrentAgentSnapshot":${current},"PreviousAgentSnapshot":${previous}}`;
}

/** A state's snapshot, kept because the next event of the agent has it again as the previous one. */
const lastWritten = new WeakMap<AgentState, { readonly agent: AgentSetUp; readonly text: string }>();

/** The agent at a moment, as JSON text. Also what the log of the agent's page shows. */
export function agentSnapshot(state: AgentState, agent: AgentSetUp, setUp: RoutingSetUp): string {
  const known = lastWritten.get(state);
  if (known?.agent === agent) return known.text;
  const text = writeSnapshot(state, agent, setUp);
  lastWritten.set(state, { agent, text });
  return text;
}

function writeSnapshot(state: AgentState, agent: AgentSetUp, setUp: RoutingSetUp): string {
  const { tenant, id } = setUp.instance;
  const statusArn = (status: AgentStatus): string =>
    instanceResourceArn(tenant, id, 'agent-state', status.id);
  const changing = JSON.stringify({
    AgentStatus: {
      ARN: statusArn(state.status),
      Name: state.status.name,
      StartTimestamp: iso(state.statusSinceMs),
      Type: state.status.type,
    },
    Contacts: state.contacts.map((held) => heldContact(held, setUp)),
    NextAgentStatus: state.nextStatus
      ? {
          ARN: statusArn(state.nextStatus),
          Name: state.nextStatus.name,
          EnqueuedTimestamp: iso(state.nextStatus.chosenAtMs),
        }
      : null,
  });
  return `${changing.slice(0, -1)},"Configuration":${configuration(state, agent, setUp)}}`;
}

/** What is set up, written once for each number of voice contacts in hand: it is most of an event and seldom changes. */
const written = new WeakMap<AgentSetUp, Map<number, string>>();

function configuration(state: AgentState, agent: AgentSetUp, setUp: RoutingSetUp): string {
  const inUse = slotsInUse(state, 'VOICE');
  const known = written.get(agent);
  const text = known?.get(inUse);
  if (text !== undefined) return text;
  const made = JSON.stringify({
    AgentHierarchyGroups: hierarchyGroups(agent, setUp),
    FirstName: agent.agent.identity.firstName,
    LastName: agent.agent.identity.lastName,
    Proficiencies: agent.proficiencies.map(({ attribute, value, level }) => ({
      Name: attribute,
      Value: value,
      ProficiencyLevel: level,
    })),
    RoutingProfile: routingProfile(state, agent, setUp),
    Username: agent.agent.username,
  });
  if (known) known.set(inUse, made);
  else written.set(agent, new Map([[inUse, made]]));
  return made;
}

/** `Level1` to `Level5`, the levels that the agent stands below; null outside of the hierarchy. */
function hierarchyGroups({ hierarchy }: AgentSetUp, setUp: RoutingSetUp): object | null {
  if (hierarchy.length === 0) return null;
  const { tenant, id } = setUp.instance;
  return Object.fromEntries(
    hierarchy.map((group) => [
      `Level${group.level}`,
      { ARN: instanceResourceArn(tenant, id, 'agent-group', group.id), Name: group.name },
    ]),
  );
}

function routingProfile(state: AgentState, { agent, profile }: AgentSetUp, setUp: RoutingSetUp): object {
  const { tenant, id } = setUp.instance;
  const channelsOf = Map.groupBy(profile.queues, ({ queueId }) => queueId);
  return {
    ARN: instanceResourceArn(tenant, id, 'routing-profile', profile.id),
    Name: profile.name,
    Concurrency: profile.mediaConcurrencies.map(({ Channel: channel }) => {
      const maximum = slotsOf(profile, channel);
      return {
        Channel: channel,
        AvailableSlots: Math.max(0, maximum - slotsInUse(state, channel)),
        MaximumSlots: maximum,
      };
    }),
    DefaultOutboundQueue: queueOf(
      { kind: 'queue', queueId: profile.defaultOutboundQueueId },
      setUp,
      channelsOf.get(profile.defaultOutboundQueueId)?.map(({ channel }) => channel) ?? ['VOICE'],
    ),
    InboundQueues: [
      ...[...channelsOf].map(([queueId, served]) =>
        queueOf(
          { kind: 'queue', queueId },
          setUp,
          served.map(({ channel }) => channel),
        ),
      ),
      queueOf(
        { kind: 'agent', agentId: agent.id },
        setUp,
        profile.mediaConcurrencies.map(({ Channel: channel }) => channel),
      ),
    ],
  };
}

/** The ARN of a place: a queue's, or that of an agent's own queue. */
export function placeArn(place: QueuePlace, { instance: { tenant, id } }: RoutingSetUp): string {
  return place.kind === 'queue'
    ? instanceResourceArn(tenant, id, 'queue', place.queueId)
    : instanceResourceArn(tenant, id, 'queue', `agent/${place.agentId}`);
}

function queueOf(place: QueuePlace, setUp: RoutingSetUp, channels?: readonly string[]): object {
  return {
    ARN: placeArn(place, setUp),
    // Queues of agents have no name.
    Name: place.kind === 'queue' ? (setUp.queues.get(place.queueId)?.name ?? null) : null,
    ...(channels ? { Channels: channels } : {}),
  };
}

function heldContact(held: HeldContact, setUp: RoutingSetUp): object {
  return {
    Channel: held.channel === 'TASK' ? 'TASKS' : held.channel,
    ConnectedToAgentTimestamp: held.connectedAtMs === undefined ? null : iso(held.connectedAtMs),
    ContactId: held.contactId,
    InitialContactId: held.initialContactId ?? null,
    InitiationMethod: held.initiationMethod,
    Queue: held.place ? queueOf(held.place, setUp) : null,
    QueueTimestamp: held.enqueuedAtMs === undefined ? null : iso(held.enqueuedAtMs),
    State: contactStateOf(held),
    StateStartTimestamp: iso(held.stateSinceMs),
  };
}

export type WireContactState =
  | 'INCOMING'
  | 'CONNECTING'
  | 'CONNECTED'
  | 'CONNECTED_ONHOLD'
  | 'MISSED'
  | 'REJECTED'
  | 'ERROR'
  | 'ENDED';

/** The API's word for what a contact is to its agent. Voice knows no REJECTED: a refused call counts as missed. */
export function contactStateOf({
  state,
  channel,
  initiationMethod,
}: Pick<HeldContact, 'state' | 'channel' | 'initiationMethod'>): WireContactState {
  switch (state) {
    case 'offered':
      // Of callbacks alone Connect says that they come in (Administrator Guide, contact states).
      return initiationMethod === 'CALLBACK' ? 'INCOMING' : 'CONNECTING';
    case 'connecting':
      return 'CONNECTING';
    case 'connected':
      return 'CONNECTED';
    case 'onHold':
      return 'CONNECTED_ONHOLD';
    case 'missed':
      return 'MISSED';
    case 'rejected':
      return channel === 'VOICE' ? 'MISSED' : 'REJECTED';
    case 'failed':
      return 'ERROR';
    case 'afterContactWork':
      return 'ENDED';
  }
}

/** Whether two states differ in anything that a snapshot shows. */
export function showsDifference(a: AgentState, b: AgentState): boolean {
  return (
    a.status !== b.status ||
    a.nextStatus !== b.nextStatus ||
    (a.contacts !== b.contacts && !(a.contacts.length === 0 && b.contacts.length === 0))
  );
}

/** Moments as spelled; a batch has few of them and names each many times. */
const spelled = new Map<number, string>();
const mostSpelled = 512;

function iso(atMs: number): string {
  const known = spelled.get(atMs);
  if (known !== undefined) return known;
  if (spelled.size >= mostSpelled) spelled.clear();
  const text = new Date(atMs).toISOString();
  spelled.set(atMs, text);
  return text;
}
