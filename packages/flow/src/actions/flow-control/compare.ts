// Compare (Check contact attributes): branches on one value.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { CONDITION_OPERATORS, conditionHolds } from '../../conditions.ts';
import type { FlowLogDetail } from '../../flow-log.ts';
import { required, text } from '../../parameter-spec.ts';
import { textOf } from '../../references.ts';

export const compare: ActionDefinition = {
  type: 'Compare',
  logType: 'CheckAttribute',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'optional',
  parameters: { ComparisonValue: required(text('only')) },
  errors: { expected: ['NoMatchingCondition'] },
  conditions: { operators: CONDITION_OPERATORS },
  run,
};

function run(context: ActionContext): ActionOutcome {
  const value = context.value(context.raw('ComparisonValue'));
  return { kind: 'result', value, log: () => comparisons(context, value) };
}

/** One record per comparison made, the last one being the one that held (if any did). */
function comparisons(context: ActionContext, value: unknown): readonly FlowLogDetail[] {
  const records: FlowLogDetail[] = [];
  for (const condition of context.action.conditions) {
    const operand = condition.operands[0] ?? '';
    const held = conditionHolds(condition.operator, operand, value);
    records.push({
      parameters: {
        Value: textOf(value) ?? null,
        ComparisonMethod: condition.operator,
        SecondValue: operand,
      },
      results: String(held),
    });
    if (held) break;
  }
  return records;
}
