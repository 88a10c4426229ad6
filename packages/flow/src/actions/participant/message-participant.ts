// MessageParticipant (Play prompt): plays one message to its end.

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  QUEUE,
  SUCCESS,
  TRANSFERS,
  WHISPERS,
} from '../../action-definition.ts';
import { MESSAGE_KEYS, MESSAGE_PARAMETERS, messageLog, resolveMessage } from '../../message.ts';
import { flag } from '../../parameter-spec.ts';
import { keepPressedDigits } from './digit-buffer.ts';

export const messageParticipant: ActionDefinition = {
  type: 'MessageParticipant',
  logType: 'PlayPrompt',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...WHISPERS, ...QUEUE],
  nextAction: 'required',
  parameters: { ...MESSAGE_PARAMETERS, SkipWhenDTMFBufferEnabled: flag() },
  choice: { rule: 'exactlyOne', of: MESSAGE_KEYS },
  errors: { expected: [], optional: ['NoMatchingError'] },
  run,
};

async function run(context: ActionContext): Promise<ActionOutcome> {
  const participant = await context.participant();
  if (participant === undefined) return SUCCESS;
  const message = resolveMessage(context, context.action.parameters);
  const log = () => ({ parameters: messageLog(message) });
  const buffer = keepPressedDigits(context, participant);
  const skippable = buffer !== undefined && context.isTrue('SkipWhenDTMFBufferEnabled');
  if (skippable && buffer.length > 0) return { kind: 'success', log };
  const end = await context.perform(
    'play',
    participant.play(message, skippable ? 'untilDigit' : 'uninterrupted', context.signal),
  );
  if (end.kind === 'interrupted') buffer?.push(end.digit);
  context.state.silentLambdaMs = 0;
  return { kind: 'success', log };
}
