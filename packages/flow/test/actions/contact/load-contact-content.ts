// LoadContactContent: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('LoadContactContent', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: { Given: 'it-1', Deep: { List: ['on VOICE'] } },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /LoadContactContent is not available/,
    logs: [['LoadContactContent', { Given: 'it-1', Deep: { List: ['on VOICE'] } }]],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it with references resolved, and goes on',
    Parameters: { Given: '$.Attributes.it', Deep: { List: ['on $.Channel'] } },
    Errors: ['NoMatchingError'],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, {
            actionType: 'LoadContactContent',
            parameters: { Given: 'it-1', Deep: { List: ['on VOICE'] } },
          });
          return done({});
        },
      },
    },
    goesTo: 'next',
  },
  {
    name: 'an adapter that fails names the error branch',
    Parameters: { Given: 'it-1', Deep: { List: ['on VOICE'] } },
    Errors: ['NoMatchingError'],
    script: { host: { runServiceAction: () => failed('no answer', 'NoMatchingError') } },
    goesTo: 'NoMatchingError',
    logError: /no answer/,
  },
]);
