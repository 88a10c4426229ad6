// Loops: how often, and what the counter survives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContactFlowState } from '../../../src/contact-flow-state.ts';
import { testAction } from '../../action-table.ts';
import { documentOf, flowOf, run } from '../../scripted-host.ts';

const BOTH = [
  ['Equals', 'ContinueLooping'],
  ['Equals', 'DoneLooping'],
] as const;

testAction('Loop', [
  {
    name: 'goes round first',
    Parameters: { LoopCount: '2' },
    Conditions: BOTH,
    goesTo: 'Equals ContinueLooping',
    logs: [['Loop', { LoopCount: '2' }, 'ContinueLooping']],
    also: (ran) => assert.deepEqual([...ran.state.loopCounters.values()], [1]),
  },
  {
    name: 'zero is done at once',
    Parameters: { LoopCount: '0' },
    Conditions: BOTH,
    goesTo: 'Equals DoneLooping',
    logs: [['Loop', { LoopCount: '0' }, 'DoneLooping']],
  },
  {
    name: 'the count may be a reference',
    Parameters: { LoopCount: '$.Attributes.n' },
    Conditions: BOTH,
    script: { contact: { attributes: new Map([['n', '0']]) } },
    goesTo: 'Equals DoneLooping',
  },
  {
    name: 'a count that is no number takes the error branch',
    Parameters: { LoopCount: '$.Attributes.n' },
    Conditions: BOTH,
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
  },
]);

const ROUND = documentOf({
  loop: {
    Type: 'Loop',
    Parameters: { LoopCount: '3' },
    Transitions: {
      NextAction: 'end',
      Conditions: [
        { NextAction: 'hello', Condition: { Operator: 'Equals', Operands: ['ContinueLooping'] } },
        { NextAction: 'end', Condition: { Operator: 'Equals', Operands: ['DoneLooping'] } },
      ],
    },
  },
  hello: { Type: 'MessageParticipant', Parameters: { Text: 'x' }, Transitions: { NextAction: 'loop' } },
  end: { Type: 'EndFlowExecution' },
});

test('Loop › goes round as often as it says, then starts anew', async () => {
  const state = createContactFlowState();
  for (let time = 0; time < 2; time += 1) {
    const ran = await run(ROUND, { state });
    assert.equal(ran.phone.heard.length, 3);
    assert.equal(state.loopCounters.size, 0);
  }
});

test('Loop › its counter outlives a run that was cut short, and is its own in each flow', async () => {
  const state = createContactFlowState();
  const cut = await run(ROUND, { state, hangUpAtMs: 1_500 });
  assert.equal(cut.outcome.kind, 'aborted');
  assert.equal((await run(flowOf(ROUND, 'other'), { state })).phone.heard.length, 3);
  assert.equal((await run(ROUND, { state })).phone.heard.length, 1);
});
