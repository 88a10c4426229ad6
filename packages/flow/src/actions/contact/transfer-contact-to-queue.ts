// TransferContactToQueue: places the contact in its target queue; the flow ends there.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, INBOUND, TRANSFERS } from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';

export const transferContactToQueue: ActionDefinition = {
  type: 'TransferContactToQueue',
  logType: 'Transfer',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS],
  // A copy of an error target in exports; never followed on success.
  nextAction: 'optional',
  parameters: {},
  errors: { expected: ['QueueAtCapacity', 'NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  return after(context.perform('transferToQueue', context.host.transferToQueue?.()), (): ActionOutcome => {
    context.state.digitBuffer = undefined;
    return {
      kind: 'leave',
      outcome: { kind: 'queued', from: 'flow' },
      log: () => ({ parameters: { Target: 'Queue', Queue: context.contact.queue?.arn } }),
    };
  });
}
