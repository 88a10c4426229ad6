// TransferContactToAgent: hands the contact to the agent it is meant for. Terminal; a busy agent means disconnect.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, TRANSFERS } from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';

export const transferContactToAgent: ActionDefinition = {
  type: 'TransferContactToAgent',
  logType: 'Transfer',
  support: { level: 'full' },
  flowTypes: TRANSFERS,
  nextAction: 'none',
  parameters: {},
  errors: { expected: [] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  return after(context.perform('transferToAgent', context.host.transferToAgent?.()), (): ActionOutcome => {
    context.state.digitBuffer = undefined;
    return {
      kind: 'leave',
      outcome: { kind: 'transferredToAgent' },
      log: () => ({ parameters: { Target: 'Agent' } }),
    };
  });
}
