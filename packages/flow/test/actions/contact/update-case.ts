// UpdateCase: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('UpdateCase', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: { CaseId: 'it-1', CaseRequestFields: { status: 'open' } },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /UpdateCase is not available/,
    logs: [['UpdateCase', { CaseId: 'it-1', CaseRequestFields: { status: 'open' } }]],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it with references resolved, and goes on',
    Parameters: { CaseId: '$.Attributes.it', CaseRequestFields: { status: 'open' } },
    Errors: ['NoMatchingError'],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, {
            actionType: 'UpdateCase',
            parameters: { CaseId: 'it-1', CaseRequestFields: { status: 'open' } },
          });
          return done({ values: { root: 'Case', value: { Kept: 'yes' } } });
        },
      },
    },
    goesTo: 'next',
    also: (ran) => assert.deepEqual(ran.state.data.services.get('Case'), { Kept: 'yes' }),
  },
  {
    name: 'an adapter that fails names the error branch',
    Parameters: { CaseId: 'it-1', CaseRequestFields: { status: 'open' } },
    Errors: ['NoMatchingError'],
    script: { host: { runServiceAction: () => failed('no answer', 'NoMatchingError') } },
    goesTo: 'NoMatchingError',
    logError: /no answer/,
  },
]);
