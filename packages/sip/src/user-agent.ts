// The door of this package: opens a SIP user agent on its addresses, places INVITEs, hands out received ones, and answers
// everything that belongs to no call.
import { DigestClients } from './auth/digest-client.ts';
import { type Clock, systemClock } from './clock.ts';
import { dialogKeyOf } from './dialog/dialog-id.ts';
import { type IncomingInvite, IncomingInviteCall } from './dialog/incoming-invite.ts';
import type { OutgoingInviteRequest } from './dialog/invite-request.ts';
import { LateAnswers } from './dialog/late-answers.ts';
import { type OutgoingInvite, OutgoingInviteCall } from './dialog/outgoing-invite.ts';
import { type ProbeOutcome, type ProbeRequest, probe } from './dialog/probe.ts';
import { refuseBodyType, refuseMethod, refuseScheme } from './dialog/refusal.ts';
import {
  ALLOWED_METHODS,
  type DialogMember,
  type PendingCall,
  SUPPORTED_OPTIONS,
  type UserAgentCore,
} from './dialog/user-agent-core.ts';
import { Directory } from './directory.ts';
import type { SipFault } from './errors.ts';
import type { HeaderList } from './message/headers.ts';
import type { SipRequest, SipResponse } from './message/message.ts';
import { requirePrintable } from './message/printable.ts';
import { createResponse, type ResponseOptions } from './message/response.ts';
import { createRandomHex } from './random-hex.ts';
import {
  OutgoingRegistration,
  type Registration,
  type RegistrationRequest,
} from './registration/registration.ts';
import { answerTerms, type SessionTimerPolicy, type TimerReply } from './session/session-timer-terms.ts';
import type { ServerTransaction } from './transaction/server-transaction.ts';
import { TransactionLayer, type TransactionLayerUser } from './transaction/transaction-layer.ts';
import { newCounters, type SipCounters, snapshot } from './transport/counters.ts';
import type { DatagramNetwork } from './transport/datagram-network.ts';
import { effectiveLimits, type SipLimits } from './transport/limits.ts';
import type { SipEndpoint, SipPeer, SipTransport } from './transport/sip-endpoint.ts';
import type { StreamNetwork, TlsConnectOptions, TlsListenOptions } from './transport/stream-network.ts';
import { streamNetwork } from './transport/streams.ts';
import { type ListenPoint, TransportLayer } from './transport/transport-layer.ts';
import { udpNetwork } from './transport/udp.ts';
import type { SipTraceEntry } from './transport/wire-trace.ts';

export interface UserAgentOptions {
  /** Address to listen on. */
  host: string;
  /** 0 = any free port. */
  port: number;
  /** Of that address. Default udp. */
  transport?: SipTransport;
  /** The address to write into Via and Contact where it differs from the bound one (NAT, wildcard). Default: the bound one. */
  advertise?: { host: string; port?: number };
  /**
   * More addresses to listen on: TCP and TLS beside UDP, IPv6 beside IPv4. With a TCP address, requests above 1,300 bytes leave
   * over TCP instead of UDP (RFC 3261 §18.1.1). Default: none. Outgoing connections need no listening address.
   */
  alsoListen?: readonly ListenPoint[];
  /** For listening on `host` with TLS. */
  tls?: TlsListenOptions;
  /** What outgoing TLS connections trust and show; by endpoint, so that each trunk can have its own. Default: Node's authorities. */
  tlsFor?: (endpoint: SipEndpoint) => TlsConnectOptions;
  clock?: Clock;
  randomHex?: (bytes: number) => string;
  network?: DatagramNetwork;
  streams?: StreamNetwork;
  /** For User-Agent and Server. Default: neither is sent. */
  userAgentName?: string;
  /**
   * Peers that may speak to us; others get silence. Default: everybody, but who is not on this machine is held to
   * `limits.messagesPerSecond.others`, and gets no answer larger than his request until he has proved his address.
   */
  acceptsFrom?: (peer: SipEndpoint) => boolean;
  limits?: SipLimits;
  /**
   * Session timer of received calls (RFC 4028). Default: whatever the caller asks for, from 90 s. A policy asks for one itself; `off`
   * answers as if the extension were unknown.
   */
  sessionTimer?: SessionTimerPolicy | 'off';
  /** A new call. Absent: INVITE is answered 405. */
  onInvite?: (invite: IncomingInvite) => void;
  /** Every message, after it was sent or before it is dispatched. */
  onTrace?: (entry: SipTraceEntry) => void;
  /** What goes wrong where nobody awaits. */
  onFault?: (fault: SipFault) => void;
}

export interface UserAgent {
  /** The bound address; its port is the real one. */
  readonly endpoint: SipEndpoint;
  /** All bound addresses: that one, then `alsoListen` in order. */
  readonly endpoints: readonly SipEndpoint[];
  /** What happened on the wire so far; a copy. */
  readonly counters: SipCounters;
  /** What is alive now; all zero when every call and its aftermath is over. */
  readonly activity: UserAgentActivity;
  /**
   * Sends an INVITE.
   *
   * @throws {UnusableHeader} when a given header or URI would break the message
   */
  invite(request: OutgoingInviteRequest): OutgoingInvite;
  /** Asks by OPTIONS whether somebody speaks SIP at an address. Never rejects. @throws {UnusableHeader} */
  probe(request: ProbeRequest): Promise<ProbeOutcome>;
  /** Registers with a carrier and stays registered until `close`. @throws {UnusableHeader} */
  register(request: RegistrationRequest): Registration;
  /**
   * Ends everything now and frees the port; idempotent. Calls get one BYE, CANCEL or 503 without waiting for the response; hang
   * up first for a graceful end.
   */
  close(): Promise<void>;
}

export interface UserAgentActivity {
  readonly clientTransactions: number;
  readonly serverTransactions: number;
  /** Early and confirmed, including those whose BYE is under way. */
  readonly dialogs: number;
  readonly pendingCalls: number;
  /** INVITEs given up without final response whose late answer would still be hung up. */
  readonly lateAnswers: number;
}

/** @throws {SipPortUnavailable} when the address cannot be had */
export async function openUserAgent(options: UserAgentOptions): Promise<UserAgent> {
  const agent = new SipUserAgent(options);
  await agent.open();
  return agent;
}

class SipUserAgent implements UserAgent, UserAgentCore, TransactionLayerUser {
  readonly clock: Clock;
  readonly randomHex: (bytes: number) => string;
  readonly userAgentName: string | undefined;
  readonly transactions: TransactionLayer;
  readonly dialogs = new Directory<DialogMember>();
  readonly digests: DigestClients;
  readonly pendingCalls = new Directory<PendingCall>();
  readonly lateAnswers: LateAnswers;
  readonly #transport: TransportLayer;
  readonly #onInvite: UserAgentOptions['onInvite'];
  readonly #sessionTimer: UserAgentOptions['sessionTimer'];
  readonly #onFault: UserAgentOptions['onFault'];
  readonly #counters = newCounters();
  readonly #registrations = new Set<Registration>();
  #sentBy = '';
  #closing: Promise<void> | undefined;

  constructor(options: UserAgentOptions) {
    this.clock = options.clock ?? systemClock;
    this.lateAnswers = new LateAnswers(this.clock);
    this.randomHex = options.randomHex ?? createRandomHex();
    this.digests = new DigestClients(this.randomHex);
    this.userAgentName =
      options.userAgentName === undefined ? undefined : requirePrintable('User-Agent', options.userAgentName);
    this.#onInvite = options.onInvite;
    this.#sessionTimer = options.sessionTimer;
    this.#onFault = options.onFault;
    const { host, port, transport = 'udp', advertise, tls } = options;
    const limits = effectiveLimits(options.limits);
    this.#transport = new TransportLayer({
      listen: [{ host, port, transport, advertise, tls }, ...(options.alsoListen ?? [])],
      clock: this.clock,
      network: options.network ?? udpNetwork,
      streams: options.streams ?? streamNetwork,
      tlsFor: options.tlsFor ?? (() => ({})),
      acceptsFrom: options.acceptsFrom,
      limits,
      counters: this.#counters,
      onMessage: (message, source) => this.transactions.receive(message, source),
      onMalformedRequest: (failure, source) => this.transactions.answerMalformed(failure, source),
      onConnectionLost: (peer, error) => this.transactions.loseConnection(peer, error),
      onTrace: options.onTrace,
      onFault: this.report,
    });
    this.transactions = new TransactionLayer(this.clock, this.#transport, this, limits.pendingRequests);
  }

  async open(): Promise<void> {
    await this.#transport.open();
    this.#sentBy = this.#transport.sentBy;
  }

  get endpoint(): SipEndpoint {
    return this.#transport.endpoint;
  }

  get endpoints(): readonly SipEndpoint[] {
    return this.#transport.endpoints;
  }

  get counters(): SipCounters {
    return snapshot(this.#counters);
  }

  get sentBy(): string {
    return this.#sentBy;
  }

  contactAddress(peer: SipEndpoint): string {
    return this.#transport.contactAddress(peer);
  }

  get activity(): UserAgentActivity {
    return {
      clientTransactions: this.transactions.clientCount,
      serverTransactions: this.transactions.serverCount,
      dialogs: this.dialogs.size,
      pendingCalls: this.pendingCalls.size,
      lateAnswers: this.lateAnswers.size,
    };
  }

  invite(request: OutgoingInviteRequest): OutgoingInvite {
    const call = new OutgoingInviteCall(this, request);
    call.start();
    return call;
  }

  probe(request: ProbeRequest): Promise<ProbeOutcome> {
    return probe(this, request);
  }

  register(request: RegistrationRequest): Registration {
    const registration: OutgoingRegistration = new OutgoingRegistration(this, request, () => {
      this.#registrations.delete(registration);
    });
    registration.start();
    this.#registrations.add(registration);
    return registration;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeNow();
    return this.#closing;
  }

  readonly report = (fault: SipFault): void => {
    // A fault callback that throws is the end of the line: there is nobody left to tell.
    this.#onFault?.(fault);
  };

  readonly invoke = (callback: string, run: () => void): void => {
    try {
      run();
    } catch (error) {
      this.report({ kind: 'callbackFailed', callback, error });
    }
  };

  onRequest(request: SipRequest, transaction: ServerTransaction, source: SipPeer): void {
    if (request.method === 'CANCEL') {
      this.#receiveCancel(request, transaction);
      return;
    }
    const required = request.headers.getAll('Require');
    if (required.length > 0) {
      const unsupported = required.filter((option) => !SUPPORTED_OPTIONS.includes(option.toLowerCase()));
      if (unsupported.length > 0) {
        this.#answer(request, transaction, 420, { headers: [['Unsupported', unsupported.join(', ')]] });
        return;
      }
    }
    const key = dialogKeyOf(request);
    if (key !== undefined) {
      const dialog = this.dialogs.get(key);
      if (dialog === undefined) this.#answer(request, transaction, 481);
      else {
        this.#transport.prove(source);
        dialog.receiveRequest(request, transaction);
      }
      return;
    }
    this.#receiveOutsideDialog(request, transaction, source);
  }

  onAck(ack: SipRequest, source: SipPeer): void {
    const key = dialogKeyOf(ack);
    // An ACK is never answered; one for a dialog that is over is a late echo.
    const dialog = key === undefined ? undefined : this.dialogs.get(key);
    if (dialog === undefined) return;
    this.#transport.prove(source);
    dialog.receiveAck(ack);
  }

  onStrayResponse(response: SipResponse, source: SipPeer): void {
    const { headers, status } = response;
    if (status < 200 || status >= 300 || headers.cseq.method !== 'INVITE') return;
    this.lateAnswers.receive(response, source);
  }

  #receiveOutsideDialog(request: SipRequest, transaction: ServerTransaction, source: SipPeer): void {
    switch (request.method) {
      case 'INVITE':
        this.#receiveInvite(request, transaction, source);
        break;
      case 'OPTIONS': {
        const refusal = refuseScheme(request.requestUri);
        if (refusal !== undefined) this.#answer(request, transaction, refusal.status);
        else this.#answer(request, transaction, 200, { headers: CAPABILITIES });
        break;
      }
      case 'BYE':
      case 'INFO':
      case 'PRACK':
      case 'UPDATE':
      case 'NOTIFY':
        this.#answer(request, transaction, 481);
        break;
      default: {
        const { status, headers } = refuseMethod(request.method);
        this.#answer(request, transaction, status, { headers });
      }
    }
  }

  #receiveInvite(request: SipRequest, transaction: ServerTransaction, source: SipPeer): void {
    const onInvite = this.#onInvite;
    if (onInvite === undefined) {
      this.#answer(request, transaction, 405, { headers: [['Allow', 'OPTIONS']] });
      return;
    }
    // Read now, while a malformed one can still be answered 400.
    void request.headers.contact;
    const refusal = refuseScheme(request.requestUri) ?? refuseBodyType(request);
    if (refusal !== undefined) {
      this.#answer(request, transaction, refusal.status, { headers: refusal.headers });
      return;
    }
    const timer: TimerReply =
      this.#sessionTimer === 'off' ? { kind: 'off' } : answerTerms(request.headers, this.#sessionTimer);
    if (timer.kind === 'tooBrief') {
      this.#answer(request, transaction, 422, { headers: [['Min-SE', String(timer.minSeconds)]] });
      return;
    }
    const call = new IncomingInviteCall(this, request, transaction, source, timer, this.#sessionTimer);
    try {
      onInvite(call);
    } catch (error) {
      this.report({ kind: 'callbackFailed', callback: 'onInvite', error });
      if (transaction.isPending) call.reject(500);
    }
    call.trying();
  }

  #receiveCancel(request: SipRequest, transaction: ServerTransaction): void {
    const cancelled = this.transactions.findCancelled(request);
    if (cancelled === undefined) {
      this.#answer(request, transaction, 481);
      return;
    }
    transaction.respond(createResponse(request, 200, { toTag: cancelled.user.localTag }));
    if (cancelled.isPending) cancelled.user.onCancel?.(request);
  }

  #answer(
    request: SipRequest,
    transaction: ServerTransaction,
    status: number,
    options: ResponseOptions = {},
  ): void {
    const headers = [...(options.headers ?? [])];
    if (this.userAgentName !== undefined) headers.push(['Server', this.userAgentName]);
    transaction.respond(createResponse(request, status, { ...options, headers, toTag: this.randomHex(8) }));
  }

  async #closeNow(): Promise<void> {
    for (const registration of [...this.#registrations]) void registration.close();
    for (const call of this.pendingCalls.values()) call.closeNow();
    for (const dialog of this.dialogs.values()) dialog.closeNow();
    this.transactions.close();
    this.lateAnswers.close();
    await this.#transport.close();
  }
}

/** What a 200 to OPTIONS tells (RFC 3261 §11.2). */
const CAPABILITIES: HeaderList = [
  ['Allow', ALLOWED_METHODS],
  ['Accept', 'application/sdp'],
  ['Supported', SUPPORTED_OPTIONS.join(', ')],
];
