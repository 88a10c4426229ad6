// UpdateCase: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import { testAction } from '../../action-table.ts';
import { serviceActionCases } from '../../service-action-table.ts';

testAction(
  'UpdateCase',
  serviceActionCases({
    type: 'UpdateCase',
    Parameters: { CaseId: '$.Attributes.it', CaseRequestFields: { status: 'open' } },
    resolved: { CaseId: 'it-1', CaseRequestFields: { status: 'open' } },
    root: 'Case',
  }),
);
