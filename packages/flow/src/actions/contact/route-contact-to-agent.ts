// RouteContactToAgent (Interrupt agent): rings an agent from a queue flow.

import { ADAPTER_ERRORS, ANY_RESULT, serviceAction } from '../service-action.ts';

export const routeContactToAgent = serviceAction({
  type: 'RouteContactToAgent',
  reason: 'a block the service itself does not take yet',
  parameters: 'unknown',
  errors: ADAPTER_ERRORS,
  conditions: ANY_RESULT,
});
