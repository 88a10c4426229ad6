// Finds the server that a running service started, for commands that work beside it. Takes no ownership and starts nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { DataDirectoryInUse } from './errors.ts';
import { openHome, openSocketDirectory } from './home.ts';
import { askSocket } from './ownership.ts';
import { DATABASE_NAME, DATABASE_USER, SOCKET_PORT } from './settings.ts';
import { DEFAULT_SYSTEM_ROOTS, type EmbeddedPostgres } from './start-embedded-postgres.ts';

/** Longest wait for a server that starts or stops at this moment, ms. */
const PASSING_STATE_MS = 10_000;
const POLL_MS = 100;

/**
 * The address of the running database of a data directory; undefined when no service runs it.
 *
 * @throws {DataDirectoryUnusable} the directory cannot hold a database.
 * @throws {DataDirectoryInUse} a server is there that goes on starting, stopping or recovering.
 */
export async function findRunningServer(dataDir: string): Promise<EmbeddedPostgres['address'] | undefined> {
  const home = await openHome({
    dataDirectory: dataDir,
    systemRoots: DEFAULT_SYSTEM_ROOTS,
    onProgress: () => undefined,
  });
  const socketDirectory = await openSocketDirectory(home);
  const deadlineMs = performance.now() + PASSING_STATE_MS;
  for (;;) {
    const answer = await askSocket(socketDirectory);
    if (answer.kind === 'silent') return undefined;
    if (answer.kind === 'accepts') {
      const owner = await answer.session.owner();
      await answer.session.close();
      // A server that nobody owns is ending, or is to be taken over by whoever starts next.
      if (owner === undefined) return undefined;
      return {
        kind: 'embedded',
        socketDirectory,
        port: SOCKET_PORT,
        user: DATABASE_USER,
        database: DATABASE_NAME,
      };
    }
    if (performance.now() > deadlineMs) {
      throw new DataDirectoryInUse(dataDir, `its server says "${answer.reason}"`);
    }
    await sleep(POLL_MS);
  }
}
