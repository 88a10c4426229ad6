// The session of one dialog as far as SIP knows it: where offer and answer stand, and the latest description of each side.
import type { SipBody } from '../message/message.ts';
import { type OfferAnswerInput, type OfferAnswerState, stepOfferAnswer } from './offer-answer.ts';

export class SessionAgreement {
  #state: OfferAnswerState = 'none';
  /** Our latest offer or answer that stands. */
  localBody: SipBody | undefined;
  /** The far end's. */
  remoteBody: SipBody | undefined;

  get state(): OfferAnswerState {
    return this.#state;
  }

  /** True when a new offer may be made or taken. */
  get isStable(): boolean {
    return this.#state === 'none' || this.#state === 'agreed';
  }

  /** True while the far end owes an answer. */
  get awaitsAnswer(): boolean {
    return this.#state === 'localOffer' || this.#state === 'agreedLocalOffer';
  }

  /** True while we owe an answer. */
  get owesAnswer(): boolean {
    return this.#state === 'remoteOffer' || this.#state === 'agreedRemoteOffer';
  }

  /** Moves on and returns true, or returns false and stays when that may not happen now. */
  step(input: OfferAnswerInput): boolean {
    const next = stepOfferAnswer(this.#state, input);
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }
}

/** Whether a body describes a session: SDP, alone or as part of several. Others (INFO's, for one) are no offer or answer. */
export function isSessionBody(body: SipBody | undefined): body is SipBody {
  if (body === undefined) return false;
  const type = body.contentType.trimStart().toLowerCase();
  return type.startsWith('application/sdp') || type.startsWith('multipart/');
}
