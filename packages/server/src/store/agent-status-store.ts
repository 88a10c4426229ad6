/** What agents can say of themselves: the statuses of an instance. Which one an agent is in is not here. */
import type { AgentStatusId, InstanceId } from '../ids.ts';
import { type NamedRow, namedRows } from './named-rows.ts';
import type { Tags } from './resource-tags.ts';
import type { RingbackDatabase } from './schema.ts';

export interface AgentStatus {
  readonly id: AgentStatusId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly description: string | undefined;
  /** Only in the one that is ROUTABLE an agent is offered contacts. */
  readonly type: 'ROUTABLE' | 'CUSTOM' | 'OFFLINE';
  /** A disabled one cannot be chosen. */
  readonly state: 'ENABLED' | 'DISABLED';
  /** Place in the agent's menu, from 1; undefined stands after the others. */
  readonly displayOrder: number | undefined;
  readonly tags: Tags;
  readonly updatedAtMs: number;
}

/** What can be changed; absent leaves it as it is, `null` takes it away. */
export interface AgentStatusChange {
  readonly name?: string;
  readonly description?: string | null;
  readonly state?: AgentStatus['state'];
  readonly displayOrder?: number | null;
}

export interface AgentStatusStore {
  /** In the order of their ids. */
  list(instanceId: InstanceId): Promise<AgentStatus[]>;
  find(instanceId: InstanceId, id: AgentStatusId): Promise<AgentStatus | undefined>;
  /** @throws {NameTaken | TooMany} */
  create(status: AgentStatus, most: number): Promise<void>;
  /**
   * False when there is no such status.
   *
   * @throws {NameTaken}
   */
  update(
    instanceId: InstanceId,
    id: AgentStatusId,
    change: AgentStatusChange,
    nowMs: number,
  ): Promise<boolean>;
}

interface StatusRow extends NamedRow {
  readonly description: string | null;
  readonly type: AgentStatus['type'];
  readonly state: AgentStatus['state'];
  readonly display_order: number | null;
}

export function openAgentStatusStore(database: RingbackDatabase): AgentStatusStore {
  const rows = namedRows<StatusRow>(database, {
    table: 'agent_status',
    noun: 'agent status',
    plural: 'agent statuses',
    nameConstraint: 'agent_status_name',
    columns: ['description', 'type', 'state', 'display_order'],
  });
  return {
    async list(instanceId) {
      return (await rows.list(instanceId)).map((row) => statusOf(instanceId, row));
    },
    async find(instanceId, id) {
      const row = await rows.find(instanceId, id);
      return row && statusOf(instanceId, row);
    },
    create: (status, most) =>
      database.withTransaction((transaction) =>
        rows.insert(
          transaction,
          status.instanceId,
          {
            id: status.id,
            name: status.name,
            description: status.description ?? null,
            type: status.type,
            state: status.state,
            display_order: status.displayOrder ?? null,
            tags: JSON.stringify(status.tags),
            updated_at: new Date(status.updatedAtMs),
          },
          most,
        ),
      ),
    update: (instanceId, id, { displayOrder, ...change }, nowMs) =>
      rows.update(
        database,
        instanceId,
        id,
        { ...change, ...(displayOrder === undefined ? {} : { display_order: displayOrder }) },
        nowMs,
      ),
  };
}

function statusOf(instanceId: InstanceId, row: StatusRow): AgentStatus {
  return {
    id: row.id as AgentStatusId,
    instanceId,
    name: row.name,
    description: row.description ?? undefined,
    type: row.type,
    state: row.state,
    displayOrder: row.display_order ?? undefined,
    tags: row.tags,
    updatedAtMs: row.updated_at.getTime(),
  };
}
