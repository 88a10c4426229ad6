/** Routing profiles: which queues an agent serves, in which order and after which delay, and how many contacts at once. */
import type { InstanceId, QueueId, RoutingProfileId } from '../ids.ts';
import type { Channel } from './agent-settings.ts';
import type { Queryable } from './database.ts';
import { isUniqueViolation, violatedForeignKey } from './database-errors.ts';
import { type ColumnValues, type NamedRow, namedRows } from './named-rows.ts';
import { ReferenceMissing, TooMany } from './resource-refusals.ts';
import type { Tags } from './resource-tags.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

export interface RoutingProfile {
  readonly id: RoutingProfileId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly description: string;
  readonly defaultOutboundQueueId: QueueId;
  /** Channels that are missing are not served. */
  readonly mediaConcurrencies: readonly MediaConcurrency[];
  /** Ordered by priority, then delay. */
  readonly queues: readonly RoutingProfileQueue[];
  /** Queues whose contacts are picked by hand. */
  readonly manualQueues: readonly QueueReference[];
  /** Who has waited longest: since the last contact of any kind, or since the last one that came from a queue. */
  readonly agentAvailabilityTimer: 'TIME_SINCE_LAST_ACTIVITY' | 'TIME_SINCE_LAST_INBOUND';
  readonly isDefault: boolean;
  readonly tags: Tags;
  readonly updatedAtMs: number;
}

/** In the wire's spelling (`MediaConcurrency`, API reference). */
export interface MediaConcurrency {
  readonly Channel: Channel;
  readonly Concurrency?: number | undefined;
  readonly CrossChannelBehavior?:
    | { readonly BehaviorType: 'ROUTE_CURRENT_CHANNEL_ONLY' | 'ROUTE_ANY_CHANNEL' }
    | undefined;
  /** Kept as it came. */
  readonly WorkloadTypeConcurrencies?:
    | readonly {
        readonly WorkloadType: string;
        readonly Concurrency: number;
        readonly CrossChannelWorkloadBehavior?: CrossChannelWorkloadBehavior | undefined;
      }[]
    | undefined;
}

interface CrossChannelWorkloadBehavior {
  readonly ChannelWorkloadBehaviorType?:
    | 'ROUTE_CURRENT_CHANNEL_CURRENT_WORKLOADTYPE_ONLY'
    | 'ROUTE_CURRENT_CHANNEL_ANY_WORKLOADTYPE_ONLY'
    | 'ROUTE_ANY_CHANNEL_ANY_WORKLOAD_TYPE'
    | undefined;
}

export interface QueueReference {
  readonly queueId: QueueId;
  readonly channel: Channel;
}

export interface RoutingProfileQueue extends QueueReference {
  /** 1 to 99; the smaller is served first. */
  readonly priority: number;
  /** How long a contact must have waited before these agents get it. */
  readonly delaySeconds: number;
}

/** What can be changed of the profile itself; absent leaves it as it is. */
export interface RoutingProfileChange {
  readonly name?: string;
  readonly description?: string;
  readonly defaultOutboundQueueId?: QueueId;
  readonly mediaConcurrencies?: readonly MediaConcurrency[];
  readonly agentAvailabilityTimer?: RoutingProfile['agentAvailabilityTimer'];
}

/** Where a profile is. */
export interface RoutingProfilePlace {
  readonly instanceId: InstanceId;
  readonly id: RoutingProfileId;
}

export interface RoutingProfileStore {
  /** In the order of their ids. */
  list(instanceId: InstanceId): Promise<RoutingProfile[]>;
  find(instanceId: InstanceId, id: RoutingProfileId): Promise<RoutingProfile | undefined>;
  /** @throws {NameTaken | TooMany | ReferenceMissing} */
  create(profile: RoutingProfile, most: number): Promise<void>;
  /**
   * False when there is no such profile.
   *
   * @throws {NameTaken | ReferenceMissing}
   */
  update(profile: RoutingProfilePlace, change: RoutingProfileChange, nowMs: number): Promise<boolean>;
  /**
   * False when there is no such profile.
   *
   * @throws {InUse} users have it.
   */
  remove(profile: RoutingProfilePlace): Promise<boolean>;
  /**
   * Adds queues, of both kinds.
   *
   * @param most queues that the profile may have, counted with their channels.
   * @throws {QueueAssociated} the profile serves one of them on that channel already.
   * @throws {TooMany}
   * @throws {ReferenceMissing} the profile or a queue went meanwhile.
   */
  addQueues(profile: RoutingProfilePlace, added: AddedQueues, most: number, nowMs: number): Promise<void>;
  /**
   * Changes priority and delay of queues that the profile serves; tells which it does not serve, and then changes nothing.
   *
   * @throws {ReferenceMissing} the profile went meanwhile.
   */
  updateQueues(
    profile: RoutingProfilePlace,
    queues: readonly RoutingProfileQueue[],
    nowMs: number,
  ): Promise<readonly QueueReference[]>;
  /** Queues that it does not serve are no mistake. @throws {ReferenceMissing} the profile went meanwhile. */
  removeQueues(
    profile: RoutingProfilePlace,
    removed: { readonly queues: readonly QueueReference[]; readonly manualQueues: readonly QueueReference[] },
    nowMs: number,
  ): Promise<void>;
}

export interface AddedQueues {
  readonly queues: readonly RoutingProfileQueue[];
  readonly manualQueues: readonly QueueReference[];
}

/** The routing profile serves a queue on a channel already. */
export class QueueAssociated extends Error {
  override readonly name = 'QueueAssociated';
}

interface ProfileRow extends NamedRow {
  readonly description: string;
  readonly default_outbound_queue_id: string;
  readonly media_concurrencies: readonly MediaConcurrency[];
  readonly agent_availability_timer: RoutingProfile['agentAvailabilityTimer'];
  readonly is_default: boolean;
  readonly queues: readonly RoutingProfileQueue[];
  readonly manual_queues: readonly QueueReference[];
}

const ofProfile = (table: string): string =>
  `FROM ${table} q WHERE q.instance_id = routing_profile.instance_id AND q.routing_profile_id = routing_profile.id`;

export function openRoutingProfileStore(database: RingbackDatabase): RoutingProfileStore {
  const rows = namedRows<ProfileRow>(database, {
    table: 'routing_profile',
    noun: 'routing profile',
    nameConstraint: 'routing_profile_name',
    columns: [
      'description',
      'default_outbound_queue_id',
      'media_concurrencies',
      'agent_availability_timer',
      'is_default',
      `(SELECT coalesce(json_agg(json_build_object('queueId', queue_id, 'channel', channel, 'priority', priority,
               'delaySeconds', delay_seconds) ORDER BY priority, delay_seconds, queue_id, channel), '[]')
          ${ofProfile('routing_profile_queue')}) AS queues`,
      `(SELECT coalesce(json_agg(json_build_object('queueId', queue_id, 'channel', channel)
               ORDER BY queue_id, channel), '[]')
          ${ofProfile('routing_profile_manual_queue')}) AS manual_queues`,
    ],
  });

  /** Also keeps two changes of one profile's queues apart. */
  async function touch(
    on: Queryable<Schema>,
    { instanceId, id }: RoutingProfilePlace,
    nowMs: number,
  ): Promise<void> {
    if (!(await rows.update(on, instanceId, id, {}, nowMs))) {
      throw new ReferenceMissing('The routing profile was deleted meanwhile.');
    }
  }

  return {
    async list(instanceId) {
      return (await rows.list(instanceId)).map((row) => profileOf(instanceId, row));
    },
    async find(instanceId, id) {
      const row = await rows.find(instanceId, id);
      return row && profileOf(instanceId, row);
    },
    create: (profile, most) =>
      database.withTransaction(async (transaction) => {
        const values = {
          id: profile.id,
          ...columnsOf(profile),
          is_default: profile.isDefault,
          tags: JSON.stringify(profile.tags),
          updated_at: new Date(profile.updatedAtMs),
        };
        await rows.insert(transaction, profile.instanceId, values, most);
        await insertQueues(transaction, profile, profile);
      }),
    update: ({ instanceId, id }, change, nowMs) =>
      rows.update(database, instanceId, id, columnsOf(change), nowMs),
    remove: ({ instanceId, id }) => rows.remove(database, instanceId, id),
    addQueues: (profile, added, most, nowMs) =>
      database.withTransaction(async (transaction) => {
        await touch(transaction, profile, nowMs);
        await insertQueues(transaction, profile, added);
        for (const table of queueTables) {
          const { rows: counted } = await transaction.query<{ count: number }>(
            `SELECT count(*) FROM ${table} WHERE instance_id = $1 AND routing_profile_id = $2`,
            [profile.instanceId, profile.id],
          );
          if ((counted[0]?.count ?? 0) > most) throw new TooMany('queue of the routing profile', most);
        }
      }),
    updateQueues: (profile, queues, nowMs) =>
      database.withTransaction(async (transaction) => {
        await touch(transaction, profile, nowMs);
        const known = await transaction.query<{ queue_id: QueueId; channel: Channel }>(
          'SELECT queue_id, channel FROM routing_profile_queue WHERE instance_id = $1 AND routing_profile_id = $2',
          [profile.instanceId, profile.id],
        );
        const served = new Set(known.rows.map(({ queue_id, channel }) => `${queue_id} ${channel}`));
        const missing = queues.filter(({ queueId, channel }) => !served.has(`${queueId} ${channel}`));
        if (missing.length > 0) return missing;
        await transaction.query(
          `UPDATE routing_profile_queue known SET priority = new.priority, delay_seconds = new.delay_seconds
             FROM unnest($3::uuid[], $4::text[], $5::int[], $6::int[]) AS new (queue_id, channel, priority, delay_seconds)
            WHERE known.instance_id = $1 AND known.routing_profile_id = $2
              AND known.queue_id = new.queue_id AND known.channel = new.channel`,
          [profile.instanceId, profile.id, ...columnsOfQueues(queues)],
        );
        return [];
      }),
    removeQueues: (profile, removed, nowMs) =>
      database.withTransaction(async (transaction) => {
        await touch(transaction, profile, nowMs);
        for (const [table, queues] of [
          ['routing_profile_queue', removed.queues],
          ['routing_profile_manual_queue', removed.manualQueues],
        ] as const) {
          await transaction.query(
            `DELETE FROM ${table} known USING unnest($3::uuid[], $4::text[]) AS gone (queue_id, channel)
              WHERE known.instance_id = $1 AND known.routing_profile_id = $2
                AND known.queue_id = gone.queue_id AND known.channel = gone.channel`,
            [
              profile.instanceId,
              profile.id,
              queues.map(({ queueId }) => queueId),
              queues.map(({ channel }) => channel),
            ],
          );
        }
      }),
  };
}

const queueTables = ['routing_profile_queue', 'routing_profile_manual_queue'] as const;

async function insertQueues(
  on: Queryable<Schema>,
  { instanceId, id }: RoutingProfilePlace,
  { queues, manualQueues }: AddedQueues,
): Promise<void> {
  try {
    await on.query(
      `INSERT INTO routing_profile_queue
         (instance_id, routing_profile_id, queue_id, channel, priority, delay_seconds)
       SELECT $1, $2, * FROM unnest($3::uuid[], $4::text[], $5::int[], $6::int[])`,
      [instanceId, id, ...columnsOfQueues(queues)],
    );
    await on.query(
      `INSERT INTO routing_profile_manual_queue (instance_id, routing_profile_id, queue_id, channel)
       SELECT $1, $2, * FROM unnest($3::uuid[], $4::text[])`,
      [
        instanceId,
        id,
        manualQueues.map(({ queueId }) => queueId),
        manualQueues.map(({ channel }) => channel),
      ],
    );
  } catch (error) {
    if (isUniqueViolation(error)) {
      throw new QueueAssociated(
        'A queue stands twice in the request, or the profile has it on that channel already.',
      );
    }
    if (violatedForeignKey(error) === undefined) throw error;
    throw new ReferenceMissing('A queue was deleted meanwhile.');
  }
}

function columnsOfQueues(queues: readonly RoutingProfileQueue[]): readonly unknown[] {
  return [
    queues.map(({ queueId }) => queueId),
    queues.map(({ channel }) => channel),
    queues.map(({ priority }) => priority),
    queues.map(({ delaySeconds }) => delaySeconds),
  ];
}

function columnsOf(change: RoutingProfileChange): ColumnValues {
  return {
    ...(change.name === undefined ? {} : { name: change.name }),
    ...(change.description === undefined ? {} : { description: change.description }),
    ...(change.defaultOutboundQueueId ? { default_outbound_queue_id: change.defaultOutboundQueueId } : {}),
    ...(change.mediaConcurrencies ? { media_concurrencies: JSON.stringify(change.mediaConcurrencies) } : {}),
    ...(change.agentAvailabilityTimer ? { agent_availability_timer: change.agentAvailabilityTimer } : {}),
  };
}

function profileOf(instanceId: InstanceId, row: ProfileRow): RoutingProfile {
  return {
    id: row.id as RoutingProfileId,
    instanceId,
    name: row.name,
    description: row.description,
    defaultOutboundQueueId: row.default_outbound_queue_id as QueueId,
    mediaConcurrencies: row.media_concurrencies,
    queues: row.queues,
    manualQueues: row.manual_queues,
    agentAvailabilityTimer: row.agent_availability_timer,
    isDefault: row.is_default,
    tags: row.tags,
    updatedAtMs: row.updated_at.getTime(),
  };
}
