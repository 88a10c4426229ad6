// The peer's changes of the session: re-INVITE and UPDATE, glare, the answer of the application, and our 2xx until its ACK
// (RFC 3261 §14.2, RFC 3311 §5.2). Part of a dialog.
import { bodyOf, type SipBody, type SipRequest } from '../message/message.ts';
import { createResponse } from '../message/response.ts';
import { isSessionBody, type SessionAgreement } from '../session/session-agreement.ts';
import type { TimerReply } from '../session/session-timer-terms.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import { refreshTarget } from './dialog-state.ts';
import type { DialogWire } from './dialog-wire.ts';
import type { InDialogReply, SessionCallbacks } from './invite-dialog.ts';
import { checkHeaders } from './own-headers.ts';
import { SuccessRepetition } from './success-repetition.ts';

export interface ReceivedChangesHost {
  readonly wire: DialogWire;
  readonly session: SessionAgreement;
  readonly callbacks: SessionCallbacks;
  /** True while a re-INVITE of ours is open. */
  readonly isInviting: boolean;
  /** How the session timer of a request is to be answered; changes nothing. */
  timerReply(request: SipRequest): TimerReply;
  /** A 2xx with that reply is leaving. */
  timerAgreed(reply: TimerReply): void;
  onNoAck(): void;
}

export class ReceivedChanges {
  readonly #host: ReceivedChangesHost;
  /** The INVITE that the application has not answered yet. */
  #open: { readonly transaction: ServerTransaction; readonly refuse: () => void } | undefined;
  /** The 2xx being repeated: to the INVITE that made the dialog, or to a re-INVITE. */
  #repetition: SuccessRepetition | undefined;
  #waiters: Array<() => void> = [];

  constructor(host: ReceivedChangesHost) {
    this.#host = host;
  }

  /** True while the 2xx to an INVITE awaits its ACK. */
  get awaitsAck(): boolean {
    return this.#repetition !== undefined;
  }

  /** Resolves when no INVITE of the peer is open any more; undefined: none is. */
  whenDone(): Promise<void> | undefined {
    if (!this.#isInviting) return undefined;
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Repeats a 2xx that has just left until `receiveAck`. */
  repeatUntilAck(transaction: ServerTransaction, sequence: number): void {
    this.#repetition = new SuccessRepetition(this.#host.wire.core.clock, transaction, sequence, () => {
      this.#repetition = undefined;
      this.#done();
      this.#host.onNoAck();
    });
  }

  /** The ACK to our 2xx; brings the answer where the 2xx carried an offer (§13.2.1). */
  receiveAck(ack: SipRequest): void {
    if (this.#repetition === undefined || ack.headers.cseq.sequence !== this.#repetition.sequence) return;
    this.#repetition.acknowledge();
    this.#repetition = undefined;
    const { session, callbacks, wire } = this.#host;
    if (session.awaitsAnswer) {
      const answer = bodyOf(ack);
      if (isSessionBody(answer)) {
        session.step('receiveAnswer');
        session.remoteBody = answer;
        const { onAnswer } = callbacks;
        if (onAnswer !== undefined) wire.core.invoke('onAnswer', () => onAnswer(answer));
      } else session.step('withdraw');
    }
    this.#done();
  }

  receiveInvite(request: SipRequest, transaction: ServerTransaction): void {
    const { wire, session } = this.#host;
    if (this.#isInviting) {
      // One at a time (§14.2); the ACK to the last one may still be on its way.
      wire.answer(request, transaction, 500, { headers: [['Retry-After', this.#fewSeconds()]] });
      return;
    }
    const offer = bodyOf(request);
    const hasOffer = isSessionBody(offer);
    if (this.#host.isInviting || !session.isStable || (hasOffer && !session.step('receiveOffer'))) {
      wire.answer(request, transaction, 491);
      return;
    }
    const timer = this.#host.timerReply(request);
    if (timer.kind === 'tooBrief') {
      session.step('withdraw');
      wire.answer(request, transaction, 422, { headers: [['Min-SE', String(timer.minSeconds)]] });
      return;
    }
    const refuse = (): void => {
      session.step('withdraw');
      wire.answer(request, transaction, 487);
      this.#done();
    };
    this.#open = { transaction, refuse };
    transaction.user = {
      localTag: wire.state.localTag,
      onCancel: refuse,
      onAck: (ack) => this.receiveAck(ack),
    };
    refreshTarget(wire.state, request.headers);
    this.ask(request, transaction, (reply) => this.#answerInvite(request, transaction, reply, timer));
    if (!transaction.hasResponded) transaction.respond(createResponse(request, 100));
  }

  receiveUpdate(request: SipRequest, transaction: ServerTransaction): void {
    const { wire, session } = this.#host;
    const timer = this.#host.timerReply(request);
    if (timer.kind === 'tooBrief') {
      wire.answer(request, transaction, 422, { headers: [['Min-SE', String(timer.minSeconds)]] });
      return;
    }
    const offer = bodyOf(request);
    if (!isSessionBody(offer)) {
      refreshTarget(wire.state, request.headers);
      this.#host.timerAgreed(timer);
      wire.answer(request, transaction, 200, { headers: timer.kind === 'on' ? timer.headers : [] });
      return;
    }
    if (session.owesAnswer) {
      wire.answer(request, transaction, 500, { headers: [['Retry-After', this.#fewSeconds()]] });
      return;
    }
    if (!session.step('receiveOffer')) {
      wire.answer(request, transaction, 491);
      return;
    }
    refreshTarget(wire.state, request.headers);
    this.ask(request, transaction, (reply) => {
      this.answerOffer(request, transaction, reply, timer);
    });
  }

  /** Gives the request to the application, and calls `decide` with what it or the default says. */
  ask(request: SipRequest, transaction: ServerTransaction, decide: (reply: InDialogReply) => void): void {
    const { onRequest } = this.#host.callbacks;
    const settle = (reply: InDialogReply | undefined): void => {
      if (!transaction.isPending) return;
      decide(reply ?? this.#defaultReply(request));
    };
    if (onRequest === undefined) {
      settle(undefined);
      return;
    }
    const fail = (error: unknown): void => {
      this.#host.wire.core.report({ kind: 'callbackFailed', callback: 'onRequest', error });
      if (transaction.isPending) decide({ status: 500 });
    };
    let reply: ReturnType<typeof onRequest>;
    try {
      reply = onRequest(request);
    } catch (error) {
      fail(error);
      return;
    }
    if (reply instanceof Promise) reply.then(settle).catch(fail);
    else settle(reply);
  }

  /** Answers a request that carried an offer, as the application decided; true when the offer was taken. */
  answerOffer(
    request: SipRequest,
    transaction: ServerTransaction,
    reply: InDialogReply,
    timer: TimerReply,
  ): boolean {
    const { wire, session } = this.#host;
    const isSuccess = reply.status >= 200 && reply.status < 300;
    const headers = [...checkHeaders(reply.headers ?? [])];
    if (isSuccess) {
      if (timer.kind === 'on') headers.push(...timer.headers);
      if (request.method !== 'PRACK') this.#host.timerAgreed(timer);
      this.#agree(request, reply.body);
    } else session.step('withdraw');
    wire.answer(request, transaction, reply.status, { reason: reply.reason, headers, body: reply.body });
    return isSuccess;
  }

  /** Answers a request that has nothing to do with the session. */
  answerOther(request: SipRequest, transaction: ServerTransaction, reply: InDialogReply): void {
    const headers = checkHeaders(reply.headers ?? []);
    const { reason, body } = reply;
    this.#host.wire.answer(request, transaction, reply.status, { reason, headers, body });
  }

  /** The peer hung up, or the dialog is lost: what is open gets its last answer. */
  dialogEnded(): void {
    this.#repetition?.stop();
    this.#repetition = undefined;
    if (this.#open?.transaction.isPending === true) this.#open.refuse();
    this.#done();
  }

  get #isInviting(): boolean {
    return this.#open?.transaction.isPending === true || this.#repetition !== undefined;
  }

  #answerInvite(
    request: SipRequest,
    transaction: ServerTransaction,
    reply: InDialogReply,
    timer: TimerReply,
  ): void {
    if (this.answerOffer(request, transaction, reply, timer)) {
      this.repeatUntilAck(transaction, request.headers.cseq.sequence);
    } else this.#done();
  }

  #agree(request: SipRequest, body: SipBody | undefined): void {
    const { session } = this.#host;
    const offer = bodyOf(request);
    if (isSessionBody(offer)) {
      session.step('sendAnswer');
      session.remoteBody = offer;
    } else if (isSessionBody(body)) session.step('sendOffer');
    session.localBody = body ?? session.localBody;
  }

  #defaultReply(request: SipRequest): InDialogReply {
    const { localBody, remoteBody } = this.#host.session;
    if (request.method === 'INFO') return { status: request.body === '' ? 200 : 415 };
    if (request.method === 'NOTIFY') return { status: 481 };
    if (request.method !== 'INVITE' && request.method !== 'UPDATE' && request.method !== 'PRACK') {
      return { status: 405 };
    }
    const offer = bodyOf(request);
    const changesNothing = offer === undefined || offer.content === remoteBody?.content;
    if (!changesNothing || localBody === undefined) return { status: 488 };
    return { status: 200, body: localBody };
  }

  #done(): void {
    this.#open = undefined;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  /** 0 … 9 at random, as RFC 3261 §14.2 asks. */
  #fewSeconds(): string {
    return String(Number.parseInt(this.#host.wire.core.randomHex(1), 16) % 10);
  }
}
