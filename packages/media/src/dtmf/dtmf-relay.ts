/**
 * Digits in SIP INFO bodies: `application/dtmf-relay` (Signal= and Duration= lines) and `application/dtmf` (the bare key).
 * Text only; whoever holds the dialog sends and receives it.
 */
import { DIGITS, type Digit } from '../rtp/telephone-event.ts';

export const DTMF_RELAY = 'application/dtmf-relay';
const BARE_DTMF = 'application/dtmf';

const LONGEST_BODY = 1_000;
const LONGEST_MS = 60_000;

/** `Signal=5` and `Duration=160`, as Cisco and Asterisk write them. */
export function writeDtmfRelay(digit: Digit, durationMs: number): string {
  return `Signal=${digit}\r\nDuration=${Math.round(durationMs)}\r\n`;
}

/**
 * The digit in an INFO body, its length in ms where it says one; undefined for other content or garbage. Signals 10 and 11
 * are the star and the hash of senders that count keys.
 */
export function readDtmfRelay(
  contentType: string,
  body: string,
): { digit: Digit; durationMs: number | undefined } | undefined {
  if (body.length > LONGEST_BODY) return undefined;
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === BARE_DTMF) {
    const digit = digitOf(body.trim());
    return digit && { digit, durationMs: undefined };
  }
  if (type !== DTMF_RELAY) return undefined;
  const signal = /^[ \t]*signal[ \t]*=[ \t]*(\S{1,2})[ \t]*$/im.exec(body)?.[1];
  const digit = signal === undefined ? undefined : digitOf(signal);
  if (!digit) return undefined;
  const duration = /^[ \t]*duration[ \t]*=[ \t]*(\d{1,6})[ \t]*$/im.exec(body)?.[1];
  const durationMs = duration === undefined ? undefined : Math.min(LONGEST_MS, Number(duration));
  return { digit, durationMs };
}

function digitOf(signal: string): Digit | undefined {
  if (signal === '10') return '*';
  if (signal === '11') return '#';
  return DIGITS.find((digit) => digit === signal.toUpperCase());
}
