/** Agent statuses: created, read, changed, listed, searched. Which one an agent is in is routing's. */
import { invalidRequestException } from '@ringback/connect-api';
import { type AgentStatusId, newId } from '../../ids.ts';
import type { AgentStatus } from '../../store/agent-status-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import {
  arnOf,
  changing,
  clearable,
  kinds,
  lastModified,
  requireAgentStatus,
  withoutGaps,
} from '../instance-resource.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';
import { attributeFilterPredicate, criteriaPredicate } from '../search-criteria.ts';

export const createAgentStatus: OperationCode<'CreateAgentStatus'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const status: AgentStatus = {
    id: newId<AgentStatusId>(),
    instanceId: instance.id,
    name: input.Name,
    description: input.Description,
    type: 'CUSTOM',
    state: input.State,
    displayOrder: input.DisplayOrder,
    tags: input.Tags ?? {},
    updatedAtMs: deps.clock.now(),
  };
  await storingFor('CreateAgentStatus', () =>
    deps.resources.agentStatuses.create(status, mostOf('agentStatuses', instance, deps)),
  );
  return { AgentStatusARN: arnOf(kinds.agentStatus, instance, status.id), AgentStatusId: status.id };
};

export const describeAgentStatus: OperationCode<'DescribeAgentStatus'> = async (input, caller, deps) => {
  const { instance, item } = await requireAgentStatus(input, caller, deps);
  return { AgentStatus: wireStatus(instance, item) };
};

/** The statuses that every instance has stay enabled: without them nobody could begin or end to work. */
export const updateAgentStatus: OperationCode<'UpdateAgentStatus'> = async (input, caller, deps) => {
  const { instance, item } = await requireAgentStatus(input, caller, deps);
  if (input.State === 'DISABLED' && item.type !== 'CUSTOM') {
    throw invalidRequestException(
      `The status "${item.name}" cannot be disabled; it is one that all agents need.`,
    );
  }
  if (input.DisplayOrder !== undefined && input.ResetOrderNumber === true) {
    throw invalidRequestException('DisplayOrder and ResetOrderNumber exclude each other.');
  }
  const change = withoutGaps({
    name: input.Name,
    description: clearable(input.Description),
    state: input.State,
    displayOrder: input.ResetOrderNumber === true ? null : input.DisplayOrder,
  });
  return changing('UpdateAgentStatus', kinds.agentStatus, deps, () =>
    deps.resources.agentStatuses.update(instance.id, item.id, change, deps.clock.now()),
  );
};

export const listAgentStatuses: OperationCode<'ListAgentStatuses'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const types = new Set<string>(input.AgentStatusTypes ?? []);
  const statuses = (await deps.resources.agentStatuses.list(instance.id)).filter(
    ({ type }) => types.size === 0 || types.has(type),
  );
  const page = pageOf(statuses, input);
  return {
    AgentStatusSummaryList: page.items.map((status) => ({
      Id: status.id,
      Arn: arnOf(kinds.agentStatus, instance, status.id),
      Name: status.name,
      Type: status.type,
      ...lastModified(instance, status.updatedAtMs),
    })),
    NextToken: page.nextToken,
  };
};

export const searchAgentStatuses: OperationCode<'SearchAgentStatuses'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(input.SearchCriteria, {
    name: (status: AgentStatus) => status.name,
    description: (status) => status.description,
    state: (status) => status.state,
    type: (status) => status.type,
    displayOrder: (status) => status.displayOrder?.toString(),
    resourceID: (status) => status.id,
  });
  const filter = attributeFilterPredicate(input.SearchFilter?.AttributeFilter);
  const found = (await deps.resources.agentStatuses.list(instance.id)).filter(
    (status) => criteria(status) && filter(status),
  );
  const page = pageOf(found, input);
  return {
    AgentStatuses: page.items.map((status) => wireStatus(instance, status)),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

function wireStatus(instance: Instance, status: AgentStatus) {
  return {
    AgentStatusARN: arnOf(kinds.agentStatus, instance, status.id),
    AgentStatusId: status.id,
    Name: status.name,
    Description: status.description,
    Type: status.type,
    DisplayOrder: status.displayOrder,
    State: status.state,
    Tags: status.tags,
    ...lastModified(instance, status.updatedAtMs),
  };
}
