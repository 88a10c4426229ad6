// TransferContactToQueue: into the queue, or one of its two refusals; never to NextAction.

import assert from 'node:assert/strict';
import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('TransferContactToQueue', [
  {
    name: 'ends the flow in the queue, never at NextAction',
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    goesTo: '(queued)',
    calls: [['transferToQueue']],
  },
  {
    name: 'the queue is full',
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { host: { transferToQueue: () => failed('full', 'QueueAtCapacity') } },
    goesTo: 'QueueAtCapacity',
  },
  {
    name: 'no queue is set',
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { host: { transferToQueue: () => Promise.resolve(failed('no queue')) } },
    goesTo: 'NoMatchingError',
  },
  {
    name: 'logs the queue it went to',
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { contact: { queue: { arn: 'arn:q', name: 'Sales' } } },
    goesTo: '(queued)',
    logs: [['Transfer', { Target: 'Queue', Queue: 'arn:q' }]],
    also: (ran) => assert.deepEqual(ran.outcome, { kind: 'queued', from: 'flow' }),
  },
  {
    name: 'takes the error branch on a host without queues, and a note says so',
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { host: { transferToQueue: undefined } },
    goesTo: 'NoMatchingError',
    note: /cannot do transferToQueue/,
  },
]);
