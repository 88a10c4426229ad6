// UpdateContactTargetQueue: the queue that later actions are about.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

testAction('UpdateContactTargetQueue', [
  {
    name: 'a queue by reference',
    Parameters: { QueueId: '$.Attributes.queue' },
    ...NME,
    script: { contact: { attributes: new Map([['queue', 'q-1']]) } },
    goesTo: 'next',
    calls: [['setTargetQueue', { kind: 'queue', queueId: 'q-1' }]],
    logs: [['SetQueue', { Queue: 'q-1' }]],
  },
  {
    name: 'an agent',
    Parameters: { AgentId: 'a-1' },
    ...NME,
    goesTo: 'next',
    calls: [['setTargetQueue', { kind: 'agent', agentId: 'a-1' }]],
  },
  {
    name: 'there is no such queue',
    Parameters: { QueueId: 'q' },
    ...NME,
    script: { host: { setTargetQueue: () => failed('no such queue') } },
    goesTo: 'NoMatchingError',
  },
  {
    name: 'the reference has no value',
    Parameters: { QueueId: '$.External.q' },
    ...NME,
    goesTo: 'NoMatchingError',
  },
  {
    name: 'an agent is logged, too',
    Parameters: { AgentId: 'a-1' },
    ...NME,
    goesTo: 'next',
    logs: [['SetQueue', { Agent: 'a-1' }]],
  },
]);
