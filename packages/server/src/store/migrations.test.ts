import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type InstanceId, newId } from '../ids.ts';
import { sampleTenant } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { openAgentStore } from './agent-store.ts';
import { migrate } from './migrate.ts';
import { openQueueStore } from './queue-store.ts';
import { openRoutingProfileStore } from './routing-profile-store.ts';
import { seed } from './seed.ts';

const all = fileURLToPath(new URL('./migrations', import.meta.url));
/** The last migration of the release whose data the test begins with. */
const lastKnown = '202611251200-flow-versions.sql';

describe('migrations', () => {
  let test: TestDatabase;
  let scratch: string;
  before(async () => {
    test = await openTestDatabase();
    scratch = await mkdtemp(path.join(tmpdir(), 'ringback-migrations-'));
  });
  after(async () => {
    await test?.close();
    await rm(scratch, { recursive: true, force: true });
  });

  it('bring an older instance with its queue, profile and agent up to date', async () => {
    const { database } = test;
    await database.query('DROP SCHEMA public CASCADE');
    await database.query('CREATE SCHEMA public');
    const older = path.join(scratch, 'older');
    await mkdir(older);
    for (const name of (await readdir(all)).filter((file) => file <= lastKnown)) {
      await cp(path.join(all, name), path.join(older, name));
    }
    await migrate({ pool: database.pool, directory: older });
    const ids = {
      instance: newId<InstanceId>(),
      hours: newId(),
      queue: newId(),
      profile: newId(),
      agent: newId(),
    };
    await database.query(
      `INSERT INTO instance (id, account_id, region, alias, created_at) VALUES ($1, $2, $3, 'old', now())`,
      [ids.instance, sampleTenant.accountId, sampleTenant.region],
    );
    await database.query(`INSERT INTO hours_of_operation VALUES ($1, $2, 'Basic Hours', 'UTC', '[]')`, [
      ids.instance,
      ids.hours,
    ]);
    await database.query(
      `INSERT INTO queue (instance_id, id, name, hours_of_operation_id) VALUES ($1, $2, 'BasicQueue', $3)`,
      [ids.instance, ids.queue, ids.hours],
    );
    await database.query(`INSERT INTO routing_profile VALUES ($1, $2, 'Basic Routing Profile', 'd', $3)`, [
      ids.instance,
      ids.profile,
      ids.queue,
    ]);
    await database.query(`INSERT INTO agent VALUES ($1, $2, 'agent', 'Ada', 'Agent', $3)`, [
      ids.instance,
      ids.agent,
      ids.profile,
    ]);

    // A node of that release: its statements would meet other tables than they know.
    await database.query(`INSERT INTO node VALUES ($1, 'host', clock_timestamp() + interval '1 hour')`, [
      newId(),
    ]);
    const besideOlder = { pool: database.pool, directory: all, otherNodes: { patienceMs: 0 } };
    await assert.rejects(migrate(besideOlder), {
      name: 'MigrationRefused',
      message: /1 node of an older Ringback .*Stop/s,
    });
    const { rows } = await database.query<{ name: string }>('SELECT max(name) AS name FROM schema_migration');
    assert.equal(rows[0]?.name, lastKnown);
    // One that was killed leaves a lease, which runs out.
    await database.query(`UPDATE node SET lease_expires_at = clock_timestamp() + interval '300 ms'`);
    await migrate({ ...besideOlder, otherNodes: { patienceMs: 60_000 } });
    await database.query(`UPDATE node SET lease_expires_at = clock_timestamp() + interval '1 hour'`);
    assert.deepEqual(await migrate(besideOlder), [], 'nodes of this version disturb nobody');
    await seed(database, {
      tenant: sampleTenant,
      nowMs: Date.UTC(2026, 0, 1),
      flows: [],
      prompts: [],
      phoneNumbers: [],
      pools: { activeCalls: 1, campaignCalls: 1 },
    });

    const [agent, ...more] = await openAgentStore(database).list(ids.instance);
    assert.deepEqual(more, []);
    assert.equal(agent?.username, 'agent');
    assert.equal(agent?.securityProfileIds.length, 1);
    const profiles = await openRoutingProfileStore(database).list(ids.instance);
    assert.deepEqual(
      profiles.map(({ id, queues, mediaConcurrencies }) => ({ id, queues, mediaConcurrencies })),
      [
        {
          id: ids.profile,
          queues: [{ queueId: ids.queue, channel: 'VOICE', priority: 1, delaySeconds: 0 }],
          mediaConcurrencies: [{ Channel: 'VOICE', Concurrency: 1 }],
        },
      ],
    );
    assert.equal((await openQueueStore(database).list(ids.instance))[0]?.hoursOfOperationId, ids.hours);
  });
});
