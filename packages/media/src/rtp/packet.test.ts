import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emptyPacketView, readRtpPacket, writeRtpHeader } from './packet.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('RTP packets', () => {
  it('reads what it writes, at the ends of every field', () => {
    for (const [marker, payloadType, sequenceNumber, timestamp, ssrc] of [
      [true, 0, 0, 0, 0],
      [false, 127, 0xffff, 0xffffffff, 0xffffffff],
      [true, 101, 0x1234, 0x80000000, 0xdeadbeef],
    ] as const) {
      const buffer = new Uint8Array(15);
      writeRtpHeader(buffer, marker, payloadType, sequenceNumber, timestamp, ssrc);
      const packet = emptyPacketView();
      assert.equal(readRtpPacket(buffer, packet), true);
      assert.deepEqual(packet, {
        marker,
        payloadType,
        sequenceNumber,
        timestamp,
        ssrc,
        payloadStart: 12,
        payloadEnd: 15,
      });
    }
  });

  it('passes over CSRCs, header extension and padding', () => {
    const packet = emptyPacketView();
    // V=2 P=1 X=1 CC=1, one CSRC, an extension of one word, payload aa bb, two bytes of padding.
    const datagram = bytes('b1 80 0001 00000002 00000003 00000004 bede0001 11223344 aabb 0002');
    assert.equal(readRtpPacket(datagram, packet), true);
    assert.deepEqual([...datagram.subarray(packet.payloadStart, packet.payloadEnd)], [0xaa, 0xbb]);
  });

  for (const [name, hex] of [
    ['nothing', ''],
    ['a header cut short', '80 00 0001 00000002 000000'],
    ['version 1', '40 00 0001 00000002 00000003 aa'],
    ['STUN', '0001 0000 2112a442 000102030405060708090a0b'],
    ['CSRCs past the end', '8f 00 0001 00000002 00000003 aa'],
    ['an extension past the end', '90 00 0001 00000002 00000003 bede ffff 00'],
    ['an extension header past the end', '90 00 0001 00000002 00000003 bede'],
    ['more padding than packet', 'a0 00 0001 00000002 00000003 ff'],
    ['padding of zero', 'a0 00 0001 00000002 00000003 00'],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.equal(readRtpPacket(bytes(hex), emptyPacketView()), false);
    });
  }
});
