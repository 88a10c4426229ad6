/** Routing profiles and their queues: created, read, changed, deleted, listed, searched. Who gets which contact is routing's. */
import {
  invalidParameterException,
  invalidRequestException,
  type OperationInput,
  resourceNotFoundException,
} from '@ringback/connect-api';
import type { Caller } from '../../identity/caller.ts';
import { newId, type RoutingProfileId } from '../../ids.ts';
import type { Instance } from '../../store/resource-store.ts';
import type {
  AddedQueues,
  MediaConcurrency,
  QueueReference,
  RoutingProfile,
  RoutingProfileChange,
  RoutingProfileQueue,
} from '../../store/routing-profile-store.ts';
import {
  arnOf,
  changing,
  kinds,
  lastModified,
  requireResource,
  requireRoutingProfile,
  withoutGaps,
} from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';
import { criteriaPredicate, tagFilterPredicate } from '../search-criteria.ts';

type WireQueue = NonNullable<OperationInput<'CreateRoutingProfile'>['QueueConfigs']>[number];
type WireManualQueue = NonNullable<
  OperationInput<'CreateRoutingProfile'>['ManualAssignmentQueueConfigs']
>[number];
type WireReference = WireQueue['QueueReference'];

/** Contacts at once on a channel (API reference, MediaConcurrency). */
const mostAtOnce = { VOICE: 1, CHAT: 10, TASK: 10, EMAIL: 10 } as const;

export const createRoutingProfile: OperationCode<'CreateRoutingProfile'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const member = 'DefaultOutboundQueueId';
  const outbound = await requireResource(kinds.queue, input.DefaultOutboundQueueId, instance, deps, member);
  const profile: RoutingProfile = {
    id: newId<RoutingProfileId>(),
    instanceId: instance.id,
    name: input.Name,
    description: input.Description,
    defaultOutboundQueueId: outbound.id,
    mediaConcurrencies: checkedConcurrencies(input.MediaConcurrencies),
    ...(await addedQueues(input.QueueConfigs, input.ManualAssignmentQueueConfigs, instance, deps)),
    agentAvailabilityTimer: input.AgentAvailabilityTimer ?? 'TIME_SINCE_LAST_ACTIVITY',
    isDefault: false,
    tags: input.Tags ?? {},
    updatedAtMs: deps.clock.now(),
  };
  await storingFor('CreateRoutingProfile', () =>
    deps.resources.routingProfiles.create(profile, mostOf('routingProfiles', instance, deps)),
  );
  return {
    RoutingProfileArn: arnOf(kinds.routingProfile, instance, profile.id),
    RoutingProfileId: profile.id,
  };
};

export const describeRoutingProfile: OperationCode<'DescribeRoutingProfile'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireRoutingProfile(input, caller, deps);
  const users = await deps.resources.agents.countWithRoutingProfile(instance.id, item.id);
  return { RoutingProfile: wireProfile(instance, item, users) };
};

export const updateRoutingProfileName: OperationCode<'UpdateRoutingProfileName'> = (input, caller, deps) => {
  const change = withoutGaps({ name: input.Name, description: input.Description });
  if (Object.keys(change).length === 0) throw invalidRequestException('Name or Description is required.');
  return changeProfile('UpdateRoutingProfileName', input, caller, deps, async () => change);
};

export const updateRoutingProfileConcurrency: OperationCode<'UpdateRoutingProfileConcurrency'> = (
  input,
  caller,
  deps,
) =>
  changeProfile('UpdateRoutingProfileConcurrency', input, caller, deps, async () => ({
    mediaConcurrencies: checkedConcurrencies(input.MediaConcurrencies),
  }));

export const updateRoutingProfileDefaultOutboundQueue: OperationCode<
  'UpdateRoutingProfileDefaultOutboundQueue'
> = (input, caller, deps) =>
  changeProfile('UpdateRoutingProfileDefaultOutboundQueue', input, caller, deps, async (instance) => {
    const member = 'DefaultOutboundQueueId';
    const queue = await requireResource(kinds.queue, input.DefaultOutboundQueueId, instance, deps, member);
    return { defaultOutboundQueueId: queue.id };
  });

export const updateRoutingProfileAgentAvailabilityTimer: OperationCode<
  'UpdateRoutingProfileAgentAvailabilityTimer'
> = (input, caller, deps) =>
  changeProfile('UpdateRoutingProfileAgentAvailabilityTimer', input, caller, deps, async () => ({
    agentAvailabilityTimer: input.AgentAvailabilityTimer,
  }));

async function changeProfile(
  operation: Parameters<typeof changing>[0],
  input: { readonly InstanceId: string; readonly RoutingProfileId: string },
  caller: Caller,
  deps: ApiDeps,
  changeOf: (instance: Instance) => Promise<RoutingProfileChange>,
): Promise<undefined> {
  const { instance, item } = await requireRoutingProfile(input, caller, deps);
  const change = await changeOf(instance);
  return changing(operation, kinds.routingProfile, deps, () =>
    deps.resources.routingProfiles.update(item, change, deps.clock.now()),
  );
}

export const deleteRoutingProfile: OperationCode<'DeleteRoutingProfile'> = async (input, caller, deps) => {
  const { item } = await requireRoutingProfile(input, caller, deps);
  return changing('DeleteRoutingProfile', kinds.routingProfile, deps, () =>
    deps.resources.routingProfiles.remove(item),
  );
};

export const listRoutingProfiles: OperationCode<'ListRoutingProfiles'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const profiles = await deps.resources.routingProfiles.list(instance.id);
  const page = pageOf(profiles, input);
  return {
    RoutingProfileSummaryList: page.items.map((profile) => ({
      Id: profile.id,
      Arn: arnOf(kinds.routingProfile, instance, profile.id),
      Name: profile.name,
      ...lastModified(instance, profile.updatedAtMs),
    })),
    NextToken: page.nextToken,
  };
};

export const searchRoutingProfiles: OperationCode<'SearchRoutingProfiles'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(input.SearchCriteria, {
    name: (profile: RoutingProfile) => profile.name,
    description: (profile) => profile.description,
    resourceID: (profile) => profile.id,
    associatedQueueIds: (profile) => profile.queues.map(({ queueId }) => queueId),
  });
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const found = (await deps.resources.routingProfiles.list(instance.id)).filter(
    (profile) => criteria(profile) && tags(profile),
  );
  const page = pageOf(found, input);
  const agents = page.items.length === 0 ? [] : await deps.resources.agents.list(instance.id);
  const users = Map.groupBy(agents, ({ routingProfileId }) => routingProfileId);
  return {
    RoutingProfiles: page.items.map((profile) =>
      wireProfile(instance, profile, users.get(profile.id)?.length ?? 0),
    ),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

export const listRoutingProfileQueues: OperationCode<'ListRoutingProfileQueues'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireRoutingProfile(input, caller, deps);
  const queues = await deps.resources.queues.list(instance.id);
  const names = new Map(queues.map(({ id, name }) => [id, name]));
  const served = item.queues
    .map((queue) => ({ ...queue, id: `${queue.queueId} ${queue.channel}` }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = pageOf(served, input);
  return {
    RoutingProfileQueueConfigSummaryList: page.items.map((queue) => ({
      QueueId: queue.queueId,
      QueueArn: arnOf(kinds.queue, instance, queue.queueId),
      QueueName: names.get(queue.queueId) ?? '',
      Priority: queue.priority,
      Delay: queue.delaySeconds,
      Channel: queue.channel,
    })),
    NextToken: page.nextToken,
    ...lastModified(instance, item.updatedAtMs),
  };
};

export const associateRoutingProfileQueues: OperationCode<'AssociateRoutingProfileQueues'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireRoutingProfile(input, caller, deps);
  if (input.QueueConfigs === undefined && input.ManualAssignmentQueueConfigs === undefined) {
    throw invalidRequestException('QueueConfigs or ManualAssignmentQueueConfigs is required.');
  }
  const added = await addedQueues(input.QueueConfigs, input.ManualAssignmentQueueConfigs, instance, deps);
  const most = mostOf('queuesPerRoutingProfile', instance, deps);
  await storingFor('AssociateRoutingProfileQueues', () =>
    deps.resources.routingProfiles.addQueues(item, added, most, deps.clock.now()),
  );
  return undefined;
};

/** All queues of the request must be the profile's already; else nothing changes. */
export const updateRoutingProfileQueues: OperationCode<'UpdateRoutingProfileQueues'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireRoutingProfile(input, caller, deps);
  const queues = await Promise.all(input.QueueConfigs.map((queue) => servedQueue(queue, instance, deps)));
  const missing = await storingFor('UpdateRoutingProfileQueues', () =>
    deps.resources.routingProfiles.updateQueues(item, queues, deps.clock.now()),
  );
  const [first] = missing;
  if (first) {
    throw resourceNotFoundException(
      `The routing profile does not serve the queue ${first.queueId} on ${first.channel}.`,
    );
  }
  return undefined;
};

/** Of one request (API reference, DisassociateRoutingProfileQueues; the model gives no limit). */
const maxRemovedQueues = 10;

/** Queues that the profile does not serve are no mistake. */
export const disassociateRoutingProfileQueues: OperationCode<'DisassociateRoutingProfileQueues'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireRoutingProfile(input, caller, deps);
  const { QueueReferences, ManualAssignmentQueueReferences } = input;
  if (QueueReferences === undefined && ManualAssignmentQueueReferences === undefined) {
    throw invalidRequestException('QueueReferences or ManualAssignmentQueueReferences is required.');
  }
  for (const given of [QueueReferences, ManualAssignmentQueueReferences]) {
    if (given && given.length > maxRemovedQueues) {
      throw invalidParameterException(
        `The request names ${given.length} queues; at most ${maxRemovedQueues} can be disassociated at once.`,
      );
    }
  }
  const referencesOf = (given: readonly WireReference[] = []) =>
    Promise.all(given.map((reference) => queueReference(reference, instance, deps)));
  const removed = {
    queues: await referencesOf(QueueReferences),
    manualQueues: await referencesOf(ManualAssignmentQueueReferences),
  };
  await storingFor('DisassociateRoutingProfileQueues', () =>
    deps.resources.routingProfiles.removeQueues(item, removed, deps.clock.now()),
  );
  return undefined;
};

async function addedQueues(
  queues: readonly WireQueue[] | undefined,
  manualQueues: readonly WireManualQueue[] | undefined,
  instance: Instance,
  deps: ApiDeps,
): Promise<AddedQueues> {
  return {
    queues: await Promise.all((queues ?? []).map((queue) => servedQueue(queue, instance, deps))),
    manualQueues: await Promise.all(
      (manualQueues ?? []).map(({ QueueReference: reference }) => queueReference(reference, instance, deps)),
    ),
  };
}

async function servedQueue(
  { QueueReference: reference, Priority, Delay }: WireQueue,
  instance: Instance,
  deps: ApiDeps,
): Promise<RoutingProfileQueue> {
  return {
    ...(await queueReference(reference, instance, deps)),
    priority: Priority,
    delaySeconds: Delay,
  };
}

async function queueReference(
  { QueueId, Channel }: WireReference,
  instance: Instance,
  deps: ApiDeps,
): Promise<QueueReference> {
  return { queueId: (await requireResource(kinds.queue, QueueId, instance, deps)).id, channel: Channel };
}

/** @throws {ApiError} InvalidParameterException for a channel that stands twice, or more contacts at once than it can have. */
function checkedConcurrencies(given: readonly MediaConcurrency[]): readonly MediaConcurrency[] {
  const channels = new Set(given.map(({ Channel }) => Channel));
  if (channels.size < given.length) {
    throw invalidParameterException('MediaConcurrencies holds a channel twice.');
  }
  for (const { Channel, Concurrency, WorkloadTypeConcurrencies } of given) {
    if (Concurrency === undefined && WorkloadTypeConcurrencies === undefined) {
      throw invalidParameterException(`MediaConcurrencies lacks the Concurrency of ${Channel}.`);
    }
    if (Concurrency !== undefined && (Concurrency < 1 || Concurrency > mostAtOnce[Channel])) {
      throw invalidParameterException(
        `MediaConcurrencies has a Concurrency of ${Concurrency} for ${Channel}; it must be 1 to ${mostAtOnce[Channel]}.`,
      );
    }
  }
  return given;
}

function wireProfile(instance: Instance, profile: RoutingProfile, users: number) {
  const queueIds = distinctIds(profile.queues);
  const manualQueueIds = distinctIds(profile.manualQueues);
  return {
    InstanceId: instance.id,
    Name: profile.name,
    RoutingProfileArn: arnOf(kinds.routingProfile, instance, profile.id),
    RoutingProfileId: profile.id,
    Description: profile.description,
    MediaConcurrencies: profile.mediaConcurrencies,
    DefaultOutboundQueueId: profile.defaultOutboundQueueId,
    Tags: profile.tags,
    NumberOfAssociatedQueues: queueIds.length,
    NumberOfAssociatedManualAssignmentQueues: manualQueueIds.length,
    NumberOfAssociatedUsers: users,
    AgentAvailabilityTimer: profile.agentAvailabilityTimer,
    IsDefault: profile.isDefault,
    AssociatedQueueIds: queueIds,
    AssociatedManualAssignmentQueueIds: manualQueueIds,
    ...lastModified(instance, profile.updatedAtMs),
  };
}

const distinctIds = (queues: readonly QueueReference[]): readonly string[] => [
  ...new Set(queues.map(({ queueId }) => queueId)),
];
