// CreateTask: a task for somebody, or the error branch where there are none.

import assert from 'node:assert/strict';
import { done } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

testAction('CreateTask', [
  {
    name: 'creates it; its id can be read afterwards',
    Parameters: {
      ContactFlowId: 'f',
      Name: 'Claim of $.CustomerEndpoint.Address',
      Attributes: { a: '$.Channel' },
      DelaySeconds: '60',
    },
    ...NME,
    script: {
      host: {
        createTask: (request) => {
          assert.equal(request.name, 'Claim of +12065550100');
          assert.deepEqual([...request.attributes], [['a', 'VOICE']]);
          assert.equal(request.delayMs, 60_000);
          return { kind: 'done', value: { contactId: 'task-1' } };
        },
      },
    },
    goesTo: 'next',
    also: (ran) => assert.deepEqual(ran.state.data.services.get('Task'), { ContactId: 'task-1' }),
  },
  {
    name: 'takes the error branch where there are no tasks',
    Parameters: { Name: 'x', ContactFlowId: 'f' },
    ...NME,
    goesTo: 'NoMatchingError',
  },
  {
    name: 'logs it with the id of the task',
    Parameters: { Name: 'x', ContactFlowId: 'f' },
    ...NME,
    script: { host: { createTask: () => done({ contactId: 'task-2' }) } },
    goesTo: 'next',
    logs: [['CreateTask', { Name: 'x' }, 'task-2']],
  },
]);
