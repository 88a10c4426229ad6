// Modules: what they see, how they return, and what they may not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContactFlowState, createFlowData } from '../../../src/contact-flow-state.ts';
import { testAction } from '../../action-table.ts';
import { around, documentOf, flowOf, run } from '../../scripted-host.ts';

const say = (text: string, next: string) => ({
  Type: 'MessageParticipant',
  Parameters: { Text: text },
  Transitions: { NextAction: next },
});
const moduleOf = (actions: Record<string, object>, name = 'module') =>
  flowOf(documentOf(actions), name, 'MODULE');
const MODULE_ARN = moduleOf({ end: { Type: 'EndFlowModuleExecution' } }).arn;
const NME = { Errors: ['NoMatchingError'] };

testAction('InvokeFlowModule', [
  {
    name: 'goes into the module',
    Parameters: { FlowModuleId: '$.Attributes.module', Input: { who: '$.Channel' } },
    ...NME,
    script: {
      flows: [
        moduleOf({
          hello: say('Hello $.Modules.Input.who', 'end'),
          end: { Type: 'EndFlowModuleExecution' },
        }),
      ],
      contact: { attributes: new Map([['module', 'module']]) },
    },
    goesTo: 'hello',
    heard: ['Hello VOICE'],
    logs: [['InvokeFlowModule', { FlowModuleId: MODULE_ARN }]],
  },
  {
    name: 'takes the error branch when there is no such module',
    Parameters: { FlowModuleId: 'nowhere' },
    ...NME,
    goesTo: 'NoMatchingError',
  },
  {
    name: 'takes the error branch for a flow',
    Parameters: { FlowModuleId: 'flow' },
    ...NME,
    script: { flows: [flowOf(documentOf({ e: { Type: 'EndFlowExecution' } }), 'flow')] },
    goesTo: 'NoMatchingError',
  },
]);

test('InvokeFlowModule › runs the module with values of its own and comes back', async () => {
  const module = moduleOf({
    set: {
      Type: 'UpdateFlowAttributes',
      Parameters: { FlowAttributes: { inner: { Value: 'y' } } },
      Transitions: { NextAction: 'say' },
    },
    say: say('in:$.Attributes.a,$.Modules.Input.x,$.External.e,$.FlowAttributes.f;', 'end'),
    end: { Type: 'EndFlowModuleExecution', Parameters: { ResultData: { got: '$.Attributes.a' } } },
  });
  const main = documentOf({
    set: {
      Type: 'UpdateFlowAttributes',
      Parameters: { FlowAttributes: { f: { Value: 'F' } } },
      Transitions: { NextAction: 'call' },
    },
    call: {
      Type: 'InvokeFlowModule',
      Parameters: { FlowModuleId: module.arn, Input: { x: '$.External.e' } },
      Transitions: { NextAction: 'after' },
    },
    after: say('out:$.External.e,$.FlowAttributes.f,$.FlowAttributes.inner,$.Modules.ResultData.got;', 'end'),
    end: { Type: 'DisconnectParticipant' },
  });
  const ran = await run(main, {
    flows: [module],
    contact: { attributes: new Map([['a', 'A']]) },
    state: { ...createContactFlowState(), data: { ...createFlowData(), external: { e: 'E' } } },
  });
  assert.deepEqual(ran.phone.heard, ['in:A,E,,;', 'out:E,F,,A;']);
  assert.deepEqual(ran.path, ['set', 'call', 'set', 'say', 'end', 'call', 'after', 'end']);
});

test('InvokeFlowModule › takes the branch that the module names', async () => {
  const module = moduleOf({
    end: { Type: 'EndFlowModuleExecution', Parameters: { Result: '$.Attributes.branch' } },
  });
  for (const [branch, target] of [
    ['Good', 'Equals Good'],
    ['Else', 'NoMatchingCondition'],
  ] as const) {
    const ran = await run(
      around({
        Type: 'InvokeFlowModule',
        Parameters: { FlowModuleId: 'module' },
        Errors: ['NoMatchingError', 'NoMatchingCondition'],
        Conditions: [['Equals', 'Good']],
      }),
      { flows: [module], contact: { attributes: new Map([['branch', branch]]) } },
    );
    assert.equal(ran.path.at(-1), target);
  }
});

test('InvokeFlowModule › a module may not call itself, nor be nested too deep', async () => {
  const calling = (target: string, name: string) =>
    moduleOf(
      {
        call: {
          Type: 'InvokeFlowModule',
          Parameters: { FlowModuleId: target },
          Transitions: { NextAction: 'end', Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'bad' }] },
        },
        bad: {
          Type: 'UpdateContactAttributes',
          Parameters: { Attributes: { refused: name } },
          Transitions: { NextAction: 'end' },
        },
        end: { Type: 'EndFlowModuleExecution' },
      },
      name,
    );
  const main = around({ Type: 'InvokeFlowModule', Parameters: { FlowModuleId: 'm1' } });
  const circle = await run(main, { flows: [calling('m2', 'm1'), calling('m1', 'm2')] });
  assert.equal(circle.contact.attributes.get('refused'), 'm2');
  assert.equal(circle.path.at(-1), 'next');
  const chain = [1, 2, 3, 4, 5, 6].map((n) => calling(`m${n + 1}`, `m${n}`));
  assert.equal((await run(main, { flows: chain })).contact.attributes.get('refused'), 'm5');
});

test('InvokeFlowModule › hanging up inside ends the call; actions its caller may not have take their error branch', async () => {
  const module = moduleOf({
    dequeue: {
      Type: 'DequeueContactAndTransferToQueue',
      Parameters: { QueueId: 'q' },
      Transitions: { NextAction: 'end', Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'bye' }] },
    },
    bye: { Type: 'DisconnectParticipant' },
    end: { Type: 'EndFlowModuleExecution' },
  });
  const ran = await run(around({ Type: 'InvokeFlowModule', Parameters: { FlowModuleId: 'module' } }), {
    flows: [module],
  });
  assert.deepEqual(ran.path, ['it', 'dequeue', 'bye']);
  assert.equal(ran.outcome.kind, 'disconnected');
});
