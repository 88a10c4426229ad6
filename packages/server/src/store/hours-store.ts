/** Hours of operation and their overrides, as resources of an instance. What flows ask for stands in hours-of-operation-store.ts. */
import type { HoursOfOperationId, InstanceId } from '../ids.ts';
import type { HoursOverride, OpenSpan } from '../routing/hours-of-operation.ts';
import { isUniqueViolation } from './database-errors.ts';
import { type ColumnValues, type NamedRow, namedRows } from './named-rows.ts';
import { NameTaken, ReferenceMissing, TooMany } from './resource-refusals.ts';
import type { Tags } from './resource-tags.ts';
import type { RingbackDatabase } from './schema.ts';

export interface StoredHours {
  readonly id: HoursOfOperationId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly description: string | undefined;
  readonly timeZone: string;
  readonly config: readonly OpenSpan[];
  /** Other hours whose overrides hold here, too. */
  readonly parentIds: readonly HoursOfOperationId[];
  readonly tags: Tags;
  readonly updatedAtMs: number;
}

export interface StoredOverride extends HoursOverride {
  readonly id: string;
  readonly description: string | undefined;
  readonly updatedAtMs: number;
}

/** What can be changed; absent leaves it as it is, `null` takes it away. */
export interface HoursChange {
  readonly name?: string;
  readonly description?: string | null;
  readonly timeZone?: string;
  readonly config?: readonly OpenSpan[];
}

export interface HoursPlace {
  readonly instanceId: InstanceId;
  readonly id: HoursOfOperationId;
}

export interface HoursStore {
  /** In the order of their ids. */
  list(instanceId: InstanceId): Promise<StoredHours[]>;
  find(instanceId: InstanceId, id: HoursOfOperationId): Promise<StoredHours | undefined>;
  /** @throws {NameTaken | TooMany} */
  create(hours: StoredHours, most: number): Promise<void>;
  /**
   * False when there are no such hours.
   *
   * @throws {NameTaken}
   */
  update(hours: HoursPlace, change: HoursChange, nowMs: number): Promise<boolean>;
  /**
   * With their overrides. False when there are no such hours.
   *
   * @throws {InUse} a queue has them.
   */
  remove(hours: HoursPlace): Promise<boolean>;
  /** Their own, in the order of their ids. */
  overridesOf(hours: HoursPlace): Promise<readonly StoredOverride[]>;
  /**
   * @throws {NameTaken | TooMany}
   * @throws {ReferenceMissing} the hours went meanwhile.
   */
  createOverride(hours: HoursPlace, override: StoredOverride, most: number): Promise<void>;
  /**
   * Puts what `change` makes of it in its place; changes that come at once go one after the other. False when there is no
   * such override.
   *
   * @throws {NameTaken}
   * @throws what `change` throws; nothing is changed then.
   */
  changeOverride(
    hours: HoursPlace,
    overrideId: string,
    change: (known: StoredOverride) => StoredOverride,
  ): Promise<boolean>;
  /** False when there is no such override. */
  removeOverride(hours: HoursPlace, overrideId: string): Promise<boolean>;
}

interface HoursRow extends NamedRow {
  readonly description: string | null;
  readonly time_zone: string;
  readonly config: readonly OpenSpan[];
  readonly parent_ids: readonly string[];
}

export interface OverrideRow {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly type: HoursOverride['type'];
  readonly config: HoursOverride['config'];
  readonly effective_from: string;
  readonly effective_till: string;
  readonly recurrence: HoursOverride['recurrence'] | null;
  readonly updated_at: Date;
}

/** As text, since a date of PostgreSQL would be read as midnight in this process's time zone. */
export const overrideColumns = `id, name, description, type, config, effective_from::text, effective_till::text,
  recurrence, updated_at`;

export function openHoursStore(database: RingbackDatabase): HoursStore {
  const rows = namedRows<HoursRow>(database, {
    table: 'hours_of_operation',
    noun: 'hours of operation',
    plural: 'hours of operation',
    nameConstraint: 'hours_of_operation_name',
    columns: ['description', 'time_zone', 'config', 'parent_ids'],
  });
  return {
    async list(instanceId) {
      return (await rows.list(instanceId)).map((row) => hoursOf(instanceId, row));
    },
    async find(instanceId, id) {
      const row = await rows.find(instanceId, id);
      return row && hoursOf(instanceId, row);
    },
    create: (hours, most) =>
      database.withTransaction((transaction) =>
        rows.insert(
          transaction,
          hours.instanceId,
          {
            id: hours.id,
            name: hours.name,
            description: hours.description ?? null,
            time_zone: hours.timeZone,
            config: JSON.stringify(hours.config),
            parent_ids: hours.parentIds,
            tags: JSON.stringify(hours.tags),
            updated_at: new Date(hours.updatedAtMs),
          },
          most,
        ),
      ),
    update: ({ instanceId, id }, { timeZone, config, ...change }, nowMs) =>
      rows.update(
        database,
        instanceId,
        id,
        {
          ...change,
          ...(timeZone === undefined ? {} : { time_zone: timeZone }),
          ...(config === undefined ? {} : { config: JSON.stringify(config) }),
        },
        nowMs,
      ),
    remove: ({ instanceId, id }) =>
      database.withTransaction(async (transaction) => {
        await transaction.query(
          `UPDATE hours_of_operation SET parent_ids = array_remove(parent_ids, $2)
            WHERE instance_id = $1 AND $2 = ANY (parent_ids)`,
          [instanceId, id],
        );
        return rows.remove(transaction, instanceId, id);
      }),
    async overridesOf({ instanceId, id }) {
      const found = await database.query<OverrideRow>(
        `SELECT ${overrideColumns} FROM hours_of_operation_override
          WHERE instance_id = $1 AND hours_id = $2 ORDER BY id`,
        [instanceId, id],
      );
      return found.rows.map(overrideOf);
    },
    createOverride: ({ instanceId, id }, override, most) =>
      refuseTakenName(override.name, () =>
        database.withTransaction(async (transaction) => {
          // Two that are made at once must not both be the last one.
          if (!(await rows.update(transaction, instanceId, id, {}, override.updatedAtMs))) {
            throw new ReferenceMissing('The hours of operation were deleted meanwhile.');
          }
          const { rows: counted } = await transaction.query<{ count: number }>(
            'SELECT count(*) FROM hours_of_operation_override WHERE instance_id = $1 AND hours_id = $2',
            [instanceId, id],
          );
          if ((counted[0]?.count ?? 0) >= most) throw new TooMany('override', most);
          const columns = { id: override.id, ...columnsOf(override) };
          const names = Object.keys(columns);
          await transaction.query(
            `INSERT INTO hours_of_operation_override (instance_id, hours_id, ${names.join(', ')})
             VALUES ($1, $2, ${names.map((_, index) => `$${index + 3}`).join(', ')})`,
            [instanceId, id, ...Object.values(columns)],
          );
        }),
      ),
    changeOverride: ({ instanceId, id }, overrideId, change) =>
      database.withTransaction(async (transaction) => {
        const place = [instanceId, id, overrideId];
        const { rows: found } = await transaction.query<OverrideRow>(
          `SELECT ${overrideColumns} FROM hours_of_operation_override
            WHERE instance_id = $1 AND hours_id = $2 AND id = $3 FOR NO KEY UPDATE`,
          place,
        );
        if (!found[0]) return false;
        const override = change(overrideOf(found[0]));
        const columns = columnsOf(override);
        const sets = Object.keys(columns).map((name, index) => `${name} = $${index + 4}`);
        await refuseTakenName(override.name, () =>
          transaction.query(
            `UPDATE hours_of_operation_override SET ${sets.join(', ')}
              WHERE instance_id = $1 AND hours_id = $2 AND id = $3`,
            [...place, ...Object.values(columns)],
          ),
        );
        return true;
      }),
    async removeOverride({ instanceId, id }, overrideId) {
      const { rowCount } = await database.query(
        'DELETE FROM hours_of_operation_override WHERE instance_id = $1 AND hours_id = $2 AND id = $3',
        [instanceId, id, overrideId],
      );
      return rowCount > 0;
    },
  };
}

async function refuseTakenName<Result>(name: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, 'hours_of_operation_override_name')) throw new NameTaken('override', name);
    throw error;
  }
}

function columnsOf(override: StoredOverride): ColumnValues {
  return {
    name: override.name,
    description: override.description ?? null,
    type: override.type,
    config: JSON.stringify(override.config),
    effective_from: override.effectiveFrom,
    effective_till: override.effectiveTill,
    recurrence: override.recurrence ? JSON.stringify(override.recurrence) : null,
    updated_at: new Date(override.updatedAtMs),
  };
}

function hoursOf(instanceId: InstanceId, row: HoursRow): StoredHours {
  return {
    id: row.id as HoursOfOperationId,
    instanceId,
    name: row.name,
    description: row.description ?? undefined,
    timeZone: row.time_zone,
    config: row.config,
    parentIds: row.parent_ids as readonly HoursOfOperationId[],
    tags: row.tags,
    updatedAtMs: row.updated_at.getTime(),
  };
}

export function overrideOf(row: OverrideRow): StoredOverride {
  return {
    id: row.id,
    name: row.name,
    description: row.description ?? undefined,
    type: row.type,
    config: row.config,
    effectiveFrom: row.effective_from,
    effectiveTill: row.effective_till,
    recurrence: row.recurrence ?? undefined,
    updatedAtMs: row.updated_at.getTime(),
  };
}
