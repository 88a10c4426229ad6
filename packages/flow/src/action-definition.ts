// What one file under `actions/` says about its action: parameters, transitions, where it may stand, and how it runs.

import type { ActionContext } from './action-context.ts';
import type { ConditionOperator } from './conditions.ts';
import type { Action, Flow } from './flow-document.ts';
import type { Awaitable } from './flow-host.ts';
import type { FlowLogDetail } from './flow-log.ts';
import type { FlowOutcome } from './flow-outcome.ts';
import type { FlowType } from './flow-type.ts';
import type { ActionResult } from './next-action.ts';
import type { Choice, ParameterSpec } from './parameter-spec.ts';

/** Control leaves the flow that runs. */
export type Departure =
  | { readonly kind: 'leave'; readonly outcome: FlowOutcome }
  /** Continue at the start of another flow, or of a module that comes back. */
  | { readonly kind: 'enterFlow'; readonly flow: Flow }
  | {
      readonly kind: 'enterModule';
      readonly flow: Flow;
      readonly input: unknown;
    }
  | { readonly kind: 'endModule'; readonly result: string | undefined; readonly resultData: unknown };

/** What running an action gives: its result, and what the flow log shall say (built only when logging is on). */
export type ActionOutcome = (ActionResult | Departure) & {
  readonly log?: () => FlowLogDetail | readonly FlowLogDetail[];
};

/** How far this implementation carries an action; the compatibility table is made from it. */
export type Support =
  | { readonly level: 'full' }
  | { readonly level: 'partial'; readonly missing: string }
  /** Runs through `FlowHost.runServiceAction`; without an adapter it takes its error branch. */
  | { readonly level: 'adapter'; readonly reason: string };

/** Error types that belong to an action: those its exports carry, and others the service accepts. */
export interface ErrorRules {
  /** A missing one is a warning: exports from different years differ. */
  readonly expected: readonly string[];
  readonly optional?: readonly string[];
}

/** Conditions an action may have. `results` are the only operands that can ever match. */
export interface ConditionRules {
  readonly operators: readonly ConditionOperator[];
  readonly results?: readonly string[];
  /** Results that must each have a condition. */
  readonly complete?: true;
}

/** Where `NextAction` stands: it must be there, may be there, or must not. */
export type NextActionRule = 'required' | 'optional' | 'none';

/** A rule of one action that tables cannot say. Reports through `report(severity, path below the action, …)`. */
export type ActionCheck = (action: Action, report: ReportProblem) => void;

/** Receives what an `ActionCheck` finds; `path` is relative to the action, e.g. `Parameters.Text`. */
export type ReportProblem = (
  severity: 'error' | 'warning',
  path: string,
  message: string,
  remedy: string,
) => void;

/** One action of the language. */
export interface ActionDefinition {
  readonly type: string;
  /** Name in flow logs, from the legacy block. */
  readonly logType: string;
  readonly support: Support;
  readonly flowTypes: readonly FlowType[] | 'all';
  readonly nextAction: NextActionRule;
  /** `unknown`: not published in full, so nothing can be said against any. */
  readonly parameters: Readonly<Record<string, ParameterSpec>> | 'unknown';
  readonly choice?: Choice;
  readonly errors: ErrorRules;
  readonly conditions?: ConditionRules;
  readonly check?: ActionCheck;
  /** The action itself makes the contact go away: its outcome counts, even though the run's signal is aborted by it. */
  readonly endsContact?: true;
  /** A failure is thrown as `ActionFailure`; anything else thrown counts as `NoMatchingError`, too. */
  run(context: ActionContext): Awaitable<ActionOutcome>;
}

/** Plain success without anything to log. */
export const SUCCESS: ActionOutcome = Object.freeze({ kind: 'success' });

/** Flow types of contact flows: console column "inbound". */
export const INBOUND: readonly FlowType[] = ['CONTACT_FLOW'];
/** Flow types of both kinds of transfer. */
export const TRANSFERS: readonly FlowType[] = ['AGENT_TRANSFER', 'QUEUE_TRANSFER'];
/** Flow types of both agent and customer whispers. */
export const WHISPERS: readonly FlowType[] = ['AGENT_WHISPER', 'CUSTOMER_WHISPER', 'OUTBOUND_WHISPER'];
/** Flow types of both holds. */
export const HOLDS: readonly FlowType[] = ['AGENT_HOLD', 'CUSTOMER_HOLD'];
/** The flow of a waiting customer. */
export const QUEUE: readonly FlowType[] = ['CUSTOMER_QUEUE'];
/** The flow of a customer dialled for an agent. */
export const OUTBOUND: readonly FlowType[] = ['OUTBOUND_WHISPER'];
