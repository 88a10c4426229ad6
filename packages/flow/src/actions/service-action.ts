// Actions of services beyond voice (Lex, views, Customer Profiles, Cases, Voice ID, data tables, messaging): all of them
// run through the host's adapter when there is one, and otherwise take their error branch.

import type { ActionContext } from '../action-context.ts';
import type { ActionDefinition, ActionOutcome, ConditionRules, ErrorRules } from '../action-definition.ts';
import { ActionFailure } from '../action-failure.ts';
import type { Choice, ParameterSpec } from '../parameter-spec.ts';

/** What the file of such an action says: everything but how it runs. */
interface ServiceAction {
  readonly type: string;
  /** Name in flow logs; default: the type. */
  readonly logType?: string;
  /** The service that it needs, for the compatibility table. */
  readonly reason: string;
  /** `unknown`: not published in full, so nothing can be said against any. */
  readonly parameters: Readonly<Record<string, ParameterSpec>> | 'unknown';
  readonly choice?: Choice;
  readonly errors: ErrorRules;
  readonly conditions?: ConditionRules;
}

/** Conditions on whatever an adapter answers. */
export const ANY_RESULT: ConditionRules = { operators: ['Equals'] };

/** Errors of an action about which no more is published. */
export const ADAPTER_ERRORS: ErrorRules = {
  expected: ['NoMatchingError'],
  optional: ['NoMatchingCondition'],
};

/** Builds the definition of an action that runs through the host's adapter. */
export function serviceAction({ reason, logType, ...rest }: ServiceAction): ActionDefinition {
  return {
    ...rest,
    logType: logType ?? rest.type,
    support: { level: 'adapter', reason },
    flowTypes: 'all',
    nextAction: 'optional',
    run: runServiceAction,
  };
}

/**
 * Runs an action through the host's adapter; its values are then seen under their root. Without an adapter, and for
 * types this version does not know, the error branch is taken.
 */
export async function runServiceAction(context: ActionContext): Promise<ActionOutcome> {
  const { host, action } = context;
  if (host.runServiceAction === undefined) {
    context.note('warn', `${action.type} is not available on this service; taking its error branch`);
    return {
      kind: 'error',
      errorType: 'NoMatchingError',
      detail: `${action.type} is not available on this service`,
    };
  }
  const parameters = context.resolveDeep(action.parameters);
  if (typeof parameters !== 'object' || parameters === null)
    throw new ActionFailure('the parameters are no object');
  const answer = await context.perform(
    action.type,
    host.runServiceAction(
      { actionType: action.type, parameters: parameters as Record<string, unknown> },
      context.signal,
    ),
  );
  if (answer.values !== undefined) {
    const { root, value } = answer.values;
    context.data.services = new Map([...context.data.services, [root, value]]);
  }
  return answer.result === undefined ? { kind: 'success' } : { kind: 'result', value: answer.result };
}
