// A confirmed dialog: from the 2xx to the BYE, for both the calling and the called side (RFC 3261 §12, §14, §15).
import { RequestFailed, UserAgentClosed } from '../errors.ts';
import type { DigestCredentials } from '../message/digest-auth.ts';
import type { HeaderList } from '../message/headers.ts';
import { bodyOf, type SipBody, type SipRequest, type SipResponse } from '../message/message.ts';
import { createResponse, type ResponseOptions } from '../message/response.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { SipPeer } from '../transport/sip-endpoint.ts';
import { dialogKey } from './dialog-id.ts';
import { type DialogState, dialogRequest, refreshTarget } from './dialog-state.ts';
import { authorize, isChallenge } from './digest-retry.ts';
import { appendOwnHeaders, checkHeaders, requirePrintable } from './own-headers.ts';
import { SuccessRepetition } from './success-repetition.ts';
import {
  ALLOWED_METHODS,
  type DialogMember,
  newBranch,
  type UserAgentCore,
  viaFor,
} from './user-agent-core.ts';

/** How a dialog ended. `fault`: the peer vanished (no ACK, 481, 408); `reason` is a Reason header value or our own words. */
export interface DialogEnd {
  readonly by: 'remote' | 'local' | 'fault';
  readonly reason?: string;
}

/** The answer of `onRequest` to a request inside a dialog. */
export interface InDialogReply {
  /** 200–699 */
  readonly status: number;
  readonly reason?: string;
  readonly headers?: HeaderList;
  readonly body?: SipBody;
}

/**
 * Decides over requests inside a dialog other than BYE and OPTIONS: re-INVITE, INFO and what else may come. `undefined`
 * leaves it to the default: a re-INVITE that changes nothing is confirmed with the same body, one that does is refused (488),
 * INFO is refused when it carries anything (415), other methods always (405).
 */
export type InDialogRequestHandler = (
  request: SipRequest,
) => InDialogReply | undefined | Promise<InDialogReply | undefined>;

export interface InviteDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** The answer (calling side) or the offer (called side); an offerless INVITE brings it with its ACK, if at all. */
  readonly remoteBody: SipBody | undefined;
  /** Never rejects. */
  readonly ended: Promise<DialogEnd>;
  /**
   * Hangs up; idempotent. Resolves at the final response, after timer F, or at once when the dialog is over. The called side
   * may not hang up before the ACK (RFC 3261 §15), so there the BYE waits for it.
   *
   * @param options.reason value of a Reason header (RFC 3326), e.g. `Q.850;cause=16`
   */
  bye(options?: { reason?: string }): Promise<void>;
  /** Sends an INFO. @throws {RequestFailed} when no final response comes */
  sendInfo(body: SipBody): Promise<SipResponse>;
}

export interface DialogSetup {
  readonly state: DialogState;
  readonly localBody: SipBody | undefined;
  readonly remoteBody: SipBody | undefined;
  readonly credentials?: DigestCredentials | undefined;
  readonly onRequest?: InDialogRequestHandler | undefined;
  /** Called side only: the transaction whose 2xx awaits its ACK. */
  readonly awaitsAck?: ServerTransaction;
}

/** Ours while BYE crosses BYE; the peer's retransmissions meet an answer as long as this is registered. */
export class ConfirmedDialog implements InviteDialog, DialogMember {
  readonly ended: Promise<DialogEnd>;
  readonly #core: UserAgentCore;
  readonly #state: DialogState;
  readonly #credentials: DigestCredentials | undefined;
  readonly #onRequest: InDialogRequestHandler | undefined;
  readonly #resolveEnded: (end: DialogEnd) => void;
  #localBody: SipBody | undefined;
  #remoteBody: SipBody | undefined;
  #end: DialogEnd | undefined;
  #bye: Promise<void> | undefined;
  /** The 2xx we are repeating: to the INVITE that made the dialog, or to a re-INVITE. */
  #repetition: SuccessRepetition | undefined;
  #afterAck: (() => void) | undefined;
  #reinvite: ServerTransaction | undefined;

  constructor(core: UserAgentCore, setup: DialogSetup) {
    this.#core = core;
    this.#state = setup.state;
    this.#localBody = setup.localBody;
    this.#remoteBody = setup.remoteBody;
    this.#credentials = setup.credentials;
    this.#onRequest = setup.onRequest;
    const { promise, resolve } = Promise.withResolvers<DialogEnd>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    if (setup.awaitsAck !== undefined) {
      this.#repeatUntilAck(setup.awaitsAck, setup.state.remoteSequence ?? 0);
    }
    core.dialogs.set(this.#key, this);
  }

  get callId(): string {
    return this.#state.callId;
  }

  get localTag(): string {
    return this.#state.localTag;
  }

  get remoteTag(): string {
    return this.#state.remoteTag;
  }

  get remoteBody(): SipBody | undefined {
    return this.#remoteBody;
  }

  bye(options: { reason?: string } = {}): Promise<void> {
    if (options.reason !== undefined) requirePrintable('Reason', options.reason);
    if (this.#bye === undefined && this.#end !== undefined) return Promise.resolve();
    this.#bye ??= this.#hangUp({ by: 'local', ...options }, options.reason);
    return this.#bye;
  }

  sendInfo(body: SipBody): Promise<SipResponse> {
    if (this.#end !== undefined) return Promise.reject(new RequestFailed('INFO', 'dialogEnded'));
    return this.#request('INFO', [], body);
  }

  receiveAck(ack: SipRequest): void {
    if (this.#repetition?.sequence !== ack.headers.cseq.sequence) return;
    this.#repetition.acknowledge();
    this.#repetition = undefined;
    this.#remoteBody ??= bodyOf(ack);
    this.#afterAck?.();
  }

  receiveRequest(request: SipRequest, transaction: ServerTransaction, _source: SipPeer): void {
    const { sequence } = request.headers.cseq;
    if (this.#state.remoteSequence !== undefined && sequence < this.#state.remoteSequence) {
      this.#answer(request, transaction, 500, { reason: 'CSeq out of order' });
      return;
    }
    this.#state.remoteSequence = sequence;
    if (request.method === 'BYE') this.#receiveBye(request, transaction);
    else if (this.#end !== undefined) this.#answer(request, transaction, 481);
    else if (request.method === 'INVITE') this.#receiveReinvite(request, transaction);
    else if (request.method === 'OPTIONS') this.#answer(request, transaction, 200);
    else this.#askApplication(request, transaction);
  }

  closeNow(): void {
    this.#repetition?.stop();
    if (this.#end === undefined) {
      this.#finish({ by: 'local', reason: 'the user agent was closed' });
      const { request, branch, destination } = this.#build('BYE', []);
      this.#core.transactions.send(request, branch, destination, IGNORE_OUTCOME);
    }
    this.#core.dialogs.delete(this.#key);
  }

  get #key(): string {
    return dialogKey(this.#state.callId, this.#state.localTag, this.#state.remoteTag);
  }

  #finish(end: DialogEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#resolveEnded(end);
  }

  /** The session is over as soon as we say so (RFC 3261 §15.1.1); the dialog stays known until the BYE is answered. */
  async #hangUp(end: DialogEnd, reason: string | undefined): Promise<void> {
    this.#finish(end);
    if (this.#repetition !== undefined) {
      await new Promise<void>((resolve) => {
        this.#afterAck = resolve;
      });
    }
    // The peer's own BYE, or the missing ACK, may have come meanwhile.
    if (!this.#core.dialogs.has(this.#key)) return;
    try {
      await this.#request('BYE', reason === undefined ? [] : [['Reason', reason]], undefined);
    } catch (error) {
      // Unanswered, the call is over for us all the same; the transaction has repeated the BYE for 32 s.
      if (!(error instanceof RequestFailed)) throw error;
    }
    this.#core.dialogs.delete(this.#key);
  }

  #receiveBye(request: SipRequest, transaction: ServerTransaction): void {
    this.#answer(request, transaction, 200);
    this.#core.dialogs.delete(this.#key);
    this.#repetition?.stop();
    this.#repetition = undefined;
    if (this.#reinvite?.isPending === true) this.#reinvite.abandon();
    const reason = request.headers.get('Reason');
    this.#finish(reason === undefined ? { by: 'remote' } : { by: 'remote', reason });
    this.#afterAck?.();
  }

  #receiveReinvite(request: SipRequest, transaction: ServerTransaction): void {
    if (this.#reinvite?.isPending === true || this.#repetition !== undefined) {
      // One at a time (RFC 3261 §14.2).
      this.#answer(request, transaction, 500, { headers: [['Retry-After', '2']] });
      return;
    }
    this.#reinvite = transaction;
    transaction.user = {
      localTag: this.localTag,
      onCancel: () => this.#answer(request, transaction, 487),
      onAck: (ack) => this.receiveAck(ack),
    };
    refreshTarget(this.#state, request.headers);
    this.#askApplication(request, transaction);
    if (!transaction.hasResponded) transaction.respond(createResponse(request, 100));
  }

  /** Gives the request to the application, and answers as it or the default says. */
  #askApplication(request: SipRequest, transaction: ServerTransaction): void {
    const onRequest = this.#onRequest;
    const decide = (reply: InDialogReply | undefined) => {
      if (!transaction.isPending) return;
      this.#reply(request, transaction, reply ?? this.#defaultReply(request));
    };
    if (onRequest === undefined) {
      decide(undefined);
      return;
    }
    const fail = (error: unknown) => {
      this.#core.report({ kind: 'callbackFailed', callback: 'onRequest', error });
      this.#answer(request, transaction, 500);
    };
    let reply: ReturnType<InDialogRequestHandler>;
    try {
      reply = onRequest(request);
    } catch (error) {
      fail(error);
      return;
    }
    if (reply instanceof Promise) reply.then(decide).catch(fail);
    else decide(reply);
  }

  #defaultReply(request: SipRequest): InDialogReply {
    if (request.method === 'INVITE') {
      const offer = bodyOf(request);
      const changesNothing = offer === undefined || offer.content === this.#remoteBody?.content;
      if (!changesNothing || this.#localBody === undefined) return { status: 488 };
      return { status: 200, body: this.#localBody };
    }
    if (request.method === 'INFO') return { status: request.body === '' ? 200 : 415 };
    return { status: 405 };
  }

  #reply(request: SipRequest, transaction: ServerTransaction, reply: InDialogReply): void {
    const isSuccess = reply.status >= 200 && reply.status < 300;
    const headers = [...checkHeaders(reply.headers ?? [])];
    if (request.method === 'INVITE' && isSuccess) {
      headers.push(['Contact', this.#state.contact]);
      const offer = bodyOf(request);
      if (offer !== undefined) this.#remoteBody = offer;
      this.#localBody = reply.body ?? this.#localBody;
    }
    this.#answer(request, transaction, reply.status, { reason: reply.reason, headers, body: reply.body });
    if (request.method === 'INVITE' && isSuccess) {
      this.#repeatUntilAck(transaction, request.headers.cseq.sequence);
    }
  }

  #answer(
    request: SipRequest,
    transaction: ServerTransaction,
    status: number,
    options: ResponseOptions = {},
  ): void {
    const headers = [...(options.headers ?? [])];
    if (status === 405 || request.method === 'OPTIONS') headers.push(['Allow', ALLOWED_METHODS]);
    if (this.#core.userAgentName !== undefined) headers.push(['Server', this.#core.userAgentName]);
    transaction.respond(createResponse(request, status, { ...options, headers }));
  }

  #repeatUntilAck(transaction: ServerTransaction, sequence: number): void {
    this.#repetition = new SuccessRepetition(this.#core.clock, transaction, sequence, () => {
      this.#repetition = undefined;
      this.#afterAck?.();
      // Without its ACK the session cannot be trusted; it is ended in good form (RFC 3261 §13.3.1.4).
      this.#bye ??= this.#hangUp({ by: 'fault', reason: 'no ACK within 32 s' }, undefined);
    });
  }

  #build(
    method: string,
    headers: HeaderList,
    body?: SipBody,
  ): { request: SipRequest; branch: string; destination: SipPeer } {
    const branch = newBranch(this.#core);
    const { request, destination } = dialogRequest(this.#state, method, viaFor(this.#core, branch));
    if (method === 'INFO') request.headers.append('Contact', this.#state.contact);
    appendOwnHeaders(request.headers, {
      headers,
      body,
      agentHeader: 'User-Agent',
      agentName: this.#core.userAgentName,
    });
    return {
      request: body === undefined ? request : { ...request, body: body.content },
      branch,
      destination,
    };
  }

  /** One request and its final response; answers one challenge. A peer that lost the dialog ends it here too. */
  #request(
    method: string,
    headers: HeaderList,
    body: SipBody | undefined,
    isRetry = false,
  ): Promise<SipResponse> {
    return new Promise((resolve, reject) => {
      const { request, branch, destination } = this.#build(method, headers, body);
      this.#core.transactions.send(request, branch, destination, {
        onResponse: (response) => {
          if (response.status < 200) return;
          if (isChallenge(response.status) && !isRetry && this.#credentials !== undefined) {
            const answer = authorize(response, request, this.#credentials, this.#core.randomHex);
            if (answer !== undefined) {
              resolve(this.#request(method, [...headers, answer], body, true));
              return;
            }
          }
          if (response.status === 481 || response.status === 408) {
            this.#loseDialog(`${method} was answered with ${response.status} ${response.reason}`);
          }
          resolve(response);
        },
        onTimeout: () => {
          this.#loseDialog(`${method} was not answered within 32 s`);
          reject(new RequestFailed(method, 'timeout'));
        },
        onTransportError: (error) => {
          if (error instanceof UserAgentClosed) {
            reject(new RequestFailed(method, 'closed'));
            return;
          }
          this.#core.report({ kind: 'sendFailed', to: destination, error });
          reject(new RequestFailed(method, 'transportError', error));
        },
      });
    });
  }

  /** RFC 3261 §12.2.1.2: 481, 408 and silence end the dialog. */
  #loseDialog(reason: string): void {
    this.#finish({ by: 'fault', reason });
    this.#repetition?.stop();
    this.#core.dialogs.delete(this.#key);
  }
}

const IGNORE_OUTCOME = {
  // The user agent is closing: nobody is left to care.
  onResponse: () => {},
  onTimeout: () => {},
  onTransportError: () => {},
};
