// The calling side of an INVITE, from the first datagram to the answer or the end of all hope: provisional responses, one
// digest round, CANCEL and its races, ACK, forked answers (RFC 3261 §9.1, §13.2).
import {
  InviteCancelled,
  InviteRejected,
  InviteTimedOut,
  InviteTransportError,
  UserAgentClosed,
} from '../errors.ts';
import { type HeaderList, SipHeaders } from '../message/headers.ts';
import { bodyOf, type SipBody, type SipRequest, type SipResponse } from '../message/message.ts';
import { formatMessage } from '../message/serialize.ts';
import type { ClientTransaction } from '../transaction/client-transaction.ts';
import { TRANSACTION_TIMEOUT_MS } from '../transaction/timers.ts';
import type { SipEndpoint, SipPeer } from '../transport/sip-endpoint.ts';
import { type DialogState, dialogFromResponse, dialogRequest } from './dialog-state.ts';
import { authorize, isChallenge } from './digest-retry.ts';
import { ConfirmedDialog, type InDialogRequestHandler, type InviteDialog } from './invite-dialog.ts';
import type { LateAnswerReceiver } from './late-answers.ts';
import { appendOwnHeaders, formatNameAddress, requirePrintable, requireUri } from './own-headers.ts';
import {
  ALLOWED_METHODS,
  contactFor,
  newBranch,
  newTag,
  type PendingCall,
  type UserAgentCore,
  viaFor,
} from './user-agent-core.ts';

export interface OutgoingInviteRequest {
  /** Where the INVITE is sent: the next hop, not necessarily the host of the Request-URI. */
  target: SipEndpoint;
  requestUri: string;
  from: { uri: string; displayName?: string };
  to: { uri: string; displayName?: string };
  /** Chosen by the caller, who may have to store it before the INVITE leaves. */
  callId: string;
  headers?: HeaderList;
  body?: SipBody;
  /** Answers one 401 or 407 round; MD5, SHA-256, SHA-512-256. */
  credentials?: { username: string; password: string };
  /** 101–199 in order, with a body or without; not after `cancel()`. */
  onProvisional?: (response: SipResponse) => void;
  /** Requests inside the dialog, once there is one. */
  onRequest?: InDialogRequestHandler;
}

export interface OutgoingInvite {
  readonly callId: string;
  /**
   * The dialog, once the far end answers and its answer was acknowledged.
   *
   * Rejects with `InviteRejected` (final answer 300–699), `InviteTimedOut` (no answer at all for 32 s),
   * `InviteTransportError` (could not be sent) or `InviteCancelled`. Ringing has no limit of its own: call `cancel()`.
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

/** More answers from more phones than any sane forking: beyond that they are left to time out. */
const MAX_FORKED_ANSWERS = 16;

interface Acknowledgement {
  readonly wire: string;
  readonly destination: SipPeer;
}

export class OutgoingInviteCall implements OutgoingInvite, PendingCall, LateAnswerReceiver {
  readonly callId: string;
  readonly answered: Promise<InviteDialog>;
  readonly #core: UserAgentCore;
  readonly #options: OutgoingInviteRequest;
  readonly #fromTag: string;
  readonly #resolve: (dialog: InviteDialog) => void;
  readonly #reject: (error: Error) => void;
  #isSettled = false;
  #sequence = 1;
  #branch: string;
  #invite: SipRequest;
  #transaction: ClientTransaction | undefined;
  #hasProvisional = false;
  #hasAuthorized = false;
  #cancellation: { readonly reason: string | undefined } | undefined;
  #cancelTimer: unknown;
  /** ACKs by To tag, to be repeated for each repeated 2xx. */
  readonly #acknowledgements = new Map<string, Acknowledgement>();

  /** @throws {UnusableHeader} when something given would break the message */
  constructor(core: UserAgentCore, options: OutgoingInviteRequest) {
    this.#core = core;
    this.#options = options;
    this.callId = options.callId;
    this.#fromTag = newTag(core);
    const { promise, resolve, reject } = Promise.withResolvers<InviteDialog>();
    this.answered = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    // Whoever cancels may not care for the outcome any more; that must not bring the process down.
    promise.catch(() => {});
    this.#branch = newBranch(core);
    this.#invite = this.#buildInvite(this.#branch, undefined);
  }

  start(): void {
    this.#core.pendingCalls.add(this);
    this.#send();
  }

  cancel(options: { reason?: string } = {}): void {
    if (options.reason !== undefined) requirePrintable('Reason', options.reason);
    if (this.#isSettled || this.#cancellation !== undefined) return;
    this.#cancellation = { reason: options.reason };
    if (this.#hasProvisional) this.#sendCancel();
    else this.#fail(new InviteCancelled());
  }

  /** A 2xx after the transaction is gone: the phone was picked up, so it must be told. */
  receiveLateSuccess(response: SipResponse, source: SipPeer): void {
    this.#receiveSuccess(response, source);
  }

  closeNow(): void {
    if (this.#hasProvisional && this.#cancellation === undefined) {
      this.#cancellation = { reason: undefined };
      this.#sendCancel();
    }
    this.#leave();
    this.#fail(new InviteTransportError(new UserAgentClosed()));
  }

  #buildInvite(
    branch: string,
    authorization: readonly [name: string, value: string] | undefined,
  ): SipRequest {
    const { requestUri, from, to, headers: own, body } = this.#options;
    const core = this.#core;
    const headers = new SipHeaders([], [], []);
    headers.append('Via', viaFor(core, branch));
    headers.append('Max-Forwards', '70');
    headers.append('From', `${formatNameAddress('From', from)};tag=${this.#fromTag}`);
    headers.append('To', formatNameAddress('To', to));
    headers.append('Call-ID', requirePrintable('Call-ID', this.callId));
    headers.append('CSeq', `${this.#sequence} INVITE`);
    headers.append('Contact', contactFor(core, from.uri, this.#options.target));
    headers.append('Allow', ALLOWED_METHODS);
    if (authorization !== undefined) headers.append(authorization[0], authorization[1]);
    appendOwnHeaders(headers, {
      headers: own,
      body,
      agentHeader: 'User-Agent',
      agentName: core.userAgentName,
    });
    return {
      kind: 'request',
      method: 'INVITE',
      requestUri: requireUri('Request-URI', requestUri),
      headers,
      body: body?.content ?? '',
    };
  }

  #send(): void {
    const sequence = this.#sequence;
    // After a digest round the first transaction lingers; what it still reports is about an attempt that is over.
    const isCurrent = () => sequence === this.#sequence;
    this.#transaction = this.#core.transactions.send(this.#invite, this.#branch, this.#options.target, {
      onResponse: (response, source) => {
        if (isCurrent()) this.#receive(response, source);
      },
      onTimeout: () => {
        if (isCurrent()) this.#giveUp(new InviteTimedOut());
      },
      onTransportError: (error) => {
        if (!isCurrent()) return;
        this.#leave();
        this.#fail(new InviteTransportError(error));
      },
    });
  }

  #receive(response: SipResponse, source: SipPeer): void {
    if (response.status < 200) this.#receiveProvisional(response);
    else if (response.status < 300) this.#receiveSuccess(response, source);
    else this.#receiveFailure(response);
  }

  #receiveProvisional(response: SipResponse): void {
    const isFirst = !this.#hasProvisional;
    this.#hasProvisional = true;
    if (this.#cancellation !== undefined) {
      if (isFirst) this.#sendCancel();
      return;
    }
    const { onProvisional } = this.#options;
    if (onProvisional !== undefined && response.status > 100) {
      this.#core.invoke('onProvisional', () => onProvisional(response));
    }
  }

  #receiveFailure(response: SipResponse): void {
    const { status } = response;
    if (this.#cancellation !== undefined) {
      // Another final answer that crossed the CANCEL tells more than "cancelled" does.
      this.#leave();
      const isOurDoing = status === 487 || isChallenge(status);
      this.#fail(isOurDoing ? new InviteCancelled() : new InviteRejected(response));
      return;
    }
    const { credentials, requestUri } = this.#options;
    if (isChallenge(status) && credentials !== undefined && !this.#hasAuthorized) {
      const answer = authorize(response, { method: 'INVITE', requestUri }, credentials, this.#core.randomHex);
      if (answer !== undefined) {
        this.#hasAuthorized = true;
        this.#hasProvisional = false;
        this.#sequence++;
        this.#branch = newBranch(this.#core);
        this.#invite = this.#buildInvite(this.#branch, answer);
        this.#send();
        return;
      }
    }
    this.#leave();
    this.#fail(new InviteRejected(response));
  }

  #receiveSuccess(response: SipResponse, source: SipPeer): void {
    this.#leave();
    const tag = response.headers.to.tag ?? '';
    const known = this.#acknowledgements.get(tag);
    if (known !== undefined) {
      this.#core.transactions.transport.send(known.wire, known.destination);
      return;
    }
    if (this.#acknowledgements.size >= MAX_FORKED_ANSWERS) return;
    const state = dialogFromResponse(this.#invite, response, source);
    this.#acknowledge(tag, state);
    const dialog = new ConfirmedDialog(this.#core, {
      state,
      localBody: this.#options.body,
      remoteBody: bodyOf(response),
      credentials: this.#options.credentials,
      onRequest: this.#options.onRequest,
    });
    if (this.#isSettled || this.#cancellation !== undefined) {
      // A second phone behind a fork, or an answer that crossed our CANCEL: somebody picked up, and must be let go.
      const reason = this.#cancellation?.reason;
      void dialog.bye(reason === undefined ? {} : { reason });
      this.#fail(new InviteCancelled());
      return;
    }
    this.#isSettled = true;
    this.#resolve(dialog);
  }

  /** The ACK for a 2xx belongs to no transaction; it carries the credentials of its INVITE (§13.2.2.4). */
  #acknowledge(tag: string, state: DialogState): void {
    const { request, destination } = dialogRequest(state, 'ACK', viaFor(this.#core, newBranch(this.#core)));
    for (const name of ['Authorization', 'Proxy-Authorization']) {
      const value = this.#invite.headers.get(name);
      if (value !== undefined) request.headers.append(name, value);
    }
    const wire = formatMessage(request);
    this.#acknowledgements.set(tag, { wire, destination });
    this.#core.transactions.transport.send(wire, destination);
  }

  /** Same Request-URI, Call-ID, To, From, CSeq number and branch as the INVITE (§9.1). */
  #sendCancel(): void {
    const { headers: invite, requestUri } = this.#invite;
    const headers = new SipHeaders([], [], []);
    headers.append('Via', invite.topViaValue);
    for (const route of invite.fields('route')) headers.append('Route', route);
    headers.append('Max-Forwards', '70');
    headers.append('From', invite.get('From') ?? '');
    headers.append('To', invite.get('To') ?? '');
    headers.append('Call-ID', this.callId);
    headers.append('CSeq', `${this.#sequence} CANCEL`);
    const reason = this.#cancellation?.reason;
    if (reason !== undefined) headers.append('Reason', reason);
    const cancel: SipRequest = { kind: 'request', method: 'CANCEL', requestUri, headers, body: '' };
    // The same way as the INVITE, which may have changed its transport for its size.
    const destination = this.#transaction?.destination ?? this.#options.target;
    this.#core.transactions.send(cancel, this.#branch, destination, IGNORE_OUTCOME);
    this.#cancelTimer = this.#core.clock.setTimeout(() => {
      this.#transaction?.abandon();
      this.#giveUp(new InviteCancelled());
    }, TRANSACTION_TIMEOUT_MS);
  }

  /** No final response came, and none is waited for; but one may come. */
  #giveUp(error: Error): void {
    this.#leave();
    this.#fail(error);
    this.#core.lateAnswers.expect(this.callId, this.#fromTag, this);
  }

  /** The INVITE has its outcome; nothing is left to stop. */
  #leave(): void {
    this.#core.pendingCalls.delete(this);
    this.#core.clock.clearTimeout(this.#cancelTimer);
  }

  #fail(error: Error): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#reject(error);
  }
}

const IGNORE_OUTCOME = {
  // What a CANCEL achieved shows in the final response to its INVITE, or in its absence (§9.1).
  onResponse: () => {},
  onTimeout: () => {},
  onTransportError: () => {},
};
