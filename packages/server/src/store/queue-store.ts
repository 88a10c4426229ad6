/** Queues: where contacts wait, until when they are open, and who the customer sees calling. Read through directory.ts where calls wait for it. */
import type {
  ContactFlowId,
  HoursOfOperationId,
  InstanceId,
  PhoneNumber,
  PhoneNumberId,
  QueueId,
  QuickConnectId,
} from '../ids.ts';
import { violatedForeignKey } from './database-errors.ts';
import { type ColumnValues, type NamedRow, namedRows } from './named-rows.ts';
import { ReferenceMissing } from './resource-refusals.ts';
import type { Tags } from './resource-tags.ts';
import type { RingbackDatabase } from './schema.ts';

/** A standard queue. Every user has one of their own besides, whose id is the user's and which has no row. */
export interface Queue {
  readonly id: QueueId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly type: 'STANDARD' | 'AGENT';
  readonly description: string | undefined;
  readonly hoursOfOperationId: HoursOfOperationId | undefined;
  /** A disabled one takes no further contacts. */
  readonly status: 'ENABLED' | 'DISABLED';
  /** Contacts that may wait at once; undefined: the instance's limit alone holds. */
  readonly maxContacts: number | undefined;
  readonly callerIdName: string | undefined;
  /** The outbound caller ID number, where the queue has one. */
  readonly callerIdNumber: PhoneNumber | undefined;
  readonly callerIdNumberId: PhoneNumberId | undefined;
  /** The outbound whisper flow. */
  readonly outboundFlowId: ContactFlowId | undefined;
  /** Kept as it came; no e-mail is sent. */
  readonly outboundEmailAddressId: string | undefined;
  readonly emailAddressIds: readonly string[];
  readonly tags: Tags;
  readonly updatedAtMs: number;
}

/** What can be changed; absent leaves it as it is, `null` takes it away. */
export interface QueueChange {
  readonly name?: string;
  readonly description?: string | null;
  readonly hoursOfOperationId?: HoursOfOperationId;
  readonly status?: Queue['status'];
  readonly maxContacts?: number | null;
  readonly callerIdName?: string | null;
  readonly callerIdNumberId?: PhoneNumberId | null;
  readonly outboundFlowId?: ContactFlowId | null;
}

export interface QueueStore {
  /** In the order of their ids. */
  list(instanceId: InstanceId): Promise<Queue[]>;
  find(instanceId: InstanceId, id: QueueId): Promise<Queue | undefined>;
  /**
   * @param quickConnectIds what the queue's agents see.
   * @throws {NameTaken | TooMany | ReferenceMissing}
   */
  create(
    queue: Omit<Queue, 'callerIdNumber'>,
    quickConnectIds: readonly QuickConnectId[],
    most: number,
  ): Promise<void>;
  /**
   * False when there is no such queue.
   *
   * @throws {NameTaken | ReferenceMissing}
   */
  update(instanceId: InstanceId, id: QueueId, change: QueueChange, nowMs: number): Promise<boolean>;
  /**
   * False when there is no such queue.
   *
   * @throws {InUse} a routing profile serves it or dials out through it.
   */
  remove(instanceId: InstanceId, id: QueueId): Promise<boolean>;
}

interface QueueRow extends NamedRow {
  readonly type: Queue['type'];
  readonly description: string | null;
  readonly hours_of_operation_id: string | null;
  readonly status: Queue['status'];
  readonly max_contacts: number | null;
  readonly outbound_caller_id_name: string | null;
  readonly outbound_caller_id_number_id: string | null;
  readonly e164: string | null;
  readonly outbound_flow_id: string | null;
  readonly outbound_email_address_id: string | null;
  readonly email_address_ids: readonly string[];
}

export function openQueueStore(database: RingbackDatabase): QueueStore {
  const rows = namedRows<QueueRow>(database, {
    table: 'queue',
    noun: 'queue',
    nameConstraint: 'queue_name',
    columns: [
      'type',
      'description',
      'hours_of_operation_id',
      'status',
      'max_contacts',
      'outbound_caller_id_name',
      'outbound_caller_id_number_id',
      '(SELECT e164 FROM phone_number WHERE phone_number.id = outbound_caller_id_number_id) AS e164',
      'outbound_flow_id',
      'outbound_email_address_id',
      'email_address_ids',
    ],
  });
  return {
    async list(instanceId) {
      return (await rows.list(instanceId)).map((row) => queueOf(instanceId, row));
    },
    async find(instanceId, id) {
      const row = await rows.find(instanceId, id);
      return row && queueOf(instanceId, row);
    },
    create: (queue, quickConnectIds, most) =>
      database.withTransaction(async (transaction) => {
        const values = {
          id: queue.id,
          name: queue.name,
          type: queue.type,
          description: queue.description ?? null,
          hours_of_operation_id: queue.hoursOfOperationId ?? null,
          status: queue.status,
          max_contacts: queue.maxContacts ?? null,
          outbound_caller_id_name: queue.callerIdName ?? null,
          outbound_caller_id_number_id: queue.callerIdNumberId ?? null,
          outbound_flow_id: queue.outboundFlowId ?? null,
          outbound_email_address_id: queue.outboundEmailAddressId ?? null,
          email_address_ids: queue.emailAddressIds,
          tags: JSON.stringify(queue.tags),
          updated_at: new Date(queue.updatedAtMs),
        };
        await rows.insert(transaction, queue.instanceId, values, most);
        try {
          await transaction.query(
            `INSERT INTO queue_quick_connect (instance_id, queue_id, quick_connect_id)
             SELECT DISTINCT $1::uuid, $2::uuid, id FROM unnest($3::uuid[]) AS id`,
            [queue.instanceId, queue.id, quickConnectIds],
          );
        } catch (error) {
          if (violatedForeignKey(error) === undefined) throw error;
          throw new ReferenceMissing('A quick connect was deleted meanwhile.');
        }
      }),
    update: (instanceId, id, change, nowMs) =>
      rows.update(database, instanceId, id, columnsOf(change), nowMs),
    remove: (instanceId, id) => rows.remove(database, instanceId, id),
  };
}

const columnOf: Readonly<Record<keyof QueueChange, string>> = {
  name: 'name',
  description: 'description',
  hoursOfOperationId: 'hours_of_operation_id',
  status: 'status',
  maxContacts: 'max_contacts',
  callerIdName: 'outbound_caller_id_name',
  callerIdNumberId: 'outbound_caller_id_number_id',
  outboundFlowId: 'outbound_flow_id',
};

function columnsOf(change: QueueChange): ColumnValues {
  const given = (Object.keys(columnOf) as (keyof QueueChange)[]).filter((key) => change[key] !== undefined);
  return Object.fromEntries(given.map((key) => [columnOf[key], change[key]]));
}

function queueOf(instanceId: InstanceId, row: QueueRow): Queue {
  return {
    id: row.id as QueueId,
    instanceId,
    name: row.name ?? '',
    type: row.type,
    description: row.description ?? undefined,
    hoursOfOperationId: (row.hours_of_operation_id ?? undefined) as HoursOfOperationId | undefined,
    status: row.status,
    maxContacts: row.max_contacts ?? undefined,
    callerIdName: row.outbound_caller_id_name ?? undefined,
    callerIdNumber: (row.e164 ?? undefined) as PhoneNumber | undefined,
    callerIdNumberId: (row.outbound_caller_id_number_id ?? undefined) as PhoneNumberId | undefined,
    outboundFlowId: (row.outbound_flow_id ?? undefined) as ContactFlowId | undefined,
    outboundEmailAddressId: row.outbound_email_address_id ?? undefined,
    emailAddressIds: row.email_address_ids,
    tags: row.tags,
    updatedAtMs: row.updated_at.getTime(),
  };
}
