// A stand-in for the service, run as a process of its own by the tests: starts the embedded database with the options
// given as JSON, prints one JSON line about how that went, and closes when its standard input says so.

import type { BinaryPackage } from './binaries.ts';
import { systemErrorCode } from './errors.ts';
import { startEmbeddedPostgres } from './start-embedded-postgres.ts';

const options: { dataDir: string; binaryPackage?: BinaryPackage } = JSON.parse(process.argv[2] ?? '{}');

function tell(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

try {
  const database = await startEmbeddedPostgres({
    ...options,
    onProgress: (message) => tell({ event: 'progress', message }),
    log: { warn: () => undefined },
    onOwnershipLost: (reason) => tell({ event: 'lost', reason }),
  });
  tell({
    event: 'started',
    pid: database.pid,
    directory: database.directory,
    connectionString: database.connectionString,
  });
  process.stdin.once('data', async () => {
    await database.close();
    tell({ event: 'closed' });
    process.stdin.destroy();
  });
} catch (error) {
  const { name, message } = error instanceof Error ? error : { name: 'unknown', message: String(error) };
  tell({ event: 'failed', name, message, code: systemErrorCode(error) });
}
