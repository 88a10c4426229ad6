/** CreateContactFlowVersion, ListContactFlowVersions and DeleteContactFlowVersion: immutable copies of what was published. */
import {
  invalidParameterException,
  invalidRequestException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import { instanceResourceArn } from '../../arn.ts';
import type { Instance } from '../../store/resource-store.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { storing } from '../resource-limits.ts';
import { requirePlainFlow, sha256 } from './contact-flows.ts';

/** Versions that one flow may have. AWS publishes no number; each holds a content of up to 256,000 characters. */
const maxVersions = 1000;
/** Deviates: AWS makes versions of flows of the type CAMPAIGN only; here every flow can have them. */
export const createContactFlowVersion: OperationCode<'CreateContactFlowVersion'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const flow = await requirePlainFlow(input.ContactFlowId, instance, deps);
  if (flow.status !== 'PUBLISHED') {
    throw invalidRequestException('The flow is not published; a version is a copy of what is published.');
  }
  if (input.FlowContentSha256 !== undefined && input.FlowContentSha256 !== sha256(flow.content)) {
    throw invalidParameterException('FlowContentSha256 is not that of the published content.');
  }
  const nowMs = deps.clock.now();
  const version = await storing(() =>
    deps.resources.addVersion(
      flow,
      { content: flow.content, description: input.Description },
      maxVersions,
      nowMs,
    ),
  );
  if (version === undefined) {
    throw invalidRequestException('The flow was published anew at this moment; read it and try again.');
  }
  return { ContactFlowArn: versionArn(instance, flow.id, version), Version: version };
};

export const listContactFlowVersions: OperationCode<'ListContactFlowVersions'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const flow = await requirePlainFlow(input.ContactFlowId, instance, deps);
  // Newest first; pages are cut in the order of ids, so the ids count down.
  const versions = (await deps.resources.listVersions(flow)).map((version) => ({
    ...version,
    id: String(Number.MAX_SAFE_INTEGER - version.version),
  }));
  const page = pageOf(versions, input);
  return {
    ContactFlowVersionSummaryList: page.items.map(({ version, description }) => ({
      Arn: versionArn(instance, flow.id, version),
      Version: version,
      VersionDescription: description,
    })),
    NextToken: page.nextToken,
  };
};

export const deleteContactFlowVersion: OperationCode<'DeleteContactFlowVersion'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const flow = await requirePlainFlow(input.ContactFlowId, instance, deps);
  // A number beyond the column's type is no version either.
  const isVersion = input.ContactFlowVersion <= 2_147_483_647;
  if (!isVersion || !(await deps.resources.deleteVersion(flow, input.ContactFlowVersion))) {
    throw resourceNotFoundException(`The flow has no version ${input.ContactFlowVersion}.`);
  }
  return {};
};

const versionArn = (instance: Instance, id: string, version: number): string =>
  `${instanceResourceArn(instance.tenant, instance.id, 'contact-flow', id)}:${version}`;
