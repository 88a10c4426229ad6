// UpdateContactCallbackNumber: the number that a callback dials.

import { failed } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';

testAction('UpdateContactCallbackNumber', [
  {
    name: 'the number of the caller',
    Parameters: { CallbackNumber: '$.CustomerEndpoint.Address' },
    Errors: ['InvalidCallbackNumber', 'CallbackNumberNotDialable'],
    goesTo: 'next',
    calls: [['setCallbackNumber', '+12065550100']],
  },
  {
    name: 'no number',
    Parameters: { CallbackNumber: '$.StoredCustomerInput' },
    Errors: ['InvalidCallbackNumber', 'CallbackNumberNotDialable'],
    goesTo: 'InvalidCallbackNumber',
  },
  {
    name: 'a number that may not be dialled',
    Parameters: { CallbackNumber: '$.CustomerEndpoint.Address' },
    Errors: ['InvalidCallbackNumber', 'CallbackNumberNotDialable'],
    script: { host: { setCallbackNumber: () => failed('closed', 'CallbackNumberNotDialable') } },
    goesTo: 'CallbackNumberNotDialable',
  },
  {
    name: 'logs the number',
    Parameters: { CallbackNumber: '$.CustomerEndpoint.Address' },
    Errors: ['InvalidCallbackNumber', 'CallbackNumberNotDialable'],
    goesTo: 'next',
    logs: [['SetCallbackNumber', { CallbackNumber: '+12065550100' }]],
  },
]);
