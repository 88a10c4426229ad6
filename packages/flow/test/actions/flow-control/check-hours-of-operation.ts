// CheckHoursOfOperation: open, closed, and nothing to ask about.

import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const OPEN = [
  ['Equals', 'True'],
  ['Equals', 'False'],
] as const;

testAction('CheckHoursOfOperation', [
  {
    name: 'open',
    Errors: ['NoMatchingError'],
    Conditions: OPEN,
    script: { host: { isOpen: (id) => done(id === undefined) } },
    goesTo: 'Equals True',
    logs: [['CheckHoursOfOperation', {}, 'True']],
  },
  {
    name: 'closed, by named hours',
    Parameters: { HoursOfOperationId: 'h1' },
    Errors: ['NoMatchingError'],
    Conditions: OPEN,
    script: { host: { isOpen: (id) => done(id !== 'h1') } },
    goesTo: 'Equals False',
  },
  {
    name: 'without a queue',
    Errors: ['NoMatchingError'],
    Conditions: OPEN,
    script: { host: { isOpen: () => failed('no queue') } },
    goesTo: 'NoMatchingError',
    calls: [],
    logError: /no queue/,
  },
  {
    name: 'logs named hours',
    Parameters: { HoursOfOperationId: '$.Attributes.hours' },
    Errors: ['NoMatchingError'],
    Conditions: OPEN,
    script: {
      contact: { attributes: new Map([['hours', 'h2']]) },
      host: { isOpen: (id) => Promise.resolve(done(id === 'h2')) },
    },
    goesTo: 'Equals True',
    logs: [['CheckHoursOfOperation', { HoursOfOperationId: 'h2' }, 'True']],
  },
]);
