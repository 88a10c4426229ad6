// UpdateCase (Cases): changes a case.

import { serviceAction } from '../service-action.ts';
import { CASE_ERRORS, CASE_PARAMETERS } from './case-rules.ts';

export const updateCase = serviceAction({
  type: 'UpdateCase',
  reason: 'Cases',
  parameters: CASE_PARAMETERS,
  errors: CASE_ERRORS,
});
