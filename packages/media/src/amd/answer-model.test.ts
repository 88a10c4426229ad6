import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AnswerModel, humanLogOdds, weigh } from './answer-model.ts';
import { answerWeights } from './answer-weights.ts';
import type { CadenceMeasures } from './speech-cadence.ts';

const measures: CadenceMeasures = {
  speech: 0.4,
  lastUtterance: 0.4,
  firstUtterance: 0.4,
  silence: 0.5,
  utterances: 1,
  longestPause: 0,
  syllables: 2,
  noiseAdded: 0,
  onset: 0.4,
};

describe('answer model', () => {
  const model: AnswerModel = {
    measures: ['speech', 'silence'],
    bias: 0.5,
    trees: [
      [0, 1, 0.1, [1, 0.3, 0.4, -0.2, 1], -1],
      [1, 0.6, 0, 0.25, 2],
    ],
  };

  it('adds up what each tree says', () => {
    assert.equal(humanLogOdds(model, measures), 0.5 + 1 + 0.25);
    assert.equal(humanLogOdds(model, { ...measures, speech: 1 }), 0.5 - 1 + 0.25);
  });

  it('names what weighed how much, the heaviest first', () => {
    const [first, second] = weigh(model, measures);
    assert.deepEqual([first?.measure, second?.measure], ['silence', 'speech']);
    assert.ok(Math.abs((first?.logOdds ?? 0) - (1 - 0.4 + 0.25)) < 1e-9);
    assert.ok(Math.abs((second?.logOdds ?? 0) - (0.4 - 0.1)) < 1e-9);
  });

  it('never takes a longer silence or less speech for more of a machine', () => {
    for (let silence = 0.1; silence < 2.5; silence += 0.1) {
      const [now, later] = [silence, silence + 0.1].map((s) =>
        humanLogOdds(answerWeights.inTime, { ...measures, silence: s }),
      );
      assert.ok((later as number) >= (now as number) - 1e-6, `silence of ${silence} s`);
      const more = humanLogOdds(answerWeights.inTime, { ...measures, silence, speech: 2, lastUtterance: 2 });
      assert.ok(more <= (now as number) + 1e-6, `speech before a silence of ${silence} s`);
    }
  });
});
