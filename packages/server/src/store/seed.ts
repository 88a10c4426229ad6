/** What a new database starts with: one instance with queue, hours, routing profile, agent, numbers, flows. Found through the List operations. */
import type { Tenant } from '../arn.ts';
import { type InstanceId, newId } from '../ids.ts';
import { furnishInstance } from './furnish-instance.ts';
import type { RingbackDatabase } from './schema.ts';

export interface SeedOptions {
  readonly tenant: Tenant;
  readonly nowMs: number;
  readonly flows: readonly {
    readonly name: string;
    readonly type: string;
    readonly description: string;
    readonly content: string;
  }[];
  readonly prompts: readonly {
    readonly name: string;
    readonly description: string;
    readonly mulaw: Uint8Array;
  }[];
  /** Own numbers; the first one is the queue's caller ID. */
  readonly phoneNumbers: readonly {
    readonly e164: string;
    readonly countryCode: string;
    /** As the API calls it, such as `TOLL_FREE`. */
    readonly type: string;
  }[];
  /** What the seeded agent's password is stored as; asked only when there is something to seed. Without it nobody can sign in. */
  readonly agentPasswordHash?: () => Promise<string>;
  readonly pools: { readonly activeCalls: number; readonly campaignCalls: number };
}

const everyDay = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'].map(
  (Day) => ({
    Day,
    StartTime: { Hours: 0, Minutes: 0 },
    EndTime: { Hours: 23, Minutes: 59 },
  }),
);

/** Seeds an empty database; where the account has an instance in the Region, only numbers that are new are added. */
export async function seed(database: RingbackDatabase, options: SeedOptions): Promise<void> {
  const { tenant } = options;
  const now = new Date(options.nowMs);
  await database.withTransaction(async (transaction) => {
    const { kysely, query } = transaction;
    // Two processes that start at once on one database must not both seed.
    await query(`SELECT pg_advisory_xact_lock(hashtext('ringback seed'))`);
    const existing = await kysely
      .selectFrom('instance')
      .select('id')
      .where('account_id', '=', tenant.accountId)
      .where('region', '=', tenant.region)
      .executeTakeFirst();
    if (existing) return furnishInstance(transaction, existing.id as InstanceId, now);

    const instanceId = newId<InstanceId>();
    const hoursId = newId();
    const queueId = newId();
    const profileId = newId();
    await kysely
      .insertInto('instance')
      .values({
        id: instanceId,
        account_id: tenant.accountId,
        region: tenant.region,
        alias: 'ringback',
        identity_management: 'CONNECT_MANAGED',
        inbound_calls_enabled: true,
        outbound_calls_enabled: true,
        created_at: now,
      })
      .execute();
    await kysely
      .insertInto('call_slot_pool')
      .values([
        { instance_id: instanceId, pool: 'active-calls', capacity: options.pools.activeCalls, in_use: 0 },
        { instance_id: instanceId, pool: 'campaign-calls', capacity: options.pools.campaignCalls, in_use: 0 },
      ])
      .execute();
    await kysely
      .insertInto('hours_of_operation')
      .values({
        instance_id: instanceId,
        id: hoursId,
        name: 'Basic Hours',
        time_zone: 'UTC',
        config: JSON.stringify(everyDay),
        updated_at: now,
      })
      .execute();
    await kysely
      .insertInto('queue')
      .values({
        instance_id: instanceId,
        id: queueId,
        name: 'BasicQueue',
        type: 'STANDARD',
        description: 'A queue that is always open',
        hours_of_operation_id: hoursId,
        status: 'ENABLED',
        outbound_caller_id_name: 'Ringback',
        outbound_caller_id_number_id: null,
        updated_at: now,
      })
      .execute();
    await kysely
      .insertInto('routing_profile')
      .values({
        instance_id: instanceId,
        id: profileId,
        name: 'Basic Routing Profile',
        description: 'Serves BasicQueue',
        default_outbound_queue_id: queueId,
        media_concurrencies: JSON.stringify([{ Channel: 'VOICE', Concurrency: 1 }]),
        is_default: true,
        updated_at: now,
      })
      .execute();
    await query(
      `INSERT INTO routing_profile_queue (instance_id, routing_profile_id, queue_id, channel, priority, delay_seconds)
       VALUES ($1, $2, $3, 'VOICE', 1, 0)`,
      [instanceId, profileId, queueId],
    );
    await kysely
      .insertInto('agent')
      .values({
        instance_id: instanceId,
        id: newId(),
        username: 'agent',
        first_name: 'Ada',
        last_name: 'Agent',
        routing_profile_id: profileId,
        password_hash: (await options.agentPasswordHash?.()) ?? null,
        updated_at: now,
      })
      .execute();
    await furnishInstance(transaction, instanceId, now);
    for (const flow of options.flows) {
      await kysely
        .insertInto('contact_flow')
        .values({
          instance_id: instanceId,
          id: newId(),
          name: flow.name,
          type: flow.type,
          description: flow.description,
          content: flow.content,
          status: 'PUBLISHED',
          state: 'ACTIVE',
          tags: '{}',
          created_at: now,
          updated_at: now,
        })
        .execute();
    }
    for (const prompt of options.prompts) {
      await kysely
        .insertInto('prompt')
        .values({
          instance_id: instanceId,
          id: newId(),
          name: prompt.name,
          description: prompt.description,
          mulaw: prompt.mulaw,
          created_at: now,
        })
        .execute();
    }
  });
  await claimNumbers(database, tenant, options.phoneNumbers);
}

/** Makes configured numbers the first instance's own, and the first of them the caller ID of queues without one. */
async function claimNumbers(
  database: RingbackDatabase,
  tenant: Tenant,
  numbers: SeedOptions['phoneNumbers'],
): Promise<void> {
  const instance = await database.kysely
    .selectFrom('instance')
    .select('id')
    .where('account_id', '=', tenant.accountId)
    .where('region', '=', tenant.region)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
  if (!instance) return;
  for (const { e164, countryCode, type } of numbers) {
    await database.kysely
      .insertInto('phone_number')
      .values({
        id: newId(),
        account_id: tenant.accountId,
        region: tenant.region,
        instance_id: instance.id,
        e164,
        country_code: countryCode,
        type,
        description: null,
      })
      // Numbers of earlier versions were all stored as DID.
      .onConflict((conflict) => conflict.columns(['account_id', 'region', 'e164']).doUpdateSet({ type }))
      .execute();
  }
  const [first] = numbers;
  if (!first) return;
  await database.kysely
    .updateTable('queue')
    .set(({ selectFrom }) => ({
      outbound_caller_id_number_id: selectFrom('phone_number')
        .select('phone_number.id')
        .where('phone_number.account_id', '=', tenant.accountId)
        .where('phone_number.region', '=', tenant.region)
        .where('phone_number.e164', '=', first.e164),
    }))
    .where('instance_id', '=', instance.id)
    .where('outbound_caller_id_number_id', 'is', null)
    .execute();
}
