/** Aliases of flow modules: names that point at a version. Part of the flow store. */
import { isUniqueViolation, violatedForeignKey } from './database-errors.ts';
import type { FlowPlace } from './flow-store.ts';
import { NameTaken, ReferenceMissing, TooMany } from './resource-refusals.ts';
import type { RingbackDatabase } from './schema.ts';

export interface ModuleAlias {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly description: string | undefined;
  readonly updatedAtMs: number;
}

export interface ModuleAliasStore {
  /** In the order of their ids. */
  listAliases(module: FlowPlace): Promise<ModuleAlias[]>;
  findAlias(
    module: FlowPlace,
    by: { readonly id: string } | { readonly name: string },
  ): Promise<ModuleAlias | undefined>;
  /**
   * @throws {NameTaken} the module has an alias of that name.
   * @throws {TooMany} it has `most` already.
   * @throws {ReferenceMissing} it has no such version.
   */
  createAlias(module: FlowPlace, alias: ModuleAlias, most: number): Promise<void>;
  /**
   * Changes what is given. False when there is no such alias.
   *
   * @throws {NameTaken} · {ReferenceMissing} as `createAlias`.
   */
  updateAlias(
    module: FlowPlace,
    id: string,
    change: Partial<Pick<ModuleAlias, 'name' | 'version' | 'description'>>,
    nowMs: number,
  ): Promise<boolean>;
  /** False when there is no such alias. */
  deleteAlias(module: FlowPlace, id: string): Promise<boolean>;
}

interface AliasRow {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly description: string | null;
  readonly updated_at: Date;
}

const columns = 'id, name, version, description, updated_at';

export function openModuleAliasStore(database: RingbackDatabase): ModuleAliasStore {
  return {
    async listAliases({ instanceId, id }) {
      const { rows } = await database.query<AliasRow>(
        `SELECT ${columns} FROM flow_module_alias WHERE instance_id = $1 AND flow_id = $2 ORDER BY id`,
        [instanceId, id],
      );
      return rows.map(aliasOf);
    },
    async findAlias({ instanceId, id }, by) {
      const [column, value] = 'id' in by ? ['id', by.id] : ['name', by.name];
      const { rows } = await database.query<AliasRow>(
        `SELECT ${columns} FROM flow_module_alias WHERE instance_id = $1 AND flow_id = $2 AND ${column} = $3`,
        [instanceId, id, value],
      );
      return rows[0] && aliasOf(rows[0]);
    },
    createAlias: ({ instanceId, id }, alias, most) =>
      refusing(alias, () =>
        database.withTransaction(async ({ query }) => {
          // Two that are made at once must not both be the last one.
          await query('SELECT FROM contact_flow WHERE instance_id = $1 AND id = $2 FOR NO KEY UPDATE', [
            instanceId,
            id,
          ]);
          const inserted = await query(
            `INSERT INTO flow_module_alias (instance_id, flow_id, id, name, version, description, updated_at)
             SELECT $1, $2, $3, $4, $5, $6, $7
              WHERE (SELECT count(*) FROM flow_module_alias WHERE instance_id = $1 AND flow_id = $2) < $8`,
            [
              instanceId,
              id,
              alias.id,
              alias.name,
              alias.version,
              alias.description ?? null,
              new Date(alias.updatedAtMs),
              most,
            ],
          );
          if (inserted.rowCount === 0) throw new TooMany('alias', most, 'aliases');
        }),
      ),
    updateAlias: ({ instanceId, id }, aliasId, change, nowMs) =>
      refusing(change, async () => {
        const { rowCount } = await database.query(
          `UPDATE flow_module_alias
              SET name = coalesce($4, name), version = coalesce($5, version),
                  description = coalesce($6, description), updated_at = $7
            WHERE instance_id = $1 AND flow_id = $2 AND id = $3`,
          [
            instanceId,
            id,
            aliasId,
            change.name ?? null,
            change.version ?? null,
            change.description ?? null,
            new Date(nowMs),
          ],
        );
        return rowCount > 0;
      }),
    async deleteAlias({ instanceId, id }, aliasId) {
      const { rowCount } = await database.query(
        'DELETE FROM flow_module_alias WHERE instance_id = $1 AND flow_id = $2 AND id = $3',
        [instanceId, id, aliasId],
      );
      return rowCount > 0;
    },
  };
}

/** Runs a write; what the constraints refuse is said in our words. */
async function refusing<Result>(
  { name = '', version = 0 }: { readonly name?: string; readonly version?: number },
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, 'flow_module_alias_name')) throw new NameTaken('alias', name);
    if (violatedForeignKey(error) === 'flow_module_alias_version')
      throw new ReferenceMissing(`The flow module has no version ${version}.`);
    throw error;
  }
}

const aliasOf = (row: AliasRow): ModuleAlias => ({
  id: row.id,
  name: row.name,
  version: row.version,
  description: row.description ?? undefined,
  updatedAtMs: row.updated_at.getTime(),
});
