// The calling side of an INVITE: sends it, keeps its early dialogs, acknowledges what answers. Performs what
// `calling-states.ts` says.
import { type DigestClient, DigestRounds, isChallenge } from '../auth/digest-client.ts';
import {
  InviteCancelled,
  InviteRejected,
  InviteTimedOut,
  InviteTransportError,
  OfferUnanswered,
  UserAgentClosed,
} from '../errors.ts';
import { bodyOf, type SipBody, type SipRequest, type SipResponse } from '../message/message.ts';
import { requirePrintable } from '../message/printable.ts';
import { createResponse } from '../message/response.ts';
import { isSessionBody } from '../session/session-agreement.ts';
import { LEAST_SECONDS, readMinSeconds } from '../session/session-timer-terms.ts';
import type { ClientTransaction, ClientTransactionUser } from '../transaction/client-transaction.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import { TRANSACTION_TIMEOUT_MS } from '../transaction/timers.ts';
import type { SipPeer } from '../transport/sip-endpoint.ts';
import { AnsweredInvite, MAX_FORKS } from './answered-invite.ts';
import { type CallingAction, type CallingInput, type CallingState, stepCalling } from './calling-states.ts';
import { Dialog, type EarlyStage } from './dialog.ts';
import { dialogFromResponse } from './dialog-state.ts';
import type { InviteDialog } from './invite-dialog.ts';
import { cancelRequest, inviteRequest, type OutgoingInviteRequest } from './invite-request.ts';
import type { LateAnswerReceiver } from './late-answers.ts';
import { readReliableSequence, reliableOrder } from './rack.ts';
import { newBranch, newTag, type PendingCall, type UserAgentCore } from './user-agent-core.ts';

export interface OutgoingInvite {
  readonly callId: string;
  /**
   * The dialog, once the far end answers and its answer was acknowledged.
   *
   * Rejects with `InviteRejected` (final answer 300–699), `InviteTimedOut` (no answer at all for 32 s), `InviteTransportError` (could
   * not be sent, or its connection broke and no answer could come), `OfferUnanswered` or `InviteCancelled`. Ringing has no limit of its own: call `cancel()`.
   */
  readonly answered: Promise<InviteDialog>;
  /**
   * Gives up; idempotent, without effect once answered. The CANCEL waits for a provisional response (RFC 3261 §9.1). Without
   * one, `answered` rejects at once, and the CANCEL follows if one comes. A 2xx that crosses is acknowledged and hung up.
   *
   * @param options.reason value of a Reason header (RFC 3326), for the CANCEL or the BYE
   */
  cancel(options?: { reason?: string }): void;
}

/** 422s answered by asking for a longer interval; one comes from each hop at most. */
const MAX_BRIEF_INTERVALS = 3;

/** One phone behind the INVITE, by its To tag. */
interface Fork {
  readonly dialog: Dialog;
  latestReliable: number | undefined;
  isConfirmed: boolean;
  /** Sent again for each repeated 2xx. */
  ack: { readonly wire: string; readonly destination: SipPeer } | undefined;
}

export class OutgoingInviteCall
  implements OutgoingInvite, PendingCall, LateAnswerReceiver, ClientTransactionUser
{
  readonly callId: string;
  readonly answered: Promise<InviteDialog>;
  readonly #core: UserAgentCore;
  readonly #options: OutgoingInviteRequest;
  readonly #digest: DigestClient | undefined;
  readonly #fromTag: string;
  readonly #resolve: (dialog: InviteDialog) => void;
  readonly #reject: (error: Error) => void;
  #state: CallingState = 'calling';
  #sequence = 1;
  #branch: string;
  #invite: SipRequest;
  #signature: string | undefined;
  #transaction: ClientTransaction | undefined;
  #rounds: DigestRounds | undefined;
  #leastSeconds: number;
  #briefIntervals = 0;
  #cancelReason: string | undefined;
  #cancelTimer: unknown;
  readonly #forks = new Map<string, Fork>();
  // What the table's actions work on; set while an input is stepped.
  #response: SipResponse | undefined;
  #source: SipPeer | undefined;
  #transportError: Error | undefined;

  /** @throws {UnusableHeader} when something given would break the message */
  constructor(core: UserAgentCore, options: OutgoingInviteRequest) {
    this.#core = core;
    this.#options = options;
    this.callId = options.callId;
    const { credentials, target, sessionTimer } = options;
    this.#digest = credentials === undefined ? undefined : core.digests.for(credentials, target);
    const policy = sessionTimer === 'off' ? undefined : sessionTimer;
    this.#leastSeconds = Math.max(LEAST_SECONDS, policy?.minSeconds ?? 0);
    this.#fromTag = newTag(core);
    const { promise, resolve, reject } = Promise.withResolvers<InviteDialog>();
    this.answered = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    // Whoever cancels may not care for the outcome any more; that must not bring the process down.
    promise.catch(() => {});
    this.#branch = newBranch(core);
    this.#invite = this.#buildInvite();
  }

  start(): void {
    this.#core.pendingCalls.set(this.#fromTag, this);
    if (this.#options.sign === undefined) this.#send();
    else void this.#signAndSend(this.#options.sign);
  }

  cancel(options: { reason?: string } = {}): void {
    if (options.reason !== undefined) requirePrintable('Reason', options.reason);
    if (this.#state === 'calling' || this.#state === 'proceeding') this.#cancelReason = options.reason;
    this.#step('cancel');
  }

  /** A 2xx after the transaction is gone: the phone was picked up, so it must be told. */
  receiveLateSuccess(response: SipResponse, source: SipPeer): void {
    this.#receiveSuccess(response, source);
  }

  closeNow(): void {
    this.#step('close');
  }

  async #signAndSend(sign: () => Promise<string>): Promise<void> {
    try {
      this.#signature = requirePrintable('Identity', await sign());
      this.#invite = this.#buildInvite();
    } catch (error) {
      this.#core.report({ kind: 'unsigned', callId: this.callId, error });
    }
    if (this.#state === 'calling') this.#send();
    // Given up before anything was sent: nothing will ever come back.
    else this.#leave();
  }

  #buildInvite(): SipRequest {
    return inviteRequest(this.#core, this.#options, {
      sequence: this.#sequence,
      branch: this.#branch,
      fromTag: this.#fromTag,
      leastSeconds: this.#leastSeconds,
      signature: this.#signature,
      credentials: (subject) => {
        if (this.#digest === undefined) return [];
        return this.#rounds === undefined
          ? this.#digest.authorizeAhead(subject)
          : this.#digest.authorize(subject);
      },
    });
  }

  #send(): void {
    // After a digest round the first transaction lingers; what it still reports is about an attempt that is over.
    this.#transaction?.handTo(IGNORE_OUTCOME);
    this.#transaction = this.#core.transactions.send(this.#invite, this.#branch, this.#options.target, this);
  }

  onTimeout(): void {
    this.#step('timeout');
  }

  onTransportError(error: Error): void {
    this.#transportError = error;
    this.#step('transportError');
  }

  onWayBackLost(error: Error): void {
    this.#transportError = error;
    this.#step('wayBackLost');
  }

  onResponse(response: SipResponse, source: SipPeer): void {
    const { status } = response;
    if (status < 200) {
      this.#response = response;
      this.#source = source;
      this.#step('provisional');
    } else if (status < 300) this.#receiveSuccess(response, source);
    else this.#receiveFailure(response);
  }

  #receiveSuccess(response: SipResponse, source: SipPeer): void {
    const fork = this.#forks.get(response.headers.to.tag ?? '');
    if (fork?.isConfirmed === true) {
      if (fork.ack !== undefined) this.#core.transactions.transport.send(fork.ack.wire, fork.ack.destination);
      return;
    }
    this.#response = response;
    this.#source = source;
    this.#step('success');
  }

  #receiveFailure(response: SipResponse): void {
    this.#response = response;
    const isActive = this.#state === 'calling' || this.#state === 'proceeding';
    this.#step(isActive && this.#mayRetry(response) ? 'retry' : 'failure');
  }

  /** True when the INVITE, changed, deserves another try in this call: credentials (§22), a longer session interval (RFC 4028 §7.3). */
  #mayRetry(response: SipResponse): boolean {
    if (isChallenge(response.status) && this.#digest !== undefined) {
      this.#rounds ??= new DigestRounds(this.#digest);
      return this.#rounds.absorb(response);
    }
    if (response.status !== 422 || this.#briefIntervals >= MAX_BRIEF_INTERVALS) return false;
    const wanted = readMinSeconds(response.headers) ?? 0;
    if (wanted <= this.#leastSeconds) return false;
    this.#briefIntervals++;
    this.#leastSeconds = wanted;
    return true;
  }

  #step(input: CallingInput): void {
    const { state, actions } = stepCalling(this.#state, input);
    this.#state = state;
    for (const action of actions) this.#perform(action);
    this.#response = undefined;
  }

  #perform(action: CallingAction): void {
    const response = this.#response;
    switch (action) {
      case 'passProvisional':
        if (response !== undefined && response.status > 100) this.#passProvisional(response);
        break;
      case 'sendCancel':
        this.#sendCancel();
        break;
      case 'startCancelTimer':
        this.#cancelTimer = this.#core.clock.setTimeout(
          () => this.#step('cancelDue'),
          TRANSACTION_TIMEOUT_MS,
        );
        break;
      case 'resend':
        this.#discardEarly();
        this.#sequence++;
        this.#branch = newBranch(this.#core);
        this.#invite = this.#buildInvite();
        this.#send();
        break;
      case 'leave':
        this.#leave();
        break;
      case 'abandon':
        this.#transaction?.abandon();
        break;
      case 'expectLateAnswer':
        this.#core.lateAnswers.expect(this.callId, this.#fromTag, this);
        break;
      case 'accept':
        if (response !== undefined) this.#accept(response);
        break;
      case 'hangUp':
        if (response !== undefined) this.#hangUp(response);
        break;
      case 'failRejected':
        if (response !== undefined) this.#fail(new InviteRejected(response));
        break;
      case 'failAsCancelled':
        if (response !== undefined) {
          // Another final answer that crossed the CANCEL tells more than "cancelled" does.
          const isOurDoing = response.status === 487 || isChallenge(response.status);
          this.#fail(isOurDoing ? new InviteCancelled() : new InviteRejected(response));
        }
        break;
      case 'failCancelled':
        this.#fail(new InviteCancelled());
        break;
      case 'failTimeout':
        this.#fail(new InviteTimedOut());
        break;
      case 'failTransport':
        this.#fail(new InviteTransportError(this.#transportError ?? new Error('unknown transport error')));
        break;
      case 'failClosed':
        this.#fail(new InviteTransportError(new UserAgentClosed()));
        break;
    }
  }

  #passProvisional(response: SipResponse): void {
    const tag = response.headers.to.tag;
    const fork = tag === undefined ? undefined : this.#forkOf(tag, response);
    const reliable = fork === undefined ? undefined : readReliableSequence(response.headers);
    if (fork !== undefined && reliable !== undefined) {
      const order = reliableOrder(fork.latestReliable, reliable);
      // A repeated one has its PRACK, which is repeated by its own transaction.
      if (order !== 'inOrder') return;
      fork.latestReliable = reliable;
    }
    const body = bodyOf(response);
    const media = isSessionBody(body) ? body : undefined;
    const offer = fork === undefined ? undefined : this.#takeEarlyBody(fork, media, reliable !== undefined);
    if (fork !== undefined && reliable !== undefined) void this.#acknowledgeReliable(fork, reliable, offer);
    const { onProvisional, onEarlyMedia } = this.#options;
    if (onProvisional !== undefined) {
      this.#core.invoke('onProvisional', () => onProvisional(response, fork?.dialog));
    }
    if (onEarlyMedia === undefined || media === undefined || tag === undefined) return;
    const { status } = response;
    this.#core.invoke('onEarlyMedia', () =>
      onEarlyMedia({ status, body: media, remoteTag: tag, isReliable: reliable !== undefined }),
    );
  }

  /** Notes what an early response says about the session; returns an offer that must be answered in the PRACK. */
  #takeEarlyBody(fork: Fork, body: SipBody | undefined, isReliable: boolean): SipBody | undefined {
    if (body === undefined) return undefined;
    const { session } = fork.dialog;
    if (session.awaitsAnswer) {
      session.remoteBody = body;
      // Without 100rel the 2xx still has the last word (§13.2.1).
      if (isReliable) session.step('receiveAnswer');
      return undefined;
    }
    if (!isReliable || session.state !== 'none') return undefined;
    session.step('receiveOffer');
    session.remoteBody = body;
    return body;
  }

  /** PRACK, with our answer where the response made an offer (RFC 3262 §5). */
  async #acknowledgeReliable(fork: Fork, reliable: number, offer: SipBody | undefined): Promise<void> {
    const { dialog } = fork;
    const rack = `${reliable} ${this.#sequence} INVITE`;
    let answer: SipBody | undefined;
    if (offer !== undefined) {
      answer = await this.#answerTo(offer);
      if (answer === undefined) {
        this.#fail(new OfferUnanswered());
        dialog.session.step('withdraw');
        this.cancel({ reason: 'SIP;cause=488;text="Not Acceptable Here"' });
      } else if (dialog.session.step('sendAnswer')) dialog.session.localBody = answer;
    }
    try {
      await dialog.wire.request('PRACK', { headers: [['RAck', rack]], body: answer });
    } catch {
      // Unacknowledged, the called side refuses the INVITE (RFC 3262 §3), which tells more than this does.
    }
  }

  async #answerTo(offer: SipBody): Promise<SipBody | undefined> {
    try {
      return await this.#options.onOffer?.(offer);
    } catch (error) {
      this.#core.report({ kind: 'callbackFailed', callback: 'onOffer', error });
      return undefined;
    }
  }

  /** The phone with that tag; undefined when there are too many. */
  #forkOf(tag: string, response: SipResponse): Fork | undefined {
    const known = this.#forks.get(tag);
    const source = this.#source;
    if (known !== undefined || source === undefined || this.#forks.size >= MAX_FORKS) return known;
    const { body, sessionTimer } = this.#options;
    const dialog = new Dialog(this.#core, {
      state: dialogFromResponse(this.#invite, response, source),
      callbacks: this.#options,
      digest: this.#digest,
      sessionTimer,
      early: NOTHING_EARLY,
    });
    if (isSessionBody(body)) {
      dialog.session.step('sendOffer');
      dialog.session.localBody = body;
    }
    const fork: Fork = { dialog, latestReliable: undefined, isConfirmed: false, ack: undefined };
    this.#forks.set(tag, fork);
    return fork;
  }

  /** Makes the dialog of a 2xx; returns the offer it brings where our INVITE had none. */
  #confirm(response: SipResponse): { fork: Fork; offer: SipBody | undefined } | undefined {
    const fork = this.#forkOf(response.headers.to.tag ?? '', response);
    if (fork === undefined) return undefined;
    const { session } = fork.dialog;
    fork.isConfirmed = true;
    fork.dialog.confirmByResponse(response);
    const body = bodyOf(response);
    if (session.awaitsAnswer) {
      // The first description is the answer (§13.2.1); but where it came unreliably, what the 2xx says is newer.
      if (isSessionBody(body)) session.remoteBody = body;
      session.step(session.remoteBody === undefined ? 'withdraw' : 'receiveAnswer');
    } else if (session.state === 'none' && isSessionBody(body)) {
      session.remoteBody = body;
      if (this.#options.body === undefined) {
        session.step('receiveOffer');
        return { fork, offer: body };
      }
    }
    return { fork, offer: undefined };
  }

  #accept(response: SipResponse): void {
    const confirmed = this.#confirm(response);
    if (confirmed === undefined) return;
    const { fork, offer } = confirmed;
    this.#discardEarly();
    if (this.#rounds === undefined) this.#digest?.learn(false);
    if (offer !== undefined) {
      void this.#acceptOffer(fork, offer);
      return;
    }
    this.#acknowledge(fork, undefined);
    this.#resolve(fork.dialog);
    this.#handOver(fork);
  }

  /** From here on only copies of 2xx can come, so the transaction need not hold on to all this. */
  #handOver(fork: Fork): void {
    if (fork.ack === undefined) return;
    const { requestUri } = this.#options;
    this.#transaction?.handTo(new AnsweredInvite(this.#core, this.#digest, requestUri, fork.ack));
  }

  /** The offer came with the 2xx; the ACK carries our answer (§13.2.2.4). */
  async #acceptOffer(fork: Fork, offer: SipBody): Promise<void> {
    const { dialog } = fork;
    const answer = await this.#answerTo(offer);
    this.#acknowledge(fork, answer);
    if (answer === undefined) {
      dialog.session.step('withdraw');
      this.#fail(new OfferUnanswered());
      void dialog.bye({ reason: 'SIP;cause=488;text="Not Acceptable Here"' });
      return;
    }
    if (dialog.session.step('sendAnswer')) dialog.session.localBody = answer;
    this.#resolve(dialog);
  }

  /** Somebody picked up whom nobody wants to talk to any more. */
  #hangUp(response: SipResponse): void {
    const fork = this.#confirm(response)?.fork;
    if (fork === undefined) return;
    this.#acknowledge(fork, undefined);
    const reason = this.#cancelReason;
    void fork.dialog.bye(reason === undefined ? {} : { reason });
  }

  /** The ACK for a 2xx belongs to no transaction; it carries the credentials of its INVITE (§13.2.2.4). */
  #acknowledge(fork: Fork, body: SipBody | undefined): void {
    fork.ack = fork.dialog.wire.ackFor(this.#sequence, this.#invite, body);
    this.#core.transactions.transport.send(fork.ack.wire, fork.ack.destination);
  }

  #sendCancel(): void {
    const cancel = cancelRequest(this.#invite, this.#cancelReason);
    // The same way as the INVITE, which may have changed its transport for its size.
    const destination = this.#transaction?.destination ?? this.#options.target;
    this.#core.transactions.send(cancel, this.#branch, destination, IGNORE_OUTCOME);
  }

  /** The INVITE has its outcome; nothing is left to stop. */
  #leave(): void {
    this.#core.pendingCalls.delete(this.#fromTag);
    this.#core.clock.clearTimeout(this.#cancelTimer);
    if (this.#state !== 'answered') this.#discardEarly();
  }

  /** Early dialogs end with the INVITE, or when another phone answers first (§13.2.2.4). */
  #discardEarly(): void {
    for (const [tag, fork] of this.#forks) {
      if (fork.isConfirmed) continue;
      fork.dialog.discard();
      this.#forks.delete(tag);
    }
  }

  #fail(error: Error): void {
    this.#reject(error);
  }
}

/** The called side neither acknowledges our responses nor hangs up before it answered (RFC 3261 §15). */
const NOTHING_EARLY: EarlyStage = {
  receivePrack: refuse,
  receiveBye: refuse,
};

function refuse(request: SipRequest, transaction: ServerTransaction): void {
  transaction.respond(createResponse(request, 481));
}

const IGNORE_OUTCOME = {
  // What a CANCEL achieved shows in the final response to its INVITE, or in its absence (§9.1).
  onResponse: () => {},
  onTimeout: () => {},
  onTransportError: () => {},
};
