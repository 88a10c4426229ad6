/**
 * The two laws of G.711 as sets of tables, for code that handles coded frames without caring which law they are of.
 */
import type { AudioCodec } from '../sdp/session-description.ts';
import {
  ALAW_SILENCE,
  ALAW_TO_LINEAR,
  ALAW_TO_MULAW,
  LINEAR_TO_ALAW,
  LINEAR_TO_MULAW,
  MULAW_SILENCE,
  MULAW_TO_ALAW,
  MULAW_TO_LINEAR,
} from './g711.ts';

export interface Law {
  readonly codec: AudioCodec;
  readonly toLinear: Int16Array;
  /** Indexed by `sample & 0xffff`. */
  readonly fromLinear: Uint8Array;
  readonly silence: number;
  /** This law's byte → the other law's nearest. */
  readonly toOther: Uint8Array;
}

export const MULAW: Law = {
  codec: 'PCMU',
  toLinear: MULAW_TO_LINEAR,
  fromLinear: LINEAR_TO_MULAW,
  silence: MULAW_SILENCE,
  toOther: MULAW_TO_ALAW,
};

export const ALAW: Law = {
  codec: 'PCMA',
  toLinear: ALAW_TO_LINEAR,
  fromLinear: LINEAR_TO_ALAW,
  silence: ALAW_SILENCE,
  toOther: ALAW_TO_MULAW,
};

export function lawOf(codec: AudioCodec): Law {
  return codec === 'PCMU' ? MULAW : ALAW;
}
