/** CreateContactFlow, DescribeContactFlow and ListContactFlows. */
import { createHash } from 'node:crypto';
import {
  contactFlowNotPublishedException,
  duplicateResourceException,
  invalidContactFlowException,
  invalidParameterException,
  limitExceededException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { type FlowProblem, type FlowType, parseFlow, validateFlow } from '@ringback/flow';
import { idOf, instanceResourceArn } from '../../arn.ts';
import { type ContactFlowId, isUuid, newId } from '../../ids.ts';
import { type Instance, NameTaken, type StoredFlow } from '../../store/resource-store.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';

/** Longest content, characters (API reference, member Content). */
const maxContentLength = 256_000;
const defaultPageSize = 100;

export const createContactFlow: OperationCode<'CreateContactFlow'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  if (input.Content.length > maxContentLength) {
    throw invalidParameterException(
      `Content has ${input.Content.length} characters; ${maxContentLength} are allowed.`,
    );
  }
  const status = input.Status ?? 'PUBLISHED';
  // A saved draft may be unfinished, but must be a flow document (API reference, member Status).
  refuseProblems(problemsOf(input.Content, input.Type, status));
  const maxFlows = deps.quotas.resource('flows', { tenant: instance.tenant, instanceId: instance.id });
  if ((await deps.resources.countFlows(instance.id)) >= maxFlows) {
    throw limitExceededException(`The instance has ${maxFlows} flows already.`);
  }
  const nowMs = deps.clock.now();
  const flow: StoredFlow = {
    id: newId<ContactFlowId>(),
    instanceId: instance.id,
    name: input.Name,
    type: input.Type,
    description: input.Description,
    content: input.Content,
    status,
    state: 'ACTIVE',
    tags: input.Tags ?? {},
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  try {
    await deps.resources.createFlow(flow);
  } catch (error) {
    if (error instanceof NameTaken) throw duplicateResourceException(error.message);
    throw error;
  }
  deps.directory.forget();
  return {
    ContactFlowId: flow.id,
    ContactFlowArn: instanceResourceArn(instance.tenant, instance.id, 'contact-flow', flow.id),
    FlowContentSha256: sha256(flow.content),
  };
};

export const describeContactFlow: OperationCode<'DescribeContactFlow'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { flow, version } = await requireFlow(input.ContactFlowId, instance, deps);
  if (version === undefined && flow.status !== 'PUBLISHED') {
    throw contactFlowNotPublishedException(
      'The flow is not published; its draft is read with the id and :$SAVED.',
    );
  }
  return {
    ContactFlow: {
      Arn: instanceResourceArn(instance.tenant, instance.id, 'contact-flow', flow.id),
      Id: flow.id,
      Name: flow.name,
      Type: flow.type as 'CONTACT_FLOW',
      State: flow.state,
      Status: version === '$SAVED' ? 'SAVED' : flow.status,
      Description: flow.description,
      Content: flow.content,
      Tags: flow.tags,
      FlowContentSha256: sha256(flow.content),
    },
  };
};

export const listContactFlows: OperationCode<'ListContactFlows'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const types = new Set<string>(input.ContactFlowTypes ?? []);
  const flows = (await deps.resources.listFlows(instance.id)).filter(
    (flow) => types.size === 0 || types.has(flow.type),
  );
  const page = pageOf(flows, input.MaxResults ?? defaultPageSize, input.NextToken);
  return {
    ContactFlowSummaryList: page.items.map((flow) => ({
      Id: flow.id,
      Arn: instanceResourceArn(instance.tenant, instance.id, 'contact-flow', flow.id),
      Name: flow.name,
      ContactFlowType: flow.type as 'CONTACT_FLOW',
      ContactFlowState: flow.state,
      ContactFlowStatus: flow.status,
    })),
    NextToken: page.nextToken,
  };
};

/** An id may end in `:$SAVED` (the draft) or `:{version}`. */
async function requireFlow(
  reference: string,
  instance: Instance,
  deps: ApiDeps,
): Promise<{ flow: StoredFlow; version: string | undefined }> {
  const [id = '', version] = idOf(reference).split(':');
  const flow = isUuid(id) ? await deps.resources.findFlow(instance.id, id as ContactFlowId) : undefined;
  if (!flow || (version !== undefined && version !== '$SAVED' && version !== '$LATEST')) {
    throw resourceNotFoundException('The instance has no flow with this ContactFlowId.');
  }
  return { flow, version };
}

function problemsOf(content: string, type: FlowType, status: 'PUBLISHED' | 'SAVED'): readonly FlowProblem[] {
  const parsed = parseFlow(content);
  if (!parsed.ok) return parsed.problems;
  return status === 'SAVED' ? [] : validateFlow(parsed.flow, { type });
}

function refuseProblems(problems: readonly FlowProblem[]): void {
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (errors.length === 0) return;
  throw invalidContactFlowException(errors.map((problem) => ({ message: describeProblem(problem) })));
}

/** The service's sentence first, as clients may match it; then where it is and what would be right. */
function describeProblem({ message, path, actionIdentifier, remedy }: FlowProblem): string {
  const where = [
    actionIdentifier === undefined ? undefined : `action ${actionIdentifier}`,
    path && !message.includes(path) ? path : undefined,
  ].filter((part) => part !== undefined);
  return `${message}${where.length > 0 ? ` (${where.join(', ')})` : ''}. ${remedy}`;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
