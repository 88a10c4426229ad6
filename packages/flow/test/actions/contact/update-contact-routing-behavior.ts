// UpdateContactRoutingBehavior: priority and age in the queue.

import { testAction } from '../../action-table.ts';

testAction('UpdateContactRoutingBehavior', [
  {
    name: 'priority',
    Parameters: { QueuePriority: '1' },
    goesTo: 'next',
    calls: [['setRoutingPriority', { queuePriority: 1 }]],
  },
  {
    name: 'age, also backwards',
    Parameters: { QueueTimeAdjustmentSeconds: '-60' },
    goesTo: 'next',
    calls: [['setRoutingPriority', { queueTimeAdjustmentMs: -60_000 }]],
  },
  {
    name: 'logs it',
    Parameters: { QueuePriority: '$.Attributes.priority' },
    script: { contact: { attributes: new Map([['priority', '3']]) } },
    goesTo: 'next',
    logs: [['SetQueuePriority', { queuePriority: 3 }]],
  },
  {
    name: 'goes on where there are no queues',
    Parameters: { QueuePriority: '1' },
    script: { host: { setRoutingPriority: undefined } },
    goesTo: 'next',
    note: /going on as if/,
  },
]);
