// Operators, one line each.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionHolds } from './conditions.ts';

const CASES: readonly (readonly [operator: string, operand: string, value: unknown, holds: boolean])[] = [
  ['Equals', 'a', 'a', true],
  ['Equals', 'a', 'A', false],
  ['Equals', 'true', true, true],
  ['Equals', '5', 5, true],
  ['Equals', 'NULL', null, true],
  ['Equals', 'NULL', undefined, true],
  ['Equals', 'NULL', 'NULL', true],
  ['Equals', 'NULL', '', false],
  ['Equals', '', null, false],
  ['TextStartsWith', 'ab', 'abc', true],
  ['TextStartsWith', 'b', 'abc', false],
  ['TextEndsWith', 'bc', 'abc', true],
  ['TextContains', 'b', 'abc', true],
  ['TextContains', 'NULL', null, false],
  ['NumberGreaterThan', '5', '6', true],
  ['NumberGreaterThan', '5', '5', false],
  ['NumberGreaterThan', '9', '10', true],
  ['NumberGreaterOrEqualTo', '5', '5.0', true],
  ['NumberLessThan', '5', '-1', true],
  ['NumberLessOrEqualTo', '5', ' 5 ', true],
  ['NumberLessThan', '5', 'abc', false],
  ['NumberLessThan', 'abc', '5', false],
  ['NumberLessThan', '5', '', false],
  ['NumberLessThan', '5', undefined, false],
  ['NumberGreaterThan', '1', '0x10', false],
  ['NumberGreaterThan', '1', 'Infinity', false],
  ['KeyExists', 'a', { a: null }, true],
  ['KeyExists', 'toString', {}, false],
  ['KeyExists', 'a', 'a', false],
  ['KeyExists', '0', ['x'], false],
  ['Not', 'a', 'b', false],
];

for (const [operator, operand, value, holds] of CASES) {
  test(`condition › ${JSON.stringify(value)} ${operator} "${operand}" is ${holds}`, () => {
    assert.equal(conditionHolds(operator, operand, value), holds);
  });
}
