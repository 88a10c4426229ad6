/**
 * Lines up the two directions of a call on one time axis: sent audio by tick, received audio by RTP
 * timestamp, gaps as silence. A short ring that hands out finished stretches; knows no files.
 *
 * ```
 *            released        now − lateness        now
 *   ─────────────┼────────────────┼─────────────────┼──▶ samples
 *    on its way  │   finished:    │  may still be   │
 *    to disk     │   release()    │  filled by late │
 *                │                │  packets        │
 * ```
 */
import { endianness } from 'node:os';
import { ALAW, type Law, MULAW } from '../codec/law.ts';
import { timestampDistance } from '../rtp/wrap.ts';

/** Late and reordered packets still find their place within this, samples (500 ms). */
const LATENESS = 4_000;

/** A power of two above lateness + the largest stretch that is held back. 2 s. */
const CAPACITY = 16_384;
const MASK = CAPACITY - 1;

/** So many packets in a row outside the window mean a new time base, not stragglers. */
const STRAYS_BEFORE_NEW_ANCHOR = 3;

/** Share of a packet in the mean of how far packets stand off their time; half a minute counts. */
const OFFSET_GAIN = 1 / 1_024;

/** One packet says no more than this about the sender's clock, samples (100 ms): the rest is jitter, or a stall. */
const MOST_OFFSET = 800;

/** A sender's clock that has gone off by this is followed where it is quiet, and by the second in any case, samples (30, 60 ms). */
const FOLLOWED_WHERE_QUIET = 240;
const FOLLOWED = 480;

/** By so much at once, samples (20 ms). */
const FOLLOWING_STEP = 160;

/** A stream that is this far off for so long has jumped, and is moved by as much where it is quiet, or after twice the time. 80 ms, 3 s. */
const FAR_OFF = 640;
const FAR_OFF_FOR = 24_000;

/** Mean square below which nobody misses 20 ms (about −50 dBm0). */
const QUIET_ENERGY = 10_000;

const IS_BIG_ENDIAN = endianness() === 'BE';

/** A-law has no zero, so where nothing came its smallest step would stand for silence. */
const RECORDED = {
  PCMU: MULAW.toLinear,
  PCMA: Int16Array.from(ALAW.toLinear, (sample, byte) => (byte === ALAW.silence ? 0 : sample)),
};

export class StereoTimeline {
  /** Both channels stay coded until they are released: half the memory, and a copy instead of a loop for each frame. */
  readonly #left = new Uint8Array(CAPACITY);
  readonly #right = new Uint8Array(CAPACITY);
  readonly #law: Law;
  #released = 0;
  #now = 0;
  #isAnchored = false;
  #anchorTimestamp = 0;
  #anchorPosition = 0;
  #strays = 0;
  /** How far ahead of the present packets end, smoothed, samples; negative: behind. Grows as the sender's clock runs fast. */
  #offset = 0;
  /** By how much all packets have been far off, and since when; 0: not all of them were. */
  #farOff = 0;
  #farOffSince = 0;
  #quietFor = 0;
  /** Where the newest packet ended. */
  #receivedTo = 0;
  /** What was received for a time before this is left out. */
  #closedTo = 0;

  /** @param law the law that is kept; frames of the other are turned into it. */
  constructor(law: Law = MULAW) {
    this.#law = law;
    this.#left.fill(law.silence);
    this.#right.fill(law.silence);
  }

  /** End of the time axis so far, samples. */
  get length(): number {
    return this.#now;
  }

  /** Writes one coded frame that was sent at a position and moves the present to its end. */
  sent(position: number, frame: Uint8Array, law: Law): void {
    this.advanceTo(position + frame.length);
    this.#put(this.#right, position, frame, 0, frame.length, law);
  }

  /** Moves the present forward, leaving silence. Never back. */
  advanceTo(position: number): void {
    this.#now = Math.max(this.#now, position);
  }

  /** Writes the received audio `datagram[start … end)` where its RTP timestamp puts it. */
  received(timestamp: number, datagram: Uint8Array, start: number, end: number, law: Law): void {
    const samples = end - start;
    if (!this.#isAnchored) this.#anchor(timestamp, samples);
    let position = this.#anchorPosition + timestampDistance(timestamp, this.#anchorTimestamp);
    if (!this.#fits(position, samples)) {
      this.#strays += 1;
      if (this.#strays < STRAYS_BEFORE_NEW_ANCHOR) return;
      this.#anchor(timestamp, samples);
      position = this.#anchorPosition;
      if (!this.#fits(position, samples)) return;
    }
    this.#strays = 0;
    if (position >= this.#receivedTo) position += this.#followClock(position, datagram, start, end, law);
    this.#receivedTo = Math.max(this.#receivedTo, position + samples);
    const closed = Math.max(0, this.#closedTo - position);
    if (closed < samples) this.#put(this.#left, position + closed, datagram, start + closed, end, law);
  }

  /**
   * Keeps both directions together when the sender's clock runs otherwise than ours. Answers by how much this packet and those
   * after it are moved.
   */
  #followClock(position: number, datagram: Uint8Array, start: number, end: number, law: Law): number {
    const ahead = position + end - start - this.#now;
    this.#noteFarOff(ahead);
    if (this.#farOff !== 0 && this.#now - this.#farOffSince >= FAR_OFF_FOR) {
      this.#quietFor = isQuiet(datagram, start, end, law) ? this.#quietFor + end - start : 0;
      // Moved back, it takes the place of what was received last.
      if (this.#quietFor > this.#farOff || this.#now - this.#farOffSince >= 2 * FAR_OFF_FOR) {
        this.#offset = this.#farOff;
        this.#farOff = 0;
        return this.#moveBy(-this.#offset);
      }
    }
    this.#offset += (Math.max(-MOST_OFFSET, Math.min(MOST_OFFSET, ahead)) - this.#offset) * OFFSET_GAIN;
    const off = Math.abs(this.#offset);
    if (off < FOLLOWED_WHERE_QUIET) return 0;
    if (off < FOLLOWED && !isQuiet(datagram, start, end, law)) return 0;
    const step = this.#offset > 0 ? -FOLLOWING_STEP : FOLLOWING_STEP;
    return this.#fits(position + step, end - start) ? this.#moveBy(step) : 0;
  }

  #moveBy(step: number): number {
    this.#anchorPosition += step;
    this.#receivedTo += step;
    this.#offset += step;
    return step;
  }

  #noteFarOff(ahead: number): void {
    const isFar = Math.abs(ahead) >= FAR_OFF;
    if (isFar && Math.sign(ahead) === Math.sign(this.#farOff)) {
      if (Math.abs(ahead) < Math.abs(this.#farOff)) this.#farOff = ahead;
      return;
    }
    this.#farOff = isFar ? ahead : 0;
    this.#farOffSince = this.#now;
    this.#quietFor = 0;
  }

  /** Leaves out what was received for the time until now and comes only later. */
  closeReceived(): void {
    this.#closedTo = this.#now;
  }

  /** Takes the next received packet as the new time base: another source, another clock. */
  forgetAnchor(): void {
    this.#isAnchored = false;
  }

  /** Samples that are finished and not yet released. */
  get finished(): number {
    return Math.max(0, this.#now - LATENESS - this.#released);
  }

  /** Samples not yet released, finished or not. */
  get pending(): number {
    return this.#now - this.#released;
  }

  /** Takes the oldest `samples` as interleaved little-endian 16-bit PCM, made in `pcm`, and clears their place. */
  release(samples: number, pcm: Int16Array = new Int16Array(samples * 2)): Uint8Array {
    const { silence } = this.#law;
    const toLinear = RECORDED[this.#law.codec];
    const from = this.#released;
    const [left, right] = [this.#left, this.#right];
    for (let i = 0; i < samples; i += 1) {
      const place = (from + i) & MASK;
      pcm[2 * i] = toLinear[left[place] as number] as number;
      pcm[2 * i + 1] = toLinear[right[place] as number] as number;
    }
    const end = from + samples;
    for (const ring of [this.#left, this.#right]) {
      ring.fill(silence, from & MASK, Math.min(CAPACITY, (from & MASK) + samples));
      if ((from & MASK) + samples > CAPACITY) ring.fill(silence, 0, end & MASK);
    }
    this.#released = end;
    const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, 4 * samples);
    return IS_BIG_ENDIAN ? bytes.swap16() : bytes;
  }

  #put(ring: Uint8Array, position: number, from: Uint8Array, start: number, end: number, law: Law): void {
    const place = position & MASK;
    if (law === this.#law && place + end - start <= CAPACITY) {
      // A view and `set` take a third of the time of a loop.
      ring.set(start === 0 && end === from.length ? from : from.subarray(start, end), place);
      return;
    }
    for (let i = start; i < end; i += 1) {
      const byte = from[i] as number;
      ring[(position + i - start) & MASK] = law === this.#law ? byte : (law.toOther[byte] as number);
    }
  }

  #anchor(timestamp: number, samples: number): void {
    this.#isAnchored = true;
    this.#anchorTimestamp = timestamp;
    // The packet that just arrived holds what was said until now.
    this.#anchorPosition = Math.max(this.#released, this.#now - samples);
    this.#strays = 0;
    this.#offset = 0;
    this.#farOff = 0;
    this.#receivedTo = this.#anchorPosition;
  }

  #fits(position: number, samples: number): boolean {
    // Ahead of the present by the lateness at most: a sender's clock may run a little fast.
    return position >= this.#released && position + samples <= this.#now + LATENESS;
  }
}

/** Longest stretch to leave unreleased; beyond it the ring would overwrite itself, samples. */
export const TIMELINE_HOLDS = CAPACITY - LATENESS;

function isQuiet(datagram: Uint8Array, start: number, end: number, law: Law): boolean {
  let energy = 0;
  for (let i = start; i < end; i += 1) energy += (law.toLinear[datagram[i] as number] as number) ** 2;
  return energy < QUIET_ENERGY * (end - start);
}
