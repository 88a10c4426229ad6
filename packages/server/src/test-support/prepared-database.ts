/**
 * A migrated database, made once for a whole test run and copied by every test that needs one of its own: making one takes a
 * second of CPU, copying it some milliseconds. scripts/test.ts has it made; a test that is run alone makes its database itself.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '../store/database.ts';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../store/embedded-postgres/start-embedded-postgres.ts';
import { migrate } from '../store/migrate.ts';
import type { Schema } from '../store/schema.ts';

/** Directories of database homes are called so in data directories. */
const homeName = 'postgres';

/** Starts the database of a data directory for a test. */
export function startTestPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    dataDir,
    onProgress: () => undefined,
    log: { warn: () => undefined },
    onOwnershipLost: (reason) => {
      throw new Error(reason);
    },
  });
}

/** Makes the prepared database; it is at `place` from one moment to the next, whole. */
export async function makePreparedDatabase(place: string): Promise<void> {
  const making = await mkdtemp(`${place}-in-the-making-`);
  // As root the database runs as another user, which must be able to reach its files.
  await chmod(making, 0o711);
  try {
    const server = await startTestPostgres(making);
    try {
      const database = await openDatabase<Schema>({ address: server.address });
      await migrate({ pool: database.pool }).finally(() => database.close());
    } finally {
      await server.close();
    }
    await rename(path.join(making, homeName), place);
  } finally {
    await rm(making, { recursive: true });
  }
}

/**
 * Puts a copy of the run's prepared database into a data directory that is not there yet. Leaves it to the first start where
 * the run has none (yet).
 */
export async function placePreparedDatabase(dataDir: string): Promise<void> {
  const place = process.env.RINGBACK_TEST_DATABASE;
  if (place === undefined || !(await isThere(place))) return;
  await mkdir(dataDir, { mode: 0o711 });
  // `cp` keeps owners, which Node's own copying does not.
  await promisify(execFile)('cp', ['-a', place, path.join(dataDir, homeName)]);
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
