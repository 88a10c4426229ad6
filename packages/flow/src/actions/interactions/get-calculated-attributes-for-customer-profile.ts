// GetCalculatedAttributesForCustomerProfile (Customer profiles): reads values computed for a profile.

import { serviceAction } from '../service-action.ts';
import { PROFILE_ERRORS, PROFILE_PARAMETERS } from './customer-profile-rules.ts';

export const getCalculatedAttributesForCustomerProfile = serviceAction({
  type: 'GetCalculatedAttributesForCustomerProfile',
  reason: 'Customer Profiles',
  parameters: PROFILE_PARAMETERS,
  errors: PROFILE_ERRORS,
});
