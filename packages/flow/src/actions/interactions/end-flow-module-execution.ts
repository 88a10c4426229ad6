// EndFlowModuleExecution (Return): ends a module; its caller goes on, by the named branch if there is one.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { free, map, text } from '../../parameter-spec.ts';

export const endFlowModuleExecution: ActionDefinition = {
  type: 'EndFlowModuleExecution',
  logType: 'Return',
  support: { level: 'full' },
  flowTypes: ['MODULE'],
  nextAction: 'none',
  parameters: { Result: text('whole'), ResultData: map(free()) },
  errors: { expected: [] },
  run,
};

function run(context: ActionContext): ActionOutcome {
  const result = context.text('Result');
  const resultData = context.has('ResultData') ? context.resolveDeep(context.raw('ResultData')) : undefined;
  return {
    kind: 'endModule',
    result,
    resultData,
    log: () => ({ parameters: result === undefined ? {} : { Result: result } }),
  };
}
