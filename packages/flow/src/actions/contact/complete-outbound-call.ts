// CompleteOutboundCall (Call phone number): in an outbound whisper flow, dials the customer now.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, OUTBOUND, SUCCESS } from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import { member } from '../../flow-document.ts';
import type { Awaitable } from '../../flow-host.ts';
import { free, number, object, text } from '../../parameter-spec.ts';

export const completeOutboundCall: ActionDefinition = {
  type: 'CompleteOutboundCall',
  logType: 'CompleteOutboundCall',
  support: { level: 'full' },
  flowTypes: OUTBOUND,
  nextAction: 'required',
  parameters: {
    CallerId: object({ Number: text('whole'), Name: text('whole') }),
    VoiceConnector: free(),
    ConnectionTimeLimitSeconds: number(1, 600, 'whole'),
  },
  errors: { expected: [] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const callerIdNumber = context.textOf(member(context.raw('CallerId'), 'Number'), 'CallerId.Number');
  const seconds = context.number('ConnectionTimeLimitSeconds', 1, 600);
  const connector = context.raw('VoiceConnector');
  const request = {
    ...(callerIdNumber === undefined ? {} : { callerIdNumber }),
    ...(seconds === undefined ? {} : { connectionTimeLimitMs: seconds * 1000 }),
    ...(typeof connector === 'object' && connector !== null
      ? { voiceConnector: context.resolveDeep(connector) as Record<string, unknown> }
      : {}),
  };
  const call = context.host.completeOutboundCall?.(request, context.signal);
  return after(context.perform('completeOutboundCall', call), () => SUCCESS);
}
