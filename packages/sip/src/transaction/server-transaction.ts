// A server transaction: one received request and our responses. Performs what `server-transaction-states.ts` says.
import type { Clock } from '../clock.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { formatMessage } from '../message/serialize.ts';
import { isReliable, type SipPeer } from '../transport/sip-endpoint.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { EqualTimers } from './equal-timers.ts';
import type { LingeringTransaction } from './lingering-transaction.ts';
import {
  type InviteServerState,
  type RequestServerState,
  type ServerAction,
  type ServerInput,
  stepInviteServer,
  stepRequestServer,
} from './server-transaction-states.ts';
import { T1_MS, T2_MS, TIMER_I_MS, TRANSACTION_TIMEOUT_MS } from './timers.ts';

/** What the layer above wants to know of a transaction it answers; all optional. */
export interface ServerTransactionUser {
  /** The To tag of our responses; the response to a CANCEL repeats it (RFC 3261 §9.2). */
  readonly localTag?: string;
  /** A CANCEL for this transaction, already answered. */
  onCancel?(cancel: SipRequest): void;
  /** The transaction is over and forgotten. */
  onTerminated?(): void;
  /** An ACK with the branch of an accepted INVITE; rare, since ACK for 2xx has its own branch. */
  onAck?(ack: SipRequest): void;
  /** Timer H: the final non-2xx was never acknowledged. */
  onNoAck?(): void;
  onTransportError?(error: Error): void;
}

const NOBODY: ServerTransactionUser = {};

export interface ServerTransactionOwner {
  readonly clock: Clock;
  readonly lingering: EqualTimers<LingeringTransaction>;
  readonly transport: Pick<TransportLayer, 'send'>;
  forgetServer(transaction: ServerTransaction): void;
  /** A transaction is not pending any more. */
  settleServer(): void;
}

export class ServerTransaction implements LingeringTransaction {
  readonly key: string;
  /** What copies of the request share that reach us by different ways (§8.2.2.2); undefined inside a dialog. */
  readonly mergeKey: string | undefined;
  readonly isInvite: boolean;
  /** Where responses go. */
  readonly destination: SipPeer;
  /** Set by whoever answers. */
  user: ServerTransactionUser = NOBODY;
  readonly #owner: ServerTransactionOwner;
  #state: InviteServerState | RequestServerState;
  #intervalMs = T1_MS;
  #repeatTimer: unknown;
  #timeoutTimer: unknown;
  /** Only its text: transactions linger by the thousand, and slices of buffers would keep whole buffers alive. */
  #lastResponse: string | undefined;

  constructor(
    owner: ServerTransactionOwner,
    key: string,
    mergeKey: string | undefined,
    isInvite: boolean,
    destination: SipPeer,
  ) {
    this.#owner = owner;
    this.key = key;
    this.mergeKey = mergeKey;
    this.isInvite = isInvite;
    this.destination = destination;
    this.#state = isInvite ? 'proceeding' : 'trying';
  }

  get state(): InviteServerState | RequestServerState {
    return this.#state;
  }

  /** True until a final response was given or the transaction died. */
  get isPending(): boolean {
    return isPendingState(this.#state);
  }

  /** True once any response was sent. */
  get hasResponded(): boolean {
    return this.#lastResponse !== undefined;
  }

  /** Sends a response. Does nothing once a final one was given. */
  respond(response: SipResponse): void {
    if (!this.isPending) return;
    this.#lastResponse = formatMessage(response);
    const { status } = response;
    this.#step(status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure');
  }

  /** Sends the 2xx to an INVITE once more (RFC 3261 §13.3.1.4). */
  repeatSuccess(): void {
    this.#step('repeatSuccess');
  }

  /** Sends the latest provisional response once more (RFC 3262 §3). */
  repeatProvisional(): void {
    this.#step('repeatProvisional');
  }

  receiveRepeatedRequest(): void {
    this.#step('request');
  }

  receiveAck(ack: SipRequest): void {
    this.#step('ack', ack);
  }

  /** Drops what an acknowledged 2xx no longer needs; the transaction lingers for half a minute, by the thousand. */
  release(): void {
    this.user = NOBODY;
    this.#lastResponse = undefined;
  }

  /** Ends the transaction without telling its user. */
  abandon(): void {
    if (this.isPending) this.#owner.settleServer();
    this.#state = 'terminated';
    this.#finish();
  }

  /** It could not be answered (§17.2.4). */
  fail(error: Error): void {
    this.#step('transportError', undefined, error);
  }

  lingered(): void {
    this.#step(this.#state === 'accepted' ? 'timerL' : this.isInvite ? 'timerI' : 'timerJ');
  }

  #step(input: ServerInput, ack?: SipRequest, error?: Error): void {
    const before = this.#state;
    const { state, actions } = this.isInvite
      ? stepInviteServer(before as InviteServerState, input)
      : stepRequestServer(before as RequestServerState, input);
    this.#state = state;
    if (!this.isPending && isPendingState(before)) this.#owner.settleServer();
    if (state === 'terminated' && before !== 'terminated') this.#finish();
    for (const action of actions) this.#perform(action, ack, error);
  }

  #perform(action: ServerAction, ack: SipRequest | undefined, error: Error | undefined): void {
    switch (action) {
      case 'sendResponse':
      case 'repeatResponse':
        if (this.#lastResponse !== undefined) {
          this.#owner.transport.send(this.#lastResponse, this.destination, this);
        }
        break;
      case 'startG':
        this.#repeatAfter(T1_MS);
        break;
      case 'doubleG':
        this.#repeatAfter(Math.min(this.#intervalMs * 2, T2_MS));
        break;
      case 'stopG':
        this.#stopRepeating();
        break;
      case 'startH':
        this.#timeoutTimer = this.#after(TRANSACTION_TIMEOUT_MS, 'timerH');
        break;
      case 'stopH':
        this.#stopWaiting();
        break;
      case 'startI':
        this.#linger(TIMER_I_MS);
        break;
      case 'startJ':
        this.#linger(TRANSACTION_TIMEOUT_MS);
        break;
      case 'startL':
        // Copies of the INVITE may come by other ways, whatever the transport (RFC 6026 §7.1).
        this.#owner.lingering.set(this, TRANSACTION_TIMEOUT_MS);
        break;
      case 'passAck':
        if (ack !== undefined) this.user.onAck?.(ack);
        break;
      case 'informNoAck':
        this.user.onNoAck?.();
        break;
      case 'informTransportError':
        this.user.onTransportError?.(error ?? new Error('unknown transport error'));
        break;
    }
  }

  #repeatAfter(delayMs: number): void {
    // A stream repeats by itself what is lost (§17.2.1).
    if (isReliable(this.destination.transport)) return;
    this.#intervalMs = delayMs;
    this.#repeatTimer = this.#after(delayMs, 'timerG');
  }

  #after(delayMs: number, input: ServerInput): unknown {
    return this.#owner.clock.setTimeout(() => this.#step(input), delayMs);
  }

  /** No copies of a request come on a stream, so nothing need wait for them: timers I and J are zero (table 4). */
  #linger(unreliableMs: number): void {
    this.#owner.lingering.set(this, isReliable(this.destination.transport) ? 0 : unreliableMs);
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
    this.#owner.forgetServer(this);
    this.user.onTerminated?.();
  }
}

function isPendingState(state: InviteServerState | RequestServerState): boolean {
  return state === 'proceeding' || state === 'trying';
}
