// Small steps on directories and files that several parts of the supervisor take: create for a user, publish whole, and
// ask whether a user can reach a place.

import { randomBytes } from 'node:crypto';
import { chmod, chown, link, lstat, mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode } from './errors.ts';
import type { OperatingSystemUser } from './operating-system-user.ts';
import { runProgram } from './run-program.ts';

/** Files of ours that may be left half-made by a kill start with this. */
export const TEMPORARY_PREFIX = '.ringback-tmp-';

/** Hands a path to the database's user when we are root; no-op when it runs as ourselves. */
export async function giveTo(user: OperatingSystemUser, path: string): Promise<void> {
  if (user.kind === 'dropped') await chown(path, user.uid, user.gid);
}

/** Creates one directory, private to the database's user; an existing one is left as it is. */
export async function createPrivateDirectory(path: string, user: OperatingSystemUser): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return;
    throw error;
  }
  await giveTo(user, path);
}

/**
 * Puts a file in place in one step, and only if nobody else did: a reader sees it whole or not at all.
 * Returns whether this call created it.
 */
export async function publishFile(path: string, content: string): Promise<boolean> {
  const temporary = await writeTemporary(path, content);
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
}

/** Puts a file in place of another in one step. */
export async function replaceFile(path: string, content: string): Promise<void> {
  await rename(await writeTemporary(path, content), path);
}

async function writeTemporary(path: string, content: string): Promise<string> {
  const temporary = join(dirname(path), `${TEMPORARY_PREFIX}${randomBytes(6).toString('hex')}`);
  await writeFile(temporary, content, { mode: 0o644, flush: true });
  return temporary;
}

/** True when the user can enter the directory. Asked of the system itself, so that every kind of access rule counts. */
export async function canEnter(user: OperatingSystemUser, directory: string): Promise<boolean> {
  const end = await runProgram('/bin/sh', ['-c', 'cd -- "$1" && ls >/dev/null', 'sh', directory], {
    user,
    cwd: '/',
  });
  return end.code === 0;
}

/** What stands at a path, without following a link there. */
export async function kindOf(path: string): Promise<'absent' | 'directory' | 'other'> {
  try {
    return (await lstat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 'absent';
    throw error;
  }
}

/**
 * Creates (or accepts) a directory of ours in a place that others may write to, e.g. /var/tmp.
 * Returns false when it cannot be had, or when it stands there already and is not ours alone to write.
 */
export async function claimDirectory(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { recursive: true });
    const found = await lstat(path);
    if (!found.isDirectory() || found.uid !== process.getuid?.()) return false;
    await chmod(path, mode);
    return true;
  } catch {
    // Read-only, full, or not allowed: the caller tries the next place and reports when none is left.
    return false;
  }
}
