// UntagContact: takes tags off.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

const NME = { Errors: ['NoMatchingError'] };

testAction('UntagContact', [
  {
    name: 'takes tags off',
    Parameters: { TagKeys: ['a'] },
    ...NME,
    goesTo: 'next',
    calls: [['untagContact', ['a']]],
  },
  {
    name: 'logs them',
    Parameters: { TagKeys: ['a', 'b'] },
    ...NME,
    goesTo: 'next',
    logs: [['UntagContact', { TagKeys: ['a', 'b'] }]],
  },
  {
    name: 'takes the error branch when it fails',
    Parameters: { TagKeys: ['a'] },
    ...NME,
    script: { host: { untagContact: () => failed('gone') } },
    goesTo: 'NoMatchingError',
    logError: /gone/,
  },
]);
