// One dialog, early or confirmed, for both the calling and the called side (RFC 3261 §12, §14, §15). It owns what can go on inside:
// changes of the session, its timer, transfers, and the one way it ends.
import type { DigestClient } from '../auth/digest-client.ts';
import { RequestFailed } from '../errors.ts';
import type { HeaderList } from '../message/headers.ts';
import type { SipBody, SipRequest, SipResponse } from '../message/message.ts';
import { requirePrintable } from '../message/printable.ts';
import { parseReason } from '../message/reason.ts';
import { SessionAgreement } from '../session/session-agreement.ts';
import { SessionTimer } from '../session/session-timer.ts';
import {
  answerTerms,
  DEFAULT_INTERVAL_SECONDS,
  LEAST_SECONDS,
  readMinSeconds,
  requestTerms,
  type SessionInterval,
  type SessionTimerPolicy,
  type TimerReply,
  termsOfResponse,
} from '../session/session-timer-terms.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import { dialogKey } from './dialog-id.ts';
import { confirmDialog, type DialogState, refreshTarget } from './dialog-state.ts';
import { DialogWire } from './dialog-wire.ts';
import type {
  DialogEnd,
  DialogFault,
  EarlyDialog,
  InviteDialog,
  OfferCallback,
  SessionCallbacks,
} from './invite-dialog.ts';
import { ReceivedChanges, type ReceivedChangesHost } from './received-changes.ts';
import { readReferTo, TransferRequestReceived } from './received-transfer.ts';
import { type ReofferHost, Reoffers } from './reoffer.ts';
import { Transfer, type TransferOutcome, type TransferRequest } from './transfer.ts';
import type { DialogMember, UserAgentCore } from './user-agent-core.ts';

/** What receives requests that only an early dialog has; the call that is being set up. */
export interface EarlyStage {
  receivePrack(request: SipRequest, transaction: ServerTransaction): void;
  receiveBye(request: SipRequest, transaction: ServerTransaction): void;
}

export interface DialogSetup {
  readonly state: DialogState;
  readonly callbacks: SessionCallbacks;
  readonly digest: DigestClient | undefined;
  /** What this side wants of session timers. `off`: nothing, ever. Undefined: it goes along with the other side. */
  readonly sessionTimer: SessionTimerPolicy | 'off' | undefined;
  readonly early: EarlyStage | undefined;
}

/** Transfers followed at once in one dialog. */
const MAX_TRANSFERS = 8;

/** Ours while BYE crosses BYE; the peer's retransmissions meet an answer as long as this is registered. */
export class Dialog implements InviteDialog, EarlyDialog, DialogMember, ReofferHost, ReceivedChangesHost {
  readonly wire: DialogWire;
  readonly session = new SessionAgreement();
  readonly callbacks: SessionCallbacks;
  readonly #core: UserAgentCore;
  readonly #key: string;
  readonly #timerPolicy: SessionTimerPolicy | 'off' | undefined;
  readonly #ended: PromiseWithResolvers<DialogEnd> = Promise.withResolvers();
  readonly #received: ReceivedChanges;
  #early: EarlyStage | undefined;
  #end: DialogEnd | undefined;
  #bye: Promise<void> | undefined;
  /** Set while our BYE waits for the ACK of our 2xx. */
  #afterAck: (() => void) | undefined;
  #timer: SessionTimer | undefined;
  /** What a 422 raised it to, seconds. */
  #leastSeconds = LEAST_SECONDS;
  #reoffers: Reoffers | undefined;
  #transfers: Transfer[] | undefined;
  #receivedTransfers: TransferRequestReceived[] | undefined;

  constructor(core: UserAgentCore, setup: DialogSetup) {
    const { state } = setup;
    this.#core = core;
    this.#key = dialogKey(state.callId, state.localTag, state.remoteTag);
    this.wire = new DialogWire(core, state, setup.digest, setup.callbacks, (loss, what) =>
      this.#fail(loss, what),
    );
    this.callbacks = setup.callbacks;
    this.#timerPolicy = setup.sessionTimer;
    this.#early = setup.early;
    this.#received = new ReceivedChanges(this);
    core.dialogs.set(this.#key, this);
  }

  get callId(): string {
    return this.wire.state.callId;
  }

  get localTag(): string {
    return this.wire.state.localTag;
  }

  get remoteTag(): string {
    return this.wire.state.remoteTag;
  }

  get remoteBody(): SipBody | undefined {
    return this.session.remoteBody;
  }

  get ended(): Promise<DialogEnd> {
    return this.#ended.promise;
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  get isInviting(): boolean {
    return this.#reoffers?.isInviting === true;
  }

  get onOffer(): OfferCallback | undefined {
    return this.callbacks.onOffer;
  }

  /** Calling side: the 2xx arrived. */
  confirmByResponse(response: SipResponse): void {
    this.#early = undefined;
    confirmDialog(this.wire.state, response);
    this.#agreeOnTimer(termsOfResponse(response.headers));
  }

  /** Called side: our 2xx has just left with that session timer. */
  confirmByAnswer(transaction: ServerTransaction, timer: TimerReply): void {
    this.#early = undefined;
    this.timerAgreed(timer);
    this.#received.repeatUntilAck(transaction, this.wire.state.remoteSequence ?? 0);
  }

  /** The call did not come about; nobody knows this dialog any more. */
  discard(): void {
    this.#core.dialogs.delete(this.#key);
    this.#finish({ by: 'local', reason: 'the call was not answered' });
  }

  bye(options: { reason?: string } = {}): Promise<void> {
    if (options.reason !== undefined) requirePrintable('Reason', options.reason);
    if (this.#bye === undefined && this.#end !== undefined) return Promise.resolve();
    this.#bye ??= this.#hangUp({ by: 'local', ...options }, options.reason);
    return this.#bye;
  }

  sendInfo(body: SipBody): Promise<SipResponse> {
    if (this.#end !== undefined) return Promise.reject(new RequestFailed('INFO', 'dialogEnded'));
    return this.wire.request('INFO', { body });
  }

  reinvite(offer?: SipBody): Promise<SipBody | undefined> {
    return this.#change('INVITE', offer);
  }

  update(offer?: SipBody): Promise<SipBody | undefined> {
    return this.#change('UPDATE', offer);
  }

  refer(request: TransferRequest): Promise<TransferOutcome> {
    const transfers = this.#transfers ?? [];
    if (this.#end !== undefined || transfers.length >= MAX_TRANSFERS) {
      return Promise.resolve({ kind: 'unknown', because: 'dialogEnded' });
    }
    const transfer = new Transfer(this.wire, request, () => this.#transferIsOver());
    transfers.push(transfer);
    this.#transfers = transfers;
    return transfer.outcome;
  }

  receiveAck(ack: SipRequest): void {
    this.#received.receiveAck(ack);
    this.#afterAck?.();
  }

  receiveRequest(request: SipRequest, transaction: ServerTransaction): void {
    const { state } = this.wire;
    const { sequence } = request.headers.cseq;
    if (state.remoteSequence !== undefined && sequence < state.remoteSequence) {
      this.wire.answer(request, transaction, 500, { reason: 'CSeq out of order' });
      return;
    }
    state.remoteSequence = sequence;
    const { method } = request;
    if (method === 'BYE') this.#receiveBye(request, transaction);
    else if (method === 'NOTIFY') this.#receiveNotify(request, transaction);
    else if (this.#end !== undefined) this.wire.answer(request, transaction, 481);
    else if (method === 'INVITE') this.#receiveInvite(request, transaction);
    else if (method === 'UPDATE') this.#received.receiveUpdate(request, transaction);
    else if (method === 'PRACK') this.#receivePrack(request, transaction);
    else if (method === 'REFER') this.#receiveRefer(request, transaction);
    else if (method === 'OPTIONS') this.wire.answer(request, transaction, 200);
    else this.#askApplication(request, transaction);
  }

  closeNow(): void {
    const isConfirmed = this.#early === undefined;
    const wasOver = this.#end !== undefined;
    this.#finish({ by: 'local', reason: 'the user agent was closed' });
    if (isConfirmed && !wasOver) this.wire.sendOnly('BYE', {});
    for (const transfer of [...(this.#transfers ?? [])]) transfer.close();
    this.#core.dialogs.delete(this.#key);
  }

  /** An offer in a PRACK, answered like one in an UPDATE (RFC 3262 §5). */
  answerPrackOffer(request: SipRequest, transaction: ServerTransaction): void {
    this.#received.ask(request, transaction, (reply) => {
      this.#received.answerOffer(request, transaction, reply, { kind: 'off' });
    });
  }

  // For Reoffers.

  whenPeerIsDone(): Promise<void> | undefined {
    return this.#received.whenDone();
  }

  timerHeaders(): HeaderList {
    if (this.#timerPolicy === 'off') return [];
    const interval = this.#timer?.interval;
    const seconds =
      interval?.intervalSeconds ?? this.#timerPolicy?.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
    const terms = requestTerms({
      seconds: Math.max(seconds, this.#leastSeconds),
      minSeconds: this.#leastSeconds,
      // Who refreshes goes on refreshing (RFC 4028 §7.4).
      refresher: interval === undefined ? undefined : interval.refresher === 'local' ? 'uac' : 'uas',
    });
    return [['Supported', 'timer'], ...terms];
  }

  raiseInterval(response: SipResponse): void {
    this.#leastSeconds = Math.max(this.#leastSeconds, readMinSeconds(response.headers) ?? 0);
  }

  accepted(response: SipResponse): void {
    refreshTarget(this.wire.state, response.headers);
    this.#agreeOnTimer(termsOfResponse(response.headers));
  }

  // For ReceivedChanges.

  timerReply(request: SipRequest): TimerReply {
    if (this.#timerPolicy === 'off') return { kind: 'off' };
    return answerTerms(request.headers, this.#timerPolicy);
  }

  timerAgreed(reply: TimerReply): void {
    this.#agreeOnTimer(reply.kind === 'on' ? reply.interval : undefined);
  }

  onNoAck(): void {
    this.#afterAck?.();
    // Without its ACK the session cannot be trusted; it is ended in good form (RFC 3261 §13.3.1.4).
    this.#bye ??= this.#hangUp({ by: 'fault', fault: 'noAck', reason: 'no ACK within 32 s' }, undefined);
  }

  #change(method: 'INVITE' | 'UPDATE', offer: SipBody | undefined): Promise<SipBody | undefined> {
    if (this.#end !== undefined) return Promise.reject(new RequestFailed(method, 'dialogEnded'));
    this.#reoffers ??= new Reoffers(this);
    return this.#reoffers.change({ method, offer });
  }

  #finish(end: DialogEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#timer?.stop();
    this.#reoffers?.dialogEnded();
    for (const transfer of [...(this.#receivedTransfers ?? [])]) transfer.dialogEnded();
    this.#ended.resolve(end);
  }

  /** The session is over as soon as we say so (RFC 3261 §15.1.1); the dialog stays known until the BYE is answered. */
  async #hangUp(end: DialogEnd, reason: string | undefined): Promise<void> {
    this.#finish(end);
    if (this.#received.awaitsAck) {
      await new Promise<void>((resolve) => {
        this.#afterAck = resolve;
      });
    }
    // The peer's own BYE, or the missing ACK, may have come meanwhile.
    if (!this.#isKnown) return;
    try {
      await this.wire.request('BYE', reason === undefined ? {} : { headers: [['Reason', reason]] });
    } catch (error) {
      // Unanswered, the call is over for us all the same; the transaction has repeated the BYE for 32 s.
      if (!(error instanceof RequestFailed)) throw error;
    }
    this.#forget();
  }

  get #isKnown(): boolean {
    return this.#core.dialogs.get(this.#key) === this;
  }

  /** A transfer in progress still expects its last NOTIFY, in this dialog (RFC 5057 §4.1). */
  #forget(): void {
    this.#received.dialogEnded();
    for (const transfer of [...(this.#transfers ?? [])]) transfer.dialogEnded();
    if ((this.#transfers?.length ?? 0) === 0) this.#core.dialogs.delete(this.#key);
  }

  #transferIsOver(): void {
    this.#transfers = this.#transfers?.filter((transfer) => !transfer.isOver);
    if (this.#end !== undefined && this.#transfers?.length === 0 && this.#bye === undefined) this.#forget();
  }

  #receiveBye(request: SipRequest, transaction: ServerTransaction): void {
    if (this.#early !== undefined) {
      this.#early.receiveBye(request, transaction);
      return;
    }
    this.wire.answer(request, transaction, 200);
    const reason = request.headers.get('Reason');
    this.#finish(
      reason === undefined
        ? { by: 'remote' }
        : { by: 'remote', reason, causes: parseReason(request.headers.fields('Reason').join(', ')) },
    );
    this.#forget();
    this.#afterAck?.();
  }

  #receiveInvite(request: SipRequest, transaction: ServerTransaction): void {
    if (this.#early !== undefined) {
      // Nothing yet that it could change (§14.2).
      this.wire.answer(request, transaction, 500, { headers: [['Retry-After', '2']] });
      return;
    }
    this.#received.receiveInvite(request, transaction);
  }

  #receivePrack(request: SipRequest, transaction: ServerTransaction): void {
    if (this.#early === undefined) this.wire.answer(request, transaction, 481);
    else this.#early.receivePrack(request, transaction);
  }

  #receiveRefer(request: SipRequest, transaction: ServerTransaction): void {
    const { onTransfer } = this.callbacks;
    if (onTransfer === undefined) {
      this.#askApplication(request, transaction);
      return;
    }
    const open = this.#receivedTransfers ?? [];
    if (this.#early !== undefined || open.length >= MAX_TRANSFERS) {
      this.wire.answer(request, transaction, 500, { headers: [['Retry-After', '5']] });
      return;
    }
    const transfer = new TransferRequestReceived(
      this.wire,
      request,
      transaction,
      readReferTo(request),
      () => {
        this.#receivedTransfers = this.#receivedTransfers?.filter((each) => !each.isOver);
      },
    );
    open.push(transfer);
    this.#receivedTransfers = open;
    try {
      onTransfer(transfer);
    } catch (error) {
      this.#core.report({ kind: 'callbackFailed', callback: 'onTransfer', error });
      transfer.refuse(500);
    }
  }

  #receiveNotify(request: SipRequest, transaction: ServerTransaction): void {
    const transfer = this.#transferOf(request);
    if (transfer !== undefined) transfer.receiveNotify(request, transaction);
    else if (this.#end !== undefined) this.wire.answer(request, transaction, 481);
    else this.#askApplication(request, transaction);
  }

  /** With several transfers the event's id is the CSeq of its REFER (RFC 3515 §2.4.6); with one, it may be left out. */
  #transferOf(request: SipRequest): Transfer | undefined {
    const event = request.headers.get('Event')?.trim() ?? '';
    if (!/^refer(\s*;|$)/i.test(event)) return undefined;
    const id = /;\s*id\s*=\s*(\d+)/i.exec(event)?.[1];
    const open = this.#transfers ?? [];
    return open.find((transfer) => id !== undefined && transfer.sequence === Number(id)) ?? open.at(-1);
  }

  #askApplication(request: SipRequest, transaction: ServerTransaction): void {
    this.#received.ask(request, transaction, (reply) => {
      this.#received.answerOther(request, transaction, reply);
    });
  }

  #agreeOnTimer(interval: SessionInterval | undefined): void {
    if (this.#end !== undefined || this.#timerPolicy === 'off') return;
    if (interval === undefined && this.#timer === undefined) return;
    this.#timer ??= new SessionTimer(this.#core.clock, {
      onRefreshDue: () => this.#refresh(),
      onExpired: () => this.#expire(),
    });
    this.#timer.agreed(interval);
  }

  /** UPDATE where the peer takes it, for it touches nothing; else a re-INVITE with what stands (RFC 4028 §7.4). */
  #refresh(): void {
    const { takesUpdate } = this.wire.state;
    const refreshed = takesUpdate
      ? this.#change('UPDATE', undefined)
      : this.#change('INVITE', this.session.localBody);
    refreshed.catch((error: unknown) => {
      this.#timer?.refreshFailed();
      if (error instanceof RequestFailed) return;
      this.#core.report({ kind: 'refreshFailed', callId: this.callId, error });
    });
  }

  #expire(): void {
    const end: DialogEnd = {
      by: 'fault',
      fault: 'sessionExpired',
      reason: 'the session was not refreshed in time',
    };
    this.#bye ??= this.#hangUp(end, 'SIP;cause=408;text="Session timer expired"');
  }

  /** RFC 3261 §12.2.1.2: 481 says that the peer has no dialog; after 408 and silence it may have one, so it gets a BYE. */
  #fail(fault: DialogFault, reason: string): void {
    // An early dialog lives and dies with its INVITE.
    if (this.#early !== undefined) return;
    const wasOver = this.#end !== undefined;
    this.#finish({ by: 'fault', fault, reason });
    if (fault === 'noResponse' && !wasOver && this.#isKnown) {
      this.#bye ??= this.#hangUp({ by: 'fault', fault, reason }, undefined);
      return;
    }
    if (!wasOver) for (const transfer of [...(this.#transfers ?? [])]) transfer.close();
    this.#forget();
  }
}
