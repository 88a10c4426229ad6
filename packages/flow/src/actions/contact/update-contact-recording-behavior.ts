// UpdateContactRecordingBehavior (Set recording and analytics behavior): who is recorded once an agent is joined, and
// whether the automated part is. Never fails: the language gives it no error branch.

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  OUTBOUND,
  QUEUE,
  TRANSFERS,
} from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import { member } from '../../flow-document.ts';
import type { Awaitable, RecordingBehavior } from '../../flow-host.ts';
import { free, list, object, oneOf, required } from '../../parameter-spec.ts';

/** What may be recorded; shared with the successor of this action. */
export const RECORDED_PARTICIPANTS = list(oneOf('Agent', 'Customer'));

export const updateContactRecordingBehavior: ActionDefinition = {
  type: 'UpdateContactRecordingBehavior',
  logType: 'SetRecordingBehavior',
  support: { level: 'partial', missing: 'AnalyticsBehavior is handed to the host, not analysed' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...OUTBOUND, ...QUEUE],
  nextAction: 'required',
  parameters: {
    RecordingBehavior: required(
      object({
        RecordedParticipants: RECORDED_PARTICIPANTS,
        ScreenRecordedParticipants: list(oneOf('Agent')),
        IVRRecordingBehavior: oneOf('Enabled', 'Disabled'),
      }),
    ),
    AnalyticsBehavior: free(),
  },
  errors: { expected: [] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const behavior = recordingBehaviorOf(
    context,
    context.raw('RecordingBehavior'),
    context.raw('AnalyticsBehavior'),
  );
  const set = context.performIfOffered('setRecordingBehavior', context.host.setRecordingBehavior?.(behavior));
  return after(
    set,
    (): ActionOutcome => ({ kind: 'success', log: () => ({ parameters: recordingLog(behavior) }) }),
  );
}

/** Reads a `RecordingBehavior` (or `VoiceRecordingBehavior`) and the analytics beside it. */
export function recordingBehaviorOf(
  context: ActionContext,
  recording: unknown,
  analytics: unknown,
): RecordingBehavior {
  const participants = member(recording, 'RecordedParticipants');
  const screens = member(recording, 'ScreenRecordedParticipants');
  const ivr = context.textOf(member(recording, 'IVRRecordingBehavior'), 'IVRRecordingBehavior');
  return {
    recordedParticipants: (Array.isArray(participants) ? participants : []).filter(
      (participant) => participant === 'Agent' || participant === 'Customer',
    ),
    screenRecordedParticipants: (Array.isArray(screens) ? screens : []).filter(
      (participant) => typeof participant === 'string',
    ),
    ...(ivr === 'Enabled' || ivr === 'Disabled' ? { ivrRecording: ivr } : {}),
    ...(typeof analytics === 'object' && analytics !== null
      ? { analytics: context.resolveDeep(analytics) as Record<string, unknown> }
      : {}),
  };
}

/** How flow logs show a recording behaviour. */
export function recordingLog(behavior: RecordingBehavior): Readonly<Record<string, unknown>> {
  return {
    RecordingBehaviorOption: behavior.recordedParticipants.length > 0 ? 'Enable' : 'Disable',
    RecordingParticipantOption:
      behavior.recordedParticipants.length === 2 ? 'All' : (behavior.recordedParticipants[0] ?? 'None'),
    ...(behavior.ivrRecording === undefined ? {} : { IVRRecordingBehavior: behavior.ivrRecording }),
  };
}
