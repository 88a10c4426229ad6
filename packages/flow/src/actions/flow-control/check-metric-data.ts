// CheckMetricData (Check staffing, Check queue status): branches on one real-time number of a queue.

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  QUEUE,
  type ReportProblem,
  TRANSFERS,
} from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import { type Action, member } from '../../flow-document.ts';
import type { Awaitable, QueueMetrics } from '../../flow-host.ts';
import { oneOf, required, resource } from '../../parameter-spec.ts';
import { routingTarget } from '../routing-target.ts';

const METRICS: ReadonlyMap<string, (metrics: QueueMetrics) => number> = new Map([
  ['NumberOfAgentsAvailable', (metrics: QueueMetrics) => metrics.agentsAvailable],
  ['NumberOfAgentsStaffed', (metrics: QueueMetrics) => metrics.agentsStaffed],
  ['NumberOfAgentsOnline', (metrics: QueueMetrics) => metrics.agentsOnline],
  // Named seconds, compared in milliseconds: the console writes 300 s as "300000".
  ['OldestContactInQueueAgeSeconds', (metrics: QueueMetrics) => metrics.oldestContactAgeMs],
  ['NumberOfContactsInQueue', (metrics: QueueMetrics) => metrics.contactsInQueue],
]);

export const checkMetricData: ActionDefinition = {
  type: 'CheckMetricData',
  logType: 'CheckMetricData',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...QUEUE],
  nextAction: 'optional',
  parameters: {
    MetricType: required(oneOf(...METRICS.keys())),
    QueueId: resource('queue'),
    AgentId: resource('agent'),
  },
  choice: { rule: 'atMostOne', of: ['QueueId', 'AgentId'] },
  errors: { expected: ['NoMatchingError', 'NoMatchingCondition'] },
  conditions: {
    operators: [
      'Equals',
      'NumberGreaterThan',
      'NumberGreaterOrEqualTo',
      'NumberLessThan',
      'NumberLessOrEqualTo',
    ],
  },
  check,
  run,
};

/** Agent metrics know one question only: is there more than none? */
function check(action: Action, report: ReportProblem): void {
  if (!String(member(action.parameters, 'MetricType')).startsWith('NumberOfAgents')) return;
  action.conditions.forEach((condition, index) => {
    if (condition.operator === 'NumberGreaterThan' && condition.operands[0] === '0') return;
    report(
      'error',
      `Transitions.Conditions[${index}]`,
      `Invalid branch. Path: ${action.index}.Evaluate`,
      'Metrics of agents are compared with NumberGreaterThan "0" only.',
    );
  });
}

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const metricType = context.requiredText('MetricType');
  const read = METRICS.get(metricType);
  if (read === undefined) throw new ActionFailure(`MetricType is "${metricType}", which is no metric`);
  const metrics = context.host.queueMetrics?.(routingTarget(context), undefined);
  return after(context.perform('queueMetrics', metrics), (found): ActionOutcome => {
    const value = read(found);
    return {
      kind: 'result',
      value,
      log: () => ({ parameters: { MetricType: metricType }, results: String(value) }),
    };
  });
}
