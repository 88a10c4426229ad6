// The called side of an INVITE until its final answer: provisional responses, answer, rejection, CANCEL (RFC 3261 §9.2,
// §13.3).
import { InviteNotPending } from '../errors.ts';
import type { HeaderList } from '../message/headers.ts';
import { bodyOf, type SipBody, type SipRequest } from '../message/message.ts';
import { createResponse } from '../message/response.ts';
import type { ServerTransaction, ServerTransactionUser } from '../transaction/server-transaction.ts';
import { TRANSACTION_TIMEOUT_MS } from '../transaction/timers.ts';
import type { SipPeer } from '../transport/sip-endpoint.ts';
import { dialogKey } from './dialog-id.ts';
import { dialogFromRequest } from './dialog-state.ts';
import { ConfirmedDialog, type InDialogRequestHandler, type InviteDialog } from './invite-dialog.ts';
import { checkBody, checkHeaders, requirePrintable } from './own-headers.ts';
import {
  ALLOWED_METHODS,
  contactFor,
  type DialogMember,
  newTag,
  type UserAgentCore,
} from './user-agent-core.ts';

export interface IncomingInvite {
  readonly request: SipRequest;
  /** Where the INVITE came from, whatever its header fields say. */
  readonly source: { readonly host: string; readonly port: number };
  /** Aborted when the caller gives up (CANCEL is then answered already, and the INVITE with 487) or cannot be reached. */
  readonly cancelled: AbortSignal;
  /**
   * Sends 101–199. Without effect once the INVITE has its final answer, since a CANCEL may come at any time.
   *
   * @throws {RangeError} for another status; {UnusableHeader}
   */
  provisional(status: number, reason?: string, options?: { headers?: HeaderList; body?: SipBody }): void;
  /**
   * Sends 200. Resolves as soon as the dialog exists; the 200 is repeated until the ACK, and the dialog ends with `fault`
   * when none comes within 32 s.
   *
   * @throws {InviteNotPending} when the caller gave up, or a final answer was given; {UnusableHeader}
   */
  answer(options?: {
    headers?: HeaderList;
    body?: SipBody;
    onRequest?: InDialogRequestHandler;
  }): Promise<InviteDialog>;
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

export class IncomingInviteCall implements IncomingInvite, ServerTransactionUser, DialogMember {
  readonly request: SipRequest;
  readonly source: SipPeer;
  readonly localTag: string;
  readonly #core: UserAgentCore;
  readonly #transaction: ServerTransaction;
  readonly #contact: string;
  #outcome: Outcome = 'pending';
  /** Made only when somebody looks: most calls are never cancelled. */
  #cancellation: AbortController | undefined;
  #dialog: ConfirmedDialog | undefined;
  #silenceTimer: unknown;

  constructor(core: UserAgentCore, request: SipRequest, transaction: ServerTransaction, source: SipPeer) {
    this.#core = core;
    this.request = request;
    this.#transaction = transaction;
    this.source = source;
    this.localTag = newTag(core);
    this.#contact = contactFor(core, request.requestUri, source);
    transaction.user = this;
    core.dialogs.set(this.#key, this);
    core.pendingCalls.add(this);
  }

  get cancelled(): AbortSignal {
    if (this.#cancellation === undefined) {
      this.#cancellation = new AbortController();
      if (this.#isGone) this.#cancellation.abort(this.#goneReason());
    }
    return this.#cancellation.signal;
  }

  provisional(status: number, reason?: string, options: { headers?: HeaderList; body?: SipBody } = {}): void {
    requireStatus(status, 101, 199);
    const response = this.#build(status, reason, checkHeaders(options.headers ?? []), options.body);
    if (this.#outcome === 'pending') this.#transaction.respond(response);
  }

  async answer(
    options: { headers?: HeaderList; body?: SipBody; onRequest?: InDialogRequestHandler } = {},
  ): Promise<InviteDialog> {
    if (this.#outcome !== 'pending') throw new InviteNotPending(this.#outcome);
    const headers: HeaderList = [...checkHeaders(options.headers ?? []), ['Allow', ALLOWED_METHODS]];
    const response = this.#build(200, undefined, headers, options.body);
    this.#settle('answered');
    this.#transaction.respond(response);
    this.#dialog = new ConfirmedDialog(this.#core, {
      state: dialogFromRequest(this.request, this.localTag, this.#contact, this.source),
      localBody: options.body,
      remoteBody: bodyOf(this.request),
      onRequest: options.onRequest,
      awaitsAck: this.#transaction,
    });
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
    this.#dialog?.receiveAck(ack);
  }

  onTransportError(error: Error): void {
    this.#core.report({ kind: 'sendFailed', to: this.#transaction.destination, error });
    if (this.#outcome === 'pending') this.#settle('transportError');
  }

  /** Requests of the early dialog: the caller may hang up by BYE instead of CANCEL (RFC 3261 §15). */
  receiveRequest(request: SipRequest, transaction: ServerTransaction): void {
    if (request.method === 'BYE') {
      transaction.respond(createResponse(request, 200));
      this.#finish('cancelled', 487);
    } else if (request.method === 'OPTIONS') {
      transaction.respond(createResponse(request, 200, { headers: [['Allow', ALLOWED_METHODS]] }));
    } else {
      // Another INVITE, or an INFO before the answer: nothing it could apply to yet (§14.2).
      transaction.respond(createResponse(request, 500, { headers: [['Retry-After', '2']] }));
    }
  }

  receiveAck(): void {
    // An ACK before the answer acknowledges nothing.
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

  get #key(): string {
    const { callId, from } = this.request.headers;
    return dialogKey(callId, this.localTag, from.tag ?? '');
  }

  get #isGone(): boolean {
    return this.#outcome === 'cancelled' || this.#outcome === 'transportError' || this.#outcome === 'closed';
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
    this.#core.pendingCalls.delete(this);
    this.#core.dialogs.delete(this.#key);
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

function requireStatus(status: number, lowest: number, highest: number): void {
  if (!Number.isInteger(status) || status < lowest || status > highest) {
    throw new RangeError(`the status must be a whole number from ${lowest} to ${highest}, not ${status}`);
  }
}
