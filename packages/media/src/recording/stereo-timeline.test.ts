import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeMulaw } from '../codec/g711.ts';
import { MULAW } from '../codec/law.ts';
import { StereoTimeline } from './stereo-timeline.ts';

/** A µ-law frame whose samples all decode to one value. */
const frame = (value: number, samples = 160): Uint8Array => encodeMulaw(new Int16Array(samples).fill(value));

function hear(timeline: StereoTimeline, timestamp: number, value: number): void {
  timeline.received(timestamp >>> 0, frame(value), 0, 160, MULAW);
}

/** All there is, as one array a channel. */
function channels(timeline: StereoTimeline): { left: Int16Array; right: Int16Array } {
  const bytes = timeline.release(timeline.pending);
  const samples = new Int16Array(bytes.buffer);
  return {
    left: samples.filter((_, index) => index % 2 === 0),
    right: samples.filter((_, index) => index % 2 === 1),
  };
}

/** The value of each 20 ms, or '?' where it is not one value. */
const frames = (pcm: Int16Array): (number | '?')[] =>
  Array.from({ length: pcm.length / 160 }, (_, n) => {
    const part = new Set(pcm.subarray(n * 160, n * 160 + 160));
    return part.size === 1 ? ([...part][0] as number) : '?';
  });

const A = 1_052;
const B = 4_092;
const C = 8_316;

describe('stereo timeline', () => {
  it('puts received left and sent right, at the same time', () => {
    const timeline = new StereoTimeline();
    timeline.sent(0, frame(A), MULAW);
    hear(timeline, 5_000, B);
    timeline.sent(160, frame(A), MULAW);
    hear(timeline, 5_160, C);
    const { left, right } = channels(timeline);
    assert.deepEqual(frames(left), [B, C]);
    assert.deepEqual(frames(right), [A, A]);
  });

  it('places reordered packets, copies and bursts by timestamp; lost ones are silence', () => {
    const timeline = new StereoTimeline();
    timeline.advanceTo(160);
    hear(timeline, 1_000, A);
    timeline.advanceTo(800);
    hear(timeline, 1_000 + 3 * 160, C);
    hear(timeline, 1_000 + 160, B);
    hear(timeline, 1_000 + 160, B);
    const { left } = channels(timeline);
    assert.deepEqual(frames(left), [A, B, 0, C, 0]);
  });

  it('goes on across the wrap of the timestamp', () => {
    const timeline = new StereoTimeline();
    for (let n = 0; n < 4; n += 1) {
      timeline.advanceTo(n * 160 + 160);
      hear(timeline, 2 ** 32 - 320 + n * 160, B);
    }
    assert.deepEqual(frames(channels(timeline).left), [B, B, B, B]);
  });

  it('finds a new time base after a jump of the timestamps, not after a stray', () => {
    const timeline = new StereoTimeline();
    timeline.advanceTo(160);
    hear(timeline, 1_000, A);
    timeline.advanceTo(320);
    hear(timeline, 900_000_000, C);
    hear(timeline, 1_160, B);
    assert.deepEqual(frames(channels(timeline).left), [A, B]);
    for (let n = 0; n < 4; n += 1) {
      timeline.advanceTo(480 + n * 160);
      hear(timeline, 7_000_000 + n * 160, C);
    }
    assert.deepEqual(frames(channels(timeline).left), [0, 0, C, C]);
  });

  it('another source is placed by its arrival', () => {
    const timeline = new StereoTimeline();
    timeline.advanceTo(160);
    hear(timeline, 1_000, A);
    timeline.forgetAnchor();
    timeline.advanceTo(320);
    hear(timeline, 55, B);
    assert.deepEqual(frames(channels(timeline).left), [A, B]);
  });

  it('holds the last half second back for late packets', () => {
    const timeline = new StereoTimeline();
    timeline.advanceTo(4_000);
    assert.equal(timeline.finished, 0);
    timeline.advanceTo(12_000);
    assert.equal(timeline.finished, 8_000);
    hear(timeline, 0, A);
    timeline.release(8_000);
    // The anchor is at 11 840; a packet 400 ms older still fits.
    hear(timeline, -3_200, B);
    const { left } = channels(timeline);
    assert.equal(left[11_840 - 8_000], A);
    assert.equal(left[8_640 - 8_000], B);
  });

  it('leaves no old audio behind when its ring goes round', () => {
    const timeline = new StereoTimeline();
    timeline.sent(0, frame(A), MULAW);
    hear(timeline, 0, B);
    timeline.release(160);
    for (let position = 160; position < 40_000; position += 160) {
      timeline.advanceTo(position + 160);
      const { left, right } = channels(timeline);
      assert.deepEqual([frames(left), frames(right)], [[0], [0]]);
    }
  });

  for (const ppm of [200, -200]) {
    it(`keeps both directions together for half an hour with a sender whose clock runs ${ppm} ppm off`, () => {
      const timeline = new StereoTimeline();
      const loud = frame(A);
      const quiet = frame(0);
      // When a packet leaves, in samples of our clock; one in 500 is loud.
      const sentAt = (packet: number): number => (packet * 160) / (1 + ppm / 1e6);
      let packet = 0;
      let released = 0;
      let wasLoud = false;
      const errorsMs: number[] = [];
      for (let tick = 0; tick < 90_000; tick += 1) {
        for (; sentAt(packet) + 160 <= tick * 160; packet += 1)
          timeline.received(packet * 160, packet % 500 === 499 ? loud : quiet, 0, 160, MULAW);
        timeline.advanceTo(tick * 160 + 160);
        if (timeline.finished < 8_000) continue;
        const bytes = timeline.release(8_000);
        const pcm = new Int16Array(bytes.buffer, bytes.byteOffset, 16_000);
        for (let n = 0; n < 8_000; n += 1) {
          const isLoud = pcm[2 * n] !== 0;
          const expected = sentAt(500 * errorsMs.length + 499);
          if (isLoud && !wasLoud) errorsMs.push((released + n - expected) / 8);
          wasLoud = isLoud;
        }
        released += 8_000;
      }
      assert.ok(errorsMs.length >= 179, `${errorsMs.length} heard`);
      const worst = Math.max(...errorsMs.map(Math.abs));
      assert.ok(worst < 60, `${worst} ms off`);
    });
  }

  /** How far off each loud packet, one in 50, is found, ms; `placeOf` says where in the sender's time it is, `lateBy` how long it travels. */
  function misplaced(
    packets: number,
    placeOf: (packet: number) => number,
    lateBy: (packet: number) => number,
  ): number[] {
    const timeline = new StereoTimeline();
    const errorsMs: number[] = [];
    const arrived: { at: number; packet: number }[] = [];
    for (let n = 0; n < packets; n += 1) arrived.push({ at: n + 1 + lateBy(n), packet: n });
    arrived.sort((a, b) => a.at - b.at);
    let released = 0;
    let wasLoud = false;
    for (let tick = 0; tick < packets; tick += 1) {
      while ((arrived[0]?.at ?? Number.POSITIVE_INFINITY) <= tick) {
        const { packet } = arrived.shift() as { packet: number };
        const loudness = packet % 50 === 25 ? A : 0;
        timeline.received((placeOf(packet) * 160) >>> 0, frame(loudness), 0, 160, MULAW);
      }
      timeline.advanceTo(tick * 160 + 160);
      if (timeline.finished < 8_000) continue;
      const bytes = timeline.release(8_000);
      const pcm = new Int16Array(bytes.buffer, bytes.byteOffset, 16_000);
      for (let n = 0; n < 8_000; n += 1) {
        const isLoud = pcm[2 * n] !== 0;
        if (isLoud && !wasLoud) {
          const place = (released + n) / 160;
          errorsMs.push((place - (Math.round((place - 25) / 50) * 50 + 25)) * 20);
        }
        wasLoud = isLoud;
      }
      released += 8_000;
    }
    return errorsMs;
  }

  for (const jump of [5, 10, 20, -5, -10, -20]) {
    it(`brings both directions together again within seconds after timestamps that jumped by ${jump * 20} ms`, () => {
      const errorsMs = misplaced(
        2_000,
        (packet) => packet + (packet >= 520 ? jump : 0),
        () => 0,
      );
      assert.ok(errorsMs.length >= 39, `${errorsMs.length} heard`);
      assert.deepEqual(new Set(errorsMs.slice(0, 10).map((error) => Math.abs(error) <= 20)), new Set([true]));
      const late = errorsMs.slice(18);
      assert.ok(Math.max(...late.map(Math.abs)) <= 40, late.join());
    });
  }

  it('moves nothing for a line that is slow for two seconds', () => {
    const errorsMs = misplaced(
      2_000,
      (packet) => packet,
      (packet) => (packet >= 500 && packet < 600 ? 9 : 0),
    );
    assert.equal(new Set(errorsMs).size, 1, errorsMs.join());
    assert.ok(errorsMs.length >= 38);
  });
});
