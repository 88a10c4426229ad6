// What is kept of an answered INVITE for the half minute in which copies of its 2xx, or 2xx of other phones behind a fork, may still
// come (RFC 6026 §7.2): as little as possible, because such calls linger by the ten thousand.
import type { DigestClient } from '../auth/digest-client.ts';
import type { SipResponse } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import type { ClientTransactionUser } from '../transaction/client-transaction.ts';
import type { SipPeer } from '../transport/sip-endpoint.ts';
import { Dialog } from './dialog.ts';
import { dialogFromResponse } from './dialog-state.ts';
import type { UserAgentCore } from './user-agent-core.ts';

/** The ACK of one phone's 2xx. */
export interface Acknowledgement {
  readonly remoteTag: string;
  readonly wire: string;
  readonly destination: SipPeer;
}

/** More phones than any sane forking rings or answers: those beyond are left to time out. */
export const MAX_FORKS = 16;

export class AnsweredInvite implements ClientTransactionUser {
  readonly #core: UserAgentCore;
  readonly #digest: DigestClient | undefined;
  /** Read again only when a second phone answers. */
  readonly #inviteText: string;
  readonly #acknowledgements: Acknowledgement[];

  constructor(
    core: UserAgentCore,
    digest: DigestClient | undefined,
    inviteText: string,
    first: Acknowledgement,
  ) {
    this.#core = core;
    this.#digest = digest;
    this.#inviteText = inviteText;
    this.#acknowledgements = [first];
  }

  onResponse(response: SipResponse, source: SipPeer): void {
    if (response.status < 200 || response.status >= 300) return;
    const remoteTag = response.headers.to.tag ?? '';
    const known = this.#acknowledgements.find((acknowledgement) => acknowledgement.remoteTag === remoteTag);
    if (known !== undefined) this.#core.transactions.transport.send(known.wire, known.destination);
    else if (this.#acknowledgements.length < MAX_FORKS) this.#letGo(remoteTag, response, source);
  }

  onTimeout(): void {
    // It has its answer.
  }

  onTransportError(): void {
    // It has its answer.
  }

  /** A second phone behind a fork picked up: acknowledged and hung up (RFC 3261 §13.2.2.4). */
  #letGo(remoteTag: string, response: SipResponse, source: SipPeer): void {
    const invite = parseMessage(Buffer.from(this.#inviteText));
    if (invite.kind !== 'request') return;
    const dialog = new Dialog(this.#core, {
      state: dialogFromResponse(invite, response, source),
      handlers: {},
      digest: this.#digest,
      sessionTimer: 'off',
      early: undefined,
    });
    const { wire, destination } = dialog.wire.ackFor(invite.headers.cseq.sequence, invite, undefined);
    this.#acknowledgements.push({ remoteTag, wire, destination });
    this.#core.transactions.transport.send(wire, destination);
    void dialog.bye();
  }
}
