// CheckVoiceId: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('CheckVoiceId', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: { CheckVoiceIdOption: 'voiceAuthentication' },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /CheckVoiceId is not available/,
    logs: [['CheckVoiceId', { CheckVoiceIdOption: 'voiceAuthentication' }]],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it, and its answer chooses the branch',
    Parameters: { CheckVoiceIdOption: 'voiceAuthentication' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['Equals', 'Authenticated']],
    script: {
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, {
            actionType: 'CheckVoiceId',
            parameters: { CheckVoiceIdOption: 'voiceAuthentication' },
          });
          return done({ result: 'Authenticated' });
        },
      },
    },
    goesTo: 'Equals Authenticated',
  },
  {
    name: 'an answer that no branch is for',
    Parameters: { CheckVoiceIdOption: 'voiceAuthentication' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['Equals', 'Authenticated']],
    script: { host: { runServiceAction: () => Promise.resolve(done({ result: 'SomethingElse' })) } },
    goesTo: 'NoMatchingCondition',
  },
  {
    name: 'an adapter that fails names the error branch',
    Parameters: { CheckVoiceIdOption: 'voiceAuthentication' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    script: { host: { runServiceAction: () => failed('no answer', 'NoMatchingError') } },
    goesTo: 'NoMatchingError',
    logError: /no answer/,
  },
]);
