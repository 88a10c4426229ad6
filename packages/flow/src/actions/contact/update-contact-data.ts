// UpdateContactData (Set contact data, and the language part of Set voice): sets fields of the contact.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable, ContactDataField } from '../../flow-host.ts';
import { oneOf, text } from '../../parameter-spec.ts';

const FIELDS: readonly ContactDataField[] = [
  'Name',
  'Description',
  'LanguageCode',
  'CustomerId',
  'WisdomSessionArn',
];

/** Settings of Voice ID, a service that ended in 2026: accepted and without effect. */
const VOICE_ID_FIELDS = [
  'IsVoiceIdStreamingEnabled',
  'IsVoiceAuthenticationEnabled',
  'VoiceAuthenticationThreshold',
  'VoiceAuthenticationResponseTime',
  'IsFraudDetectionEnabled',
  'FraudDetectionThreshold',
  'WatchlistId',
] as const;

export const updateContactData: ActionDefinition = {
  type: 'UpdateContactData',
  logType: 'SetContactData',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    Name: text('inline', { maxLength: 512 }),
    Description: text('inline', { maxLength: 4_096 }),
    LanguageCode: text('whole'),
    CustomerId: text('inline'),
    WisdomSessionArn: text('whole'),
    ...Object.fromEntries(VOICE_ID_FIELDS.map((name) => [name, text('whole')])),
    TargetContact: oneOf('Current', 'Related'),
  },
  choice: { rule: 'atLeastOne', of: [...FIELDS, ...VOICE_ID_FIELDS] },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const fields = new Map<ContactDataField, string>();
  for (const name of FIELDS) {
    const value = context.text(name);
    if (value !== undefined) fields.set(name, value);
  }
  if (VOICE_ID_FIELDS.some((name) => context.has(name))) {
    context.note('info', 'Voice ID settings have no effect: the service ended in 2026');
  } else if (fields.size === 0) throw new ActionFailure('there is no field to set');
  const target = context.text('TargetContact') === 'Related' ? 'related' : 'current';
  const language = fields.get('LanguageCode');
  if (language !== undefined && !/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/.test(language)) {
    throw new ActionFailure(`"${language}" is no language code`);
  }
  const updated =
    fields.size === 0
      ? undefined
      : context.performIfOffered('updateContactData', context.host.updateContactData?.(target, fields));
  return after(updated, (): ActionOutcome => {
    if (language !== undefined && target === 'current') context.state.languageCode = language;
    return { kind: 'success', log: () => ({ parameters: Object.fromEntries(fields) }) };
  });
}
