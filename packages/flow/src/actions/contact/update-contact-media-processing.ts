// UpdateContactMediaProcessing: sends the messages of a chat through a function.

import { ADAPTER_ERRORS, ANY_RESULT, serviceAction } from '../service-action.ts';

export const updateContactMediaProcessing = serviceAction({
  type: 'UpdateContactMediaProcessing',
  reason: 'chat',
  parameters: 'unknown',
  errors: ADAPTER_ERRORS,
  conditions: ANY_RESULT,
});
