/** PutUserStatus and GetCurrentUserData: what agents do at the moment, and the status that somebody else chooses for them. */
import { epochMs, invalidParameterException, type OperationOutput } from '@ringback/connect-api';
import { instanceResourceArn } from '../../arn.ts';
import { contactStateOf, placeArn } from '../../routing/agent-events.ts';
import type { HeldContact } from '../../routing/agent-state.ts';
import { slotsInUse } from '../../routing/agent-state.ts';
import { placeId } from '../../routing/queue-entry.ts';
import {
  isOnline,
  type RealTimeSnapshot,
  type SelectedAgent,
  selectedAgents,
} from '../../routing/real-time-metrics.ts';
import { slotsOf } from '../../routing/routing-directory.ts';
import { arnOf, kinds, notFound, requireResource, requireUser } from '../instance-resource.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';

/** With a contact in hand the status becomes the next one. */
export const putUserStatus: OperationCode<'PutUserStatus'> = async (input, caller, deps) => {
  const { instance, item: agent } = await requireUser(input, caller, deps);
  const { id, name, type, state } = await requireResource(
    kinds.agentStatus,
    input.AgentStatusId,
    instance,
    deps,
  );
  if (state === 'DISABLED') throw invalidParameterException('The agent status is disabled.');
  const outcome = await deps.routing.setStatus(
    { instanceId: instance.id, agentId: agent.id },
    { id, name, type },
  );
  if (outcome.kind === 'refused') throw notFound(kinds.agent);
  return {};
};

/** Users who are signed in: those of one filter, and of these those with contacts in certain states. */
export const getCurrentUserData: OperationCode<'GetCurrentUserData'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { Queues, RoutingProfiles, Agents, UserHierarchyGroups, ContactFilter } = input.Filters;
  if (!Queues && !RoutingProfiles && !Agents && !UserHierarchyGroups && !ContactFilter) {
    throw invalidParameterException('Filters must have at least one filter.');
  }
  if ([Queues, RoutingProfiles, Agents, UserHierarchyGroups].filter(Boolean).length > 1) {
    throw invalidParameterException(
      'Filters may have one of Queues, RoutingProfiles, Agents and UserHierarchyGroups.',
    );
  }
  const found = <Item extends { readonly id: string }>(
    kind: Parameters<typeof requireResource<Item>>[0],
    references: readonly string[] | undefined,
  ): Promise<ReadonlySet<Item['id']> | undefined> =>
    references
      ? Promise.all(references.map((one) => requireResource(kind, one, instance, deps))).then(
          (items) => new Set(items.map(({ id }) => id)),
        )
      : Promise.resolve(undefined);
  const [queueIds, routingProfileIds, agentIds, groupIds, snapshot] = await Promise.all([
    found(kinds.queue, Queues),
    found(kinds.routingProfile, RoutingProfiles),
    found(kinds.agent, Agents),
    found(kinds.hierarchyGroup, UserHierarchyGroups),
    deps.routing.realTime(instance.id),
  ]);
  if (!snapshot) return { UserDataList: [], ApproximateTotalCount: 0 };
  const states = ContactFilter?.ContactStates;
  const selected = selectedAgents(snapshot, { queueIds, routingProfileIds }).filter(
    ({ state, setUp: { agent } }) =>
      isOnline(state) &&
      (!agentIds || agentIds.has(agent.id)) &&
      (!groupIds || (agent.hierarchyGroupId !== undefined && groupIds.has(agent.hierarchyGroupId))) &&
      (!states || state.contacts.some((held) => states.includes(contactStateOf(held)))),
  );
  const page = pageOf(
    selected.map((one) => ({ id: one.state.agentId as string, one })),
    input,
  );
  return {
    UserDataList: page.items.map(({ one }) => userData(one, snapshot)),
    NextToken: page.nextToken,
    ApproximateTotalCount: selected.length,
  };
};

const levelNames = ['LevelOne', 'LevelTwo', 'LevelThree', 'LevelFour', 'LevelFive'] as const;

type UserData = NonNullable<OperationOutput<'GetCurrentUserData'>['UserDataList']>[number];

function userData(
  { state, setUp: { agent, profile, hierarchy } }: SelectedAgent,
  snapshot: RealTimeSnapshot,
): UserData {
  const { instance } = snapshot.setUp;
  const slots = slotsOf(profile, 'VOICE');
  const inUse = slotsInUse(state, 'VOICE');
  return {
    User: { Id: agent.id, Arn: arnOf(kinds.agent, instance, agent.id) },
    RoutingProfile: { Id: profile.id, Arn: arnOf(kinds.routingProfile, instance, profile.id) },
    HierarchyPath:
      hierarchy.length > 0
        ? Object.fromEntries(
            hierarchy.map(({ level, id }) => [
              levelNames[level - 1],
              { Id: id, Arn: arnOf(kinds.hierarchyGroup, instance, id) },
            ]),
          )
        : undefined,
    Status: {
      StatusStartTimestamp: epochMs(state.statusSinceMs),
      StatusArn: instanceResourceArn(instance.tenant, instance.id, 'agent-state', state.status.id),
      StatusName: state.status.name,
    },
    AvailableSlotsByChannel: { VOICE: Math.max(0, slots - inUse) },
    MaxSlotsByChannel: { VOICE: slots },
    ActiveSlotsByChannel: { VOICE: inUse },
    Contacts: state.contacts.map((held) => contactReference(held, snapshot)),
    NextStatus: state.nextStatus?.name,
  };
}

const initiationMethods = [
  'INBOUND',
  'OUTBOUND',
  'TRANSFER',
  'QUEUE_TRANSFER',
  'CALLBACK',
  'API',
  'DISCONNECT',
  'MONITOR',
  'EXTERNAL_OUTBOUND',
  'WEBRTC_API',
  'AGENT_REPLY',
  'FLOW',
] as const;

function contactReference(held: HeldContact, { setUp }: RealTimeSnapshot) {
  return {
    ContactId: held.contactId,
    Channel: held.channel,
    InitiationMethod: initiationMethods.find((method) => method === held.initiationMethod),
    AgentContactState: contactStateOf(held),
    StateStartTimestamp: epochMs(held.stateSinceMs),
    ConnectedToAgentTimestamp: held.connectedAtMs === undefined ? undefined : epochMs(held.connectedAtMs),
    Queue: held.place ? { Id: placeId(held.place), Arn: placeArn(held.place, setUp) } : undefined,
  };
}
