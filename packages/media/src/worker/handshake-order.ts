/**
 * Stands before the WebRTC library's DTLS and lets each handshake message through once and in its order, whatever was lost,
 * doubled or overtaken on the way. Knows records and message headers (DTLS 1.2, RFC 6347 §4.1 and §4.2.2), nothing of keys.
 *
 * The library (werift 0.25.2) acts on every message again: a second HelloVerifyRequest makes its client fail, a repeated
 * ClientKeyExchange gives its server other keys than the browser's, and a late ClientHello ends a connection that stands. Repeats
 * are ordinary where the other side is slow to answer.
 */

const CHANGE_CIPHER_SPEC = 20;
const HANDSHAKE = 22;
const FIRST_RECORD_TYPE = 20;
/** The range of first bytes that DTLS has beside STUN, TURN and RTP (RFC 7983 §7). */
const LAST_DTLS_BYTE = 63;

const RECORD_HEADER_BYTES = 13;
const MESSAGE_HEADER_BYTES = 12;

const CLIENT_HELLO = 1;
const SERVER_HELLO_DONE = 14;
const CERTIFICATE_VERIFY = 15;

/** One side's view of the messages that come to it in one handshake; both roles. */
export class HandshakeOrder {
  /** The message expected next, and how much of it has come in fragments. */
  #nextMessage = 0;
  #nextOffset = 0;
  /** Type of the last message that came whole. */
  #lastType = 0;
  /** The far end has finished: only what is encrypted comes from it. */
  #isFinished = false;

  /** What of a datagram may go on: all of it, some of it, or nothing. Anything but DTLS goes on as it is. */
  pass(datagram: Uint8Array): Uint8Array | undefined {
    const first = datagram[0] ?? 0;
    if (first < FIRST_RECORD_TYPE || first > LAST_DTLS_BYTE) return datagram;
    const kept: Uint8Array[] = [];
    let isWhole = true;
    let at = 0;
    while (at + RECORD_HEADER_BYTES <= datagram.length) {
      const end = at + RECORD_HEADER_BYTES + uint16(datagram, at + 11);
      // A record that is cut off is nobody's.
      if (end > datagram.length) break;
      const record = datagram.subarray(at, end);
      const passed = this.#passRecord(record);
      if (passed) kept.push(passed);
      isWhole &&= passed === record;
      at = end;
    }
    return isWhole && at === datagram.length ? datagram : joined(kept);
  }

  #passRecord(record: Uint8Array): Uint8Array | undefined {
    const isEncrypted = uint16(record, 3) > 0;
    if (record[0] !== HANDSHAKE) {
      // What comes in the clear after the handshake may be anybody's, a ChangeCipherSpec is repeated with its flight.
      return isEncrypted || !this.#isFinished || record[0] === CHANGE_CIPHER_SPEC ? record : undefined;
    }
    if (!isEncrypted) return this.#passMessages(record);
    // Finished, of which only the place is known: after the whole flight. Its repeat asks for our last flight again.
    if (this.#lastType !== CERTIFICATE_VERIFY && this.#lastType !== SERVER_HELLO_DONE) return undefined;
    this.#isFinished = true;
    return record;
  }

  /** The record with those of its messages whose turn it is. */
  #passMessages(record: Uint8Array): Uint8Array | undefined {
    const kept: Uint8Array[] = [];
    let keptBytes = 0;
    for (let at = RECORD_HEADER_BYTES; at + MESSAGE_HEADER_BYTES <= record.length; ) {
      const end = at + MESSAGE_HEADER_BYTES + uint24(record, at + 9);
      if (end > record.length) break;
      const message = record.subarray(at, end);
      if (this.#isItsTurn(message)) {
        kept.push(message);
        keptBytes += message.length;
      }
      at = end;
    }
    if (keptBytes === 0) return undefined;
    if (keptBytes === record.length - RECORD_HEADER_BYTES) return record;
    const header = record.slice(0, RECORD_HEADER_BYTES);
    header[11] = keptBytes >> 8;
    header[12] = keptBytes & 0xff;
    return joined([header, ...kept]);
  }

  #isItsTurn(message: Uint8Array): boolean {
    const type = message[0] as number;
    const bytes = uint24(message, 1);
    const number = uint16(message, 4);
    const offset = uint24(message, 6);
    if (number === this.#nextMessage && offset === this.#nextOffset) {
      this.#nextOffset += uint24(message, 9);
      if (this.#nextOffset < bytes) return true;
      this.#nextMessage += 1;
      this.#nextOffset = 0;
      this.#lastType = type;
      return true;
    }
    // The newest hello once more: our answer to it was lost, and only its repeat brings another.
    return type === CLIENT_HELLO && this.#lastType === CLIENT_HELLO && number === this.#nextMessage - 1;
  }
}

/** The little of the library's connection that is needed here. */
interface OrderedConnection {
  readonly iceTransports: readonly {
    readonly connection: { readonly onData: { execute: (datagram: Buffer) => void } };
  }[];
}

/** Puts the order before the DTLS of a connection whose transports are there. Once for each connection, before its handshake. */
export function keepHandshakeOrder(connection: OrderedConnection): void {
  for (const { connection: path } of connection.iceTransports) {
    const order = new HandshakeOrder();
    const { execute } = path.onData;
    path.onData.execute = (datagram) => {
      const passed = order.pass(datagram);
      if (passed === datagram) execute(datagram);
      else if (passed) execute(Buffer.from(passed.buffer, passed.byteOffset, passed.byteLength));
    };
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function uint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | uint16(bytes, at + 1);
}

function joined(parts: readonly Uint8Array[]): Uint8Array | undefined {
  const [only, ...others] = parts;
  return others.length === 0 ? only : new Uint8Array(Buffer.concat(parts));
}
