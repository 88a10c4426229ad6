// The interpreter as a whole: paths, guards, hang-ups, logs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { around, documentOf, flowOf, run } from '../test/scripted-host.ts';
import { allActions } from './actions/all-actions.ts';
import { createContactFlowState } from './contact-flow-state.ts';
import { done, failed, type HostResult, unsupported } from './flow-host.ts';
import { chooseNextAction } from './next-action.ts';

const END = { Type: 'EndFlowExecution' };
const hello = (next: string | undefined, text = 'x') => ({
  Type: 'MessageParticipant',
  Parameters: { Text: text },
  Transitions: next === undefined ? {} : { NextAction: next },
});

test('run › a flow without a target ends', async () => {
  assert.deepEqual((await run(documentOf({ a: hello(undefined) }))).outcome, {
    kind: 'ended',
    reason: 'noTarget',
  });
});

test('run › an error without any branch ends the flow', async () => {
  const flow = documentOf({ a: { Type: 'MessageParticipant', Parameters: { Text: '$.External.x' } } });
  assert.deepEqual((await run(flow)).outcome, { kind: 'ended', reason: 'errorWithoutBranch' });
});

test('run › a target that does not exist ends the flow and is reported', async () => {
  const ran = await run(documentOf({ a: hello('nowhere') }));
  assert.deepEqual(ran.outcome, { kind: 'ended', reason: 'noTarget' });
  assert.match(ran.notes[0]?.message ?? '', /nowhere/);
});

test('run › can begin at another action', async () => {
  assert.deepEqual((await run(documentOf({ a: hello('b'), b: END }), { startAction: 'b' })).path, ['b']);
});

test('run › identifiers named like object members are ordinary', async () => {
  const flow = { ...documentOf({ a: hello('constructor') }) } as { Actions: object[] };
  flow.Actions.push({ Identifier: 'constructor', ...END });
  assert.deepEqual((await run(flow)).path, ['a', 'constructor']);
});

test('run › a hang-up stops the action and takes no further branch', async () => {
  const flow = documentOf({ a: hello('b'), b: { ...hello('c'), Parameters: { Text: 'y' } }, c: END });
  const ran = await run(flow, { hangUpAtMs: 1_500 });
  assert.deepEqual(ran.outcome, { kind: 'aborted' });
  assert.deepEqual(ran.path, ['a']);
  assert.equal(ran.elapsedMs, 1_500);
});

test('run › a contact that is gone already runs nothing', async () => {
  const ran = await run(documentOf({ a: END }), { hangUpAtMs: -1 });
  assert.deepEqual(ran.outcome, { kind: 'aborted' });
  assert.deepEqual(ran.path, []);
});

test('run › hanging up by itself is not taken for a hang-up by the caller', async () => {
  const flow = documentOf({ bye: { Type: 'DisconnectParticipant' } });
  // The leg's end aborts the contact's signal before the host's answer is there.
  for (const disconnect of [
    () => new Promise<HostResult>((resolve) => setImmediate(() => setImmediate(() => resolve(done())))),
    () => Promise.reject(new Error('socket closed')),
  ]) {
    const ran = await run(flow, { hangUpAtMs: 0, host: { disconnect } });
    assert.deepEqual(ran.outcome, { kind: 'disconnected' });
  }
});

test('run › a circle without waiting is stopped by the guard', async () => {
  const compare = (next: string) => ({
    Type: 'Compare',
    Parameters: { ComparisonValue: '$.Attributes.x' },
    Transitions: { NextAction: next },
  });
  const ran = await run(documentOf({ a: compare('b'), b: compare('a') }), { maxStepsWithoutTime: 100 });
  assert.deepEqual(ran.outcome, { kind: 'stepLimitReached', steps: 101, actionIdentifier: 'a' });
  assert.match(ran.notes[0]?.message ?? '', /circles/);
});

test('run › a circle is stopped, too, while the clock goes on a little at each look', async () => {
  const failing = {
    Type: 'MessageParticipant',
    Parameters: { PromptId: '$.Attributes.missing' },
    Transitions: { NextAction: 'a' },
  };
  let nowMs = 0;
  const clock = {
    now: () => {
      nowMs += 1;
      return nowMs;
    },
    setTimeout: () => undefined,
    clearTimeout: () => undefined,
  };
  const ran = await run(documentOf({ a: failing }), {
    host: { clock },
    maxStepsWithoutTime: 100,
    maxSteps: 10_000,
  });
  assert.ok(ran.outcome.kind === 'stepLimitReached' && ran.outcome.steps < 200, JSON.stringify(ran.outcome));
});

test('run › a circle that speaks goes on as long as the caller listens', async () => {
  const ran = await run(documentOf({ a: hello('a') }), { maxStepsWithoutTime: 3, hangUpAtMs: 600_500 });
  assert.equal(ran.outcome.kind, 'aborted');
  assert.equal(ran.phone.heard.length, 601);
});

test('run › the total of actions has a limit, too', async () => {
  const ran = await run(documentOf({ a: hello('a') }), { maxSteps: 10 });
  assert.deepEqual(ran.outcome, { kind: 'stepLimitReached', steps: 11, actionIdentifier: 'a' });
});

test('run › an action of an unknown type takes its error branch, else NextAction', async () => {
  const withBranch = await run(around({ Type: 'BrandNew', Errors: ['NoMatchingError'] }));
  assert.equal(withBranch.path.at(-1), 'NoMatchingError');
  assert.equal((await run(around({ Type: 'BrandNew' }))).path.at(-1), 'next');
});

test('run › log records have the shape of CloudWatch, and only while logging is on', async () => {
  const flow = documentOf({
    a: hello('on', 'before'),
    on: {
      Type: 'UpdateFlowLoggingBehavior',
      Parameters: { FlowLoggingBehavior: 'Enabled' },
      Transitions: { NextAction: 'b' },
    },
    b: hello('c', '$.External.none'),
    c: END,
  });
  const ran = await run(flow, { state: createContactFlowState() });
  assert.deepEqual(
    ran.logs.map((record) => record.Identifier),
    ['on', 'b', 'c'],
  );
  assert.deepEqual(ran.logs[1], {
    ContactId: '11111111-1111-4111-8111-111111111111',
    ContactFlowId:
      'arn:aws:connect:us-east-1:000000000000:instance/22222222-2222-4222-8222-222222222222/contact-flow/main',
    ContactFlowName: 'main',
    ContactFlowModuleType: 'PlayPrompt',
    Identifier: 'b',
    Timestamp: '2026-01-01T00:00:01.000Z',
    Parameters: { Text: '$.External.none' },
    Error: 'Text is $.External.none, which has no value',
  });
});

test('run › what flows remember goes on to the next flow of the contact, flow attributes do not', async () => {
  const state = createContactFlowState();
  const first = documentOf({
    a: {
      Type: 'InvokeLambdaFunction',
      Parameters: { LambdaFunctionARN: 'f', InvocationTimeLimitSeconds: '3' },
      Transitions: { NextAction: 'b' },
    },
    b: {
      Type: 'UpdateFlowAttributes',
      Parameters: { FlowAttributes: { f: { Value: 'F' } } },
      Transitions: { NextAction: 'c' },
    },
    c: END,
  });
  await run(first, { state, host: { invokeLambda: () => done('{"e":"E"}') } });
  const second = await run(documentOf({ a: hello('b', '$.External.e,$.FlowAttributes.f;'), b: END }), {
    state,
  });
  assert.deepEqual(second.phone.heard, ['E,;']);
});

test('run › a menu with a wrong key, a time-out and a retry loop, then another flow', async () => {
  const branch = (operand: string, NextAction: string) => ({
    NextAction,
    Condition: { Operator: 'Equals', Operands: [operand] },
  });
  const flow = documentOf({
    retry: {
      Type: 'Loop',
      Parameters: { LoopCount: '3' },
      Transitions: {
        NextAction: 'bye',
        Conditions: [branch('ContinueLooping', 'menu'), branch('DoneLooping', 'bye')],
      },
    },
    menu: {
      Type: 'GetParticipantInput',
      Parameters: { Text: 'Press 1', InputTimeLimitSeconds: '5', StoreInput: 'False' },
      Transitions: {
        NextAction: 'retry',
        Errors: ['InputTimeLimitExceeded', 'NoMatchingCondition', 'NoMatchingError'].map((ErrorType) => ({
          ErrorType,
          NextAction: 'retry',
        })),
        Conditions: [branch('1', 'set')],
      },
    },
    set: {
      Type: 'UpdateContactAttributes',
      Parameters: { Attributes: { choice: 'one' } },
      Transitions: { NextAction: 'go' },
    },
    go: {
      Type: 'TransferToFlow',
      Parameters: { ContactFlowId: 'other' },
      Transitions: { NextAction: 'bye' },
    },
    bye: { Type: 'DisconnectParticipant' },
  });
  const other = flowOf(
    documentOf({
      thanks: hello('end', 'You chose $.Attributes.choice'),
      end: { Type: 'DisconnectParticipant' },
    }),
    'other',
  );
  // Wrong key at 2 s, silence for a round, then the right key during the third prompt.
  const ran = await run(flow, { presses: { 2000: '9', 8500: '1' }, flows: [other] });
  assert.deepEqual(ran.path, [
    'retry',
    'menu',
    'retry',
    'menu',
    'retry',
    'menu',
    'set',
    'go',
    'thanks',
    'end',
  ]);
  assert.deepEqual(ran.phone.heard, ['Press 1', 'Press 1', 'Press 1', 'You chose one']);
  assert.deepEqual(ran.outcome, { kind: 'disconnected' });
});

/** What a host answers when it feels like it. */
const ANSWERS: readonly (() => HostResult<never>)[] = [
  () => done() as unknown as HostResult<never>,
  () => failed('no') as HostResult<never>,
  () => failed('full', 'QueueAtCapacity') as HostResult<never>,
  () => unsupported('never') as HostResult<never>,
  () => {
    throw new Error('host bug');
  },
];

const TYPES = allActions().map((action) => action.type);
const VALUES = [
  '1',
  'True',
  '$.Attributes.a',
  '$.External.x',
  'f',
  '<speak>x</speak>',
  '<speak>',
  '',
  '-1',
  'x',
];

test('run › random flows on random hosts always stop, and only ever go where the rule allows', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const target = fc.constantFrom(...names);
  const action = fc.record({
    Type: fc.constantFrom(...TYPES, 'Unknown'),
    Parameters: fc.dictionary(
      fc.constantFrom(
        'Text',
        'SSML',
        'PromptId',
        'Messages',
        'ComparisonValue',
        'LoopCount',
        'QueueId',
        'Attributes',
        'FlowAttributes',
        'StoreInput',
        'InputTimeLimitSeconds',
        'TimeLimitSeconds',
        'ContactFlowId',
        'FlowModuleId',
        'LambdaFunctionARN',
        'EventHooks',
        'MetricType',
        'Tags',
        'Result',
      ),
      fc.oneof(
        fc.constantFrom<unknown>(...VALUES),
        fc.dictionary(fc.constantFrom('a', '__proto__', 'Value'), fc.constantFrom<unknown>(...VALUES, null)),
        fc.constant([{ Text: 'x' }]),
      ),
      { maxKeys: 5 },
    ),
    Transitions: fc.record(
      {
        NextAction: target,
        Errors: fc.array(
          fc.record({
            ErrorType: fc.constantFrom(
              'NoMatchingError',
              'NoMatchingCondition',
              'QueueAtCapacity',
              'InputTimeLimitExceeded',
            ),
            NextAction: target,
          }),
          { maxLength: 3 },
        ),
        Conditions: fc.array(
          fc.record({
            NextAction: target,
            Condition: fc.record({
              Operator: fc.constantFrom('Equals', 'NumberLessThan', 'Nope'),
              Operands: fc.array(fc.constantFrom('1', 'NULL', 'ContinueLooping'), { maxLength: 2 }),
            }),
          }),
          { maxLength: 3 },
        ),
      },
      { requiredKeys: [] },
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: names.length, maxLength: names.length }),
      fc.nat(4),
      fc.string({ unit: fc.constantFrom('1', '#', '*', '5'), maxLength: 8 }),
      async (actions, answer, keys) => {
        const flow = flowOf(
          documentOf(Object.fromEntries(actions.map((entry, index) => [names[index], entry]))),
        );
        const module = flowOf(documentOf({ m: { Type: 'EndFlowModuleExecution' } }), 'module', 'MODULE');
        const reply = ANSWERS[answer] ?? ANSWERS[0];
        const ran = await run(flow, {
          presses: { 500: keys, 3000: keys },
          flows: [flow, module],
          maxStepsWithoutTime: 60,
          maxSteps: 300,
          hangUpAtMs: 7_200_000,
          limitMs: 7_300_000,
          host: {
            setTargetQueue: reply,
            transferToQueue: reply,
            isOpen: reply,
            queueMetrics: reply,
            createTask: reply,
            setEventHook: reply,
          },
        });
        assert.ok(ran.steps.length <= 301);
        for (const step of ran.steps) {
          if (step.nextAction === undefined || step.via.startsWith('TransferToFlow')) continue;
          const document = step.flow.document.actions.get(step.actionIdentifier);
          assert.ok(document !== undefined);
          const allowed = [
            document.nextAction,
            ...document.errors.map((branch) => branch.nextAction),
            ...document.conditions.map((branch) => branch.nextAction),
          ];
          assert.ok(allowed.includes(step.nextAction), `${step.actionIdentifier} → ${step.nextAction}`);
          if (step.result === 'success') {
            const next = chooseNextAction(document, { kind: 'success' });
            assert.equal(next.kind === 'goto' && next.target, step.nextAction);
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});
