/** What happens in a simulated run of a flow, as it happens: the terminal prints it, scenarios are checked against it. */
import type { EventHook, FlowNote, FlowStep } from '@ringback/flow';

/** One thing that happened; `atMs` counts from the start of the flow. */
export type SimulationEntry = { readonly atMs: number } & (
  | {
      readonly kind: 'says';
      /** The message in words; a prompt's name or an address for recorded ones. */
      readonly words: string;
      readonly source: 'text' | 'ssml' | 'prompt' | 'media';
      readonly to: 'customer' | 'agent';
    }
  | { readonly kind: 'presses'; readonly keys: string }
  | { readonly kind: 'silence'; readonly forMs: number }
  | { readonly kind: 'hangs up' }
  | {
      readonly kind: 'lambda';
      readonly functionArn: string;
      readonly parameters: Readonly<Record<string, unknown>>;
      readonly answer: LambdaReply;
    }
  | { readonly kind: 'effect'; readonly what: string; readonly detail: string }
  /** A flow that a moment of the contact begins; the first flow is not told of. */
  | {
      readonly kind: 'flow begins';
      readonly hook: EventHook;
      readonly flowName: string;
      readonly hears: 'customer' | 'agent';
    }
  | { readonly kind: 'step'; readonly step: FlowStep }
  | { readonly kind: 'note'; readonly note: FlowNote }
);

/** What a function answers in a simulation. */
export type LambdaReply =
  | { readonly kind: 'answer'; readonly payload: unknown; readonly afterMs: number }
  | { readonly kind: 'error'; readonly message: string; readonly afterMs: number };
