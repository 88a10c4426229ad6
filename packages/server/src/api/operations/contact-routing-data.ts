/** UpdateContactRoutingData: a contact's place in its queue, or which agents may take it. */
import {
  invalidParameterException,
  resourceConflictException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import {
  type RoutingCriteria,
  RoutingCriteriaUnusable,
  readRoutingCriteria,
} from '../../routing/routing-criteria.ts';
import { namedContact } from '../named-contact.ts';
import { type OperationCode, requireInstance } from '../operation.ts';

/** Works on contacts that wait, and on those that are not queued yet, whom it then awaits in the queue. */
export const updateContactRoutingData: OperationCode<'UpdateContactRoutingData'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { QueuePriority, QueueTimeAdjustmentSeconds } = input;
  if (QueuePriority !== undefined && QueueTimeAdjustmentSeconds !== undefined) {
    throw invalidParameterException('Give QueuePriority or QueueTimeAdjustmentSeconds, not both.');
  }
  const criteria = criteriaOf(input.RoutingCriteria);
  if (QueuePriority === undefined && QueueTimeAdjustmentSeconds === undefined && !criteria) {
    throw invalidParameterException(
      'Give one of QueuePriority, QueueTimeAdjustmentSeconds and RoutingCriteria.',
    );
  }
  const contact = await namedContact(input.ContactId, instance, deps);
  if (!contact) throw resourceNotFoundException('The instance has no contact with this ContactId.');
  if (contact.state === 'ENDED') throw resourceConflictException('The contact has ended.');
  const outcome = await deps.routing.prepare(
    {
      instanceId: instance.id,
      contactId: contact.id,
      epoch: contact.epoch,
      channel: 'VOICE',
      initiationMethod: contact.request.initiationMethod ?? 'API',
      initialContactId: contact.request.initialContactId,
    },
    // Priorities beyond what a number holds exactly are all last.
    {
      queuePriority:
        QueuePriority === undefined ? undefined : Math.min(QueuePriority, Number.MAX_SAFE_INTEGER),
      queueTimeAdjustmentSeconds: QueueTimeAdjustmentSeconds,
      criteria,
    },
  );
  if (outcome.kind === 'refused')
    throw resourceConflictException('The contact is with an agent; its routing cannot be changed any more.');
  return {};
};

function criteriaOf(wire: unknown): RoutingCriteria | undefined {
  if (wire === undefined) return undefined;
  try {
    return readRoutingCriteria(wire);
  } catch (error) {
    if (error instanceof RoutingCriteriaUnusable) throw invalidParameterException(error.message);
    throw error;
  }
}
