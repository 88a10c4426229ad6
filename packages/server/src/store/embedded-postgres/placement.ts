// Finds a place outside the data directory for the database of a root service whose database user cannot get there, e.g.
// for a checkout under a home that only root may enter. home.ts calls it once, for a new database.

import { randomBytes } from 'node:crypto';
import { readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { DataDirectoryUnusable, systemErrorCode } from './errors.ts';
import { canEnter, claimDirectory, createPrivateDirectory, publishFile, replaceFile } from './files.ts';
import type { DroppedUser } from './operating-system-user.ts';

/** The file in a home that says that it is ours. */
export const MARKER = 'ringback-database.json';

/** The file that, in place of a home, says where the home is. */
export const POINTER = 'location.json';

/** The format of homes and of both files. */
export const FORMAT = 1;

const HOME_PREFIX = 'database-';

/** A start that is this old has left its pointer, or never will, ms. */
const ABANDONED_AFTER_MS = 600_000;

/**
 * Makes a home for the database of `local` under the first usable root, and leaves a pointer to it in `local`.
 * Returns undefined when another start was faster; its pointer counts.
 *
 * @throws {DataDirectoryUnusable} no root is usable.
 */
export async function placeElsewhere(options: {
  /** `<data directory>/postgres`, real path. */
  readonly local: string;
  readonly user: DroppedUser;
  readonly systemRoots: readonly string[];
  readonly onProgress: (message: string) => void;
}): Promise<string | undefined> {
  const { local, user, onProgress } = options;
  const temporaryRoot = await temporaryRootFor(local);
  const roots = temporaryRoot === undefined ? options.systemRoots : [temporaryRoot, ...options.systemRoots];
  for (const root of roots) {
    const directory = await makeHome(root, options);
    if (directory === undefined) continue;
    if (root === temporaryRoot) await removeAbandoned(root);
    if (!(await publishFile(join(local, POINTER), toJson({ format: FORMAT, path: directory })))) {
      await rm(directory, { recursive: true });
      return undefined;
    }
    onProgress(
      `The database is in ${directory}, because PostgreSQL does not run as root and the user ${user.name} cannot reach ${local}.`,
    );
    return directory;
  }
  throw new DataDirectoryUnusable(
    local,
    `PostgreSQL does not run as root, the user ${user.name} cannot reach this directory, and none of ${roots.join(', ')} can be used instead`,
    'Choose a directory that this user can reach with RINGBACK_DATA_DIR, or start Ringback as an ordinary user.',
  );
}

/** Writes the marker of a home: `local` is the directory that it serves. */
export async function publishMarker(directory: string, local: string): Promise<void> {
  await publishFile(join(directory, MARKER), toJson({ format: FORMAT, for: local }));
}

/** The same for a home whose data directory was moved, or copied together with it. */
export async function replaceMarker(directory: string, local: string): Promise<void> {
  await replaceFile(join(directory, MARKER), toJson({ format: FORMAT, for: local }));
}

async function makeHome(
  root: string,
  { local, user }: { readonly local: string; readonly user: DroppedUser },
): Promise<string | undefined> {
  if (!(await claimDirectory(root, 0o711))) return undefined;
  // The name is random, not derived from the path: a deleted and recreated data directory starts empty.
  const directory = join(root, `${HOME_PREFIX}${randomBytes(8).toString('hex')}`);
  await createPrivateDirectory(directory, user);
  if (await canEnter(user, directory)) {
    await publishMarker(directory, local);
    return directory;
  }
  await rm(directory, { recursive: true });
  return undefined;
}

/** A database for a data directory under the system's temporary directory is as temporary, and stays there. */
async function temporaryRootFor(local: string): Promise<string | undefined> {
  const temporary = await realpath(tmpdir());
  return local.startsWith(temporary + sep) ? join(temporary, 'ringback') : undefined;
}

/** Deletes temporary databases whose data directory was deleted, as tests do. Never called for a lasting place. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const directory = join(root, name);
    if (!name.startsWith(HOME_PREFIX)) continue;
    try {
      if (await isAbandoned(directory)) await rm(directory, { recursive: true, force: true });
    } catch {
      // Another start removes it at the same time, or its marker is damaged: either way it is not ours to insist.
    }
  }
}

async function isAbandoned(directory: string): Promise<boolean> {
  if (await exists(join(directory, 'cluster', 'postmaster.pid'))) return false;
  const marker = join(directory, MARKER);
  if (!(await exists(marker)) || Date.now() - (await stat(marker)).mtimeMs < ABANDONED_AFTER_MS) return false;
  const { for: local }: { for?: unknown } = JSON.parse(await readFile(marker, 'utf8'));
  return typeof local === 'string' && !(await exists(join(local, POINTER)));
}

/** False only when it is certain that there is nothing. */
async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ENOENT';
  }
}

function toJson(content: object): string {
  return `${JSON.stringify(content)}\n`;
}
