/** ListQueues. */
import { instanceResourceArn } from '../../arn.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';

const defaultPageSize = 100;

export const listQueues: OperationCode<'ListQueues'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const types = new Set<string>(input.QueueTypes ?? []);
  const queues = (await deps.resources.listQueues(instance.id)).filter(
    (queue) => types.size === 0 || types.has(queue.type),
  );
  const page = pageOf(queues, input.MaxResults ?? defaultPageSize, input.NextToken);
  return {
    QueueSummaryList: page.items.map((queue) => ({
      Id: queue.id,
      Arn: instanceResourceArn(instance.tenant, instance.id, 'queue', queue.id),
      Name: queue.name,
      QueueType: queue.type,
    })),
    NextToken: page.nextToken,
  };
};
