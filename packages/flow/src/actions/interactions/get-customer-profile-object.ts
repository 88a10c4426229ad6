// GetCustomerProfileObject (Customer profiles): finds an object of a profile.

import { serviceAction } from '../service-action.ts';
import { PROFILE_ERRORS, PROFILE_PARAMETERS } from './customer-profile-rules.ts';

export const getCustomerProfileObject = serviceAction({
  type: 'GetCustomerProfileObject',
  reason: 'Customer Profiles',
  parameters: PROFILE_PARAMETERS,
  errors: PROFILE_ERRORS,
});
