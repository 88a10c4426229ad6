import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReceptionStatistics } from './reception-statistics.ts';
import { middleOfNtp, readReport, writeReport } from './rtcp.ts';
import { RtcpConversation } from './rtcp-conversation.ts';

const reception = {
  ssrc: 0xcafe_0001,
  fractionLost: 0.25,
  lost: -3,
  highestSequence: 0x0001_0005,
  jitter: 80,
  lastSenderReport: 0x1234_5678,
  delaySinceLastSenderReport: 65_536,
};

describe('RTCP packet', () => {
  it('carries a sender report, a name and a goodbye, each of whole words', () => {
    const packet = writeReport({
      ssrc: 0xbeef_0001,
      cname: 'beef0001',
      sender: { nowMs: 1_000.5, rtpTimestamp: 160, packets: 7, octets: 1_120 },
      reception,
      isGoodbye: true,
    });
    assert.equal(packet.length % 4, 0);
    assert.deepEqual(
      [packet[1], packet[52 + 1], packet[52 + 20 + 1]],
      [200, 202, 203],
      'SR of 52 bytes, SDES of 20, BYE',
    );
    const heard = readReport(packet, 0xcafe_0001);
    assert.equal(heard?.ssrc, 0xbeef_0001);
    assert.equal(heard?.senderReport, middleOfNtp(1_000.5));
    assert.deepEqual(heard?.ofUs, reception);
  });

  it('is a receiver report while nothing was sent', () => {
    const packet = writeReport({ ssrc: 1, cname: 'x', sender: undefined, reception, isGoodbye: false });
    assert.equal(packet[1], 201);
    assert.deepEqual(readReport(packet, reception.ssrc)?.ofUs, reception);
    assert.equal(readReport(packet, 99)?.ofUs, undefined);
  });

  it('is refused when a length, version, type or count is a lie', () => {
    const good = writeReport({ ssrc: 1, cname: 'x', sender: undefined, reception, isGoodbye: false });
    const broken = (at: number, value: number): Uint8Array => {
      const bytes = good.slice();
      bytes[at] = value;
      return bytes;
    };
    for (const bytes of [
      new Uint8Array(0),
      good.subarray(0, 7),
      good.subarray(0, good.length - 4),
      new Uint8Array(4_000),
      broken(0, 0x01),
      broken(0, 0x9f),
      broken(0, 0xa1),
      broken(1, 0),
      broken(1, 203),
      broken(3, 255),
      broken(33, 18),
    ]) {
      assert.equal(readReport(bytes, 1), undefined);
    }
  });

  it('survives random bytes', () => {
    let state = 7;
    for (let n = 0; n < 20_000; n += 1) {
      const bytes = new Uint8Array(4 * (n % 40)).map(() => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 24;
      });
      if (bytes.length > 1) {
        bytes[0] = 0x81;
        bytes[1] = 200 + (n % 2);
      }
      readReport(bytes, 1);
    }
  });
});

describe('RTCP conversation', () => {
  it('measures the round trip from the report that comes back', () => {
    const [us, them] = [new RtcpConversation(1, () => 0), new RtcpConversation(2, () => 0)];
    const [heardByUs, heardByThem] = [new ReceptionStatistics(), new ReceptionStatistics()];
    heardByThem.record(1, 10, 0, 0);
    heardByThem.record(1, 13, 480, 60);
    const sentAtMs = 1_700_000_000_000;
    const ours = us.report(sentAtMs, { rtpTimestamp: 0, packets: 4, octets: 640 }, heardByUs);
    // 40 ms there, 500 ms until they report, 60 ms back.
    them.hear(ours, sentAtMs + 40);
    us.hear(
      them.report(sentAtMs + 540, { rtpTimestamp: 0, packets: 0, octets: 0 }, heardByThem),
      sentAtMs + 600,
    );
    assert.ok(Math.abs((us.roundTripMs ?? 0) - 100) < 0.1, `${us.roundTripMs}`);
    assert.equal(us.remote?.lost, 2);
    assert.equal(us.remote?.fractionLost, 0.5);
  });

  it('believes no report that answers none of ours', () => {
    const us = new RtcpConversation(1, () => 0);
    const forged = writeReport({
      ssrc: 2,
      cname: 'x',
      sender: undefined,
      reception: { ...reception, ssrc: 1, lastSenderReport: 12_345 },
      isGoodbye: false,
    });
    us.hear(forged, 1_700_000_000_000);
    assert.equal(us.roundTripMs, undefined);
    assert.equal(us.received, 1);
  });

  it('reports in half to one and a half of five seconds', () => {
    for (const random of [0, 0x8000_0000, 0xffff_ffff]) {
      const talk = new RtcpConversation(1, () => random);
      const due: number[] = [];
      for (let tick = 1; tick <= 1_500; tick += 1) if (talk.tick()) due.push(tick);
      const apart = (due[1] as number) - (due[0] as number);
      assert.ok(apart >= 125 && apart <= 375, `${apart} ticks`);
    }
  });
});
