// GetCase (Cases): finds a case.

import { serviceAction } from '../service-action.ts';
import { CASE_ERRORS, CASE_PARAMETERS } from './case-rules.ts';

export const getCase = serviceAction({
  type: 'GetCase',
  reason: 'Cases',
  parameters: CASE_PARAMETERS,
  errors: CASE_ERRORS,
});
