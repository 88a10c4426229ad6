// GetMetricData (Get queue metrics): loads real-time numbers of a queue into $.Metrics.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, SUCCESS } from '../../action-definition.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { oneOf, resource } from '../../parameter-spec.ts';
import { routingTarget } from '../routing-target.ts';

export const getMetricData: ActionDefinition = {
  type: 'GetMetricData',
  logType: 'GetQueueMetrics',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    QueueId: resource('queue'),
    AgentId: resource('agent'),
    QueueChannel: oneOf('Voice', 'Chat', 'Task', 'Email'),
  },
  choice: { rule: 'atMostOne', of: ['QueueId', 'AgentId'] },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const metrics = context.host.queueMetrics?.(routingTarget(context), context.text('QueueChannel'));
  return after(context.perform('queueMetrics', metrics), (found): ActionOutcome => {
    context.data.metrics = found;
    return SUCCESS;
  });
}
