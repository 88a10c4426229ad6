/** What can go wrong between a text and its sound. A flow's prompt takes its error branch on any of them. */
import type { TurnedAway } from '../../turnstile.ts';

/** No renderer can be used on this machine, or speech is switched off. */
export class SpeechUnavailable extends Error {
  override readonly name = 'SpeechUnavailable';
}

/** The text or its speech is longer than Amazon Connect allows. */
export class SpeechTooLong extends Error {
  override readonly name = 'SpeechTooLong';
}

/** The SSML is not well-formed. `offset` counts UTF-16 units from the start of the markup. */
export class SsmlMalformed extends Error {
  override readonly name = 'SsmlMalformed';
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`SSML is malformed at character ${offset}: ${message}`);
    this.offset = offset;
  }
}

type SpeechFailureReason =
  /** The renderer could not be started, or ended on its own. */
  | 'crashed'
  /** No answer within the time limit. */
  | 'timed-out'
  /** The renderer refused the request, or an HTTP endpoint answered with an error. */
  | 'refused'
  /** The answer is not audio that can be used. */
  | 'unusable-audio'
  /** Too many texts wait for the renderer. */
  | 'overloaded'
  /** The speech service was closed meanwhile. */
  | 'closed';

/** The renderer was asked and did not deliver. */
export class SpeechFailed extends Error {
  override readonly name = 'SpeechFailed';
  readonly reason: SpeechFailureReason;
  constructor(reason: SpeechFailureReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** What a text gets that a renderer's turnstile turns away. */
export function turnedAway(why: TurnedAway): SpeechFailed {
  return why === 'closed'
    ? new SpeechFailed(why, 'the speech service was closed')
    : new SpeechFailed(why, 'too many texts wait to be spoken already; add renderers or prompts');
}

/** Something that no caller sees but an operator should. */
export interface SpeechFault {
  readonly kind:
    | 'cache-unreadable'
    | 'cache-unwritable'
    | 'cache-corrupt'
    | 'renderer-unavailable'
    | 'markup-ignored';
  readonly message: string;
}
