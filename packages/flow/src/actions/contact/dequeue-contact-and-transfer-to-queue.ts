// DequeueContactAndTransferToQueue: a waiting contact leaves its queue for another one, as a new segment.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, QUEUE } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { resource } from '../../parameter-spec.ts';
import { routingTarget, targetLog } from '../routing-target.ts';

/**
 * How often a contact may move (Administrator Guide, Transfer to queue: twelve contacts of a chain). Each queue has its queue flow run
 * anew, so one that moves the contact at once would do it for ever.
 */
const MAX_MOVES = 11;

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
  const { state } = context;
  if (state.queueMoves >= MAX_MOVES)
    throw new ActionFailure(`the contact went from queue to queue ${MAX_MOVES} times already`);
  return after(
    context.perform('dequeueAndTransfer', context.host.dequeueAndTransfer?.(target)),
    (): ActionOutcome => {
      state.queueMoves += 1;
      state.digitBuffer = undefined;
      return {
        kind: 'leave',
        outcome: { kind: 'queued', from: 'queue' },
        log: () => ({ parameters: { Target: 'Queue', ...targetLog(target) } }),
      };
    },
  );
}
