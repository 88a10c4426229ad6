/** Quotas and requests in the shapes of the Service Quotas API. */
import { epochSeconds, type ServiceQuotasOutput } from '@ringback/connect-api';
import { instanceArn, type Tenant } from '../../arn.ts';
import type { Quota } from '../../policy/quotas.ts';
import type { QuotaRequest } from '../../store/operator-store.ts';

export const serviceCode = 'connect';
export const serviceName = 'Amazon Connect';

type ServiceQuota = NonNullable<ServiceQuotasOutput<'GetServiceQuota'>['Quota']>;
type RequestedChange = NonNullable<ServiceQuotasOutput<'RequestServiceQuotaIncrease'>['RequestedQuota']>;

/** What the context of a quota names (CloudFormation's word for an instance). */
const contextScopeType = 'AWS::Connect::Instance';

/** @param contextId the instance's ARN; absent for the value of the account. */
export function quotaWire(quota: Quota, tenant: Tenant, value: number, contextId?: string): ServiceQuota {
  return {
    ServiceCode: serviceCode,
    ServiceName: serviceName,
    QuotaArn: quotaArn(tenant, quota.code),
    QuotaCode: quota.code,
    QuotaName: quota.name,
    Value: value,
    Unit: 'None',
    Adjustable: quota.isAdjustable,
    GlobalQuota: false,
    ...(quota.kind === 'rate' ? { Period: { PeriodValue: 1, PeriodUnit: 'SECOND' } } : {}),
    QuotaAppliedAtLevel: contextId === undefined ? 'ACCOUNT' : 'RESOURCE',
    ...(quota.level === 'instance' ? { QuotaContext: contextOf(contextId) } : {}),
  };
}

/** @param quota absent when this version does not know the quota any more. */
export function requestWire(request: QuotaRequest, quota: Quota | undefined): RequestedChange {
  const { tenant, context } = request;
  return {
    Id: request.id,
    ServiceCode: serviceCode,
    ServiceName: serviceName,
    QuotaCode: request.code,
    QuotaName: quota?.name ?? request.code,
    DesiredValue: request.desiredValue,
    Status: request.status,
    Created: epochSeconds(request.createdAtMs / 1000),
    LastUpdated: epochSeconds(request.updatedAtMs / 1000),
    Requester: JSON.stringify({ accountId: tenant.accountId, callerArn: request.requester }),
    QuotaArn: quotaArn(tenant, request.code),
    GlobalQuota: false,
    Unit: 'None',
    QuotaRequestedAtLevel: context === '*' ? 'ACCOUNT' : 'RESOURCE',
    ...(quota?.level === 'instance'
      ? { QuotaContext: contextOf(context === '*' ? undefined : instanceArn(tenant, context)) }
      : {}),
  };
}

const contextOf = (contextId: string | undefined) =>
  ({
    ContextScope: 'RESOURCE',
    ContextScopeType: contextScopeType,
    ContextId: contextId ?? '*',
    AdjustableAtLevel: 'ALL',
  }) as const;

function quotaArn({ accountId, region }: Tenant, code: string): string {
  return `arn:aws:servicequotas:${region}:${accountId}:${serviceCode}/${code}`;
}
