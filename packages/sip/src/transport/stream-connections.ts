// All TCP and TLS connections of a user agent: reuse by target, limits, keep-alive, and what becomes of messages whose connection
// fails (RFC 3261 §18, RFC 5626 §3.5.1).
import type { Clock } from '../clock.ts';
import { TransportError } from '../errors.ts';
import type { ParseFailure } from '../message/parse-failure.ts';
import type { LiveCounters } from './counters.ts';
import type { NetworkAddress } from './datagram-network.ts';
import type { EffectiveLimits } from './limits.ts';
import type { SipEndpoint, SipPeer } from './sip-endpoint.ts';
import { sourceKey } from './source-rates.ts';
import { StreamFramer } from './stream-framing.ts';
import type {
  Admission,
  StreamEvents,
  StreamNetwork,
  StreamSocket,
  TlsConnectOptions,
} from './stream-network.ts';

/** Outgoing connections are pinged that often, ms (RFC 5626 §4.4.1: 95 to 120 s). */
const PING_MS = 95_000;
/** Spread over connections by their number, so that they do not all ping together, ms. */
const PING_SPREAD_MS = 25_000;
/** How long a pong may take, ms (RFC 5626 §4.4.1). */
const PONG_MS = 10_000;

type SendFailure = (error: TransportError) => void;

export interface StreamConnectionsOptions {
  readonly clock: Clock;
  readonly network: StreamNetwork;
  readonly limits: EffectiveLimits;
  readonly counters: LiveCounters;
  readonly tlsFor: (endpoint: SipEndpoint) => TlsConnectOptions;
  readonly onMessage: (bytes: Buffer, peer: SipPeer, local: SipEndpoint) => void;
  /** A message that cannot be framed; its connection is closed afterwards. */
  readonly onUnframed: (failure: ParseFailure, head: Buffer | undefined, peer: SipPeer) => void;
  /** A connection that was open is gone; whoever waits for an answer on it will not get one. */
  readonly onLost: (peer: SipPeer, error: TransportError) => void;
  /** False: the bytes of a ping are above the rate of their source. */
  readonly admitsMessage: (peer: SipPeer) => boolean;
}

export class StreamConnections {
  readonly options: StreamConnectionsOptions;
  readonly #byId = new Map<number, StreamConnection>();
  /** Connections we opened, by where they lead and whom they proved. */
  readonly #byTarget = new Map<string, StreamConnection>();
  /** Accepted ones, by the address they really come from; never by what their Via claims, which anybody can write. */
  readonly #byRemote = new Map<string, StreamConnection>();
  readonly #perSource = new Map<string, number>();
  #halfOpen = 0;
  #nextId = 1;
  #isClosed = false;

  constructor(options: StreamConnectionsOptions) {
    this.options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Lets a connecting peer in, as far as the limits go. */
  admit(peer: NetworkAddress, local: SipEndpoint): Admission | undefined {
    const { limits, counters } = this.options;
    const source = sourceKey(peer.host);
    const fromSource = this.#perSource.get(source) ?? 0;
    if (
      this.#isClosed ||
      this.#halfOpen >= limits.halfOpenConnections ||
      this.#byId.size >= limits.connections ||
      fromSource >= limits.connectionsPerSource
    ) {
      counters.connectionsAboveLimit++;
      return undefined;
    }
    this.#halfOpen++;
    this.#perSource.set(source, fromSource + 1);
    return {
      onFailed: () => {
        this.#halfOpen--;
        this.#leaveSource(source);
        counters.connectionsFailed++;
      },
      onConnected: (socket) => {
        counters.connectionsAccepted++;
        const connection = new StreamConnection(this, this.#nextId++, socket.remote, local, 'accepted');
        this.#byId.set(connection.id, connection);
        this.#byRemote.set(targetKey(connection.peer), connection);
        counters.openConnections = this.#byId.size;
        return connection.adopt(socket);
      },
    };
  }

  /** `onFailure` is never called before `send` has returned. */
  send(wire: string, to: SipPeer, localHost: string | undefined, onFailure: SendFailure): void {
    const { limits } = this.options;
    const known = this.#find(to);
    if (known !== undefined) {
      known.send(wire, onFailure);
      return;
    }
    if (this.#isClosed || this.#byId.size >= limits.connections) {
      const code = this.#isClosed ? 'closed' : 'limit';
      queueMicrotask(() => onFailure(new TransportError(to, code, 'connecting')));
      return;
    }
    const { host, transport, tlsName, namedBy } = to;
    const port = to.connection === undefined ? to.port : (to.sentByPort ?? to.port);
    const target: SipEndpoint = {
      host,
      port,
      transport,
      ...(tlsName === undefined ? {} : { tlsName }),
      ...(namedBy === undefined ? {} : { namedBy }),
    };
    this.#open(target, localHost).send(wire, onFailure);
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#byId.values()]) connection.end();
  }

  /** An accepted connection brought its first whole message. */
  settle(): void {
    this.#halfOpen--;
  }

  /** Nothing more is sent on it, though its other side may stay open for a while. */
  retire(connection: StreamConnection): void {
    const key = targetKey(connection.peer);
    if (this.#byTarget.get(key) === connection) this.#byTarget.delete(key);
    if (this.#byRemote.get(key) === connection) this.#byRemote.delete(key);
  }

  forget(connection: StreamConnection): void {
    if (!this.#byId.delete(connection.id)) return;
    this.retire(connection);
    if (connection.origin === 'accepted') this.#leaveSource(sourceKey(connection.peer.host));
    this.options.counters.openConnections = this.#byId.size;
  }

  #find(to: SipPeer): StreamConnection | undefined {
    if (to.connection !== undefined) {
      const connection = this.#byId.get(to.connection);
      if (connection?.takesMessages === true) return connection;
      if (to.sentByPort !== undefined) return this.#byTarget.get(targetKey({ ...to, port: to.sentByPort }));
    }
    const key = targetKey(to);
    const opened = this.#byTarget.get(key);
    // The peer of an accepted TLS connection has not proved the name we would ask for.
    return opened ?? (to.transport === 'tcp' ? this.#byRemote.get(key) : undefined);
  }

  #open(target: SipEndpoint, localHost: string | undefined): StreamConnection {
    const { network, counters, tlsFor } = this.options;
    counters.connectionsOpened++;
    const local: SipEndpoint = { host: localHost ?? '', port: 0, transport: target.transport };
    const connection = new StreamConnection(this, this.#nextId++, target, local, 'opened');
    this.#byId.set(connection.id, connection);
    this.#byTarget.set(targetKey(target), connection);
    counters.openConnections = this.#byId.size;
    const name = target.tlsName ?? target.host;
    connection.connect((events) =>
      network.connect(
        {
          host: target.host,
          port: target.port,
          localHost,
          tls: target.transport === 'tls' ? { ...tlsFor(target), name } : undefined,
        },
        events,
      ),
    );
    return connection;
  }

  #leaveSource(source: string): void {
    const count = (this.#perSource.get(source) ?? 1) - 1;
    if (count === 0) this.#perSource.delete(source);
    else this.#perSource.set(source, count);
  }
}

/** A TLS connection is reused only for the name it proved: two trunks may share an address. */
function targetKey({ transport, host, port, tlsName }: SipEndpoint): string {
  return transport === 'tls' ? `tls ${host} ${port} ${tlsName ?? host}` : `${transport} ${host} ${port}`;
}

type ClosedBecause = 'idle' | 'halfOpen' | 'broken' | 'ended';

/** One connection. Messages wait until it is open; a message begun must be finished in time. */
class StreamConnection implements StreamEvents {
  readonly id: number;
  readonly peer: SipPeer;
  readonly origin: 'opened' | 'accepted';
  readonly #owner: StreamConnections;
  readonly #framer: StreamFramer;
  #local: SipEndpoint;
  #socket: StreamSocket | undefined;
  #isOpen: boolean;
  #isHalfOpen: boolean;
  #isGone = false;
  #waiting: { readonly wire: string; readonly onFailure: SendFailure }[] = [];
  #closedBecause: ClosedBecause | undefined;
  #failure: TransportError | undefined;
  /** Of the latest message or pong. */
  #lastHeardMs: number;
  #answersPings = false;
  /** For connecting, or for the message that has begun. */
  #deadline: unknown;
  #idleTimer: unknown;
  #pingTimer: unknown;
  #pongTimer: unknown;

  constructor(
    owner: StreamConnections,
    id: number,
    remote: SipEndpoint | NetworkAddress,
    local: SipEndpoint,
    origin: 'opened' | 'accepted',
  ) {
    this.id = id;
    this.origin = origin;
    this.#owner = owner;
    this.#local = local;
    this.peer = { transport: local.transport, ...remote, connection: id };
    this.#isOpen = origin === 'accepted';
    this.#isHalfOpen = origin === 'accepted';
    this.#lastHeardMs = owner.options.clock.now();
    this.#framer = new StreamFramer(owner.options.limits.messageBytes, {
      onMessage: (bytes) => this.#receive(bytes),
      onPing: () => this.#answerPing(),
      onPong: () => this.#receivePong(),
      onFailure: (failure, head) => this.#giveUpFraming(failure, head),
    });
  }

  get takesMessages(): boolean {
    return this.#closedBecause === undefined;
  }

  adopt(socket: StreamSocket): StreamEvents {
    this.#socket = socket;
    this.#startDeadline(this.#owner.options.limits.halfOpenMs, () => this.#closeFor('halfOpen'));
    this.#watchIdle();
    return this;
  }

  connect(start: (events: StreamEvents) => StreamSocket): void {
    this.#startDeadline(this.#owner.options.limits.connectMs, () => {
      this.#fail(new TransportError(this.peer, 'timeout', 'connecting'));
    });
    this.#socket = start(this);
  }

  send(wire: string, onFailure: SendFailure): void {
    if (!this.#isOpen) {
      this.#waiting.push({ wire, onFailure });
      return;
    }
    this.#write(wire);
  }

  /** Sends what waits and closes; what has no connection yet is given up. */
  end(): void {
    this.#closedBecause ??= 'ended';
    this.#stopTimers();
    if (this.#isOpen) this.#socket?.end();
    else this.#socket?.destroy();
  }

  onOpen(): void {
    const { options } = this.#owner;
    if (this.#isGone) return;
    this.#isOpen = true;
    this.#stopDeadline();
    this.#local = { ...this.#local, ...(this.#socket?.local ?? {}) };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { wire } of waiting) this.#write(wire);
    this.#watchIdle();
    this.#pingTimer = options.clock.setTimeout(
      () => this.#ping(),
      PING_MS + ((this.id * 7_919) % PING_SPREAD_MS),
    );
  }

  onData(data: Uint8Array): void {
    if (this.#isGone) return;
    this.#framer.push(data);
    if (this.#isGone || this.#isHalfOpen) return;
    if (!this.#framer.isInsideMessage) this.#stopDeadline();
    else if (this.#deadline === undefined) {
      this.#startDeadline(this.#owner.options.limits.halfOpenMs, () => this.#closeFor('halfOpen'));
    }
  }

  onClose(error: Error | undefined): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#stopTimers();
    if (this.#isHalfOpen) this.#owner.settle();
    this.#owner.forget(this);
    const { counters, onLost } = this.#owner.options;
    const failure =
      this.#failure ?? TransportError.from(this.peer, error, this.#isOpen ? 'connected' : 'connecting');
    if (!this.#isOpen && this.#closedBecause === undefined) counters.connectionsFailed++;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { onFailure } of waiting) onFailure(failure);
    if (this.#isOpen) onLost(this.peer, failure);
  }

  #receive(bytes: Buffer): void {
    const { options } = this.#owner;
    this.#lastHeardMs = options.clock.now();
    if (this.#isHalfOpen) {
      this.#isHalfOpen = false;
      this.#owner.settle();
      this.#stopDeadline();
    }
    options.onMessage(bytes, this.peer, this.#local);
  }

  #write(wire: string): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.write(wire);
    if (socket.queuedBytes > this.#owner.options.limits.queuedBytes) {
      this.#owner.options.counters.connectionsClosedBroken++;
      this.#fail(new TransportError(this.peer, 'stalled', 'connected'));
    }
  }

  #answerPing(): void {
    const { admitsMessage, counters } = this.#owner.options;
    if (this.#closedBecause !== undefined || !admitsMessage(this.peer)) return;
    counters.keepAlivesAnswered++;
    this.#socket?.write('\r\n');
  }

  #ping(): void {
    const { clock } = this.#owner.options;
    this.#socket?.write('\r\n\r\n');
    this.#pingTimer = clock.setTimeout(() => this.#ping(), PING_MS);
    // Many peers ignore pings (they would have to agree to answer, RFC 5626 §4.4); silence means something only from those that did.
    if (!this.#answersPings || this.#pongTimer !== undefined) return;
    this.#pongTimer = clock.setTimeout(() => {
      this.#fail(new TransportError(this.peer, 'keepAliveLost', 'connected'));
    }, PONG_MS);
  }

  #receivePong(): void {
    this.#answersPings = true;
    // Over it the far end will hang up, which may have no other way to us.
    this.#lastHeardMs = this.#owner.options.clock.now();
    this.#owner.options.clock.clearTimeout(this.#pongTimer);
    this.#pongTimer = undefined;
  }

  /** What follows in the stream cannot be told from what came before: the peer is answered, then the connection ends. */
  #giveUpFraming(failure: ParseFailure, head: Buffer | undefined): void {
    const { counters, onUnframed } = this.#owner.options;
    counters.connectionsClosedBroken++;
    onUnframed(failure, head, this.peer);
    this.#closedBecause = 'broken';
    this.#failure = new TransportError(this.peer, 'unreadable', 'connected', failure);
    this.#owner.retire(this);
    this.#socket?.end();
    this.#startDeadline(this.#owner.options.limits.halfOpenMs, () => this.#socket?.destroy());
  }

  #watchIdle(): void {
    const { clock, limits } = this.#owner.options;
    const check = (): void => {
      const leftMs = this.#lastHeardMs + limits.idleMs - clock.now();
      if (leftMs <= 0) this.#closeFor('idle');
      else this.#idleTimer = clock.setTimeout(check, leftMs);
    };
    this.#idleTimer = clock.setTimeout(check, limits.idleMs);
  }

  #closeFor(because: 'idle' | 'halfOpen'): void {
    const { counters } = this.#owner.options;
    if (because === 'idle') counters.connectionsClosedIdle++;
    else counters.connectionsClosedHalfOpen++;
    this.#closedBecause = because;
    this.#socket?.destroy();
  }

  #fail(failure: TransportError): void {
    this.#failure = failure;
    this.#socket?.destroy();
  }

  #startDeadline(delayMs: number, expire: () => void): void {
    this.#stopDeadline();
    this.#deadline = this.#owner.options.clock.setTimeout(expire, delayMs);
  }

  #stopDeadline(): void {
    this.#owner.options.clock.clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  #stopTimers(): void {
    const { clock } = this.#owner.options;
    this.#stopDeadline();
    for (const timer of [this.#idleTimer, this.#pingTimer, this.#pongTimer]) clock.clearTimeout(timer);
  }
}
