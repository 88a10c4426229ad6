// Sending and answering inside one dialog: builds its requests, answers their challenges, and notices when the peer has lost it
// (RFC 3261 §12.2).
import type { DigestClient } from '../auth/digest-client.ts';
import { DigestRounds, isChallenge } from '../auth/digest-client.ts';
import { RequestFailed, UserAgentClosed } from '../errors.ts';
import type { HeaderList } from '../message/headers.ts';
import type { SipBody, SipRequest, SipResponse } from '../message/message.ts';
import { createResponse, type ResponseOptions } from '../message/response.ts';
import { formatMessage } from '../message/serialize.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { SipPeer } from '../transport/sip-endpoint.ts';
import { type DialogState, dialogRequest, nextSequence } from './dialog-state.ts';
import type { SessionCallbacks } from './invite-dialog.ts';
import { appendOwnHeaders } from './own-headers.ts';
import { allowedMethods, newBranch, type UserAgentCore, viaFor } from './user-agent-core.ts';

interface RequestParts {
  readonly headers?: HeaderList;
  readonly body?: SipBody | undefined;
  /** Whose it is: what becomes of a request for a subscription says nothing about the call (RFC 5057 §5). Default `call`. */
  readonly usage?: 'call' | 'subscription';
}

/** A request and its final response. */
export interface Exchange {
  readonly response: SipResponse;
  /** For a 2xx to an INVITE: sends its ACK, and sends it again for every repeated 2xx. */
  acknowledge(body?: SipBody): void;
}

export type DialogLoss = 'noResponse' | 'unknownDialog';

/** Methods whose requests and 2xx carry a Contact, because they refresh the target (§12.1, RFC 3311 §5, RFC 3515). */
const TARGET_REFRESHERS: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'REFER', 'NOTIFY', 'INFO']);

export class DialogWire {
  readonly core: UserAgentCore;
  readonly state: DialogState;
  readonly #digest: DigestClient | undefined;
  readonly #callbacks: SessionCallbacks;
  readonly #onLost: (loss: DialogLoss, what: string) => void;

  constructor(
    core: UserAgentCore,
    state: DialogState,
    digest: DigestClient | undefined,
    callbacks: SessionCallbacks,
    onLost: (loss: DialogLoss, what: string) => void,
  ) {
    this.core = core;
    this.state = state;
    this.#digest = digest;
    this.#callbacks = callbacks;
    this.#onLost = onLost;
  }

  /** One request and its final response, whatever that is. @throws {RequestFailed} when none comes */
  request(method: string, parts: RequestParts = {}): Promise<SipResponse> {
    return new Promise((resolve, reject) => {
      this.#try(method, parts, this.#newRounds(), ({ response }) => resolve(response), reject);
    });
  }

  /** The same, for INVITE too, whose 2xx the caller must acknowledge. */
  exchange(method: string, parts: RequestParts): Promise<Exchange> {
    return new Promise((resolve, reject) => this.#try(method, parts, this.#newRounds(), resolve, reject));
  }

  #newRounds(): DigestRounds | undefined {
    return this.#digest === undefined ? undefined : new DigestRounds(this.#digest);
  }

  /** Sends and forgets: for the last word of a closing user agent. */
  sendOnly(method: string, parts: RequestParts): void {
    const { request, branch, destination } = this.#build(method, nextSequence(this.state), parts);
    this.core.transactions.send(request, branch, destination, IGNORE_OUTCOME);
  }

  /** The text of an ACK for a 2xx, and where it goes. It belongs to no transaction (§13.2.2.4). */
  ackFor(
    sequence: number,
    invite: SipRequest | undefined,
    body: SipBody | undefined,
  ): { wire: string; destination: SipPeer } {
    const branch = newBranch(this.core);
    const { request, destination } = dialogRequest(this.state, 'ACK', viaFor(this.core, branch), sequence);
    if (invite !== undefined) {
      for (const name of ['Authorization', 'Proxy-Authorization']) {
        for (const value of invite.headers.fields(name)) request.headers.append(name, value);
      }
    }
    if (body === undefined) return { wire: formatMessage(request), destination };
    request.headers.append('Content-Type', body.contentType);
    return { wire: formatMessage({ ...request, body: body.content }), destination };
  }

  answer(
    request: SipRequest,
    transaction: ServerTransaction,
    status: number,
    options: ResponseOptions = {},
  ): void {
    const headers = [...(options.headers ?? [])];
    const isSuccess = status >= 200 && status < 300;
    if (isSuccess && (request.method === 'INVITE' || request.method === 'UPDATE')) {
      headers.push(['Contact', this.state.contact], ['Allow', allowedMethods(this.#callbacks)]);
    } else if (status === 202 && request.method === 'REFER') headers.push(['Contact', this.state.contact]);
    else if (status === 405 || request.method === 'OPTIONS') {
      headers.push(['Allow', allowedMethods(this.#callbacks)]);
    }
    if (this.core.userAgentName !== undefined) headers.push(['Server', this.core.userAgentName]);
    transaction.respond(createResponse(request, status, { ...options, headers }));
  }

  #try(
    method: string,
    parts: RequestParts,
    rounds: DigestRounds | undefined,
    resolve: (exchange: Exchange) => void,
    reject: (error: Error) => void,
  ): void {
    const sequence = nextSequence(this.state);
    const { request, branch, destination } = this.#build(method, sequence, parts);
    let ack: { wire: string; destination: SipPeer } | undefined;
    let isSettled = false;
    const isCalls = parts.usage !== 'subscription';
    this.core.transactions.send(request, branch, destination, {
      onResponse: (response) => {
        const { status } = response;
        if (status < 200) return;
        if (isSettled) {
          if (ack !== undefined) this.core.transactions.transport.send(ack.wire, ack.destination);
          return;
        }
        isSettled = true;
        if (isChallenge(status) && rounds?.absorb(response) === true) {
          this.#try(method, parts, rounds, resolve, reject);
          return;
        }
        if (isCalls && (status === 481 || status === 408)) {
          const what = `${method} was answered with ${status} ${response.reason}`;
          this.#onLost(status === 481 ? 'unknownDialog' : 'noResponse', what);
        }
        resolve({
          response,
          acknowledge: (body) => {
            ack = this.ackFor(sequence, request, body);
            this.core.transactions.transport.send(ack.wire, ack.destination);
          },
        });
      },
      onTimeout: () => {
        reject(new RequestFailed(method, 'timeout'));
        if (isCalls) this.#onLost('noResponse', `${method} was not answered within 32 s`);
      },
      onTransportError: (error) => {
        if (error instanceof UserAgentClosed) {
          reject(new RequestFailed(method, 'closed'));
          return;
        }
        this.core.report({ kind: 'sendFailed', to: destination, error });
        reject(new RequestFailed(method, 'transportError', error));
      },
    });
  }

  #build(
    method: string,
    sequence: number,
    parts: RequestParts,
  ): { request: SipRequest; branch: string; destination: SipPeer } {
    const branch = newBranch(this.core);
    const { request, destination } = dialogRequest(this.state, method, viaFor(this.core, branch), sequence);
    const { headers } = request;
    if (TARGET_REFRESHERS.has(method)) headers.append('Contact', this.state.contact);
    if (method === 'INVITE' || method === 'UPDATE') headers.append('Allow', allowedMethods(this.#callbacks));
    const body = parts.body?.content ?? '';
    if (this.#digest !== undefined) {
      const subject = { method, requestUri: request.requestUri, body };
      for (const [name, value] of this.#digest.authorize(subject)) headers.append(name, value);
    }
    appendOwnHeaders(headers, {
      headers: parts.headers,
      body: parts.body,
      agentHeader: 'User-Agent',
      agentName: this.core.userAgentName,
    });
    return { request: body === '' ? request : { ...request, body }, branch, destination };
  }
}

const IGNORE_OUTCOME = {
  // The user agent is closing: nobody is left to care.
  onResponse: () => {},
  onTimeout: () => {},
  onTransportError: () => {},
};
