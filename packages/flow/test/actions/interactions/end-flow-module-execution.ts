// EndFlowModuleExecution: the end of a module, its named result and its data.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testAction } from '../../action-table.ts';
import { documentOf, flowOf, run } from '../../scripted-host.ts';

testAction('EndFlowModuleExecution', [
  {
    name: 'ends a module that runs on its own, and logs it',
    Parameters: {},
    NextAction: null,
    script: { type: 'MODULE' },
    goesTo: '(moduleEnded)',
    calls: [],
    logs: [['Return', {}]],
  },
  {
    name: 'gives its result and its data, references resolved',
    Parameters: {
      Result: '$.Attributes.branch',
      ResultData: { channel: '$.Channel', list: ['$.ContactId'] },
    },
    NextAction: null,
    script: { type: 'MODULE', contact: { attributes: new Map([['branch', 'Good']]), contactId: 'c-1' } },
    goesTo: '(moduleEnded)',
    logs: [['Return', { Result: 'Good' }]],
    also: (ran) =>
      assert.deepEqual(ran.outcome, {
        kind: 'moduleEnded',
        result: 'Good',
        resultData: { channel: 'VOICE', list: ['c-1'] },
      }),
  },
]);

test('EndFlowModuleExecution › inside a flow it comes back to the caller', async () => {
  const module = flowOf(documentOf({ end: { Type: 'EndFlowModuleExecution' } }), 'module', 'MODULE');
  const main = documentOf({
    call: {
      Type: 'InvokeFlowModule',
      Parameters: { FlowModuleId: 'module' },
      Transitions: { NextAction: 'bye' },
    },
    bye: { Type: 'DisconnectParticipant' },
  });
  const ran = await run(main, { flows: [module] });
  assert.deepEqual(ran.path, ['call', 'end', 'call', 'bye']);
});
