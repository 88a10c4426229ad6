import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMulaw, encodeMulaw } from '../codec/g711.ts';
import { MULAW } from '../codec/law.ts';
import { rms, toneLevel } from '../detect/goertzel.ts';
import type { FrameOrigin } from './frame-origin.ts';
import { JitterBuffer } from './jitter-buffer.ts';

const FRAME = 160;

/** Numbers in 0 … 1 from a seed, the same each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A stream of packets, 20 ms apart, through a network into a buffer that is pulled each 20 ms. */
class Line {
  readonly buffer = new JitterBuffer(MULAW);
  readonly played: Uint8Array[] = [];
  readonly origins: FrameOrigin[] = [];
  readonly firstTimestamp: number;
  #sent = 0;
  #nowMs = 0;
  #underway: { atMs: number; packet: number }[] = [];

  constructor(firstTimestamp = 0) {
    this.firstTimestamp = firstTimestamp;
  }

  /** Sends and plays `packets` of 20 ms; `delayMs` of a packet, undefined: it is lost. */
  run(packets: number, delayMs: (packet: number) => number | undefined, speech = voice): void {
    for (let n = 0; n < packets; n += 1) {
      const delay = delayMs(this.#sent);
      if (delay !== undefined) this.#underway.push({ atMs: this.#nowMs + delay, packet: this.#sent });
      this.#sent += 1;
      this.#nowMs += 20;
      const arrived = this.#underway
        .filter(({ atMs }) => atMs <= this.#nowMs)
        .sort((a, b) => a.atMs - b.atMs);
      this.#underway = this.#underway.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { atMs, packet } of arrived) {
        const timestamp = (this.firstTimestamp + packet * FRAME) >>> 0;
        this.buffer.put(timestamp, speech(packet), 0, FRAME, undefined, atMs);
      }
      const frame = new Uint8Array(FRAME);
      this.origins.push(this.buffer.pull(frame));
      this.played.push(frame);
    }
  }

  pcm(last: number): Int16Array {
    return decodeMulaw(Buffer.concat(this.played.slice(-last)));
  }
}

/** 250 Hz, unlike in level from frame to frame, so that each frame is one of its own. */
function voice(packet: number): Uint8Array {
  const level = 6_000 + (packet % 7) * 300;
  return encodeMulaw(
    Int16Array.from(
      { length: FRAME },
      (_, i) => level * Math.sin((2 * Math.PI * 250 * (packet * FRAME + i)) / 8_000),
    ),
  );
}

function quiet(packet: number): Uint8Array {
  return encodeMulaw(Int16Array.from({ length: FRAME }, (_, i) => ((packet + i) % 5) * 8));
}

describe('jitter buffer', () => {
  it('plays each frame once and unchanged on an even line, across the wrap of timestamps', () => {
    const line = new Line(0xffff_ffff - 20 * FRAME + 1);
    line.run(3_000, () => 5);
    const first = line.origins.indexOf('received');
    assert.ok(first <= 3, `first sound in frame ${first}`);
    const expected = Array.from({ length: 3_000 - first }, (_, packet) => voice(packet));
    assert.deepEqual(Buffer.concat(line.played.slice(first)), Buffer.concat(expected));
    assert.equal(line.buffer.concealed, 0);
    assert.equal(line.buffer.wantedMs, 20);
  });

  it('puts packets in order that overtook each other', () => {
    const line = new Line();
    line.run(500, (packet) => (packet % 10 === 3 ? 25 : 2));
    const first = line.origins.indexOf('received');
    assert.deepEqual(line.played[first + 103], voice(103));
    assert.equal(line.buffer.concealed, 0);
  });

  it('waits longer on an uneven line, up to 120 ms, and hardly loses a frame there', () => {
    const line = new Line();
    const random = seeded(1);
    line.run(500, () => 70 * random());
    const before = line.buffer.concealed;
    line.run(2_000, () => 70 * random());
    assert.ok(line.buffer.wantedMs >= 60 && line.buffer.wantedMs <= 100, `${line.buffer.wantedMs} ms`);
    assert.ok(line.buffer.concealed - before <= 40, `${line.buffer.concealed - before} of 2000`);
    line.run(1_000, () => 400 * random());
    assert.equal(line.buffer.wantedMs, 120);
  });

  it('comes back to a short delay when the line is even again, without a gap in loud speech', () => {
    const line = new Line();
    const random = seeded(2);
    line.run(1_000, () => 100 * random());
    assert.ok(line.buffer.delayMs > 60, `${line.buffer.delayMs} ms`);
    line.run(3_000, () => 5);
    assert.equal(line.buffer.wantedMs, 20);
    assert.ok(line.buffer.delayMs <= 60, `${line.buffer.delayMs} ms`);
    const quietest = Math.min(...line.played.slice(1_100).map((frame) => rms(decodeMulaw(frame))));
    assert.ok(quietest > 3_000, `a frame at ${quietest}`);
  });

  it('conceals a lost frame with sound like that before it', () => {
    const line = new Line();
    line.run(400, (packet) => (packet > 50 && packet % 12 === 0 ? undefined : 5));
    assert.ok(line.buffer.concealed >= 28);
    const quietest = Math.min(...line.played.slice(60).map((frame) => rms(decodeMulaw(frame))));
    assert.ok(quietest > 3_000, `a frame at ${quietest}`);
    assert.ok(toneLevel(line.pcm(100), 8_000, 250) > 0.97);
  });

  it('fades a long gap out within 60 ms and plays on when packets come again', () => {
    const line = new Line();
    line.run(50, () => 5);
    line.run(25, () => undefined);
    assert.equal(rms(line.pcm(20)), 0);
    assert.equal(line.origins.at(-1), 'absent');
    line.run(50, () => 5);
    assert.ok(toneLevel(line.pcm(40), 8_000, 250) > 0.97);
  });

  it('tells what is made up from what is lost when a stall of the line brings all that is left at once', () => {
    const line = new Line();
    line.run(50, () => 5);
    const played = line.origins.length;
    // Of 400 ms that stalled, the first 300 ms are gone.
    for (let packet = 65; packet < 70; packet += 1)
      line.buffer.put(packet * FRAME, voice(packet), 0, FRAME, undefined, 1_400);
    const frame = new Uint8Array(FRAME);
    for (let n = 0; n < 20; n += 1) line.origins.push(line.buffer.pull(frame));
    const after = line.origins.slice(played);
    const broken = after.slice(after.indexOf('concealed'), after.lastIndexOf('lost') + 1);
    assert.deepEqual(broken, [...Array(3).fill('concealed'), ...Array(12).fill('lost')]);
    assert.equal(after[after.lastIndexOf('lost') + 1], 'received');
    assert.equal(line.buffer.concealed, 15);
  });

  it('follows a sender whose timestamps jump', () => {
    const line = new Line();
    line.run(50, () => 5);
    for (let packet = 0; packet < 20; packet += 1) {
      line.buffer.put(5_000_000 + packet * FRAME, voice(packet), 0, FRAME, undefined, 1_000 + packet * 20);
      line.buffer.pull(new Uint8Array(FRAME));
    }
    const frame = new Uint8Array(FRAME);
    assert.equal(line.buffer.pull(frame), 'received');
    assert.ok(rms(decodeMulaw(frame)) > 3_000);
  });

  for (const pauseMs of [160, 300, 480, 1_000, 10_000]) {
    it(`plays on unbroken after a pause of ${pauseMs} ms for which the sender's timestamps stood still`, () => {
      const line = new Line();
      line.run(500, () => 5);
      line.run(pauseMs / 20, () => 5 + pauseMs);
      const adjustments = line.buffer.adjustments;
      line.run(1_000, () => 5 + pauseMs);
      const after = line.origins.slice(-1_000);
      assert.ok(after.lastIndexOf('absent') < 10, `silent until ${after.lastIndexOf('absent')}`);
      assert.ok(after.filter((origin) => origin !== 'received').length < 20, after.slice(0, 100).join());
      assert.ok(line.buffer.adjustments - adjustments <= 8, `${line.buffer.adjustments - adjustments}`);
      assert.ok(toneLevel(line.pcm(900), 8_000, 250) > 0.9);
      assert.ok(line.buffer.delayMs <= 60, `${line.buffer.delayMs}`);
    });
  }

  it('plays noise of the told level while the far end is silent', () => {
    const line = new Line();
    line.run(50, () => 5);
    line.buffer.putNoise(50);
    line.run(50, () => undefined);
    const levelDbov = 20 * Math.log10(rms(line.pcm(20)) / 32_767);
    assert.ok(Math.abs(levelDbov + 50) < 1.5, `${levelDbov} dBov`);
    line.run(50, () => 5);
    assert.ok(toneLevel(line.pcm(40), 8_000, 250) > 0.97);
  });

  it('keeps its delay steady for an hour with a sender whose clock runs 100 ppm fast', () => {
    const line = new Line();
    let worst = 0;
    for (let minute = 0; minute < 10; minute += 1) {
      line.run(1_000, (packet) => 30 - packet * 20 * 0.0001, quiet);
      worst = Math.max(worst, line.buffer.delayMs);
    }
    assert.ok(worst < 80, `${worst} ms`);
  });

  it('takes packets of 10, 30 and 60 ms', () => {
    for (const samples of [80, 240, 480]) {
      const buffer = new JitterBuffer(MULAW);
      const played: Uint8Array[] = [];
      let sent = 0;
      for (let tick = 0; tick < 300; tick += 1) {
        while (sent + samples <= (tick + 1) * FRAME) {
          const bytes = new Uint8Array(samples).map((_, i) => (sent + i) % 251);
          buffer.put(sent, bytes, 0, samples, undefined, sent / 8 + samples / 8);
          sent += samples;
        }
        const frame = new Uint8Array(FRAME);
        buffer.pull(frame);
        played.push(frame);
      }
      const all = Buffer.concat(played.slice(-50));
      const breaks = [...all].filter((byte, i) => i > 0 && byte !== ((all[i - 1] as number) + 1) % 251);
      assert.equal(breaks.length, 0, `${samples} samples`);
    }
  });
});
