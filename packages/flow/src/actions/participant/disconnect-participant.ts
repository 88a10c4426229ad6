// DisconnectParticipant (Disconnect): hangs up. Without a participant it only ends the flow.

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  QUEUE,
  TRANSFERS,
} from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';

export const disconnectParticipant: ActionDefinition = {
  type: 'DisconnectParticipant',
  logType: 'Disconnect',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...QUEUE],
  nextAction: 'none',
  parameters: {},
  errors: { expected: [] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const { host } = context;
  if (host.participant === undefined) {
    return { kind: 'leave', outcome: { kind: 'ended', reason: 'endFlowExecution' } };
  }
  const disconnected: ActionOutcome = { kind: 'leave', outcome: { kind: 'disconnected' } };
  if (host.disconnect === undefined) return disconnected;
  return after(host.disconnect(), (result) => {
    if (result.kind !== 'done') context.note('warn', `hanging up: ${result.detail}`);
    return disconnected;
  });
}
