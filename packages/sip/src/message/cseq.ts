// CSeq: the order of requests within a dialog (RFC 3261 §20.16).
import { isToken, parseDigits, sliceTrimmed } from './grammar.ts';
import { ParseFailure } from './parse-failure.ts';

export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

/** Sequence numbers stay below 2**31 (RFC 3261 §8.1.1.5). */
const MAX_SEQUENCE = 2 ** 31 - 1;

/** @throws {ParseFailure} */
export function parseCSeq(value: string): CSeq {
  let digitsEnd = 0;
  while (digitsEnd < value.length && value.charCodeAt(digitsEnd) > 0x20) digitsEnd++;
  const sequence = parseDigits(value.slice(0, digitsEnd), MAX_SEQUENCE);
  const method = sliceTrimmed(value, digitsEnd, value.length);
  if (sequence === undefined || !isToken(method)) {
    throw new ParseFailure('header', 'CSeq is not a number below 2**31 and a method', value);
  }
  return { sequence, method };
}
