// What the actions of Cases have in common: their parameters and errors.

import type { ErrorRules } from '../../action-definition.ts';
import { free, type ParameterSpec, text } from '../../parameter-spec.ts';

export const CASE_PARAMETERS: Readonly<Record<string, ParameterSpec>> = {
  LinkContactToCase: text('whole'),
  CaseTemplateId: text('whole'),
  CaseId: text('whole'),
  CaseRequestFields: free(),
  CaseResponseFields: free(),
  GetLastUpdatedCase: text('whole'),
};

export const CASE_ERRORS: ErrorRules = {
  expected: ['NoMatchingError'],
  optional: ['ContactNotLinked', 'MultipleFound', 'NoneFound', 'NoMatchingCondition'],
};
