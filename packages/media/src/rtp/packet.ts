/**
 * RTP packets on the wire (RFC 3550 §5.1): read into a reused view, written into a reused buffer.
 * Sits at the bottom of `rtp/`; allocates nothing per packet.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                           timestamp                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                             SSRC                              |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |        CSRC × CC, extension if X, payload, padding if P       |
 * ```
 */

/** Size of the fixed header, bytes. */
export const RTP_HEADER_BYTES = 12;

/** The fields of one packet. The payload is `datagram[payloadStart … payloadEnd)`. */
export interface RtpPacketView {
  marker: boolean;
  payloadType: number;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  payloadStart: number;
  payloadEnd: number;
}

/** A view to read into; make one and reuse it. */
export function emptyPacketView(): RtpPacketView {
  return {
    marker: false,
    payloadType: 0,
    sequenceNumber: 0,
    timestamp: 0,
    ssrc: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

/** Reads a datagram into `packet`; false (and `packet` undefined in content) when it is not well-formed RTP. */
export function readRtpPacket(datagram: Uint8Array, packet: RtpPacketView): boolean {
  const length = datagram.length;
  if (length < RTP_HEADER_BYTES) return false;
  const first = datagram[0] as number;
  if (first >> 6 !== 2) return false;
  let start = RTP_HEADER_BYTES + 4 * (first & 0x0f);
  if (first & 0x10) {
    if (start + 4 > length) return false;
    start += 4 + 4 * uint16(datagram, start + 2);
  }
  let end = length;
  if (first & 0x20) {
    const padding = datagram[length - 1] as number;
    if (padding === 0) return false;
    end -= padding;
  }
  if (start > end) return false;
  const second = datagram[1] as number;
  packet.marker = (second & 0x80) !== 0;
  packet.payloadType = second & 0x7f;
  packet.sequenceNumber = uint16(datagram, 2);
  packet.timestamp = uint32(datagram, 4);
  packet.ssrc = uint32(datagram, 8);
  packet.payloadStart = start;
  packet.payloadEnd = end;
  return true;
}

/** Writes the fixed header at the start of `buffer`, without CSRCs, extension or padding. */
export function writeRtpHeader(
  buffer: Uint8Array,
  marker: boolean,
  payloadType: number,
  sequenceNumber: number,
  timestamp: number,
  ssrc: number,
): void {
  buffer[0] = 0x80;
  buffer[1] = (marker ? 0x80 : 0) | payloadType;
  buffer[2] = sequenceNumber >>> 8;
  buffer[3] = sequenceNumber;
  buffer[4] = timestamp >>> 24;
  buffer[5] = timestamp >>> 16;
  buffer[6] = timestamp >>> 8;
  buffer[7] = timestamp;
  buffer[8] = ssrc >>> 24;
  buffer[9] = ssrc >>> 16;
  buffer[10] = ssrc >>> 8;
  buffer[11] = ssrc;
}

function uint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

function uint32(bytes: Uint8Array, offset: number): number {
  return ((uint16(bytes, offset) << 16) | uint16(bytes, offset + 2)) >>> 0;
}
