/**
 * Turns incoming telephone-event packets into digits, each exactly once (RFC 4733 §2.5.2).
 *
 * A digit is reported with the first packet seen of its event, so that a prompt can stop at once; all
 * further packets of that event carry the same RTP timestamp and are its continuation or copies.
 */
import { DIGITS, type Digit, TELEPHONE_EVENT_BYTES } from './telephone-event.ts';
import { timestampDistance } from './wrap.ts';

/** Nobody presses keys faster; more is a broken or hostile sender. Digits in any one second. */
const MOST_DIGITS_PER_SECOND = 25;

/** An event this long goes on under a new timestamp (RFC 4733 §2.5.1.3), in timestamp units less one packet. */
const SEGMENT_DURATION = 0xffff - 1_600;

/** A timestamp further back than any late copy can be is that of a new time base, samples (20 s); so is any that is behind so much later. */
const OLDEST_COPY = 160_000;
const COPIES_COME_WITHIN_MS = 3_000;

export class DigitReceiver {
  /** Digits not reported because they came faster than keys can be pressed. */
  refused = 0;
  #seen = false;
  #timestamp = 0;
  #event = -1;
  #duration = 0;
  #ended = false;
  /** When the newest packet of the current event came. */
  #latestMs = 0;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #inWindow = 0;

  /**
   * Takes one telephone-event packet: its timestamp, the payload's place and the arrival in ms.
   * Answers the digit when this packet is the first of its event.
   */
  receive(
    datagram: Uint8Array,
    start: number,
    end: number,
    timestamp: number,
    nowMs: number,
  ): Digit | undefined {
    if (end - start < TELEPHONE_EVENT_BYTES) return undefined;
    const event = datagram[start] as number;
    const isEnd = ((datagram[start + 1] as number) & 0x80) !== 0;
    const duration = ((datagram[start + 2] as number) << 8) | (datagram[start + 3] as number);
    if (this.#seen) {
      const distance = timestampDistance(timestamp, this.#timestamp);
      // Behind the current event: a late copy of one already reported.
      const mayBeCopy = nowMs - this.#latestMs < COPIES_COME_WITHIN_MS;
      if (distance < 0 && distance > -OLDEST_COPY && mayBeCopy) return undefined;
      this.#latestMs = nowMs;
      if (distance === 0 || this.#isContinuation(event, distance)) {
        this.#timestamp = timestamp;
        this.#duration = duration;
        this.#ended ||= isEnd;
        return undefined;
      }
    }
    this.#seen = true;
    this.#latestMs = nowMs;
    this.#timestamp = timestamp;
    this.#event = event;
    this.#duration = duration;
    this.#ended = isEnd;
    const digit = DIGITS[event];
    return digit !== undefined && this.#isWithinRate(nowMs) ? digit : undefined;
  }

  /** Forgets the current event: a new source begins with timestamps of its own. */
  restart(): void {
    this.#seen = false;
  }

  #isContinuation(event: number, distance: number): boolean {
    if (this.#ended || event !== this.#event || this.#duration < SEGMENT_DURATION) return false;
    return distance >= SEGMENT_DURATION && distance <= 0xffff;
  }

  #isWithinRate(nowMs: number): boolean {
    if (nowMs - this.#windowStartMs >= 1_000) {
      this.#windowStartMs = nowMs;
      this.#inWindow = 0;
    }
    this.#inWindow += 1;
    if (this.#inWindow <= MOST_DIGITS_PER_SECOND) return true;
    this.refused += 1;
    return false;
  }
}
