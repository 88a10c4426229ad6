// Decides which directory holds the database of a data directory, and refuses what is not ours. Normally that is
// <data directory>/postgres; when a root service's database user cannot get there, a file left there points elsewhere.
//
//   <home>/ringback-database.json   says that this is ours, and its format
//   <home>/cluster/                 PostgreSQL's own data directory; appears only when initdb has finished
//   <home>/socket/                  the Unix socket, unless the path is too long for one
//   <home>/log/postgres.log

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeDirectories } from '../../make-directories.ts';
import { chooseUser, userOwning } from './choose-user.ts';
import { DataDirectoryUnusable, reasonOf, systemErrorCode } from './errors.ts';
import { canEnter, createPrivateDirectory, giveTo, kindOf, TEMPORARY_PREFIX } from './files.ts';
import { currentUser, nameOf, type OperatingSystemUser } from './operating-system-user.ts';
import { FORMAT, MARKER, POINTER, placeElsewhere, publishMarker, replaceMarker } from './placement.ts';

/** Where one database lives, and as whom it runs. */
export interface DatabaseHome {
  readonly directory: string;
  readonly user: OperatingSystemUser;
}

/** What `openHome` needs. */
export interface OpenHomeOptions {
  /** RINGBACK_DATA_DIR, absolute or relative. Created if absent. */
  readonly dataDirectory: string;
  /** Where a root service may put a database that cannot be reached in the data directory, in order of choice. */
  readonly systemRoots: readonly string[];
  readonly onProgress: (message: string) => void;
}

const OTHER_DIRECTORY = 'Choose another directory with RINGBACK_DATA_DIR.';

/**
 * Finds or creates the database's home.
 *
 * @throws {DataDirectoryUnusable} it is not ours, not a directory, not writable, belongs to another user, or was
 *   written by a newer Ringback. Nothing is deleted.
 */
export async function openHome(options: OpenHomeOptions): Promise<DatabaseHome> {
  const dataDirectory = await createDataDirectory(options.dataDirectory);
  const local = localHomeOf(dataDirectory);
  try {
    // A second look serves the start that another one overtakes while both make the same new home.
    return (
      (await knownHome(local, options)) ??
      (await newHome(local, options)) ??
      (await knownHome(local, options)) ??
      refuse(local)
    );
  } catch (error) {
    throw asUnusable(local, error);
  }
}

/** Whether a data directory has, or once had, a home. Creates nothing. */
export function hasHome(dataDirectory: string): boolean {
  return existsSync(localHomeOf(dataDirectory));
}

const localHomeOf = (dataDirectory: string): string => join(dataDirectory, 'postgres');

/** PostgreSQL's own data directory inside a home. */
export function clusterDirectoryOf(home: DatabaseHome): string {
  return join(home.directory, 'cluster');
}

/** Longest path of a socket's directory: 107 bytes (104 on macOS, both with the final NUL) less `/.s.PGSQL.5432`. */
const SOCKET_DIRECTORY_LIMIT = 88;

/**
 * Creates (or accepts) the private directory for the server's socket: in the home, or in the system's temporary
 * directory under a name derived from the home, so that the next start finds the same one.
 *
 * @throws {DataDirectoryUnusable} that name is taken by someone else.
 */
export async function openSocketDirectory(home: DatabaseHome): Promise<string> {
  const inHome = join(home.directory, 'socket');
  const digest = createHash('sha256').update(home.directory).digest('hex').slice(0, 16);
  const isShort = Buffer.byteLength(inHome) <= SOCKET_DIRECTORY_LIMIT;
  const directory = isShort ? inHome : join(tmpdir(), `ringback-${digest}`);
  await createPrivateDirectory(directory, home.user);
  const found = await stat(directory);
  if (
    (await kindOf(directory)) !== 'directory' ||
    found.uid !== home.user.uid ||
    (found.mode & 0o077) !== 0
  ) {
    throw new DataDirectoryUnusable(
      directory,
      `it must be a directory that only ${await nameOf(home.user.uid)} can open`,
      'Remove it, or choose another directory with RINGBACK_DATA_DIR.',
    );
  }
  return directory;
}

async function createDataDirectory(configured: string): Promise<string> {
  const path = resolve(configured);
  if (path.includes('\n'))
    throw new DataDirectoryUnusable(path, 'its name has a line break', OTHER_DIRECTORY);
  try {
    // A root service's database user must pass through; it cannot list what else is there.
    const mode = currentUser().uid === 0 ? 0o711 : 0o700;
    // Said again because of the umask.
    if (await makeDirectories(path, mode)) await chmod(path, mode);
    const real = await realpath(path);
    if ((await readdir(real)).includes('PG_VERSION')) {
      throw new DataDirectoryUnusable(
        path,
        'it is the data directory of some other PostgreSQL',
        OTHER_DIRECTORY,
      );
    }
    return real;
  } catch (error) {
    throw asUnusable(path, error);
  }
}

/** Undefined when there is no sign of us. */
async function knownHome(local: string, { onProgress }: OpenHomeOptions): Promise<DatabaseHome | undefined> {
  const pointer = await readJson(join(local, POINTER));
  if (pointer !== undefined) return followPointer(local, pointer, onProgress);
  const marker = await readJson(join(local, MARKER));
  return marker === undefined ? undefined : existingHome(local, marker);
}

/** Undefined when the directory is in use already: by another start, or by something that is not ours. */
async function newHome(local: string, options: OpenHomeOptions): Promise<DatabaseHome | undefined> {
  const user = await chooseUser();
  const before = await kindOf(local);
  if (before === 'other') throw new DataDirectoryUnusable(local, 'it is not a directory', OTHER_DIRECTORY);
  if (before === 'directory' && (await foreignEntryIn(local)) !== undefined) return undefined;
  await createPrivateDirectory(local, user);
  if (user.kind === 'self') {
    await publishMarker(local, local);
    return knownHome(local, options);
  }
  await giveTo(user, local);
  if (await canEnter(user, local)) {
    await publishMarker(local, local);
    return { directory: local, user };
  }
  const { systemRoots, onProgress } = options;
  const directory = await placeElsewhere({ local, user, systemRoots, onProgress });
  return directory === undefined ? undefined : { directory, user };
}

async function followPointer(
  local: string,
  pointer: unknown,
  onProgress: (message: string) => void,
): Promise<DatabaseHome> {
  refuseNewerFormat(local, pointer);
  const path = isRecord(pointer) ? pointer.path : undefined;
  const marker = typeof path === 'string' ? await readJson(join(path, MARKER)) : undefined;
  if (typeof path !== 'string' || marker === undefined) {
    throw new DataDirectoryUnusable(
      local,
      `${POINTER} says that the database is in ${String(path)}, where there is none`,
      `Bring that directory back, or delete ${join(local, POINTER)} to start with an empty database.`,
    );
  }
  const home = await existingHome(path, marker);
  await makeSureItIsOurs(local, path, marker);
  onProgress(`The database is in ${path}, as ${join(local, POINTER)} says.`);
  return home;
}

/**
 * A data directory that was copied points to the original's database, and one that was moved to its own.
 *
 * @throws {DataDirectoryUnusable} the original is there still, and its service has that database.
 */
async function makeSureItIsOurs(local: string, directory: string, marker: unknown): Promise<void> {
  const owner = isRecord(marker) && typeof marker.for === 'string' ? marker.for : local;
  if (owner === local) return;
  const pointer = join(local, POINTER);
  // What cannot be read there proves no owner.
  const ofOwner = await readJson(join(owner, POINTER)).catch(() => undefined);
  const isCopy = isRecord(ofOwner) && ofOwner.path === directory;
  if (isCopy && !(await areTheSame(pointer, join(owner, POINTER)))) {
    throw new DataDirectoryUnusable(
      local,
      `it is a copy, and its ${POINTER} says that the database is in ${directory}, which is that of ${owner}`,
      `Copy that directory too (cp -a, while its service is stopped) and name the copy in ${pointer}, or delete ${pointer} to start with an empty database.`,
    );
  }
  await replaceMarker(directory, local);
}

/** One directory may have two names, as where it is mounted twice. */
async function areTheSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one), stat(other)]);
  return a.dev === b.dev && a.ino === b.ino;
}

async function existingHome(directory: string, marker: unknown): Promise<DatabaseHome> {
  refuseNewerFormat(directory, marker);
  const owner = await stat(
    (await kindOf(join(directory, 'cluster'))) === 'directory' ? join(directory, 'cluster') : directory,
  );
  const self = currentUser();
  if (self.uid !== 0 && owner.uid !== self.uid) {
    throw new DataDirectoryUnusable(
      directory,
      `it belongs to ${await nameOf(owner.uid)}, and this service runs as ${await nameOf(self.uid)}`,
      `Start Ringback as that user, or choose another directory with RINGBACK_DATA_DIR.`,
    );
  }
  if (owner.uid === 0) {
    throw new DataDirectoryUnusable(
      directory,
      'it belongs to root, and PostgreSQL does not run as root',
      `Give it to an ordinary user (chown -R postgres ${directory}), or choose another directory with RINGBACK_DATA_DIR.`,
    );
  }
  const user = await userOwning(owner);
  if (user.kind === 'dropped' && !(await canEnter(user, directory))) {
    throw new DataDirectoryUnusable(
      directory,
      `it belongs to ${user.name}, who can no longer reach it`,
      'Let others pass through the directories above it (chmod o+x), or choose another directory with RINGBACK_DATA_DIR.',
    );
  }
  return { directory, user };
}

/** An empty directory may become ours, and so may one that a kill left between creation and marking. */
async function foreignEntryIn(directory: string): Promise<string | undefined> {
  return (await readdir(directory)).find((name) => !name.startsWith(TEMPORARY_PREFIX));
}

async function refuse(local: string): Promise<never> {
  throw new DataDirectoryUnusable(
    local,
    `it was not made by Ringback (it holds ${await foreignEntryIn(local)}, and no ${MARKER})`,
    `Move it away, or choose another directory with RINGBACK_DATA_DIR.`,
  );
}

function refuseNewerFormat(directory: string, content: unknown): void {
  const format = isRecord(content) ? content.format : undefined;
  if (format === FORMAT) return;
  throw new DataDirectoryUnusable(
    directory,
    `its format is ${String(format)}, and this version of Ringback knows format ${FORMAT} only`,
    'Start the version that made it, or choose another directory with RINGBACK_DATA_DIR.',
  );
}

/** Undefined when there is no such file; a file that is not JSON is an error. */
async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new DataDirectoryUnusable(
      path,
      'it is not JSON',
      'Restore it from a copy; Ringback never changes it.',
      {
        cause: error,
      },
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Turns what the system says about a path into our error; anything else stays as it is. */
function asUnusable(path: string, error: unknown): unknown {
  const reason = REASONS[systemErrorCode(error) ?? ''];
  if (reason === undefined) return error;
  const where =
    error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : path;
  return new DataDirectoryUnusable(where, `${reason} (${reasonOf(error)})`, OTHER_DIRECTORY, {
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there, and cannot be made',
  EACCES: 'this user may not read or write it',
  EPERM: 'this user may not change it',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file, not a directory',
  ENOSPC: 'the disk is full',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
};
