/** ListInstances and DescribeInstance. */
import { epochMs } from '@ringback/connect-api';
import { instanceArn } from '../../arn.ts';
import type { Instance } from '../../store/resource-store.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';

export const listInstances: OperationCode<'ListInstances'> = async (input, caller, deps) => {
  const instances = await deps.resources.listInstances(caller.tenant);
  const page = pageOf(instances, input, 10);
  return { InstanceSummaryList: page.items.map(summaryOf), NextToken: page.nextToken };
};

export const describeInstance: OperationCode<'DescribeInstance'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const Tags = await deps.resources.tagsOf({ instanceId: instance.id, kind: 'instance', id: instance.id });
  return { Instance: { ...summaryOf(instance), Tags } };
};

function summaryOf(instance: Instance) {
  return {
    Id: instance.id,
    Arn: instanceArn(instance.tenant, instance.id),
    IdentityManagementType: instance.identityManagement as 'CONNECT_MANAGED',
    InstanceAlias: instance.alias,
    CreatedTime: epochMs(instance.createdAtMs),
    ServiceRole: `arn:aws:iam::${instance.tenant.accountId}:role/aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect`,
    InstanceStatus: 'ACTIVE' as const,
    InboundCallsEnabled: instance.inboundCallsEnabled,
    OutboundCallsEnabled: instance.outboundCallsEnabled,
  };
}
