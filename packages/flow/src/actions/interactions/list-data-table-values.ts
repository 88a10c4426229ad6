// ListDataTableValues: reads rows of a data table.

import { ADAPTER_ERRORS, ANY_RESULT, serviceAction } from '../service-action.ts';

export const listDataTableValues = serviceAction({
  type: 'ListDataTableValues',
  reason: 'data tables',
  parameters: 'unknown',
  errors: ADAPTER_ERRORS,
  conditions: ANY_RESULT,
});
