// CreateCase: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('CreateCase', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: {
      CaseTemplateId: 'it-1',
      LinkContactToCase: 'true',
      CaseRequestFields: { title: 'Call of VOICE' },
    },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /CreateCase is not available/,
    logs: [
      [
        'CreateCase',
        { CaseTemplateId: 'it-1', LinkContactToCase: 'true', CaseRequestFields: { title: 'Call of VOICE' } },
      ],
    ],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it with references resolved, and goes on',
    Parameters: {
      CaseTemplateId: '$.Attributes.it',
      LinkContactToCase: 'true',
      CaseRequestFields: { title: 'Call of $.Channel' },
    },
    Errors: ['NoMatchingError'],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, {
            actionType: 'CreateCase',
            parameters: {
              CaseTemplateId: 'it-1',
              LinkContactToCase: 'true',
              CaseRequestFields: { title: 'Call of VOICE' },
            },
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
    Parameters: {
      CaseTemplateId: 'it-1',
      LinkContactToCase: 'true',
      CaseRequestFields: { title: 'Call of VOICE' },
    },
    Errors: ['ContactNotLinked', 'NoMatchingError'],
    script: { host: { runServiceAction: () => failed('no answer', 'ContactNotLinked') } },
    goesTo: 'ContactNotLinked',
    logError: /no answer/,
  },
]);
