// The rule of transitions, case by case.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action } from './flow-document.ts';
import { type ActionResult, chooseNextAction } from './next-action.ts';

const SUCCESS: ActionResult = { kind: 'success' };
const result = (value: unknown): ActionResult => ({ kind: 'result', value });
const error = (errorType: string): ActionResult => ({ kind: 'error', errorType, detail: '' });

function action(transitions: {
  readonly next?: string;
  readonly errors?: readonly string[];
  readonly conditions?: readonly (readonly [operator: string, operand: string, target: string])[];
}): Action {
  return {
    identifier: 'it',
    type: 'Any',
    parameters: {},
    index: 0,
    nextAction: transitions.next,
    errors: (transitions.errors ?? []).map((errorType) => ({ errorType, nextAction: `on ${errorType}` })),
    conditions: (transitions.conditions ?? []).map(([operator, operand, nextAction]) => ({
      operator,
      operands: [operand],
      nextAction,
    })),
  };
}

const CASES: readonly (readonly [name: string, Action, ActionResult, expected: string])[] = [
  ['success goes to NextAction', action({ next: 'n', errors: ['NoMatchingError'] }), SUCCESS, 'n'],
  ['success without NextAction ends', action({ errors: ['NoMatchingError'] }), SUCCESS, 'end noTarget'],
  [
    'an error goes to its own branch',
    action({ next: 'n', errors: ['A', 'NoMatchingError'] }),
    error('A'),
    'on A',
  ],
  [
    'an error without its own branch goes to NoMatchingError',
    action({ next: 'n', errors: ['A', 'NoMatchingError'] }),
    error('B'),
    'on NoMatchingError',
  ],
  ['an error without any branch goes to NextAction', action({ next: 'n' }), error('A'), 'n'],
  ['an error without any target ends', action({}), error('A'), 'end errorWithoutBranch'],
  [
    'a result takes the first condition it meets',
    action({
      next: 'n',
      conditions: [
        ['Equals', '2', 'two'],
        ['TextContains', '1', 'first'],
        ['Equals', '1', 'second'],
      ],
    }),
    result('1'),
    'first',
  ],
  [
    'a result that meets none goes to NoMatchingCondition',
    action({ next: 'n', errors: ['NoMatchingCondition'], conditions: [['Equals', '2', 'two']] }),
    result('1'),
    'on NoMatchingCondition',
  ],
  [
    'a result that meets none, without that branch, goes to NextAction',
    action({ next: 'n', errors: ['NoMatchingError'], conditions: [['Equals', '2', 'two']] }),
    result('1'),
    'n',
  ],
  [
    'a result without conditions goes to NextAction',
    action({ next: 'n', errors: ['NoMatchingCondition'] }),
    result('1'),
    'n',
  ],
  [
    'success does not test conditions',
    action({ next: 'n', conditions: [['Equals', 'NULL', 'null']] }),
    SUCCESS,
    'n',
  ],
  [
    'a missing value equals NULL',
    action({
      next: 'n',
      conditions: [
        ['TextContains', 'N', 'x'],
        ['Equals', 'NULL', 'null'],
      ],
    }),
    result(undefined),
    'null',
  ],
  [
    'an unknown operator is never met',
    action({ next: 'n', conditions: [['Contains', '1', 'x']] }),
    result('1'),
    'n',
  ],
];

for (const [name, subject, outcome, expected] of CASES) {
  test(`next action › ${name}`, () => {
    const next = chooseNextAction(subject, outcome);
    assert.equal(next.kind === 'goto' ? next.target : `end ${next.reason}`, expected);
  });
}

test('next action › an operand that is a reference is resolved', () => {
  const subject = action({ next: 'n', conditions: [['Equals', '$.Attributes.x', 'same']] });
  const next = chooseNextAction(subject, result('7'), (operand) =>
    operand === '$.Attributes.x' ? '7' : undefined,
  );
  assert.equal(next.kind === 'goto' && next.target, 'same');
});
