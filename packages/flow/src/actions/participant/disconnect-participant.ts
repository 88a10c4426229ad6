// DisconnectParticipant (Disconnect): hangs up. Without a participant it only ends the flow.

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  QUEUE,
  TRANSFERS,
} from '../../action-definition.ts';
import type { Awaitable } from '../../flow-host.ts';

export const disconnectParticipant: ActionDefinition = {
  type: 'DisconnectParticipant',
  logType: 'Disconnect',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...QUEUE],
  nextAction: 'none',
  parameters: {},
  errors: { expected: [] },
  endsContact: true,
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const { host } = context;
  if (host.participant === undefined) {
    return { kind: 'leave', outcome: { kind: 'ended', reason: 'endFlowExecution' } };
  }
  return host.disconnect === undefined ? DISCONNECTED : hangUp(context);
}

const DISCONNECTED: ActionOutcome = { kind: 'leave', outcome: { kind: 'disconnected' } };

/** Whatever goes wrong while hanging up, the flow has ended by its own will. */
async function hangUp(context: ActionContext): Promise<ActionOutcome> {
  try {
    const result = await context.host.disconnect?.();
    if (result !== undefined && result.kind !== 'done') context.note('warn', `hanging up: ${result.detail}`);
  } catch (error) {
    context.note('error', 'hanging up threw', error);
  }
  return DISCONNECTED;
}
