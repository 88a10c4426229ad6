/**
 * Tells a key from a copy of it: a far end may send one press by two methods at once, as telephone-event, as tones that a gateway
 * did not take out of the audio, and as SIP INFO, which often comes only when the key is let go. One per session.
 */
import type { Digit } from '../rtp/telephone-event.ts';

/** By which way a key came. */
export type KeyMethod = 'telephone-event' | 'tones' | 'info';

/** Copies of a press come within this, ms: no key is held longer. */
const SAME_PRESS_MS = 5_000;

/** More presses in that time are nobody's. */
const MOST_KEPT = 64;

interface Press {
  digit: Digit;
  atMs: number;
  /** All ways by which it came. */
  by: KeyMethod[];
}

export class PressedOnce {
  #presses: Press[] = [];

  /** Takes a key that came; false when another method brought the same press before. */
  isNew(digit: Digit, method: KeyMethod, nowMs: number): boolean {
    this.#presses = this.#presses.filter(({ atMs }) => nowMs - atMs < SAME_PRESS_MS).slice(-MOST_KEPT);
    const known = this.#presses.find((press) => press.digit === digit && !press.by.includes(method));
    known?.by.push(method);
    if (!known) this.#presses.push({ digit, atMs: nowMs, by: [method] });
    return known === undefined;
  }
}
