// The queue or agent that an action names by QueueId or AgentId.

import type { ActionContext } from '../action-context.ts';
import type { RoutingTarget } from '../flow-host.ts';

/** The target, or undefined when the action names none (then the contact's target queue is meant). */
export function routingTarget(context: ActionContext): RoutingTarget | undefined {
  const queueId = context.text('QueueId');
  if (queueId !== undefined) return { kind: 'queue', queueId: queueId.trim() };
  const agentId = context.text('AgentId');
  return agentId === undefined ? undefined : { kind: 'agent', agentId: agentId.trim() };
}

/** How flow logs show a target. */
export function targetLog(target: RoutingTarget | undefined): Readonly<Record<string, string>> {
  if (target === undefined) return {};
  return target.kind === 'queue' ? { Queue: target.queueId } : { Agent: target.agentId };
}
