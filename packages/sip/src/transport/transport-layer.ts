// Between the wire and messages: all listening points and connections of a user agent, the choice of transport, Via, parsing, the
// trace, and patience with garbage (RFC 3261 §18, RFC 3581).
import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import { type SipFault, SipPortUnavailable, TransportError } from '../errors.ts';
import { formatHostPort } from '../message/grammar.ts';
import { MalformedRequest } from '../message/malformed-request.ts';
import type { SipMessage } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import { ParseFailure } from '../message/parse-failure.ts';
import { stampVia } from '../message/via.ts';
import type { LiveCounters } from './counters.ts';
import type { DatagramNetwork, DatagramSocket } from './datagram-network.ts';
import type { EffectiveLimits } from './limits.ts';
import { PeerStanding } from './peer-standing.ts';
import { shortenAnswer } from './shorten-answer.ts';
import { isReliable, type SipEndpoint, type SipPeer, type SipTransport } from './sip-endpoint.ts';
import { StreamConnections } from './stream-connections.ts';
import type { StreamListener, StreamNetwork, TlsConnectOptions, TlsListenOptions } from './stream-network.ts';
import { type SipTraceEntry, WireTrace } from './wire-trace.ts';

/** An address to listen on. IPv6 addresses take IPv6 only; a host with both families has two points. */
export interface ListenPoint {
  readonly transport: SipTransport;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** The address to write into Via and Contact, where it differs from the bound one (NAT, wildcard binding). */
  readonly advertise?: { readonly host: string; readonly port?: number } | undefined;
  /** Needed for TLS. */
  readonly tls?: TlsListenOptions | undefined;
}

export interface TransportLayerOptions {
  /** At least one. Its first is the one whose address goes into Via before the way of a message is known. */
  listen: readonly ListenPoint[];
  clock: Clock;
  network: DatagramNetwork;
  streams: StreamNetwork;
  tlsFor: (endpoint: SipEndpoint) => TlsConnectOptions;
  acceptsFrom: ((peer: SipEndpoint) => boolean) | undefined;
  limits: EffectiveLimits;
  counters: LiveCounters;
  onMessage: (message: SipMessage, source: SipPeer) => void;
  /** A request whose start line and fields could be read, but which is malformed: the server owes it a 4xx or 5xx. Returns whether it got it. */
  onMalformedRequest: (failure: MalformedRequest, source: SipPeer) => boolean;
  /** A connection is gone; whoever waits for an answer on it will not get one. */
  onConnectionLost: (peer: SipPeer, error: TransportError) => void;
  onTrace: ((entry: SipTraceEntry) => void) | undefined;
  onFault: (fault: SipFault) => void;
}

/** Who sent a message, and must know when it cannot leave. */
export interface Sender {
  fail(error: Error): void;
}

/** A message with its way: where it goes first, and where it may go when nobody listens there. */
export interface Way {
  readonly destination: SipPeer;
  readonly fallback: SipPeer | undefined;
}

/** Malformed messages are reported at most this often. */
const MALFORMED_REPORT_INTERVAL_MS = 10_000;
/** Requests above this leave over TCP where we speak it (RFC 3261 §18.1.1). */
const LARGEST_UDP_REQUEST_BYTES = 1_300;
/** How long a peer that refused TCP is not asked again, ms, and how many such peers are remembered. */
const TCP_REFUSED_MS = 600_000;
const MAX_TCP_REFUSERS = 1_024;

interface OpenPoint {
  readonly bound: SipEndpoint;
  readonly advertised: SipEndpoint;
  /** `Via: SIP/2.0/TCP host:port` */
  readonly via: string;
  readonly socket: DatagramSocket | undefined;
  readonly listener: StreamListener | undefined;
}

export class TransportLayer {
  readonly #options: TransportLayerOptions;
  readonly #standing: PeerStanding;
  readonly #connections: StreamConnections;
  readonly #points: OpenPoint[] = [];
  readonly #tcpRefusedUntilMs = new Map<string, number>();
  #malformedSinceReport = 0;
  #lastMalformedReportMs = Number.NEGATIVE_INFINITY;

  constructor(options: TransportLayerOptions) {
    this.#options = options;
    const { clock, limits, counters, acceptsFrom } = options;
    this.#standing = new PeerStanding({ clock, limits, counters, acceptsFrom });
    this.#connections = new StreamConnections({
      clock,
      network: options.streams,
      limits,
      counters,
      tlsFor: options.tlsFor,
      admitsMessage: (peer) => this.#standing.admitsMessage(peer),
      onMessage: (bytes, peer, local) => this.#receive(bytes, peer, local),
      onUnframed: (failure, head, peer) => this.#refuseUnframed(failure, head, peer),
      onLost: options.onConnectionLost,
    });
  }

  /** @throws {SipPortUnavailable} */
  async open(): Promise<void> {
    try {
      for (const point of this.#options.listen) this.#points.push(await this.#openPoint(point));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** The first bound address. */
  get endpoint(): SipEndpoint {
    return this.#first.bound;
  }

  /** All bound addresses, in the order they were given. */
  get endpoints(): readonly SipEndpoint[] {
    return this.#points.map(({ bound }) => bound);
  }

  /** The first address as peers are told, as host:port. */
  get sentBy(): string {
    const { host, port } = this.#first.advertised;
    return formatHostPort(host, port);
  }

  /** The address that peer is told for requests to us, with the transport parameter where it is not UDP. */
  contactAddress(peer: SipEndpoint): string {
    const { transport } = peer;
    const { host, port } = (this.#pointFor(transport, peer.host) ?? this.#first).advertised;
    return `${formatHostPort(host, port)}${transport === 'udp' ? '' : `;transport=${transport}`}`;
  }

  /** Whether a response that cannot use its request's connection reaches us: the peer may open another to our Via (RFC 3261 §18.2.2). */
  hearsFrom({ transport, host }: SipEndpoint): boolean {
    return this.#pointFor(transport, host) !== undefined;
  }

  /** Large requests for UDP leave over TCP, and may return to UDP if nobody listens there (RFC 3261 §18.1.1). */
  wayFor(wire: string, to: SipPeer): Way {
    if (to.transport !== 'udp' || !isLargeForUdp(wire) || this.#pointFor('tcp', to.host) === undefined) {
      return { destination: to, fallback: undefined };
    }
    const { host, port } = to;
    const refusedUntilMs = this.#tcpRefusedUntilMs.get(formatHostPort(host, port));
    if (refusedUntilMs !== undefined && refusedUntilMs > this.#options.clock.now()) {
      return { destination: to, fallback: undefined };
    }
    this.#options.counters.movedToTcp++;
    return { destination: { host, port, transport: 'tcp' }, fallback: to };
  }

  /** A request moved to TCP came back; its peer is spared the next attempts. */
  returnToUdp(to: SipPeer): void {
    this.#options.counters.returnedToUdp++;
    if (this.#tcpRefusedUntilMs.size >= MAX_TCP_REFUSERS) this.#tcpRefusedUntilMs.clear();
    this.#tcpRefusedUntilMs.set(formatHostPort(to.host, to.port), this.#options.clock.now() + TCP_REFUSED_MS);
  }

  countAboveCapacity(): void {
    this.#options.counters.aboveCapacity++;
  }

  /** That source has answered what only it can have received: its address is no forgery. */
  prove(source: SipPeer): void {
    this.#standing.prove(source);
  }

  /** Sends a message as `formatMessage` wrote it. The sender's `fail` is never called before `send` has returned. */
  send(wire: string, to: SipPeer, sender?: Sender): void {
    const { counters } = this.#options;
    const point = this.#pointFor(to.transport, to.host);
    // Streams may lead where we do not listen; datagrams need a socket to leave from.
    if (point === undefined && to.transport === 'udp') {
      queueMicrotask(() => this.#fail(to, new TransportError(to, 'noListenPoint', 'connecting'), sender));
      return;
    }
    const fitting = wire.startsWith('SIP/') ? this.#fitAnswer(wire, to) : this.#stampRequest(wire, to, point);
    if (fitting === undefined) return;
    counters.sent[to.transport]++;
    if (isReliable(to.transport)) {
      const origin = localHostOf(point ?? this.#pointTowards(to.host));
      this.#connections.send(fitting, to, origin, (error) => this.#fail(to, error, sender));
    } else this.#sendDatagram(fitting, to, point, sender);
    if (this.#options.onTrace !== undefined) {
      this.#trace('sent', (point ?? this.#first).bound, to, fitting, undefined);
    }
  }

  async close(): Promise<void> {
    this.#connections.close();
    await Promise.all(this.#points.map(({ socket, listener }) => (socket ?? listener)?.close()));
  }

  get #first(): OpenPoint {
    const [first] = this.#points;
    if (first === undefined) throw new Error('the transport layer is not open; await open() first');
    return first;
  }

  async #openPoint(point: ListenPoint): Promise<OpenPoint> {
    const { host, port, transport } = point;
    let socket: DatagramSocket | undefined;
    let listener: StreamListener | undefined;
    try {
      if (transport === 'udp') socket = await this.#bindDatagrams(point);
      else listener = await this.#listenForStreams(point);
    } catch (error) {
      throw new SipPortUnavailable(host, port, codeOf(error), error, transport);
    }
    const boundPort = (socket ?? listener)?.port ?? port;
    const advertised = {
      host: point.advertise?.host ?? host,
      port: point.advertise?.port ?? boundPort,
      transport,
    };
    return {
      bound: { host, port: boundPort, transport },
      advertised,
      via: viaStart(transport, advertised),
      socket,
      listener,
    };
  }

  #bindDatagrams({ host, port }: ListenPoint): Promise<DatagramSocket> {
    const local = { host, port, transport: 'udp' as const };
    return this.#options.network
      .bind({
        host,
        port,
        onDatagram: (data, from) => this.#receiveDatagram(data, from.host, from.port, local),
        onError: (error) => this.#options.onFault({ kind: 'socketError', error }),
      })
      .then((socket) => {
        local.port = socket.port;
        return socket;
      });
  }

  async #listenForStreams({ host, port, transport, tls }: ListenPoint): Promise<StreamListener> {
    const local = { host, port, transport };
    const { streams, limits, onFault } = this.#options;
    const listener = await streams.listen({
      host,
      port,
      tls: transport === 'tls' ? tls : undefined,
      handshakeTimeoutMs: limits.halfOpenMs,
      admit: (peer) => {
        const source: SipEndpoint = { host: peer.host, port: peer.port, transport };
        return this.#standing.admitsSource(source) ? this.#connections.admit(peer, local) : undefined;
      },
      onError: (error) => onFault({ kind: 'socketError', error }),
    });
    local.port = listener.port;
    return listener;
  }

  /** The point a message leaves from: same transport, and same address family where there is one. */
  #pointFor(transport: SipTransport, host: string): OpenPoint | undefined {
    const first = this.#points[0];
    // The usual case, one point and a numeric peer of the same family, costs one comparison.
    const family = isIP(host);
    if (first !== undefined && first.bound.transport === transport && isIP(first.bound.host) === family) {
      return first;
    }
    return (
      this.#points.find(({ bound }) => bound.transport === transport && isIP(bound.host) === family) ??
      this.#points.find(
        ({ bound }) => bound.transport === transport && (family === 0 || isIP(bound.host) === 0),
      )
    );
  }

  /** Whatever its transport: where we do not listen for streams, theirs still leave from the address that we have there. */
  #pointTowards(host: string): OpenPoint | undefined {
    const family = isIP(host);
    return this.#points.find(({ bound }) => family === 0 || isIP(bound.host) === family);
  }

  #fail(to: SipPeer, error: TransportError, sender: Sender | undefined): void {
    const { counters, onFault } = this.#options;
    counters.sendFailures++;
    if (sender === undefined) onFault({ kind: 'sendFailed', to, error });
    else sender.fail(error);
  }

  #sendDatagram(wire: string, to: SipPeer, point: OpenPoint | undefined, sender: Sender | undefined): void {
    const report = (error: Error): void => {
      this.#fail(to, TransportError.from(to, error, 'connecting'), sender);
    };
    try {
      point?.socket?.send(Buffer.from(wire, 'utf8'), to, report);
    } catch (error) {
      queueMicrotask(() => report(error instanceof Error ? error : new Error(String(error))));
    }
  }

  /** The client transport puts in the transport and the address that answers can reach (RFC 3261 §18.1.1). */
  #stampRequest(wire: string, to: SipPeer, point: OpenPoint | undefined): string {
    const first = this.#first;
    if (point === first && to.transport === 'udp') return wire;
    const written = `Via: SIP/2.0/UDP ${this.sentBy}`;
    const viaAt = wire.indexOf('\r\n') + 2;
    if (!wire.startsWith(written, viaAt)) return wire;
    const via = point?.via ?? viaStart(to.transport, first.advertised);
    return wire.slice(0, viaAt) + via + wire.slice(viaAt + written.length);
  }

  /** Undefined when the answer must not be sent: nobody may use us to flood an address that he merely claims. */
  #fitAnswer(wire: string, to: SipPeer): string | undefined {
    const { largestAnswerBytes } = to;
    if (largestAnswerBytes === undefined || Buffer.byteLength(wire) <= largestAnswerBytes) return wire;
    if (this.#standing.isProved(to)) return wire;
    const { counters } = this.#options;
    const shortened = shortenAnswer(wire, largestAnswerBytes);
    if (shortened === undefined) counters.answersWithheld++;
    else counters.answersShortened++;
    return shortened;
  }

  #receiveDatagram(data: Uint8Array, host: string, port: number, local: SipEndpoint): void {
    const standing = this.#standing.judge(host, port, 'udp');
    if (standing === 'refused' || isKeepAlive(data)) return;
    const source: SipPeer =
      standing === 'accepted'
        ? { host, port, transport: 'udp' }
        : { host, port, transport: 'udp', largestAnswerBytes: data.length };
    this.#receive(data, source, local);
  }

  #receive(data: Uint8Array, source: SipPeer, local: SipEndpoint): void {
    const { counters, limits, onTrace, onMessage } = this.#options;
    counters.received[source.transport]++;
    if (!this.#standing.admitsMessage(source)) return;
    let message: SipMessage;
    try {
      message = parseMessage(data, limits);
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
    // The bytes of a stream are overwritten by what follows them.
    if (onTrace !== undefined) {
      const kept = isReliable(source.transport) ? Buffer.from(data) : data;
      this.#trace('received', local, source, kept, message);
    }
    onMessage(message, source);
  }

  /** Counts a message that turned out malformed, here or in a layer above, and has a readable request answered. */
  refuse(error: unknown, source: SipPeer): void {
    if (!(error instanceof ParseFailure)) throw error;
    const { counters, clock, onFault, onMalformedRequest } = this.#options;
    counters.malformed[error.code]++;
    this.#malformedSinceReport++;
    const nowMs = clock.now();
    if (nowMs - this.#lastMalformedReportMs >= MALFORMED_REPORT_INTERVAL_MS) {
      const count = this.#malformedSinceReport;
      this.#malformedSinceReport = 0;
      this.#lastMalformedReportMs = nowMs;
      onFault({ kind: 'malformedDatagram', count, source, problem: error.message });
    }
    if (error instanceof MalformedRequest && onMalformedRequest(error, source)) counters.malformedAnswered++;
  }

  /** A stream that cannot be framed ends; the request that broke it still gets its 400, if it can be read (§18.3). */
  #refuseUnframed(failure: ParseFailure, head: Buffer | undefined, peer: SipPeer): void {
    let refusal = failure;
    if (head !== undefined) {
      try {
        const message = parseMessage(head, this.#options.limits);
        if (message.kind === 'request')
          refusal = new MalformedRequest(message, failure.code, failure.message);
      } catch (error) {
        if (!(error instanceof ParseFailure)) throw error;
        if (error instanceof MalformedRequest) refusal = error;
      }
    }
    this.refuse(refusal, peer);
  }

  #trace(
    direction: SipTraceEntry['direction'],
    local: SipEndpoint,
    peer: SipEndpoint,
    wire: string | Uint8Array,
    message: SipMessage | undefined,
  ): void {
    const { onTrace, clock, onFault } = this.#options;
    const remote: SipEndpoint = { host: peer.host, port: peer.port, transport: peer.transport };
    try {
      onTrace?.(new WireTrace(clock.now(), direction, local, remote, wire, message));
    } catch (error) {
      onFault({ kind: 'callbackFailed', callback: 'onTrace', error });
    }
  }
}

function viaStart(transport: SipTransport, { host, port }: SipEndpoint): string {
  return `Via: SIP/2.0/${transport.toUpperCase()} ${formatHostPort(host, port)}`;
}

/** Outgoing connections leave from the address peers know us by; a wildcard leaves the choice to the system. */
function localHostOf(point: OpenPoint | undefined): string | undefined {
  const host = point?.bound.host;
  return host === undefined || host === '0.0.0.0' || host === '::' ? undefined : host;
}

/** A character takes one to three bytes. */
function isLargeForUdp(wire: string): boolean {
  if (wire.length > LARGEST_UDP_REQUEST_BYTES) return true;
  return wire.length * 3 > LARGEST_UDP_REQUEST_BYTES && Buffer.byteLength(wire) > LARGEST_UDP_REQUEST_BYTES;
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
