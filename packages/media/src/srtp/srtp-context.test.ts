import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RtcpPacketConverter, RtcpRrPacket, RtpPacket, SrtcpSession, SrtpSession } from 'werift';
import { emptyPacketView, readRtpPacket, writeRtpHeader } from '../rtp/packet.ts';
import { deriveKeys, SrtpContext } from './srtp-context.ts';

const key = Buffer.from('e1f97a0d3e018be0d64fa32c06de4139', 'hex');
const salt = Buffer.from('0ec675ad498afeebb6960b3aabe6', 'hex');

function rtp(sequence: number, payload: Uint8Array, ssrc = 0xcafe_babe): Uint8Array {
  const packet = new Uint8Array(12 + payload.length);
  writeRtpHeader(packet, false, 0, sequence & 0xffff, (sequence * 160) >>> 0, ssrc);
  packet.set(payload, 12);
  return packet;
}

const payload = new Uint8Array(160).map((_, i) => i);
const contexts = (tagBytes: 10 | 4 = 10): [SrtpContext, SrtpContext] => [
  new SrtpContext(key, salt, tagBytes),
  new SrtpContext(key, salt, tagBytes),
];

describe('SRTP', () => {
  it('derives the keys of RFC 3711 B.3', () => {
    const { cipher, salt: sessionSalt, auth } = deriveKeys(key, salt, 0);
    assert.equal(cipher.toString('hex'), 'c61e7a93744f39ee10734afe3ff7a087');
    assert.equal(sessionSalt.toString('hex'), '30cbbc08863d8c85d49db34a9ae1');
    assert.equal(auth.toString('hex'), 'cebe321f6ff7716b6fd4ab49af256a156d38baa4');
  });

  it('speaks with another implementation, both ways, over the wrap of sequence numbers', () => {
    const other = new SrtpSession({
      profile: 1,
      keys: { localMasterKey: key, localMasterSalt: salt, remoteMasterKey: key, remoteMasterSalt: salt },
    });
    const [ours, theirs] = contexts();
    for (let sequence = 65_530; sequence < 65_560; sequence += 1) {
      const plain = rtp(sequence, payload);
      assert.deepEqual(new Uint8Array(other.decrypt(ours.protect(plain))), plain);
      const { header } = RtpPacket.deSerialize(Buffer.from(plain));
      assert.deepEqual(theirs.unprotect(other.encrypt(Buffer.from(payload), header)), plain);
    }
  });

  it('speaks SRTCP with another implementation, both ways', () => {
    const other = new SrtcpSession({
      profile: 1,
      keys: { localMasterKey: key, localMasterSalt: salt, remoteMasterKey: key, remoteMasterSalt: salt },
    });
    const [ours, theirs] = contexts();
    const report = new RtcpRrPacket({ ssrc: 7, reports: [] }).serialize();
    for (let n = 0; n < 3; n += 1) {
      assert.deepEqual(Buffer.from(other.decrypt(ours.protectRtcp(report))), report);
      assert.deepEqual(Buffer.from(theirs.unprotectRtcp(other.encrypt(report)) ?? []), report);
    }
    assert.equal(RtcpPacketConverter.deSerialize(report).length, 1);
  });

  for (const tagBytes of [10, 4] as const) {
    it(`${tagBytes * 8} bit tag › takes late packets once, and none twice`, () => {
      const [sender, receiver] = contexts(tagBytes);
      const packets = Array.from({ length: 100 }, (_, n) => sender.protect(rtp(65_500 + n, payload)));
      const order = packets.map((_, n) => (n % 10 === 3 ? n + 4 : n % 10 === 7 ? n - 4 : n));
      for (const n of order) assert.ok(receiver.unprotect(packets[n] as Buffer), `packet ${n}`);
      for (const packet of packets) assert.equal(receiver.unprotect(packet), undefined);
    });
  }

  it('refuses what was changed, cut, or made under another key', () => {
    const [sender, receiver] = contexts();
    const packet = sender.protect(rtp(1, payload));
    for (let at = 0; at < packet.length; at += 1) {
      const changed = Buffer.from(packet);
      changed[at] = (changed[at] as number) ^ 1;
      assert.equal(receiver.unprotect(changed), undefined, `byte ${at}`);
    }
    for (let length = 0; length < packet.length; length += 1) {
      assert.equal(receiver.unprotect(packet.subarray(0, length)), undefined);
      assert.equal(receiver.unprotectRtcp(packet.subarray(0, length)), undefined);
    }
    const stranger = new SrtpContext(Buffer.alloc(16, 1), salt, 10);
    assert.equal(receiver.unprotect(stranger.protect(rtp(1, payload))), undefined);
    assert.ok(receiver.unprotect(packet), 'the true packet still counts');
  });

  it('hides the payload and leaves the header readable', () => {
    const [sender] = contexts();
    const packet = sender.protect(rtp(5, payload));
    const view = emptyPacketView();
    assert.ok(readRtpPacket(packet, view));
    assert.equal(view.sequenceNumber, 5);
    assert.notDeepEqual(packet.subarray(12, 172), Buffer.from(payload));
  });

  it('keeps sources apart: none is replayed after another, and one that comes back goes on in its rollover', () => {
    const receiver = new SrtpContext(key, salt, 10);
    const [one, other] = contexts();
    const first = one.protect(rtp(65_535, payload, 1));
    assert.ok(receiver.unprotect(first));
    assert.ok(receiver.unprotect(one.protect(rtp(0, payload, 1))));
    assert.ok(receiver.unprotect(other.protect(rtp(7, payload, 2))));
    assert.equal(receiver.unprotect(first), undefined);
    assert.ok(receiver.unprotect(one.protect(rtp(1, payload, 1))));
  });

  it('takes reports of a new source, whose count begins again', () => {
    const receiver = new SrtpContext(key, salt, 10);
    const [one, other] = contexts();
    const report = (ssrc: number): Uint8Array => new RtcpRrPacket({ ssrc, reports: [] }).serialize();
    const first = one.protectRtcp(report(1));
    assert.ok(receiver.unprotectRtcp(first));
    assert.ok(receiver.unprotectRtcp(one.protectRtcp(report(1))));
    assert.ok(receiver.unprotectRtcp(other.protectRtcp(report(2))));
    assert.equal(receiver.unprotectRtcp(first), undefined);
  });

  /** A sender that is in its second rollover, and the receiver that has heard it get there. */
  function longCall(): { sender: SrtpContext; receiver: SrtpContext } {
    const [sender, receiver] = contexts();
    for (const sequence of [40_000, 65_535, 0, 30_000, 50_000])
      assert.ok(receiver.unprotect(sender.protect(rtp(sequence, payload))));
    return { sender, receiver };
  }

  const otherKey = Buffer.alloc(16, 3);

  it('under another key › goes on hearing the key before until the other is used, and not any more then', () => {
    const { sender, receiver } = longCall();
    const rekeyed = new SrtpContext(otherKey, salt, 10, receiver);
    const report = new RtcpRrPacket({ ssrc: 7, reports: [] }).serialize();
    const late = sender.protect(rtp(50_001, payload));
    assert.ok(rekeyed.unprotect(late));
    assert.equal(rekeyed.unprotect(late), undefined);
    assert.ok(rekeyed.unprotectRtcp(sender.protectRtcp(report)));
    assert.ok(rekeyed.unprotect(new SrtpContext(otherKey, salt, 10).protect(rtp(50_003, payload))));
    assert.equal(rekeyed.unprotect(sender.protect(rtp(50_002, payload))), undefined);
    assert.equal(rekeyed.unprotectRtcp(sender.protectRtcp(report)), undefined);
  });

  it('under another key › hears senders that begin their rollover again, and those that go on in it', () => {
    for (const goesOn of [false, true]) {
      const rekeyed = new SrtpContext(otherKey, salt, 10, longCall().receiver);
      const sender = new SrtpContext(otherKey, salt, 10);
      if (goesOn) for (const sequence of [40_000, 65_535, 0, 30_000]) sender.protect(rtp(sequence, payload));
      for (const sequence of [50_002, 50_003, 65_535, 0, 1])
        assert.ok(rekeyed.unprotect(sender.protect(rtp(sequence, payload))), `${goesOn} ${sequence}`);
    }
  });

  it('under keys that were never used › remembers the last that was', () => {
    const { sender, receiver } = longCall();
    let latest = receiver;
    for (let n = 4; n < 8; n += 1) latest = new SrtpContext(Buffer.alloc(16, n), salt, 10, latest);
    assert.ok(latest.unprotect(sender.protect(rtp(50_001, payload))));
  });
});
