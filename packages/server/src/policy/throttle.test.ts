import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountId } from '../ids.ts';
import { defaultRate, raisedRate, rateQuotaCodes } from './request-rates.ts';
import { askBucket, openThrottle, type RateLimit, type TokenBucket } from './throttle.ts';

const limit: RateLimit = { perSecond: 2, burst: 5 };
const tenant = { accountId: '000000000000' as AccountId, region: 'us-east-1' };

/** Asks once at each time and says what was answered. */
function ask(timesMs: readonly number[], of: RateLimit = limit): string[] {
  let bucket: TokenBucket | undefined;
  return timesMs.map((nowMs) => {
    const step = askBucket(bucket, of, nowMs);
    bucket = step.next;
    return step.verdict;
  });
}

const allowed = (verdicts: readonly string[]): number =>
  verdicts.filter((verdict) => verdict === 'allowed').length;

describe('token bucket', () => {
  it('allows a burst, and then what comes back', () => {
    assert.deepEqual(ask([0, 0, 0, 0, 0, 0]), [...Array.from({ length: 5 }, () => 'allowed'), 'refused']);
    assert.deepEqual(ask([0, 0, 0, 0, 0, 499, 500, 500]).slice(5), ['refused', 'allowed', 'refused']);
  });

  it('takes nothing for a refused request', () => {
    const hammering = Array.from({ length: 100 }, (_, n) => n * 5);
    assert.deepEqual(ask([0, 0, 0, 0, 0, ...hammering, 500]).at(-1), 'allowed');
  });

  it('allows rate × time + burst over any span, and never more', () => {
    for (const spanMs of [100, 1000, 10_000, 60_000]) {
      const times = Array.from({ length: spanMs + 1 }, (_, ms) => ms);
      assert.equal(allowed(ask(times)), 5 + (spanMs / 1000) * 2 - (spanMs === 100 ? 0.2 : 0));
    }
  });

  it('does not save up more than its burst', () => {
    assert.equal(allowed(ask([0, ...Array.from({ length: 10 }, () => 3_600_000)])), 6);
  });

  it('allows one request each two seconds at half a token a second', () => {
    const slow = { perSecond: 0.5, burst: 1 };
    assert.deepEqual(ask([0, 1999, 2000, 3999, 4000], slow), [
      'allowed',
      'refused',
      'allowed',
      'refused',
      'allowed',
    ]);
  });

  it('brings no tokens when the clock goes back, and goes on from there', () => {
    assert.deepEqual(ask([10_000, 10_000, 10_000, 10_000, 10_000, 0, 499, 500]).slice(5), [
      'refused',
      'refused',
      'allowed',
    ]);
  });
});

describe('throttle', () => {
  it('keeps accounts, Regions and operations apart', () => {
    const throttle = openThrottle(() => ({ perSecond: 1, burst: 1 }), { now: () => 0 });
    const other = { ...tenant, accountId: '111111111111' as AccountId };
    const elsewhere = { ...tenant, region: 'eu-west-2' };
    assert.equal(throttle.ask(tenant, 'StopContact'), 'allowed');
    assert.equal(throttle.ask(tenant, 'StopContact'), 'refused');
    assert.equal(throttle.ask(tenant, 'ListQueues'), 'allowed');
    assert.equal(throttle.ask(other, 'StopContact'), 'allowed');
    assert.equal(throttle.ask(elsewhere, 'StopContact'), 'allowed');
  });

  it('follows a limit that is raised meanwhile', () => {
    let nowMs = 0;
    let current = limit;
    const throttle = openThrottle(() => current, { now: () => nowMs });
    for (let n = 0; n < 5; n += 1) throttle.ask(tenant, 'ListQueues');
    assert.equal(throttle.ask(tenant, 'ListQueues'), 'refused');
    current = raisedRate(limit, 20);
    nowMs = 1000;
    const verdicts = Array.from({ length: 25 }, () => throttle.ask(tenant, 'ListQueues'));
    assert.equal(allowed(verdicts), 20);
  });
});

describe('request rates', () => {
  it('are the published ones', () => {
    const published: [operation: string, perSecond: number, burst: number][] = [
      ['StartOutboundVoiceContact', 2, 5],
      ['CreateContactFlow', 2, 5],
      ['AnythingNew', 2, 5],
      ['DescribeContact', 10, 15],
      ['StopContact', 10, 15],
      ['GetMetricDataV2', 10, 10],
      ['SearchContacts', 0.5, 1],
      ['TagContact', 20, 25],
      ['StartChatContact', 5, 8],
      ['ListIntegrationAssociations', 25, 50],
      ['GetServiceQuota', 5, 10],
    ];
    for (const [operation, perSecond, burst] of published) {
      assert.deepEqual(defaultRate('aws', operation), { perSecond, burst }, operation);
    }
  });

  it('are out of reach unless asked for', () => {
    assert.equal(defaultRate('generous', 'StartOutboundVoiceContact').perSecond, 10_000);
  });

  it('keep burst and rate in proportion when raised', () => {
    assert.deepEqual(raisedRate(limit, 20), { perSecond: 20, burst: 50 });
    assert.deepEqual(raisedRate({ perSecond: 0.5, burst: 1 }, 0.1), { perSecond: 0.1, burst: 1 });
  });

  it('have a quota code of their own each', () => {
    assert.equal(new Set(Object.values(rateQuotaCodes)).size, Object.keys(rateQuotaCodes).length);
  });
});
