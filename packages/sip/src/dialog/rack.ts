// RSeq and RAck: the order of reliable provisional responses, and which of them a PRACK acknowledges (RFC 3262 §7).
import { parseDigits } from '../message/grammar.ts';
import type { SipHeaders } from '../message/headers.ts';

const MAX_RSEQ = 2 ** 32 - 1;

/** RSeq of a provisional response that must be acknowledged; undefined when it is an ordinary one. */
export function readReliableSequence(headers: SipHeaders): number | undefined {
  const field = headers.get('RSeq');
  if (field === undefined) return undefined;
  const isRequired = headers.getAll('Require').some((option) => option.toLowerCase() === '100rel');
  return isRequired ? parseDigits(field, MAX_RSEQ) : undefined;
}

export interface Rack {
  readonly reliableSequence: number;
  readonly sequence: number;
  readonly method: string;
}

/** `RAck: 776656 1 INVITE`; undefined when missing or malformed. */
export function readRack(headers: SipHeaders): Rack | undefined {
  const parts = (headers.get('RAck') ?? '').split(/[ \t]+/, 4);
  const reliableSequence = parseDigits(parts[0] ?? '', MAX_RSEQ);
  const sequence = parseDigits(parts[1] ?? '', 2 ** 31 - 1);
  const method = parts[2];
  if (parts.length !== 3 || reliableSequence === undefined || sequence === undefined || !method)
    return undefined;
  return { reliableSequence, sequence, method };
}

/**
 * What the calling side does with a reliable response: `inOrder` is acknowledged and passed up, `repeated` is acknowledged already,
 * `early` arrived before its predecessor and is left to be repeated (RFC 3262 §4).
 */
export function reliableOrder(
  latest: number | undefined,
  received: number,
): 'inOrder' | 'repeated' | 'early' {
  if (latest === undefined || received === latest + 1) return 'inOrder';
  return received <= latest ? 'repeated' : 'early';
}
