// UpdatePreviousContactParticipantState (Hold customer or agent): holds a party of the contact a transfer comes from.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, SUCCESS } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { oneOf, required } from '../../parameter-spec.ts';

export const updatePreviousContactParticipantState: ActionDefinition = {
  type: 'UpdatePreviousContactParticipantState',
  logType: 'SetHoldState',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    PreviousContactParticipantState: required(oneOf('AgentOnHold', 'CustomerOnHold', 'OffHold')),
  },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const state = context.requiredText('PreviousContactParticipantState');
  if (state !== 'AgentOnHold' && state !== 'CustomerOnHold' && state !== 'OffHold') {
    throw new ActionFailure(`PreviousContactParticipantState is "${state}"`);
  }
  const set = context.host.setPreviousParticipantState?.(state);
  return after(context.performIfOffered('setPreviousParticipantState', set), () => SUCCESS);
}
