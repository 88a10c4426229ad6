// UpdateContactRoutingCriteria (Set routing criteria): which agents may take the contact, step by step.

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
import type { Awaitable } from '../../flow-host.ts';
import { free, list, object, required } from '../../parameter-spec.ts';

export const updateContactRoutingCriteria: ActionDefinition = {
  type: 'UpdateContactRoutingCriteria',
  logType: 'SetRoutingCriteria',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...QUEUE],
  nextAction: 'required',
  parameters: {
    RoutingCriteria: required(
      object({ Steps: required(list(object({ Expression: free(), Expiry: free() }))) }),
    ),
  },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const written = context.raw('RoutingCriteria');
  if (typeof written !== 'object' || written === null) throw new ActionFailure('RoutingCriteria is missing');
  const criteria = context.resolveDeep(written) as Record<string, unknown>;
  return after(
    context.perform('setRoutingCriteria', context.host.setRoutingCriteria?.(criteria)),
    (): ActionOutcome => ({ kind: 'success', log: () => ({ parameters: { RoutingCriteria: criteria } }) }),
  );
}
