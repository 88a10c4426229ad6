// CreateCase: without an adapter its error branch; with one, what the adapter is asked and what its answer does.

import { testAction } from '../../action-table.ts';
import { serviceActionCases } from '../../service-action-table.ts';

testAction(
  'CreateCase',
  serviceActionCases({
    type: 'CreateCase',
    Parameters: {
      CaseTemplateId: '$.Attributes.it',
      LinkContactToCase: 'true',
      CaseRequestFields: { title: 'Call of $.Channel' },
    },
    resolved: {
      CaseTemplateId: 'it-1',
      LinkContactToCase: 'true',
      CaseRequestFields: { title: 'Call of VOICE' },
    },
    root: 'Case',
    Errors: ['ContactNotLinked', 'NoMatchingError'],
  }),
);
