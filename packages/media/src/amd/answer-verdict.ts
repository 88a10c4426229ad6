/** What answering machine detection says, as plain data that may cross a worker's door. */
import type { SitCause } from '../detect/tone-signals.ts';

/**
 * Who or what answered. `silence`: nobody spoke. `ringing`: it went on ringing. `undecided`: something was heard that
 * neither person nor machine explains well.
 */
export type AnsweredBy =
  | { readonly kind: 'human' | 'machine' | 'fax' | 'busy' | 'reorder' | 'silence' | 'ringing' | 'undecided' }
  | { readonly kind: 'sit'; readonly cause: SitCause };

export interface AnswerVerdict {
  readonly answeredBy: AnsweredBy;
  /** When it was given, ms since the answer. */
  readonly atMs: number;
  /** Where the first speech began and where speech ended so far, ms since the answer. */
  readonly greetingStartMs?: number;
  readonly greetingEndMs?: number;
  /** Why, in words, what weighed most first. */
  readonly reasons: readonly string[];
}

/** Times are ms since the answer. */
export type AmdEvent =
  /** Once a call. */
  | { readonly kind: 'verdict'; readonly verdict: AnswerVerdict }
  /** After a machine's verdict, once: its beep is over, or its greeting, or we waited long enough. */
  | {
      readonly kind: 'promptEnded';
      readonly by: 'beep' | 'silence' | 'limit';
      readonly atMs: number;
      readonly greetingEndMs?: number;
    }
  /** Detection broke; there will be no verdict. */
  | { readonly kind: 'failed'; readonly message: string };
