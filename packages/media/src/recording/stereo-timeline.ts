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
import { timestampDistance } from '../rtp/wrap.ts';

/** Late and reordered packets still find their place within this, samples (500 ms). */
const LATENESS = 4_000;

/** A power of two above lateness + the largest stretch that is held back. 2 s. */
const CAPACITY = 16_384;
const MASK = CAPACITY - 1;

/** So many packets in a row outside the window mean a new time base, not stragglers. */
const STRAYS_BEFORE_NEW_ANCHOR = 3;

const CHANNELS = 2;

export class StereoTimeline {
  readonly #ring = new Int16Array(CAPACITY * CHANNELS);
  #released = 0;
  #now = 0;
  #isAnchored = false;
  #anchorTimestamp = 0;
  #anchorPosition = 0;
  #strays = 0;

  /** End of the time axis so far, samples. */
  get length(): number {
    return this.#now;
  }

  /** Writes one frame of coded sent audio at a position and moves the present to its end. */
  sent(position: number, frame: Uint8Array, toLinear: Int16Array): void {
    this.advanceTo(position + frame.length);
    for (let i = 0; i < frame.length; i += 1) {
      this.#ring[((position + i) & MASK) * CHANNELS + 1] = toLinear[frame[i] as number] as number;
    }
  }

  /** Moves the present forward, leaving silence. Never back. */
  advanceTo(position: number): void {
    this.#now = Math.max(this.#now, position);
  }

  /** Writes the received audio `datagram[start … end)` where its RTP timestamp puts it. */
  received(timestamp: number, datagram: Uint8Array, start: number, end: number, toLinear: Int16Array): void {
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
    for (let i = 0; i < samples; i += 1) {
      this.#ring[((position + i) & MASK) * CHANNELS] = toLinear[datagram[start + i] as number] as number;
    }
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

  /** Takes the oldest `samples` as interleaved little-endian 16-bit PCM and clears their place. */
  release(samples: number): Uint8Array {
    const bytes = new Uint8Array(samples * CHANNELS * 2);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < samples; i += 1) {
      const place = ((this.#released + i) & MASK) * CHANNELS;
      view.setInt16(i * 4, this.#ring[place] as number, true);
      view.setInt16(i * 4 + 2, this.#ring[place + 1] as number, true);
      this.#ring[place] = 0;
      this.#ring[place + 1] = 0;
    }
    this.#released += samples;
    return bytes;
  }

  #anchor(timestamp: number, samples: number): void {
    this.#isAnchored = true;
    this.#anchorTimestamp = timestamp;
    // The packet that just arrived holds what was said until now.
    this.#anchorPosition = Math.max(this.#released, this.#now - samples);
    this.#strays = 0;
  }

  #fits(position: number, samples: number): boolean {
    // Ahead of the present by the lateness at most: a sender's clock may run a little fast.
    return position >= this.#released && position + samples <= this.#now + LATENESS;
  }
}

/** Longest stretch to leave unreleased; beyond it the ring would overwrite itself, samples. */
export const TIMELINE_HOLDS = CAPACITY - LATENESS - LATENESS;
