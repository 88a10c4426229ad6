// UpdateContactTargetQueue (Set working queue): the queue, or agent, that a later transfer and metrics mean.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, INBOUND, TRANSFERS } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { resource } from '../../parameter-spec.ts';
import { routingTarget, targetLog } from '../routing-target.ts';

export const updateContactTargetQueue: ActionDefinition = {
  type: 'UpdateContactTargetQueue',
  logType: 'SetQueue',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS],
  nextAction: 'required',
  parameters: { QueueId: resource('queue'), AgentId: resource('agent') },
  choice: { rule: 'exactlyOne', of: ['QueueId', 'AgentId'] },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const target = routingTarget(context);
  if (target === undefined) throw new ActionFailure('neither QueueId nor AgentId is given');
  return after(
    context.perform('setTargetQueue', context.host.setTargetQueue?.(target)),
    (): ActionOutcome => ({ kind: 'success', log: () => ({ parameters: targetLog(target) }) }),
  );
}
