// The validator: each rule refuses what it should, with the place and the service's words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { around, documentOf } from '../test/scripted-host.ts';
import type { FlowProblem } from './flow-problem.ts';
import { parseFlow } from './parse-flow.ts';
import { type ValidationOptions, validateFlow } from './validate-flow.ts';

function problemsOf(content: object, options: ValidationOptions = {}): readonly FlowProblem[] {
  const parsed = parseFlow(content);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return validateFlow(parsed.flow, options);
}

const END = { Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} };
const MENU = {
  Type: 'GetParticipantInput',
  Parameters: { Text: 'Press', InputTimeLimitSeconds: '5', StoreInput: 'False' },
  Errors: ['InputTimeLimitExceeded', 'NoMatchingCondition', 'NoMatchingError'],
  Conditions: [['Equals', '1'] as const],
};
const STORE = {
  Type: 'GetParticipantInput',
  Parameters: {
    InputTimeLimitSeconds: '5',
    StoreInput: 'True',
    InputValidation: { CustomValidation: { MaximumLength: '5' } },
  },
  Errors: ['NoMatchingError'],
};
const LAMBDA = {
  Type: 'InvokeLambdaFunction',
  Parameters: { LambdaFunctionARN: 'arn:aws:lambda:us-east-1:1:function:f', InvocationTimeLimitSeconds: '3' },
  Errors: ['NoMatchingError'],
};

test('validate › a flow as exported has no problems', () => {
  for (const action of [
    MENU,
    STORE,
    LAMBDA,
    { ...LAMBDA, Parameters: { ...LAMBDA.Parameters, LambdaInvocationAttributes: {} } },
    { Type: 'MessageParticipant', Parameters: { SSML: '<speak>x</speak>' } },
  ]) {
    assert.deepEqual(problemsOf(around(action), { type: 'CONTACT_FLOW' }), []);
  }
});

test('validate › numbers and booleans may be JSON values, flags in any case', () => {
  assert.deepEqual(
    problemsOf(around({ ...MENU, Parameters: { Text: 'x', InputTimeLimitSeconds: 5, StoreInput: false } })),
    [],
  );
  assert.deepEqual(
    problemsOf(
      around({
        ...STORE,
        Parameters: {
          ...STORE.Parameters,
          StoreInput: 'true',
          DTMFConfiguration: { DisableCancelKey: 'TRUE' },
        },
      }),
    ),
    [],
  );
});

type Case = readonly [
  name: string,
  content: object,
  severity: 'error' | 'warning',
  path: string,
  message: RegExp,
  options?: ValidationOptions,
];

const CASES: readonly Case[] = [
  [
    'another version',
    { ...documentOf({ a: END }), Version: '2020-01-01' },
    'error',
    'Version',
    /Path: Version/,
  ],
  ['no actions', { Version: '2019-10-30', StartAction: 'a', Actions: [] }, 'error', 'Actions', /no actions/],
  [
    'a start that does not exist',
    { ...documentOf({ a: END }), StartAction: 'b' },
    'error',
    'StartAction',
    /"b" does not exist/,
  ],
  [
    'too many actions',
    documentOf(Object.fromEntries(Array.from({ length: 251 }, (_, n) => [`a${n}`, END]))),
    'error',
    'Actions',
    /251 actions; at most 250/,
  ],
  [
    'a target that does not exist',
    documentOf({
      a: { Type: 'MessageParticipant', Parameters: { Text: 'x' }, Transitions: { NextAction: 'b' } },
    }),
    'error',
    'Actions[0].Transitions.NextAction',
    /"b" does not exist/,
  ],
  [
    'an identifier used twice',
    {
      Version: '2019-10-30',
      StartAction: 'a',
      Actions: [
        { Identifier: 'a', ...END },
        { Identifier: 'a', ...END },
      ],
    },
    'error',
    'Actions[1].Identifier',
    /used twice/,
  ],
  [
    'a forbidden identifier',
    documentOf({ constructor: END }),
    'error',
    'Actions[0].Identifier',
    /Identifier/,
  ],
  ['a forbidden character', documentOf({ 'a/b': END }), 'error', 'Actions[0].Identifier', /Identifier/],
  [
    'too long an identifier',
    documentOf({ ['a'.repeat(51)]: END }),
    'error',
    'Actions[0].Identifier',
    /Identifier/,
  ],
  [
    'an unknown type',
    around({ Type: 'Nope' }),
    'warning',
    'Actions[0].Type',
    /^Invalid Action type. Type: Nope$/,
  ],
  [
    'an action that cannot stand there',
    documentOf({ a: END }),
    'error',
    'Actions[0].Type',
    /^Invalid Action type. Type: DisconnectParticipant$/,
    { type: 'CUSTOMER_WHISPER' },
  ],
  [
    'a missing parameter',
    around({ ...LAMBDA, Parameters: { InvocationTimeLimitSeconds: '3' } }),
    'error',
    'Actions[0].Parameters.LambdaFunctionARN',
    /^Action is missing required property. Path: Actions\[0\]\.Parameters\.LambdaFunctionARN$/,
  ],
  [
    'an unknown parameter',
    around({ ...LAMBDA, Parameters: { ...LAMBDA.Parameters, Foo: '1' } }),
    'error',
    'Actions[0].Parameters.Foo',
    /^Invalid Action property name. Path: Actions\[0\]\.Parameters\.Foo$/,
  ],
  [
    'an unknown parameter below',
    around({ ...STORE, Parameters: { ...STORE.Parameters, DTMFConfiguration: { Foo: '1' } } }),
    'error',
    'Actions[0].Parameters.DTMFConfiguration.Foo',
    /Invalid Action property name/,
  ],
  [
    'two messages in one',
    around({ Type: 'MessageParticipant', Parameters: { Text: 'x', SSML: '<speak>x</speak>' } }),
    'error',
    'Actions[0].Parameters',
    /^Only one of these properties may be defined. Properties: \[Text, SSML\]$/,
  ],
  [
    'no message',
    around({ Type: 'MessageParticipant', Parameters: {} }),
    'error',
    'Actions[0].Parameters',
    /^At least one of \[Text, SSML, PromptId, Media\] must be set$/,
  ],
  [
    'no prompt for Lex',
    around({ Type: 'ConnectParticipantWithLexBot', Errors: ['NoMatchingError', 'NoMatchingCondition'] }),
    'error',
    'Actions[0].Parameters',
    /^At least one of \[Text, SSML, PromptId, Media, LexInitializationData\] must be set$/,
  ],
  [
    'an empty text',
    around({ Type: 'MessageParticipant', Parameters: { Text: '' } }),
    'error',
    'Actions[0].Parameters.Text',
    /Invalid Action property value/,
  ],
  [
    'a missing error branch',
    around({ ...LAMBDA, Errors: [] }),
    'warning',
    'Actions[0].Transitions.Errors',
    /^Action is missing required error. Error: NoMatchingError, Path: Actions\[0\]$/,
  ],
  [
    'an error branch it cannot have',
    around({
      Type: 'Compare',
      Parameters: { ComparisonValue: '$.Attributes.x' },
      Errors: ['NoMatchingCondition', 'NoMatchingError'],
    }),
    'error',
    'Actions[0].Transitions.Errors',
    /^Invalid Action error. Error: NoMatchingError, Path: Actions\[0\]$/,
  ],
  [
    'a time-out branch on stored input',
    around({ ...STORE, Errors: ['NoMatchingError', 'InputTimeLimitExceeded'] }),
    'error',
    'Actions[0]',
    /^Invalid Action error. Error: InputTimeLimitExceeded/,
  ],
  [
    'conditions where there are none',
    around({ ...LAMBDA, Conditions: [['Equals', '1']] }),
    'error',
    'Actions[0].Transitions.Conditions',
    /^Action does not support conditions$/,
  ],
  [
    'conditions on stored input',
    around({ ...STORE, Conditions: [['Equals', '1']] }),
    'error',
    'Actions[0].Transitions.Conditions',
    /^Action does not support conditions$/,
  ],
  [
    'transitions of a last action',
    around({ Type: 'DisconnectParticipant' }),
    'error',
    'Actions[0].Transitions',
    /^Action does not support transitions. Path: Actions\[0\]$/,
  ],
  [
    'an action without a next one',
    around({ Type: 'MessageParticipant', Parameters: { Text: 'x' }, NextAction: null }),
    'error',
    'Actions[0].Transitions.NextAction',
    /missing required property/,
  ],
  [
    'an operator that is none',
    around({
      Type: 'Compare',
      Parameters: { ComparisonValue: '$.Attributes.x' },
      Errors: ['NoMatchingCondition'],
      Conditions: [['Contains', '1']],
    }),
    'error',
    'Actions[0].Transitions.Conditions[0].Condition.Operator',
    /Invalid Action property value/,
  ],
  [
    'an operator that a menu does not have',
    around({ ...MENU, Conditions: [['NumberLessThan', '1']] }),
    'error',
    'Actions[0].Transitions.Conditions[0].Condition.Operator',
    /Invalid Action property value/,
  ],
  [
    'a key that no telephone has',
    around({ ...MENU, Conditions: [['Equals', '12']] }),
    'warning',
    'Actions[0].Transitions.Conditions[0].Condition.Operands',
    /^Invalid branch. Path: 0.Evaluate$/,
  ],
  [
    'half of a loop',
    around({ Type: 'Loop', Parameters: { LoopCount: '3' }, Conditions: [['Equals', 'ContinueLooping']] }),
    'error',
    'Actions[0].Transitions.Conditions',
    /Invalid branch/,
  ],
  [
    'a loop beyond a hundred',
    around({
      Type: 'Loop',
      Parameters: { LoopCount: '101' },
      Conditions: [
        ['Equals', 'ContinueLooping'],
        ['Equals', 'DoneLooping'],
      ],
    }),
    'error',
    'Actions[0].Parameters.LoopCount',
    /Invalid Action property value/,
  ],
  [
    'a longer Lambda time than there is (old exports have it)',
    around({ ...LAMBDA, Parameters: { ...LAMBDA.Parameters, InvocationTimeLimitSeconds: '30' } }),
    'warning',
    'Actions[0].Parameters.InvocationTimeLimitSeconds',
    /Invalid Action property value/,
  ],
  [
    'an unknown root',
    around({
      Type: 'Compare',
      Parameters: { ComparisonValue: '$.Nothing.x' },
      Errors: ['NoMatchingCondition'],
    }),
    'error',
    'Actions[0].Parameters.ComparisonValue',
    /Invalid Action property value/,
  ],
  [
    'a root without a leaf',
    around({
      Type: 'Compare',
      Parameters: { ComparisonValue: '$.External' },
      Errors: ['NoMatchingCondition'],
    }),
    'error',
    'Actions[0].Parameters.ComparisonValue',
    /Invalid Action property value/,
  ],
  [
    'a comparison with a constant',
    around({ Type: 'Compare', Parameters: { ComparisonValue: 'x' }, Errors: ['NoMatchingCondition'] }),
    'error',
    'Actions[0].Parameters.ComparisonValue',
    /Invalid Action property value/,
  ],
  [
    'a reference with more around it',
    around({
      Type: 'UpdateContactTargetQueue',
      Parameters: { QueueId: '$.Attributes.q and more' },
      Errors: ['NoMatchingError'],
    }),
    'error',
    'Actions[0].Parameters.QueueId',
    /Invalid Action property value/,
  ],
  [
    'a placeholder for a resource',
    around({ ...LAMBDA, Parameters: { ...LAMBDA.Parameters, LambdaFunctionARN: '{{lambda.arn}}' } }),
    'error',
    'Actions[0].Parameters.LambdaFunctionARN',
    /Invalid Action property value/,
  ],
  [
    'a placeholder in a text',
    around({ Type: 'MessageParticipant', Parameters: { Text: 'Hi <<NAME>>' } }),
    'warning',
    'Actions[0].Parameters.Text',
    /placeholder/,
  ],
  [
    'a queue that does not exist',
    around({ Type: 'UpdateContactTargetQueue', Parameters: { QueueId: 'q' }, Errors: ['NoMatchingError'] }),
    'error',
    'Actions[0].Parameters.QueueId',
    /Invalid Action property value/,
    {
      resources: {
        find: (kind, reference) => (kind === 'queue' && reference === 'q' ? 'missing' : 'unknown'),
      },
    },
  ],
  [
    'flat flow attributes',
    around({
      Type: 'UpdateFlowAttributes',
      Parameters: { FlowAttributes: { a: 'x' } },
      Errors: ['NoMatchingError'],
    }),
    'error',
    'Actions[0].Parameters.FlowAttributes.a',
    /Invalid Action property value/,
  ],
  [
    'an empty attribute',
    around({
      Type: 'UpdateContactAttributes',
      Parameters: { Attributes: { a: '' } },
      Errors: ['NoMatchingError'],
    }),
    'error',
    'Actions[0].Parameters.Attributes.a',
    /^Empty value in Parameters.Attributes$/,
  ],
  [
    'no attributes at all',
    around({ Type: 'UpdateContactAttributes', Parameters: { Attributes: {} }, Errors: ['NoMatchingError'] }),
    'error',
    'Actions[0].Parameters.Attributes',
    /^Empty value in Parameters.Attributes$/,
  ],
  [
    'seven tags',
    around({
      Type: 'TagContact',
      Parameters: { Tags: { a: '1', b: '1', c: '1', d: '1', e: '1', f: '1', g: '1' } },
      Errors: ['NoMatchingError'],
    }),
    'error',
    'Actions[0].Parameters.Tags',
    /^More than 6 tags in Parameters.Tags$/,
  ],
  [
    'the documentation’s name of a parameter',
    around({ Type: 'Wait', Parameters: { TimeoutSeconds: '5' }, Errors: ['NoMatchingError'] }),
    'error',
    'Actions[0].Parameters.TimeoutSeconds',
    /Invalid Action property name/,
  ],
  [
    'a circle that never waits',
    documentOf({
      a: {
        Type: 'Compare',
        Parameters: { ComparisonValue: '$.Attributes.x' },
        Transitions: { NextAction: 'a' },
      },
    }),
    'warning',
    'Actions[0]',
    /without ever waiting/,
  ],
];

for (const [name, content, severity, path, message, options] of CASES) {
  test(`validate › ${severity} for ${name}`, () => {
    const problems = problemsOf(content, options);
    const found = problems.find((problem) => problem.path === path && message.test(problem.message));
    assert.equal(found?.severity, severity, JSON.stringify(problems, undefined, 2));
    assert.ok(found.remedy.length > 0);
  });
}

test('validate › lists all problems of a document at once, with their actions', () => {
  const problems = problemsOf(
    documentOf({
      a: { Type: 'MessageParticipant', Parameters: {}, Transitions: { NextAction: 'gone' } },
      b: { ...END, Parameters: { Foo: '1' } },
    }),
  );
  assert.deepEqual(
    problems.map((problem) => [problem.actionIdentifier, problem.path]),
    [
      ['a', 'Actions[0].Transitions.NextAction'],
      ['a', 'Actions[0].Parameters'],
      ['b', 'Actions[1].Parameters.Foo'],
    ],
  );
});

test('validate › a known type that is misspelt, or spelt as the documentation misspells it, is refused with the right one', () => {
  for (const [written, right] of [
    ['messageParticipant', 'MessageParticipant'],
    ['UnTagContact', 'UntagContact'],
    ['UpdateRoutingCriteria', 'UpdateContactRoutingCriteria'],
  ] as const) {
    const [found] = problemsOf(around({ Type: written }));
    assert.deepEqual(
      [found?.severity, found?.path, found?.message, found?.remedy],
      ['error', 'Actions[0].Type', `Invalid Action type. Type: ${written}`, `Write ${right}.`],
    );
  }
});

test('validate › circles that wait, speak or count are left alone', () => {
  const flow = documentOf({
    a: { Type: 'MessageParticipant', Parameters: { Text: 'x' }, Transitions: { NextAction: 'b' } },
    b: {
      Type: 'Compare',
      Parameters: { ComparisonValue: '$.Attributes.x' },
      Transitions: { NextAction: 'a', Errors: [{ ErrorType: 'NoMatchingCondition', NextAction: 'a' }] },
    },
  });
  assert.deepEqual(problemsOf(flow), []);
});

test('validate › hostile documents take bounded time', () => {
  const attributes = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, '$'.repeat(20)]));
  const began = performance.now();
  problemsOf(
    around({ Type: 'UpdateContactAttributes', Parameters: { Attributes: attributes, Foo: [[[[[]]]]] } }),
  );
  const chain = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, n) => [
      `a${n}`,
      {
        Type: 'Compare',
        Parameters: { ComparisonValue: '$.Attributes.x' },
        Transitions: { NextAction: `a${(n + 1) % 2_000}` },
      },
    ]),
  );
  problemsOf(documentOf(chain));
  assert.ok(performance.now() - began < 20_000);
});
