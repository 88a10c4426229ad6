// Every cell of the offer/answer table: what may be said next, and what may not (RFC 3264 §4, RFC 3311 §5).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type OfferAnswerInput, type OfferAnswerState, stepOfferAnswer } from './offer-answer.ts';

const INPUTS: readonly OfferAnswerInput[] = [
  'sendOffer',
  'receiveOffer',
  'sendAnswer',
  'receiveAnswer',
  'withdraw',
];

const CELLS: Record<OfferAnswerState, Partial<Record<OfferAnswerInput, OfferAnswerState>>> = {
  none: { sendOffer: 'localOffer', receiveOffer: 'remoteOffer' },
  localOffer: { receiveAnswer: 'agreed', withdraw: 'none' },
  remoteOffer: { sendAnswer: 'agreed', withdraw: 'none' },
  agreed: { sendOffer: 'agreedLocalOffer', receiveOffer: 'agreedRemoteOffer' },
  agreedLocalOffer: { receiveAnswer: 'agreed', withdraw: 'agreed' },
  agreedRemoteOffer: { sendAnswer: 'agreed', withdraw: 'agreed' },
};

describe('offer and answer', () => {
  for (const [state, cells] of Object.entries(CELLS) as Array<[OfferAnswerState, (typeof CELLS)['none']]>) {
    for (const input of INPUTS) {
      test(`${state} › ${input} → ${cells[input] ?? 'not now'}`, () => {
        assert.equal(stepOfferAnswer(state, input), cells[input]);
      });
    }
  }
});
