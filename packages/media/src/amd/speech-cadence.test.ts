import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultAmdSettings } from './amd-settings.ts';
import { SpeechCadence } from './speech-cadence.ts';

describe('speech cadence', () => {
  /** Frames of one level and log-odds, below those from which on it is speech. */
  function hear(cadence: SpeechCadence, frames: number, levelDb: number, logOdds: number): void {
    for (let n = 0; n < frames; n += 1)
      cadence.hear({ isSpeech: false, isVoiced: false, logOdds, levelDb, floorDb: -70 });
  }

  it('takes what fell off soon after the answer for the end of a word, if it might have been speech', () => {
    const cadence = new SpeechCadence(defaultAmdSettings);
    hear(cadence, 8, -28, -1);
    hear(cadence, 20, -65, -4);
    assert.equal(cadence.startedMs, 0);
    assert.equal(cadence.endedMs, 160);
  });

  it('takes it for none if it sounded like noise, went on for long, or hardly fell', () => {
    for (const [frames, logOdds, thenDb] of [
      [8, -4, -65],
      [60, -1, -65],
      [8, -1, -40],
    ] as const) {
      const cadence = new SpeechCadence(defaultAmdSettings);
      hear(cadence, frames, -28, logOdds);
      hear(cadence, 20, thenDb, -4);
      assert.equal(cadence.startedMs, undefined);
    }
  });

  it('counts whoever talks where nobody is to be behind', () => {
    const cadence = new SpeechCadence({ behindDb: 100 });
    for (const levelDb of [-20, -38])
      for (let n = 0; n < 40; n += 1)
        cadence.hear({ isSpeech: true, isVoiced: true, logOdds: 3, levelDb, floorDb: -60 });
    assert.ok(cadence.measures.speech > 1.5);
    assert.equal(cadence.measures.silence, 0);
  });

  it('hears no speech in what is said behind, and takes it for silence', () => {
    const cadence = new SpeechCadence(defaultAmdSettings);
    const speak = (frames: number, levelDb: number): void => {
      for (let n = 0; n < frames; n += 1)
        cadence.hear({ isSpeech: true, isVoiced: true, logOdds: 3, levelDb, floorDb: -60 });
    };
    speak(20, -20);
    speak(60, -38);
    assert.equal(cadence.measures.utterances, 1);
    assert.ok(cadence.measures.speech <= 0.6);
    assert.ok(cadence.measures.silence >= 1);
    speak(10, -22);
    assert.equal(cadence.measures.utterances, 2);
  });
});
