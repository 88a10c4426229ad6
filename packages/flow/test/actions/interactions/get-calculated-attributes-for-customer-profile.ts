// GetCalculatedAttributesForCustomerProfile: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import { testAction } from '../../action-table.ts';
import { serviceActionCases } from '../../service-action-table.ts';

testAction(
  'GetCalculatedAttributesForCustomerProfile',
  serviceActionCases({
    type: 'GetCalculatedAttributesForCustomerProfile',
    Parameters: { ProfileRequestData: { _phone: '$.Attributes.it' } },
    resolved: { ProfileRequestData: { _phone: 'it-1' } },
    root: 'Customer',
  }),
);
