/**
 * The telephone-event payload (RFC 4733 §2.3) and the digits it stands for.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     event     |E|R| volume    |          duration             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */

/** A key of a telephone keypad, as on the wire events 0 … 15 (RFC 4733 §3.2). */
export type Digit =
  | '0'
  | '1'
  | '2'
  | '3'
  | '4'
  | '5'
  | '6'
  | '7'
  | '8'
  | '9'
  | '*'
  | '#'
  | 'A'
  | 'B'
  | 'C'
  | 'D';

/** Event code → digit, by index. */
export const DIGITS: readonly Digit[] = [
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  '8',
  '9',
  '*',
  '#',
  'A',
  'B',
  'C',
  'D',
];

/** Size of the payload, bytes. */
export const TELEPHONE_EVENT_BYTES = 4;

/** Level written for digits we send, −dBm0; 10 is what most phones send. */
const SENT_VOLUME = 10;

/** Writes one event payload at `offset`; `duration` in timestamp units, 0 … 65 535. */
export function writeTelephoneEvent(
  buffer: Uint8Array,
  offset: number,
  event: number,
  isEnd: boolean,
  duration: number,
): void {
  buffer[offset] = event;
  buffer[offset + 1] = (isEnd ? 0x80 : 0) | SENT_VOLUME;
  buffer[offset + 2] = duration >>> 8;
  buffer[offset + 3] = duration;
}
