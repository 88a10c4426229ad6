// CreateCallbackContact: a call to be made later.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

testAction('CreateCallbackContact', [
  {
    name: 'creates it and goes on',
    Parameters: {
      InitialCallDelaySeconds: '5',
      MaximumConnectionAttempts: '2',
      RetryDelaySeconds: '600',
      QueueId: 'q',
    },
    ...NME,
    goesTo: 'next',
    calls: [
      [
        'createCallback',
        {
          initialDelayMs: 5_000,
          maximumAttempts: 2,
          retryDelayMs: 600_000,
          target: { kind: 'queue', queueId: 'q' },
        },
      ],
    ],
  },
  {
    name: 'a flow of its own decides when',
    Parameters: {
      InitialCallDelaySeconds: '5',
      MaximumConnectionAttempts: '1',
      RetryDelaySeconds: '60',
      ContactFlowId: 'f',
    },
    ...NME,
    goesTo: 'next',
    calls: [
      ['createCallback', { initialDelayMs: 0, maximumAttempts: 1, retryDelayMs: 60_000, contactFlowId: 'f' }],
    ],
  },
  {
    name: 'logs it',
    Parameters: { InitialCallDelaySeconds: '5', MaximumConnectionAttempts: '1', RetryDelaySeconds: '60' },
    ...NME,
    goesTo: 'next',
    logs: [['CreateCallback', { InitialCallDelaySeconds: '5' }]],
  },
  {
    name: 'takes the error branch when it is refused',
    Parameters: { InitialCallDelaySeconds: '5', MaximumConnectionAttempts: '1', RetryDelaySeconds: '60' },
    ...NME,
    script: { host: { createCallback: () => failed('no queue') } },
    goesTo: 'NoMatchingError',
    logError: /no queue/,
  },
]);
