// DequeueContactAndTransferToQueue: a waiting contact leaves its queue for another one, as a new segment.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, QUEUE } from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { resource } from '../../parameter-spec.ts';
import { routingTarget, targetLog } from '../routing-target.ts';

export const dequeueContactAndTransferToQueue: ActionDefinition = {
  type: 'DequeueContactAndTransferToQueue',
  logType: 'Transfer',
  support: { level: 'full' },
  flowTypes: QUEUE,
  // A copy of an error target in exports; never followed on success.
  nextAction: 'optional',
  parameters: { QueueId: resource('queue'), AgentId: resource('agent') },
  choice: { rule: 'exactlyOne', of: ['QueueId', 'AgentId'] },
  errors: { expected: ['QueueAtCapacity', 'NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const target = routingTarget(context);
  return after(
    context.perform('dequeueAndTransfer', context.host.dequeueAndTransfer?.(target)),
    (): ActionOutcome => {
      context.state.digitBuffer = undefined;
      return {
        kind: 'leave',
        outcome: { kind: 'queued', from: 'queue' },
        log: () => ({ parameters: { Target: 'Queue', ...targetLog(target) } }),
      };
    },
  );
}
