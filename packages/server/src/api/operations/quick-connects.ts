/** Quick connects: created, read, changed, deleted, listed, searched; and those of a queue. */
import { invalidParameterException, invalidRequestException } from '@ringback/connect-api';
import { newId, type QuickConnectId } from '../../ids.ts';
import type { QuickConnect, QuickConnectConfig } from '../../store/quick-connect-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import {
  arnOf,
  changing,
  clearable,
  kinds,
  lastModified,
  requireQueue,
  requireQuickConnect,
  requireResource,
  withoutGaps,
} from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';
import { criteriaPredicate, tagFilterPredicate } from '../search-criteria.ts';
import { requireFlowOfType } from './flow-of-type.ts';

/** Quick connects of one queue (Administrator Guide, service quotas; cannot be raised). */
const mostQuickConnectsOfQueue = 700;

export const createQuickConnect: OperationCode<'CreateQuickConnect'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const quickConnect: QuickConnect = {
    id: newId<QuickConnectId>(),
    instanceId: instance.id,
    name: input.Name,
    description: input.Description,
    config: await checkedConfig(input.QuickConnectConfig, instance, deps),
    tags: input.Tags ?? {},
    updatedAtMs: deps.clock.now(),
  };
  await storingFor('CreateQuickConnect', () =>
    deps.resources.quickConnects.create(quickConnect, mostOf('quickConnects', instance, deps)),
  );
  return {
    QuickConnectARN: arnOf(kinds.quickConnect, instance, quickConnect.id),
    QuickConnectId: quickConnect.id,
  };
};

export const describeQuickConnect: OperationCode<'DescribeQuickConnect'> = async (input, caller, deps) => {
  const { instance, item } = await requireQuickConnect(input, caller, deps);
  return { QuickConnect: wireQuickConnect(instance, item) };
};

export const updateQuickConnectName: OperationCode<'UpdateQuickConnectName'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireQuickConnect(input, caller, deps);
  const change = withoutGaps({ name: input.Name, description: clearable(input.Description) });
  if (Object.keys(change).length === 0) throw invalidRequestException('Name or Description is required.');
  return changing('UpdateQuickConnectName', kinds.quickConnect, deps, () =>
    deps.resources.quickConnects.update(instance.id, item.id, change, deps.clock.now()),
  );
};

export const updateQuickConnectConfig: OperationCode<'UpdateQuickConnectConfig'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireQuickConnect(input, caller, deps);
  const config = await checkedConfig(input.QuickConnectConfig, instance, deps);
  return changing('UpdateQuickConnectConfig', kinds.quickConnect, deps, () =>
    deps.resources.quickConnects.update(instance.id, item.id, { config }, deps.clock.now()),
  );
};

export const deleteQuickConnect: OperationCode<'DeleteQuickConnect'> = async (input, caller, deps) => {
  const { instance, item } = await requireQuickConnect(input, caller, deps);
  return changing('DeleteQuickConnect', kinds.quickConnect, deps, () =>
    deps.resources.quickConnects.remove(instance.id, item.id),
  );
};

export const listQuickConnects: OperationCode<'ListQuickConnects'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const types = new Set<string>(input.QuickConnectTypes ?? []);
  const quickConnects = (await deps.resources.quickConnects.list(instance.id)).filter(
    ({ config }) => types.size === 0 || types.has(config.QuickConnectType),
  );
  const page = pageOf(quickConnects, input);
  return {
    QuickConnectSummaryList: page.items.map((quickConnect) => summaryOf(instance, quickConnect)),
    NextToken: page.nextToken,
  };
};

export const searchQuickConnects: OperationCode<'SearchQuickConnects'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(input.SearchCriteria, {
    name: (quickConnect: QuickConnect) => quickConnect.name,
    description: (quickConnect) => quickConnect.description,
    resourceID: (quickConnect) => quickConnect.id,
  });
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const found = (await deps.resources.quickConnects.list(instance.id)).filter(
    (quickConnect) => criteria(quickConnect) && tags(quickConnect),
  );
  const page = pageOf(found, input);
  return {
    QuickConnects: page.items.map((quickConnect) => wireQuickConnect(instance, quickConnect)),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

export const listQueueQuickConnects: OperationCode<'ListQueueQuickConnects'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireQueue(input, caller, deps);
  const quickConnects = await deps.resources.quickConnects.ofQueue(instance.id, item.id);
  const page = pageOf(quickConnects, input);
  return {
    QuickConnectSummaryList: page.items.map((quickConnect) => summaryOf(instance, quickConnect)),
    NextToken: page.nextToken,
    ...lastModified(instance, item.updatedAtMs),
  };
};

export const associateQueueQuickConnects: OperationCode<'AssociateQueueQuickConnects'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireQueue(input, caller, deps);
  const ids = await requireQuickConnects(input.QuickConnectIds, instance, deps);
  await storingFor('AssociateQueueQuickConnects', () =>
    deps.resources.quickConnects.addToQueue(instance.id, item.id, ids, mostQuickConnectsOfQueue),
  );
  return undefined;
};

/** Quick connects that the queue does not have are no mistake, those that the instance does not have are. */
export const disassociateQueueQuickConnects: OperationCode<'DisassociateQueueQuickConnects'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, item } = await requireQueue(input, caller, deps);
  const ids = await requireQuickConnects(input.QuickConnectIds, instance, deps);
  await deps.resources.quickConnects.removeFromQueue(instance.id, item.id, ids);
  return undefined;
};

/** @throws {ApiError} ResourceNotFoundException. */
export async function requireQuickConnects(
  references: readonly string[],
  instance: Instance,
  deps: ApiDeps,
): Promise<readonly QuickConnectId[]> {
  const found = await Promise.all(
    references.map((reference) =>
      requireResource(kinds.quickConnect, reference, instance, deps, 'QuickConnectIds'),
    ),
  );
  return found.map(({ id }) => id);
}

const configOfType = {
  USER: 'UserConfig',
  QUEUE: 'QueueConfig',
  PHONE_NUMBER: 'PhoneConfig',
  FLOW: 'FlowConfig',
} as const satisfies Record<QuickConnectConfig['QuickConnectType'], keyof QuickConnectConfig>;

/** The destination with ids in the place of ARNs, and nothing that its type does not need. */
async function checkedConfig(
  config: QuickConnectConfig,
  instance: Instance,
  deps: ApiDeps,
): Promise<QuickConnectConfig> {
  const { QuickConnectType } = config;
  const member = configOfType[QuickConnectType];
  const others = Object.values(configOfType).filter(
    (other) => other !== member && config[other] !== undefined,
  );
  if (config[member] === undefined || others.length > 0) {
    throw invalidParameterException(
      `A quick connect of the type ${QuickConnectType} has ${member}, and no other of ` +
        `${Object.values(configOfType).join(', ')}.`,
    );
  }
  const flow = (id: string, type: string) =>
    requireFlowOfType(id, type, `QuickConnectConfig.${member}.ContactFlowId`, instance, deps);
  if (config.UserConfig) {
    const user = await requireResource(kinds.agent, config.UserConfig.UserId, instance, deps);
    const ContactFlowId = await flow(config.UserConfig.ContactFlowId, 'AGENT_TRANSFER');
    return { QuickConnectType, UserConfig: { UserId: user.id, ContactFlowId } };
  }
  if (config.QueueConfig) {
    const queue = await requireResource(kinds.queue, config.QueueConfig.QueueId, instance, deps);
    const ContactFlowId = await flow(config.QueueConfig.ContactFlowId, 'QUEUE_TRANSFER');
    return { QuickConnectType, QueueConfig: { QueueId: queue.id, ContactFlowId } };
  }
  if (config.FlowConfig) {
    const ContactFlowId = await flow(config.FlowConfig.ContactFlowId, 'CONTACT_FLOW');
    return { QuickConnectType, FlowConfig: { ContactFlowId } };
  }
  return { QuickConnectType, PhoneConfig: config.PhoneConfig };
}

function summaryOf(instance: Instance, quickConnect: QuickConnect) {
  return {
    Id: quickConnect.id,
    Arn: arnOf(kinds.quickConnect, instance, quickConnect.id),
    Name: quickConnect.name,
    QuickConnectType: quickConnect.config.QuickConnectType,
    ...lastModified(instance, quickConnect.updatedAtMs),
  };
}

function wireQuickConnect(instance: Instance, quickConnect: QuickConnect) {
  return {
    QuickConnectARN: arnOf(kinds.quickConnect, instance, quickConnect.id),
    QuickConnectId: quickConnect.id,
    Name: quickConnect.name,
    Description: quickConnect.description,
    QuickConnectConfig: quickConnect.config,
    Tags: quickConnect.tags,
    ...lastModified(instance, quickConnect.updatedAtMs),
  };
}
