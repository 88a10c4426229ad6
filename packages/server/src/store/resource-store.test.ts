// Instances and what belongs to them, against a real PostgreSQL, started once for this file; and the seed they come from.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AccountId, InstanceId } from '../ids.ts';
import { sampleTenant, sampleTimeMs } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { openResourceStore, type ResourceStore } from './resource-store.ts';
import { type SeedOptions, seed } from './seed.ts';

let server: TestDatabase;
let store: ResourceStore;
let instanceId: InstanceId;

const otherTenant = { accountId: '111111111111' as AccountId, region: 'us-east-1' };

before(async () => {
  server = await openTestDatabase();
  ({ instanceId } = server);
  store = openResourceStore(server.database);
});
after(() => server.close());

describe('resource store', () => {
  it('lists the instances of an account and Region in the order that pages need', async () => {
    const ids = ['0a', 'f0', '50'].map((start) => `${start}000000-0000-4000-8000-000000000000`);
    for (const [n, id] of ids.entries()) {
      await server.database.query(
        `INSERT INTO instance (id, account_id, region, alias, created_at) VALUES ($1, $2, $3, $4, $5)`,
        [id, otherTenant.accountId, otherTenant.region, `alias-${n}`, new Date(sampleTimeMs + n)],
      );
    }
    const listed = await store.listInstances(otherTenant);
    assert.deepEqual(
      listed.map(({ id }) => id),
      [...ids].sort(),
    );
    assert.deepEqual(
      (await store.listInstances(sampleTenant)).map(({ id }) => id),
      [instanceId],
    );
    assert.deepEqual(await store.listInstances({ ...sampleTenant, region: 'eu-west-2' }), []);
  });
});

describe('seed', () => {
  it('happens once, whoever starts at the same moment', async () => {
    const tenant = { ...otherTenant, region: 'eu-west-2' };
    const pools = await Promise.all([server.openPool(), server.openPool(), server.openPool()]);
    await Promise.all(pools.map((pool) => seed(pool, seedOf(tenant, ['+12065550199']))));
    const [instance, ...more] = await store.listInstances(tenant);
    assert.ok(instance);
    assert.deepEqual(more, []);
    const [queue] = await store.listQueues(instance.id);
    assert.deepEqual(
      [queue?.name, queue?.callerIdName, queue?.callerIdNumber],
      ['BasicQueue', 'Ringback', '+12065550199'],
    );
  });

  it('adds numbers that are new at a later start, and leaves the caller ID as it is', async () => {
    const tenant = { ...otherTenant, region: 'eu-central-1' };
    await seed(server.database, seedOf(tenant, ['+12065550199']));
    await seed(server.database, seedOf(tenant, ['+12065550198', '+12065550199']));
    const numbers = await store.listPhoneNumbers(tenant);
    assert.deepEqual(numbers.map(({ e164 }) => e164).sort(), ['+12065550198', '+12065550199']);
    const [instance] = await store.listInstances(tenant);
    const [queue] = instance ? await store.listQueues(instance.id) : [];
    assert.equal(queue?.callerIdNumber, '+12065550199');
  });

  it('gives numbers of earlier starts the type they have', async () => {
    const tenant = { ...otherTenant, region: 'ap-southeast-1' };
    await seed(server.database, seedOf(tenant, ['+18005550199'], 'DID'));
    await seed(server.database, seedOf(tenant, ['+18005550199'], 'TOLL_FREE'));
    assert.deepEqual(
      (await store.listPhoneNumbers(tenant)).map(({ type }) => type),
      ['TOLL_FREE'],
    );
  });
});

function seedOf(tenant: SeedOptions['tenant'], numbers: readonly string[], type = 'DID'): SeedOptions {
  return {
    tenant,
    nowMs: sampleTimeMs,
    flows: [],
    prompts: [],
    phoneNumbers: numbers.map((e164) => ({ e164, countryCode: 'US', type })),
    pools: { activeCalls: 1, campaignCalls: 1 },
  };
}
