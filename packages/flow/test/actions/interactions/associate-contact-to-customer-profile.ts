// AssociateContactToCustomerProfile: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import assert from 'node:assert/strict';
import { done, failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('AssociateContactToCustomerProfile', [
  {
    name: 'without an adapter takes its error branch, and note and log say so',
    Parameters: { ProfileRequestData: { _phone: 'it-1' } },
    Errors: ['NoMatchingError'],
    goesTo: 'NoMatchingError',
    note: /AssociateContactToCustomerProfile is not available/,
    logs: [['AssociateContactToCustomerProfile', { ProfileRequestData: { _phone: 'it-1' } }]],
    logError: /not available/,
  },
  {
    name: 'with an adapter asks it with references resolved, and goes on',
    Parameters: { ProfileRequestData: { _phone: '$.Attributes.it' } },
    Errors: ['NoMatchingError'],
    script: {
      contact: { attributes: new Map([['it', 'it-1']]) },
      host: {
        runServiceAction: (request) => {
          assert.deepEqual(request, {
            actionType: 'AssociateContactToCustomerProfile',
            parameters: { ProfileRequestData: { _phone: 'it-1' } },
          });
          return done({ values: { root: 'Customer', value: { Kept: 'yes' } } });
        },
      },
    },
    goesTo: 'next',
    also: (ran) => assert.deepEqual(ran.state.data.services.get('Customer'), { Kept: 'yes' }),
  },
  {
    name: 'an adapter that fails names the error branch',
    Parameters: { ProfileRequestData: { _phone: 'it-1' } },
    Errors: ['NoMatchingError'],
    script: { host: { runServiceAction: () => failed('no answer', 'NoMatchingError') } },
    goesTo: 'NoMatchingError',
    logError: /no answer/,
  },
]);
