// What the actions of Customer Profiles have in common: their parameters and errors.

import type { ErrorRules } from '../../action-definition.ts';
import { free, type ParameterSpec } from '../../parameter-spec.ts';

export const PROFILE_PARAMETERS: Readonly<Record<string, ParameterSpec>> = {
  ProfileRequestData: free(),
  ProfileResponseData: free(),
};

export const PROFILE_ERRORS: ErrorRules = {
  expected: ['NoMatchingError'],
  optional: ['MultipleFoundError', 'NoneFoundError'],
};
