// What the keys of a caller mean while input is stored: length, terminator, cancel key, time-outs. A pure step function.

import type { Digit } from './flow-host.ts';

/** How keys are collected. Times in milliseconds. */
export interface CollectionRules {
  readonly maximumLength: number;
  /** Keys that end the input and are not stored; empty for none. */
  readonly terminator: string;
  /** Whether `*` clears what was typed. */
  readonly cancelKey: 'enabled' | 'disabled';
  readonly firstDigitTimeLimitMs: number;
  readonly interdigitTimeLimitMs: number;
}

/** What happened: a key, or nothing for as long as was waited. */
export type CollectionInput = Digit | 'silence';

/** Still collecting (and how long to wait for the next key), or finished. */
export type Collection =
  | { readonly kind: 'collecting'; readonly typed: string; readonly waitMs: number }
  | { readonly kind: 'collected'; readonly digits: string }
  | { readonly kind: 'timeout' };

/** The state before any key. */
export function startCollection(rules: CollectionRules): Collection {
  return { kind: 'collecting', typed: '', waitMs: rules.firstDigitTimeLimitMs };
}

/**
 * One step. Silence before the first key is a time-out; after it, it ends the input. Clearing with `*` gives the
 * caller the first-key time limit again. A finished collection stays as it is.
 */
export function collect(rules: CollectionRules, state: Collection, input: CollectionInput): Collection {
  if (state.kind !== 'collecting') return state;
  if (input === 'silence') {
    return state.typed === '' ? { kind: 'timeout' } : { kind: 'collected', digits: state.typed };
  }
  if (input === '*' && rules.cancelKey === 'enabled') return startCollection(rules);
  const typed = state.typed + input;
  if (rules.terminator !== '' && typed.endsWith(rules.terminator)) {
    return { kind: 'collected', digits: typed.slice(0, -rules.terminator.length) };
  }
  // Keys that may turn out to begin the terminator do not count towards the length yet.
  if (typed.length - pendingTerminator(typed, rules.terminator) >= rules.maximumLength) {
    return { kind: 'collected', digits: typed.slice(0, rules.maximumLength) };
  }
  return { kind: 'collecting', typed, waitMs: rules.interdigitTimeLimitMs };
}

/** Length of the longest end of `typed` that begins, but does not complete, the terminator. */
function pendingTerminator(typed: string, terminator: string): number {
  for (let length = Math.min(typed.length, terminator.length - 1); length > 0; length -= 1) {
    if (typed.endsWith(terminator.slice(0, length))) return length;
  }
  return 0;
}
