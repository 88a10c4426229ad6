/** The database of a service: its own or the one it was given, with the newest tables; used by ../service.ts. */

import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { makeDirectories } from '../make-directories.ts';
import type { Opened } from '../opened.ts';
import { leaseMs } from '../ownership.ts';
import { openDatabase } from '../store/database.ts';
import { startEmbeddedPostgres } from '../store/embedded-postgres/start-embedded-postgres.ts';
import { migrate } from '../store/migrate.ts';
import { takeUpRestoredFacts } from '../store/restored-facts.ts';
import type { Schema } from '../store/schema.ts';
import { orUnusable } from './or-unusable.ts';

/** A node that was killed a moment ago has a lease for `leaseMs`; this more for clocks that are read late. */
const leaseGraceMs = 2_000;

/** @param fatal told when the embedded database is lost, and why. */
export async function openServiceDatabase(
  { config, logger, progress }: { config: Config; logger: Logger; progress: (message: string) => void },
  opened: Opened,
  fatal: (reason: string) => void,
) {
  // The embedded database makes the directory itself, because its own user must be able to pass through.
  if (config.databaseUrl) {
    await orUnusable(
      makeDirectories(config.dataDir, 0o700),
      `The data directory ${config.dataDir} cannot be made; choose another one with RINGBACK_DATA_DIR`,
    );
  }
  const embedded = config.databaseUrl
    ? undefined
    : opened.keep(
        await startEmbeddedPostgres({
          dataDir: config.dataDir,
          onProgress: progress,
          log: logger,
          onOwnershipLost: fatal,
        }),
        (postgres) => postgres.close(),
      );
  const database = opened.keep(
    await openDatabase<Schema>({
      address: embedded?.address ?? { kind: 'url', url: config.databaseUrl ?? '' },
      onConnectionFault: (error) => logger.warn({ err: error }, 'an idle database connection broke'),
    }),
    (pool) => pool.close(),
  );
  await migrate({
    pool: database.pool,
    onMigration: (name) => progress(`Migrating the database: ${name}.`),
    // The owner of an embedded database is alone on it.
    ...(embedded ? {} : { otherNodes: { patienceMs: leaseMs + leaseGraceMs, onWait: progress } }),
  });
  if (await takeUpRestoredFacts(database)) {
    logger.warn(
      'the database was restored from a dump; sinks go on where they were, and may get facts twice',
    );
  }
  return database;
}
