// The language phones are described in: a list of steps, plain data that a JSON file can hold. `run-phone.ts` performs it,
// `check-scenario.ts` says what makes sense.
import type { ClipName } from './clips.ts';

/**
 * What a phone does with a call, in order. When the steps run out the phone keeps ringing or listening until the caller
 * gives up; ringing ends with 480 after five minutes.
 */
export type PhoneScenario = readonly PhoneStep[];

/** One stretch of tone; several frequencies sound together. */
export interface Tone {
  /** 1 … 8 frequencies, 1–3999 Hz. */
  readonly frequenciesHz: readonly number[];
  readonly forMs: number;
  /** Level of each frequency, −60 … 0. Default −13. */
  readonly levelDbm0?: number;
}

/** How keys reach the caller. Default `rfc4733`. */
export type KeyWay = 'rfc4733' | 'info' | 'inband';

export type PhoneStep =
  // Before the answer
  /** 407 unless the INVITE carries the trunk's credentials; 403 for wrong ones. Only as the first step. */
  | { readonly step: 'challenge' }
  /** No response at all, not even 100. Only as the first step. */
  | { readonly step: 'ignore' }
  /** 180, then waits. 0 rings without waiting. */
  | { readonly step: 'ring'; readonly forMs: number | 'forever' }
  /** A provisional response 181–199 without body. */
  | { readonly step: 'progress'; readonly status: number; readonly reason?: string }
  /** 183 with an SDP answer: from here on the caller hears the phone, and the phone the caller. */
  | { readonly step: 'earlyMedia' }
  | { readonly step: 'answer' }
  /** A final response 300–699. */
  | { readonly step: 'reject'; readonly status: number; readonly reason?: string }
  // With media
  /** Plays a clip of `audio/`. `forever` plays it until the call ends. Default `once`. */
  | { readonly step: 'say'; readonly clip: ClipName; readonly repeat?: 'once' | 'forever' }
  /** Plays tones without a gap between them. */
  | { readonly step: 'tones'; readonly tones: readonly Tone[] }
  /** The beep of a voicemail: 1000 Hz, 400 ms. */
  | { readonly step: 'beep' }
  /** Waits until the caller has spoken (or played anything) and then been silent for 1 s. */
  | { readonly step: 'awaitPromptEnd' }
  /** Keys, each 100 ms with a gap of 100 ms; a comma is a pause of 2 s. By RFC 4733, INFO (after the answer) or as tones. */
  | { readonly step: 'press'; readonly digits: string; readonly by?: KeyWay }
  /** BYE, at once or this long after the answer. */
  | { readonly step: 'hangUp'; readonly afterAnswerMs?: number }
  // Anywhere
  /** Waits; once media flows, in silence. */
  | { readonly step: 'pause'; readonly forMs: number }
  /** Does the steps again and again until the call ends. */
  | { readonly step: 'repeat'; readonly steps: PhoneScenario };

/** True when some step listens for the end of a prompt, which costs speech detection. */
export function listensForPrompts(scenario: PhoneScenario): boolean {
  return scenario.some((step) => {
    return step.step === 'awaitPromptEnd' || (step.step === 'repeat' && listensForPrompts(step.steps));
  });
}
