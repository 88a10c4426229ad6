// One call as a capture file for Wireshark and sngrep: the messages in packets made up for them.
//
//   file:    magic, version 2.4, zone 0, accuracy 0, longest packet, link type 101 (raw IP)
//   packet:  seconds, microseconds, bytes kept, bytes there were │ IPv4 or IPv6 header │ UDP header │ message
import { addressBytes, sameFamily } from './ip-address.ts';
import { partiesOf, type TracedMessage } from './traced-message.ts';

const MAGIC = 0xa1b2c3d4;
const LINKTYPE_RAW = 101;
const LONGEST_PACKET_BYTES = 262_144;
const UDP = 17;
const UDP_HEADER_BYTES = 8;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
/** What fits into a UDP datagram over IPv4; a longer message, which only streams carry, is cut. */
const LARGEST_PAYLOAD_BYTES = 65_507;
const TTL = 64;

/**
 * A pcap file. Messages of TCP and TLS stand in UDP packets like all others: the bytes of a stream were never kept, and what matters
 * is readable this way.
 */
export function writePcap(messages: readonly TracedMessage[]): Buffer {
  return Buffer.concat([fileHeader(), ...messages.flatMap(packetRecord)]);
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(LONGEST_PACKET_BYTES, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  return header;
}

function packetRecord(message: TracedMessage): Buffer[] {
  const payload = Buffer.from(message.bytes).subarray(0, LARGEST_PAYLOAD_BYTES);
  const { from, to } = partiesOf(message);
  const [source, destination] = sameFamily(addressBytes(from.host), addressBytes(to.host));
  const udp = udpHeader(from.port, to.port, payload, source.bytes, destination.bytes);
  const ip =
    source.family === 4
      ? ipv4Header(source.bytes, destination.bytes, udp.length + payload.length)
      : ipv6Header(source.bytes, destination.bytes, udp.length + payload.length);
  const length = ip.length + udp.length + payload.length;
  const record = Buffer.alloc(16);
  record.writeUInt32LE(Math.floor(message.atMs / 1_000) >>> 0, 0);
  record.writeUInt32LE(Math.floor(message.atMs % 1_000) * 1_000, 4);
  record.writeUInt32LE(length, 8);
  record.writeUInt32LE(length, 12);
  return [record, ip, udp, payload];
}

function ipv4Header(source: Buffer, destination: Buffer, payloadBytes: number): Buffer {
  const header = Buffer.alloc(IPV4_HEADER_BYTES);
  header[0] = 0x45;
  header.writeUInt16BE(IPV4_HEADER_BYTES + payloadBytes, 2);
  header[8] = TTL;
  header[9] = UDP;
  source.copy(header, 12);
  destination.copy(header, 16);
  header.writeUInt16BE(checksum([header]), 10);
  return header;
}

function ipv6Header(source: Buffer, destination: Buffer, payloadBytes: number): Buffer {
  const header = Buffer.alloc(IPV6_HEADER_BYTES);
  header[0] = 0x60;
  header.writeUInt16BE(payloadBytes, 4);
  header[6] = UDP;
  header[7] = TTL;
  source.copy(header, 8);
  destination.copy(header, 24);
  return header;
}

/** Its checksum also covers the addresses (RFC 768, RFC 8200 §8.1). */
function udpHeader(
  sourcePort: number,
  destinationPort: number,
  payload: Buffer,
  source: Buffer,
  destination: Buffer,
): Buffer {
  const header = Buffer.alloc(UDP_HEADER_BYTES);
  const length = UDP_HEADER_BYTES + payload.length;
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(destinationPort, 2);
  header.writeUInt16BE(length, 4);
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(UDP, 0);
  pseudo.writeUInt16BE(length, 2);
  const sum = checksum([source, destination, pseudo, header, payload]);
  header.writeUInt16BE(sum === 0 ? 0xffff : sum, 6);
  return header;
}

/** The Internet checksum (RFC 1071); only the last part may have an odd length. */
function checksum(parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let index = 0; index < part.length; index += 2) {
      sum += ((part[index] ?? 0) << 8) | (part[index + 1] ?? 0);
    }
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
