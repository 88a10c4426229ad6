// UpdateCustomerProfile (Customer profiles): changes a profile.

import { serviceAction } from '../service-action.ts';
import { PROFILE_ERRORS, PROFILE_PARAMETERS } from './customer-profile-rules.ts';

export const updateCustomerProfile = serviceAction({
  type: 'UpdateCustomerProfile',
  reason: 'Customer Profiles',
  parameters: PROFILE_PARAMETERS,
  errors: PROFILE_ERRORS,
});
