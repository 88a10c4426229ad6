/** An embedded PostgreSQL for one test file, migrated and seeded. Used by the tests beside the stores. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InstanceId } from '../ids.ts';
import { type DatabaseAddress, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import type { RingbackDatabase, Schema } from '../store/schema.ts';
import { seed } from '../store/seed.ts';
import { placePreparedDatabase, startTestPostgres } from './prepared-database.ts';
import { sampleTenant } from './sample-contact.ts';

export interface TestDatabase {
  readonly database: RingbackDatabase;
  /** For processes that connect by themselves. */
  readonly address: DatabaseAddress;
  /** The seeded instance. */
  readonly instanceId: InstanceId;
  /** A pool of its own, as another node has; closed with the rest. */
  openPool(): Promise<RingbackDatabase>;
  close(): Promise<void>;
}

/** Starts a server in a directory of its own and prepares its schema. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
  // As root the database runs as another user, which must be able to reach its files.
  await chmod(scratch, 0o711);
  const dataDir = path.join(scratch, 'data');
  await placePreparedDatabase(dataDir);
  const server = await startTestPostgres(dataDir);
  const pools: RingbackDatabase[] = [];
  const openPool = async (): Promise<RingbackDatabase> => {
    const pool = await openDatabase<Schema>({ address: server.address });
    pools.push(pool);
    return pool;
  };
  const close = async (): Promise<void> => {
    for (const pool of pools) await pool.close();
    await server.close();
    if (!server.directory.startsWith(scratch)) await rm(server.directory, { recursive: true });
    await rm(scratch, { recursive: true });
  };
  try {
    const database = await openPool();
    const instanceId = await prepare(database);
    return { address: server.address, database, instanceId, openPool, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function prepare(database: RingbackDatabase): Promise<InstanceId> {
  await migrate({ pool: database.pool });
  await seed(database, {
    tenant: sampleTenant,
    nowMs: Date.UTC(2026, 0, 1),
    flows: [],
    prompts: [],
    phoneNumbers: [],
    pools: { activeCalls: 1000, campaignCalls: 1000 },
  });
  const { rows } = await database.query<{ id: InstanceId }>('SELECT id FROM instance');
  const instanceId = rows[0]?.id;
  if (instanceId === undefined) throw new Error('The seed made no instance.');
  return instanceId;
}
