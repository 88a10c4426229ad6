// EvaluateDataTableValues: looks up values of a data table.

import { ADAPTER_ERRORS, ANY_RESULT, serviceAction } from '../service-action.ts';

export const evaluateDataTableValues = serviceAction({
  type: 'EvaluateDataTableValues',
  reason: 'data tables',
  parameters: 'unknown',
  errors: ADAPTER_ERRORS,
  conditions: ANY_RESULT,
});
