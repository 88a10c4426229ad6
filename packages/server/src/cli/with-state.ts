/** The service's database for the length of a command, whether the service runs or not. */
import { loadStateConfig } from '../config.ts';
import { hasHome } from '../store/embedded-postgres/home.ts';
import { openState } from '../store/open-state.ts';
import type { RingbackDatabase } from '../store/schema.ts';

/** Where commands find the database; for the end of their help. */
export const whereStateIs =
  'The database is that of RINGBACK_DATABASE_URL, or the embedded one of RINGBACK_DATA_DIR (default ./.ringback),\n' +
  'whether the service runs or not. A running service sees a change within a second.';

/** Whoever stops dialling means a service that there is, not a new one in the directory where he happens to stand. */
export class NoDatabaseThere extends Error {
  override readonly name = 'NoDatabaseThere';
  constructor(dataDir: string) {
    super(
      `There is no database of Ringback in ${dataDir}, so nothing was done. Name the service's data directory with ` +
        'RINGBACK_DATA_DIR, or its database with RINGBACK_DATABASE_URL.',
    );
  }
}

/**
 * Opens the database, and closes it when the work is done or has failed.
 *
 * @throws {NoDatabaseThere} the data directory has none; with `make` one is made, for a service that is to come.
 */
export async function withState<Result>(
  work: (database: RingbackDatabase) => Promise<Result>,
  ifNone: 'refuse' | 'make' = 'refuse',
): Promise<Result> {
  const { dataDir, databaseUrl } = loadStateConfig(process.env);
  if (ifNone === 'refuse' && databaseUrl === undefined && !hasHome(dataDir)) {
    throw new NoDatabaseThere(dataDir);
  }
  const state = await openState({
    dataDir,
    databaseUrl,
    onProgress: (message) => process.stderr.write(`${message}\n`),
  });
  try {
    return await work(state.database);
  } finally {
    await state.close();
  }
}
