// TransferParticipantToThirdParty (Transfer to phone number): joins the caller with a telephone number.

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  QUEUE,
  type ReportProblem,
  SUCCESS,
  TRANSFERS,
} from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { type Action, member } from '../../flow-document.ts';
import { flag, free, number, object, required, text } from '../../parameter-spec.ts';

export const transferParticipantToThirdParty: ActionDefinition = {
  type: 'TransferParticipantToThirdParty',
  logType: 'Transfer',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...QUEUE],
  nextAction: 'optional',
  parameters: {
    ThirdPartyPhoneNumber: text('inline', {
      pattern: /^\+?[0-9][0-9 ().-]{1,30}$/,
      expected: 'a number in E.164, e.g. "+12065550100"',
    }),
    ThirdPartyConnectionTimeLimitSeconds: required(number(0, 600, 'whole')),
    ContinueFlowExecution: required(flag()),
    ThirdPartyDTMFDigits: text('inline', {
      pattern: /^[0-9*#,]{1,50}$/,
      expected: 'up to 50 of 0-9, *, # and comma',
    }),
    CallerId: object({ Number: text('inline'), Name: text('inline') }),
    VoiceConnector: free(),
  },
  choice: { rule: 'exactlyOne', of: ['ThirdPartyPhoneNumber', 'VoiceConnector'] },
  errors: { expected: ['NoMatchingError'], optional: ['CallFailed', 'ConnectionTimeLimitExceeded'] },
  check,
  run,
};

function check(action: Action, report: ReportProblem): void {
  const returns = String(member(action.parameters, 'ContinueFlowExecution')).toLowerCase() === 'true';
  for (const errorType of ['CallFailed', 'ConnectionTimeLimitExceeded']) {
    const present = action.errors.some((branch) => branch.errorType === errorType);
    if (present && !returns) {
      report(
        'error',
        'Transitions.Errors',
        `Invalid Action error. Error: ${errorType}, Path: Actions[${action.index}]`,
        'Only with ContinueFlowExecution "True" does the flow learn of it; keep NoMatchingError alone.',
      );
    } else if (!present && returns) {
      report(
        'warning',
        'Transitions.Errors',
        `Action is missing required error. Error: ${errorType}, Path: Actions[${action.index}]`,
        `Add a branch for ${errorType}; without it NoMatchingError is taken.`,
      );
    }
  }
}

async function run(context: ActionContext): Promise<ActionOutcome> {
  const { host } = context;
  if (host.participant === undefined) {
    context.note('info', 'skipped: there is no participant');
    return SUCCESS;
  }
  const connector = context.raw('VoiceConnector');
  const phoneNumber = context.text('ThirdPartyPhoneNumber')?.replace(/[ ().-]/g, '') ?? '';
  if (connector === undefined && !/^\+[1-9]\d{2,14}$/.test(phoneNumber)) {
    throw new ActionFailure(`"${phoneNumber}" is no telephone number in E.164`);
  }
  const callerId = context.raw('CallerId');
  const callerNumber = context.textOf(member(callerId, 'Number'), 'CallerId.Number');
  const callerName = context.textOf(member(callerId, 'Name'), 'CallerId.Name');
  const dtmfDigits = context.text('ThirdPartyDTMFDigits');
  const seconds = context.number('ThirdPartyConnectionTimeLimitSeconds', 0, 600) ?? 30;
  const afterwards = context.isTrue('ContinueFlowExecution') ? 'resume' : 'leave';
  context.state.digitBuffer = undefined;
  await context.perform(
    'transferToThirdParty',
    host.transferToThirdParty?.(
      {
        phoneNumber,
        connectionTimeLimitMs: seconds * 1000,
        afterwards,
        ...(dtmfDigits === undefined ? {} : { dtmfDigits }),
        ...(callerNumber === undefined && callerName === undefined
          ? {}
          : {
              callerId: {
                ...(callerNumber === undefined ? {} : { number: callerNumber }),
                ...(callerName === undefined ? {} : { name: callerName }),
              },
            }),
        ...(typeof connector === 'object' && connector !== null
          ? { voiceConnector: context.resolveDeep(connector) as Record<string, unknown> }
          : {}),
      },
      context.signal,
    ),
  );
  context.state.silentLambdaMs = 0;
  const log = () => ({ parameters: { ThirdPartyPhoneNumber: phoneNumber, Target: 'PhoneNumber' } });
  return afterwards === 'resume'
    ? { kind: 'success', log }
    : { kind: 'leave', outcome: { kind: 'transferredToThirdParty' }, log };
}
