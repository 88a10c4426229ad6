/** The service's database for the length of a command, whether the service runs or not. */
import { loadStateConfig } from '../config.ts';
import { openState } from '../store/open-state.ts';
import type { RingbackDatabase } from '../store/schema.ts';

/** Where commands find the database; for the end of their help. */
export const whereStateIs =
  'The database is that of RINGBACK_DATABASE_URL, or the embedded one of RINGBACK_DATA_DIR (default ./.ringback),\n' +
  'whether the service runs or not. A running service sees a change within a second.';

/** Opens the database, and closes it when the work is done or has failed. */
export async function withState<Result>(
  work: (database: RingbackDatabase) => Promise<Result>,
): Promise<Result> {
  const { dataDir, databaseUrl } = loadStateConfig(process.env);
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
