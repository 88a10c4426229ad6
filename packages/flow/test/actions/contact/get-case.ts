// GetCase: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import { testAction } from '../../action-table.ts';
import { serviceActionCases } from '../../service-action-table.ts';

testAction(
  'GetCase',
  serviceActionCases({
    type: 'GetCase',
    Parameters: { CaseId: '$.Attributes.it', CaseResponseFields: ['status'] },
    resolved: { CaseId: 'it-1', CaseResponseFields: ['status'] },
    root: 'Case',
    Errors: ['NoneFound', 'NoMatchingError'],
  }),
);
