/** Every quota with the value in force: the configuration's default, or what an administrator raised it to. Read by admission, the throttle and the Service Quotas API. */
import type { Tenant } from '../arn.ts';
import type { InstanceId } from '../ids.ts';
import { defaultRate, type RequestRates, raisedRate, rateQuotaCodes } from './request-rates.ts';
import { callSlotPoolOf, type ResourceQuotaKey, resourceQuotas } from './resource-quotas.ts';
import type { RateLimit } from './throttle.ts';

export interface Quota {
  readonly code: string;
  readonly name: string;
  readonly level: 'account' | 'instance';
  readonly isAdjustable: boolean;
  /** In force where nothing was raised. */
  readonly defaultValue: number;
  /** A count is whole; a rate need not be. */
  readonly kind: 'count' | 'rate';
  /** The call slots whose number this is. */
  readonly pool: 'active-calls' | 'campaign-calls' | undefined;
}

/** A value that was set: for one instance, or with `*` for the account and all instances without one of their own. */
export interface AppliedQuota {
  readonly accountId: string;
  readonly region: string;
  readonly code: string;
  readonly context: InstanceId | '*';
  readonly value: number;
}

/** Defaults from the configuration. */
export interface QuotaDefaults {
  readonly rates: RequestRates;
  readonly resources: Readonly<Partial<Record<ResourceQuotaKey, number>>>;
}

/** Where a value is in force: an account in a Region, or one of its instances. */
export interface QuotaPlace {
  readonly tenant: Tenant;
  readonly instanceId?: InstanceId;
}

export interface Quotas {
  /** Every quota, in the order of their codes. */
  readonly all: readonly Quota[];
  find(code: string): Quota | undefined;
  /** The value in force. */
  value(quota: Quota, place: QuotaPlace): number;
  resource(key: ResourceQuotaKey, place: QuotaPlace): number;
  rate(tenant: Tenant, operation: string): RateLimit;
  /** Replaces what was set. */
  apply(applied: readonly AppliedQuota[]): void;
}

export function openQuotas(defaults: QuotaDefaults): Quotas {
  const all = catalogue(defaults);
  const byCode = new Map(all.map((quota) => [quota.code, quota]));
  let applied = new Map<string, number>();
  // Most operations have no raised rate, and this is asked at every request.
  let raisedRates = new Set<string>();

  const setFor = (code: string, { tenant, instanceId }: QuotaPlace): number | undefined =>
    (instanceId === undefined ? undefined : applied.get(keyOf(tenant, code, instanceId))) ??
    applied.get(keyOf(tenant, code, '*'));
  const value = (quota: Quota, place: QuotaPlace): number => setFor(quota.code, place) ?? quota.defaultValue;

  return {
    all,
    find: (code) => byCode.get(code),
    value,
    resource(key, place) {
      const quota = byCode.get(resourceQuotas[key].code);
      return quota ? value(quota, place) : resourceQuotas[key].publishedValue;
    },
    rate(tenant, operation) {
      const limit = defaultRate(defaults.rates, operation);
      const code = rateQuotaCodes[operation];
      if (code === undefined || !raisedRates.has(code)) return limit;
      const raised = setFor(code, { tenant });
      return raised === undefined ? limit : raisedRate(limit, raised);
    },
    apply(values) {
      applied = new Map(
        values.map((set) => [`${set.accountId} ${set.region} ${set.code} ${set.context}`, set.value]),
      );
      raisedRates = new Set(values.map(({ code }) => code));
    },
  };
}

const keyOf = ({ accountId, region }: Tenant, code: string, context: string): string =>
  `${accountId} ${region} ${code} ${context}`;

function catalogue({ rates, resources }: QuotaDefaults): readonly Quota[] {
  const counts = (Object.keys(resourceQuotas) as ResourceQuotaKey[]).map((key): Quota => {
    const { code, name, level, isAdjustable, publishedValue } = resourceQuotas[key];
    const pool = key === 'activeCalls' || key === 'campaignCalls' ? callSlotPoolOf[key] : undefined;
    return {
      code,
      name,
      level,
      isAdjustable,
      defaultValue: resources[key] ?? publishedValue,
      kind: 'count',
      pool,
    };
  });
  const rateQuotas = Object.entries(rateQuotaCodes).map(
    ([operation, code]): Quota => ({
      code,
      name: `Rate of ${operation} API requests`,
      level: 'account',
      isAdjustable: true,
      defaultValue: defaultRate(rates, operation).perSecond,
      kind: 'rate',
      pool: undefined,
    }),
  );
  return [...counts, ...rateQuotas].sort((a, b) => (a.code < b.code ? -1 : 1));
}
