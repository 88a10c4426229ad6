// UpdateContactRoutingBehavior (Change routing priority / age): moves the contact in its queue. Has no error branch.

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  QUEUE,
  TRANSFERS,
} from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable, RoutingPriority } from '../../flow-host.ts';
import { number } from '../../parameter-spec.ts';

/** Largest priority and adjustment, far beyond what a queue can use. */
const MAX_PRIORITY = 9_223_372_036_854_775_000;
const MAX_ADJUSTMENT_SECONDS = 31_536_000;

export const updateContactRoutingBehavior: ActionDefinition = {
  type: 'UpdateContactRoutingBehavior',
  logType: 'SetQueuePriority',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...QUEUE],
  nextAction: 'required',
  parameters: {
    QueuePriority: number(1, MAX_PRIORITY, 'whole'),
    QueueTimeAdjustmentSeconds: number(-MAX_ADJUSTMENT_SECONDS, MAX_ADJUSTMENT_SECONDS, 'whole'),
  },
  choice: { rule: 'exactlyOne', of: ['QueuePriority', 'QueueTimeAdjustmentSeconds'] },
  errors: { expected: [], optional: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const queuePriority = context.number('QueuePriority', 1, MAX_PRIORITY);
  const seconds = context.number(
    'QueueTimeAdjustmentSeconds',
    -MAX_ADJUSTMENT_SECONDS,
    MAX_ADJUSTMENT_SECONDS,
  );
  if (queuePriority === undefined && seconds === undefined)
    throw new ActionFailure('there is nothing to change');
  const priority: RoutingPriority = {
    ...(queuePriority === undefined ? {} : { queuePriority }),
    ...(seconds === undefined ? {} : { queueTimeAdjustmentMs: seconds * 1000 }),
  };
  const set = context.performIfOffered('setRoutingPriority', context.host.setRoutingPriority?.(priority));
  return after(set, (): ActionOutcome => ({ kind: 'success', log: () => ({ parameters: { ...priority } }) }));
}
