/** Which agents may take a contact, step by step: criteria read from the wire, asked of an agent, and timed. Pure; stands behind matching. */
import { isStorable } from '../storable-text.ts';

/** What an agent is good at: a value of a predefined attribute, with a level of 1 to 5. */
export interface Proficiency {
  readonly attribute: string;
  readonly value: string;
  readonly level: number;
}

/** What criteria ask about an agent. */
export interface CriteriaSubject {
  readonly agentId: string;
  readonly proficiencies: readonly Proficiency[];
}

export type LevelComparison = 'atLeast' | 'moreThan' | 'atMost' | 'lessThan' | 'equal';

/** One requirement. A level is that of the agent's proficiency in `value` of `attribute`; none at all fails every comparison. */
export type CriteriaExpression =
  | {
      readonly kind: 'level';
      readonly attribute: string;
      readonly value: string;
      readonly is: LevelComparison;
      readonly level: number;
    }
  | {
      readonly kind: 'range';
      readonly attribute: string;
      readonly value: string;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: 'agents'; readonly agentIds: readonly string[] }
  | { readonly kind: 'not'; readonly of: CriteriaExpression }
  | { readonly kind: 'and' | 'or'; readonly of: readonly CriteriaExpression[] };

export interface CriteriaStep {
  readonly expression: CriteriaExpression;
  /** How long agents are looked for by this step, ms; without it the step never expires. */
  readonly durationMs?: number;
}

export interface RoutingCriteria {
  readonly steps: readonly CriteriaStep[];
  /** Which of those that the contact was given, from 0. Set with the contact's place, as is the next. */
  readonly index?: number;
  /** Since when the steps run, ms: the queueing, or later, when a contact that waits is given them. */
  readonly activatedAtMs?: number;
}

/** Criteria that cannot be understood; the message says where and why. */
export class RoutingCriteriaUnusable extends Error {
  override readonly name = 'RoutingCriteriaUnusable';
}

/** Steps of one set of criteria (data model of the contact record: 1..5). */
export const maxSteps = 5;
/** Conditions of one step, and how deep they may nest; more than anybody writes, few enough to ask thousands of agents. */
const maxConditions = 64;
const maxDepth = 8;
const maxAgents = 100;
/** Longest duration of a step, s: a week. */
const maxDurationSeconds = 604_800;

const operators: Readonly<Record<LevelComparison, string>> = {
  atLeast: 'NumberGreaterOrEqualTo',
  moreThan: 'NumberGreaterThan',
  atMost: 'NumberLessOrEqualTo',
  lessThan: 'NumberLessThan',
  equal: 'Equals',
};
const comparisons: ReadonlyMap<string, LevelComparison> = new Map(
  Object.entries(operators).map(([is, operator]) => [operator, is as LevelComparison]),
);

/**
 * Reads `RoutingCriteriaInput` (API) or the `RoutingCriteria` of a flow's action, which are spelled alike. No steps at
 * all means no criteria.
 *
 * @throws {RoutingCriteriaUnusable} anything else than 0 to 5 steps that this version understands.
 */
export function readRoutingCriteria(wire: unknown): RoutingCriteria | undefined {
  const steps = member(objectOf(wire, 'RoutingCriteria'), 'Steps');
  if (steps === undefined) return undefined;
  const list = listOf(steps, 'Steps', 0, maxSteps);
  if (list.length === 0) return undefined;
  return { steps: list.map((step, index) => readStep(step, `Steps[${index}]`)) };
}

function readStep(wire: unknown, path: string): CriteriaStep {
  const step = objectOf(wire, path);
  const budget = { conditions: 0 };
  const expression = readExpression(member(step, 'Expression'), `${path}.Expression`, 0, budget);
  const expiry = member(step, 'Expiry');
  if (expiry === undefined) return { expression };
  const seconds = member(objectOf(expiry, `${path}.Expiry`), 'DurationInSeconds');
  if (seconds === undefined) return { expression };
  const durationSeconds = numberOf(seconds, `${path}.Expiry.DurationInSeconds`, 1, maxDurationSeconds);
  return { expression, durationMs: durationSeconds * 1000 };
}

function readExpression(
  wire: unknown,
  path: string,
  depth: number,
  budget: { conditions: number },
): CriteriaExpression {
  if (depth >= maxDepth) throw new RoutingCriteriaUnusable(`${path} nests deeper than ${maxDepth} levels.`);
  const expression = objectOf(wire, path);
  const present = (
    ['AttributeCondition', 'NotAttributeCondition', 'AndExpression', 'OrExpression'] as const
  ).filter((name) => member(expression, name) !== undefined);
  const [kind] = present;
  if (present.length !== 1 || kind === undefined) {
    throw new RoutingCriteriaUnusable(
      `${path} must have exactly one of AttributeCondition, NotAttributeCondition, AndExpression and OrExpression.`,
    );
  }
  const inner = member(expression, kind);
  const innerPath = `${path}.${kind}`;
  switch (kind) {
    case 'AttributeCondition':
      return readCondition(inner, innerPath, budget);
    case 'NotAttributeCondition':
      return { kind: 'not', of: readCondition(inner, innerPath, budget) };
    case 'AndExpression':
    case 'OrExpression': {
      const of = listOf(inner, innerPath, 1, maxConditions).map((part, index) =>
        readExpression(part, `${innerPath}[${index}]`, depth + 1, budget),
      );
      return { kind: kind === 'AndExpression' ? 'and' : 'or', of };
    }
  }
}

function readCondition(wire: unknown, path: string, budget: { conditions: number }): CriteriaExpression {
  budget.conditions += 1;
  if (budget.conditions > maxConditions)
    throw new RoutingCriteriaUnusable(`${path}: a step may have at most ${maxConditions} conditions.`);
  const condition = objectOf(wire, path);
  const match = member(condition, 'MatchCriteria');
  if (match !== undefined) {
    const agents = objectOf(
      member(objectOf(match, `${path}.MatchCriteria`), 'AgentsCriteria'),
      `${path}.MatchCriteria.AgentsCriteria`,
    );
    const ids = listOf(
      member(agents, 'AgentIds'),
      `${path}.MatchCriteria.AgentsCriteria.AgentIds`,
      1,
      maxAgents,
    );
    return { kind: 'agents', agentIds: ids.map((id) => agentIdOf(textOf(id, `${path}…AgentIds`, 256))) };
  }
  const attribute = textOf(member(condition, 'Name'), `${path}.Name`, 100);
  const value = textOf(member(condition, 'Value'), `${path}.Value`, 128);
  const range = member(condition, 'Range');
  if (range !== undefined) {
    const bounds = objectOf(range, `${path}.Range`);
    const from = numberOf(member(bounds, 'MinProficiencyLevel'), `${path}.Range.MinProficiencyLevel`, 1, 5);
    const to = numberOf(member(bounds, 'MaxProficiencyLevel'), `${path}.Range.MaxProficiencyLevel`, 1, 5);
    if (from > to) throw new RoutingCriteriaUnusable(`${path}.Range ends before it begins.`);
    return { kind: 'range', attribute, value, from, to };
  }
  const operator = member(condition, 'ComparisonOperator');
  const is = comparisons.get(operator === undefined ? 'NumberGreaterOrEqualTo' : String(operator));
  if (is === undefined)
    throw new RoutingCriteriaUnusable(`${path}.ComparisonOperator ${String(operator)} is not known here.`);
  const level = numberOf(member(condition, 'ProficiencyLevel'), `${path}.ProficiencyLevel`, 1, 5);
  return { kind: 'level', attribute, value, is, level };
}

/** An expression as the API spells it; `readRoutingCriteria` takes it back. */
export interface WireExpression {
  AttributeCondition?: WireCondition;
  NotAttributeCondition?: WireCondition;
  AndExpression?: WireExpression[];
  OrExpression?: WireExpression[];
}

interface WireCondition {
  ComparisonOperator: string;
  Name?: string;
  Value?: string;
  ProficiencyLevel?: number;
  Range?: { MinProficiencyLevel: number; MaxProficiencyLevel: number };
  MatchCriteria?: { AgentsCriteria: { AgentIds: string[] } };
}

export function wireExpression(expression: CriteriaExpression): WireExpression {
  switch (expression.kind) {
    case 'and':
      return { AndExpression: expression.of.map(wireExpression) };
    case 'or':
      return { OrExpression: expression.of.map(wireExpression) };
    case 'not': {
      const { AttributeCondition } = wireExpression(expression.of);
      return AttributeCondition ? { NotAttributeCondition: AttributeCondition } : {};
    }
    case 'agents':
      return {
        AttributeCondition: {
          ComparisonOperator: 'Match',
          MatchCriteria: { AgentsCriteria: { AgentIds: [...expression.agentIds] } },
        },
      };
    case 'range': {
      const { attribute, value, from, to } = expression;
      const Range = { MinProficiencyLevel: from, MaxProficiencyLevel: to };
      return { AttributeCondition: { Name: attribute, Value: value, ComparisonOperator: 'Range', Range } };
    }
    case 'level': {
      const { attribute, value, is, level } = expression;
      const ComparisonOperator = operators[is];
      return {
        AttributeCondition: { Name: attribute, Value: value, ComparisonOperator, ProficiencyLevel: level },
      };
    }
  }
}

/** Agents are named by id or ARN. */
function agentIdOf(idOrArn: string): string {
  return idOrArn.slice(idOrArn.lastIndexOf('/') + 1).toLowerCase();
}

/** Whether an agent meets a requirement. */
export function isMetBy(expression: CriteriaExpression, agent: CriteriaSubject): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.of.every((part) => isMetBy(part, agent));
    case 'or':
      return expression.of.some((part) => isMetBy(part, agent));
    case 'not':
      return !isMetBy(expression.of, agent);
    case 'agents':
      return expression.agentIds.includes(agent.agentId);
    case 'range': {
      const level = levelOf(expression, agent);
      return level !== undefined && level >= expression.from && level <= expression.to;
    }
    case 'level': {
      const level = levelOf(expression, agent);
      return level !== undefined && compares(level, expression.is, expression.level);
    }
  }
}

function levelOf(
  { attribute, value }: { readonly attribute: string; readonly value: string },
  agent: CriteriaSubject,
): number | undefined {
  return agent.proficiencies.find((known) => known.attribute === attribute && known.value === value)?.level;
}

function compares(level: number, is: LevelComparison, wanted: number): boolean {
  switch (is) {
    case 'atLeast':
      return level >= wanted;
    case 'moreThan':
      return level > wanted;
    case 'atMost':
      return level <= wanted;
    case 'lessThan':
      return level < wanted;
    case 'equal':
      return level === wanted;
  }
}

/** Which step of some criteria holds at a moment. */
export interface ActiveStep {
  /** Number of steps when all have expired: then any agent of the queue will do. */
  readonly index: number;
  /** When it gives way to the next, ms; absent where it never does. */
  readonly expiresAtMs?: number;
}

/** Steps run one after the other from the moment of activation; the clock does not stop while an agent is rung. */
export function activeStepAt(criteria: RoutingCriteria, activatedAtMs: number, nowMs: number): ActiveStep {
  let startsAtMs = activatedAtMs;
  for (const [index, { durationMs }] of criteria.steps.entries()) {
    if (durationMs === undefined) return { index };
    const expiresAtMs = startsAtMs + durationMs;
    if (nowMs < expiresAtMs) return { index, expiresAtMs };
    startsAtMs = expiresAtMs;
  }
  return { index: criteria.steps.length };
}

type WireObject = Readonly<Record<string, unknown>>;

function member(object: WireObject, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

function objectOf(value: unknown, path: string): WireObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RoutingCriteriaUnusable(`${path} must be an object.`);
  return value as WireObject;
}

function listOf(value: unknown, path: string, least: number, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length < least || value.length > most)
    throw new RoutingCriteriaUnusable(`${path} must be a list of ${least} to ${most}.`);
  return value;
}

function textOf(value: unknown, path: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxLength)
    throw new RoutingCriteriaUnusable(`${path} must be text of 1 to ${maxLength} characters.`);
  if (!isStorable(value)) throw new RoutingCriteriaUnusable(`${path} has text that cannot be stored.`);
  return value;
}

/** Flows write numbers as text too, because references are text. */
function numberOf(value: unknown, path: string, from: number, to: number): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= from && number <= to))
    throw new RoutingCriteriaUnusable(`${path} must be a number from ${from} to ${to}.`);
  return number;
}
