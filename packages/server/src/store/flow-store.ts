/** Flows and flow modules: what is published, the draft beside it, numbered versions. Read through directory.ts where calls wait for it. */

import { sql } from 'kysely';
import type { ContactFlowId, InstanceId } from '../ids.ts';
import { isUniqueViolation, violatedForeignKey } from './database-errors.ts';
import { type ModuleAliasStore, openModuleAliasStore } from './module-alias-store.ts';
import { ClientTokenTaken, InUse, NameTaken, TooMany } from './resource-refusals.ts';
import type { RingbackDatabase } from './schema.ts';

/** Modules are stored as flows of the type `MODULE`; names and numbers of the two kinds are counted apart. */
export type FlowKind = 'flow' | 'module';

/** A flow without its contents. */
export interface FlowSummary {
  readonly id: ContactFlowId;
  readonly instanceId: InstanceId;
  readonly name: string;
  /** A `ContactFlowType`, or `MODULE`. */
  readonly type: string;
  readonly description: string | undefined;
  /** `SAVED` until it is published for the first time. */
  readonly status: 'PUBLISHED' | 'SAVED';
  readonly state: 'ACTIVE' | 'ARCHIVED';
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface StoredFlow extends FlowSummary {
  /** What runs. Of a flow that was never published: its draft. */
  readonly content: string;
  /** Saved since the last publication. */
  readonly draft?: string | undefined;
  /** What only modules have. */
  readonly module?: ModuleDetails | undefined;
}

export interface ModuleDetails {
  /** JSON text: the contract of inputs, results and branches. */
  readonly settings: string | undefined;
  readonly isExternallyInvocable: boolean | undefined;
}

/** An immutable copy of what was published. */
export interface FlowVersion {
  readonly version: number;
  readonly description: string | undefined;
  readonly createdAtMs: number;
}

export interface FlowVersionContent extends FlowVersion {
  readonly content: string;
  /** The module's settings at that time. */
  readonly settings: string | undefined;
}

/** What a request that makes a module can be known again by. */
export interface ModuleRequest {
  readonly clientToken: string;
  readonly hash: string;
}

/** Where a flow is. */
export interface FlowPlace {
  readonly instanceId: InstanceId;
  readonly id: ContactFlowId;
}

export interface FlowStore extends ModuleAliasStore {
  /** In the order of their ids. */
  listFlows(instanceId: InstanceId, kind: FlowKind): Promise<FlowSummary[]>;
  findFlow(instanceId: InstanceId, id: ContactFlowId, kind: FlowKind): Promise<StoredFlow | undefined>;
  /** Whole flows by id; unknown ids are left out. */
  findFlows(
    instanceId: InstanceId,
    ids: readonly ContactFlowId[],
  ): Promise<ReadonlyMap<ContactFlowId, StoredFlow>>;
  /** The module that an earlier request with this token made, and that request's hash. */
  findModuleRequest(
    instanceId: InstanceId,
    clientToken: string,
  ): Promise<{ readonly id: ContactFlowId; readonly hash: string } | undefined>;
  /**
   * @param most flows (or modules) that the instance may have.
   * @throws {NameTaken} the instance has one of that name.
   * @throws {TooMany} it has `most` already.
   * @throws {ClientTokenTaken} another request with this token made a module meanwhile.
   */
  createFlow(flow: StoredFlow, most: number, request?: ModuleRequest): Promise<void>;
  /** Makes `content` what runs from now on, and drops the draft. False when there is no such flow. */
  publish(flow: FlowPlace, content: string, nowMs: number): Promise<boolean>;
  /** Keeps `content` beside what runs. False when there is no such flow. */
  saveDraft(flow: FlowPlace, content: string, nowMs: number): Promise<boolean>;
  /** False when there is no such module. */
  setModuleSettings(flow: FlowPlace, settings: string, nowMs: number): Promise<boolean>;
  /**
   * Changes what is given. False when there is no such flow.
   *
   * @throws {NameTaken}
   */
  updateFlow(
    flow: FlowPlace,
    change: Partial<Pick<FlowSummary, 'name' | 'description' | 'state'>>,
    nowMs: number,
  ): Promise<boolean>;
  /** With its draft and versions. False when there is no such flow. */
  deleteFlow(flow: FlowPlace): Promise<boolean>;
  /** Newest first. */
  listVersions(flow: FlowPlace): Promise<FlowVersion[]>;
  findVersion(flow: FlowPlace, version: number): Promise<FlowVersionContent | undefined>;
  /**
   * Keeps `content` as the next version, if it is still what is published; undefined when it is not.
   *
   * @throws {TooMany} the flow has `most` versions already.
   */
  addVersion(
    flow: FlowPlace,
    version: { readonly content: string; readonly description: string | undefined },
    most: number,
    nowMs: number,
  ): Promise<number | undefined>;
  /**
   * False when there is no such version.
   *
   * @throws {InUse} an alias points at it.
   */
  deleteVersion(flow: FlowPlace, version: number): Promise<boolean>;
}

const moduleType = 'MODULE';

const summaryColumns = [
  'id',
  'name',
  'type',
  'description',
  'status',
  'state',
  'tags',
  'created_at',
  'updated_at',
] as const;

export function openFlowStore(database: RingbackDatabase): FlowStore {
  const { kysely } = database;
  const selectWhole = (instanceId: InstanceId) =>
    kysely
      .selectFrom('contact_flow')
      .select([...summaryColumns, 'content', 'draft', 'settings', 'external_invocation'])
      .where('instance_id', '=', instanceId);

  return {
    ...openModuleAliasStore(database),
    async listFlows(instanceId, kind) {
      const rows = await kysely
        .selectFrom('contact_flow')
        .select(summaryColumns)
        .where('instance_id', '=', instanceId)
        .where('type', kind === 'module' ? '=' : '<>', moduleType)
        .orderBy('id')
        .execute();
      return rows.map((row) => summaryOf(instanceId, row));
    },
    async findFlow(instanceId, id, kind) {
      const row = await selectWhole(instanceId)
        .where('id', '=', id)
        .where('type', kind === 'module' ? '=' : '<>', moduleType)
        .executeTakeFirst();
      return row && flowOf(instanceId, row);
    },
    async findFlows(instanceId, ids) {
      if (ids.length === 0) return new Map();
      const rows = await selectWhole(instanceId).where('id', 'in', ids).execute();
      return new Map(rows.map((row) => [row.id as ContactFlowId, flowOf(instanceId, row)]));
    },
    async findModuleRequest(instanceId, clientToken) {
      const row = await kysely
        .selectFrom('contact_flow')
        .select(['id', 'request_hash'])
        .where('instance_id', '=', instanceId)
        .where('client_token', '=', clientToken)
        .executeTakeFirst();
      return row && { id: row.id as ContactFlowId, hash: row.request_hash ?? '' };
    },
    async createFlow(flow, most, request) {
      const isModule = flow.type === moduleType;
      const noun = isModule ? 'flow module' : 'flow';
      await refuseTakenName(noun, flow.name, () =>
        database.withTransaction(async (transaction) => {
          // Two that are made at once must not both be the last one.
          await transaction.query('SELECT FROM instance WHERE id = $1 FOR NO KEY UPDATE', [flow.instanceId]);
          // Before the name: the request that was quicker with the token took that, too.
          const same = await transaction.query(
            'SELECT FROM contact_flow WHERE instance_id = $1 AND client_token = $2',
            [flow.instanceId, request?.clientToken ?? null],
          );
          if (same.rowCount > 0) throw new ClientTokenTaken();
          const { rows } = await transaction.query<{ count: number }>(
            `SELECT count(*) FROM contact_flow WHERE instance_id = $1 AND (type = 'MODULE') = $2`,
            [flow.instanceId, isModule],
          );
          if ((rows[0]?.count ?? 0) >= most) throw new TooMany(noun, most);
          await transaction.kysely
            .insertInto('contact_flow')
            .values({
              instance_id: flow.instanceId,
              id: flow.id,
              name: flow.name,
              type: flow.type,
              description: flow.description ?? null,
              content: flow.content,
              status: flow.status,
              state: flow.state,
              tags: JSON.stringify(flow.tags),
              created_at: new Date(flow.createdAtMs),
              updated_at: new Date(flow.updatedAtMs),
              settings: flow.module?.settings ?? null,
              external_invocation: flow.module?.isExternallyInvocable ?? null,
              client_token: request?.clientToken ?? null,
              request_hash: request?.hash ?? null,
            })
            .execute();
        }),
      );
    },
    async publish({ instanceId, id }, content, nowMs) {
      const { rowCount } = await database.query(
        `UPDATE contact_flow SET content = $3, draft = NULL, status = 'PUBLISHED', updated_at = $4
          WHERE instance_id = $1 AND id = $2`,
        [instanceId, id, content, new Date(nowMs)],
      );
      return rowCount > 0;
    },
    async saveDraft({ instanceId, id }, content, nowMs) {
      const { rowCount } = await database.query(
        `UPDATE contact_flow
            SET draft = CASE WHEN status = 'PUBLISHED' THEN $3 END,
                content = CASE WHEN status = 'PUBLISHED' THEN content ELSE $3 END,
                updated_at = $4
          WHERE instance_id = $1 AND id = $2`,
        [instanceId, id, content, new Date(nowMs)],
      );
      return rowCount > 0;
    },
    async setModuleSettings({ instanceId, id }, settings, nowMs) {
      const { rowCount } = await database.query(
        `UPDATE contact_flow SET settings = $3, updated_at = $4
          WHERE instance_id = $1 AND id = $2 AND type = 'MODULE'`,
        [instanceId, id, settings, new Date(nowMs)],
      );
      return rowCount > 0;
    },
    async updateFlow({ instanceId, id }, change, nowMs) {
      return refuseTakenName('flow', change.name ?? '', async () => {
        const result = await kysely
          .updateTable('contact_flow')
          .set({
            ...(change.name === undefined ? {} : { name: change.name }),
            ...(change.description === undefined ? {} : { description: change.description }),
            ...(change.state === undefined ? {} : { state: change.state }),
            updated_at: new Date(nowMs),
          })
          .where('instance_id', '=', instanceId)
          .where('id', '=', id)
          .executeTakeFirst();
        return result.numUpdatedRows > 0n;
      });
    },
    async deleteFlow({ instanceId, id }) {
      const { rowCount } = await database.query(
        'DELETE FROM contact_flow WHERE instance_id = $1 AND id = $2',
        [instanceId, id],
      );
      return rowCount > 0;
    },
    async listVersions({ instanceId, id }) {
      const rows = await kysely
        .selectFrom('contact_flow_version')
        .select(['version', 'description', 'created_at'])
        .where('instance_id', '=', instanceId)
        .where('flow_id', '=', id)
        .orderBy('version', 'desc')
        .execute();
      return rows.map(versionOf);
    },
    async findVersion({ instanceId, id }, version) {
      const row = await kysely
        .selectFrom('contact_flow_version')
        .selectAll()
        .select(sql<string | null>`settings`.as('settings'))
        .where('instance_id', '=', instanceId)
        .where('flow_id', '=', id)
        .where('version', '=', version)
        .executeTakeFirst();
      return row && { ...versionOf(row), content: row.content, settings: row.settings ?? undefined };
    },
    addVersion: ({ instanceId, id }, { content, description }, most, nowMs) =>
      database.withTransaction(async (transaction) => {
        const { rows } = await transaction.query<{ last_version: number; settings: string | null }>(
          `UPDATE contact_flow SET last_version = last_version + 1
            WHERE instance_id = $1 AND id = $2 AND status = 'PUBLISHED' AND content = $3
           RETURNING last_version, settings`,
          [instanceId, id, content],
        );
        if (rows[0] === undefined) return undefined;
        const { last_version: version, settings } = rows[0];
        const inserted = await transaction.query(
          `INSERT INTO contact_flow_version
                  (instance_id, flow_id, version, description, content, settings, created_at)
           SELECT $1, $2, $3, $4, $5, $6, $7
            WHERE (SELECT count(*) FROM contact_flow_version WHERE instance_id = $1 AND flow_id = $2) < $8`,
          [instanceId, id, version, description ?? null, content, settings, new Date(nowMs), most],
        );
        if (inserted.rowCount === 0) throw new TooMany('version', most);
        return version;
      }),
    async deleteVersion({ instanceId, id }, version) {
      try {
        const { rowCount } = await database.query(
          'DELETE FROM contact_flow_version WHERE instance_id = $1 AND flow_id = $2 AND version = $3',
          [instanceId, id, version],
        );
        return rowCount > 0;
      } catch (error) {
        if (violatedForeignKey(error) === undefined) throw error;
        throw new InUse(`An alias points at version ${version}; point it elsewhere first.`);
      }
    },
  };
}

async function refuseTakenName<Result>(
  noun: string,
  name: string,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, 'contact_flow_name')) throw new NameTaken(noun, name);
    throw error;
  }
}

interface SummaryRow {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly description: string | null;
  readonly status: string;
  readonly state: string;
  readonly tags: object;
  readonly created_at: Date;
  readonly updated_at: Date;
}

function summaryOf(instanceId: InstanceId, row: SummaryRow): FlowSummary {
  return {
    id: row.id as ContactFlowId,
    instanceId,
    name: row.name,
    type: row.type,
    description: row.description ?? undefined,
    status: row.status as FlowSummary['status'],
    state: row.state as FlowSummary['state'],
    tags: row.tags as FlowSummary['tags'],
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  };
}

function flowOf(
  instanceId: InstanceId,
  row: SummaryRow & {
    readonly content: string;
    readonly draft: string | null;
    readonly settings: string | null;
    readonly external_invocation: boolean | null;
  },
): StoredFlow {
  return {
    ...summaryOf(instanceId, row),
    content: row.content,
    draft: row.draft ?? undefined,
    module:
      row.type === moduleType
        ? {
            settings: row.settings ?? undefined,
            isExternallyInvocable: row.external_invocation ?? undefined,
          }
        : undefined,
  };
}

const versionOf = (row: {
  readonly version: number;
  readonly description: string | null;
  readonly created_at: Date;
}): FlowVersion => ({
  version: row.version,
  description: row.description ?? undefined,
  createdAtMs: row.created_at.getTime(),
});
