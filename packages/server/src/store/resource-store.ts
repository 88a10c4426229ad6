/** Instances and what belongs to them; flows, prompts and tags come from their own files. Written rarely, read through directory.ts. */
import type { Tenant } from '../arn.ts';
import type { AccountId, InstanceId, PhoneNumber, PhoneNumberId } from '../ids.ts';
import { type AgentStatusStore, openAgentStatusStore } from './agent-status-store.ts';
import { type AgentStore, openAgentStore } from './agent-store.ts';
import { type FlowStore, openFlowStore } from './flow-store.ts';
import { type HierarchyStore, openHierarchyStore } from './hierarchy-store.ts';
import { type HoursStore, openHoursStore } from './hours-store.ts';
import { type LambdaFunctionStore, openLambdaFunctionStore } from './lambda-function-store.ts';
import { openPredefinedAttributeStore, type PredefinedAttributeStore } from './predefined-attribute-store.ts';
import { openPromptStore, type PromptStore } from './prompt-store.ts';
import { openQueueStore, type Queue, type QueueStore } from './queue-store.ts';
import { openQuickConnectStore, type QuickConnectStore } from './quick-connect-store.ts';
import { openResourceTags, type ResourceTags } from './resource-tags.ts';
import { openRoutingProfileStore, type RoutingProfileStore } from './routing-profile-store.ts';
import type { RingbackDatabase, Schema } from './schema.ts';
import { openSecurityProfileStore, type SecurityProfileStore } from './security-profile-store.ts';

export interface Instance {
  readonly id: InstanceId;
  readonly tenant: Tenant;
  readonly alias: string;
  readonly identityManagement: string;
  readonly inboundCallsEnabled: boolean;
  readonly outboundCallsEnabled: boolean;
  /** What flows did is written to the flow logs. */
  readonly contactFlowLogsEnabled: boolean;
  /** Agents hear what the network plays while a number rings. */
  readonly earlyMediaEnabled: boolean;
  readonly createdAtMs: number;
}

/** What of an instance can be switched on and off. */
export type InstanceSwitch = keyof typeof switchColumns;

const switchColumns = {
  inboundCallsEnabled: 'inbound_calls_enabled',
  outboundCallsEnabled: 'outbound_calls_enabled',
  contactFlowLogsEnabled: 'contact_flow_logs_enabled',
  earlyMediaEnabled: 'early_media_enabled',
} as const satisfies Partial<Record<keyof Instance, keyof Schema['instance']>>;

export interface OwnPhoneNumber {
  readonly id: PhoneNumberId;
  readonly tenant: Tenant;
  readonly instanceId: InstanceId;
  readonly e164: PhoneNumber;
  readonly countryCode: string;
  readonly type: string;
  readonly description: string | undefined;
}

export type { Queue } from './queue-store.ts';

export interface NamedId {
  readonly id: string;
  readonly name: string;
}

/** Everything that belongs to instances. */
export interface ResourceStore extends FlowStore, PromptStore, ResourceTags {
  readonly agents: AgentStore;
  readonly agentStatuses: AgentStatusStore;
  readonly hierarchy: HierarchyStore;
  readonly hours: HoursStore;
  readonly lambdaFunctions: LambdaFunctionStore;
  readonly predefinedAttributes: PredefinedAttributeStore;
  readonly queues: QueueStore;
  readonly quickConnects: QuickConnectStore;
  readonly routingProfiles: RoutingProfileStore;
  readonly securityProfiles: SecurityProfileStore;
  listInstances(tenant: Tenant): Promise<Instance[]>;
  /** Of every account and Region; for what asks before it knows whose it is. */
  allInstances(): Promise<Instance[]>;
  findInstance(id: InstanceId): Promise<Instance | undefined>;
  /** Turns one of an instance's switches. */
  switchInstance(id: InstanceId, which: InstanceSwitch, isOn: boolean): Promise<void>;
  listQueues(instanceId: InstanceId): Promise<Queue[]>;
  listPhoneNumbers(tenant: Tenant): Promise<OwnPhoneNumber[]>;
  /** Ids of what a flow may name besides. */
  listHours(instanceId: InstanceId): Promise<NamedId[]>;
  listAgents(instanceId: InstanceId): Promise<NamedId[]>;
}

export function openResourceStore(database: RingbackDatabase): ResourceStore {
  const { kysely } = database;
  const queues = openQueueStore(database);
  return {
    agents: openAgentStore(database),
    agentStatuses: openAgentStatusStore(database),
    hierarchy: openHierarchyStore(database),
    hours: openHoursStore(database),
    lambdaFunctions: openLambdaFunctionStore(database),
    predefinedAttributes: openPredefinedAttributeStore(database),
    queues,
    quickConnects: openQuickConnectStore(database),
    routingProfiles: openRoutingProfileStore(database),
    securityProfiles: openSecurityProfileStore(database),
    ...openFlowStore(database),
    ...openPromptStore(database),
    ...openResourceTags(database),
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
    async allInstances() {
      return (await kysely.selectFrom('instance').selectAll().orderBy('id').execute()).map(instanceOf);
    },
    async findInstance(id) {
      const row = await kysely.selectFrom('instance').selectAll().where('id', '=', id).executeTakeFirst();
      return row && instanceOf(row);
    },
    async switchInstance(id, which, isOn) {
      await kysely
        .updateTable('instance')
        .set({ [switchColumns[which]]: isOn })
        .where('id', '=', id)
        .execute();
    },
    listQueues: (instanceId) => queues.list(instanceId),
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
    async listHours(instanceId) {
      return kysely
        .selectFrom('hours_of_operation')
        .select(['id', 'name'])
        .where('instance_id', '=', instanceId)
        .execute();
    },
    async listAgents(instanceId) {
      return kysely
        .selectFrom('agent')
        .select(['id', 'username as name'])
        .where('instance_id', '=', instanceId)
        .execute();
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
  contact_flow_logs_enabled: boolean;
  early_media_enabled: boolean;
  created_at: Date;
}): Instance {
  return {
    id: row.id as InstanceId,
    tenant: { accountId: row.account_id as AccountId, region: row.region },
    alias: row.alias,
    identityManagement: row.identity_management,
    inboundCallsEnabled: row.inbound_calls_enabled,
    outboundCallsEnabled: row.outbound_calls_enabled,
    contactFlowLogsEnabled: row.contact_flow_logs_enabled,
    earlyMediaEnabled: row.early_media_enabled,
    createdAtMs: row.created_at.getTime(),
  };
}
