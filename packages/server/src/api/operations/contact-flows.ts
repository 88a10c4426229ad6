/** Contact flows: created, read, drafted, published, renamed, archived, deleted, listed. */
import { createHash } from 'node:crypto';
import {
  contactFlowNotPublishedException,
  epochMs,
  invalidContactFlowException,
  invalidParameterException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import type { FlowType } from '@ringback/flow';
import { idOf, instanceResourceArn, isWithin } from '../../arn.ts';
import { type ContentPurpose, errorsOfContent } from '../../flows/flow-content.ts';
import { type ContactFlowId, isUuid, newId } from '../../ids.ts';
import type { FlowSummary, StoredFlow } from '../../store/flow-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import { withoutGaps } from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storing } from '../resource-limits.ts';

/** Longest content, characters (API reference, member Content). */
const maxContentLength = 256_000;
/** The draft's suffix on an id: `UUID:$SAVED`. */
const savedAlias = '$SAVED';
/** What runs, said explicitly. */
const latestAlias = '$LATEST';

export const createContactFlow: OperationCode<'CreateContactFlow'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const status = input.Status ?? 'PUBLISHED';
  await refuseContent(
    input.Content,
    input.Type,
    status === 'SAVED' ? 'draft' : 'publication',
    instance,
    deps,
  );
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
  await storing(() => deps.resources.createFlow(flow, mostOf('flows', instance, deps)));
  deps.directory.forget();
  return {
    ContactFlowId: flow.id,
    ContactFlowArn: arnOf(instance, flow.id),
    FlowContentSha256: sha256(flow.content),
  };
};

export const describeContactFlow: OperationCode<'DescribeContactFlow'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { flow, alias } = await requireFlow(input.ContactFlowId, instance, deps);
  if (alias === savedAlias) {
    const content = flow.draft ?? flow.content;
    return { ContactFlow: { ...wireFlow(instance, { ...flow, content }), Status: 'SAVED' } };
  }
  if (alias !== undefined && alias !== latestAlias) {
    const version = await deps.resources.findVersion(flow, Number(alias));
    if (!version) throw resourceNotFoundException(`The flow has no version ${alias}.`);
    return {
      ContactFlow: {
        ...wireFlow(instance, { ...flow, content: version.content }),
        Arn: `${arnOf(instance, flow.id)}:${version.version}`,
        Status: 'PUBLISHED',
        Version: version.version,
        VersionDescription: version.description,
        LastModifiedTime: epochMs(version.createdAtMs),
      },
    };
  }
  if (flow.status !== 'PUBLISHED') {
    throw contactFlowNotPublishedException(
      'The flow is not published; its draft is read with the id and :$SAVED.',
    );
  }
  return { ContactFlow: wireFlow(instance, flow) };
};

export const updateContactFlowContent: OperationCode<'UpdateContactFlowContent'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { flow, alias } = await requireFlow(input.ContactFlowId, instance, deps);
  if (alias !== undefined && alias !== savedAlias && alias !== latestAlias) {
    throw invalidParameterException('A version never changes; update the flow and make another version.');
  }
  const purpose = alias === savedAlias ? 'draft' : 'publication';
  await refuseContent(input.Content, flow.type as FlowType, purpose, instance, deps);
  const write = purpose === 'draft' ? deps.resources.saveDraft : deps.resources.publish;
  if (!(await write(flow, input.Content, deps.clock.now()))) throw noSuchFlow();
  deps.directory.forget();
  return {};
};

export const updateContactFlowMetadata: OperationCode<'UpdateContactFlowMetadata'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  await updateMetadata(input.ContactFlowId, instance, deps, {
    name: input.Name,
    description: input.Description,
    state: input.ContactFlowState,
  });
  return {};
};

export const updateContactFlowName: OperationCode<'UpdateContactFlowName'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  await updateMetadata(input.ContactFlowId, instance, deps, {
    name: input.Name,
    description: input.Description,
  });
  return {};
};

/** Calls that run the flow at this moment go on with it. */
export const deleteContactFlow: OperationCode<'DeleteContactFlow'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const flow = await requirePlainFlow(input.ContactFlowId, instance, deps);
  if (!(await deps.resources.deleteFlow(flow))) throw noSuchFlow();
  deps.directory.forget();
  return {};
};

export const listContactFlows: OperationCode<'ListContactFlows'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const types = new Set<string>(input.ContactFlowTypes ?? []);
  const flows = (await deps.resources.listFlows(instance.id, 'flow')).filter(
    (flow) => types.size === 0 || types.has(flow.type),
  );
  const page = pageOf(flows, input);
  return {
    ContactFlowSummaryList: page.items.map((flow) => ({
      Id: flow.id,
      Arn: arnOf(instance, flow.id),
      Name: flow.name,
      ContactFlowType: flow.type as 'CONTACT_FLOW',
      ContactFlowState: flow.state,
      ContactFlowStatus: flow.status,
    })),
    NextToken: page.nextToken,
  };
};

/** A flow as the API shows it, with the content that was asked for. */
export function wireFlow(instance: Instance, flow: StoredFlow) {
  return {
    Arn: arnOf(instance, flow.id),
    Id: flow.id,
    Name: flow.name,
    Type: flow.type as 'CONTACT_FLOW',
    State: flow.state,
    Status: flow.status,
    Description: flow.description,
    Content: flow.content,
    Tags: flow.tags,
    FlowContentSha256: sha256(flow.content),
    LastModifiedTime: epochMs(flow.updatedAtMs),
    LastModifiedRegion: instance.tenant.region,
  };
}

/**
 * The flow that an id, an ARN, or one of them with `:$SAVED`, `:$LATEST` or `:{version}` names.
 *
 * @throws {ApiError} ResourceNotFoundException.
 */
export async function requireFlow(
  reference: string,
  instance: Instance,
  deps: ApiDeps,
): Promise<{ readonly flow: StoredFlow; readonly alias: string | undefined }> {
  const [id = '', alias, ...rest] = idOf(reference).split(':');
  const isKnownAlias =
    alias === undefined || alias === savedAlias || alias === latestAlias || /^[1-9][0-9]{0,8}$/.test(alias);
  const flow =
    isUuid(id) && isKnownAlias && rest.length === 0 && isWithin(instance, 'contact-flow', reference)
      ? await deps.resources.findFlow(instance.id, id as ContactFlowId, 'flow')
      : undefined;
  if (!flow) throw noSuchFlow();
  return { flow, alias };
}

/**
 * The flow itself, for operations that mean no draft or version of it.
 *
 * @throws {ApiError} ResourceNotFoundException; InvalidParameterException for a suffix.
 */
export async function requirePlainFlow(
  reference: string,
  instance: Instance,
  deps: ApiDeps,
): Promise<StoredFlow> {
  const { flow, alias } = await requireFlow(reference, instance, deps);
  if (alias !== undefined && alias !== latestAlias) {
    throw invalidParameterException(`ContactFlowId ends in ":${alias}"; name the flow itself here.`);
  }
  return flow;
}

async function updateMetadata(
  reference: string,
  instance: Instance,
  deps: ApiDeps,
  change: {
    readonly name: string | undefined;
    readonly description: string | undefined;
    readonly state?: FlowSummary['state'] | undefined;
  },
): Promise<void> {
  const flow = await requirePlainFlow(reference, instance, deps);
  const found = await storing(() => deps.resources.updateFlow(flow, withoutGaps(change), deps.clock.now()));
  if (!found) throw noSuchFlow();
  deps.directory.forget();
}

async function refuseContent(
  content: string,
  type: FlowType,
  purpose: ContentPurpose,
  instance: Instance,
  deps: ApiDeps,
): Promise<void> {
  if (content.length > maxContentLength) {
    throw invalidParameterException(
      `Content has ${content.length} characters; ${maxContentLength} are allowed.`,
    );
  }
  const problems = await errorsOfContent(content, type, purpose, instance, deps.resources);
  if (problems.length > 0) throw invalidContactFlowException(problems.map((message) => ({ message })));
}

const arnOf = (instance: Instance, id: string): string =>
  instanceResourceArn(instance.tenant, instance.id, 'contact-flow', id);

const noSuchFlow = () => resourceNotFoundException('The instance has no flow with this ContactFlowId.');

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
