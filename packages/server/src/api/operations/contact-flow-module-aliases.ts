/** Aliases of flow modules: created, read, changed, listed and deleted. A flow that invokes a module by an alias runs the version that it points at. */
import {
  epochMs,
  invalidParameterException,
  invalidRequestException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { isUuid, newId } from '../../ids.ts';
import type { StoredFlow } from '../../store/flow-store.ts';
import type { ModuleAlias } from '../../store/module-alias-store.ts';
import { ReferenceMissing } from '../../store/resource-refusals.ts';
import type { Instance } from '../../store/resource-store.ts';
import type { ApiDeps, OperationCode } from '../operation.ts';
import { pageOf } from '../page.ts';
import { storing } from '../resource-limits.ts';
import { moduleArn, requirePlainModule } from './contact-flow-modules.ts';

/** Aliases that one module may have. AWS publishes no number. */
const maxAliases = 100;
export const createContactFlowModuleAlias: OperationCode<'CreateContactFlowModuleAlias'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, module } = await requirePlainModule(input, caller, deps);
  refuseReservedName(input.AliasName);
  const alias: ModuleAlias = {
    id: newId<string>(),
    name: input.AliasName,
    version: existingVersion(input.ContactFlowModuleVersion),
    description: input.Description,
    updatedAtMs: deps.clock.now(),
  };
  await pointing(() => deps.resources.createAlias(module, alias, maxAliases));
  return { ContactFlowModuleArn: aliasArn(instance, module, alias.name), Id: alias.id };
};

export const describeContactFlowModuleAlias: OperationCode<'DescribeContactFlowModuleAlias'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, module } = await requirePlainModule(input, caller, deps);
  const alias = await requireAlias(module, input.AliasId, deps);
  return {
    ContactFlowModuleAlias: {
      ContactFlowModuleId: module.id,
      ContactFlowModuleArn: moduleArn(instance, module.id),
      AliasId: alias.id,
      Version: alias.version,
      Name: alias.name,
      Description: alias.description,
      LastModifiedRegion: instance.tenant.region,
      LastModifiedTime: epochMs(alias.updatedAtMs),
    },
  };
};

/** Flows that invoke the module by this alias run the version that it points at from now on. */
export const updateContactFlowModuleAlias: OperationCode<'UpdateContactFlowModuleAlias'> = async (
  input,
  caller,
  deps,
) => {
  const { module } = await requirePlainModule(input, caller, deps);
  const { id } = await requireAlias(module, input.AliasId, deps);
  const { Name: name, Description: description, ContactFlowModuleVersion: version } = input;
  if (name === undefined && description === undefined && version === undefined) {
    throw invalidRequestException('Name, Description or ContactFlowModuleVersion is required.');
  }
  if (name !== undefined) refuseReservedName(name);
  const change = {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(version === undefined ? {} : { version: existingVersion(version) }),
  };
  if (!(await pointing(() => deps.resources.updateAlias(module, id, change, deps.clock.now())))) {
    throw noSuchAlias();
  }
  return {};
};

export const deleteContactFlowModuleAlias: OperationCode<'DeleteContactFlowModuleAlias'> = async (
  input,
  caller,
  deps,
) => {
  const { module } = await requirePlainModule(input, caller, deps);
  const { id } = await requireAlias(module, input.AliasId, deps);
  if (!(await deps.resources.deleteAlias(module, id))) throw noSuchAlias();
  return {};
};

export const listContactFlowModuleAliases: OperationCode<'ListContactFlowModuleAliases'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, module } = await requirePlainModule(input, caller, deps);
  const aliases = await deps.resources.listAliases(module);
  const page = pageOf(aliases, input);
  return {
    ContactFlowModuleAliasSummaryList: page.items.map((alias) => ({
      Arn: aliasArn(instance, module, alias.name),
      AliasId: alias.id,
      Version: alias.version,
      AliasName: alias.name,
      AliasDescription: alias.description,
      LastModifiedTime: epochMs(alias.updatedAtMs),
    })),
    NextToken: page.nextToken,
  };
};

/** An alias by its id, or by its name. */
async function requireAlias(module: StoredFlow, reference: string, deps: ApiDeps): Promise<ModuleAlias> {
  const alias = await deps.resources.findAlias(
    module,
    isUuid(reference) ? { id: reference.toLowerCase() } : { name: reference },
  );
  if (!alias) throw noSuchAlias();
  return alias;
}

/** Behind a module's id, a number is a version, and what begins with $ is the draft or what is published. */
function refuseReservedName(name: string): void {
  if (/^\d+$|[$:/]/.test(name)) {
    throw invalidParameterException(
      'The name of an alias is no number and has no "$", ":" or "/": behind the id of a module those mean something else.',
    );
  }
}

/** A number beyond the store's is no version either. */
function existingVersion(version: number): number {
  if (version > 2_147_483_647) throw resourceNotFoundException(`The flow module has no version ${version}.`);
  return version;
}

async function pointing<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await storing(write);
  } catch (error) {
    if (error instanceof ReferenceMissing) throw resourceNotFoundException(error.message);
    throw error;
  }
}

const aliasArn = (instance: Instance, module: StoredFlow, name: string): string =>
  `${moduleArn(instance, module.id)}:${name}`;

const noSuchAlias = () => resourceNotFoundException('The flow module has no alias with this AliasId.');
