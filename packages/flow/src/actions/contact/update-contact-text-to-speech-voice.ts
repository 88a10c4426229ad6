// UpdateContactTextToSpeechVoice (Set voice): who speaks from now on, for the rest of the contact.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { required, text } from '../../parameter-spec.ts';

export const updateContactTextToSpeechVoice: ActionDefinition = {
  type: 'UpdateContactTextToSpeechVoice',
  logType: 'SetVoice',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  // The service does not check the values when a flow is created: voices come and go.
  parameters: {
    TextToSpeechVoice: required(text('whole')),
    TextToSpeechEngine: text('whole'),
    TextToSpeechStyle: text('whole'),
  },
  errors: { expected: [], optional: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): ActionOutcome {
  const voiceId = context.requiredText('TextToSpeechVoice');
  const engine = context.text('TextToSpeechEngine');
  const style = context.text('TextToSpeechStyle');
  context.state.voice = {
    voiceId,
    ...(engine === undefined ? {} : { engine }),
    ...(style === undefined ? {} : { style }),
  };
  return {
    kind: 'success',
    log: () => ({ parameters: { GlobalVoice: voiceId, Engine: engine, Style: style } }),
  };
}
