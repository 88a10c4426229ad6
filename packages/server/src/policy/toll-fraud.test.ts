import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InstanceId, PhoneNumber } from '../ids.ts';
import { openInstancePolicies } from './instance-policies.ts';
import { type CallCaps, callLimitsOf, defaultTrunkCaps, isPriced, noCaps } from './toll-fraud.ts';

const number = '+12065550100' as PhoneNumber;
const call = { country: 'US', number };
/** 2026-01-01 12:34:56.789 UTC. */
const nowMs = Date.UTC(2026, 0, 1, 12, 34, 56, 789);

describe('call limits', () => {
  it('are none without caps', () => {
    assert.equal(callLimitsOf(noCaps, call, nowMs), undefined);
  });

  it('count in the minute and day of UTC in which the call was asked for', () => {
    const caps: CallCaps = { ...noCaps, perInstance: { perMinute: 60, perDay: 1000 } };
    assert.deepEqual(callLimitsOf(caps, call, nowMs)?.counters, [
      {
        scope: 'instance',
        subject: '',
        window: 'minute',
        startsAtMs: Date.UTC(2026, 0, 1, 12, 34),
        limit: 60,
      },
      { scope: 'instance', subject: '', window: 'day', startsAtMs: Date.UTC(2026, 0, 1), limit: 1000 },
    ]);
  });

  it('name country and number', () => {
    const caps: CallCaps = { ...noCaps, perCountry: { perDay: 5 }, perNumber: { perMinute: 1 } };
    const counters = callLimitsOf(caps, call, nowMs)?.counters;
    assert.deepEqual(
      counters?.map(({ scope, subject, window, limit }) => [scope, subject, window, limit]),
      [
        ['country', 'US', 'day', 5],
        ['number', number, 'minute', 1],
      ],
    );
  });

  it('of a country that is named replace those of every country', () => {
    const caps: CallCaps = { ...noCaps, perCountry: { perMinute: 9 }, countries: { GB: { perDay: 3 } } };
    const limits = callLimitsOf(caps, { country: 'GB', number }, nowMs);
    assert.deepEqual(
      limits?.counters.map(({ window, limit }) => [window, limit]),
      [['day', 3]],
    );
  });

  it('set aside the price of the longest prefix, in millionths', () => {
    const caps: CallCaps = {
      ...noCaps,
      spend: { perDay: 20, pricesPerMinute: { '+': 1, '+1': 0.0133, '+1206555': 0.02 }, reservedMinutes: 5 },
    };
    assert.deepEqual(callLimitsOf(caps, call, nowMs)?.charge, {
      dayStartsAtMs: Date.UTC(2026, 0, 1),
      perMinuteMicros: 20_000,
      reservedMicros: 100_000,
      dayLimitMicros: 20_000_000,
    });
    const elsewhere = { country: 'US', number: '+14155550100' as PhoneNumber };
    assert.equal(callLimitsOf(caps, elsewhere, nowMs)?.charge?.perMinuteMicros, 13_300);
    const abroad = { country: 'FR', number: '+33123456789' as PhoneNumber };
    assert.equal(callLimitsOf(caps, abroad, nowMs)?.charge?.perMinuteMicros, 1_000_000);
  });

  it('need a price for each number once money is capped', () => {
    const caps: CallCaps = {
      ...noCaps,
      spend: { perDay: 20, pricesPerMinute: { '+44': 1 }, reservedMinutes: 5 },
    };
    assert.equal(isPriced(caps, number), false);
    assert.equal(isPriced(caps, '+442079460000' as PhoneNumber), true);
    assert.equal(isPriced(noCaps, number), true);
  });
});

describe('policies of instances', () => {
  const instance = { id: '11111111-1111-4111-8111-111111111111' as InstanceId, alias: 'support' };
  const base = { region: 'us-east-1', forAll: {}, instances: {} } as const;

  it('have safe caps with a trunk and none in the emulator', () => {
    const trunk = openInstancePolicies({ ...base, carrier: 'trunk' }).of(instance);
    assert.deepEqual(trunk.caps, defaultTrunkCaps);
    assert.deepEqual([...trunk.destinations.countries], []);
    const emulator = openInstancePolicies({ ...base, carrier: 'simulated' }).of(instance);
    assert.deepEqual(emulator.caps, noCaps);
    assert.ok(emulator.destinations.countries.has('US'));
  });

  it('keep the caps that are not spoken of, and lose those that are off', () => {
    const policies = openInstancePolicies({
      ...base,
      carrier: 'trunk',
      forAll: { caps: { perInstance: { perDay: 5000 }, perNumber: { perDay: 'off' } } },
    });
    const { caps } = policies.of(instance);
    assert.deepEqual(caps.perInstance, { perMinute: 60, perDay: 5000 });
    assert.deepEqual(caps.perNumber, {});
    const off = openInstancePolicies({ ...base, carrier: 'trunk', forAll: { caps: 'off' } });
    assert.deepEqual(off.of(instance).caps, noCaps);
  });

  it('are an instance’s own by alias or id, on top of those for all', () => {
    const policies = openInstancePolicies({
      ...base,
      carrier: 'trunk',
      forAll: { countries: ['US', 'CA'], openPrefixes: ['+447'] },
      instances: {
        support: { countries: ['GB'] },
        '22222222-2222-4222-8222-222222222222': { caps: { perInstance: { perMinute: 1 } } },
      },
    });
    const byAlias = policies.of(instance);
    assert.deepEqual([...byAlias.destinations.countries], ['GB']);
    assert.deepEqual(byAlias.destinations.openPrefixes, ['+447']);
    assert.deepEqual(byAlias.caps, defaultTrunkCaps);
    const byId = policies.of({ id: '22222222-2222-4222-8222-222222222222' as InstanceId, alias: 'x' });
    assert.deepEqual([...byId.destinations.countries], ['US', 'CA']);
    assert.deepEqual(byId.caps.perInstance, { perMinute: 1, perDay: 1000 });
    assert.deepEqual(policies.of({ ...instance, alias: 'other' }).caps, defaultTrunkCaps);
  });
});
