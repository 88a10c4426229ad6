// CreatePersistentContactAssociation: joins a chat to an earlier one.

import { ADAPTER_ERRORS, ANY_RESULT, serviceAction } from '../service-action.ts';

export const createPersistentContactAssociation = serviceAction({
  type: 'CreatePersistentContactAssociation',
  reason: 'chat',
  parameters: 'unknown',
  errors: ADAPTER_ERRORS,
  conditions: ANY_RESULT,
});
