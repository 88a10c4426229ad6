/** Numbers of a queue as flows ask for them (CheckMetricData, GetMetricData), for the target queue or agent. */
import { done, failed, type HostResult, type QueueMetrics, type RoutingTarget } from '@ringback/flow';
import { idOf } from '../arn.ts';
import type { AgentId, ContactId, InstanceId, QueueId } from '../ids.ts';
import { placeArn } from './agent-events.ts';
import type { QueuePlace } from './match.ts';
import { realTimeMetrics } from './real-time-metrics.ts';
import type { Routing } from './routing.ts';

/** Fails where no target is given or there is none like it. */
export async function queueMetricsFor(
  routing: Routing,
  contact: { readonly instanceId: InstanceId; readonly id: ContactId },
  target: RoutingTarget | undefined,
): Promise<HostResult<QueueMetrics>> {
  if (!target) return failed('No queue is named, and no target queue is set.');
  const [snapshot, position] = await Promise.all([
    routing.realTime(contact.instanceId),
    routing.position({ instanceId: contact.instanceId, contactId: contact.id }),
  ]);
  if (!snapshot) return failed('The instance does not exist.');
  const place: QueuePlace =
    target.kind === 'queue'
      ? { kind: 'queue', queueId: idOf(target.queueId) as QueueId }
      : { kind: 'agent', agentId: idOf(target.agentId) as AgentId };
  const queue = place.kind === 'queue' ? snapshot.setUp.queues.get(place.queueId) : undefined;
  if (place.kind === 'queue' ? !queue : !snapshot.setUp.agents.has(place.agentId))
    return failed(`There is no ${target.kind} with this id.`);
  const numbers = realTimeMetrics(
    snapshot,
    place.kind === 'queue' ? { queueIds: new Set([place.queueId]) } : { agentId: place.agentId },
  );
  return done({
    ...(queue ? { queueName: queue.name } : {}),
    queueArn: placeArn(place, snapshot.setUp),
    contactsInQueue: numbers.contactsInQueue,
    oldestContactAgeMs: numbers.oldestContactAgeMs,
    agentsOnline: numbers.agentsOnline,
    agentsAvailable: numbers.agentsAvailable,
    agentsStaffed: numbers.agentsStaffed,
    agentsAfterContactWork: numbers.agentsAfterContactWork,
    agentsBusy: numbers.agentsOnContact,
    agentsMissed: numbers.agentsError,
    agentsNonProductive: numbers.agentsNonProductive,
    ...(position === undefined ? {} : { contactPositionInQueue: position }),
  });
}
