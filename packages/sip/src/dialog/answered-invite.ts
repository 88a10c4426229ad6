// What is kept of an answered INVITE for the half minute in which copies of its 2xx, or 2xx of other phones behind a fork, may still
// come (RFC 6026 §7.2): as little as possible, because such calls linger by the ten thousand.
import type { DigestClient } from '../auth/digest-client.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import type { ClientTransactionUser } from '../transaction/client-transaction.ts';
import type { SipPeer } from '../transport/sip-endpoint.ts';
import { Dialog } from './dialog.ts';
import { dialogFromResponse } from './dialog-state.ts';
import type { UserAgentCore } from './user-agent-core.ts';

/** The ACK of one phone's 2xx, as it was sent. */
export interface Acknowledgement {
  readonly wire: string;
  readonly destination: SipPeer;
}

/** More phones than any sane forking rings or answers: those beyond are left to time out. */
export const MAX_FORKS = 16;

export class AnsweredInvite implements ClientTransactionUser {
  readonly #core: UserAgentCore;
  readonly #digest: DigestClient | undefined;
  readonly #requestUri: string;
  /** The ACK of the phone that has the call. It says whose it is, and all of the INVITE that a second phone's needs. */
  readonly #first: Acknowledgement;
  #others: Acknowledgement[] | undefined;

  /** @param requestUri that of the INVITE */
  constructor(
    core: UserAgentCore,
    digest: DigestClient | undefined,
    requestUri: string,
    first: Acknowledgement,
  ) {
    this.#core = core;
    this.#digest = digest;
    this.#requestUri = requestUri;
    this.#first = first;
  }

  onResponse(response: SipResponse, source: SipPeer): void {
    if (response.status < 200 || response.status >= 300) return;
    const remoteTag = response.headers.to.tag;
    const { transport } = this.#core.transactions;
    const others = this.#others ?? [];
    for (const each of [this.#first, ...others]) {
      if (readAck(each).headers.to.tag !== remoteTag) continue;
      transport.send(each.wire, each.destination);
      return;
    }
    if (others.length + 1 < MAX_FORKS) this.#others = [...others, this.#letGo(response, source)];
  }

  onTimeout(): void {
    // It has its answer.
  }

  onTransportError(): void {
    // It has its answer.
  }

  /** A second phone behind a fork picked up: acknowledged and hung up (RFC 3261 §13.2.2.4). */
  #letGo(response: SipResponse, source: SipPeer): Acknowledgement {
    const invite = { ...readAck(this.#first), requestUri: this.#requestUri };
    const dialog = new Dialog(this.#core, {
      state: dialogFromResponse(invite, response, source),
      callbacks: {},
      digest: this.#digest,
      sessionTimer: 'off',
      early: undefined,
    });
    const ack = dialog.wire.ackFor(invite.headers.cseq.sequence, invite, undefined);
    this.#core.transactions.transport.send(ack.wire, ack.destination);
    void dialog.bye();
    return ack;
  }
}

/** Parties, Call-ID, CSeq number and credentials of an ACK are those of its INVITE (RFC 3261 §13.2.2.4). */
function readAck({ wire }: Acknowledgement): SipRequest {
  const ack = parseMessage(Buffer.from(wire));
  if (ack.kind !== 'request') throw new TypeError('an ACK of ours is no request');
  return ack;
}
