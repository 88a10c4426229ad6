// Going on in another flow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testAction } from '../../action-table.ts';
import { around, documentOf, flowOf, run } from '../../scripted-host.ts';

const OTHER = flowOf(
  documentOf({
    hello: {
      Type: 'MessageParticipant',
      Parameters: { Text: '$.External.a$.FlowAttributes.b!' },
      Transitions: { NextAction: 'bye' },
    },
    bye: { Type: 'DisconnectParticipant' },
  }),
  'other',
);
const MUSIC = flowOf(documentOf({ end: { Type: 'EndFlowExecution' } }), 'music', 'CUSTOMER_QUEUE');
const MODULE = flowOf(documentOf({ end: { Type: 'EndFlowModuleExecution' } }), 'module', 'MODULE');

testAction('TransferToFlow', [
  {
    name: 'goes on at the start of the other flow',
    Parameters: { ContactFlowId: '$.Attributes.flow' },
    Errors: ['NoMatchingError'],
    script: { flows: [OTHER], contact: { attributes: new Map([['flow', OTHER.arn]]) } },
    goesTo: 'hello',
    heard: ['!'],
    logs: [['Transfer', { Target: 'Flow', ContactFlowId: OTHER.arn }]],
  },
  {
    name: 'takes the error branch when there is no such flow',
    Parameters: { ContactFlowId: 'nowhere' },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    detail: /no flow nowhere/,
  },
  {
    name: 'takes the error branch for a module',
    Parameters: { ContactFlowId: 'module' },
    Errors: ['NoMatchingError'],
    script: { flows: [MODULE] },
    goesTo: 'NoMatchingError',
  },
  {
    name: 'takes the error branch for a flow of another moment',
    Parameters: { ContactFlowId: 'music' },
    Errors: ['NoMatchingError'],
    script: { flows: [MUSIC] },
    goesTo: 'NoMatchingError',
    detail: /of type CUSTOMER_QUEUE/,
  },
  {
    name: 'takes the error branch without a value',
    Parameters: { ContactFlowId: '$.Attributes.flow' },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
  },
]);

test('TransferToFlow › goes on at the start of the other flow, without flow attributes, and does not come back', async () => {
  const main = around({
    Type: 'TransferToFlow',
    Parameters: { ContactFlowId: '$.Attributes.flow' },
    Errors: ['NoMatchingError'],
  });
  const ran = await run(main, { flows: [OTHER], contact: { attributes: new Map([['flow', OTHER.arn]]) } });
  assert.deepEqual(ran.path, ['it', 'hello', 'bye']);
  assert.deepEqual(ran.phone.heard, ['!']);
  assert.equal(ran.outcome.kind, 'disconnected');
  assert.deepEqual(
    ran.logs.map((record) => [record.ContactFlowName, record.ContactFlowModuleType]),
    [
      ['main', 'Transfer'],
      ['other', 'PlayPrompt'],
      ['other', 'Disconnect'],
    ],
  );
});
