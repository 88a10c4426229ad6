/** Rows of an instance that have an id, a name, tags and a time of change: listed, made, changed and deleted alike, whatever the table. */
import type { InstanceId } from '../ids.ts';
import type { Queryable } from './database.ts';
import { isUniqueViolation, violatedForeignKey } from './database-errors.ts';
import { InUse, NameTaken, ReferenceMissing, TooMany } from './resource-refusals.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

/** A table of such rows. Everything is a constant of ours, so that nothing from outside gets into the SQL. */
export interface NamedTable {
  readonly table: string;
  /** As refusals call one of them. */
  readonly noun: string;
  /** Several of them. Default the noun with an s. */
  readonly plural?: string;
  /** Columns to read besides `id`, `name`, `tags` and `updated_at`; may be expressions with an alias. */
  readonly columns: readonly string[];
  /** The column of the name. Default `name`. */
  readonly nameColumn?: string;
  /** The constraint that keeps names apart. */
  readonly nameConstraint: string;
}

/** What every such row has. */
export interface NamedRow {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly updated_at: Date;
}

/** Who is in the way of a deletion, by the constraint that says so. */
const usedBy: Readonly<Record<string, string>> = {
  agent_hierarchy_group: 'users belong to it',
  agent_instance_id_routing_profile_id_fkey: 'users have it',
  agent_security_profile_in_use: 'users have it',
  hierarchy_group_parent: 'other groups stand below it',
  queue_hours_of_operation: 'a queue has them',
  routing_profile_instance_id_default_outbound_queue_id_fkey: 'a routing profile dials out through it',
  routing_profile_manual_queue_in_use: 'a routing profile serves it',
  routing_profile_queue_in_use: 'a routing profile serves it',
};

/** Values by column; arrays for `text[]`, text for `jsonb`. */
export type ColumnValues = Readonly<Record<string, unknown>>;

export interface NamedRows<Row extends NamedRow> {
  /** In the order of their ids. */
  list(instanceId: InstanceId): Promise<readonly Row[]>;
  find(instanceId: InstanceId, id: string): Promise<Row | undefined>;
  /**
   * Inserts within a transaction, so that what belongs to the row can follow.
   *
   * @param most rows that the instance may have.
   * @throws {TooMany} it has `most` already.
   * @throws {NameTaken | ReferenceMissing}
   */
  insert(on: Queryable<Schema>, instanceId: InstanceId, values: ColumnValues, most: number): Promise<void>;
  /**
   * Sets what is given and the time of change. False when there is no such row.
   *
   * @throws {NameTaken | ReferenceMissing}
   */
  update(
    on: Queryable<Schema>,
    instanceId: InstanceId,
    id: string,
    values: ColumnValues,
    nowMs: number,
  ): Promise<boolean>;
  /**
   * False when there is no such row.
   *
   * @throws {InUse} another row refers to it.
   */
  remove(on: Queryable<Schema>, instanceId: InstanceId, id: string): Promise<boolean>;
}

export function namedRows<Row extends NamedRow>(
  database: RingbackDatabase,
  definition: NamedTable,
): NamedRows<Row> {
  const { table, noun, nameColumn = 'name' } = definition;
  const columns = ['id', `${nameColumn} AS name`, 'tags', 'updated_at', ...definition.columns].join(', ');
  const select = `SELECT ${columns} FROM ${table} WHERE instance_id = $1`;

  async function refusing<Result>(name: unknown, write: () => Promise<Result>): Promise<Result> {
    try {
      return await write();
    } catch (error) {
      if (isUniqueViolation(error, definition.nameConstraint)) throw new NameTaken(noun, String(name));
      if (violatedForeignKey(error) !== undefined) {
        throw new ReferenceMissing(`Something that the ${noun} refers to was deleted meanwhile.`);
      }
      throw error;
    }
  }

  return {
    async list(instanceId) {
      const { rows } = await database.query<Row>(`${select} ORDER BY id`, [instanceId]);
      return rows;
    },
    async find(instanceId, id) {
      const { rows } = await database.query<Row>(`${select} AND id = $2`, [instanceId, id]);
      return rows[0];
    },
    async insert(on, instanceId, values, most) {
      // Two that are made at once must not both be the last one.
      await on.query('SELECT FROM instance WHERE id = $1 FOR NO KEY UPDATE', [instanceId]);
      const { rows } = await on.query<{ count: number }>(
        `SELECT count(*) FROM ${table} WHERE instance_id = $1`,
        [instanceId],
      );
      if ((rows[0]?.count ?? 0) >= most) throw new TooMany(noun, most, definition.plural);
      const names = Object.keys(values);
      const places = names.map((_, index) => `$${index + 2}`);
      await refusing(values[nameColumn], () =>
        on.query(
          `INSERT INTO ${table} (instance_id, ${names.join(', ')}) VALUES ($1, ${places.join(', ')})`,
          [instanceId, ...Object.values(values)],
        ),
      );
    },
    async update(on, instanceId, id, values, nowMs) {
      const sets = Object.keys(values).map((name, index) => `, ${name} = $${index + 4}`);
      const { rowCount } = await refusing(values[nameColumn], () =>
        on.query(`UPDATE ${table} SET updated_at = $3${sets.join('')} WHERE instance_id = $1 AND id = $2`, [
          instanceId,
          id,
          new Date(nowMs),
          ...Object.values(values),
        ]),
      );
      return rowCount > 0;
    },
    async remove(on, instanceId, id) {
      try {
        const { rowCount } = await on.query(`DELETE FROM ${table} WHERE instance_id = $1 AND id = $2`, [
          instanceId,
          id,
        ]);
        return rowCount > 0;
      } catch (error) {
        const constraint = violatedForeignKey(error);
        if (constraint === undefined) throw error;
        const user = usedBy[constraint] ?? 'something else refers to it';
        throw new InUse(`The ${noun} cannot be deleted while ${user}.`);
      }
    },
  };
}
