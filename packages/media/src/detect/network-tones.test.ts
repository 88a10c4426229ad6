import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { decodeMulaw } from '../codec/g711.ts';
import { silence, tone } from '../codec/tone-audio.fixture.ts';
import type { ToneSpec } from '../codec/tone-generator.ts';
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import { NetworkTones } from './network-tones.ts';

const sit = (first: number, second: number, third = 1_776.7): Int16Array[] =>
  [first, second, third].map((hz) => tone({ frequenciesHz: [hz], levelDbm0: -24 }, 320));

/** What is told of the audio before and after its end. */
function heardOf(...parts: readonly Int16Array[]): string[] {
  return heardOfFrames(framesOf(...parts).map((frame) => [frame, 'received']));
}

function framesOf(...parts: readonly Int16Array[]): Int16Array[] {
  const pcm = Int16Array.from(parts.flatMap((part) => [...part]));
  return Array.from({ length: Math.floor(pcm.length / 160) }, (_, n) => pcm.subarray(n * 160, (n + 1) * 160));
}

function heardOfFrames(frames: readonly (readonly [Int16Array, FrameOrigin])[]): string[] {
  const told: string[] = [];
  const tones = new NetworkTones((heard) =>
    told.push(heard.kind === 'sit' ? `sit, ${heard.cause}` : heard.kind),
  );
  for (const [frame, origin] of frames) tones.hear(frame, origin);
  tones.finish();
  return told;
}

const busy: ToneSpec = { frequenciesHz: [480, 620], onMs: 500, offMs: 500 };
const reorder: ToneSpec = { frequenciesHz: [480, 620], onMs: 250, offMs: 250 };
const ringing: ToneSpec = { frequenciesHz: [440, 480], onMs: 2_000, offMs: 4_000 };

describe('network tones', () => {
  for (const [cause, first, second] of [
    ['vacant code', 985.2, 1_370.6],
    ['intercept', 913.8, 1_370.6],
    ['reorder', 913.8, 1_428.5],
    ['no circuit', 985.2, 1_428.5],
  ] as const) {
    it(`tells ${cause} by its special information tones, once, also after ringing and when they are cut at their end`, () => {
      assert.deepEqual(heardOf(silence(200), ...sit(first, second), silence(1_500), ...sit(first, second)), [
        `sit, ${cause}`,
      ]);
      assert.deepEqual(heardOf(tone(ringing, 7_000), silence(3_000), ...sit(first, second)), [
        'ringback',
        `sit, ${cause}`,
      ]);
    });
  }

  for (const [origin, ms] of [
    ['lost', 400],
    ['absent', 140],
  ] as const) {
    it(`tells special information tones that go on after ${ms} ms were ${origin}, wherever they are`, () => {
      const frames = framesOf(silence(200), ...sit(985.2, 1_370.6), silence(200));
      const gap = framesOf(silence(ms)).map((frame) => [frame, origin] as const);
      for (let at = 0; at < frames.length; at += 1) {
        const heard = (frame: Int16Array) => [frame, 'received'] as const;
        assert.deepEqual(
          heardOfFrames([...frames.slice(0, at).map(heard), ...gap, ...frames.slice(at).map(heard)]),
          ['sit, vacant code'],
          `gap after ${at} frames`,
        );
      }
    });
  }

  it('takes sound that is made up, which has another pitch, for no tone', () => {
    const [first, second, third] = sit(985.2, 1_428.5).map((part) => framesOf(part)) as [
      Int16Array[],
      Int16Array[],
      Int16Array[],
    ];
    const madeUp = framesOf(tone({ frequenciesHz: [1_375], levelDbm0: -24 }, 80));
    const told = heardOfFrames([
      ...[...framesOf(silence(200)), ...first, ...second].map((frame) => [frame, 'received'] as const),
      ...madeUp.map((frame) => [frame, 'concealed'] as const),
      ...third.map((frame) => [frame, 'received'] as const),
    ]);
    assert.deepEqual(told, ['sit, no circuit']);
  });

  it('tells busy and reorder tones of North America and Europe', () => {
    assert.deepEqual(heardOf(silence(300), tone(busy, 3_000)), ['busy']);
    assert.deepEqual(heardOf(tone(reorder, 3_000)), ['reorder']);
    assert.deepEqual(heardOf(tone({ frequenciesHz: [425], onMs: 480, offMs: 480 }, 3_000)), ['busy']);
    assert.deepEqual(heardOf(tone({ frequenciesHz: [400], onMs: 375, offMs: 375 }, 3_000)), ['busy']);
  });

  it('believes a cadence only with its third beat', () => {
    assert.deepEqual(heardOf(tone(busy, 1_600), silence(3_000)), []);
    assert.deepEqual(heardOf(tone(busy, 1_600), silence(3_000), tone(busy, 1_600)), []);
  });

  it('tells ringing once, also the double ring', () => {
    assert.deepEqual(heardOf(tone(ringing, 14_000)), ['ringback']);
    const double = { frequenciesHz: [400, 450], cadence: [400, 200, 400, 2_000] };
    assert.deepEqual(heardOf(tone(double, 7_000)), ['ringback']);
  });

  it('tells nothing of speech, beeps, fax and silence', () => {
    const speech = decodeMulaw(readFileSync(new URL('../../test/fixtures/speech.ulaw', import.meta.url)));
    assert.deepEqual(
      heardOf(speech, silence(500), speech, tone({ frequenciesHz: [1_000] }, 400), silence(2_000)),
      [],
    );
    assert.deepEqual(heardOf(tone({ frequenciesHz: [2_100] }, 3_000), silence(4_000)), []);
  });
});
