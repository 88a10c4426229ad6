// The rule that chooses what runs after an action, from its transitions and what came of it. Pure.

import { conditionHolds } from './conditions.ts';
import type { Action } from './flow-document.ts';

/** Plain success: go to `NextAction`. */
export interface Success {
  readonly kind: 'success';
}

/** Success with a value that the action's conditions test. */
export interface Result {
  readonly kind: 'result';
  readonly value: unknown;
}

/** The action failed in a way the language names. */
export interface ActionError {
  readonly kind: 'error';
  readonly errorType: string;
  readonly detail: string;
}

/** What came of an action that leaves control inside the flow. */
export type ActionResult = Success | Result | ActionError;

/** Where to go, and by which transition; or the end of the flow. */
export type NextAction =
  | { readonly kind: 'goto'; readonly target: string; readonly via: Via }
  | { readonly kind: 'end'; readonly reason: 'noTarget' | 'errorWithoutBranch' };

/** The transition that was taken. `index` is the place in `Conditions` or `Errors`. */
export type Via =
  | { readonly kind: 'nextAction' }
  | { readonly kind: 'error'; readonly errorType: string; readonly index: number }
  | { readonly kind: 'condition'; readonly index: number };

const NEXT_ACTION: Via = { kind: 'nextAction' };

/**
 * Chooses the next action:
 * an error goes to its own branch, else to `NoMatchingError`, else to `NextAction` (exports from before error branches
 * existed), else the flow ends; a result goes to the first condition it meets, else to `NoMatchingCondition`, else to
 * `NextAction`; plain success goes to `NextAction`.
 *
 * @param operandValue resolves an operand that is a reference; operands are literals otherwise.
 */
export function chooseNextAction(
  action: Action,
  result: ActionResult,
  operandValue: (operand: string) => string | undefined = literal,
): NextAction {
  if (result.kind === 'error') {
    return (
      errorBranch(action, result.errorType) ??
      errorBranch(action, 'NoMatchingError') ??
      (action.nextAction === undefined ? { kind: 'end', reason: 'errorWithoutBranch' } : plainNext(action))
    );
  }
  if (result.kind === 'result' && action.conditions.length > 0) {
    for (let index = 0; index < action.conditions.length; index += 1) {
      const condition = action.conditions[index];
      const written = condition?.operands[0];
      if (condition === undefined || written === undefined) continue;
      const operand = written.startsWith('$') ? operandValue(written) : written;
      if (operand !== undefined && conditionHolds(condition.operator, operand, result.value)) {
        return { kind: 'goto', target: condition.nextAction, via: { kind: 'condition', index } };
      }
    }
    const otherwise = errorBranch(action, 'NoMatchingCondition');
    if (otherwise !== undefined) return otherwise;
  }
  return plainNext(action);
}

function literal(operand: string): string {
  return operand;
}

function plainNext(action: Action): NextAction {
  return action.nextAction === undefined
    ? { kind: 'end', reason: 'noTarget' }
    : { kind: 'goto', target: action.nextAction, via: NEXT_ACTION };
}

function errorBranch(action: Action, errorType: string): NextAction | undefined {
  for (let index = 0; index < action.errors.length; index += 1) {
    const branch = action.errors[index];
    if (branch?.errorType === errorType) {
      return { kind: 'goto', target: branch.nextAction, via: { kind: 'error', errorType, index } };
    }
  }
  return undefined;
}

/** The transition in words, for traces. */
export function describeVia(action: Action, via: Via): string {
  if (via.kind === 'nextAction') return 'NextAction';
  if (via.kind === 'error') return `Errors[${via.errorType}]`;
  const condition = action.conditions[via.index];
  return `Conditions[${via.index}] ${condition?.operator ?? ''} "${condition?.operands[0] ?? ''}"`;
}
