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
import { T1_MS, T2_MS, TIMER_D_MS, TIMER_K_MS, TRANSACTION_TIMEOUT_MS } from './timers.ts';

/** What the layer above does with the outcome. Exactly one of final response, timeout and transport error comes. */
export interface ClientTransactionUser {
  /** Every provisional response, the final one; for INVITE also each repeated or forked 2xx. */
  onResponse(response: SipResponse, source: SipPeer): void;
  /** No final response in time (timers B and F). */
  onTimeout(): void;
  onTransportError(error: Error): void;
}

const NOBODY: ClientTransactionUser = {
  onResponse: () => {},
  onTimeout: () => {},
  onTransportError: () => {},
};

export interface ClientTransactionOwner {
  readonly clock: Clock;
  readonly transport: Pick<TransportLayer, 'send' | 'wayFor' | 'returnToUdp'>;
  forgetClient(transaction: ClientTransaction): void;
}

export class ClientTransaction {
  readonly key: string;
  readonly method: string;
  #destination: SipPeer;
  /** Where the request goes instead, once, when nobody listens at its destination. */
  #fallback: SipPeer | undefined;
  readonly #owner: ClientTransactionOwner;
  #user: ClientTransactionUser;
  #request: SipRequest | undefined;
  readonly #isInvite: boolean;
  #wire: string | undefined;
  #state: InviteClientState | RequestClientState = 'idle';
  #intervalMs = T1_MS;
  #repeatTimer: unknown;
  #timeoutTimer: unknown;
  #lingerTimer: unknown;
  #ack: string | undefined;
  #response: SipResponse | undefined;
  #source: SipPeer | undefined;
  #transportError: Error | undefined;
  #hasSentAgain = false;

  constructor(
    owner: ClientTransactionOwner,
    key: string,
    request: SipRequest,
    destination: SipPeer,
    user: ClientTransactionUser,
  ) {
    this.#owner = owner;
    this.key = key;
    this.#request = request;
    this.#destination = destination;
    this.#user = user;
    this.method = request.method;
    this.#isInvite = request.method === 'INVITE';
    this.#wire = formatMessage(request);
  }

  get destination(): SipPeer {
    return this.#destination;
  }

  get state(): InviteClientState | RequestClientState {
    return this.#state;
  }

  start(): void {
    const way = this.#owner.transport.wayFor(this.#wire ?? '', this.#destination);
    this.#destination = way.destination;
    this.#fallback = way.fallback;
    this.#step('start');
  }

  receive(response: SipResponse, source: SipPeer): void {
    this.#response = response;
    this.#source = source;
    const { status } = response;
    this.#step(status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure');
    this.#response = undefined;
  }

  /** The request as it was sent; undefined once nothing needs it any more. */
  get requestText(): string | undefined {
    return this.#wire;
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

  #step(input: ClientInput): void {
    const before = this.#state;
    const { state, actions } = this.#isInvite
      ? stepInviteClient(before as InviteClientState, input)
      : stepRequestClient(before as RequestClientState, input);
    this.#state = state;
    // Gone from the layer first, so that a user who asks finds no trace of it.
    if (state === 'terminated' && before !== 'terminated') this.#finish();
    for (const action of actions) this.#perform(action);
    if (state !== before) this.#release(state);
  }

  /** Transactions linger by the thousand, for up to half a minute; then they hold what they still need, and no more. */
  #release(state: InviteClientState | RequestClientState): void {
    if (state === 'accepted' || state === 'completed') {
      this.#wire = undefined;
      this.#request = undefined;
    }
    // Its final response was passed up. INVITE differs: a failing ACK, or another 2xx, is still to be told.
    if (state === 'completed' && !this.#isInvite) this.#user = NOBODY;
  }

  #perform(action: ClientAction): void {
    switch (action) {
      case 'sendRequest':
        if (this.#wire !== undefined) this.#send(this.#wire);
        break;
      case 'startA':
        this.#repeatAfter(T1_MS, 'timerA');
        break;
      case 'doubleA':
        this.#repeatAfter(this.#intervalMs * 2, 'timerA');
        break;
      case 'startE':
        this.#repeatAfter(T1_MS, 'timerE');
        break;
      case 'doubleE':
        this.#repeatAfter(Math.min(this.#intervalMs * 2, T2_MS), 'timerE');
        break;
      case 'slowE':
        this.#repeatAfter(T2_MS, 'timerE');
        break;
      case 'stopA':
      case 'stopE':
        this.#stopRepeating();
        break;
      case 'startB':
        this.#timeoutTimer = this.#after(TRANSACTION_TIMEOUT_MS, 'timerB');
        break;
      case 'startF':
        this.#timeoutTimer = this.#after(TRANSACTION_TIMEOUT_MS, 'timerF');
        break;
      case 'stopB':
      case 'stopF':
        this.#stopWaiting();
        break;
      case 'startD':
        this.#lingerTimer = this.#after(this.#lingerMs(TIMER_D_MS), 'timerD');
        break;
      case 'startM':
        this.#lingerTimer = this.#after(TRANSACTION_TIMEOUT_MS, 'timerM');
        break;
      case 'startK':
        this.#lingerTimer = this.#after(this.#lingerMs(TIMER_K_MS), 'timerK');
        break;
      case 'passUp':
        if (this.#response !== undefined && this.#source !== undefined) {
          this.#user.onResponse(this.#response, this.#source);
        }
        break;
      case 'sendAck':
        if (this.#response !== undefined && this.#request !== undefined) {
          this.#ack ??= formatMessage(acknowledgeFailure(this.#request, this.#response));
        }
        if (this.#ack !== undefined) this.#send(this.#ack);
        break;
      case 'informTimeout':
        this.#user.onTimeout();
        break;
      case 'informTransportError':
        this.#user.onTransportError(this.#transportError ?? new Error('unknown transport error'));
        break;
    }
  }

  #send(wire: string): void {
    this.#owner.transport.send(wire, this.#destination, this.fail);
  }

  /** The connection it went over is gone, or it could not be sent at all (§17.1.4). */
  readonly fail = (error: Error): void => {
    const fallback = this.#fallback;
    if (fallback !== undefined && (this.#state === 'calling' || this.#state === 'trying')) {
      this.#fallback = undefined;
      this.#destination = fallback;
      this.#owner.transport.returnToUdp(fallback);
      // From here on it repeats, as it would have from the start (RFC 3261 §18.1.1).
      this.#perform('sendRequest');
      this.#perform(this.#isInvite ? 'startA' : 'startE');
      return;
    }
    if (this.#maySendAgain(error)) {
      this.#hasSentAgain = true;
      this.#perform('sendRequest');
      return;
    }
    this.#transportError = error;
    this.#step('transportError');
  };

  /**
   * Deviates: a request that met a connection which the peer had cut meanwhile is sent once more over a new one (RFC 3261 §8.1.3.1 would
   * count it as answered with 503), or a phone would go on ringing, or a call go on, for a CANCEL or BYE that nobody read. As over UDP,
   * the branch tells a peer that did read it. Never an INVITE: behind a peer that forgot it, it would ring twice.
   */
  #maySendAgain(error: Error): boolean {
    const isCut = error instanceof TransportError && error.code === 'reset' && error.phase === 'connected';
    return isCut && !this.#isInvite && this.#state === 'trying' && !this.#hasSentAgain;
  }

  #repeatAfter(delayMs: number, input: ClientInput): void {
    // A stream repeats by itself what is lost (§17.1.1.2, §17.1.2.2).
    if (isReliable(this.#destination.transport)) return;
    this.#intervalMs = delayMs;
    this.#repeatTimer = this.#after(delayMs, input);
  }

  #after(delayMs: number, input: ClientInput): unknown {
    return this.#owner.clock.setTimeout(() => this.#step(input), delayMs);
  }

  /** No copies of a response come on a stream, so nothing need wait for them: timers D and K are zero (table 4). */
  #lingerMs(unreliableMs: number): number {
    return isReliable(this.#destination.transport) ? 0 : unreliableMs;
  }

  // A stopped timer is let go of, or it would live as long as the transaction lingers.
  #stopRepeating(): void {
    this.#owner.clock.clearTimeout(this.#repeatTimer);
    this.#repeatTimer = undefined;
  }

  #stopWaiting(): void {
    this.#owner.clock.clearTimeout(this.#timeoutTimer);
    this.#timeoutTimer = undefined;
  }

  #finish(): void {
    this.#stopRepeating();
    this.#stopWaiting();
    this.#owner.clock.clearTimeout(this.#lingerTimer);
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
