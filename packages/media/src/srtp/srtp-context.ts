/**
 * SRTP and SRTCP under one master key (RFC 3711): AES-128 in counter mode, HMAC-SHA1 with 80 or 32 bits of tag. One context
 * a direction; the receiving one keeps what it has seen of each source apart (RFC 3711 §3.2.3).
 */
import { createCipheriv, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { RTP_HEADER_BYTES } from '../rtp/packet.ts';

export const MASTER_KEY_BYTES = 16;
export const MASTER_SALT_BYTES = 14;

/** SRTCP has the long tag in both suites (RFC 4568 §6.2). */
const SRTCP_TAG_BYTES = 10;
const SRTCP_INDEX_BYTES = 4;
const SRTCP_HEADER_BYTES = 8;

const AUTH_KEY_BYTES = 20;
const SEQUENCES = 0x10000;

/** Labels of key derivation (RFC 3711 §4.3.2). */
const LABEL = { rtp: 0, rtcp: 3 } as const;

/** Keys as bytes cost Node 24 ten times as much for each packet as those that it has prepared. */
interface SessionKeys {
  readonly cipher: KeyObject;
  readonly auth: KeyObject;
  readonly salt: Buffer;
}

/** The same as bytes, as RFC 3711 names them. */
interface DerivedKeys {
  readonly cipher: Buffer;
  readonly auth: Buffer;
  readonly salt: Buffer;
}

export class SrtpContext {
  readonly #tagBytes: number;
  readonly #rtp: SessionKeys;
  readonly #rtcp: SessionKeys;
  readonly #iv = Buffer.alloc(16);
  readonly #rolloverBytes = Buffer.alloc(4);
  #sentSequence = -1;
  #sentRollover = 0;
  #sentRtcp = 0;
  readonly #received = new SeenSources();
  readonly #receivedRtcp = new SeenSources();
  /** Of the key before, as long as nothing came under this one. */
  #before: SrtpContext | undefined;

  /**
   * @param tagBytes 10 or 4.
   * @param before what received until now: its packets may still be on their way, and its sources may go on in their count.
   */
  constructor(masterKey: Uint8Array, masterSalt: Uint8Array, tagBytes: 10 | 4, before?: SrtpContext) {
    this.#tagBytes = tagBytes;
    if (before) this.#before = before.#before ?? before;
    this.#rtp = prepared(deriveKeys(masterKey, masterSalt, LABEL.rtp));
    this.#rtcp = prepared(deriveKeys(masterKey, masterSalt, LABEL.rtcp));
  }

  /** The packet, encrypted and tagged. Packets must come in order of their sequence numbers. */
  protect(packet: Uint8Array): Buffer {
    const sequence = ((packet[2] as number) << 8) | (packet[3] as number);
    if (this.#sentSequence >= 0 && sequence < this.#sentSequence) this.#sentRollover += 1;
    this.#sentSequence = sequence;
    const ssrc = uint32(packet, 8);
    const protectedPacket = Buffer.allocUnsafe(packet.length + this.#tagBytes);
    protectedPacket.set(packet);
    const index = this.#sentRollover * SEQUENCES + sequence;
    this.#crypt(this.#rtp, ssrc, index, packet.subarray(RTP_HEADER_BYTES)).copy(
      protectedPacket,
      RTP_HEADER_BYTES,
    );
    const tag = this.#tagOf(protectedPacket.subarray(0, packet.length), this.#sentRollover);
    tag.copy(protectedPacket, packet.length, 0, this.#tagBytes);
    return protectedPacket;
  }

  /** The packet as it was before `protect`; undefined when it is forged, repeated or far too old. */
  unprotect(packet: Uint8Array): Uint8Array | undefined {
    const plain = this.#unprotectHere(packet);
    if (!plain) return this.#before?.unprotect(packet);
    this.#before = undefined;
    return plain;
  }

  #unprotectHere(packet: Uint8Array): Uint8Array | undefined {
    const length = packet.length - this.#tagBytes;
    const start = headerBytes(packet);
    if (start === undefined || start > length) return undefined;
    const sequence = ((packet[2] as number) << 8) | (packet[3] as number);
    const ssrc = uint32(packet, 8);
    const seen = this.#received.of(ssrc);
    const signed = packet.subarray(0, length);
    let index = guessIndex(sequence, seen.highest);
    if (!this.#isTrue(packet, signed, index, seen)) {
      // Whether the count of rollovers begins again with another key (RFC 4568 §7.1.4) or goes on (RFC 3711 §3.3.1), far ends disagree.
      if (!this.#before || seen.highest >= 0) return undefined;
      index = guessIndex(sequence, this.#before.#received.of(ssrc).highest);
      if (index < SEQUENCES || !this.#isTrue(packet, signed, index, seen)) return undefined;
    }
    seen.add(index);
    // Only the holder of the key can name a new source.
    this.#received.keep(ssrc, seen);
    const plain = new Uint8Array(length);
    plain.set(signed);
    plain.set(this.#crypt(this.#rtp, ssrc, index, signed.subarray(start)), start);
    return plain;
  }

  /** The tag is the one of this index, which is new. */
  #isTrue(packet: Uint8Array, signed: Uint8Array, index: number, seen: SeenPackets): boolean {
    if (index < 0 || seen.has(index)) return false;
    const tag = this.#tagOf(signed, Math.floor(index / SEQUENCES)).subarray(0, this.#tagBytes);
    return timingSafeEqual(tag, packet.subarray(signed.length));
  }

  protectRtcp(packet: Uint8Array): Buffer {
    const index = this.#sentRtcp;
    this.#sentRtcp = (this.#sentRtcp + 1) % 2 ** 31;
    const end = packet.length;
    const protectedPacket = Buffer.allocUnsafe(end + SRTCP_INDEX_BYTES + SRTCP_TAG_BYTES);
    protectedPacket.set(packet);
    const body = packet.subarray(SRTCP_HEADER_BYTES);
    this.#crypt(this.#rtcp, uint32(packet, 4), index, body).copy(protectedPacket, SRTCP_HEADER_BYTES);
    // The highest bit says that the packet is encrypted.
    protectedPacket.writeUInt32BE((index | 0x8000_0000) >>> 0, end);
    const signed = protectedPacket.subarray(0, end + SRTCP_INDEX_BYTES);
    createHmac('sha1', this.#rtcp.auth)
      .update(signed)
      .digest()
      .copy(protectedPacket, end + SRTCP_INDEX_BYTES, 0, SRTCP_TAG_BYTES);
    return protectedPacket;
  }

  unprotectRtcp(packet: Uint8Array): Uint8Array | undefined {
    return this.#unprotectRtcpHere(packet) ?? this.#before?.unprotectRtcp(packet);
  }

  #unprotectRtcpHere(packet: Uint8Array): Uint8Array | undefined {
    const signedEnd = packet.length - SRTCP_TAG_BYTES;
    const end = signedEnd - SRTCP_INDEX_BYTES;
    if (end < SRTCP_HEADER_BYTES) return undefined;
    const tag = createHmac('sha1', this.#rtcp.auth).update(packet.subarray(0, signedEnd)).digest();
    if (!timingSafeEqual(tag.subarray(0, SRTCP_TAG_BYTES), packet.subarray(signedEnd))) return undefined;
    const word = uint32(packet, end);
    const index = word & 0x7fff_ffff;
    const ssrc = uint32(packet, 4);
    const seen = this.#receivedRtcp.of(ssrc);
    if (seen.has(index)) return undefined;
    seen.add(index);
    this.#receivedRtcp.keep(ssrc, seen);
    const plain = packet.slice(0, end);
    if (word & 0x8000_0000) {
      plain.set(this.#crypt(this.#rtcp, ssrc, index, plain.subarray(SRTCP_HEADER_BYTES)), SRTCP_HEADER_BYTES);
    }
    return plain;
  }

  #tagOf(signed: Uint8Array, rollover: number): Buffer {
    this.#rolloverBytes.writeUInt32BE(rollover >>> 0);
    return createHmac('sha1', this.#rtp.auth).update(signed).update(this.#rolloverBytes).digest();
  }

  /** Counter mode (RFC 3711 §4.1.1): IV = salt·2¹⁶ ⊕ SSRC·2⁶⁴ ⊕ index·2¹⁶. */
  #crypt({ cipher, salt }: SessionKeys, ssrc: number, index: number, body: Uint8Array): Buffer {
    const iv = this.#iv.fill(0);
    salt.copy(iv);
    iv.writeUInt32BE((iv.readUInt32BE(4) ^ ssrc) >>> 0, 4);
    iv.writeUInt16BE(iv.readUInt16BE(8) ^ Math.floor(index / 2 ** 32), 8);
    iv.writeUInt32BE((iv.readUInt32BE(10) ^ (index % 2 ** 32)) >>> 0, 10);
    return createCipheriv('aes-128-ctr', cipher, iv).update(body);
  }
}

/** Keys of a session from the master key (RFC 3711 §4.3, derivation rate 0); `label` that of the cipher key. */
export function deriveKeys(masterKey: Uint8Array, masterSalt: Uint8Array, label: number): DerivedKeys {
  const derive = (at: number, bytes: number): Buffer => {
    const iv = Buffer.alloc(16);
    iv.set(masterSalt);
    iv[7] = (iv[7] as number) ^ at;
    return createCipheriv('aes-128-ctr', masterKey, iv).update(Buffer.alloc(bytes));
  };
  return {
    cipher: derive(label, MASTER_KEY_BYTES),
    auth: derive(label + 1, AUTH_KEY_BYTES),
    salt: derive(label + 2, MASTER_SALT_BYTES),
  };
}

function prepared({ cipher, auth, salt }: DerivedKeys): SessionKeys {
  return { cipher: createSecretKey(cipher), auth: createSecretKey(auth), salt };
}

/** RFC 3711 §3.3.1: the index of the rollover under which the sequence number is nearest to the highest so far. */
function guessIndex(sequence: number, highest: number): number {
  if (highest < 0) return sequence;
  const rollover = Math.floor(highest / SEQUENCES);
  const distance = sequence - (highest % SEQUENCES);
  if (distance > SEQUENCES / 2) return (rollover - 1) * SEQUENCES + sequence;
  return (distance < -SEQUENCES / 2 ? rollover + 1 : rollover) * SEQUENCES + sequence;
}

const WINDOW = 64;

/** Which packets of one source have come. */
class SeenPackets {
  /** Highest index accepted: rollover counter and sequence number; −1 before the first. */
  highest = -1;
  /** Which of the 64 indices up to the highest were seen. */
  #seen = 0n;

  /** It was accepted before, or is too old to tell. */
  has(index: number): boolean {
    const behind = this.highest - index;
    if (this.highest < 0 || behind < 0) return false;
    return behind >= WINDOW || ((this.#seen >> BigInt(behind)) & 1n) === 1n;
  }

  add(index: number): void {
    const ahead = index - this.highest;
    if (this.highest >= 0 && ahead <= 0) {
      this.#seen |= 1n << BigInt(-ahead);
      return;
    }
    const isFar = this.highest < 0 || ahead >= WINDOW;
    this.#seen = isFar ? 1n : BigInt.asUintN(WINDOW, this.#seen << BigInt(ahead)) | 1n;
    this.highest = index;
  }
}

/** More sources than any call has; beyond it the one that was first is forgotten. */
const MOST_SOURCES = 32;

class SeenSources {
  readonly #sources = new Map<number, SeenPackets>();

  /** What has come of a source, or nothing yet. */
  of(ssrc: number): SeenPackets {
    return this.#sources.get(ssrc) ?? new SeenPackets();
  }

  /** Remembers a source, once a packet has proved it. */
  keep(ssrc: number, seen: SeenPackets): void {
    if (this.#sources.has(ssrc)) return;
    const [first] = this.#sources.keys();
    if (first !== undefined && this.#sources.size >= MOST_SOURCES) this.#sources.delete(first);
    this.#sources.set(ssrc, seen);
  }
}

/** Where the payload begins; undefined where the packet is too short for its header. */
function headerBytes(packet: Uint8Array): number | undefined {
  if (packet.length < RTP_HEADER_BYTES || (packet[0] as number) >> 6 !== 2) return undefined;
  const first = packet[0] as number;
  let bytes = RTP_HEADER_BYTES + 4 * (first & 0x0f);
  if (first & 0x10) {
    if (bytes + 4 > packet.length) return undefined;
    bytes += 4 + 4 * (((packet[bytes + 2] as number) << 8) | (packet[bytes + 3] as number));
  }
  return bytes;
}

function uint32(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [
    number,
    number,
    number,
    number,
  ];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
