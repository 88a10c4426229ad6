// InvokeFlowModule: runs a module and comes back with its result.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { free, map, required, resource } from '../../parameter-spec.ts';

/** Deepest nesting of modules. */
const MAX_MODULE_DEPTH = 5;

export const invokeFlowModule: ActionDefinition = {
  type: 'InvokeFlowModule',
  logType: 'InvokeFlowModule',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: { FlowModuleId: required(resource('module')), Input: map(free()) },
  errors: { expected: ['NoMatchingError'], optional: ['NoMatchingCondition'] },
  // The operands are the names of the module's branches.
  conditions: { operators: ['Equals'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const reference = context.requiredText('FlowModuleId').trim();
  if (context.moduleDepth >= MAX_MODULE_DEPTH) {
    throw new ActionFailure(`modules are nested deeper than ${MAX_MODULE_DEPTH}`);
  }
  const input = context.has('Input') ? context.resolveDeep(context.raw('Input')) : undefined;
  return after(context.perform('findModule', context.host.findModule?.(reference)), (flow): ActionOutcome => {
    if (flow.type !== 'MODULE') throw new ActionFailure(`${reference} is no module; use TransferToFlow`);
    return { kind: 'enterModule', flow, input, log: () => ({ parameters: { FlowModuleId: flow.arn } }) };
  });
}
