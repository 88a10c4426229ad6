// StartVoiceIdStream: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('StartVoiceIdStream', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: {},
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /StartVoiceIdStream is not available/,
    logs: [['StartVoiceIdStream', {}]],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it, and goes on',
    Parameters: {},
    Errors: ['NoMatchingError'],
    script: {
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, { actionType: 'StartVoiceIdStream', parameters: {} });
          return done({});
        },
      },
    },
    goesTo: 'next',
  },
  {
    name: 'an adapter that fails names the error branch',
    Parameters: {},
    Errors: ['NoMatchingError'],
    script: { host: { runServiceAction: () => failed('no answer', 'NoMatchingError') } },
    goesTo: 'NoMatchingError',
    logError: /no answer/,
  },
]);
