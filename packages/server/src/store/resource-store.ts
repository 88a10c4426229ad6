/** Instances and what belongs to them: queues, phone numbers, flows, prompts. Written rarely, read through directory.ts. */
import type { Tenant } from '../arn.ts';
import type {
  AccountId,
  ContactFlowId,
  InstanceId,
  PhoneNumber,
  PhoneNumberId,
  PromptId,
  QueueId,
} from '../ids.ts';
import { isUniqueViolation } from './database-errors.ts';
import type { RingbackDatabase } from './schema.ts';

export interface Instance {
  readonly id: InstanceId;
  readonly tenant: Tenant;
  readonly alias: string;
  readonly identityManagement: string;
  readonly inboundCallsEnabled: boolean;
  readonly outboundCallsEnabled: boolean;
  readonly createdAtMs: number;
}

export interface Queue {
  readonly id: QueueId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly type: 'STANDARD' | 'AGENT';
  readonly callerIdName: string | undefined;
  /** The outbound caller ID number, where the queue has one. */
  readonly callerIdNumber: PhoneNumber | undefined;
}

export interface OwnPhoneNumber {
  readonly id: PhoneNumberId;
  readonly tenant: Tenant;
  readonly instanceId: InstanceId;
  readonly e164: PhoneNumber;
  readonly countryCode: string;
  readonly type: string;
  readonly description: string | undefined;
}

export interface StoredFlow {
  readonly id: ContactFlowId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly type: string;
  readonly description: string | undefined;
  readonly content: string;
  readonly status: 'PUBLISHED' | 'SAVED';
  readonly state: 'ACTIVE' | 'ARCHIVED';
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface StoredPrompt {
  readonly id: PromptId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly description: string | undefined;
  /** 8 kHz µ-law. */
  readonly mulaw: Uint8Array;
  readonly createdAtMs: number;
}

/** A name is taken within the instance. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
  constructor(kind: string, taken: string) {
    super(`There is a ${kind} named "${taken}" already.`);
  }
}

export interface ResourceStore {
  listInstances(tenant: Tenant): Promise<Instance[]>;
  findInstance(id: InstanceId): Promise<Instance | undefined>;
  listQueues(instanceId: InstanceId): Promise<Queue[]>;
  listPhoneNumbers(tenant: Tenant): Promise<OwnPhoneNumber[]>;
  listFlows(instanceId: InstanceId): Promise<Omit<StoredFlow, 'content'>[]>;
  findFlow(instanceId: InstanceId, id: ContactFlowId): Promise<StoredFlow | undefined>;
  /** @throws {NameTaken} the instance has a flow of that name. */
  createFlow(flow: StoredFlow): Promise<void>;
  countFlows(instanceId: InstanceId): Promise<number>;
  findPrompt(instanceId: InstanceId, id: PromptId): Promise<StoredPrompt | undefined>;
  listPrompts(instanceId: InstanceId): Promise<Omit<StoredPrompt, 'mulaw'>[]>;
}

export function openResourceStore(database: RingbackDatabase): ResourceStore {
  const { kysely } = database;
  return {
    async listInstances(tenant) {
      const rows = await kysely
        .selectFrom('instance')
        .selectAll()
        .where('account_id', '=', tenant.accountId)
        .where('region', '=', tenant.region)
        .orderBy('id')
        .execute();
      return rows.map(instanceOf);
    },
    async findInstance(id) {
      const row = await kysely.selectFrom('instance').selectAll().where('id', '=', id).executeTakeFirst();
      return row && instanceOf(row);
    },
    async listQueues(instanceId) {
      const rows = await kysely
        .selectFrom('queue')
        .leftJoin('phone_number', 'phone_number.id', 'queue.outbound_caller_id_number_id')
        .selectAll('queue')
        .select('phone_number.e164')
        .where('queue.instance_id', '=', instanceId)
        .orderBy('queue.id')
        .execute();
      return rows.map((row) => ({
        id: row.id as QueueId,
        instanceId,
        name: row.name ?? '',
        type: row.type as Queue['type'],
        callerIdName: row.outbound_caller_id_name ?? undefined,
        callerIdNumber: (row.e164 ?? undefined) as PhoneNumber | undefined,
      }));
    },
    async listPhoneNumbers(tenant) {
      const rows = await kysely
        .selectFrom('phone_number')
        .selectAll()
        .where('account_id', '=', tenant.accountId)
        .where('region', '=', tenant.region)
        .orderBy('id')
        .execute();
      return rows.map((row) => ({
        id: row.id as PhoneNumberId,
        tenant,
        instanceId: row.instance_id as InstanceId,
        e164: row.e164 as PhoneNumber,
        countryCode: row.country_code,
        type: row.type,
        description: row.description ?? undefined,
      }));
    },
    async listFlows(instanceId) {
      const rows = await kysely
        .selectFrom('contact_flow')
        .select(['id', 'name', 'type', 'description', 'status', 'state', 'tags', 'created_at', 'updated_at'])
        .where('instance_id', '=', instanceId)
        .orderBy('id')
        .execute();
      return rows.map((row) => flowSummaryOf(instanceId, row));
    },
    async findFlow(instanceId, id) {
      const row = await kysely
        .selectFrom('contact_flow')
        .selectAll()
        .where('instance_id', '=', instanceId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && { ...flowSummaryOf(instanceId, row), content: row.content };
    },
    async createFlow(flow) {
      try {
        await kysely
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
          })
          .execute();
      } catch (error) {
        if (isUniqueViolation(error, 'contact_flow_instance_id_name_key'))
          throw new NameTaken('flow', flow.name);
        throw error;
      }
    },
    async countFlows(instanceId) {
      const row = await kysely
        .selectFrom('contact_flow')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('instance_id', '=', instanceId)
        .executeTakeFirstOrThrow();
      return row.count;
    },
    async findPrompt(instanceId, id) {
      const row = await kysely
        .selectFrom('prompt')
        .selectAll()
        .where('instance_id', '=', instanceId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && { ...promptSummaryOf(instanceId, row), mulaw: row.mulaw };
    },
    async listPrompts(instanceId) {
      const rows = await kysely
        .selectFrom('prompt')
        .select(['id', 'name', 'description', 'created_at'])
        .where('instance_id', '=', instanceId)
        .orderBy('id')
        .execute();
      return rows.map((row) => promptSummaryOf(instanceId, row));
    },
  };
}

function instanceOf(row: {
  id: string;
  account_id: string;
  region: string;
  alias: string;
  identity_management: string;
  inbound_calls_enabled: boolean;
  outbound_calls_enabled: boolean;
  created_at: Date;
}): Instance {
  return {
    id: row.id as InstanceId,
    tenant: { accountId: row.account_id as AccountId, region: row.region },
    alias: row.alias,
    identityManagement: row.identity_management,
    inboundCallsEnabled: row.inbound_calls_enabled,
    outboundCallsEnabled: row.outbound_calls_enabled,
    createdAtMs: row.created_at.getTime(),
  };
}

function flowSummaryOf(
  instanceId: InstanceId,
  row: {
    id: string;
    name: string;
    type: string;
    description: string | null;
    status: string;
    state: string;
    tags: object;
    created_at: Date;
    updated_at: Date;
  },
): Omit<StoredFlow, 'content'> {
  return {
    id: row.id as ContactFlowId,
    instanceId,
    name: row.name,
    type: row.type,
    description: row.description ?? undefined,
    status: row.status as StoredFlow['status'],
    state: row.state as StoredFlow['state'],
    tags: row.tags as StoredFlow['tags'],
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  };
}

function promptSummaryOf(
  instanceId: InstanceId,
  row: { id: string; name: string; description: string | null; created_at: Date },
): Omit<StoredPrompt, 'mulaw'> {
  return {
    id: row.id as PromptId,
    instanceId,
    name: row.name,
    description: row.description ?? undefined,
    createdAtMs: row.created_at.getTime(),
  };
}
