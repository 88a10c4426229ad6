// Criteria read from the wire, asked of agents, and run through their steps.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  activeStepAt,
  type CriteriaExpression,
  isMetBy,
  type Proficiency,
  RoutingCriteriaUnusable,
  readRoutingCriteria,
  wireExpression,
} from './routing-criteria.ts';

const ada = {
  agentId: 'ada',
  proficiencies: [
    { attribute: 'Language', value: 'English', level: 4 },
    { attribute: 'Product', value: 'Loans', level: 2 },
  ] satisfies Proficiency[],
};

const level = (Value: string, ProficiencyLevel: number, ComparisonOperator?: string) => ({
  AttributeCondition: {
    Name: Value === 'Loans' ? 'Product' : 'Language',
    Value,
    ProficiencyLevel,
    ...(ComparisonOperator ? { ComparisonOperator } : {}),
  },
});

function read(expression: object): CriteriaExpression {
  const [step] = readRoutingCriteria({ Steps: [{ Expression: expression }] })?.steps ?? [];
  assert.ok(step);
  return step.expression;
}

describe('routing criteria › expressions', () => {
  const table: readonly (readonly [name: string, expression: object, met: boolean])[] = [
    ['a level that is reached', level('English', 4), true],
    ['a level that is not reached', level('English', 4.5), false],
    ['a value that the agent does not know', level('German', 1), false],
    ['more than the level', level('English', 4, 'NumberGreaterThan'), false],
    ['at most the level', level('English', 4, 'NumberLessOrEqualTo'), true],
    ['less than the level', level('English', 4, 'NumberLessThan'), false],
    ['exactly the level', level('English', 4, 'Equals'), true],
    ['less of what the agent does not know', level('German', 5, 'NumberLessThan'), false],
    [
      'a range that holds the level',
      {
        AttributeCondition: {
          Name: 'Language',
          Value: 'English',
          Range: { MinProficiencyLevel: 3, MaxProficiencyLevel: 4 },
        },
      },
      true,
    ],
    [
      'a range above the level',
      {
        AttributeCondition: {
          Name: 'Language',
          Value: 'English',
          Range: { MinProficiencyLevel: 4.5, MaxProficiencyLevel: 5 },
        },
      },
      false,
    ],
    ['both of two', { AndExpression: [level('English', 3), level('Loans', 2)] }, true],
    ['both of two, one missing', { AndExpression: [level('English', 3), level('Loans', 3)] }, false],
    ['either of two', { OrExpression: [level('German', 1), level('Loans', 2)] }, true],
    ['the opposite of a condition', { NotAttributeCondition: level('German', 1).AttributeCondition }, true],
    [
      'the agent by ARN',
      {
        AttributeCondition: {
          MatchCriteria: { AgentsCriteria: { AgentIds: ['arn:aws:connect:r:1:instance/i/agent/ADA'] } },
          ComparisonOperator: 'Match',
        },
      },
      true,
    ],
    [
      'another agent',
      { AttributeCondition: { MatchCriteria: { AgentsCriteria: { AgentIds: ['bob'] } } } },
      false,
    ],
  ];
  for (const [name, expression, met] of table) {
    it(`${met ? 'holds' : 'does not hold'} for ${name}`, () => {
      const understood = read(expression);
      assert.equal(isMetBy(understood, ada), met);
      assert.deepEqual(read(wireExpression(understood)), understood, 'told as it was asked');
    });
  }
});

describe('routing criteria › reading', () => {
  const nested = (depth: number): object =>
    depth === 0 ? level('English', 1) : { AndExpression: [nested(depth - 1)] };
  const refused: readonly (readonly [name: string, wire: unknown])[] = [
    ['a text', 'anyone'],
    ['six steps', { Steps: Array.from({ length: 6 }, () => ({ Expression: level('English', 1) })) }],
    ['a step without expression', { Steps: [{}] }],
    [
      'two kinds of expression at once',
      { Steps: [{ Expression: { ...level('English', 1), OrExpression: [] } }] },
    ],
    ['an unknown operator', { Steps: [{ Expression: level('English', 1, 'Resembles') }] }],
    ['text that cannot be stored', { Steps: [{ Expression: level('Eng\u0000lish', 1) }] }],
    ['half a character', { Steps: [{ Expression: level('\ud83d', 1) }] }],
    ['a level beyond 5', { Steps: [{ Expression: level('English', 6) }] }],
    ['a level that is no number', { Steps: [{ Expression: level('English', Number.NaN) }] }],
    ['nesting without end', { Steps: [{ Expression: nested(50) }] }],
    [
      'conditions without end',
      { Steps: [{ Expression: { OrExpression: Array.from({ length: 70 }, () => level('English', 1)) } }] },
    ],
    [
      'a duration of nothing',
      { Steps: [{ Expression: level('English', 1), Expiry: { DurationInSeconds: 0 } }] },
    ],
    ['inherited members', { Steps: [{ Expression: Object.create(level('English', 1)) }] }],
  ];
  for (const [name, wire] of refused) {
    it(`refuses ${name}`, () => assert.throws(() => readRoutingCriteria(wire), RoutingCriteriaUnusable));
  }

  it('takes no steps for no criteria', () => {
    assert.equal(readRoutingCriteria({ Steps: [] }), undefined);
    assert.equal(readRoutingCriteria({}), undefined);
  });

  it('takes numbers that a flow wrote as text', () => {
    const [step] =
      readRoutingCriteria({
        Steps: [
          {
            Expression: { AttributeCondition: { Name: 'a', Value: 'b', ProficiencyLevel: '3' } },
            Expiry: { DurationInSeconds: '30' },
          },
        ],
      })?.steps ?? [];
    assert.deepEqual(step, {
      expression: { kind: 'level', attribute: 'a', value: 'b', is: 'atLeast', level: 3 },
      durationMs: 30_000,
    });
  });
});

describe('routing criteria › steps', () => {
  const expression = { kind: 'agents', agentIds: ['ada'] } as const;
  const expiring = {
    steps: [
      { expression, durationMs: 10 },
      { expression, durationMs: 20 },
    ],
  };

  it('runs steps one after the other, then asks for nothing more', () => {
    assert.deepEqual(activeStepAt(expiring, 100, 100), { index: 0, expiresAtMs: 110 });
    assert.deepEqual(activeStepAt(expiring, 100, 110), { index: 1, expiresAtMs: 130 });
    assert.deepEqual(activeStepAt(expiring, 100, 130), { index: 2 });
  });

  it('stays with a step that never expires', () => {
    const lasting = { steps: [{ expression, durationMs: 10 }, { expression }, { expression }] };
    assert.deepEqual(activeStepAt(lasting, 0, 1_000_000), { index: 1 });
  });
});
