// StartOutboundChatContact: sends the customer a message outside the call.

import { ADAPTER_ERRORS, ANY_RESULT, serviceAction } from '../service-action.ts';

export const startOutboundChatContact = serviceAction({
  type: 'StartOutboundChatContact',
  reason: 'messaging',
  parameters: 'unknown',
  errors: ADAPTER_ERRORS,
  conditions: ANY_RESULT,
});
