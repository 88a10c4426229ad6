// UpdateContactRecordingAndAnalyticsBehavior: the newer form, one behaviour per channel.

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  OUTBOUND,
  QUEUE,
  SUCCESS,
  TRANSFERS,
} from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import { member } from '../../flow-document.ts';
import type { Awaitable } from '../../flow-host.ts';
import { free, list, object, oneOf } from '../../parameter-spec.ts';
import {
  RECORDED_PARTICIPANTS,
  recordingBehaviorOf,
  recordingLog,
} from './update-contact-recording-behavior.ts';

const BEHAVIORS = ['VoiceBehavior', 'ChatBehavior', 'ScreenRecordingBehavior'] as const;

export const updateContactRecordingAndAnalyticsBehavior: ActionDefinition = {
  type: 'UpdateContactRecordingAndAnalyticsBehavior',
  logType: 'SetRecordingBehavior',
  support: { level: 'partial', missing: 'analytics are handed to the host; screens are not recorded' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...OUTBOUND, ...QUEUE],
  nextAction: 'required',
  parameters: {
    VoiceBehavior: object({
      VoiceRecordingBehavior: object({
        RecordedParticipants: RECORDED_PARTICIPANTS,
        IVRRecordingBehavior: oneOf('Enabled', 'Disabled'),
      }),
      VoiceAnalyticsBehavior: free(),
    }),
    ChatBehavior: free(),
    ScreenRecordingBehavior: object({ ScreenRecordedParticipants: list(oneOf('Agent')) }),
  },
  choice: { rule: 'exactlyOne', of: BEHAVIORS },
  errors: {
    expected: ['NoMatchingError', 'ChannelMismatch'],
    optional: ['InFlightRedactionConfigurationFailed'],
  },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  if (context.has('ChatBehavior') && context.contact.channel === 'VOICE') {
    return { kind: 'error', errorType: 'ChannelMismatch', detail: 'ChatBehavior on a voice contact' };
  }
  const voice = context.raw('VoiceBehavior');
  const screen = context.raw('ScreenRecordingBehavior');
  const recording = member(voice, 'VoiceRecordingBehavior');
  // Screen settings alone must not turn the recording of voices off.
  if (recording === undefined) {
    if (screen !== undefined) context.note('info', 'screens are not recorded here');
    return SUCCESS;
  }
  const behavior = recordingBehaviorOf(context, recording, member(voice, 'VoiceAnalyticsBehavior'));
  const set = context.performIfOffered('setRecordingBehavior', context.host.setRecordingBehavior?.(behavior));
  return after(
    set,
    (): ActionOutcome => ({ kind: 'success', log: () => ({ parameters: recordingLog(behavior) }) }),
  );
}
