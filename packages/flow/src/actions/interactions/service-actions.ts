// Actions of services beyond voice: Lex, views, Customer Profiles, Cases, Wisdom, Voice ID, data tables, messaging. They
// run through the host's adapter when there is one, and otherwise take their error branch. One table instead of a file
// each, because they differ in nothing but their data.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome, ConditionRules, ErrorRules } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { MESSAGE_KEYS, MESSAGE_PARAMETERS } from '../../message.ts';
import type { Choice } from '../../parameter-spec.ts';
import { free, map, number, object, type ParameterSpec, required, text } from '../../parameter-spec.ts';

interface ServiceAction {
  readonly type: string;
  readonly logType?: string;
  readonly reason: string;
  /** `unknown`: not published in full, so nothing can be said against any. */
  readonly parameters: Readonly<Record<string, ParameterSpec>> | 'unknown';
  readonly choice?: Choice;
  readonly errors: ErrorRules;
  readonly conditions?: ConditionRules;
}

const ANY_RESULT: ConditionRules = { operators: ['Equals'] };
const PROFILE_ERRORS: ErrorRules = {
  expected: ['NoMatchingError'],
  optional: ['MultipleFoundError', 'NoneFoundError'],
};
const CASE_ERRORS: ErrorRules = {
  expected: ['NoMatchingError'],
  optional: ['ContactNotLinked', 'MultipleFound', 'NoneFound', 'NoMatchingCondition'],
};
const ONLY_NO_MATCH: ErrorRules = { expected: ['NoMatchingError'], optional: ['NoMatchingCondition'] };
const PROFILE_PARAMETERS: Readonly<Record<string, ParameterSpec>> = {
  ProfileRequestData: free(),
  ProfileResponseData: free(),
};
const CASE_PARAMETERS: Readonly<Record<string, ParameterSpec>> = {
  LinkContactToCase: text('whole'),
  CaseTemplateId: text('whole'),
  CaseId: text('whole'),
  CaseRequestFields: free(),
  CaseResponseFields: free(),
  GetLastUpdatedCase: text('whole'),
};

const SERVICE_ACTIONS: readonly ServiceAction[] = [
  {
    type: 'ConnectParticipantWithLexBot',
    logType: 'GetUserInput',
    reason: 'Amazon Lex',
    parameters: {
      ...MESSAGE_PARAMETERS,
      LexInitializationData: object({ InitialMessage: text('inline') }),
      LexV2Bot: object({ AliasArn: required(text('whole')) }),
      LexBot: object({ Name: text('whole'), Region: text('whole'), Alias: text('whole') }),
      LexSessionAttributes: map(text('inline')),
      LexTimeoutSeconds: object({ Text: number(60, 604_800, 'static', 'warning') }),
    },
    choice: { rule: 'atLeastOne', of: [...MESSAGE_KEYS, 'LexInitializationData'] },
    errors: { expected: ['NoMatchingError', 'NoMatchingCondition'], optional: ['InputTimeLimitExceeded'] },
    conditions: ANY_RESULT,
  },
  {
    type: 'ShowView',
    reason: 'agent guides and chat views',
    parameters: {
      ViewResource: required(object({ Id: required(text('whole')), Version: text('whole') })),
      InvocationTimeLimitSeconds: required(text('whole')),
      ViewData: free(),
      SensitiveDataConfiguration: free(),
    },
    errors: { expected: ['NoMatchingError', 'NoMatchingCondition', 'TimeLimitExceeded'] },
    conditions: ANY_RESULT,
  },
  {
    type: 'AuthenticateParticipant',
    reason: 'chat authentication',
    parameters: {
      CognitoConfiguration: free(),
      CustomerProfilesConfiguration: free(),
      TimeLimitMinutes: text('whole'),
    },
    errors: { expected: ['NoMatchingError'], optional: ['TimeLimitExceeded', 'NoMatchingCondition'] },
    conditions: ANY_RESULT,
  },
  {
    type: 'CheckVoiceId',
    reason: 'Voice ID, which ended in 2026',
    parameters: { CheckVoiceIdOption: required(text('static')) },
    errors: ONLY_NO_MATCH,
    conditions: {
      operators: ['Equals'],
      results: [
        'Enrolled',
        'NotEnrolled',
        'OptedOut',
        'Authenticated',
        'NotAuthenticated',
        'Inconclusive',
        'HighRisk',
        'LowRisk',
      ],
    },
  },
  {
    type: 'StartVoiceIdStream',
    reason: 'Voice ID, which ended in 2026',
    parameters: {},
    errors: ONLY_NO_MATCH,
  },
  ...[
    'GetCustomerProfile',
    'CreateCustomerProfile',
    'UpdateCustomerProfile',
    'GetCustomerProfileObject',
    'GetCalculatedAttributesForCustomerProfile',
    'AssociateContactToCustomerProfile',
  ].map(
    (type): ServiceAction => ({
      type,
      reason: 'Customer Profiles',
      parameters: PROFILE_PARAMETERS,
      errors: PROFILE_ERRORS,
    }),
  ),
  ...['CreateCase', 'GetCase', 'UpdateCase'].map(
    (type): ServiceAction => ({ type, reason: 'Cases', parameters: CASE_PARAMETERS, errors: CASE_ERRORS }),
  ),
  {
    type: 'CreateWisdomSession',
    logType: 'SetWisdomAssistant',
    reason: 'Wisdom (Amazon Q in Connect)',
    parameters: { WisdomAssistantArn: required(text('whole')) },
    errors: ONLY_NO_MATCH,
  },
  ...[
    ['EvaluateDataTableValues', 'data tables'],
    ['ListDataTableValues', 'data tables'],
    ['UpsertDataTableValues', 'data tables'],
    ['StartOutboundChatContact', 'messaging'],
    ['UpdateContactMediaProcessing', 'chat'],
    ['ResumeContact', 'chat'],
    ['CreatePersistentContactAssociation', 'chat'],
    ['LoadContactContent', 'email'],
    ['RouteContactToAgent', 'a block the service itself does not take yet'],
    ['CheckSegmentMembership', 'a block the service itself does not take yet'],
  ].map(
    ([type = '', reason = '']): ServiceAction => ({
      type,
      reason,
      parameters: 'unknown',
      errors: ONLY_NO_MATCH,
      conditions: ANY_RESULT,
    }),
  ),
];

/** All of them as action definitions. */
export const serviceActions: readonly ActionDefinition[] = SERVICE_ACTIONS.map((action) => ({
  type: action.type,
  logType: action.logType ?? action.type,
  support: { level: 'adapter', reason: action.reason },
  flowTypes: 'all',
  nextAction: 'optional',
  parameters: action.parameters,
  ...(action.choice === undefined ? {} : { choice: action.choice }),
  errors: action.errors,
  ...(action.conditions === undefined ? {} : { conditions: action.conditions }),
  run: runServiceAction,
}));

/**
 * Runs an action through the host's adapter; its values are then seen under their root. Without an adapter, and for
 * types this version does not know, the error branch is taken.
 */
export async function runServiceAction(context: ActionContext): Promise<ActionOutcome> {
  const { host, action } = context;
  if (host.runServiceAction === undefined) {
    context.note('warn', `${action.type} is not available on this service; taking its error branch`);
    return {
      kind: 'error',
      errorType: 'NoMatchingError',
      detail: `${action.type} is not available on this service`,
    };
  }
  const parameters = context.resolveDeep(action.parameters);
  if (typeof parameters !== 'object' || parameters === null)
    throw new ActionFailure('the parameters are no object');
  const answer = await context.perform(
    action.type,
    host.runServiceAction(
      { actionType: action.type, parameters: parameters as Record<string, unknown> },
      context.signal,
    ),
  );
  if (answer.values !== undefined) {
    const { root, value } = answer.values;
    context.data.services = new Map([...context.data.services, [root, value]]);
  }
  return answer.result === undefined ? { kind: 'success' } : { kind: 'result', value: answer.result };
}
