// CheckSegmentMembership: asks whether the customer belongs to a segment.

import { ADAPTER_ERRORS, ANY_RESULT, serviceAction } from '../service-action.ts';

export const checkSegmentMembership = serviceAction({
  type: 'CheckSegmentMembership',
  reason: 'a block the service itself does not take yet',
  parameters: 'unknown',
  errors: ADAPTER_ERRORS,
  conditions: ANY_RESULT,
});
