// Token buckets by source.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SourceRates, sourceKey } from './source-rates.ts';

describe('source rates', () => {
  test('a burst of two seconds passes, then the rate does', () => {
    const rates = new SourceRates();
    const admitted = (nowMs: number, count: number) =>
      Array.from({ length: count }, () => rates.admits('192.0.2.1', 10, nowMs)).filter(Boolean).length;
    assert.equal(admitted(0, 50), 20);
    assert.equal(admitted(500, 50), 5);
    assert.equal(admitted(100_000, 50), 20);
    assert.equal(rates.admits('192.0.2.2', 10, 100_000), true);
  });

  test('an unlimited rate keeps no state', () => {
    const rates = new SourceRates();
    assert.equal(rates.admits('192.0.2.1', Number.POSITIVE_INFINITY, 0), true);
    assert.equal(rates.size, 0);
  });

  test('forged sources cannot make the table grow', () => {
    const rates = new SourceRates();
    for (let index = 0; index < 20_000; index++) rates.admits(`10.0.${index >> 8}.${index & 255}`, 1, index);
    assert.equal(rates.size, 4_096);
  });

  test('an IPv6 source is its /64', () => {
    assert.equal(sourceKey('2001:db8:1:2::1'), sourceKey('2001:db8:1:2:ffff:1:1:1'));
    assert.notEqual(sourceKey('2001:db8:1:2::1'), sourceKey('2001:db8:1:3::1'));
    assert.equal(sourceKey('::1'), '0:0:0:0::/64');
    assert.equal(sourceKey('fe80::1%eth0'), 'fe80:0:0:0::/64');
    assert.equal(sourceKey('192.0.2.1'), '192.0.2.1');
  });
});
