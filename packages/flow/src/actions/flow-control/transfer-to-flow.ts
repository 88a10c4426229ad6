// TransferToFlow: goes on at the start of another flow and does not come back.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, INBOUND, TRANSFERS } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { required, resource } from '../../parameter-spec.ts';

/** Where it may stand, and where it may lead (Administrator Guide, Transfer to flow). */
const FLOW_TYPES = [...INBOUND, ...TRANSFERS];

export const transferToFlow: ActionDefinition = {
  type: 'TransferToFlow',
  logType: 'Transfer',
  support: { level: 'full' },
  flowTypes: FLOW_TYPES,
  // A copy of the error branch in exports; on success control leaves the flow.
  nextAction: 'optional',
  parameters: { ContactFlowId: required(resource('flow')) },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const reference = context.requiredText('ContactFlowId').trim();
  if (context.moduleDepth > 0) throw new ActionFailure('a module cannot transfer to another flow');
  return after(context.perform('findFlow', context.host.findFlow?.(reference)), (flow): ActionOutcome => {
    if (flow.type === 'MODULE') throw new ActionFailure(`${reference} is a module; use InvokeFlowModule`);
    if (!FLOW_TYPES.includes(flow.type)) {
      throw new ActionFailure(
        `${reference} is a flow of type ${flow.type}, which nothing can be transferred to`,
      );
    }
    return {
      kind: 'enterFlow',
      flow,
      log: () => ({ parameters: { Target: 'Flow', ContactFlowId: flow.arn } }),
    };
  });
}
