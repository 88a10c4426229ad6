// A transfer that the far end asks for by REFER: the application takes it on or not, and the far end is told by NOTIFY how it goes
// (RFC 3515 §2.4). Performs what `received-transfer-states.ts` says. Part of a dialog.
import { RequestFailed } from '../errors.ts';
import type { SipRequest } from '../message/message.ts';
import { parseNameAddress } from '../message/name-address.ts';
import { ParseFailure } from '../message/parse-failure.ts';
import { requirePrintable } from '../message/printable.ts';
import { reasonPhrase } from '../message/status.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { DialogWire } from './dialog-wire.ts';
import {
  type ReceivedTransferAction,
  type ReceivedTransferInput,
  type ReceivedTransferState,
  stepReceivedTransfer,
} from './received-transfer-states.ts';
import { writeSipfrag } from './sipfrag.ts';

/** What the far end asks for: that we call somebody else in its place. Nothing is called unless the application does. */
export interface ReceivedTransfer {
  /** Whom to call: a URI as it stands in Refer-To; it may carry a Replaces header (RFC 3891). */
  readonly referTo: string;
  /** Who asks (RFC 3892): the URI of Referred-By, unproven. */
  readonly referredBy: string | undefined;
  readonly request: SipRequest;
  /** Takes it on: answers 202 and tells 100 Trying. Call `report` from then on. */
  accept(): void;
  /** Does not. @param status 400 to 699, default 603 */
  refuse(status?: number, reason?: string): void;
  /**
   * Tells the far end what the new call got: below 200 how it goes, from 200 what became of it, which is the last word. Without
   * effect before `accept`, after the last word, and after the dialog.
   *
   * @throws {RangeError} for another status than 100 to 699; {UnusableHeader}
   */
  report(status: number, reason?: string): void;
}

/** A subscription that brings no result by then ends with 408 as its last word, ms; as long as our own transfers wait. */
const SUBSCRIPTION_MS = 180_000;

/** Whom a REFER names: exactly one Refer-To (RFC 3515 §2.4.2). @throws {ParseFailure} */
export function readReferTo(request: SipRequest): string {
  const fields = request.headers.fields('Refer-To');
  const [field] = fields;
  if (field === undefined || fields.length > 1) {
    throw new ParseFailure('header', 'a REFER names exactly one Refer-To');
  }
  return parseNameAddress(field).uri;
}

export class TransferRequestReceived implements ReceivedTransfer {
  readonly request: SipRequest;
  readonly referTo: string;
  readonly referredBy: string | undefined;
  readonly #wire: DialogWire;
  readonly #transaction: ServerTransaction;
  readonly #onOver: () => void;
  #state: ReceivedTransferState = 'asked';
  #refusal: { readonly status: number; readonly reason: string | undefined } = {
    status: 603,
    reason: undefined,
  };
  #news = writeSipfrag(100, reasonPhrase(100));
  #timer: unknown;
  /** One NOTIFY at a time: overtaken on the way, the earlier would be refused for its CSeq. */
  #sending: Promise<void> = Promise.resolve();

  /** @param referTo as `readReferTo` read it */
  constructor(
    wire: DialogWire,
    request: SipRequest,
    transaction: ServerTransaction,
    referTo: string,
    onOver: () => void,
  ) {
    this.#wire = wire;
    this.request = request;
    this.#transaction = transaction;
    this.referTo = referTo;
    this.referredBy = referredBy(request);
    this.#onOver = onOver;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  accept(): void {
    this.#step('accept');
  }

  refuse(status = 603, reason?: string): void {
    if (!(status >= 400 && status <= 699)) throw new RangeError(`a refusal has 400 to 699, not ${status}`);
    if (reason !== undefined) requirePrintable('reason phrase', reason);
    this.#refusal = { status, reason };
    this.#step('refuse');
  }

  report(status: number, reason: string = reasonPhrase(status)): void {
    if (!(Number.isInteger(status) && status >= 100 && status <= 699)) {
      throw new RangeError(`a status is a whole number from 100 to 699, not ${status}`);
    }
    if (this.#state !== 'reporting') return;
    this.#news = writeSipfrag(status, requirePrintable('reason phrase', reason));
    this.#step(status < 200 ? 'progress' : 'final');
  }

  dialogEnded(): void {
    this.#step('dialogEnded');
  }

  #step(input: ReceivedTransferInput): void {
    const before = this.#state;
    const { state, actions } = stepReceivedTransfer(before, input);
    this.#state = state;
    for (const action of actions) this.#perform(action);
    if (state === 'over' && before !== 'over') this.#onOver();
  }

  #perform(action: ReceivedTransferAction): void {
    const { clock } = this.#wire.core;
    switch (action) {
      case 'sendAccepted':
        this.#wire.answer(this.request, this.#transaction, 202);
        break;
      case 'sendRefusal': {
        const { status, reason } = this.#refusal;
        this.#wire.answer(this.request, this.#transaction, status, { reason });
        break;
      }
      case 'notifyTrying':
      case 'notifyProgress':
        this.#notify(this.#news, `active;expires=${SUBSCRIPTION_MS / 1_000}`);
        break;
      case 'notifyFinal':
        this.#notify(this.#news, 'terminated;reason=noresource');
        break;
      case 'notifyTimeout':
        this.#notify(writeSipfrag(408, reasonPhrase(408)), 'terminated;reason=timeout');
        break;
      case 'startTimer':
        this.#timer = clock.setTimeout(() => this.#step('timerDue'), SUBSCRIPTION_MS);
        break;
      case 'stopTimer':
        clock.clearTimeout(this.#timer);
        break;
    }
  }

  #notify(content: string, subscription: string): void {
    this.#sending = this.#sending.then(() => this.#send(content, subscription));
  }

  async #send(content: string, subscription: string): Promise<void> {
    try {
      const { status } = await this.#wire.request('NOTIFY', {
        headers: [
          // Which of several REFERs this is about (RFC 3515 §2.4.6).
          ['Event', `refer;id=${this.request.headers.cseq.sequence}`],
          ['Subscription-State', subscription],
        ],
        body: { contentType: 'message/sipfrag;version=2.0', content },
        usage: 'subscription',
      });
      if (status >= 300) this.#step('lost');
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.#step('lost');
    }
  }
}

function referredBy(request: SipRequest): string | undefined {
  const field = request.headers.get('Referred-By');
  if (field === undefined) return undefined;
  try {
    return parseNameAddress(field).uri;
  } catch (error) {
    // Only a remark; what it names badly is as good as unsaid.
    if (error instanceof ParseFailure) return undefined;
    throw error;
  }
}
