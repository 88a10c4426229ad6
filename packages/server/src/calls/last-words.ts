/** The end of SIP: what was said last, BYE and CANCEL, is repeated until it was heard, but not for ever. Used by sip-side.ts. */
import type { UserAgent } from '@ringback/sip';
import { type Clock, delay } from '../clock.ts';

/** In this time UDP repeats a request three times; a carrier that has heard none of them is not there, ms. */
export const lastWordsMs = 4_000;
const lookEveryMs = 50;

/** Resolves when no call is left, those whose BYE or CANCEL is under way included, or when it has taken long enough. */
export async function sayLastWords(
  agent: { readonly activity: Pick<UserAgent['activity'], 'dialogs' | 'pendingCalls'> },
  clock: Clock,
): Promise<void> {
  const untilMs = clock.now() + lastWordsMs;
  for (;;) {
    const { dialogs, pendingCalls } = agent.activity;
    if (dialogs + pendingCalls === 0 || clock.now() >= untilMs) return;
    await delay(clock, lookEveryMs);
  }
}
