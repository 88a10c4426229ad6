/** Loudness, trimming and length of what a call plays. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMulaw } from '@ringback/media';
import { toTelephoneAudio } from './telephone-audio.ts';

const NONE = { leadMs: 0, tailMs: 0 };

interface Sound {
  readonly sampleRate: number;
  readonly amplitude: number;
  readonly silenceMs: number;
  readonly toneMs: number;
}

/** A 500 Hz tone between two silences. */
function sound({ sampleRate, amplitude, silenceMs, toneMs }: Sound) {
  const silence = Math.round((silenceMs * sampleRate) / 1000);
  const tone = Math.round((toneMs * sampleRate) / 1000);
  const pcm = new Int16Array(silence * 2 + tone);
  for (let index = 0; index < tone; index++) {
    pcm[silence + index] = Math.round(amplitude * Math.sin((2 * Math.PI * 500 * index) / sampleRate));
  }
  return { sampleRate, pcm };
}

function levelDb(pcm: Int16Array): number {
  const meanSquare = pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length;
  return 10 * Math.log10(meanSquare) - 20 * Math.log10(32_768);
}

function peak(pcm: Int16Array): number {
  return pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

function durationMs(mulaw: Uint8Array): number {
  return mulaw.length / 8;
}

describe('toTelephoneAudio', () => {
  for (const sampleRate of [8000, 16_000, 22_050, 24_000, 48_000]) {
    for (const amplitude of [600, 8000, 32_000]) {
      it(`brings amplitude ${amplitude} at ${sampleRate} Hz to −19 dB`, () => {
        const mulaw = toTelephoneAudio(sound({ sampleRate, amplitude, silenceMs: 300, toneMs: 1000 }), NONE);
        const middle = decodeMulaw(mulaw).subarray(1600, 6400);
        assert.ok(Math.abs(levelDb(middle) + 19) < 0.7, `level ${levelDb(middle)}`);
        assert.ok(durationMs(mulaw) >= 1000 && durationMs(mulaw) <= 1100, `${durationMs(mulaw)} ms`);
      });
    }
  }

  it('replaces outer silence by what was asked for', () => {
    const audio = sound({ sampleRate: 8000, amplitude: 8000, silenceMs: 700, toneMs: 500 });
    const mulaw = toTelephoneAudio(audio, { leadMs: 1000, tailMs: 2000 });
    assert.ok(Math.abs(durationMs(mulaw) - 3580) <= 20, `${durationMs(mulaw)} ms`);
    assert.equal(peak(decodeMulaw(mulaw.subarray(0, 8000))), 0);
    assert.equal(peak(decodeMulaw(mulaw.subarray(-16_000))), 0);
  });

  it('keeps pauses inside the speech', () => {
    const tone = sound({ sampleRate: 8000, amplitude: 8000, silenceMs: 500, toneMs: 300 });
    const pcm = Int16Array.from([...tone.pcm, ...tone.pcm]);
    const ms = durationMs(toTelephoneAudio({ sampleRate: 8000, pcm }, NONE));
    assert.ok(Math.abs(ms - (300 + 1000 + 300 + 80)) <= 20, `${ms} ms`);
  });

  it('presses peaks together instead of clipping them', () => {
    const pcm = sound({ sampleRate: 8000, amplitude: 1000, silenceMs: 0, toneMs: 1000 }).pcm;
    for (let index = 400; index < pcm.length; index += 800) pcm[index] = 32_767;
    const heard = decodeMulaw(toTelephoneAudio({ sampleRate: 8000, pcm }, NONE));
    assert.ok(peak(heard) > 0.6 * 32_768 && peak(heard) < 0.97 * 32_768, `peak ${peak(heard)}`);
  });

  it('does not amplify silence and never gives nothing', () => {
    const faint = Int16Array.from({ length: 8000 }, (_, index) => (index % 7) - 3);
    for (const pcm of [new Int16Array(0), new Int16Array(8000), faint]) {
      const mulaw = toTelephoneAudio({ sampleRate: 8000, pcm }, NONE);
      assert.equal(durationMs(mulaw), 20);
      assert.equal(peak(decodeMulaw(mulaw)), 0);
    }
    assert.equal(durationMs(toTelephoneAudio(undefined, { leadMs: 3000, tailMs: 0 })), 3000);
  });
});
