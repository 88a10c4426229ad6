// LoadContactContent: loads the text of an email.

import { ADAPTER_ERRORS, ANY_RESULT, serviceAction } from '../service-action.ts';

export const loadContactContent = serviceAction({
  type: 'LoadContactContent',
  reason: 'email',
  parameters: 'unknown',
  errors: ADAPTER_ERRORS,
  conditions: ANY_RESULT,
});
