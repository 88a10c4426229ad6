// Between datagrams and messages: one listening socket, parsing, Via stamping, the trace, and patience with garbage
// (RFC 3261 §18, RFC 3581).
import type { Clock } from '../clock.ts';
import type { SipFault } from '../errors.ts';
import { SipPortUnavailable } from '../errors.ts';
import { formatHostPort } from '../message/grammar.ts';
import { MalformedRequest } from '../message/malformed-request.ts';
import type { SipMessage } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import { ParseFailure } from '../message/parse-failure.ts';
import { stampVia } from '../message/via.ts';
import type { DatagramNetwork, DatagramSocket, NetworkAddress } from './datagram-network.ts';
import type { SipEndpoint, SipPeer } from './sip-endpoint.ts';

/** One message on the wire, for ladders: after it was sent, or before it is dispatched. */
export interface SipTraceEntry {
  readonly atMs: number;
  readonly direction: 'sent' | 'received';
  readonly local: SipEndpoint;
  readonly remote: SipEndpoint;
  readonly message: SipMessage;
  /** The message as it is on the wire. */
  text(): string;
}

export interface TransportLayerOptions {
  host: string;
  port: number;
  /** The address to write into Via and Contact, where it differs from the bound one (NAT, wildcard binding). */
  advertise: { host: string; port?: number } | undefined;
  clock: Clock;
  network: DatagramNetwork;
  acceptsFrom: ((peer: NetworkAddress) => boolean) | undefined;
  onMessage: (message: SipMessage, source: SipPeer) => void;
  /** A request whose start line and fields could be read, but which is malformed: the server owes it a 4xx or 5xx. */
  onMalformedRequest: (failure: MalformedRequest, source: SipPeer) => void;
  onTrace: ((entry: SipTraceEntry) => void) | undefined;
  onFault: (fault: SipFault) => void;
}

/** Malformed datagrams are reported at most this often. */
const MALFORMED_REPORT_INTERVAL_MS = 10_000;

export class TransportLayer {
  readonly #options: TransportLayerOptions;
  #socket: DatagramSocket | undefined;
  #endpoint: SipEndpoint | undefined;
  #advertised: SipEndpoint | undefined;
  #malformedSinceReport = 0;
  #lastMalformedReportMs = Number.NEGATIVE_INFINITY;

  constructor(options: TransportLayerOptions) {
    this.#options = options;
  }

  /** @throws {SipPortUnavailable} */
  async open(): Promise<void> {
    const { host, port, network, advertise } = this.#options;
    try {
      this.#socket = await network.bind({
        host,
        port,
        onDatagram: (data, from) =>
          this.#receive(data, { host: from.host, port: from.port, transport: 'udp' }),
        onError: (error) => this.#options.onFault({ kind: 'socketError', error }),
      });
    } catch (error) {
      throw new SipPortUnavailable(host, port, codeOf(error), error);
    }
    this.#endpoint = { host, port: this.#socket.port, transport: 'udp' };
    this.#advertised = {
      host: advertise?.host ?? host,
      port: advertise?.port ?? this.#socket.port,
      transport: 'udp',
    };
  }

  /** The bound address. */
  get endpoint(): SipEndpoint {
    return opened(this.#endpoint);
  }

  /** The address peers are told, as host:port. */
  get sentBy(): string {
    const { host, port } = opened(this.#advertised);
    return formatHostPort(host, port);
  }

  /** The address that peer is told for requests to us. */
  contactAddress(_peer: SipEndpoint): string {
    return this.sentBy;
  }

  /** Sends a message as `formatMessage` wrote it. `onFailure` is never called before `send` has returned. */
  send(wire: string, to: SipPeer, onFailure?: (error: Error) => void): void {
    const report = onFailure ?? ((error: Error) => this.#options.onFault({ kind: 'sendFailed', to, error }));
    try {
      opened(this.#socket).send(Buffer.from(wire, 'utf8'), to, report);
    } catch (error) {
      queueMicrotask(() => report(error instanceof Error ? error : new Error(String(error))));
      return;
    }
    this.#trace('sent', to, wire, undefined);
  }

  async close(): Promise<void> {
    await this.#socket?.close();
  }

  #receive(data: Uint8Array, source: SipPeer): void {
    if (this.#options.acceptsFrom?.(source) === false || isKeepAlive(data)) return;
    let message: SipMessage;
    try {
      message = parseMessage(data);
      if (message.kind === 'request') {
        const { headers } = message;
        const { topVia, topViaValue } = headers;
        const stamped = stampVia(topViaValue, topVia, source);
        if (stamped !== topViaValue) headers.replaceTopVia(stamped);
      }
    } catch (error) {
      this.refuse(error, source);
      return;
    }
    this.#trace('received', source, data, message);
    this.#options.onMessage(message, source);
  }

  /** Counts a datagram that turned out malformed, here or in a layer above, and has a readable request answered. */
  refuse(error: unknown, source: SipPeer): void {
    if (!(error instanceof ParseFailure)) throw error;
    this.#malformedSinceReport++;
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#lastMalformedReportMs >= MALFORMED_REPORT_INTERVAL_MS) {
      const count = this.#malformedSinceReport;
      this.#malformedSinceReport = 0;
      this.#lastMalformedReportMs = nowMs;
      this.#options.onFault({ kind: 'malformedDatagram', count, source, problem: error.message });
    }
    if (error instanceof MalformedRequest) this.#options.onMalformedRequest(error, source);
  }

  #trace(
    direction: SipTraceEntry['direction'],
    peer: NetworkAddress,
    wire: string | Uint8Array,
    message: SipMessage | undefined,
  ): void {
    const { onTrace, clock, onFault } = this.#options;
    if (onTrace === undefined) return;
    const remote: SipEndpoint = { host: peer.host, port: peer.port, transport: 'udp' };
    try {
      onTrace(new WireTrace(clock.now(), direction, this.endpoint, remote, wire, message));
    } catch (error) {
      onFault({ kind: 'callbackFailed', callback: 'onTrace', error });
    }
  }
}

/** Sent messages exist as text only; whoever wants to look at one pays for parsing it. */
class WireTrace implements SipTraceEntry {
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
    this.#message ??= parseMessage(this.#bytes());
    return this.#message;
  }

  text(): string {
    return typeof this.#wire === 'string' ? this.#wire : this.#bytes().toString('utf8');
  }

  #bytes(): Buffer {
    const wire = this.#wire;
    return typeof wire === 'string'
      ? Buffer.from(wire, 'utf8')
      : Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength);
  }
}

/** Empty datagrams and bare line ends keep NAT bindings open; they mean nothing (RFC 5626 §3.5.1). */
function isKeepAlive(data: Uint8Array): boolean {
  if (data.length > 4) return false;
  for (const byte of data) if (byte !== 0x0d && byte !== 0x0a) return false;
  return true;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? 'unknown';
}

function opened<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the transport layer is not open; await open() first');
  return part;
}
