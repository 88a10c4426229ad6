import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PacketStanding, ReceptionStatistics } from './reception-statistics.ts';

/** Feeds sequence numbers at a steady 20 ms. */
function feed(
  statistics: ReceptionStatistics,
  sequenceNumbers: readonly number[],
  ssrc = 1,
): PacketStanding[] {
  return sequenceNumbers.map((sequenceNumber) =>
    statistics.record(ssrc, sequenceNumber & 0xffff, sequenceNumber * 160, sequenceNumber * 20),
  );
}

describe('reception statistics', () => {
  it('counts a steady stream across the wrap without loss or jitter', () => {
    const statistics = new ReceptionStatistics();
    const standings = feed(statistics, [65_533, 65_534, 65_535, 65_536, 65_537]);
    assert.deepEqual(new Set(standings), new Set(['next']));
    assert.equal(statistics.received, 5);
    assert.equal(statistics.lost, 0);
    assert.equal(statistics.jitterMs, 0);
  });

  it('counts losses, and takes them back when the packet comes late', () => {
    const statistics = new ReceptionStatistics();
    feed(statistics, [10, 11, 15]);
    assert.equal(statistics.lost, 3);
    assert.deepEqual(feed(statistics, [13]), ['late']);
    assert.equal(statistics.lost, 2);
    assert.equal(statistics.outOfOrder, 1);
  });

  it('copies neither count as received nor hide a loss', () => {
    const statistics = new ReceptionStatistics();
    assert.deepEqual(feed(statistics, [10, 10, 12, 10, 12]), [
      'next',
      'duplicate',
      'next',
      'duplicate',
      'duplicate',
    ]);
    assert.equal(statistics.received, 2);
    assert.equal(statistics.duplicates, 3);
    assert.equal(statistics.lost, 1);
  });

  it('a packet from before the first one widens the count', () => {
    const statistics = new ReceptionStatistics();
    feed(statistics, [10, 9, 11]);
    assert.equal(statistics.received, 3);
    assert.equal(statistics.lost, 0);
  });

  it('one wild sequence number is ignored, two in a row are a restart (RFC 3550 A.1)', () => {
    const statistics = new ReceptionStatistics();
    assert.deepEqual(feed(statistics, [10, 30_000, 11, 50_000, 50_001, 50_002]), [
      'next',
      'jump',
      'next',
      'jump',
      'next',
      'next',
    ]);
    assert.equal(statistics.received, 4);
    assert.equal(statistics.lost, 0);
  });

  it('another SSRC begins anew and keeps what was lost before', () => {
    const statistics = new ReceptionStatistics();
    feed(statistics, [10, 13]);
    feed(statistics, [40_000, 40_001], 2);
    assert.equal(statistics.lost, 2);
    assert.equal(statistics.received, 4);
  });

  it('jitter follows the formula of RFC 3550 A.8', () => {
    const statistics = new ReceptionStatistics();
    // Arrival 20, 30, 20, 30 … ms apart from timestamps 20 ms apart: |D| = 10 ms each time from the second on.
    let expected = 0;
    for (let n = 0; n < 50; n += 1) {
      statistics.record(1, n, n * 160, n * 20 + (n % 2) * 10);
      if (n > 0) expected += (10 - expected) / 16;
    }
    assert.ok(Math.abs(statistics.jitterMs - expected) < 0.001, `${statistics.jitterMs} for ${expected}`);
    assert.ok(expected > 9);
  });

  it('packets without a time of their own leave the jitter alone', () => {
    const statistics = new ReceptionStatistics();
    for (let n = 0; n < 10; n += 1) statistics.record(1, n, 0, undefined);
    assert.equal(statistics.jitterMs, 0);
    assert.equal(statistics.received, 10);
  });

  it('takes no change of the time base within a source for jitter', () => {
    const statistics = new ReceptionStatistics();
    for (let n = 0; n < 100; n += 1) {
      const timestamp = n * 160 + (n > 60 ? 2_000_000_000 : 0);
      statistics.record(1, n, timestamp, n * 20 + (n % 2) * 10);
    }
    assert.ok(statistics.jitterMs > 9 && statistics.jitterMs < 11, `${statistics.jitterMs} ms`);
  });
});
