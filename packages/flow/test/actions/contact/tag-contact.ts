// TagContact: tags, and reserved ones.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

testAction('TagContact', [
  {
    name: 'tags',
    Parameters: { Tags: { 'for $.Channel': 'x' } },
    ...NME,
    goesTo: 'next',
    calls: [['tagContact', { 'for VOICE': 'x' }]],
  },
  {
    name: 'reserved keys',
    Parameters: { Tags: { 'aws:x': 'y' } },
    ...NME,
    goesTo: 'NoMatchingError',
    calls: [],
  },
  {
    name: 'logs them',
    Parameters: { Tags: { team: 'red' } },
    ...NME,
    goesTo: 'next',
    logs: [['TagContact', { Tags: { team: 'red' } }]],
  },
  {
    name: 'takes the error branch when they are refused',
    Parameters: { Tags: { team: 'red' } },
    ...NME,
    script: { host: { tagContact: () => failed('too many tags') } },
    goesTo: 'NoMatchingError',
    logError: /too many tags/,
  },
]);
