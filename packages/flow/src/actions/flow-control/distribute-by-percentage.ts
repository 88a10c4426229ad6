// DistributeByPercentage: sends a share of the contacts each way, at random.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';

export const distributeByPercentage: ActionDefinition = {
  type: 'DistributeByPercentage',
  logType: 'DistributeByPercentage',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'optional',
  parameters: {},
  errors: { expected: ['NoMatchingCondition'] },
  // Operands are cumulative percentages plus one: 3 %, 6 %, 8 % are "4", "10", "18".
  conditions: { operators: ['NumberLessThan'] },
  run,
};

function run(context: ActionContext): ActionOutcome {
  const drawn = Math.min(100, Math.floor(context.host.random() * 100) + 1);
  return { kind: 'result', value: drawn, log: () => ({ parameters: {}, results: String(drawn) }) };
}
