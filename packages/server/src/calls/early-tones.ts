/** What the network played before the answer, and what that says of a dialling that failed. Collected by dial.ts, judged in dial-failure.ts. */
import type { NetworkTone } from '@ringback/media';

/** The tone that says more: special information tones over busy and reorder, these over ringing; the first of equals. */
export function moreTelling(before: NetworkTone | undefined, heard: NetworkTone): NetworkTone {
  return before && weightOf(before) >= weightOf(heard) ? before : heard;
}

function weightOf({ kind }: NetworkTone): number {
  if (kind === 'sit') return 2;
  return kind === 'ringback' ? 0 : 1;
}

/** What a tone means for a call that was not answered; undefined for ringing, which every call may have. */
export type ToneMeaning = 'busy' | 'invalid' | 'congested';

/** SR-2275: intercept and vacant code speak of the number, reorder and no circuit of the network. */
export function meaningOfTone(tone: NetworkTone | undefined): ToneMeaning | undefined {
  switch (tone?.kind) {
    case 'busy':
      return 'busy';
    case 'reorder':
      return 'congested';
    case 'sit':
      return tone.cause === 'vacant code' || tone.cause === 'intercept' ? 'invalid' : 'congested';
    default:
      return undefined;
  }
}

/** How the contact's record spells a tone: BUSY, REORDER, RINGBACK, SIT_VACANT_CODE, SIT_INTERCEPT, SIT_REORDER, SIT_NO_CIRCUIT. */
export function wordOfTone(tone: NetworkTone): string {
  return (tone.kind === 'sit' ? `SIT_${tone.cause.replace(' ', '_')}` : tone.kind).toUpperCase();
}
