import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountId, InstanceId } from '../ids.ts';
import { type AppliedQuota, openQuotas, type Quota, type Quotas } from './quotas.ts';
import { resourceQuotas } from './resource-quotas.ts';

const tenant = { accountId: '000000000000' as AccountId, region: 'us-east-1' };
const one = '11111111-1111-4111-8111-111111111111' as InstanceId;
const other = '22222222-2222-4222-8222-222222222222' as InstanceId;

function opened(applied: readonly Partial<AppliedQuota>[] = []): Quotas {
  const quotas = openQuotas({ rates: 'aws', resources: { activeCalls: 1000, campaignCalls: 0 } });
  quotas.apply(
    applied.map((change) => ({
      ...tenant,
      code: resourceQuotas.activeCalls.code,
      context: '*',
      value: 0,
      ...change,
    })),
  );
  return quotas;
}

function found(quotas: Quotas, code: string): Quota {
  const quota = quotas.find(code);
  assert.ok(quota, code);
  return quota;
}

describe('quotas', () => {
  it('are the configuration’s where nothing was raised, else the published ones', () => {
    const quotas = opened();
    assert.equal(quotas.resource('activeCalls', { tenant, instanceId: one }), 1000);
    assert.equal(quotas.resource('campaignCalls', { tenant, instanceId: one }), 0);
    assert.equal(quotas.resource('flows', { tenant, instanceId: one }), 100);
  });

  it('prefer the value of an instance to the account’s, and that to the default', () => {
    const quotas = opened([{ value: 50 }, { context: one, value: 7 }]);
    assert.equal(quotas.resource('activeCalls', { tenant, instanceId: one }), 7);
    assert.equal(quotas.resource('activeCalls', { tenant, instanceId: other }), 50);
    assert.equal(quotas.resource('activeCalls', { tenant }), 50);
  });

  it('keep accounts and Regions apart', () => {
    const quotas = opened([{ value: 50 }]);
    const elsewhere = { ...tenant, region: 'eu-west-2' };
    const stranger = { ...tenant, accountId: '111111111111' as AccountId };
    assert.equal(quotas.resource('activeCalls', { tenant: elsewhere }), 1000);
    assert.equal(quotas.resource('activeCalls', { tenant: stranger }), 1000);
  });

  it('raise the rate of one operation of one account', () => {
    const code = 'L-4E9BCC96';
    const quotas = opened([{ code, value: 8 }]);
    assert.equal(found(quotas, code).name, 'Rate of StartOutboundVoiceContact API requests');
    assert.deepEqual(quotas.rate(tenant, 'StartOutboundVoiceContact'), { perSecond: 8, burst: 20 });
    assert.deepEqual(quotas.rate(tenant, 'ListQueues'), { perSecond: 2, burst: 5 });
    const stranger = { ...tenant, accountId: '111111111111' as AccountId };
    assert.deepEqual(quotas.rate(stranger, 'StartOutboundVoiceContact'), { perSecond: 2, burst: 5 });
  });

  it('name the call slots that they count', () => {
    const quotas = opened();
    assert.equal(found(quotas, resourceQuotas.activeCalls.code).pool, 'active-calls');
    assert.equal(found(quotas, resourceQuotas.campaignCalls.code).pool, 'campaign-calls');
    assert.equal(found(quotas, resourceQuotas.flows.code).pool, undefined);
  });

  it('have one code each, and stand in its order', () => {
    const codes = opened().all.map(({ code }) => code);
    assert.deepEqual(codes, [...new Set(codes)].sort());
  });
});
