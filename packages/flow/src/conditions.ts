// The operators of the language: whether a value meets a condition. Pure.

import { textOf } from './references.ts';

/** Operators the service accepts. `KeyExists` is undocumented. */
export const CONDITION_OPERATORS = [
  'Equals',
  'TextStartsWith',
  'TextEndsWith',
  'TextContains',
  'NumberGreaterThan',
  'NumberGreaterOrEqualTo',
  'NumberLessThan',
  'NumberLessOrEqualTo',
  'KeyExists',
] as const;

/** One of the language's operators. */
export type ConditionOperator = (typeof CONDITION_OPERATORS)[number];

/** What a missing value compares equal to (exported sample flows test for absence with it). */
const NULL_TEXT = 'NULL';

/**
 * Whether `value` meets the operator and operand. Text is compared by case; number operators are false unless both
 * sides are numbers; a missing value equals the text `NULL` and meets nothing else. Unknown operators are never met.
 */
export function conditionHolds(operator: string, operand: string, value: unknown): boolean {
  if (operator === 'KeyExists') {
    if (value instanceof Map) return value.has(operand);
    return (
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, operand)
    );
  }
  if (value === undefined || value === null) return operator === 'Equals' && operand === NULL_TEXT;
  const text = textOf(value) ?? '';
  switch (operator) {
    case 'Equals':
      return text === operand;
    case 'TextStartsWith':
      return text.startsWith(operand);
    case 'TextEndsWith':
      return text.endsWith(operand);
    case 'TextContains':
      return text.includes(operand);
    case 'NumberGreaterThan':
    case 'NumberGreaterOrEqualTo':
    case 'NumberLessThan':
    case 'NumberLessOrEqualTo':
      return compareNumbers(operator, numberOf(text), numberOf(operand));
    default:
      return false;
  }
}

function compareNumbers(operator: string, left: number | undefined, right: number | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (operator === 'NumberGreaterThan') return left > right;
  if (operator === 'NumberGreaterOrEqualTo') return left >= right;
  return operator === 'NumberLessThan' ? left < right : left <= right;
}

/** Reads a decimal number; undefined for anything else (empty text, hexadecimal, `Infinity`). */
export function numberOf(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed.length > 64 || !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/.test(trimmed))
    return undefined;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : undefined;
}
