// Waiting for time, or for an event.

import { done } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const BRANCHES = {
  Errors: ['NoMatchingError'],
  Conditions: [['Equals', 'WaitCompleted'] as const, ['Equals', 'CustomerReturned'] as const],
};

testAction('Wait', [
  {
    name: 'lets time pass',
    Parameters: { TimeLimitSeconds: '90' },
    ...BRANCHES,
    goesTo: 'Equals WaitCompleted',
    elapsedMs: 90_000,
    logs: [['Wait', { TimeLimitSeconds: '90' }, 'WaitCompleted']],
  },
  {
    name: 'ends with the event when that comes first',
    Parameters: { TimeLimitSeconds: '90', Events: ['CustomerReturned'] },
    ...BRANCHES,
    script: { host: { waitForEvent: ([name = '']) => done(name) } },
    goesTo: 'Equals CustomerReturned',
    elapsedMs: 0,
  },
  {
    name: 'ends with the time limit when the event does not come',
    Parameters: { TimeLimitSeconds: '90', Events: ['CustomerReturned'] },
    ...BRANCHES,
    script: { host: { waitForEvent: () => new Promise(() => undefined) } },
    goesTo: 'Equals WaitCompleted',
    elapsedMs: 90_000,
  },
  {
    name: 'stops when the caller hangs up',
    Parameters: { TimeLimitSeconds: '90' },
    ...BRANCHES,
    script: { hangUpAtMs: 10_000 },
    goesTo: '(aborted)',
    elapsedMs: 10_000,
  },
  {
    name: 'takes the error branch without a time',
    Parameters: { TimeLimitSeconds: '$.External.x' },
    ...BRANCHES,
    goesTo: 'NoMatchingError',
  },
]);
