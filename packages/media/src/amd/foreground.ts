/**
 * Tells who answered from others who talk behind, in the room or on the radio: they are farther from the telephone, so less
 * loud. Whether it is speech at all, the voice network says; it has no way to know whose.
 */
import type { VoiceFrame } from '../detect/voice-activity.ts';

/** Who goes on may fall off by so much more than who begins: the ends of words do, dB. */
const FALLING_OFF_DB = 5;

/** Share of a new frame's power in the loudness. */
const SMOOTHING = 0.35;

const LEAST_POWER = 1e-10;

export class Foreground {
  #power = 0;
  #isFirst = true;
  #loudestDb = Number.NEGATIVE_INFINITY;
  readonly #behindDb: number;

  /** @param behindDb so far below the loudest so far, who begins after a pause is somebody else, dB. */
  constructor(behindDb: number) {
    this.#behindDb = behindDb;
  }

  /**
   * Takes the next frame, speech or not.
   *
   * @param isBeginning nobody spoke just before it.
   * @returns whether it is speech of the one in front.
   */
  hear({ isSpeech, levelDb }: VoiceFrame, isBeginning: boolean): boolean {
    const power = 10 ** (levelDb / 10);
    this.#power += (this.#isFirst ? 1 : SMOOTHING) * (power - this.#power);
    this.#isFirst = false;
    if (!isSpeech) return false;
    const nowDb = 10 * Math.log10(this.#power + LEAST_POWER);
    const leastDb = this.#loudestDb - (this.#behindDb + (isBeginning ? 0 : FALLING_OFF_DB));
    // A word begins faster than loudness follows.
    if (Math.max(nowDb, levelDb) < leastDb) return false;
    this.#loudestDb = Math.max(this.#loudestDb, Math.min(nowDb, levelDb));
    return true;
  }
}
