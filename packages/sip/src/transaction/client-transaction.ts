// A client transaction: one request and its responses. Performs what the tables in `client-transaction-states.ts` say.
import type { Clock } from '../clock.ts';
import { TransportError, UserAgentClosed } from '../errors.ts';
import { SipHeaders } from '../message/headers.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { formatMessage } from '../message/serialize.ts';
import { isReliable, type SipPeer } from '../transport/sip-endpoint.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import {
  type ClientAction,
  type ClientInput,
  type InviteClientState,
  type RequestClientState,
  stepInviteClient,
  stepRequestClient,
} from './client-transaction-states.ts';
import type { EqualTimers } from './equal-timers.ts';
import type { LingeringTransaction } from './lingering-transaction.ts';
import { T1_MS, T2_MS, TIMER_D_MS, TIMER_K_MS, TRANSACTION_TIMEOUT_MS } from './timers.ts';

/** What the layer above does with the outcome. Exactly one of final response, timeout and transport error comes. */
export interface ClientTransactionUser {
  /** Every provisional response, the final one; for INVITE also each repeated or forked 2xx. */
  onResponse(response: SipResponse, source: SipPeer): void;
  /** No final response in time (timers B and F). */
  onTimeout(): void;
  onTransportError(error: Error): void;
  /** Before the final response of an INVITE: none can come any more, but its phone may ring. It ends by CANCEL. */
  onWayBackLost?(error: Error): void;
}

const NOBODY: ClientTransactionUser = {
  onResponse: () => {},
  onTimeout: () => {},
  onTransportError: () => {},
};

export interface ClientTransactionOwner {
  readonly clock: Clock;
  readonly lingering: EqualTimers<LingeringTransaction>;
  /** Requests before their first repetition. */
  readonly unanswered: EqualTimers<ClientTransaction>;
  readonly transport: Pick<TransportLayer, 'send' | 'wayFor' | 'returnToUdp' | 'hearsFrom'>;
  forgetClient(transaction: ClientTransaction): void;
}

/** What a request needs until its final response, and no longer. */
interface Attempt {
  readonly request: SipRequest;
  readonly wire: string;
  /** Where the request goes instead, once, when nobody listens at its destination. */
  fallback: SipPeer | undefined;
  intervalMs: number;
  /** As `unanswered` gave it. */
  firstRepeatTimer: number | undefined;
  repeatTimer: unknown;
  timeoutTimer: unknown;
  hasSentAgain: boolean;
}

/**
 * Transactions linger by the thousand, for up to half a minute, and each field they still have is copied by every collection on the way:
 * what only an open one needs is in `Attempt`.
 */
export class ClientTransaction implements LingeringTransaction {
  readonly key: string;
  readonly method: string;
  readonly #owner: ClientTransactionOwner;
  #destination: SipPeer;
  #user: ClientTransactionUser;
  #state: InviteClientState | RequestClientState = 'idle';
  #attempt: Attempt | undefined;
  /** Of a refused INVITE. */
  #ack: string | undefined;

  constructor(
    owner: ClientTransactionOwner,
    key: string,
    request: SipRequest,
    destination: SipPeer,
    user: ClientTransactionUser,
  ) {
    this.#owner = owner;
    this.key = key;
    this.method = request.method;
    this.#destination = destination;
    this.#user = user;
    this.#attempt = {
      request,
      wire: formatMessage(request),
      fallback: undefined,
      intervalMs: T1_MS,
      firstRepeatTimer: undefined,
      repeatTimer: undefined,
      timeoutTimer: undefined,
      hasSentAgain: false,
    };
  }

  get destination(): SipPeer {
    return this.#destination;
  }

  get state(): InviteClientState | RequestClientState {
    return this.#state;
  }

  start(): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    const way = this.#owner.transport.wayFor(attempt.wire, this.#destination);
    this.#destination = way.destination;
    attempt.fallback = way.fallback;
    this.#step('start');
  }

  receive(response: SipResponse, source: SipPeer): void {
    const { status } = response;
    this.#step(status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure', response, source);
  }

  /** Lets somebody else hear what still comes. */
  handTo(user: ClientTransactionUser): void {
    this.#user = user;
  }

  /** Ends the transaction without telling its user: given up after CANCEL (RFC 3261 §9.1). */
  abandon(): void {
    this.#state = 'terminated';
    this.#finish();
  }

  /** Ends the transaction because the user agent closes; a user still without a final response is told. */
  close(): void {
    const isWaiting = this.#state === 'calling' || this.#state === 'trying' || this.#state === 'proceeding';
    this.abandon();
    if (isWaiting) this.#user.onTransportError(new UserAgentClosed());
  }

  /** The connection it went over is gone, or it could not be sent at all (§17.1.4). */
  fail(error: Error): void {
    const attempt = this.#attempt;
    if (attempt?.fallback !== undefined && (this.#state === 'calling' || this.#state === 'trying')) {
      this.#destination = attempt.fallback;
      attempt.fallback = undefined;
      this.#owner.transport.returnToUdp(this.#destination);
      // From here on it repeats, as it would have from the start (RFC 3261 §18.1.1).
      this.#perform('sendRequest');
      this.#startRepeating();
      return;
    }
    if (attempt !== undefined && this.#maySendAgain(attempt, error)) {
      attempt.hasSentAgain = true;
      this.#perform('sendRequest');
      return;
    }
    this.#step('transportError', undefined, undefined, error);
    if (!this.#owner.transport.hearsFrom(this.#destination)) {
      this.#step('wayBackLost', undefined, undefined, error);
    }
  }

  /**
   * The first repetition is due, because no answer came. Nearly always one does: so timers B and F, which are due later, are not set before.
   */
  repeatDue(): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    attempt.firstRepeatTimer = undefined;
    if (attempt.timeoutTimer === undefined) this.#giveUpAfter(TRANSACTION_TIMEOUT_MS - T1_MS);
    this.#step(this.#isInvite ? 'timerA' : 'timerE');
  }

  lingered(): void {
    this.#step(this.#state === 'accepted' ? 'timerM' : this.#isInvite ? 'timerD' : 'timerK');
  }

  get #isInvite(): boolean {
    return this.method === 'INVITE';
  }

  #step(input: ClientInput, response?: SipResponse, source?: SipPeer, error?: Error): void {
    const before = this.#state;
    const { state, actions } = this.#isInvite
      ? stepInviteClient(before as InviteClientState, input)
      : stepRequestClient(before as RequestClientState, input);
    this.#state = state;
    // Gone from the layer first, so that a user who asks finds no trace of it.
    if (state === 'terminated' && before !== 'terminated') this.#finish();
    for (const action of actions) this.#perform(action, response, source, error);
    if (state !== before) this.#release(state);
  }

  #release(state: InviteClientState | RequestClientState): void {
    if (state === 'accepted' || state === 'completed') this.#attempt = undefined;
    // Its final response was passed up. INVITE differs: a failing ACK, or another 2xx, is still to be told.
    if (state === 'completed' && !this.#isInvite) this.#user = NOBODY;
  }

  #perform(action: ClientAction, response?: SipResponse, source?: SipPeer, error?: Error): void {
    const attempt = this.#attempt;
    switch (action) {
      case 'sendRequest':
        if (attempt !== undefined) this.#send(attempt.wire);
        break;
      case 'startA':
      case 'startE':
        this.#startRepeating();
        break;
      case 'doubleA':
        this.#repeatAfter((attempt?.intervalMs ?? T1_MS) * 2, 'timerA');
        break;
      case 'doubleE':
        this.#repeatAfter(Math.min((attempt?.intervalMs ?? T1_MS) * 2, T2_MS), 'timerE');
        break;
      case 'slowE':
        this.#repeatAfter(T2_MS, 'timerE');
        break;
      case 'stopA':
      case 'stopE':
        this.#stopRepeating();
        break;
      case 'startB':
      case 'startF':
        // Where it is repeated, the first repetition sets it.
        if (isReliable(this.#destination.transport)) this.#giveUpAfter(TRANSACTION_TIMEOUT_MS);
        break;
      case 'stopB':
      case 'stopF':
        this.#owner.clock.clearTimeout(attempt?.timeoutTimer);
        break;
      case 'startD':
        this.#linger(TIMER_D_MS);
        break;
      case 'startM':
        // Other phones behind a fork may answer as late, whatever the transport (RFC 6026 §7.2).
        this.#owner.lingering.set(this, TRANSACTION_TIMEOUT_MS);
        break;
      case 'startK':
        this.#linger(TIMER_K_MS);
        break;
      case 'passUp':
        if (response !== undefined && source !== undefined) this.#user.onResponse(response, source);
        break;
      case 'sendAck':
        if (attempt !== undefined && response !== undefined) {
          this.#ack ??= formatMessage(acknowledgeFailure(attempt.request, response));
        }
        if (this.#ack !== undefined) this.#send(this.#ack);
        break;
      case 'informTimeout':
        this.#user.onTimeout();
        break;
      case 'informTransportError':
        this.#user.onTransportError(error ?? new Error('unknown transport error'));
        break;
      case 'informWayBackLost':
        this.#user.onWayBackLost?.(error ?? new Error('unknown transport error'));
        break;
    }
  }

  #send(wire: string): void {
    this.#owner.transport.send(wire, this.#destination, this);
  }

  /**
   * Deviates: a request that met a connection which the peer had cut meanwhile is sent once more over a new one (RFC 3261 §8.1.3.1 would
   * count it as answered with 503), or a phone would go on ringing, or a call go on, for a CANCEL or BYE that nobody read. As over UDP,
   * the branch tells a peer that did read it. Never an INVITE: behind a peer that forgot it, it would ring twice.
   */
  #maySendAgain(attempt: Attempt, error: Error): boolean {
    const isCut =
      error instanceof TransportError &&
      (error.code === 'reset' || error.code === 'unreadable') &&
      error.phase === 'connected';
    return isCut && !this.#isInvite && this.#state === 'trying' && !attempt.hasSentAgain;
  }

  #startRepeating(): void {
    const attempt = this.#attempt;
    // A stream repeats by itself what is lost (§17.1.1.2, §17.1.2.2).
    if (attempt === undefined || isReliable(this.#destination.transport)) return;
    attempt.firstRepeatTimer = this.#owner.unanswered.set(this, T1_MS);
  }

  #stopRepeating(): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    const { firstRepeatTimer } = attempt;
    if (firstRepeatTimer !== undefined) this.#owner.unanswered.stop(firstRepeatTimer, T1_MS);
    attempt.firstRepeatTimer = undefined;
    this.#owner.clock.clearTimeout(attempt.repeatTimer);
  }

  #repeatAfter(delayMs: number, input: ClientInput): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    attempt.intervalMs = delayMs;
    attempt.repeatTimer = this.#owner.clock.setTimeout(() => this.#step(input), delayMs);
  }

  #giveUpAfter(delayMs: number): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    const input = this.#isInvite ? 'timerB' : 'timerF';
    attempt.timeoutTimer = this.#owner.clock.setTimeout(() => this.#step(input), delayMs);
  }

  /** No copies of a response come on a stream, so nothing need wait for them: timers D and K are zero (table 4). */
  #linger(unreliableMs: number): void {
    this.#owner.lingering.set(this, isReliable(this.#destination.transport) ? 0 : unreliableMs);
  }

  #finish(): void {
    this.#stopRepeating();
    this.#owner.clock.clearTimeout(this.#attempt?.timeoutTimer);
    this.#attempt = undefined;
    this.#owner.forgetClient(this);
  }
}

/** The ACK for a 3xx–6xx stays in the transaction: same branch, To from the response (RFC 3261 §17.1.1.3). */
function acknowledgeFailure(invite: SipRequest, response: SipResponse): SipRequest {
  const headers = new SipHeaders([], [], []);
  headers.append('Via', invite.headers.topViaValue);
  for (const route of invite.headers.fields('route')) headers.append('Route', route);
  headers.append('Max-Forwards', '70');
  headers.append('From', invite.headers.get('From') ?? '');
  headers.append('To', response.headers.get('To') ?? '');
  headers.append('Call-ID', invite.headers.callId);
  headers.append('CSeq', `${invite.headers.cseq.sequence} ACK`);
  return { kind: 'request', method: 'ACK', requestUri: invite.requestUri, headers, body: '' };
}
