// Rules of GetParticipantInput that depend on its mode: which parameters, errors and conditions go together.

import type { ReportProblem } from '../../action-definition.ts';
import { type Action, member } from '../../flow-document.ts';
import { inputModeOf } from './input-mode.ts';

/** Reports what does not fit the action's mode. */
export function checkInputModes(action: Action, report: ReportProblem): void {
  const mode = inputModeOf(action);
  const has = (name: string): boolean => (member(action.parameters, name) ?? undefined) !== undefined;
  const hasError = (errorType: string): boolean =>
    action.errors.some((branch) => branch.errorType === errorType);
  const refuseError = (errorType: string, remedy: string): void => {
    if (hasError(errorType)) {
      report(
        'error',
        '',
        `Invalid Action error. Error: ${errorType}, Path: Actions[${action.index}]`,
        remedy,
      );
    }
  };
  if (mode !== 'buffer' && !has('InputTimeLimitSeconds')) {
    report(
      'error',
      'Parameters.InputTimeLimitSeconds',
      missing(action, 'InputTimeLimitSeconds'),
      'Give the seconds to wait for the first key, e.g. "5".',
    );
  }
  if (mode === 'menu') {
    if (!hasError('NoMatchingCondition')) warnMissingError(action, report, 'NoMatchingCondition');
    if (!hasError('InputTimeLimitExceeded')) warnMissingError(action, report, 'InputTimeLimitExceeded');
    refuseError('InvalidPhoneNumber', 'A menu has no phone number; remove the branch.');
    return;
  }
  if (action.conditions.length > 0) {
    report(
      'error',
      'Transitions.Conditions',
      'Action does not support conditions',
      'Compare $.StoredCustomerInput.',
    );
  }
  refuseError(
    'InputTimeLimitExceeded',
    'Without input $.StoredCustomerInput is "Timeout"; compare that instead.',
  );
  refuseError('NoMatchingCondition', 'Stored input has no conditions; remove the branch.');
  if (mode === 'buffer') return;
  const validation = member(action.parameters, 'InputValidation');
  const phone = member(validation, 'PhoneNumberValidation');
  const hasPhone = typeof phone === 'object' && phone !== null;
  if (!has('InputValidation')) {
    report(
      'error',
      'Parameters.InputValidation',
      missing(action, 'InputValidation'),
      'Give CustomValidation{MaximumLength} or PhoneNumberValidation{NumberFormat}.',
    );
  }
  if (hasPhone && !hasError('InvalidPhoneNumber')) warnMissingError(action, report, 'InvalidPhoneNumber');
  if (!hasPhone) refuseError('InvalidPhoneNumber', 'Only phone number validation can find one invalid.');
  if (hasPhone && has('InputEncryption')) {
    report(
      'error',
      'Parameters.InputEncryption',
      `Invalid Action property name. Path: Actions[${action.index}].Parameters.InputEncryption`,
      'Encryption goes with CustomValidation only.',
    );
  }
  if (
    hasPhone &&
    member(phone, 'NumberFormat') === 'Local' &&
    typeof member(phone, 'CountryCode') !== 'string'
  ) {
    report(
      'error',
      'Parameters.InputValidation.PhoneNumberValidation.CountryCode',
      missing(action, 'InputValidation.PhoneNumberValidation.CountryCode'),
      'A local format needs its country, e.g. "US".',
    );
  }
}

function missing(action: Action, parameter: string): string {
  return `Action is missing required property. Path: Actions[${action.index}].Parameters.${parameter}`;
}

function warnMissingError(action: Action, report: ReportProblem, errorType: string): void {
  report(
    'warning',
    'Transitions.Errors',
    `Action is missing required error. Error: ${errorType}, Path: Actions[${action.index}]`,
    `Add a branch for ${errorType}; without it NoMatchingError is taken, else NextAction.`,
  );
}
