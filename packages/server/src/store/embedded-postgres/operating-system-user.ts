// Who is who to the operating system: ourselves, and the user that the database runs as. choose-user.ts decides between them.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EmbeddedPostgresUnavailable } from './errors.ts';

/**
 * As whom the database runs. `self`: as our own user. `dropped`: we are root and it runs as this other user, so files
 * must be given to it.
 */
export type OperatingSystemUser =
  | { readonly kind: 'self'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'dropped'; readonly uid: number; readonly gid: number; readonly name: string };

/** The user that a root service runs the database as. */
export type DroppedUser = Extract<OperatingSystemUser, { kind: 'dropped' }>;

const run = promisify(execFile);

/**
 * Ourselves.
 *
 * @throws {EmbeddedPostgresUnavailable} the system has no such users (Windows).
 */
export function currentUser(): OperatingSystemUser {
  if (process.getuid === undefined || process.getgid === undefined) {
    throw new EmbeddedPostgresUnavailable(`The embedded database does not run on ${process.platform}.`);
  }
  return { kind: 'self', uid: process.getuid(), gid: process.getgid() };
}

/** `uid` and `gid` for spawn, only where the process may and must change them. */
export function identityOf(user: OperatingSystemUser): { uid?: number; gid?: number } {
  return user.kind === 'dropped' ? { uid: user.uid, gid: user.gid } : {};
}

/** A user's name, or its number where it has none. For messages. */
export async function nameOf(uid: number): Promise<string> {
  return (await idOf(['-un', String(uid)])) ?? `user ${uid}`;
}

/** The user of that name, unless there is none or it is root itself. */
export async function findUser(name: string): Promise<DroppedUser | undefined> {
  const uid = Number((await idOf(['-u', name])) ?? Number.NaN);
  const gid = Number((await idOf(['-g', name])) ?? Number.NaN);
  if (!Number.isInteger(uid) || !Number.isInteger(gid) || uid === 0) return undefined;
  return { kind: 'dropped', uid, gid, name };
}

/** Asks `id`, which knows users from every source, not only /etc/passwd. Undefined when it does not know. */
async function idOf(args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run('id', args)).stdout.trim();
  } catch {
    // `id` ends with 1 for an unknown user: that is an answer, not a fault.
    return undefined;
  }
}
