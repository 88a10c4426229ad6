import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { decodeMulaw } from '../codec/g711.ts';
import { ToneTracker } from './tone-tracker.ts';
import { JUDGEMENT_DELAY_MS, VoiceActivity } from './voice-activity.ts';
import { voiceNetwork } from './voice-weights.ts';
import { loadWebRtcVad, WebRtcVad, type WebRtcVadModule } from './webrtc-vad.ts';

/** Synthetic speech, "Hello. This is a call about your appointment.", 8 kHz. */
const speech = decodeMulaw(readFileSync(new URL('../../test/fixtures/speech.ulaw', import.meta.url)));
const hello = speech.subarray(0, 8 * 420);

describe('voice activity', () => {
  let module: WebRtcVadModule;

  before(async () => {
    module = await loadWebRtcVad();
  });

  /** Begin and end of the frames that were taken for speech, ms, and their share of all. */
  function speechIn(pcm: Int16Array): { fromMs: number; toMs: number; share: number } {
    const vad = new WebRtcVad(module);
    const voice = new VoiceActivity(vad, { lowestLevelDb: -52, speechLogOdds: 0 }, voiceNetwork);
    const tones = new ToneTracker(() => undefined);
    const startsMs: number[] = [];
    for (let at = 0; at + 160 <= pcm.length; at += 160) {
      const frame = pcm.subarray(at, at + 160);
      tones.hear(frame);
      if (voice.hear(frame, tones.power) && voice.frame.isSpeech) startsMs.push(at / 8 - JUDGEMENT_DELAY_MS);
    }
    vad.close();
    return {
      fromMs: startsMs[0] ?? Number.NaN,
      toMs: (startsMs.at(-1) ?? Number.NaN) + 20,
      share: startsMs.length / (pcm.length / 160),
    };
  }

  /** Two seconds with a word from 0.6 s on. */
  function scene(gain: number, background: (n: number) => number): Int16Array {
    return Int16Array.from({ length: 16_000 }, (_, n) => {
      const at = n - 4_800;
      const word = at >= 0 && at < hello.length ? gain * (hello[at] as number) : 0;
      return Math.round(word + background(n));
    });
  }

  /** −1 … 1, the same on every machine. */
  function noise(): () => number {
    let state = 12_345;
    return () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state / 2 ** 31 - 1;
    };
  }

  function assertHearsWord({ fromMs, toMs }: { fromMs: number; toMs: number }): void {
    assert.ok(Math.abs(fromMs - 600) <= 120, `began at ${fromMs} ms`);
    assert.ok(Math.abs(toMs - 1_020) <= 160, `ended at ${toMs} ms`);
  }

  it('finds a word, loud and faint', () => {
    assertHearsWord(speechIn(scene(1, () => 0)));
    assertHearsWord(speechIn(scene(0.15, () => 0)));
  });

  it('finds it over noise', () => {
    const next = noise();
    assertHearsWord(speechIn(scene(1, () => 500 * next())));
  });

  it('takes no noise for speech', () => {
    const next = noise();
    assert.ok(speechIn(Int16Array.from({ length: 24_000 }, () => 3_000 * next())).share < 0.03);
  });

  it('takes no tone for speech', () => {
    const wave = (hz: number, n: number): number => 6_000 * Math.sin((2 * Math.PI * hz * n) / 8_000);
    const beep = Int16Array.from({ length: 24_000 }, (_, n) => wave(1_000, n));
    const ringback = Int16Array.from({ length: 24_000 }, (_, n) => wave(440, n) + wave(480, n));
    assert.ok(speechIn(beep).share < 0.08);
    assert.ok(speechIn(ringback).share < 0.08);
  });
});
