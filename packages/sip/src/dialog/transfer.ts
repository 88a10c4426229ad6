// Asks the far end to call somebody else and follows what becomes of it (RFC 3515). Performs what `transfer-states.ts` says.
import { RequestFailed } from '../errors.ts';
import type { HeaderList } from '../message/headers.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import { TRANSACTION_TIMEOUT_MS } from '../transaction/timers.ts';
import type { DialogWire } from './dialog-wire.ts';
import { checkHeaders, requireUri } from './own-headers.ts';
import { readSipfrag, type Sipfrag } from './sipfrag.ts';
import {
  stepTransfer,
  type TransferAction,
  type TransferInput,
  type TransferState,
} from './transfer-states.ts';

export interface TransferRequest {
  /** Whom the far end should call; with `?Replaces=…` it takes over another call (RFC 3891). */
  readonly referTo: string;
  /** Who asks (RFC 3892). Default: not said. */
  readonly referredBy?: string;
  readonly headers?: HeaderList;
  /** How long news may stay away before the transfer counts as lost, ms. Default 180 s. */
  readonly timeoutMs?: number;
  /** Provisional responses that the far end reports. */
  readonly onProgress?: (status: number, reason: string) => void;
}

/** What became of a transfer. */
export type TransferOutcome =
  /** The call to the new party got a final response: 2xx means that it was answered. */
  | { readonly kind: 'completed'; readonly status: number; readonly reason: string }
  /** The far end does not want to. */
  | { readonly kind: 'refused'; readonly response: SipResponse }
  /** The far end went silent: its subscription ended without a result, timed out, or the dialog is gone. */
  | { readonly kind: 'unknown'; readonly because: 'terminated' | 'timeout' | 'dialogEnded' };

const DEFAULT_TIMEOUT_MS = 180_000;

export class Transfer {
  readonly outcome: Promise<TransferOutcome>;
  readonly #wire: DialogWire;
  readonly #request: TransferRequest;
  readonly #resolve: (outcome: TransferOutcome) => void;
  readonly #onOver: () => void;
  #state: TransferState = 'asking';
  #sequence: number | undefined;
  #news: Sipfrag | undefined;
  #response: SipResponse | undefined;
  #timer: unknown;

  /** @throws {UnusableHeader} */
  constructor(wire: DialogWire, request: TransferRequest, onOver: () => void) {
    const headers: Array<readonly [string, string]> = [
      ['Refer-To', `<${requireUri('Refer-To', request.referTo)}>`],
    ];
    if (request.referredBy !== undefined) {
      headers.push(['Referred-By', `<${requireUri('Referred-By', request.referredBy)}>`]);
    }
    headers.push(...checkHeaders(request.headers ?? []));
    this.#wire = wire;
    this.#request = request;
    this.#onOver = onOver;
    const { promise, resolve } = Promise.withResolvers<TransferOutcome>();
    this.outcome = promise;
    this.#resolve = resolve;
    void this.#send(headers);
  }

  /** CSeq of the REFER, by which its NOTIFYs may name it. */
  get sequence(): number | undefined {
    return this.#sequence;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Takes a NOTIFY of the refer event. */
  receiveNotify(request: SipRequest, transaction: ServerTransaction): void {
    this.#wire.answer(request, transaction, 200);
    const type = (request.headers.get('Content-Type') ?? '').trimStart().toLowerCase();
    this.#news = type.startsWith('message/sipfrag') ? readSipfrag(request.body) : undefined;
    const subscription = (request.headers.get('Subscription-State') ?? '').trimStart().toLowerCase();
    if (this.#news !== undefined && this.#news.status >= 200) this.#step('final');
    else if (subscription.startsWith('terminated')) this.#step('terminated');
    else if (this.#news !== undefined) this.#step('progress');
  }

  dialogEnded(): void {
    this.#step('dialogEnded');
  }

  /** Nothing can come any more. */
  close(): void {
    this.#step('lost');
  }

  async #send(headers: HeaderList): Promise<void> {
    try {
      const response = this.#wire.request('REFER', { headers });
      this.#sequence = this.#wire.state.localSequence;
      this.#response = await response;
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.#step('lost');
      return;
    }
    const { status } = this.#response;
    this.#step(status < 300 ? 'accepted' : status === 481 || status === 408 ? 'lost' : 'refused');
  }

  #step(input: TransferInput): void {
    const before = this.#state;
    const { state, actions } = stepTransfer(before, input);
    this.#state = state;
    for (const action of actions) this.#perform(action);
    if (state === 'over' && before !== 'over') this.#onOver();
  }

  #perform(action: TransferAction): void {
    const { clock } = this.#wire.core;
    switch (action) {
      case 'startTimer':
        this.#timer = clock.setTimeout(
          () => this.#step('timerDue'),
          this.#request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        );
        break;
      case 'shortenTimer':
        this.#timer = clock.setTimeout(() => this.#step('timerDue'), TRANSACTION_TIMEOUT_MS);
        break;
      case 'stopTimer':
        clock.clearTimeout(this.#timer);
        break;
      case 'tellProgress': {
        const { onProgress } = this.#request;
        const news = this.#news;
        if (onProgress !== undefined && news !== undefined) {
          this.#wire.core.invoke('onProgress', () => onProgress(news.status, news.reason));
        }
        break;
      }
      case 'succeed':
        this.#resolve({
          kind: 'completed',
          status: this.#news?.status ?? 200,
          reason: this.#news?.reason ?? '',
        });
        break;
      case 'failRefused':
        if (this.#response !== undefined) this.#resolve({ kind: 'refused', response: this.#response });
        break;
      case 'failLost':
        this.#resolve({ kind: 'unknown', because: 'dialogEnded' });
        break;
      case 'failTerminated':
        this.#resolve({ kind: 'unknown', because: 'terminated' });
        break;
      case 'failTimeout':
        this.#resolve({ kind: 'unknown', because: 'timeout' });
        break;
    }
  }
}
