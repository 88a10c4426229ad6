// HEP version 3, the format in which Homer and its kin collect SIP: one datagram a message, made of chunks.
//
//   "HEP3" │ total length │ chunk, chunk, …       chunk:  vendor (0) │ type │ length with these six bytes │ value
import type { DatagramNetwork, DatagramSocket } from '../transport/datagram-network.ts';
import type { SipTraceEntry } from '../transport/wire-trace.ts';
import { addressBytes, sameFamily } from './ip-address.ts';
import { callIdOf, keepMessage, partiesOf, type TracedMessage } from './traced-message.ts';

/** Chunk types of the generic vendor. */
const CHUNK = {
  family: 0x0001,
  protocol: 0x0002,
  sourceIpv4: 0x0003,
  destinationIpv4: 0x0004,
  sourceIpv6: 0x0005,
  destinationIpv6: 0x0006,
  sourcePort: 0x0007,
  destinationPort: 0x0008,
  seconds: 0x0009,
  microseconds: 0x000a,
  payloadKind: 0x000b,
  captureId: 0x000c,
  password: 0x000e,
  payload: 0x000f,
  correlation: 0x0011,
} as const;

const FAMILY_IPV4 = 2;
const FAMILY_IPV6 = 10;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const PAYLOAD_SIP = 1;
const CHUNK_HEADER_BYTES = 6;
/** A packet says its length in two bytes, and travels in one datagram. */
const LARGEST_PACKET_BYTES = 65_507;

export interface HepIdentity {
  /** Tells this capture agent from others, 32 bits. */
  readonly captureId: number;
  readonly password?: string | undefined;
}

/** One HEP packet; undefined when the message is too large for any. */
export function encodeHep(
  message: TracedMessage,
  identity: HepIdentity,
  callId?: string,
): Buffer | undefined {
  const { from, to } = partiesOf(message);
  const [source, destination] = sameFamily(addressBytes(from.host), addressBytes(to.host));
  const isIpv4 = source.family === 4;
  const chunks = [
    chunk(CHUNK.family, byte(isIpv4 ? FAMILY_IPV4 : FAMILY_IPV6)),
    chunk(CHUNK.protocol, byte(message.remote.transport === 'udp' ? PROTOCOL_UDP : PROTOCOL_TCP)),
    chunk(isIpv4 ? CHUNK.sourceIpv4 : CHUNK.sourceIpv6, source.bytes),
    chunk(isIpv4 ? CHUNK.destinationIpv4 : CHUNK.destinationIpv6, destination.bytes),
    chunk(CHUNK.sourcePort, short(from.port)),
    chunk(CHUNK.destinationPort, short(to.port)),
    chunk(CHUNK.seconds, long(Math.floor(message.atMs / 1_000))),
    chunk(CHUNK.microseconds, long(Math.floor(message.atMs % 1_000) * 1_000)),
    chunk(CHUNK.payloadKind, byte(PAYLOAD_SIP)),
    chunk(CHUNK.captureId, long(identity.captureId)),
    ...(identity.password === undefined ? [] : [chunk(CHUNK.password, Buffer.from(identity.password))]),
    ...(callId === undefined ? [] : [chunk(CHUNK.correlation, Buffer.from(callId))]),
    chunk(CHUNK.payload, Buffer.from(message.bytes)),
  ];
  const header = Buffer.from('HEP3\0\0', 'latin1');
  const packet = Buffer.concat([header, ...chunks]);
  if (packet.length > LARGEST_PACKET_BYTES) return undefined;
  packet.writeUInt16BE(packet.length, 4);
  return packet;
}

function chunk(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  header.writeUInt16BE(type, 2);
  // Of a value that is too long the packet is refused; its length must not overflow here before.
  header.writeUInt16BE(Math.min(CHUNK_HEADER_BYTES + value.length, 0xffff), 4);
  return Buffer.concat([header, value]);
}

function byte(value: number): Buffer {
  return Buffer.from([value]);
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export interface HepExporterOptions extends HepIdentity {
  /** Where Homer listens; usually port 9060. */
  readonly collector: { readonly host: string; readonly port: number };
  /** The local address to send from. */
  readonly localHost: string;
  readonly network: DatagramNetwork;
}

export interface HepExporter {
  /** Give it to `onTrace`. What cannot be sent is counted and forgotten: a capture must never hold up a call. */
  readonly record: (entry: SipTraceEntry) => void;
  readonly counters: { readonly sent: number; readonly failed: number };
  close(): Promise<void>;
}

/** @throws the socket's error when `localHost` is none of ours */
export async function openHepExporter(options: HepExporterOptions): Promise<HepExporter> {
  const counters = { sent: 0, failed: 0 };
  const onError = (): void => {
    counters.failed++;
  };
  const socket: DatagramSocket = await options.network.bind({
    host: options.localHost,
    port: 0,
    onDatagram: () => {},
    onError,
  });
  return {
    counters,
    record: (entry) => {
      const packet = encodeHep(keepMessage(entry), options, callIdOf(entry));
      if (packet === undefined) {
        counters.failed++;
        return;
      }
      counters.sent++;
      socket.send(packet, options.collector, onError);
    },
    close: () => socket.close(),
  };
}
