// One message as it crossed the wire, for ladders, captures and exports.
import type { SipMessage } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import type { SipEndpoint } from './sip-endpoint.ts';

/** One message on the wire: after it was sent, or before it is dispatched. */
export interface SipTraceEntry {
  readonly atMs: number;
  readonly direction: 'sent' | 'received';
  readonly local: SipEndpoint;
  readonly remote: SipEndpoint;
  readonly message: SipMessage;
  /** The message as it is on the wire. */
  text(): string;
  /** The same as bytes; not to be changed. */
  bytes(): Uint8Array;
}

/** Sent messages exist as text only; whoever wants to look at one pays for parsing it. */
export class WireTrace implements SipTraceEntry {
  readonly atMs: number;
  readonly direction: SipTraceEntry['direction'];
  readonly local: SipEndpoint;
  readonly remote: SipEndpoint;
  readonly #wire: string | Uint8Array;
  #message: SipMessage | undefined;

  constructor(
    atMs: number,
    direction: SipTraceEntry['direction'],
    local: SipEndpoint,
    remote: SipEndpoint,
    wire: string | Uint8Array,
    message: SipMessage | undefined,
  ) {
    this.atMs = atMs;
    this.direction = direction;
    this.local = local;
    this.remote = remote;
    this.#wire = wire;
    this.#message = message;
  }

  get message(): SipMessage {
    this.#message ??= parseMessage(this.bytes());
    return this.#message;
  }

  text(): string {
    return typeof this.#wire === 'string' ? this.#wire : this.#view(this.#wire).toString('utf8');
  }

  bytes(): Uint8Array {
    return typeof this.#wire === 'string' ? Buffer.from(this.#wire, 'utf8') : this.#view(this.#wire);
  }

  #view(wire: Uint8Array): Buffer {
    return Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength);
  }
}
