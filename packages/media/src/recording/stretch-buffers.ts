/**
 * Buffers for audio on its way to disk, shared by the recordings of one worker: each needs one for a moment every second, so
 * a few serve hundreds, and nothing is left for the garbage collector.
 */

/** Samples of both channels that are written to disk at once (1 s). */
export const STRETCH = 8_000;

/** Kept when nobody needs them: more are in use only while the disk is slow. */
const MOST_KEPT = 32;

export class StretchBuffers {
  readonly #kept: Int16Array[] = [];

  /** A buffer for one stretch of two channels; its content is whatever it was. */
  take(): Int16Array {
    return this.#kept.pop() ?? new Int16Array(2 * STRETCH);
  }

  giveBack(buffer: Int16Array): void {
    if (this.#kept.length < MOST_KEPT) this.#kept.push(buffer);
  }
}
