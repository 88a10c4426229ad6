/** The operations of the Service Quotas API: quotas read, and raised through requests. One table, because each is a few lines. */
import {
  illegalArgumentException,
  invalidPaginationTokenException,
  noSuchResourceException,
  resourceAlreadyExistsException,
  type ServiceQuotasInput,
  type ServiceQuotasOperationName,
  type ServiceQuotasOutput,
} from '@ringback/connect-api';
import { idOf, instanceArn, type Tenant } from '../../arn.ts';
import type { Caller } from '../../identity/caller.ts';
import { type InstanceId, isUuid, newId } from '../../ids.ts';
import type { Quota } from '../../policy/quotas.ts';
import { type QuotaRequest, QuotaRequestPending } from '../../store/operator-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import type { ApiDeps } from '../operation.ts';
import { quotaWire, requestWire, serviceCode, serviceName } from './wire.ts';

type Operations = {
  readonly [Name in ServiceQuotasOperationName]: (
    input: ServiceQuotasInput<Name>,
    caller: Caller,
    deps: ApiDeps,
  ) => Promise<ServiceQuotasOutput<Name>>;
};

/** Operations that change something, for the audit log. */
export const mutatingServiceQuotasOperations: ReadonlySet<string> = new Set(['RequestServiceQuotaIncrease']);

const untoldOfQuotas = 'UsageMetric and Description are not told.';

/** What an operation lacks, for docs/compatibility.md. */
export const missingServiceQuotasParts: { readonly [Name in ServiceQuotasOperationName]?: string } = {
  GetAWSDefaultServiceQuota: untoldOfQuotas,
  GetServiceQuota: untoldOfQuotas,
  ListAWSDefaultServiceQuotas: untoldOfQuotas,
  ListServiceQuotas: untoldOfQuotas,
  RequestServiceQuotaIncrease: 'SupportCaseAllowed is not looked at: there are no support cases.',
};

export const serviceQuotasCode: Operations = {
  async ListServices(input) {
    const page = pageOf([{ ServiceCode: serviceCode, ServiceName: serviceName }], input);
    return { Services: page.items, ...page.more };
  },

  async ListServiceQuotas(input, caller, deps) {
    requireConnect(input.ServiceCode);
    const level = input.QuotaAppliedAtLevel ?? 'ACCOUNT';
    const asked = deps.quotas.all.filter(({ code }) => !input.QuotaCode || code === input.QuotaCode);
    const { tenant } = caller;
    const ofAccount = asked.map((quota) => quotaWire(quota, tenant, deps.quotas.value(quota, { tenant })));
    const instances = level === 'ACCOUNT' ? [] : await deps.resources.listInstances(tenant);
    const ofInstances = instances.flatMap(({ id }) =>
      asked
        .filter((quota) => quota.level === 'instance')
        .map((quota) =>
          quotaWire(
            quota,
            tenant,
            deps.quotas.value(quota, { tenant, instanceId: id }),
            instanceArn(tenant, id),
          ),
        ),
    );
    const page = pageOf(level === 'RESOURCE' ? ofInstances : [...ofAccount, ...ofInstances], input);
    return { Quotas: page.items, ...page.more };
  },

  async GetServiceQuota(input, caller, deps) {
    const quota = requireQuota(input, deps);
    const { tenant } = caller;
    const instance = await contextOf(input.ContextId, quota, caller, deps);
    const value = deps.quotas.value(quota, instance ? { tenant, instanceId: instance.id } : { tenant });
    return { Quota: quotaWire(quota, tenant, value, instance && instanceArn(tenant, instance.id)) };
  },

  async ListAWSDefaultServiceQuotas(input, caller, deps) {
    requireConnect(input.ServiceCode);
    const page = pageOf(
      deps.quotas.all.map((quota) => quotaWire(quota, caller.tenant, quota.defaultValue)),
      input,
    );
    return { Quotas: page.items, ...page.more };
  },

  async GetAWSDefaultServiceQuota(input, caller, deps) {
    const quota = requireQuota(input, deps);
    return { Quota: quotaWire(quota, caller.tenant, quota.defaultValue) };
  },

  async RequestServiceQuotaIncrease(input, caller, deps) {
    const quota = requireQuota(input, deps);
    const { tenant } = caller;
    const instance = await contextOf(input.ContextId, quota, caller, deps);
    const current = deps.quotas.value(quota, instance ? { tenant, instanceId: instance.id } : { tenant });
    refuseUnraisable(quota, input.DesiredValue, current);
    const request = await store(
      {
        tenant,
        code: quota.code,
        context: instance?.id ?? '*',
        desiredValue: input.DesiredValue,
        requester: caller.arn,
      },
      quota,
      deps,
    );
    return { RequestedQuota: requestWire(request, quota) };
  },

  async GetRequestedServiceQuotaChange(input, caller, deps) {
    const found = (await deps.quotaRequests.store.listRequests(caller.tenant)).find(
      ({ id }) => id === input.RequestId,
    );
    if (!found) throw noSuchResourceException('The account has no request of this id.');
    return { RequestedQuota: requestWire(found, deps.quotas.find(found.code)) };
  },

  async ListRequestedServiceQuotaChangeHistory(input, caller, deps) {
    if (input.ServiceCode !== undefined) requireConnect(input.ServiceCode);
    return historyOf(input, caller.tenant, deps);
  },

  async ListRequestedServiceQuotaChangeHistoryByQuota(input, caller, deps) {
    const { code } = requireQuota(input, deps);
    return historyOf(input, caller.tenant, deps, code);
  },
};

/** Largest number of call slots or things that a column of the database holds. */
const maxCount = 2_147_483_647;

function refuseUnraisable(quota: Quota, desiredValue: number, current: number): void {
  if (!quota.isAdjustable) throw illegalArgumentException(`The quota ${quota.name} cannot be raised.`);
  if (desiredValue <= current) {
    throw illegalArgumentException(
      `The desired value ${desiredValue} is not greater than the current one, which is ${current}.`,
    );
  }
  if (quota.kind === 'count' && (!Number.isInteger(desiredValue) || desiredValue > maxCount)) {
    throw illegalArgumentException(`The quota ${quota.name} is a whole number of at most ${maxCount}.`);
  }
}

async function store(
  asked: Pick<QuotaRequest, 'tenant' | 'code' | 'context' | 'desiredValue' | 'requester'>,
  quota: Quota,
  { clock, decisions, quotaRequests }: ApiDeps,
): Promise<QuotaRequest> {
  const nowMs = clock.now();
  const request: QuotaRequest = {
    ...asked,
    id: newId(),
    status: quotaRequests.granted === 'at once' ? 'APPROVED' : 'PENDING',
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  try {
    await quotaRequests.store.addRequest(request, quota.pool);
  } catch (error) {
    if (error instanceof QuotaRequestPending) throw resourceAlreadyExistsException(error.message);
    throw error;
  }
  if (request.status === 'APPROVED') await decisions.refresh();
  return request;
}

async function historyOf(
  filter: ServiceQuotasInput<'ListRequestedServiceQuotaChangeHistory'>,
  tenant: Tenant,
  deps: ApiDeps,
  code?: string,
): Promise<ServiceQuotasOutput<'ListRequestedServiceQuotaChangeHistory'>> {
  const level = filter.QuotaRequestedAtLevel ?? 'ALL';
  const isAsked = ({ code: own, context, status }: QuotaRequest): boolean =>
    (code === undefined || own === code) &&
    (filter.Status === undefined || status === filter.Status) &&
    (level === 'ALL' || (context === '*') === (level === 'ACCOUNT'));
  const requests = (await deps.quotaRequests.store.listRequests(tenant)).filter(isAsked);
  const page = pageOf(
    // Newest first, as in the console.
    requests.map((request) => requestWire(request, deps.quotas.find(request.code))).reverse(),
    filter,
  );
  return { RequestedQuotas: page.items, ...page.more };
}

function requireConnect(code: string): void {
  if (code === serviceCode) return;
  throw noSuchResourceException(`There are no quotas of the service ${code} here, only of ${serviceCode}.`);
}

function requireQuota(
  input: { readonly ServiceCode: string; readonly QuotaCode: string },
  { quotas }: ApiDeps,
): Quota {
  requireConnect(input.ServiceCode);
  const quota = quotas.find(input.QuotaCode);
  if (!quota) throw noSuchResourceException(`${serviceName} has no quota ${input.QuotaCode}.`);
  return quota;
}

/** The instance that a context names; undefined for the account, with all its instances. */
async function contextOf(
  contextId: string | undefined,
  quota: Quota,
  caller: Caller,
  deps: ApiDeps,
): Promise<Instance | undefined> {
  if (contextId === undefined || contextId === '*') return undefined;
  if (quota.level === 'account') {
    throw illegalArgumentException(`The quota ${quota.name} is one of the account; it takes no ContextId.`);
  }
  const id = idOf(contextId);
  const { tenant } = caller;
  const instance = isUuid(id) ? await deps.directory.instance(id as InstanceId) : undefined;
  const isOwn =
    instance?.tenant.accountId === tenant.accountId &&
    instance.tenant.region === tenant.region &&
    contextId === instanceArn(tenant, instance.id);
  if (!isOwn) {
    throw noSuchResourceException('ContextId is not the ARN of an instance of this account and Region.');
  }
  return instance;
}

const defaultPageSize = 100;

/** A slice of a list that changes rarely; the token is the place where the next one begins. */
function pageOf<Item>(
  items: readonly Item[],
  { NextToken, MaxResults }: { readonly NextToken?: string; readonly MaxResults?: number },
): { readonly items: Item[]; readonly more: { readonly NextToken?: string } } {
  const from = NextToken === undefined ? 0 : placeOf(NextToken);
  const to = from + (MaxResults ?? defaultPageSize);
  return {
    items: items.slice(from, to),
    more: to < items.length ? { NextToken: Buffer.from(`from:${to}`).toString('base64') } : {},
  };
}

function placeOf(token: string): number {
  const place = /^from:([0-9]{1,9})$/.exec(Buffer.from(token, 'base64').toString('latin1'))?.[1];
  if (place === undefined) {
    throw invalidPaginationTokenException('The value of NextToken was not given out by this operation.');
  }
  return Number(place);
}
