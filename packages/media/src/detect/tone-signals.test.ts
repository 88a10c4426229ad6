import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ToneSignals } from './tone-signals.ts';
import type { ToneStretch } from './tone-tracker.ts';

/** A beat in a pause on both sides, as steady as the network's. */
const beat: ToneStretch = {
  frequenciesHz: [425],
  startMs: 0,
  endMs: 200,
  levelDb: -20,
  spreadHz: 0.3,
  spreadDb: 0.1,
  riseDb: 40,
  fallDb: 40,
  aroundDb: -35,
};

/** What is told of two stretches, the second as long after the first as each lasts. */
function heardOf(first: Partial<ToneStretch>, second: Partial<ToneStretch>): string[] {
  const told: string[] = [];
  const signals = new ToneSignals(({ kind }) => told.push(kind));
  signals.take({ ...beat, ...first }, false);
  signals.take({ ...beat, startMs: 400, endMs: 600, ...second }, false);
  return told;
}

describe('tone signals', () => {
  it('take two even beats for reorder', () => {
    assert.deepEqual(heardOf({}, {}), ['reorder']);
  });

  it('take them so over noise and with losses, which spread their frequency and fill their pauses', () => {
    const worn = { spreadHz: 4.2, spreadDb: 3.1, aroundDb: 0 };
    assert.deepEqual(heardOf({ ...worn, fallDb: 10 }, { ...worn, riseDb: 10 }), ['reorder']);
  });

  it('take two vowels of a sentence for none: there is no pause between them', () => {
    assert.deepEqual(heardOf({ fallDb: -1 }, { riseDb: 3 }), []);
    assert.deepEqual(heardOf({ fallDb: 40 }, { riseDb: 3 }), []);
    assert.deepEqual(heardOf({ fallDb: 4 }, { riseDb: 40 }), []);
  });

  it('take two words with a pause between them for none: a voice does not hold its pitch', () => {
    assert.deepEqual(heardOf({ spreadHz: 0.5 }, { spreadHz: 9.6 }), []);
    assert.deepEqual(heardOf({ spreadHz: 9.6 }, { spreadHz: 0.5 }), []);
  });

  describe('of a tone that falls by 20 dB while it sounds', () => {
    const fading: ToneStretch = { ...beat, frequenciesHz: [1_000], endMs: 400, spreadHz: 0.5, spreadDb: 10 };

    function isBeep(stretch: ToneStretch, heardSpeech: boolean): boolean {
      const told: string[] = [];
      new ToneSignals(({ kind }) => told.push(kind)).take(stretch, heardSpeech);
      return told.includes('beep');
    }

    it('take it for a beep after speech: a bell, or a beep in an echoing room', () => {
      assert.ok(isBeep(fading, true));
    });

    it('take it for none where nobody spoke: the network’s tones echo, too', () => {
      assert.ok(!isBeep(fading, false));
    });

    it('take it for none where its frequency moves as a voice’s does', () => {
      assert.ok(!isBeep({ ...fading, spreadHz: 1.5 }, true));
    });
  });
});
