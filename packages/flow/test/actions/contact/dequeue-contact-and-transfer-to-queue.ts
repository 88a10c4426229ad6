// DequeueContactAndTransferToQueue: from one queue into another.

import assert from 'node:assert/strict';
import { createContactFlowState } from '../../../src/contact-flow-state.ts';
import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('DequeueContactAndTransferToQueue', [
  {
    name: 'moves to another queue',
    Parameters: { QueueId: 'q-2' },
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    goesTo: '(queued)',
    calls: [['dequeueAndTransfer', { kind: 'queue', queueId: 'q-2' }]],
    also: (ran) => assert.deepEqual(ran.outcome, { kind: 'queued', from: 'queue' }),
  },
  {
    name: 'moves to the queue of an agent, and logs it',
    Parameters: { AgentId: '$.Attributes.agent' },
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { contact: { attributes: new Map([['agent', 'a-1']]) } },
    goesTo: '(queued)',
    calls: [['dequeueAndTransfer', { kind: 'agent', agentId: 'a-1' }]],
    logs: [['Transfer', { Target: 'Queue', Agent: 'a-1' }]],
  },
  {
    name: 'stays where it is when the other queue is full',
    Parameters: { QueueId: 'q-2' },
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { host: { dequeueAndTransfer: () => failed('full', 'QueueAtCapacity') } },
    goesTo: 'QueueAtCapacity',
    logError: /full/,
  },
  {
    name: 'takes the error branch when it was moved too often',
    Parameters: { QueueId: 'q-2' },
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { state: { ...createContactFlowState({ logging: 'Enabled' }), queueMoves: 11 } },
    goesTo: 'NoMatchingError',
    calls: [],
    logError: /11 times/,
  },
  {
    name: 'moves eleven times at most',
    Parameters: { QueueId: 'q-2' },
    Errors: ['QueueAtCapacity', 'NoMatchingError'],
    script: { state: { ...createContactFlowState(), queueMoves: 10 } },
    goesTo: '(queued)',
    also: (ran) => assert.equal(ran.state.queueMoves, 11),
  },
]);
