/** Opens the database beside a service that may or may not be running; for commands. The service itself opens its own in service.ts. */
import { openDatabase } from './database.ts';
import { findRunningServer } from './embedded-postgres/find-running-server.ts';
import { startEmbeddedPostgres } from './embedded-postgres/start-embedded-postgres.ts';
import { migrate } from './migrate.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

export interface OpenState {
  readonly database: RingbackDatabase;
  close(): Promise<void>;
}

/**
 * Connects to `databaseUrl`, or to the embedded database that a service runs in `dataDir`; where no service runs, the
 * embedded database is started for as long as the state is open. The schema is brought up to date, unless nodes of an older
 * version run.
 *
 * @throws {DatabaseUnusable | DataDirectoryInUse | DataDirectoryUnusable | EmbeddedPostgresUnavailable |
 *   EmbeddedPostgresFailed | MigrationRefused | MigrationFailed} each says what to do.
 */
export async function openState(options: {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly onProgress: (message: string) => void;
}): Promise<OpenState> {
  const { dataDir, databaseUrl, onProgress } = options;
  const running = databaseUrl === undefined ? await findRunningServer(dataDir) : undefined;
  const own =
    databaseUrl === undefined && !running
      ? await startEmbeddedPostgres({
          dataDir,
          onProgress,
          log: { warn: (_fields, message) => onProgress(message) },
          // Losing it breaks the query under way, which says so.
          onOwnershipLost: () => undefined,
        })
      : undefined;
  try {
    const database = await openDatabase<Schema>({
      address: running ?? own?.address ?? { kind: 'url', url: databaseUrl ?? '' },
      poolSize: 2,
      applicationName: 'ringback command',
    });
    const close = async (): Promise<void> => {
      await database.close();
      await own?.close();
    };
    try {
      await migrate({
        pool: database.pool,
        onMigration: (name) => onProgress(`Migrating the database: ${name}.`),
        // A look at a service's keys must not take its tables from it.
        ...(own ? {} : { otherNodes: { patienceMs: 0 } }),
      });
      return { database, close };
    } catch (error) {
      await database.close();
      throw error;
    }
  } catch (error) {
    await own?.close();
    throw error;
  }
}
