// The body of a NOTIFY that tells how a transfer goes: the start of a response as text (RFC 3420, RFC 3515 §2.4.5).
import { parseDigits } from '../message/grammar.ts';

export interface Sipfrag {
  readonly status: number;
  readonly reason: string;
}

/** @param reason printable, without line breaks */
export function writeSipfrag(status: number, reason: string): string {
  return `SIP/2.0 ${status} ${reason}\r\n`;
}

/** Reads the status line; undefined when there is none. */
export function readSipfrag(body: string): Sipfrag | undefined {
  const start = body.search(/\S/);
  if (start === -1) return undefined;
  const lineEnd = body.indexOf('\n', start);
  const line = body.slice(start, lineEnd === -1 ? body.length : lineEnd).trimEnd();
  if (line.slice(0, 8).toUpperCase() !== 'SIP/2.0 ') return undefined;
  const status = parseDigits(line.slice(8, 11), 699);
  return status === undefined || status < 100 ? undefined : { status, reason: line.slice(12) };
}
