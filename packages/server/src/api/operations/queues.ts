/** Queues: created, read, changed, deleted, listed, searched. What waits in them is routing's. */
import {
  invalidParameterException,
  invalidRequestException,
  type OperationInput,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { idOf, phoneNumberArn } from '../../arn.ts';
import type { Caller } from '../../identity/caller.ts';
import { isUuid, newId, type PhoneNumberId, type QueueId } from '../../ids.ts';
import type { Queue, QueueChange } from '../../store/queue-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import {
  arnOf,
  changing,
  clearable,
  kinds,
  lastModified,
  requireQueue,
  requireResource,
  withoutGaps,
} from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';
import { criteriaPredicate, tagFilterPredicate } from '../search-criteria.ts';
import { requireFlowOfType } from './flow-of-type.ts';
import { requireQuickConnects } from './quick-connects.ts';

type CallerConfig = OperationInput<'UpdateQueueOutboundCallerConfig'>['OutboundCallerConfig'];
type CallerColumns = Pick<Queue, 'callerIdName' | 'callerIdNumberId' | 'outboundFlowId'>;

export const createQueue: OperationCode<'CreateQueue'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const hours = await requireResource(kinds.hours, input.HoursOfOperationId, instance, deps);
  const quickConnects = await requireQuickConnects(input.QuickConnectIds ?? [], instance, deps);
  const queue = {
    id: newId<QueueId>(),
    instanceId: instance.id,
    name: input.Name,
    type: 'STANDARD',
    description: input.Description,
    hoursOfOperationId: hours.id,
    status: 'ENABLED',
    maxContacts: input.MaxContacts,
    ...(await callerColumns(input.OutboundCallerConfig ?? {}, instance, deps)),
    outboundEmailAddressId: input.OutboundEmailConfig?.OutboundEmailAddressId,
    emailAddressIds: (input.EmailAddressesConfig ?? []).map(({ EmailAddressId }) => EmailAddressId),
    tags: input.Tags ?? {},
    updatedAtMs: deps.clock.now(),
  } as const;
  await storingFor('CreateQueue', () =>
    deps.resources.queues.create(queue, quickConnects, mostOf('queues', instance, deps)),
  );
  deps.directory.forget();
  return { QueueArn: arnOf(kinds.queue, instance, queue.id), QueueId: queue.id };
};

export const describeQueue: OperationCode<'DescribeQueue'> = async (input, caller, deps) => {
  const { instance, item } = await requireQueue(input, caller, deps);
  return { Queue: wireQueue(instance, item) };
};

export const updateQueueName: OperationCode<'UpdateQueueName'> = (input, caller, deps) => {
  const change = withoutGaps({ name: input.Name, description: clearable(input.Description) });
  if (Object.keys(change).length === 0) throw invalidRequestException('Name or Description is required.');
  return changeQueue('UpdateQueueName', input, caller, deps, async () => change);
};

/** Contacts that wait already are still served. */
export const updateQueueStatus: OperationCode<'UpdateQueueStatus'> = (input, caller, deps) =>
  changeQueue('UpdateQueueStatus', input, caller, deps, async () => ({ status: input.Status }));

/** Without MaxContacts the queue has no limit of its own any more. */
export const updateQueueMaxContacts: OperationCode<'UpdateQueueMaxContacts'> = (input, caller, deps) =>
  changeQueue('UpdateQueueMaxContacts', input, caller, deps, async () => ({
    maxContacts: input.MaxContacts ?? null,
  }));

export const updateQueueHoursOfOperation: OperationCode<'UpdateQueueHoursOfOperation'> = (
  input,
  caller,
  deps,
) =>
  changeQueue('UpdateQueueHoursOfOperation', input, caller, deps, async (instance) => {
    const hours = await requireResource(kinds.hours, input.HoursOfOperationId, instance, deps);
    return { hoursOfOperationId: hours.id };
  });

/** Replaces the whole: what is not given is gone. */
export const updateQueueOutboundCallerConfig: OperationCode<'UpdateQueueOutboundCallerConfig'> = (
  input,
  caller,
  deps,
) =>
  changeQueue('UpdateQueueOutboundCallerConfig', input, caller, deps, async (instance) => {
    const columns = await callerColumns(input.OutboundCallerConfig, instance, deps);
    return {
      callerIdName: columns.callerIdName ?? null,
      callerIdNumberId: columns.callerIdNumberId ?? null,
      outboundFlowId: columns.outboundFlowId ?? null,
    };
  });

async function changeQueue(
  operation: Parameters<typeof changing>[0],
  input: { readonly InstanceId: string; readonly QueueId: string },
  caller: Caller,
  deps: ApiDeps,
  changeOf: (instance: Instance) => Promise<QueueChange>,
): Promise<undefined> {
  const { instance, item } = await requireQueue(input, caller, deps);
  const change = await changeOf(instance);
  return changing(operation, kinds.queue, deps, () =>
    deps.resources.queues.update(instance.id, item.id, change, deps.clock.now()),
  );
}

export const deleteQueue: OperationCode<'DeleteQueue'> = async (input, caller, deps) => {
  const { instance, item } = await requireQueue(input, caller, deps);
  return changing('DeleteQueue', kinds.queue, deps, () => deps.resources.queues.remove(instance.id, item.id));
};

/** Standard queues, and after them one agent queue for each user, which has the user's id and no name. */
export const listQueues: OperationCode<'ListQueues'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const types = new Set<string>(input.QueueTypes ?? ['STANDARD', 'AGENT']);
  const queues = [
    ...(types.has('STANDARD') ? await standardQueues(instance, deps) : []),
    ...(types.has('AGENT') ? await agentQueues(instance, deps) : []),
  ];
  const page = pageOf(queues, input);
  return { QueueSummaryList: page.items.map(({ wire }) => wire), NextToken: page.nextToken };
};

async function standardQueues(instance: Instance, deps: ApiDeps) {
  const queues = await deps.resources.queues.list(instance.id);
  return queues.map((queue) => ({
    id: `standard ${queue.id}`,
    wire: {
      Id: queue.id,
      Arn: arnOf(kinds.queue, instance, queue.id),
      Name: queue.name,
      QueueType: queue.type,
      ...lastModified(instance, queue.updatedAtMs),
    },
  }));
}

async function agentQueues(instance: Instance, deps: ApiDeps) {
  const agents = await deps.resources.agents.list(instance.id);
  return agents.map((agent) => ({
    id: `user ${agent.id}`,
    wire: {
      Id: agent.id,
      Arn: arnOf(kinds.queue, instance, `agent/${agent.id}`),
      QueueType: 'AGENT' as const,
      ...lastModified(instance, agent.updatedAtMs),
    },
  }));
}

export const searchQueues: OperationCode<'SearchQueues'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(
    input.SearchCriteria,
    {
      name: (queue: Queue) => queue.name,
      description: (queue) => queue.description,
      resourceID: (queue) => queue.id,
    },
    ({ QueueTypeCondition }) =>
      QueueTypeCondition === undefined ? [] : [(queue: Queue) => queue.type === QueueTypeCondition],
  );
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const found = (await deps.resources.queues.list(instance.id)).filter(
    (queue) => criteria(queue) && tags(queue),
  );
  const page = pageOf(found, input);
  return {
    Queues: page.items.map((queue) => wireQueue(instance, queue)),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

async function callerColumns(
  config: CallerConfig,
  instance: Instance,
  deps: ApiDeps,
): Promise<CallerColumns> {
  const { OutboundCallerIdName, OutboundCallerIdNumberId, OutboundFlowId } = config;
  return {
    callerIdName: OutboundCallerIdName && printable(OutboundCallerIdName),
    callerIdNumberId:
      OutboundCallerIdNumberId === undefined
        ? undefined
        : await requireOwnNumber(OutboundCallerIdNumberId, instance, deps),
    outboundFlowId:
      OutboundFlowId === undefined
        ? undefined
        : await requireFlowOfType(OutboundFlowId, 'OUTBOUND_WHISPER', 'OutboundFlowId', instance, deps),
  };
}

/** The name goes into a SIP header: control characters have no place there. */
function printable(name: string): string {
  if (/\p{Cc}/u.test(name)) {
    throw invalidParameterException('OutboundCallerIdName holds control characters.');
  }
  return name;
}

async function requireOwnNumber(
  reference: string,
  instance: Instance,
  deps: ApiDeps,
): Promise<PhoneNumberId> {
  const id = idOf(reference).toLowerCase();
  const isPlausible =
    isUuid(id) &&
    (!reference.startsWith('arn:') || reference.toLowerCase() === phoneNumberArn(instance.tenant, id));
  const numbers = isPlausible ? await deps.resources.listPhoneNumbers(instance.tenant) : [];
  const number = numbers.find((known) => known.id === id && known.instanceId === instance.id);
  if (!number) {
    throw resourceNotFoundException('The instance has no phone number with this OutboundCallerIdNumberId.');
  }
  return number.id;
}

function wireQueue(instance: Instance, queue: Queue) {
  return {
    Name: queue.name,
    QueueArn: arnOf(kinds.queue, instance, queue.id),
    QueueId: queue.id,
    Description: queue.description,
    OutboundCallerConfig: {
      OutboundCallerIdName: queue.callerIdName,
      OutboundCallerIdNumberId: queue.callerIdNumberId,
      OutboundFlowId: queue.outboundFlowId,
    },
    OutboundEmailConfig: queue.outboundEmailAddressId
      ? { OutboundEmailAddressId: queue.outboundEmailAddressId }
      : undefined,
    HoursOfOperationId: queue.hoursOfOperationId,
    MaxContacts: queue.maxContacts,
    Status: queue.status,
    Tags: queue.tags,
    ...lastModified(instance, queue.updatedAtMs),
  };
}
