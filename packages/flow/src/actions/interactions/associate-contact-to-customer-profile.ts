// AssociateContactToCustomerProfile (Customer profiles): joins the contact to a profile.

import { serviceAction } from '../service-action.ts';
import { PROFILE_ERRORS, PROFILE_PARAMETERS } from './customer-profile-rules.ts';

export const associateContactToCustomerProfile = serviceAction({
  type: 'AssociateContactToCustomerProfile',
  reason: 'Customer Profiles',
  parameters: PROFILE_PARAMETERS,
  errors: PROFILE_ERRORS,
});
