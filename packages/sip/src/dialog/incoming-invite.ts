// The called side of an INVITE until its final answer: provisional responses, answer, rejection, CANCEL (RFC 3261 §9.2,
// §13.3).
import { InviteNotPending } from '../errors.ts';
import type { HeaderList } from '../message/headers.ts';
import { bodyOf, type SipBody, type SipRequest } from '../message/message.ts';
import { requirePrintable } from '../message/printable.ts';
import { createResponse } from '../message/response.ts';
import { isSessionBody } from '../session/session-agreement.ts';
import type { SessionTimerPolicy, TimerReply } from '../session/session-timer-terms.ts';
import type { ServerTransaction, ServerTransactionUser } from '../transaction/server-transaction.ts';
import { TRANSACTION_TIMEOUT_MS } from '../transaction/timers.ts';
import type { SipPeer } from '../transport/sip-endpoint.ts';
import { Dialog, type EarlyStage } from './dialog.ts';
import { dialogFromRequest } from './dialog-state.ts';
import type { EarlyDialog, InviteDialog, SessionCallbacks } from './invite-dialog.ts';
import { checkBody, checkHeaders } from './own-headers.ts';
import { readRack } from './rack.ts';
import { ReliableProvisionals } from './reliable-provisionals.ts';
import {
  allowedMethods,
  contactFor,
  newTag,
  type PendingCall,
  type UserAgentCore,
} from './user-agent-core.ts';

export interface ProvisionalOptions extends SessionCallbacks {
  readonly headers?: HeaderList;
  readonly body?: SipBody;
  /**
   * `reliable` repeats it until the caller's PRACK (RFC 3262), where the caller can; one that insists gets nothing else. Default
   * `plain`.
   */
  readonly reliability?: 'plain' | 'reliable';
}

export interface AnswerOptions extends SessionCallbacks {
  readonly headers?: HeaderList;
  /** The answer to the caller's offer; our offer where the INVITE had none. Not sent where a reliable response carried it. */
  readonly body?: SipBody;
}

export interface IncomingInvite {
  readonly request: SipRequest;
  /** Where the INVITE came from, whatever its header fields say. */
  readonly source: { readonly host: string; readonly port: number };
  /** Aborted when the caller gives up (CANCEL is then answered already, and the INVITE with 487) or cannot be reached. */
  readonly cancelled: AbortSignal;
  /** The dialog as it is before the answer; once a reliable response was acknowledged, its session can be changed. */
  readonly early: EarlyDialog;
  /**
   * Sends 101–199. Without effect once the INVITE has its final answer, since a CANCEL may come at any time. Callbacks given
   * here serve the early dialog from now on.
   *
   * @throws {RangeError} for another status; {UnusableHeader}
   */
  provisional(status: number, reason?: string, options?: ProvisionalOptions): void;
  /**
   * Sends 200. Resolves as soon as the dialog exists; the 200 is repeated until the ACK, and the dialog ends with `fault`
   * when none comes within 32 s. Waits for the PRACK of a reliable response that described a session (RFC 3262 §3).
   *
   * @throws {InviteNotPending} when the caller gave up, or a final answer was given; {UnusableHeader}
   */
  answer(options?: AnswerOptions): Promise<InviteDialog>;
  /**
   * Sends 300–699. Without effect when the caller gave up already. `Contact` may be among the headers, for redirects.
   *
   * @throws {InviteNotPending} when a final answer was given; {RangeError} for another status; {UnusableHeader}
   */
  reject(status: number, reason?: string, options?: { headers?: HeaderList }): void;
  /**
   * Sends nothing, ever, as a phone that is not there: repeated INVITEs are dropped too. For simulations; must be called
   * within `onInvite`, before 100 is sent on its own.
   *
   * @throws {InviteNotPending} when anything was answered already
   */
  ignore(): void;
}

type Outcome = 'pending' | InviteNotPending['because'];

export class IncomingInviteCall implements IncomingInvite, ServerTransactionUser, EarlyStage, PendingCall {
  readonly request: SipRequest;
  readonly source: SipPeer;
  readonly localTag: string;
  readonly #core: UserAgentCore;
  readonly #transaction: ServerTransaction;
  readonly #contact: string;
  readonly #timer: TimerReply;
  readonly #callbacks: { -readonly [Name in keyof SessionCallbacks]: SessionCallbacks[Name] } = {};
  readonly #dialog: Dialog;
  #outcome: Outcome = 'pending';
  #isAnswering = false;
  #reliable: ReliableProvisionals | undefined;
  /** Made only when somebody looks: most calls are never cancelled. */
  #cancellation: AbortController | undefined;
  #silenceTimer: unknown;

  /** @param timer how the session timer of the INVITE is answered; never `tooBrief` */
  constructor(
    core: UserAgentCore,
    request: SipRequest,
    transaction: ServerTransaction,
    source: SipPeer,
    timer: TimerReply,
    sessionTimer: SessionTimerPolicy | 'off' | undefined,
  ) {
    this.#core = core;
    this.request = request;
    this.#transaction = transaction;
    this.source = source;
    this.#timer = timer;
    this.localTag = newTag(core);
    this.#contact = contactFor(core, request.requestUri, source);
    this.#dialog = new Dialog(core, {
      state: dialogFromRequest(request, this.localTag, this.#contact, source),
      callbacks: this.#callbacks,
      digest: undefined,
      sessionTimer,
      early: this,
    });
    const offer = bodyOf(request);
    if (isSessionBody(offer)) this.#dialog.session.step('receiveOffer');
    this.#dialog.session.remoteBody = offer;
    transaction.user = this;
    core.pendingCalls.set(this.localTag, this);
  }

  get early(): EarlyDialog {
    return this.#dialog;
  }

  get cancelled(): AbortSignal {
    if (this.#cancellation === undefined) {
      this.#cancellation = new AbortController();
      if (this.#isGone) this.#cancellation.abort(this.#goneReason());
    }
    return this.#cancellation.signal;
  }

  provisional(status: number, reason?: string, options: ProvisionalOptions = {}): void {
    requireStatus(status, 101, 199);
    const headers = checkHeaders(options.headers ?? []);
    const { body } = options;
    const response = this.#build(status, reason, headers, body);
    if (this.#outcome !== 'pending') return;
    this.#take(options);
    if (this.#isReliable(options.reliability ?? 'plain')) this.#sendReliably(status, reason, headers, body);
    else this.#transaction.respond(response);
  }

  async answer(options: AnswerOptions = {}): Promise<InviteDialog> {
    if (this.#isAnswering) throw new InviteNotPending('answered');
    if (this.#outcome !== 'pending') throw new InviteNotPending(this.#outcome);
    const headers: Array<readonly [string, string]> = [...checkHeaders(options.headers ?? [])];
    headers.push(['Allow', allowedMethods({ ...this.#callbacks, ...options })]);
    if (this.#timer.kind === 'on') headers.push(...this.#timer.headers);
    if (options.body !== undefined) checkBody(options.body);
    const mayNotYet = this.#reliable?.sessionAcknowledged();
    if (mayNotYet !== undefined) {
      this.#isAnswering = true;
      await mayNotYet;
      this.#isAnswering = false;
      // The caller may have gone meanwhile, whatever TypeScript concluded before the wait.
      const outcome = this.#outcome as Outcome;
      if (outcome !== 'pending') throw new InviteNotPending(outcome);
    }
    const { session } = this.#dialog;
    const isAgreed = session.state === 'agreed';
    const body = isAgreed ? undefined : options.body;
    if (isSessionBody(body)) session.step(session.owesAnswer ? 'sendAnswer' : 'sendOffer');
    else if (session.owesAnswer) session.step('withdraw');
    if (!isAgreed) session.localBody = body;
    this.#take(options);
    const response = this.#build(200, undefined, headers, body);
    this.#settle('answered');
    this.#transaction.respond(response);
    this.#dialog.confirmByAnswer(this.#transaction, this.#timer);
    return this.#dialog;
  }

  reject(status: number, reason?: string, options: { headers?: HeaderList } = {}): void {
    requireStatus(status, 300, 699);
    const headers = checkHeaders(options.headers ?? [], 'contact');
    if (this.#isGone) return;
    if (this.#outcome !== 'pending') throw new InviteNotPending(this.#outcome);
    this.#finish('rejected', status, reason, headers);
  }

  ignore(): void {
    if (this.#outcome !== 'pending') throw new InviteNotPending(this.#outcome);
    if (this.#transaction.hasResponded) throw new InviteNotPending('answered');
    this.#settle('ignored');
    // Kept for as long as the caller may repeat the INVITE (timer B), or each copy would look like a new call.
    this.#silenceTimer = this.#core.clock.setTimeout(
      () => this.#transaction.abandon(),
      TRANSACTION_TIMEOUT_MS,
    );
  }

  onTerminated(): void {
    this.#core.clock.clearTimeout(this.#silenceTimer);
  }

  onCancel(_cancel: SipRequest): void {
    if (this.#outcome !== 'pending') return;
    this.#finish('cancelled', 487);
  }

  onAck(ack: SipRequest): void {
    this.#dialog.receiveAck(ack);
  }

  onTransportError(error: Error): void {
    this.#core.report({ kind: 'sendFailed', to: this.#transaction.destination, error });
    if (this.#outcome === 'pending') this.#settle('transportError');
  }

  /** The caller may hang up by BYE instead of CANCEL (RFC 3261 §15). */
  receiveBye(request: SipRequest, transaction: ServerTransaction): void {
    transaction.respond(createResponse(request, 200));
    if (this.#outcome === 'pending') this.#finish('cancelled', 487);
  }

  receivePrack(request: SipRequest, transaction: ServerTransaction): void {
    const rack = readRack(request.headers);
    const { session } = this.#dialog;
    if (rack === undefined || this.#reliable?.acknowledge(rack) !== true) {
      transaction.respond(createResponse(request, 481));
      return;
    }
    const body = bodyOf(request);
    if (!isSessionBody(body)) {
      transaction.respond(createResponse(request, 200));
    } else if (session.awaitsAnswer) {
      session.step('receiveAnswer');
      session.remoteBody = body;
      transaction.respond(createResponse(request, 200));
      const { onAnswer } = this.#callbacks;
      if (onAnswer !== undefined) this.#core.invoke('onAnswer', () => onAnswer(body));
    } else if (session.step('receiveOffer')) {
      this.#dialog.answerPrackOffer(request, transaction);
    } else transaction.respond(createResponse(request, 488));
  }

  closeNow(): void {
    if (this.#outcome === 'pending') this.#finish('closed', 503);
  }

  /** Answers 100 unless something was said already, so that the caller stops repeating itself (§8.2.6.1). */
  trying(): void {
    if (this.#outcome === 'pending' && !this.#transaction.hasResponded) {
      this.#transaction.respond(createResponse(this.request, 100));
    }
  }

  /** Callbacks given later replace those given before. */
  #take({ onRequest, onOffer, onAnswer, onTransfer }: SessionCallbacks): void {
    if (onRequest !== undefined) this.#callbacks.onRequest = onRequest;
    if (onOffer !== undefined) this.#callbacks.onOffer = onOffer;
    if (onAnswer !== undefined) this.#callbacks.onAnswer = onAnswer;
    if (onTransfer !== undefined) this.#callbacks.onTransfer = onTransfer;
  }

  #isReliable(wanted: 'plain' | 'reliable'): boolean {
    const { headers } = this.request;
    const names = (field: string): boolean =>
      headers.getAll(field).some((option) => option.toLowerCase() === '100rel');
    return names('Require') || (wanted === 'reliable' && names('Supported'));
  }

  #sendReliably(
    status: number,
    reason: string | undefined,
    headers: HeaderList,
    body: SipBody | undefined,
  ): void {
    this.#reliable ??= new ReliableProvisionals(
      this.#core.clock,
      {
        repeat: () => this.#transaction.repeatProvisional(),
        onUnacknowledged: () => this.#finish('unacknowledged', 504),
      },
      this.request.headers.cseq.sequence,
      // 1 … 2**24, within what RFC 3262 §3 asks for.
      Number.parseInt(this.#core.randomHex(3), 16) + 1,
    );
    const hasSession = isSessionBody(body);
    this.#reliable.send({
      hasSession,
      send: (reliableSequence) => {
        const { session } = this.#dialog;
        if (hasSession && session.state !== 'agreed') {
          session.step(session.owesAnswer ? 'sendAnswer' : 'sendOffer');
          session.localBody = body;
        }
        const numbered: HeaderList = [...headers, ['Require', '100rel'], ['RSeq', String(reliableSequence)]];
        this.#transaction.respond(this.#build(status, reason, numbered, body));
      },
    });
  }

  get #isGone(): boolean {
    return GONE.has(this.#outcome);
  }

  #goneReason(): Error {
    return new InviteNotPending(this.#outcome === 'pending' ? 'cancelled' : this.#outcome);
  }

  #finish(
    outcome: Exclude<Outcome, 'pending'>,
    status: number,
    reason?: string,
    headers: HeaderList = [],
  ): void {
    this.#transaction.respond(this.#build(status, reason, headers, undefined));
    this.#settle(outcome);
  }

  #settle(outcome: Exclude<Outcome, 'pending'>): void {
    this.#outcome = outcome;
    this.#core.pendingCalls.delete(this.localTag);
    this.#reliable?.finish();
    if (outcome !== 'answered') this.#dialog.discard();
    if (this.#isGone) this.#cancellation?.abort(this.#goneReason());
  }

  #build(status: number, reason: string | undefined, headers: HeaderList, body: SipBody | undefined) {
    const all = [...headers];
    if (status < 300) all.unshift(['Contact', this.#contact]);
    if (this.#core.userAgentName !== undefined) all.push(['Server', this.#core.userAgentName]);
    return createResponse(this.request, status, {
      reason: reason === undefined ? undefined : requirePrintable('reason phrase', reason),
      toTag: this.localTag,
      createsDialog: status < 300,
      headers: all,
      body: body === undefined ? undefined : checkBody(body),
    });
  }
}

/** Outcomes that came about without the application. */
const GONE: ReadonlySet<Outcome> = new Set(['cancelled', 'transportError', 'unacknowledged', 'closed']);

function requireStatus(status: number, lowest: number, highest: number): void {
  if (!Number.isInteger(status) || status < lowest || status > highest) {
    throw new RangeError(`the status must be a whole number from ${lowest} to ${highest}, not ${status}`);
  }
}
