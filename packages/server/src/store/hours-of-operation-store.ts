/** Hours of operation as flows ask for them: by id or name, or those of a queue, with the overrides that hold. */
import { type InstanceId, isUuid, type QueueId } from '../ids.ts';
import type { HoursOfOperation } from '../routing/hours-of-operation.ts';
import { type OverrideRow, overrideColumns, overrideOf } from './hours-store.ts';
import type { RingbackDatabase } from './schema.ts';

export interface HoursOfOperationStore {
  /** By id or name. */
  find(instanceId: InstanceId, idOrName: string): Promise<HoursOfOperation | undefined>;
  ofQueue(instanceId: InstanceId, queueId: QueueId): Promise<HoursOfOperation | undefined>;
}

interface Row {
  readonly id: string;
  readonly time_zone: string;
  readonly config: HoursOfOperation['config'];
  readonly parent_ids: readonly string[];
}

const select = 'SELECT id, time_zone, config, parent_ids FROM hours_of_operation WHERE instance_id = $1';

export function openHoursOfOperationStore(database: RingbackDatabase): HoursOfOperationStore {
  async function withOverrides(
    instanceId: InstanceId,
    row: Row | undefined,
  ): Promise<HoursOfOperation | undefined> {
    if (!row) return undefined;
    const { rows } = await database.query<OverrideRow>(
      `SELECT ${overrideColumns} FROM hours_of_operation_override
        WHERE instance_id = $1 AND hours_id = ANY ($2::uuid[]) ORDER BY hours_id, id`,
      [instanceId, [row.id, ...row.parent_ids]],
    );
    return { timeZone: row.time_zone, config: row.config, overrides: rows.map(overrideOf) };
  }

  return {
    async find(instanceId, idOrName) {
      const { rows } = await database.query<Row>(`${select} AND ${isUuid(idOrName) ? 'id' : 'name'} = $2`, [
        instanceId,
        idOrName,
      ]);
      return withOverrides(instanceId, rows[0]);
    },
    async ofQueue(instanceId, queueId) {
      const { rows } = await database.query<Row>(
        `${select} AND id = (SELECT hours_of_operation_id FROM queue WHERE instance_id = $1 AND id = $2)`,
        [instanceId, queueId],
      );
      return withOverrides(instanceId, rows[0]);
    },
  };
}
