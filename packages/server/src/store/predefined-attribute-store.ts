/** Predefined attributes: names with their allowed values, which proficiencies and routing criteria speak of. */
import type { InstanceId } from '../ids.ts';
import { isUniqueViolation, violatedForeignKey } from './database-errors.ts';
import { InUse, NameTaken, TooMany } from './resource-refusals.ts';
import type { RingbackDatabase } from './schema.ts';

export interface PredefinedAttribute {
  readonly name: string;
  readonly values: readonly string[];
  /** What it is for, in the operator's words. */
  readonly purposes: readonly string[];
  /** Contacts may hold only the values of the list. */
  readonly validatesValues: boolean;
  readonly updatedAtMs: number;
}

export interface PredefinedAttributeStore {
  /** In the order of their names, letter by letter. */
  list(instanceId: InstanceId): Promise<PredefinedAttribute[]>;
  find(instanceId: InstanceId, name: string): Promise<PredefinedAttribute | undefined>;
  /** @throws {NameTaken | TooMany} */
  create(instanceId: InstanceId, attribute: PredefinedAttribute, most: number): Promise<void>;
  /**
   * False when there is no such attribute.
   *
   * @throws {InUse} a value that goes is some user's proficiency.
   */
  update(
    instanceId: InstanceId,
    name: string,
    change: Partial<Pick<PredefinedAttribute, 'values' | 'purposes' | 'validatesValues'>>,
    nowMs: number,
  ): Promise<boolean>;
  /**
   * False when there is no such attribute.
   *
   * @throws {InUse} it is some user's proficiency.
   */
  remove(instanceId: InstanceId, name: string): Promise<boolean>;
}

interface AttributeRow {
  readonly name: string;
  readonly values_allowed: readonly string[];
  readonly purposes: readonly string[];
  readonly validates_values: boolean;
  readonly updated_at: Date;
}

const select = `SELECT name, values_allowed, purposes, validates_values, updated_at
  FROM predefined_attribute WHERE instance_id = $1`;

export function openPredefinedAttributeStore(database: RingbackDatabase): PredefinedAttributeStore {
  return {
    async list(instanceId) {
      const { rows } = await database.query<AttributeRow>(`${select} ORDER BY name COLLATE "C"`, [
        instanceId,
      ]);
      return rows.map(attributeOf);
    },
    async find(instanceId, name) {
      const { rows } = await database.query<AttributeRow>(`${select} AND name = $2`, [instanceId, name]);
      return rows[0] && attributeOf(rows[0]);
    },
    create: (instanceId, attribute, most) =>
      database.withTransaction(async ({ query }) => {
        // Two that are made at once must not both be the last one.
        await query('SELECT FROM instance WHERE id = $1 FOR NO KEY UPDATE', [instanceId]);
        const { rows } = await query<{ count: number }>(
          'SELECT count(*) FROM predefined_attribute WHERE instance_id = $1',
          [instanceId],
        );
        if ((rows[0]?.count ?? 0) >= most) throw new TooMany('predefined attribute', most);
        try {
          await query(
            `INSERT INTO predefined_attribute
               (instance_id, name, values_allowed, purposes, validates_values, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6)`,
            [
              instanceId,
              attribute.name,
              attribute.values,
              attribute.purposes,
              attribute.validatesValues,
              new Date(attribute.updatedAtMs),
            ],
          );
        } catch (error) {
          if (isUniqueViolation(error, 'predefined_attribute_name')) {
            throw new NameTaken('predefined attribute', attribute.name);
          }
          throw error;
        }
      }),
    update: (instanceId, name, change, nowMs) =>
      database.withTransaction(async ({ query }) => {
        const { rowCount } = await query(
          `UPDATE predefined_attribute
              SET values_allowed = coalesce($3, values_allowed), purposes = coalesce($4, purposes),
                  validates_values = coalesce($5, validates_values), updated_at = $6
            WHERE instance_id = $1 AND name = $2`,
          [
            instanceId,
            name,
            change.values ?? null,
            change.purposes ?? null,
            change.validatesValues ?? null,
            new Date(nowMs),
          ],
        );
        if (!change.values) return rowCount > 0;
        const { rows } = await query<{ value: string }>(
          `SELECT value FROM agent_proficiency
            WHERE instance_id = $1 AND attribute = $2 AND value <> ALL ($3) LIMIT 1`,
          [instanceId, name, change.values],
        );
        if (rows[0]) throw new InUse(`The value "${rows[0].value}" is a proficiency of a user.`);
        return rowCount > 0;
      }),
    async remove(instanceId, name) {
      try {
        const { rowCount } = await database.query(
          'DELETE FROM predefined_attribute WHERE instance_id = $1 AND name = $2',
          [instanceId, name],
        );
        return rowCount > 0;
      } catch (error) {
        if (violatedForeignKey(error) === undefined) throw error;
        throw new InUse('The attribute is a proficiency of a user.');
      }
    },
  };
}

function attributeOf(row: AttributeRow): PredefinedAttribute {
  return {
    name: row.name,
    values: row.values_allowed,
    purposes: row.purposes,
    validatesValues: row.validates_values,
    updatedAtMs: row.updated_at.getTime(),
  };
}
