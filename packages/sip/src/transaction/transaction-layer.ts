// Finds the transaction a message belongs to, or starts one (RFC 3261 §17.1.3, §17.2.3). Between transport and dialogs.
import type { Clock } from '../clock.ts';
import type { HeaderList } from '../message/headers.ts';
import { MalformedRequest } from '../message/malformed-request.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/message.ts';
import { ParseFailure } from '../message/parse-failure.ts';
import { createResponse } from '../message/response.ts';
import { formatMessage } from '../message/serialize.ts';
import { parseSipUri } from '../message/uri.ts';
import { MAGIC_COOKIE, sentByKey } from '../message/via.ts';
import { responseDestination } from '../transport/response-path.ts';
import type { SipPeer } from '../transport/sip-endpoint.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import { ClientTransaction, type ClientTransactionUser } from './client-transaction.ts';
import { EqualTimers } from './equal-timers.ts';
import type { LingeringTransaction } from './lingering-transaction.ts';
import { ServerTransaction } from './server-transaction.ts';

/** The layer above. */
export interface TransactionLayerUser {
  /** A new request other than ACK, with the transaction to answer through. */
  onRequest(request: SipRequest, transaction: ServerTransaction, source: SipPeer): void;
  /** An ACK outside any transaction: for a 2xx. */
  onAck(ack: SipRequest, source: SipPeer): void;
  /** A response no transaction waits for. */
  onStrayResponse(response: SipResponse, source: SipPeer): void;
}

export class TransactionLayer {
  readonly clock: Clock;
  readonly lingering: EqualTimers<LingeringTransaction>;
  readonly unanswered: EqualTimers<ClientTransaction>;
  readonly transport: TransportLayer;
  readonly #user: TransactionLayerUser;
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #servers = new Map<string, ServerTransaction>();
  /** By `mergeKey`. */
  readonly #initial = new Map<string, ServerTransaction>();

  readonly #maxPending: number;
  #pending = 0;

  constructor(
    clock: Clock,
    transport: TransportLayer,
    user: TransactionLayerUser,
    maxPending = Number.POSITIVE_INFINITY,
  ) {
    this.clock = clock;
    this.lingering = new EqualTimers(clock, (transaction) => transaction.lingered());
    this.unanswered = new EqualTimers(clock, (transaction) => transaction.repeatDue());
    this.transport = transport;
    this.#user = user;
    this.#maxPending = maxPending;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  get serverCount(): number {
    return this.#servers.size;
  }

  /** Sends a request. `branch` is that of its topmost Via: new for every request, except that CANCEL takes its INVITE's. */
  send(
    request: SipRequest,
    branch: string,
    destination: SipPeer,
    user: ClientTransactionUser,
  ): ClientTransaction {
    const key = clientKey(branch, request.method);
    const transaction = new ClientTransaction(this, key, request, destination, user);
    this.#clients.set(key, transaction);
    transaction.start();
    return transaction;
  }

  receive(message: SipMessage, source: SipPeer): void {
    try {
      if (message.kind === 'response') this.#receiveResponse(message, source);
      else this.#receiveRequest(message, source);
    } catch (error) {
      this.transport.refuse(error, source);
    }
  }

  /**
   * Answers a malformed request without state (RFC 3261 §8.2, §21.4.1); to its sender only, and never an ACK.
   *
   * @returns whether there was a way to answer
   */
  answerMalformed(failure: MalformedRequest, source: SipPeer): boolean {
    return this.#answerStateless(failure.request, failure.status, source);
  }

  /** A connection is gone: what was asked on it will not be answered on it (RFC 3261 §18.4). */
  loseConnection(peer: SipPeer, error: Error): void {
    for (const transaction of [...this.#clients.values()]) {
      if (leadsTo(transaction.destination, peer)) transaction.fail(error);
    }
  }

  #answerStateless(request: SipRequest, status: number, source: SipPeer, headers?: HeaderList): boolean {
    if (request.method === 'ACK') return false;
    let wire: string;
    let destination: SipPeer;
    try {
      destination = responseDestination(request.headers.topVia, source);
      wire = formatMessage(createResponse(request, status, { headers }));
    } catch (error) {
      // Without a usable Via there is no way to answer; the datagram was counted already.
      if (error instanceof ParseFailure) return false;
      throw error;
    }
    this.transport.send(wire, destination);
    return true;
  }

  /** The INVITE a CANCEL is about: everything but the method is the same (RFC 3261 §9.2). */
  findCancelled(cancel: SipRequest): ServerTransaction | undefined {
    return this.#servers.get(serverKey(cancel, 'INVITE'));
  }

  forgetClient(transaction: ClientTransaction): void {
    this.#clients.delete(transaction.key);
  }

  settleServer(): void {
    this.#pending--;
  }

  forgetServer(transaction: ServerTransaction): void {
    this.#servers.delete(transaction.key);
    const { mergeKey } = transaction;
    if (mergeKey !== undefined && this.#initial.get(mergeKey) === transaction) this.#initial.delete(mergeKey);
  }

  /** Ends everything now; whoever waits for a response gets `UserAgentClosed`. */
  close(): void {
    for (const transaction of [...this.#clients.values()]) transaction.close();
    for (const transaction of [...this.#servers.values()]) transaction.abandon();
    this.lingering.close();
    this.unanswered.close();
  }

  #receiveResponse(response: SipResponse, source: SipPeer): void {
    const { topVia, cseq } = response.headers;
    // Malformed identities are found here, before any state is touched.
    void response.headers.from;
    void response.headers.to;
    void response.headers.callId;
    if (response.headers.hasSeveralVias) {
      throw new ParseFailure('header', 'a response with several Via values was meant for somebody else');
    }
    const transaction = this.#clients.get(clientKey(topVia.branch, cseq.method));
    if (transaction?.method !== cseq.method) this.#user.onStrayResponse(response, source);
    else {
      // Only who received our request knows its branch.
      this.transport.prove(source);
      transaction.receive(response, source);
    }
  }

  #receiveRequest(request: SipRequest, source: SipPeer): void {
    const key = this.#readKey(request);
    const known = this.#servers.get(key);
    if (known !== undefined) {
      if (request.method === 'ACK') known.receiveAck(request);
      else known.receiveRepeatedRequest();
      return;
    }
    if (request.method === 'ACK') {
      this.#user.onAck(request, source);
      return;
    }
    if (this.#pending >= this.#maxPending) {
      // Whoever is flooded keeps no state for the flood; what goes through again later costs its caller ten seconds.
      this.transport.countAboveCapacity();
      this.#answerStateless(request, 503, source, [['Retry-After', '10']]);
      return;
    }
    const destination = responseDestination(request.headers.topVia, source);
    const mergeKey = mergeKeyOf(request);
    const isMerged = mergeKey !== undefined && this.#initial.has(mergeKey);
    const transaction = new ServerTransaction(
      this,
      key,
      isMerged ? undefined : mergeKey,
      request.method === 'INVITE',
      destination,
    );
    this.#servers.set(key, transaction);
    this.#pending++;
    if (isMerged) {
      // The same request came by another way and is being served; served twice, one phone would ring twice.
      transaction.respond(createResponse(request, 482, { toTag: 'merged' }));
      return;
    }
    if (mergeKey !== undefined) this.#initial.set(mergeKey, transaction);
    try {
      this.#user.onRequest(request, transaction, source);
    } catch (error) {
      // A header field only now looked at is malformed; the request is answered, so that nothing stays pending.
      if (!(error instanceof ParseFailure)) throw error;
      transaction.respond(createResponse(request, error.status));
      throw new ParseFailure(error.code, error.message);
    }
  }

  /** Reads every header field a transaction relies on; whatever is malformed is answered 400. */
  #readKey(request: SipRequest): string {
    const { headers, method } = request;
    try {
      void headers.from;
      void headers.to;
      void headers.callId;
      checkRequestUri(request.requestUri);
      if (headers.cseq.method !== method) {
        throw new ParseFailure(
          'header',
          'CSeq names another method than the request line',
          headers.cseq.method,
        );
      }
      return serverKey(request, method === 'ACK' ? 'INVITE' : method);
    } catch (error) {
      if (!(error instanceof ParseFailure)) throw error;
      throw new MalformedRequest(request, error.code, error.message);
    }
  }
}

/** A SIP URI in a request line must be one, and without header fields of its own (RFC 3261 §19.1.1, table 1). */
function checkRequestUri(uri: string): void {
  if (!/^sips?:/i.test(uri)) return;
  void parseSipUri(uri);
  if (uri.includes('?', uri.indexOf('@') + 1)) {
    throw new ParseFailure('uri', 'header fields in the Request-URI', uri);
  }
}

/** From tag, Call-ID and CSeq, by which copies of one forked request are told (RFC 3261 §8.2.2.2). */
function mergeKeyOf(request: SipRequest): string | undefined {
  const { headers, method } = request;
  const { tag } = headers.from;
  if (method === 'CANCEL' || tag === undefined || headers.to.tag !== undefined) return undefined;
  return `${headers.callId} ${tag} ${headers.cseq.sequence} ${method}`;
}

/** Whether a message to `destination` went over the connection of that peer. */
function leadsTo(destination: SipPeer, peer: SipPeer): boolean {
  if (destination.connection !== undefined && destination.connection === peer.connection) return true;
  return (
    destination.transport === peer.transport &&
    destination.port === peer.port &&
    destination.host === peer.host &&
    (destination.tlsName ?? destination.host) === (peer.tlsName ?? peer.host)
  );
}

/** The branch alone, which every request has for itself but CANCEL; with what is compared besides, as RFC 3261 §17.1.3 asks. */
function clientKey(branch: string | undefined, method: string): string {
  return method === 'CANCEL' ? `${branch ?? ''} CANCEL` : (branch ?? '');
}

/**
 * Branch, sent-by and method (RFC 3261 §17.2.3). Without the magic cookie the peer is of RFC 2543, where only the fields
 * that a repeated request shares can tell.
 */
function serverKey(request: SipRequest, method: string): string {
  const { headers } = request;
  const { topVia } = headers;
  const { branch } = topVia;
  // The bare cookie says nothing (RFC 4475 §3.2.1).
  if (branch !== undefined && branch.length > MAGIC_COOKIE.length && branch.startsWith(MAGIC_COOKIE))
    return `${branch} ${sentByKey(topVia)} ${method}`;
  const { from, callId, cseq } = headers;
  return `2543 ${sentByKey(topVia)} ${callId} ${from.tag ?? ''} ${cseq.sequence} ${method}`;
}
