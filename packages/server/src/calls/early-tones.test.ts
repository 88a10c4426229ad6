// Which of the tones before an answer counts, and what it is called.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkTone } from '@ringback/media';
import { moreTelling, wordOfTone } from './early-tones.ts';

const ringback: NetworkTone = { kind: 'ringback' };
const busy: NetworkTone = { kind: 'busy' };
const reorder: NetworkTone = { kind: 'reorder' };
const vacant: NetworkTone = { kind: 'sit', cause: 'vacant code' };
const noCircuit: NetworkTone = { kind: 'sit', cause: 'no circuit' };

describe('early tones', () => {
  for (const [heard, counts] of [
    [[ringback, busy, vacant], vacant],
    [[vacant, reorder, ringback], vacant],
    [[ringback, reorder], reorder],
    [[busy, ringback], busy],
    // Of equals the first: what follows may be the same announcement played once more, or its end.
    [[busy, reorder], busy],
    [[noCircuit, vacant], noCircuit],
  ] as const) {
    it(`of ${heard.map(wordOfTone).join(', ')} ${wordOfTone(counts)} counts`, () => {
      let most: NetworkTone | undefined;
      for (const tone of heard) most = moreTelling(most, tone);
      assert.equal(most, counts);
    });
  }

  it('are spelled in capitals and in one word', () => {
    assert.deepEqual([ringback, busy, reorder, vacant, noCircuit].map(wordOfTone), [
      'RINGBACK',
      'BUSY',
      'REORDER',
      'SIT_VACANT_CODE',
      'SIT_NO_CIRCUIT',
    ]);
  });
});
