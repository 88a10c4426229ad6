// UpdateFlowLoggingBehavior (Set logging behavior): turns flow logs on or off for the rest of the contact.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { oneOf, required } from '../../parameter-spec.ts';

export const updateFlowLoggingBehavior: ActionDefinition = {
  type: 'UpdateFlowLoggingBehavior',
  logType: 'SetLoggingBehavior',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: { FlowLoggingBehavior: required(oneOf('Enabled', 'Disabled')) },
  errors: { expected: [] },
  run,
};

function run(context: ActionContext): ActionOutcome {
  const behavior = context.requiredText('FlowLoggingBehavior');
  if (behavior !== 'Enabled' && behavior !== 'Disabled') {
    throw new ActionFailure(`FlowLoggingBehavior is "${behavior}", neither Enabled nor Disabled`);
  }
  context.state.logging = behavior;
  return {
    kind: 'success',
    log: () => ({ parameters: { LoggingBehavior: behavior === 'Enabled' ? 'Enable' : 'Disable' } }),
  };
}
