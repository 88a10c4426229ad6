/** Flow modules: created, read, drafted, published, renamed, archived, deleted, listed, searched. */
import {
  idempotencyException,
  invalidContactFlowModuleException,
  invalidRequestException,
  type OperationInput,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { idOf, instanceResourceArn, isWithin } from '../../arn.ts';
import { type ContentPurpose, errorsOfContent } from '../../flows/flow-content.ts';
import type { Caller } from '../../identity/caller.ts';
import { type ContactFlowId, isUuid, newId } from '../../ids.ts';
import type { FlowSummary, FlowVersionContent, ModuleRequest, StoredFlow } from '../../store/flow-store.ts';
import { ClientTokenTaken } from '../../store/resource-refusals.ts';
import type { Instance } from '../../store/resource-store.ts';
import { withoutGaps } from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storing } from '../resource-limits.ts';
import { criteriaPredicate, tagFilterPredicate } from '../search-criteria.ts';
import { sha256 } from './contact-flows.ts';

const savedAlias = '$SAVED';
const latestAlias = '$LATEST';

/** A repeated request with the token of an earlier one is answered with the module that that one made. */
export const createContactFlowModule: OperationCode<'CreateContactFlowModule'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const request =
    input.ClientToken === undefined
      ? undefined
      : { clientToken: input.ClientToken, hash: requestHash(input) };
  const earlier = await madeBy(request, instance, deps);
  if (earlier) return { Id: earlier, Arn: moduleArn(instance, earlier) };
  await refuseModule(input.Content, input.Settings, 'publication', instance, deps);
  const nowMs = deps.clock.now();
  const module: StoredFlow = {
    id: newId<ContactFlowId>(),
    instanceId: instance.id,
    name: input.Name,
    type: 'MODULE',
    description: input.Description,
    content: input.Content,
    status: 'PUBLISHED',
    state: 'ACTIVE',
    tags: input.Tags ?? {},
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    module: {
      settings: input.Settings,
      isExternallyInvocable: input.ExternalInvocationConfiguration?.Enabled,
    },
  };
  try {
    await storing(() => deps.resources.createFlow(module, mostOf('flowModules', instance, deps), request));
  } catch (error) {
    const meanwhile = error instanceof ClientTokenTaken ? await madeBy(request, instance, deps) : undefined;
    if (!meanwhile) throw error;
    return { Id: meanwhile, Arn: moduleArn(instance, meanwhile) };
  }
  deps.directory.forget();
  return { Id: module.id, Arn: moduleArn(instance, module.id) };
};

/**
 * The module that an earlier request with the same token made.
 *
 * @throws {ApiError} IdempotencyException when that request was another one.
 */
async function madeBy(
  request: ModuleRequest | undefined,
  instance: Instance,
  deps: ApiDeps,
): Promise<ContactFlowId | undefined> {
  const earlier = request && (await deps.resources.findModuleRequest(instance.id, request.clientToken));
  if (earlier && earlier.hash !== request.hash) {
    throw idempotencyException('ClientToken was used for another request; use a new one.');
  }
  return earlier?.id;
}

export const describeContactFlowModule: OperationCode<'DescribeContactFlowModule'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, module, alias } = await requireModule(input, caller, deps);
  if (alias === savedAlias) {
    const content = module.draft ?? module.content;
    return { ContactFlowModule: { ...wireModule(instance, { ...module, content }), Status: 'SAVED' } };
  }
  if (alias !== undefined && alias !== latestAlias) {
    const version = await requireVersion(module, alias, deps);
    const { content, settings } = version;
    return {
      ContactFlowModule: {
        ...wireModule(instance, { ...module, content }),
        Arn: `${moduleArn(instance, module.id)}:${version.version}`,
        Status: 'PUBLISHED',
        Settings: settings,
        Version: version.version,
        VersionDescription: version.description,
      },
    };
  }
  return { ContactFlowModule: wireModule(instance, module) };
};

/** Content and settings are taken both or not at all: what is wrong with either refuses the request. */
export const updateContactFlowModuleContent: OperationCode<'UpdateContactFlowModuleContent'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, module, alias } = await requireModule(input, caller, deps);
  if (alias !== undefined && alias !== savedAlias && alias !== latestAlias) {
    throw invalidRequestException('A version never changes; update the module and make another version.');
  }
  if (input.Content === undefined && input.Settings === undefined) {
    throw invalidRequestException('Content or Settings is required.');
  }
  const purpose = alias === savedAlias ? 'draft' : 'publication';
  await refuseModule(input.Content, input.Settings, purpose, instance, deps);
  const nowMs = deps.clock.now();
  if (input.Content !== undefined) {
    const write = purpose === 'draft' ? deps.resources.saveDraft : deps.resources.publish;
    if (!(await write(module, input.Content, nowMs))) throw noSuchModule();
  }
  if (
    input.Settings !== undefined &&
    !(await deps.resources.setModuleSettings(module, input.Settings, nowMs))
  ) {
    throw noSuchModule();
  }
  deps.directory.forget();
  return {};
};

export const updateContactFlowModuleMetadata: OperationCode<'UpdateContactFlowModuleMetadata'> = async (
  input,
  caller,
  deps,
) => {
  const { module } = await requirePlainModule(input, caller, deps);
  const change = withoutGaps({ name: input.Name, description: input.Description, state: input.State });
  const found = await storing(() => deps.resources.updateFlow(module, change, deps.clock.now()));
  if (!found) throw noSuchModule();
  deps.directory.forget();
  return {};
};

/** Calls that run the module at this moment go on with it. */
export const deleteContactFlowModule: OperationCode<'DeleteContactFlowModule'> = async (
  input,
  caller,
  deps,
) => {
  const { module } = await requirePlainModule(input, caller, deps);
  if (!(await deps.resources.deleteFlow(module))) throw noSuchModule();
  deps.directory.forget();
  return {};
};

export const listContactFlowModules: OperationCode<'ListContactFlowModules'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const modules = (await deps.resources.listFlows(instance.id, 'module')).filter(
    ({ state }) => input.ContactFlowModuleState === undefined || state === input.ContactFlowModuleState,
  );
  const page = pageOf(modules, input);
  return {
    ContactFlowModulesSummaryList: page.items.map(({ id, name, state }) => ({
      Id: id,
      Arn: moduleArn(instance, id),
      Name: name,
      State: state,
    })),
    NextToken: page.nextToken,
  };
};

export const searchContactFlowModules: OperationCode<'SearchContactFlowModules'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(
    input.SearchCriteria,
    {
      name: (module: FlowSummary) => module.name,
      description: (module) => module.description,
      resourceID: (module) => module.id,
      state: (module) => module.state,
      status: (module) => module.status,
    },
    ({ StateCondition, StatusCondition }) => [
      ...(StateCondition === undefined ? [] : [(module: FlowSummary) => module.state === StateCondition]),
      ...(StatusCondition === undefined ? [] : [(module: FlowSummary) => module.status === StatusCondition]),
    ],
  );
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const found = (await deps.resources.listFlows(instance.id, 'module')).filter(
    (module) => criteria(module) && tags(module),
  );
  const page = pageOf(found, input);
  const whole = await deps.resources.findFlows(
    instance.id,
    page.items.map(({ id }) => id),
  );
  return {
    ContactFlowModules: page.items.flatMap(({ id }) => {
      const module = whole.get(id);
      return module ? [wireModule(instance, module)] : [];
    }),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

function wireModule(instance: Instance, module: StoredFlow) {
  const isExternallyInvocable = module.module?.isExternallyInvocable;
  return {
    Arn: moduleArn(instance, module.id),
    Id: module.id,
    Name: module.name,
    Content: module.content,
    Description: module.description,
    State: module.state,
    Status: module.status,
    Tags: module.tags,
    FlowModuleContentSha256: sha256(module.content),
    Settings: module.module?.settings,
    ExternalInvocationConfiguration:
      isExternallyInvocable === undefined ? undefined : { Enabled: isExternallyInvocable },
  };
}

/** A request that names a module. */
interface NamesModule {
  readonly InstanceId: string;
  readonly ContactFlowModuleId: string;
}

/**
 * The instance and its module that an id, an ARN, or one of them with `:$SAVED`, `:$LATEST`, `:{version}` or `:{alias}` names; whether
 * there is such a version or alias is not looked at.
 *
 * @throws {ApiError} ResourceNotFoundException.
 */
async function requireModule(
  { InstanceId, ContactFlowModuleId: reference }: NamesModule,
  caller: Caller,
  deps: ApiDeps,
): Promise<{
  readonly instance: Instance;
  readonly module: StoredFlow;
  readonly alias: string | undefined;
}> {
  const instance = await requireInstance(InstanceId, caller, deps);
  const [id = '', alias, ...rest] = idOf(reference).split(':');
  const module =
    isUuid(id) && rest.length === 0 && isWithin(instance, 'flow-module', reference)
      ? await deps.resources.findFlow(instance.id, id as ContactFlowId, 'module')
      : undefined;
  if (!module) throw noSuchModule();
  return { instance, module, alias };
}

/** What a number or the name of an alias behind a module's id stands for. */
async function requireVersion(
  module: StoredFlow,
  reference: string,
  deps: ApiDeps,
): Promise<FlowVersionContent> {
  const number = /^[1-9][0-9]{0,8}$/.test(reference)
    ? Number(reference)
    : (await deps.resources.findAlias(module, { name: reference }))?.version;
  const version = number === undefined ? undefined : await deps.resources.findVersion(module, number);
  if (!version) throw resourceNotFoundException(`The flow module has no version or alias ${reference}.`);
  return version;
}

/**
 * The module itself, for operations that mean no draft or version of it.
 *
 * @throws {ApiError} ResourceNotFoundException; InvalidRequestException for the draft.
 */
export async function requirePlainModule(
  input: NamesModule,
  caller: Caller,
  deps: ApiDeps,
): Promise<{ readonly instance: Instance; readonly module: StoredFlow }> {
  const { instance, module, alias } = await requireModule(input, caller, deps);
  if (alias !== undefined && alias !== savedAlias && alias !== latestAlias) throw noSuchModule();
  if (alias === savedAlias) {
    throw invalidRequestException(`ContactFlowModuleId ends in ":${alias}"; name the module itself here.`);
  }
  return { instance, module };
}

async function refuseModule(
  content: string | undefined,
  settings: string | undefined,
  purpose: ContentPurpose,
  instance: Instance,
  deps: ApiDeps,
): Promise<void> {
  const problems =
    content === undefined
      ? []
      : [...(await errorsOfContent(content, 'MODULE', purpose, instance, deps.resources))];
  if (settings !== undefined && !isJsonObject(settings)) {
    problems.push('Settings is not a JSON object. Send the Settings of an exported module.');
  }
  if (problems.length > 0) throw invalidContactFlowModuleException(problems.map((message) => ({ message })));
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function requestHash({ ClientToken: _, ...rest }: OperationInput<'CreateContactFlowModule'>): string {
  return sha256(JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))));
}

export const moduleArn = (instance: Instance, id: string): string =>
  instanceResourceArn(instance.tenant, instance.id, 'flow-module', id);

const noSuchModule = () =>
  resourceNotFoundException('The instance has no flow module with this ContactFlowModuleId.');
