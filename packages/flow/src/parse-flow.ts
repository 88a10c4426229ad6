// Turns the content of a flow (JSON text or object, as exported or as sent to the API) into a FlowDocument. Never throws.

import type { Action, ConditionBranch, ErrorBranch, FlowDocument } from './flow-document.ts';
import { member } from './flow-document.ts';
import { errorAt, type FlowProblem } from './flow-problem.ts';

/** Longest content, characters (API: `Content`, CreateContactFlow). */
export const MAX_CONTENT_LENGTH = 256_000;

/** Deepest nesting of objects and arrays; real flows stay below 20. */
const MAX_NESTING = 48;

/** Most values (scalars included) a document given as an object may have; text is bounded by its length. */
const MAX_VALUES = 200_000;

/** The parsed flow, or all that prevents parsing. */
export type ParsedFlow =
  | { readonly ok: true; readonly flow: FlowDocument }
  | { readonly ok: false; readonly problems: readonly FlowProblem[] };

/**
 * Parses a flow document: an object, its JSON text (a byte-order mark is forgiven), or that text as a JSON string once
 * more. Refuses what cannot be represented: broken JSON, the legacy block format, more than 256,000 characters,
 * actions without Identifier or Type. Everything else that is wrong is left to `validateFlow`.
 */
export function parseFlow(content: string | object): ParsedFlow {
  try {
    return parseContent(content);
  } catch (error) {
    // Getters or proxies of a hostile object; text never comes here.
    return refused('', `The flow content cannot be read: ${String(error)}`, 'Send plain JSON.');
  }
}

function parseContent(content: string | object): ParsedFlow {
  let root: unknown = content;
  let contentLength = 0;
  for (let layer = 0; layer < 2 && typeof root === 'string'; layer += 1) {
    const text: string = root;
    if (text.length > MAX_CONTENT_LENGTH) {
      return refused(
        '',
        `The flow content has ${text.length} characters; at most ${MAX_CONTENT_LENGTH} are allowed`,
        'Split the flow and join the parts with TransferToFlow or modules.',
      );
    }
    contentLength = text.length;
    try {
      root = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return refused(
        '',
        `The flow content is not JSON: ${detail}`,
        'Send the JSON that "Export flow" writes.',
      );
    }
  }
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    return refused(
      '',
      'The flow content is not a JSON object',
      'Send an object with Version, StartAction, Actions.',
    );
  }
  const excess = nestingProblem(root);
  if (excess !== undefined) return { ok: false, problems: [excess] };
  if (member(root, 'Actions') === undefined && Array.isArray(member(root, 'modules'))) {
    return refused(
      '',
      'This is the legacy flow format (modules and start), which is no longer imported',
      'Open the flow in the Amazon Connect console, publish it and export it again: that writes version 2019-10-30.',
    );
  }
  const wrapper = wrapperOf(root);
  if (wrapper !== undefined) {
    return refused(
      wrapper,
      `This holds a flow, as the API answers with it, and is none itself: the flow is the text in ${wrapper}`,
      `Send what ${wrapper} holds.`,
    );
  }
  return buildDocument(root, contentLength);
}

/** Where the flow is in an answer of DescribeContactFlow or a request of CreateContactFlow that was kept as it came. */
function wrapperOf(root: object): string | undefined {
  if (member(root, 'Actions') !== undefined) return undefined;
  const holds = (holder: unknown): boolean => {
    const content = member(holder, 'Content');
    return (
      (typeof content === 'string' && content.includes('"Actions"')) ||
      member(content, 'Actions') !== undefined
    );
  };
  if (holds(root)) return 'Content';
  return ['ContactFlow', 'ContactFlowModule'].find((name) => holds(member(root, name)))?.concat('.Content');
}

function buildDocument(root: object, contentLength: number): ParsedFlow {
  const problems: FlowProblem[] = [];
  const version = textMember(root, 'Version', 'Version', problems);
  const startAction = textMember(root, 'StartAction', 'StartAction', problems);
  const list = member(root, 'Actions');
  if (!Array.isArray(list)) {
    problems.push(
      errorAt('Actions', 'Action is missing required property. Path: Actions', 'Give the list of actions.'),
    );
    return { ok: false, problems };
  }
  const actionList: Action[] = [];
  const actions = new Map<string, Action>();
  for (const [index, entry] of list.entries()) {
    const action = buildAction(entry, index, problems);
    if (action === undefined) continue;
    actionList.push(action);
    if (!actions.has(action.identifier)) actions.set(action.identifier, action);
  }
  if (problems.length > 0 || version === undefined || startAction === undefined)
    return { ok: false, problems };
  const metadataType = member(member(root, 'Metadata'), 'type');
  return {
    ok: true,
    flow: {
      version,
      startAction,
      actionList,
      actions,
      metadataType: typeof metadataType === 'string' ? metadataType : undefined,
      settings: objectOrUndefined(member(root, 'Settings')),
      contentLength,
      templates: new Map(),
    },
  };
}

function buildAction(entry: unknown, index: number, problems: FlowProblem[]): Action | undefined {
  const path = `Actions[${index}]`;
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    problems.push(errorAt(path, `Invalid Action property value. Path: ${path}`, 'An action is an object.'));
    return undefined;
  }
  const identifier = textMember(entry, 'Identifier', `${path}.Identifier`, problems);
  const type = textMember(entry, 'Type', `${path}.Type`, problems, identifier);
  const parameters = member(entry, 'Parameters') ?? {};
  if (typeof parameters !== 'object' || Array.isArray(parameters)) {
    problems.push(invalidValue(`${path}.Parameters`, 'Parameters is an object.', identifier));
  }
  const transitions = member(entry, 'Transitions') ?? {};
  if (typeof transitions !== 'object' || Array.isArray(transitions)) {
    problems.push(invalidValue(`${path}.Transitions`, 'Transitions is an object.', identifier));
    return undefined;
  }
  const nextAction = member(transitions, 'NextAction') ?? undefined;
  if (nextAction !== undefined && typeof nextAction !== 'string') {
    problems.push(
      invalidValue(`${path}.Transitions.NextAction`, 'Name the identifier of an action.', identifier),
    );
  }
  const errors = branches(transitions, 'Errors', path, problems, identifier, buildErrorBranch);
  const conditions = branches(transitions, 'Conditions', path, problems, identifier, buildCondition);
  if (identifier === undefined || type === undefined) return undefined;
  return {
    identifier,
    type,
    parameters: objectOrUndefined(parameters) ?? {},
    nextAction: typeof nextAction === 'string' && nextAction !== '' ? nextAction : undefined,
    errors,
    conditions,
    index,
  };
}

function branches<T>(
  transitions: unknown,
  name: string,
  path: string,
  problems: FlowProblem[],
  identifier: string | undefined,
  build: (entry: unknown) => T | undefined,
): readonly T[] {
  const list = member(transitions, name) ?? [];
  const listPath = `${path}.Transitions.${name}`;
  if (!Array.isArray(list)) {
    problems.push(invalidValue(listPath, `${name} is a list.`, identifier));
    return [];
  }
  const built: T[] = [];
  for (const [index, entry] of list.entries()) {
    const branch = build(entry);
    if (branch === undefined) {
      problems.push(
        invalidValue(
          `${listPath}[${index}]`,
          name === 'Errors'
            ? 'An error branch has ErrorType and NextAction.'
            : 'A condition has NextAction and Condition{Operator, Operands}.',
          identifier,
        ),
      );
    } else built.push(branch);
  }
  return built;
}

function buildErrorBranch(entry: unknown): ErrorBranch | undefined {
  const errorType = member(entry, 'ErrorType');
  const nextAction = member(entry, 'NextAction');
  if (typeof errorType !== 'string' || typeof nextAction !== 'string') return undefined;
  return { errorType, nextAction };
}

function buildCondition(entry: unknown): ConditionBranch | undefined {
  const condition = member(entry, 'Condition');
  const operator = member(condition, 'Operator');
  const operands = member(condition, 'Operands');
  const nextAction = member(entry, 'NextAction');
  if (typeof operator !== 'string' || typeof nextAction !== 'string' || !Array.isArray(operands))
    return undefined;
  return {
    operator,
    nextAction,
    operands: operands.map((operand) =>
      typeof operand === 'string' ? operand : (JSON.stringify(operand) ?? ''),
    ),
  };
}

function textMember(
  object: unknown,
  key: string,
  path: string,
  problems: FlowProblem[],
  identifier?: string,
): string | undefined {
  const value = member(object, key);
  if (typeof value === 'string') return value;
  problems.push(
    value === undefined || value === null
      ? errorAt(path, `Action is missing required property. Path: ${path}`, `Give ${key}.`, identifier)
      : invalidValue(path, `${key} is a string.`, identifier),
  );
  return undefined;
}

/** Walks the document with a stack of its own, so that depth cannot exhaust ours. */
function nestingProblem(root: object): FlowProblem | undefined {
  const pending: { readonly value: object; readonly depth: number }[] = [{ value: root, depth: 1 }];
  let values = 0;
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    if (entry.depth > MAX_NESTING) {
      return errorAt(
        '',
        `The flow content is nested more than ${MAX_NESTING} levels deep`,
        'A flow needs far fewer; check what wrote it.',
      );
    }
    const children = Array.isArray(entry.value) ? entry.value : Object.values(entry.value);
    values += children.length;
    if (values > MAX_VALUES) {
      return errorAt('', `The flow content has more than ${MAX_VALUES} values`, 'Split the flow.');
    }
    for (const child of children) {
      if (typeof child === 'object' && child !== null) pending.push({ value: child, depth: entry.depth + 1 });
    }
  }
  return undefined;
}

function objectOrUndefined(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function invalidValue(path: string, remedy: string, identifier?: string): FlowProblem {
  return errorAt(path, `Invalid Action property value. Path: ${path}`, remedy, identifier);
}

function refused(path: string, message: string, remedy: string): ParsedFlow {
  return { ok: false, problems: [errorAt(path, message, remedy)] };
}
