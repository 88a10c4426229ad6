// What a caller of this package sees of a dialog that an INVITE made (RFC 3261 §12): its two bodies, how it ends, and what can be
// asked of it. `dialog.ts` fills it.
import type { HeaderList } from '../message/headers.ts';
import type { SipBody, SipRequest, SipResponse } from '../message/message.ts';
import type { ReasonCause } from '../message/reason.ts';
import type { ReceivedTransfer } from './received-transfer.ts';
import type { TransferOutcome, TransferRequest } from './transfer.ts';

/**
 * Why a dialog ended without either side asking for it. `noAck`: our 2xx was never acknowledged. `noResponse`: a request of ours
 * was not answered, or with 408. `unknownDialog`: the peer answered 481. `sessionExpired`: nobody refreshed the session (RFC 4028).
 * `noAgreement`: an offer of the peer in its 2xx found no answer here.
 */
export type DialogFault = 'noAck' | 'noResponse' | 'unknownDialog' | 'sessionExpired' | 'noAgreement';

/** How a dialog ended. */
export interface DialogEnd {
  readonly by: 'remote' | 'local' | 'fault';
  /** The Reason header value of the BYE, or our own words. */
  readonly reason?: string;
  /** The same Reason header read, where there was one (RFC 3326). */
  readonly causes?: readonly ReasonCause[];
  /** Set when `by` is `fault`. */
  readonly fault?: DialogFault;
}

/** The answer of `onRequest` to a request inside a dialog. */
export interface InDialogReply {
  /** 200–699 */
  readonly status: number;
  readonly reason?: string;
  readonly headers?: HeaderList;
  /** With 2xx to an INVITE, UPDATE or PRACK that offers a session: the answer. To an INVITE without body: our offer. */
  readonly body?: SipBody;
}

/**
 * Decides over requests inside a dialog other than BYE and OPTIONS: re-INVITE, UPDATE or PRACK with an offer, INFO, and what else
 * may come. `undefined` leaves it to the default: an offer that changes nothing is confirmed with the same body, one that does is
 * refused (488), INFO is refused when it carries anything (415), other methods always (405).
 */
export type InDialogRequestCallback = (
  request: SipRequest,
) => InDialogReply | undefined | Promise<InDialogReply | undefined>;

/** Answers an offer that came in a response, because our INVITE carried none. `undefined`: no answer is possible. */
export type OfferCallback = (offer: SipBody) => SipBody | undefined | Promise<SipBody | undefined>;

/** What the application decides about the sessions of one call. */
export interface SessionCallbacks {
  readonly onRequest?: InDialogRequestCallback | undefined;
  /** Needed for an INVITE without body. Without it, or without an answer, the call is hung up. */
  readonly onOffer?: OfferCallback | undefined;
  /** An answer that came in an ACK or PRACK, to an offer that we had put into a response. */
  readonly onAnswer?: ((answer: SipBody) => void) | undefined;
  /**
   * The far end asks by REFER that somebody else be called (RFC 3515); `accept` or `refuse` it within 32 s. What throws refuses (500).
   * Absent: refused (405), and Allow says so.
   */
  readonly onTransfer?: ((transfer: ReceivedTransfer) => void) | undefined;
}

/** A dialog before the answer: the far end rings or plays announcements. */
export interface EarlyDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** The far end's latest offer or answer, where one came already. */
  readonly remoteBody: SipBody | undefined;
  /**
   * Offers another session by UPDATE (RFC 3311); resolves with the answer. Only once a first offer was answered.
   *
   * @throws {SessionChangeRefused} {RequestFailed}
   */
  update(offer: SipBody): Promise<SipBody | undefined>;
  /** Sends an INFO. @throws {RequestFailed} when no final response comes */
  sendInfo(body: SipBody): Promise<SipResponse>;
}

export interface InviteDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** The far end's latest offer or answer; an offerless INVITE brings it with its ACK, if at all. */
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
  /**
   * Offers another session by re-INVITE (hold, resume, other codecs) and resolves with the answer. Changes go out one at a time;
   * where both sides change at once (491), it waits and tries again. Without `offer`, the far end makes one, and `onOffer` answers.
   *
   * @throws {SessionChangeRefused} the session stays as it was; {RequestFailed} the dialog is over
   */
  reinvite(offer?: SipBody): Promise<SipBody | undefined>;
  /** The same by UPDATE, which needs no human at the far end (RFC 3311). Without `offer` it only refreshes the session. */
  update(offer?: SipBody): Promise<SipBody | undefined>;
  /**
   * Asks the far end to call somebody else (RFC 3515), and resolves when it said what became of that. Never rejects. The dialog
   * stays: hang up afterwards.
   */
  refer(request: TransferRequest): Promise<TransferOutcome>;
}
