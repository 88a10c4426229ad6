/** Hours of operation as flows ask for them: by id or name, or those of a queue. */
import { type InstanceId, isUuid, type QueueId } from '../ids.ts';
import type { HoursOfOperation } from '../routing/hours-of-operation.ts';
import type { RingbackDatabase } from './schema.ts';

export interface HoursOfOperationStore {
  /** By id or name. */
  find(instanceId: InstanceId, idOrName: string): Promise<HoursOfOperation | undefined>;
  ofQueue(instanceId: InstanceId, queueId: QueueId): Promise<HoursOfOperation | undefined>;
}

export function openHoursOfOperationStore({ kysely }: RingbackDatabase): HoursOfOperationStore {
  return {
    async find(instanceId, idOrName) {
      const row = await kysely
        .selectFrom('hours_of_operation')
        .select(['time_zone', 'config'])
        .where('instance_id', '=', instanceId)
        .where(isUuid(idOrName) ? 'id' : 'name', '=', idOrName)
        .executeTakeFirst();
      return row && hoursOf(row);
    },
    async ofQueue(instanceId, queueId) {
      const row = await kysely
        .selectFrom('queue')
        .innerJoin('hours_of_operation', (join) =>
          join
            .onRef('hours_of_operation.instance_id', '=', 'queue.instance_id')
            .onRef('hours_of_operation.id', '=', 'queue.hours_of_operation_id'),
        )
        .select(['hours_of_operation.time_zone', 'hours_of_operation.config'])
        .where('queue.instance_id', '=', instanceId)
        .where('queue.id', '=', queueId)
        .executeTakeFirst();
      return row && hoursOf(row);
    },
  };
}

function hoursOf(row: { readonly time_zone: string; readonly config: unknown }): HoursOfOperation {
  return { timeZone: row.time_zone, config: row.config as HoursOfOperation['config'] };
}
