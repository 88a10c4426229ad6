// AuthenticateParticipant: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('AuthenticateParticipant', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: { CognitoConfiguration: { UserPoolArn: 'it-1' }, TimeLimitMinutes: '5' },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /AuthenticateParticipant is not available/,
    logs: [
      ['AuthenticateParticipant', { CognitoConfiguration: { UserPoolArn: 'it-1' }, TimeLimitMinutes: '5' }],
    ],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it with references resolved, and its answer chooses the branch',
    Parameters: { CognitoConfiguration: { UserPoolArn: '$.Attributes.it' }, TimeLimitMinutes: '5' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['Equals', 'OptedOut']],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, {
            actionType: 'AuthenticateParticipant',
            parameters: { CognitoConfiguration: { UserPoolArn: 'it-1' }, TimeLimitMinutes: '5' },
          });
          return done({ result: 'OptedOut' });
        },
      },
    },
    goesTo: 'Equals OptedOut',
  },
  {
    name: 'an answer that no branch is for',
    Parameters: { CognitoConfiguration: { UserPoolArn: '$.Attributes.it' }, TimeLimitMinutes: '5' },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['Equals', 'OptedOut']],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: { runServiceAction: () => Promise.resolve(done({ result: 'SomethingElse' })) },
    },
    goesTo: 'NoMatchingCondition',
  },
  {
    name: 'an adapter that fails names the error branch',
    Parameters: { CognitoConfiguration: { UserPoolArn: 'it-1' }, TimeLimitMinutes: '5' },
    Errors: ['TimeLimitExceeded', 'NoMatchingError', 'NoMatchingCondition'],
    script: { host: { runServiceAction: () => failed('no answer', 'TimeLimitExceeded') } },
    goesTo: 'TimeLimitExceeded',
    logError: /no answer/,
  },
]);
