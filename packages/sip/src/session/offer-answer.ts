// Who may say what about the session next: the offer/answer model as a table (RFC 3264 §4; RFC 6337 for what carries it in SIP).
// Pure. The descriptions themselves are opaque here.
//
//   none ──offer──▶ localOffer | remoteOffer ──answer──▶ agreed ──offer──▶ agreedLocalOffer | agreedRemoteOffer ──▶ agreed

/** The prefix `agreed` says that a session stands, whatever becomes of the offer that is open. */
export type OfferAnswerState =
  | 'none'
  | 'localOffer'
  | 'remoteOffer'
  | 'agreed'
  | 'agreedLocalOffer'
  | 'agreedRemoteOffer';

/** `withdraw`: the open offer came to nothing, because it was refused or what carried it failed. */
export type OfferAnswerInput = 'sendOffer' | 'receiveOffer' | 'sendAnswer' | 'receiveAnswer' | 'withdraw';

const table: Readonly<
  Record<OfferAnswerState, Readonly<Partial<Record<OfferAnswerInput, OfferAnswerState>>>>
> = {
  none: { sendOffer: 'localOffer', receiveOffer: 'remoteOffer' },
  localOffer: { receiveAnswer: 'agreed', withdraw: 'none' },
  remoteOffer: { sendAnswer: 'agreed', withdraw: 'none' },
  agreed: { sendOffer: 'agreedLocalOffer', receiveOffer: 'agreedRemoteOffer' },
  agreedLocalOffer: { receiveAnswer: 'agreed', withdraw: 'agreed' },
  agreedRemoteOffer: { sendAnswer: 'agreed', withdraw: 'agreed' },
};

/** The next state, or undefined when that may not happen now: an offer while another is open, an answer to nothing. */
export function stepOfferAnswer(
  state: OfferAnswerState,
  input: OfferAnswerInput,
): OfferAnswerState | undefined {
  return table[state][input];
}
