// CheckOutboundCallStatus (Check call progress): waits for the answering machine verdict and branches on it.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';

const STATUSES = ['CallAnswered', 'VoicemailBeep', 'VoicemailNoBeep', 'NotDetected'] as const;

export const checkOutboundCallStatus: ActionDefinition = {
  type: 'CheckOutboundCallStatus',
  logType: 'CheckOutboundCallStatus',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'optional',
  parameters: {},
  errors: { expected: ['NoMatchingError'], optional: ['NoMatchingCondition'] },
  conditions: { operators: ['Equals'], results: STATUSES },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const status = context.host.outboundCallStatus?.(context.signal);
  return after(context.perform('outboundCallStatus', status), (value): ActionOutcome => {
    return { kind: 'result', value, log: () => ({ parameters: {}, results: value }) };
  });
}
