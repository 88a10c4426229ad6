/** The hierarchy that users stand in: up to five levels, and groups on them. */
import type { HierarchyGroupId, InstanceId } from '../ids.ts';
import { newId } from '../ids.ts';
import { violatedForeignKey } from './database-errors.ts';
import { type NamedRow, namedRows } from './named-rows.ts';
import { InUse } from './resource-refusals.ts';
import type { Tags } from './resource-tags.ts';
import type { RingbackDatabase } from './schema.ts';

export interface HierarchyLevel {
  /** 1 is the top. */
  readonly level: number;
  readonly id: string;
  readonly name: string;
  readonly updatedAtMs: number;
}

export interface HierarchyGroup {
  readonly id: HierarchyGroupId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly level: number;
  /** Undefined on the top level. */
  readonly parentId: HierarchyGroupId | undefined;
  readonly tags: Tags;
  readonly updatedAtMs: number;
}

export interface HierarchyStore {
  /** From the top. */
  levels(instanceId: InstanceId): Promise<readonly HierarchyLevel[]>;
  /**
   * Renames, adds and removes levels, so that these are the ones from the top; a level keeps its id.
   *
   * @throws {InUse} groups stand on a level that would go.
   */
  setLevels(instanceId: InstanceId, names: readonly string[], nowMs: number): Promise<void>;
  /** In the order of their ids. */
  list(instanceId: InstanceId): Promise<HierarchyGroup[]>;
  find(instanceId: InstanceId, id: HierarchyGroupId): Promise<HierarchyGroup | undefined>;
  /**
   * @throws {NameTaken} its parent has a group of that name.
   * @throws {TooMany}
   * @throws {ReferenceMissing} the parent or the level went meanwhile.
   */
  create(group: HierarchyGroup, most: number): Promise<void>;
  /**
   * False when there is no such group.
   *
   * @throws {NameTaken}
   */
  rename(instanceId: InstanceId, id: HierarchyGroupId, name: string, nowMs: number): Promise<boolean>;
  /**
   * False when there is no such group.
   *
   * @throws {InUse} users or other groups stand below it.
   */
  remove(instanceId: InstanceId, id: HierarchyGroupId): Promise<boolean>;
}

interface GroupRow extends NamedRow {
  readonly level: number;
  readonly parent_id: string | null;
}

export function openHierarchyStore(database: RingbackDatabase): HierarchyStore {
  const rows = namedRows<GroupRow>(database, {
    table: 'hierarchy_group',
    noun: 'hierarchy group',
    nameConstraint: 'hierarchy_group_name',
    columns: ['level', 'parent_id'],
  });
  return {
    async levels(instanceId) {
      const found = await database.query<Omit<HierarchyLevel, 'updatedAtMs'> & { readonly updated_at: Date }>(
        'SELECT level, id, name, updated_at FROM hierarchy_level WHERE instance_id = $1 ORDER BY level',
        [instanceId],
      );
      return found.rows.map(({ updated_at, ...level }) => ({ ...level, updatedAtMs: updated_at.getTime() }));
    },
    async setLevels(instanceId, names, nowMs) {
      try {
        await database.withTransaction(async ({ query }) => {
          await query('DELETE FROM hierarchy_level WHERE instance_id = $1 AND level > $2', [
            instanceId,
            names.length,
          ]);
          await query(
            `INSERT INTO hierarchy_level (instance_id, level, id, name, updated_at)
             SELECT $1, new.level, new.id, new.name, $4
               FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS new (id, name, level)
             ON CONFLICT (instance_id, level) DO UPDATE SET name = excluded.name, updated_at = excluded.updated_at
              WHERE hierarchy_level.name <> excluded.name`,
            [instanceId, names.map(() => newId()), names, new Date(nowMs)],
          );
        });
      } catch (error) {
        if (violatedForeignKey(error) === undefined) throw error;
        throw new InUse('Groups stand on a level that would go.');
      }
    },
    async list(instanceId) {
      return (await rows.list(instanceId)).map((row) => groupOf(instanceId, row));
    },
    async find(instanceId, id) {
      const row = await rows.find(instanceId, id);
      return row && groupOf(instanceId, row);
    },
    create: (group, most) =>
      database.withTransaction((transaction) =>
        rows.insert(
          transaction,
          group.instanceId,
          {
            id: group.id,
            name: group.name,
            level: group.level,
            parent_id: group.parentId ?? null,
            tags: JSON.stringify(group.tags),
            updated_at: new Date(group.updatedAtMs),
          },
          most,
        ),
      ),
    rename: (instanceId, id, name, nowMs) => rows.update(database, instanceId, id, { name }, nowMs),
    remove: (instanceId, id) => rows.remove(database, instanceId, id),
  };
}

function groupOf(instanceId: InstanceId, row: GroupRow): HierarchyGroup {
  return {
    id: row.id as HierarchyGroupId,
    instanceId,
    name: row.name,
    level: row.level,
    parentId: (row.parent_id ?? undefined) as HierarchyGroupId | undefined,
    tags: row.tags,
    updatedAtMs: row.updated_at.getTime(),
  };
}
