/** Quick connects: where agents transfer contacts to, and which of them the agents of a queue see. */
import type { InstanceId, QueueId, QuickConnectId } from '../ids.ts';
import { violatedForeignKey } from './database-errors.ts';
import { type NamedRow, namedRows } from './named-rows.ts';
import { ReferenceMissing, TooMany } from './resource-refusals.ts';
import type { Tags } from './resource-tags.ts';
import type { RingbackDatabase } from './schema.ts';

/** The destination, in the wire's spelling (`QuickConnectConfig`, API reference): of the members, the one that the type names. */
export interface QuickConnectConfig {
  readonly QuickConnectType: 'USER' | 'QUEUE' | 'PHONE_NUMBER' | 'FLOW';
  /** `ContactFlowId`: a flow of the type AGENT_TRANSFER. */
  readonly UserConfig?: { readonly UserId: string; readonly ContactFlowId: string } | undefined;
  /** `ContactFlowId`: a flow of the type QUEUE_TRANSFER. */
  readonly QueueConfig?: { readonly QueueId: string; readonly ContactFlowId: string } | undefined;
  readonly PhoneConfig?: { readonly PhoneNumber: string } | undefined;
  readonly FlowConfig?: { readonly ContactFlowId: string } | undefined;
}

export interface QuickConnect {
  readonly id: QuickConnectId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly description: string | undefined;
  readonly config: QuickConnectConfig;
  readonly tags: Tags;
  readonly updatedAtMs: number;
}

/** What can be changed; absent leaves it as it is, `null` takes it away. */
export interface QuickConnectChange {
  readonly name?: string;
  readonly description?: string | null;
  readonly config?: QuickConnectConfig;
}

export interface QuickConnectStore {
  /** In the order of their ids. */
  list(instanceId: InstanceId): Promise<QuickConnect[]>;
  find(instanceId: InstanceId, id: QuickConnectId): Promise<QuickConnect | undefined>;
  /** @throws {NameTaken | TooMany} */
  create(quickConnect: QuickConnect, most: number): Promise<void>;
  /**
   * False when there is no such quick connect.
   *
   * @throws {NameTaken}
   */
  update(
    instanceId: InstanceId,
    id: QuickConnectId,
    change: QuickConnectChange,
    nowMs: number,
  ): Promise<boolean>;
  /** Queues lose it, too. False when there is no such quick connect. */
  remove(instanceId: InstanceId, id: QuickConnectId): Promise<boolean>;
  /** Those of a queue, in the order of their ids. */
  ofQueue(instanceId: InstanceId, queueId: QueueId): Promise<QuickConnect[]>;
  /** Those of several queues, each once, by name. */
  ofQueues(instanceId: InstanceId, queueIds: readonly QueueId[]): Promise<QuickConnect[]>;
  /**
   * Those that the queue has already are no mistake.
   *
   * @throws {TooMany} the queue would have more than `most`.
   * @throws {ReferenceMissing} the queue or a quick connect went meanwhile.
   */
  addToQueue(
    instanceId: InstanceId,
    queueId: QueueId,
    ids: readonly QuickConnectId[],
    most: number,
  ): Promise<void>;
  /** Those that the queue does not have are no mistake. */
  removeFromQueue(instanceId: InstanceId, queueId: QueueId, ids: readonly QuickConnectId[]): Promise<void>;
}

interface QuickConnectRow extends NamedRow {
  readonly description: string | null;
  readonly config: QuickConnectConfig;
}

export function openQuickConnectStore(database: RingbackDatabase): QuickConnectStore {
  const rows = namedRows<QuickConnectRow>(database, {
    table: 'quick_connect',
    noun: 'quick connect',
    nameConstraint: 'quick_connect_name',
    columns: ['description', 'config'],
  });
  return {
    async list(instanceId) {
      return (await rows.list(instanceId)).map((row) => quickConnectOf(instanceId, row));
    },
    async find(instanceId, id) {
      const row = await rows.find(instanceId, id);
      return row && quickConnectOf(instanceId, row);
    },
    create: (quickConnect, most) =>
      database.withTransaction((transaction) =>
        rows.insert(
          transaction,
          quickConnect.instanceId,
          {
            id: quickConnect.id,
            name: quickConnect.name,
            description: quickConnect.description ?? null,
            type: quickConnect.config.QuickConnectType,
            config: JSON.stringify(quickConnect.config),
            tags: JSON.stringify(quickConnect.tags),
            updated_at: new Date(quickConnect.updatedAtMs),
          },
          most,
        ),
      ),
    update: (instanceId, id, { config, ...change }, nowMs) =>
      rows.update(
        database,
        instanceId,
        id,
        {
          ...change,
          ...(config ? { type: config.QuickConnectType, config: JSON.stringify(config) } : {}),
        },
        nowMs,
      ),
    remove: (instanceId, id) => rows.remove(database, instanceId, id),
    async ofQueue(instanceId, queueId) {
      const found = await database.query<QuickConnectRow>(
        `SELECT id, name, tags, updated_at, description, config
           FROM quick_connect JOIN queue_quick_connect q USING (instance_id)
          WHERE instance_id = $1 AND q.queue_id = $2 AND q.quick_connect_id = id
          ORDER BY id`,
        [instanceId, queueId],
      );
      return found.rows.map((row) => quickConnectOf(instanceId, row));
    },
    async ofQueues(instanceId, queueIds) {
      const found = await database.query<QuickConnectRow>(
        `SELECT id, name, tags, updated_at, description, config
           FROM quick_connect
          WHERE instance_id = $1 AND id IN (SELECT quick_connect_id FROM queue_quick_connect
                                             WHERE instance_id = $1 AND queue_id = ANY ($2::uuid[]))
          ORDER BY name, id`,
        [instanceId, queueIds],
      );
      return found.rows.map((row) => quickConnectOf(instanceId, row));
    },
    addToQueue: (instanceId, queueId, ids, most) =>
      database.withTransaction(async ({ query }) => {
        // Two requests for one queue must not both be within the limit, and together beyond it.
        const queue = await query('SELECT FROM queue WHERE instance_id = $1 AND id = $2 FOR NO KEY UPDATE', [
          instanceId,
          queueId,
        ]);
        if (queue.rowCount === 0) throw new ReferenceMissing('The queue was deleted meanwhile.');
        try {
          await query(
            `INSERT INTO queue_quick_connect (instance_id, queue_id, quick_connect_id)
             SELECT $1, $2, id FROM unnest($3::uuid[]) AS id
             ON CONFLICT DO NOTHING`,
            [instanceId, queueId, ids],
          );
        } catch (error) {
          if (violatedForeignKey(error) === undefined) throw error;
          throw new ReferenceMissing('A quick connect was deleted meanwhile.');
        }
        const { rows: counted } = await query<{ count: number }>(
          'SELECT count(*) FROM queue_quick_connect WHERE instance_id = $1 AND queue_id = $2',
          [instanceId, queueId],
        );
        if ((counted[0]?.count ?? 0) > most) throw new TooMany('quick connect of the queue', most);
      }),
    async removeFromQueue(instanceId, queueId, ids) {
      await database.query(
        `DELETE FROM queue_quick_connect
          WHERE instance_id = $1 AND queue_id = $2 AND quick_connect_id = ANY ($3::uuid[])`,
        [instanceId, queueId, ids],
      );
    },
  };
}

function quickConnectOf(instanceId: InstanceId, row: QuickConnectRow): QuickConnect {
  return {
    id: row.id as QuickConnectId,
    instanceId,
    name: row.name,
    description: row.description ?? undefined,
    config: row.config,
    tags: row.tags,
    updatedAtMs: row.updated_at.getTime(),
  };
}
