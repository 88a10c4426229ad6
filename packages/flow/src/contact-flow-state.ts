// What flows remember about one contact between actions and from flow to flow. Owned by the contact's story, which hands
// the same state to every flow of the contact.

import type { Digit, QueueMetrics } from './flow-host.ts';

/**
 * Values that references read and actions write. Each run of a flow works on a copy of the contact's and leaves it as
 * the contact's when it ends, so that a whisper and a queue flow running at once do not disturb each other; a module
 * starts with none.
 */
export interface FlowData {
  /** `$.External`: answer of the last successful Lambda call, undefined before it and after a failed one. */
  external: Readonly<Record<string, unknown>> | undefined;
  /** `$.StoredCustomerInput`. */
  storedCustomerInput: string | undefined;
  /** `$.FlowAttributes`; emptied when another flow starts. */
  flowAttributes: ReadonlyMap<string, string>;
  /** `$.Metrics`, after GetMetricData. */
  metrics: QueueMetrics | undefined;
  /** `$.Modules.Input` inside a module. */
  moduleInput: unknown;
  /** `$.Modules.Result` and `.ResultData` after a module ended. */
  moduleResult: string | undefined;
  moduleResultData: unknown;
  /** Roots filled by services beyond voice (`Lex`, `Customer`, `Views`, `Case` …), by root name. */
  services: ReadonlyMap<string, unknown>;
}

/** Values for a flow that starts: those of the contact, without flow attributes and module results. */
export function startFlowData(ofContact: FlowData): FlowData {
  return {
    ...createFlowData(),
    external: ofContact.external,
    storedCustomerInput: ofContact.storedCustomerInput,
    metrics: ofContact.metrics,
    services: ofContact.services,
  };
}

/** Everything flows remember about one contact. */
export interface ContactFlowState {
  data: FlowData;
  /** Passes of each Loop action, by flow id and action identifier; they outlive the run of one flow. */
  readonly loopCounters: Map<string, number>;
  /** Whether flow-log records are written; sticky for the contact. */
  logging: 'Enabled' | 'Disabled';
  /** Voice, engine, style and language set by flows; undefined leaves the contact's own. */
  voice: { readonly voiceId: string; readonly engine?: string; readonly style?: string } | undefined;
  languageCode: string | undefined;
  /** Keys kept for the next input while touch-tone buffering is on; undefined while it is off. */
  digitBuffer: Digit[] | undefined;
  /** Time spent in Lambda calls since something was last played, ms. */
  silentLambdaMs: number;
  /** How often the contact went from one queue to another. */
  queueMoves: number;
}

/** Shared by all that hold nothing: a waiting contact should cost little. Maps are replaced, never changed. */
const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/** Fresh values, as at the start of a contact or a module. */
export function createFlowData(moduleInput?: unknown): FlowData {
  return {
    external: undefined,
    storedCustomerInput: undefined,
    flowAttributes: NOTHING,
    metrics: undefined,
    moduleInput,
    moduleResult: undefined,
    moduleResultData: undefined,
    services: NOTHING,
  };
}

/** The state of a contact before its first flow. Logging is off until a flow turns it on, unless said otherwise. */
export function createContactFlowState(
  initial: { readonly logging?: 'Enabled' | 'Disabled' } = {},
): ContactFlowState {
  return {
    data: createFlowData(),
    loopCounters: new Map(),
    logging: initial.logging ?? 'Disabled',
    voice: undefined,
    languageCode: undefined,
    digitBuffer: undefined,
    silentLambdaMs: 0,
    queueMoves: 0,
  };
}
