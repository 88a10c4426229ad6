/** CreateContactFlowModuleVersion, ListContactFlowModuleVersions and DeleteContactFlowModuleVersion: immutable copies of a module's published content and settings. */
import {
  invalidParameterException,
  invalidRequestException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { InUse } from '../../store/resource-refusals.ts';
import type { OperationCode } from '../operation.ts';
import { pageOf } from '../page.ts';
import { storing } from '../resource-limits.ts';
import { moduleArn, requirePlainModule } from './contact-flow-modules.ts';
import { sha256 } from './contact-flows.ts';

/** Versions that one module may have. AWS publishes no number; each holds a content of up to 256,000 characters. */
const maxVersions = 1000;
/** Largest number that the store takes. */
const lastVersion = 2_147_483_647;

export const createContactFlowModuleVersion: OperationCode<'CreateContactFlowModuleVersion'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, module } = await requirePlainModule(input, caller, deps);
  if (
    input.FlowModuleContentSha256 !== undefined &&
    input.FlowModuleContentSha256 !== sha256(module.content)
  ) {
    throw invalidParameterException('FlowModuleContentSha256 is not that of the published content.');
  }
  const version = await storing(() =>
    deps.resources.addVersion(
      module,
      { content: module.content, description: input.Description },
      maxVersions,
      deps.clock.now(),
    ),
  );
  if (version === undefined) {
    throw invalidRequestException('The module was published anew at this moment; read it and try again.');
  }
  return { ContactFlowModuleArn: `${moduleArn(instance, module.id)}:${version}`, Version: version };
};

export const listContactFlowModuleVersions: OperationCode<'ListContactFlowModuleVersions'> = async (
  input,
  caller,
  deps,
) => {
  const { instance, module } = await requirePlainModule(input, caller, deps);
  // Newest first; pages are cut in the order of ids, so the ids count down.
  const versions = (await deps.resources.listVersions(module)).map((version) => ({
    ...version,
    id: String(Number.MAX_SAFE_INTEGER - version.version),
  }));
  const page = pageOf(versions, input);
  return {
    ContactFlowModuleVersionSummaryList: page.items.map(({ version, description }) => ({
      Arn: `${moduleArn(instance, module.id)}:${version}`,
      Version: version,
      VersionDescription: description,
    })),
    NextToken: page.nextToken,
  };
};

export const deleteContactFlowModuleVersion: OperationCode<'DeleteContactFlowModuleVersion'> = async (
  input,
  caller,
  deps,
) => {
  const { module } = await requirePlainModule(input, caller, deps);
  const version = input.ContactFlowModuleVersion;
  try {
    if (version <= lastVersion && (await deps.resources.deleteVersion(module, version))) return {};
  } catch (error) {
    if (error instanceof InUse) throw invalidRequestException(error.message);
    throw error;
  }
  throw resourceNotFoundException(`The flow module has no version ${version}.`);
};
