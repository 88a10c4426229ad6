// Changes the session from this side: re-INVITE and UPDATE, one at a time. Performs what `reoffer-states.ts` says.
import { RequestFailed, SessionChangeRefused } from '../errors.ts';
import { parseDigits } from '../message/grammar.ts';
import type { HeaderList } from '../message/headers.ts';
import { bodyOf, type SipBody, type SipResponse } from '../message/message.ts';
import { isSessionBody, type SessionAgreement } from '../session/session-agreement.ts';
import type { DialogWire, Exchange } from './dialog-wire.ts';
import type { OfferCallback } from './invite-dialog.ts';
import {
  glareWaitMs,
  type ReofferAction,
  type ReofferInput,
  type ReofferState,
  stepReoffer,
} from './reoffer-states.ts';

/** What a change needs of its dialog. */
export interface ReofferHost {
  readonly wire: DialogWire;
  readonly session: SessionAgreement;
  readonly onOffer: OfferCallback | undefined;
  readonly isOver: boolean;
  /** Resolves when the peer has no INVITE open; undefined: it has none. */
  whenPeerIsDone(): Promise<void> | undefined;
  /** Session timer header fields of the request. */
  timerHeaders(): HeaderList;
  /** 422: asks for at least so much from now on. */
  raiseInterval(response: SipResponse): void;
  /** A 2xx: target and session timer are as it says. */
  accepted(response: SipResponse): void;
}

export interface SessionChange {
  readonly method: 'INVITE' | 'UPDATE';
  /** Undefined: INVITE asks for an offer, UPDATE only refreshes. */
  readonly offer: SipBody | undefined;
}

/** Requests for one change; glare again and again means that the other side does not wait as it should. */
const MAX_TRIES = 6;
/** Longest Retry-After that is waited for (RFC 3311 §5.2 names 0–10 s). */
const LONGEST_WAIT_SECONDS = 10;

/** Puts the changes of one dialog in a row. */
export class Reoffers {
  readonly #host: ReofferHost;
  #last: Promise<unknown> = Promise.resolve();
  #current: Reoffer | undefined;

  constructor(host: ReofferHost) {
    this.#host = host;
  }

  /** True from our INVITE until its ACK, so that one from the peer meets 491. */
  get isInviting(): boolean {
    return this.#current?.isInviting === true;
  }

  change(change: SessionChange): Promise<SipBody | undefined> {
    const outcome = this.#last.then(() => {
      this.#current = new Reoffer(this.#host, change);
      return this.#current.run();
    });
    this.#last = outcome.catch(() => {
      // Told to whoever asked for it; the next change does not depend on it.
    });
    return outcome;
  }

  dialogEnded(): void {
    this.#current?.dialogEnded();
  }
}

class Reoffer {
  readonly #host: ReofferHost;
  readonly #change: SessionChange;
  readonly #outcome: PromiseWithResolvers<SipBody | undefined> = Promise.withResolvers();
  #state: ReofferState = 'ready';
  #tries = 0;
  #waitTimer: unknown;
  #response: SipResponse | undefined;
  #failure: RequestFailed | undefined;

  constructor(host: ReofferHost, change: SessionChange) {
    this.#host = host;
    this.#change = change;
  }

  get isInviting(): boolean {
    return this.#change.method === 'INVITE' && this.#state === 'asking';
  }

  run(): Promise<SipBody | undefined> {
    void this.#start();
    return this.#outcome.promise;
  }

  dialogEnded(): void {
    this.#step('lost');
  }

  async #start(): Promise<void> {
    const { session } = this.#host;
    for (;;) {
      const peerIsDone = this.#host.whenPeerIsDone();
      if (peerIsDone === undefined) break;
      await peerIsDone;
    }
    if (this.#host.isOver) {
      this.#step('lost');
      return;
    }
    if (this.#change.offer !== undefined && !session.step('sendOffer')) {
      // In an UPDATE, or unanswered in an early dialog.
      this.#tries++;
      this.#step(this.#tries >= MAX_TRIES ? 'exhausted' : 'glare');
      return;
    }
    this.#step('start');
  }

  #step(input: ReofferInput): void {
    const before = this.#state;
    const { state, actions } = stepReoffer(before, input);
    this.#state = state;
    for (const action of actions) this.#perform(action);
    if (state === 'ready' && before !== 'ready') void this.#start();
  }

  #perform(action: ReofferAction): void {
    const { clock, randomHex } = this.#host.wire.core;
    switch (action) {
      case 'send':
        this.#tries++;
        void this.#send();
        break;
      case 'withdraw':
        if (this.#change.offer !== undefined) this.#host.session.step('withdraw');
        break;
      case 'waitAfterGlare': {
        const random = Number.parseInt(randomHex(4), 16) / 2 ** 32;
        this.#wait(glareWaitMs(this.#host.wire.state.isCaller, random));
        break;
      }
      case 'waitAsTold':
        this.#wait((retryAfterSeconds(this.#response) ?? 0) * 1_000);
        break;
      case 'raiseInterval':
        if (this.#response !== undefined) this.#host.raiseInterval(this.#response);
        break;
      case 'stopWaiting':
        clock.clearTimeout(this.#waitTimer);
        break;
      case 'succeed':
        this.#outcome.resolve(this.#host.session.remoteBody);
        break;
      case 'failRefused':
        this.#outcome.reject(new SessionChangeRefused(this.#change.method, this.#response));
        break;
      case 'failLost':
        this.#outcome.reject(this.#failure ?? new RequestFailed(this.#change.method, 'dialogEnded'));
        break;
    }
  }

  #wait(delayMs: number): void {
    this.#waitTimer = this.#host.wire.core.clock.setTimeout(() => this.#step('timerDue'), delayMs);
  }

  async #send(): Promise<void> {
    const { method, offer } = this.#change;
    let exchange: Exchange;
    try {
      exchange = await this.#host.wire.exchange(method, { headers: this.#host.timerHeaders(), body: offer });
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.#failure = error;
      this.#step('lost');
      return;
    }
    const { response } = exchange;
    this.#response = response;
    if (response.status >= 300) {
      this.#step(this.#kindOf(response));
      return;
    }
    this.#host.accepted(response);
    await this.#agree(exchange);
    this.#step('success');
  }

  #kindOf(response: SipResponse): ReofferInput {
    const { status } = response;
    if (status === 481 || status === 408) {
      this.#failure = new RequestFailed(this.#change.method, 'dialogEnded');
      return 'lost';
    }
    const isPassing =
      status === 491 || status === 422 || (status >= 500 && retryAfterSeconds(response) !== undefined);
    if (!isPassing) return 'refused';
    if (this.#tries >= MAX_TRIES) return 'exhausted';
    return status === 491 ? 'glare' : status === 422 ? 'tooBrief' : 'busy';
  }

  async #agree(exchange: Exchange): Promise<void> {
    const { session } = this.#host;
    const { method, offer } = this.#change;
    const body = bodyOf(exchange.response);
    const isSession = isSessionBody(body);
    if (offer !== undefined) {
      if (method === 'INVITE') exchange.acknowledge();
      if (!isSession || !session.step('receiveAnswer')) {
        session.step('withdraw');
        return;
      }
      session.localBody = offer;
      session.remoteBody = body;
      return;
    }
    if (method === 'UPDATE') return;
    const answer = isSession && session.step('receiveOffer') ? await answerTo(this.#host, body) : undefined;
    exchange.acknowledge(answer);
    if (answer === undefined) session.step('withdraw');
    else if (session.step('sendAnswer')) {
      session.localBody = answer;
      session.remoteBody = body;
    }
  }
}

async function answerTo(host: ReofferHost, offer: SipBody): Promise<SipBody | undefined> {
  try {
    return await host.onOffer?.(offer);
  } catch (error) {
    host.wire.core.report({ kind: 'callbackFailed', callback: 'onOffer', error });
    return undefined;
  }
}

/** Retry-After in seconds where it is short enough to wait for; undefined otherwise. */
function retryAfterSeconds(response: SipResponse | undefined): number | undefined {
  const field = response?.headers.get('Retry-After');
  if (field === undefined) return undefined;
  return parseDigits(/^\d{1,9}/.exec(field.trim())?.[0] ?? '', LONGEST_WAIT_SECONDS);
}
