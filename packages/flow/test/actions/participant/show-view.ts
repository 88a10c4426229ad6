// ShowView: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('ShowView', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: {
      ViewResource: { Id: 'it-1' },
      InvocationTimeLimitSeconds: '60',
      ViewData: { Call: 'VOICE' },
    },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /ShowView is not available/,
    logs: [
      [
        'ShowView',
        { ViewResource: { Id: 'it-1' }, InvocationTimeLimitSeconds: '60', ViewData: { Call: 'VOICE' } },
      ],
    ],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it with references resolved, and its answer chooses the branch',
    Parameters: {
      ViewResource: { Id: '$.Attributes.it' },
      InvocationTimeLimitSeconds: '60',
      ViewData: { Call: '$.Channel' },
    },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['Equals', 'Next']],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, {
            actionType: 'ShowView',
            parameters: {
              ViewResource: { Id: 'it-1' },
              InvocationTimeLimitSeconds: '60',
              ViewData: { Call: 'VOICE' },
            },
          });
          return done({ result: 'Next', values: { root: 'Views', value: { Kept: 'yes' } } });
        },
      },
    },
    goesTo: 'Equals Next',
    also: (ran) => assert.deepEqual(ran.state.data.services.get('Views'), { Kept: 'yes' }),
  },
  {
    name: 'an answer that no branch is for',
    Parameters: {
      ViewResource: { Id: '$.Attributes.it' },
      InvocationTimeLimitSeconds: '60',
      ViewData: { Call: '$.Channel' },
    },
    Errors: ['NoMatchingError', 'NoMatchingCondition'],
    Conditions: [['Equals', 'Next']],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: { runServiceAction: () => Promise.resolve(done({ result: 'SomethingElse' })) },
    },
    goesTo: 'NoMatchingCondition',
  },
  {
    name: 'an adapter that fails names the error branch',
    Parameters: {
      ViewResource: { Id: 'it-1' },
      InvocationTimeLimitSeconds: '60',
      ViewData: { Call: 'VOICE' },
    },
    Errors: ['TimeLimitExceeded', 'NoMatchingError', 'NoMatchingCondition'],
    script: { host: { runServiceAction: () => failed('no answer', 'TimeLimitExceeded') } },
    goesTo: 'TimeLimitExceeded',
    logError: /no answer/,
  },
]);
