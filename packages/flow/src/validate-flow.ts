// Checks a parsed flow against the language: every mistake at once, each with its action, its path and what is right.

import type { ActionDefinition, ReportProblem } from './action-definition.ts';
import { actionDefinition, typeMeantBy } from './actions/all-actions.ts';
import { CONDITION_OPERATORS } from './conditions.ts';
import type { Action, FlowDocument } from './flow-document.ts';
import { errorAt, type FlowProblem, warningAt } from './flow-problem.ts';
import type { FlowType } from './flow-type.ts';
import { findIdleCycles } from './idle-cycles.ts';
import type { ResourceKind } from './parameter-spec.ts';
import { checkParameters } from './validate-parameters.ts';

/** The only version of the language. */
const VERSION = '2019-10-30';
/** Most actions of a flow. */
const MAX_ACTIONS = 250;
/** Longest identifier, characters. */
const MAX_IDENTIFIER_LENGTH = 50;

const FORBIDDEN_IN_IDENTIFIERS = /[%:(\\/)=$,;[\]{}]/;
const FORBIDDEN_IDENTIFIERS: ReadonlySet<string> = new Set([
  '__proto__',
  'constructor',
  '__defineGetter__',
  '__defineSetter__',
  'toString',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'valueOf',
]);

/** Problems that one flow reports at most; a document with more is beyond reading them. */
const MAX_PROBLEMS = 1_000;

/** What resources exist. `unknown` leaves the reference unchecked. */
export interface ResourceLookup {
  /** @param reference id or ARN as written in the flow; never a dynamic reference. */
  find(kind: ResourceKind, reference: string): 'exists' | 'missing' | 'unknown';
}

/** What a flow is checked for. */
export interface ValidationOptions {
  /** Type of the flow; without it, whether an action may stand in it is not checked. */
  readonly type?: FlowType;
  /** Resources of the instance; without it, references to them are not checked. */
  readonly resources?: ResourceLookup;
}

/**
 * All problems of a flow, errors and warnings, in document order. A flow without errors can be published. Where
 * exports of different years differ (error branches that are missing, types that are not known) there are warnings.
 */
export function validateFlow(flow: FlowDocument, options: ValidationOptions = {}): readonly FlowProblem[] {
  const problems: FlowProblem[] = [];
  checkDocument(flow, options, problems);
  const seen = new Set<string>();
  for (const action of flow.actionList) {
    if (problems.length >= MAX_PROBLEMS) break;
    checkIdentifier(action, seen, problems);
    seen.add(action.identifier);
    checkTargets(flow, action, problems);
    checkAction(action, options, problems);
  }
  for (const identifier of findIdleCycles(flow)) {
    const action = flow.actions.get(identifier);
    problems.push(
      warningAt(
        `Actions[${action?.index ?? 0}]`,
        'The flow can go round here without ever waiting for the caller, a message or another system',
        'Put a Loop, a Wait or a message into the circle; at run time a step limit stops it.',
        identifier,
      ),
    );
  }
  return problems.slice(0, MAX_PROBLEMS);
}

function checkDocument(flow: FlowDocument, options: ValidationOptions, problems: FlowProblem[]): void {
  if (flow.version !== VERSION) {
    problems.push(errorAt('Version', 'Invalid Action property value. Path: Version', `Write "${VERSION}".`));
  }
  const count = flow.actionList.length;
  if (count === 0 || count > MAX_ACTIONS) {
    problems.push(
      errorAt(
        'Actions',
        count === 0
          ? 'The flow has no actions'
          : `The flow has ${count} actions; at most ${MAX_ACTIONS} are allowed`,
        count === 0 ? 'Give at least one action.' : 'Move parts into modules or other flows.',
      ),
    );
  }
  if (!flow.actions.has(flow.startAction)) {
    problems.push(
      errorAt(
        'StartAction',
        `The start action "${flow.startAction}" does not exist`,
        'Name the Identifier of one of the actions.',
      ),
    );
  }
  const isModule = options.type === 'MODULE';
  if (options.type !== undefined && !isModule && flow.settings !== undefined) {
    problems.push(
      warningAt('Settings', 'Settings belong to flow modules', 'Create it as a module, or remove Settings.'),
    );
  }
}

function checkIdentifier(action: Action, seen: ReadonlySet<string>, problems: FlowProblem[]): void {
  const { identifier } = action;
  const path = `Actions[${action.index}].Identifier`;
  if (identifier === '' || identifier.length > MAX_IDENTIFIER_LENGTH) {
    problems.push(
      errorAt(
        path,
        `Invalid Action property value. Path: ${path}`,
        `An identifier has 1 to ${MAX_IDENTIFIER_LENGTH} characters.`,
        identifier,
      ),
    );
  }
  if (FORBIDDEN_IDENTIFIERS.has(identifier) || FORBIDDEN_IN_IDENTIFIERS.test(identifier)) {
    problems.push(
      errorAt(
        path,
        `Invalid Action property value. Path: ${path}`,
        'An identifier must not be a property name of JavaScript objects, nor hold % : ( \\ / ) = $ , ; [ ] { }.',
        identifier,
      ),
    );
  }
  if (seen.has(identifier)) {
    problems.push(
      errorAt(path, `The identifier "${identifier}" is used twice`, 'Give each action its own.', identifier),
    );
  }
}

function checkTargets(flow: FlowDocument, action: Action, problems: FlowProblem[]): void {
  const check = (target: string | undefined, path: string): void => {
    if (target === undefined || flow.actions.has(target)) return;
    problems.push(
      errorAt(
        `Actions[${action.index}].Transitions.${path}`,
        `The target "${target}" does not exist`,
        'Name the Identifier of one of the actions.',
        action.identifier,
      ),
    );
  };
  check(action.nextAction, 'NextAction');
  action.errors.forEach((branch, index) => {
    check(branch.nextAction, `Errors[${index}].NextAction`);
  });
  action.conditions.forEach((branch, index) => {
    check(branch.nextAction, `Conditions[${index}].NextAction`);
  });
}

function checkAction(action: Action, options: ValidationOptions, problems: FlowProblem[]): void {
  const base = `Actions[${action.index}]`;
  const report: ReportProblem = (severity, path, message, remedy) => {
    const build = severity === 'error' ? errorAt : warningAt;
    problems.push(build(path === '' ? base : `${base}.${path}`, message, remedy, action.identifier));
  };
  const definition = actionDefinition(action.type);
  if (definition === undefined) {
    const right = typeMeantBy(action.type);
    report(
      // Consoles add types, which must not keep a flow from being loaded; but none that differs in its capitals only.
      right === undefined ? 'warning' : 'error',
      'Type',
      `Invalid Action type. Type: ${action.type}`,
      right === undefined
        ? 'This version does not know it: it will take its error branch. Check the spelling.'
        : `Write ${right}.`,
    );
    return;
  }
  checkFlowType(definition, action, options.type, report);
  checkTransitions(definition, action, report);
  if (definition.parameters !== 'unknown') {
    checkParameters(definition.parameters, definition.choice, action, options.resources, report);
  }
  definition.check?.(action, report);
}

function checkFlowType(
  definition: ActionDefinition,
  action: Action,
  type: FlowType | undefined,
  report: ReportProblem,
): void {
  // A module runs as its invoker, and what a campaign's flow may hold is not published.
  if (type === undefined || type === 'CAMPAIGN' || definition.flowTypes === 'all') return;
  if (type === 'MODULE' || definition.flowTypes.includes(type)) return;
  report(
    'error',
    'Type',
    `Invalid Action type. Type: ${action.type}`,
    `It cannot stand in a flow of type ${type}, only in: ${definition.flowTypes.join(', ')}.`,
  );
}

function checkTransitions(definition: ActionDefinition, action: Action, report: ReportProblem): void {
  const path = `Actions[${action.index}]`;
  if (definition.nextAction === 'none') {
    if (action.nextAction !== undefined || action.errors.length > 0 || action.conditions.length > 0) {
      report(
        'error',
        'Transitions',
        `Action does not support transitions. Path: ${path}`,
        'It is the last action of its path; leave Transitions empty.',
      );
    }
    return;
  }
  if (definition.nextAction === 'required' && action.nextAction === undefined) {
    report(
      'error',
      'Transitions.NextAction',
      `Action is missing required property. Path: ${path}.Transitions.NextAction`,
      'Name the action that follows.',
    );
  }
  if (
    definition.nextAction === 'optional' &&
    action.nextAction === undefined &&
    action.errors.length === 0 &&
    action.conditions.length === 0 &&
    definition.type !== 'MessageParticipantIteratively'
  ) {
    report(
      'error',
      'Transitions',
      `Action is missing required property. Path: ${path}.Transitions.NextAction`,
      'Say what follows.',
    );
  }
  checkErrors(definition, action, report);
  checkConditions(definition, action, report);
}

function checkErrors(definition: ActionDefinition, action: Action, report: ReportProblem): void {
  const path = `Actions[${action.index}]`;
  const { expected, optional = [] } = definition.errors;
  const present = new Set(action.errors.map((branch) => branch.errorType));
  for (const errorType of expected) {
    if (present.has(errorType)) continue;
    report(
      'warning',
      'Transitions.Errors',
      `Action is missing required error. Error: ${errorType}, Path: ${path}`,
      `Add a branch for ${errorType}; without it NextAction is taken, or the flow ends.`,
    );
  }
  for (const errorType of present) {
    if (expected.includes(errorType) || optional.includes(errorType)) continue;
    const allowed = [...expected, ...optional];
    report(
      'error',
      'Transitions.Errors',
      `Invalid Action error. Error: ${errorType}, Path: ${path}`,
      allowed.length === 0
        ? 'This action has no error branches.'
        : `It can only have: ${allowed.join(', ')}.`,
    );
  }
}

function checkConditions(definition: ActionDefinition, action: Action, report: ReportProblem): void {
  const rules = definition.conditions;
  if (rules === undefined) {
    if (action.conditions.length > 0) {
      report(
        'error',
        'Transitions.Conditions',
        'Action does not support conditions',
        'Remove the conditions.',
      );
    }
    return;
  }
  action.conditions.forEach((condition, index) => {
    const path = `Transitions.Conditions[${index}].Condition`;
    const fullPath = `Actions[${action.index}].${path}`;
    if (!rules.operators.some((operator) => operator === condition.operator)) {
      const isKnown = CONDITION_OPERATORS.some((operator) => operator === condition.operator);
      report(
        'error',
        `${path}.Operator`,
        `Invalid Action property value. Path: ${fullPath}.Operator`,
        isKnown
          ? `This action compares with: ${rules.operators.join(', ')}.`
          : `"${condition.operator}" is no operator; use one of: ${rules.operators.join(', ')}.`,
      );
    }
    const [operand] = condition.operands;
    if (condition.operands.length !== 1 || operand === undefined || operand === '') {
      report(
        'error',
        `${path}.Operands`,
        `Invalid Action property value. Path: ${fullPath}.Operands`,
        'A condition has exactly one operand, a text that is not empty.',
      );
    } else if (rules.results !== undefined && !rules.results.includes(operand)) {
      report(
        'warning',
        `${path}.Operands`,
        `Invalid branch. Path: ${action.index}.Evaluate`,
        `"${operand}" never comes; results are: ${rules.results.join(', ')}.`,
      );
    }
  });
  if (rules.complete === undefined) return;
  for (const result of rules.results ?? []) {
    if (action.conditions.some((condition) => condition.operands[0] === result)) continue;
    report(
      'error',
      'Transitions.Conditions',
      `Invalid branch. Path: ${action.index}.Evaluate`,
      `Add a condition Equals "${result}".`,
    );
  }
}
