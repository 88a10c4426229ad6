// Creates PostgreSQL's data directory with initdb, so that a kill at any moment leaves either none or a whole one, and
// refuses one that the installed programs cannot open.

import { randomBytes } from 'node:crypto';
import { lstat, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PostgresBinaries } from './binaries.ts';
import { DataDirectoryUnusable, EmbeddedPostgresFailed, systemErrorCode } from './errors.ts';
import { createPrivateDirectory, kindOf, TEMPORARY_PREFIX } from './files.ts';
import { clusterDirectoryOf, type DatabaseHome } from './home.ts';
import { runProgram } from './run-program.ts';
import { DATABASE_USER } from './settings.ts';

const UNFINISHED_PREFIX = 'unfinished-';

/** initdb takes seconds. What nobody has written to for this long belongs to no start that is under way. */
const ABANDONED_AFTER_MS = 10 * 60_000;

/**
 * Makes sure that the home has a cluster of the right version.
 *
 * @throws {DataDirectoryUnusable} the cluster is of another major version, or damaged.
 * @throws {EmbeddedPostgresFailed} initdb failed.
 */
export async function ensureCluster(
  home: DatabaseHome,
  binaries: PostgresBinaries,
  onProgress: (message: string) => void,
): Promise<void> {
  if ((await kindOf(clusterDirectoryOf(home))) === 'absent') {
    onProgress(`Creating the database in ${home.directory} (first start only).`);
    await createCluster(home, binaries);
  }
  await checkVersion(clusterDirectoryOf(home), binaries.major);
}

/**
 * Deletes what killed first starts left behind. Only for the owner of a finished cluster. What is fresh stays: another start may
 * be at work on it, which has not seen yet that it is beaten.
 */
export async function removeUnfinished(home: DatabaseHome): Promise<void> {
  const names = await readdir(home.directory);
  const leftovers = names.filter(
    (name) => name.startsWith(UNFINISHED_PREFIX) || name.startsWith(TEMPORARY_PREFIX),
  );
  for (const name of leftovers) {
    const path = join(home.directory, name);
    if (await isAbandoned(path)) await rm(path, { recursive: true, force: true });
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).mtimeMs < Date.now() - ABANDONED_AFTER_MS;
  } catch (error) {
    // The other start has just removed it, or put it in place.
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function createCluster(home: DatabaseHome, binaries: PostgresBinaries): Promise<void> {
  const unfinished = join(home.directory, `${UNFINISHED_PREFIX}${randomBytes(6).toString('hex')}`);
  await createPrivateDirectory(unfinished, home.user);
  const end = await runProgram(
    binaries.initdb,
    [
      ...['--pgdata', unfinished],
      ...['--username', DATABASE_USER],
      ...['--encoding', 'UTF8', '--no-locale'],
      // Who may open the socket's directory is the database's user already, so a password would protect nothing.
      ...['--auth-local', 'trust', '--auth-host', 'reject'],
    ],
    { user: home.user, cwd: home.directory },
  );
  if (end.code === 0 && (await moveIntoPlace(unfinished, clusterDirectoryOf(home)))) return;
  await rm(unfinished, { recursive: true, force: true });
  // Whatever went wrong, a cluster that another start finished meanwhile will do.
  if ((await kindOf(clusterDirectoryOf(home))) === 'directory') return;
  throw new EmbeddedPostgresFailed(`Cannot create the database in ${home.directory}`, end.printed);
}

async function moveIntoPlace(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    // A power cut must not undo the new name, under which alone the next start looks.
    await syncDirectory(dirname(to));
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function checkVersion(cluster: string, major: number): Promise<void> {
  let version: string;
  try {
    version = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    throw new DataDirectoryUnusable(
      cluster,
      'it is not a whole PostgreSQL data directory (PG_VERSION cannot be read)',
      'Restore it from a copy, or choose another directory with RINGBACK_DATA_DIR.',
      { cause: error },
    );
  }
  if (version !== String(major)) {
    throw new DataDirectoryUnusable(
      cluster,
      `it was made by PostgreSQL ${version}, and PostgreSQL ${major} is installed`,
      `Start the Ringback that made it, or open it with PostgreSQL ${version} and move the data by pg_dump to a server named by RINGBACK_DATABASE_URL.`,
    );
  }
}
