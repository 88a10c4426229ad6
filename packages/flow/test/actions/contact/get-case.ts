// GetCase: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('GetCase', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: { CaseId: 'it-1', CaseResponseFields: ['status'] },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /GetCase is not available/,
    logs: [['GetCase', { CaseId: 'it-1', CaseResponseFields: ['status'] }]],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it with references resolved, and goes on',
    Parameters: { CaseId: '$.Attributes.it', CaseResponseFields: ['status'] },
    Errors: ['NoMatchingError'],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, {
            actionType: 'GetCase',
            parameters: { CaseId: 'it-1', CaseResponseFields: ['status'] },
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
    Parameters: { CaseId: 'it-1', CaseResponseFields: ['status'] },
    Errors: ['NoneFound', 'NoMatchingError'],
    script: { host: { runServiceAction: () => failed('no answer', 'NoneFound') } },
    goesTo: 'NoneFound',
    logError: /no answer/,
  },
]);
