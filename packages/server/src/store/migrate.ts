// Brings the schema up to date from a directory of plain .sql files, each once and each in its own transaction. Runs at
// start-up, before anything else touches the database; several processes may do so at the same moment.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { limitSilence } from './silent-server.ts';

/** What `migrate` needs. */
export interface MigrateOptions {
  readonly pool: Pool;
  /** Holds files named `YYYYMMDDHHMM-title.sql`; anything else in it is an error. Default: the product's own. */
  readonly directory?: string;
  /** Told of each file just before it runs. */
  readonly onMigration?: (name: string) => void;
  /** Nodes may be at work on the tables: those of an older version are waited for, and never migrated beneath. Absent: there can be none. */
  readonly otherNodes?: {
    readonly patienceMs: number;
    readonly onWait?: (message: string) => void;
  };
}

/** The schema cannot be brought up to date; the message says which file and what to do. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}

/** A migration's SQL failed and was rolled back; the ones before it stay applied. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed';
  readonly migration: string;

  constructor(migration: string, reason: string, options: ErrorOptions) {
    super(`Migration ${migration} failed and was rolled back: ${reason}`, options);
    this.migration = migration;
  }
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** Any constant will do, as long as nobody else uses it: the bytes of "ringmigr". */
const MIGRATION_LOCK_KEY = '8244241983374714738';

const LEASE_POLL_MS = 250;

const ownMigrations = fileURLToPath(new URL('./migrations', import.meta.url));

const FILE_NAME = /^\d{12}-[a-z0-9]+(?:-[a-z0-9]+)*\.sql$/;

/**
 * Applies what is missing, oldest name first, and returns the names applied now.
 *
 * @throws {MigrationRefused} an applied file was changed since, the database has migrations that the directory lacks
 *   (it was used by a newer Ringback), nodes of an older one run on it, or a file is misnamed. Nothing was applied.
 * @throws {MigrationFailed} the SQL of one file failed.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const migrations = await readMigrations(options.directory ?? ownMigrations);
  const client = await options.pool.connect();
  let failure: Error | undefined;
  // Both waiting for another process and building an index may outlast an ordinary statement's time.
  const silenceMs = limitSilence(client, 0);
  try {
    await client.query(`SET statement_timeout = 0`);
    await client.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK_KEY})`);
    return await applyMissing(client, migrations, options);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    failure ??= await tidy(client);
    limitSilence(client, silenceMs);
    // Throwing the connection away after a failure also frees the lock, which belongs to its session.
    client.release(failure);
  }
}

async function tidy(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK_KEY})`);
    await client.query('RESET ALL');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const misnamed = names.find((name) => !FILE_NAME.test(name));
  if (misnamed !== undefined) {
    throw new MigrationRefused(
      `${join(directory, misnamed)} is not named YYYYMMDDHHMM-title.sql (title in lower case, words joined by hyphens).`,
    );
  }
  return Promise.all(
    names.map(async (name) => {
      // A checkout that turned line ends into CRLF holds the same migration.
      const sql = (await readFile(join(directory, name), 'utf8')).replaceAll('\r\n', '\n');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function applyMissing(
  client: PoolClient,
  migrations: readonly Migration[],
  { onMigration, otherNodes }: MigrateOptions,
): Promise<readonly string[]> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS schema_migration (
       name       text PRIMARY KEY,
       checksum   text NOT NULL,
       applied_at timestamptz NOT NULL DEFAULT now()
     )`,
  );
  const applied = await readApplied(client);
  refuseUnlessPrefix(migrations, applied);
  const missing = migrations.filter((migration) => !applied.has(migration.name));
  if (missing.length > 0 && applied.size > 0 && otherNodes) await awaitOtherNodes(client, otherNodes);
  for (const migration of missing) {
    onMigration?.(migration.name);
    await applyOne(client, migration);
  }
  return missing.map((migration) => migration.name);
}

/** A migration may take away what statements of older versions need: calls would be refused, and facts lost, until those nodes end. */
async function awaitOtherNodes(
  client: PoolClient,
  { patienceMs, onWait }: NonNullable<MigrateOptions['otherNodes']>,
): Promise<void> {
  const startedAtMs = performance.now();
  for (let looks = 1; ; looks += 1) {
    // Its lease is all that a node which was killed leaves.
    const { rows } = await client.query<{ nodes: number }>(
      'SELECT count(*)::int AS nodes FROM node WHERE lease_expires_at > clock_timestamp()',
    );
    const nodes = rows[0]?.nodes ?? 0;
    if (nodes === 0) return;
    const found = `${nodes} ${nodes === 1 ? 'node' : 'nodes'} of an older Ringback run${nodes === 1 ? 's' : ''} on this database`;
    if (performance.now() - startedAtMs >= patienceMs) {
      throw new MigrationRefused(
        `${found}, or died a moment ago, and cannot go on with the tables of this version. ` +
          'Stop all of that version first, then start this one; until then use the commands of that version.',
      );
    }
    if (looks === 1) onWait?.(`${found}; waiting for the end of their leases.`);
    await sleep(LEASE_POLL_MS);
  }
}

async function readApplied(client: PoolClient): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `SELECT name, checksum FROM schema_migration`,
  );
  return new Map(rows.map((row) => [row.name, row.checksum]));
}

function refuseUnlessPrefix(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): void {
  const known = new Set(migrations.map((migration) => migration.name));
  const unknown = [...applied.keys()].filter((name) => !known.has(name)).sort();
  if (unknown.length > 0) {
    throw new MigrationRefused(
      `The database was last used by a newer Ringback: it has ${unknown.join(', ')}, which this version does not know. ` +
        'Start that version or a newer one, or use another database.',
    );
  }
  const changed = migrations.find(
    ({ name, checksum }) => applied.has(name) && applied.get(name) !== checksum,
  );
  if (changed !== undefined) {
    throw new MigrationRefused(
      `${changed.name} was applied to this database and has been changed since. Restore the file as it was and put the ` +
        'change into a new migration; a development database may be deleted instead.',
    );
  }
}

async function applyOne(client: PoolClient, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query(migration.sql);
    await client.query('INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)', [
      migration.name,
      migration.checksum,
    ]);
    await client.query('COMMIT');
  } catch (error) {
    // No ROLLBACK: the caller throws the connection away, and the server rolls back with it.
    throw new MigrationFailed(migration.name, describeFailure(error, migration.sql), { cause: error });
  }
}

function describeFailure(error: unknown, sql: string): string {
  if (!(error instanceof DatabaseError)) return error instanceof Error ? error.message : String(error);
  const position = Number(error.position);
  if (!Number.isInteger(position) || position < 1) return error.message;
  const line = sql.slice(0, position - 1).split('\n').length;
  return `${error.message} (line ${line})`;
}
