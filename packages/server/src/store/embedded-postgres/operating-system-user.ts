// Decides as whom PostgreSQL runs. It refuses to run as root, so a root service picks an existing ordinary user; any
// other service runs it as itself.

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

/** In order of choice; the first that exists is taken. No user is ever created. */
const CANDIDATES = ['ringback', 'postgres', 'nobody', 'daemon'];

const run = promisify(execFile);

/**
 * Chooses the user for a new database.
 *
 * @throws {EmbeddedPostgresUnavailable} the system has no users (Windows), or root finds none to run it as.
 */
export async function chooseUser(): Promise<OperatingSystemUser> {
  const self = currentUser();
  if (self.uid !== 0) return self;
  for (const name of CANDIDATES) {
    const user = await findUser(name);
    if (user !== undefined) return user;
  }
  throw new EmbeddedPostgresUnavailable(
    `PostgreSQL does not run as root, and none of the users ${CANDIDATES.join(', ')} exists. Start Ringback as an ordinary user, or create the user "ringback".`,
  );
}

/** The user who owns an existing database, which is the only one PostgreSQL lets run it. */
export async function userOwning(owner: {
  readonly uid: number;
  readonly gid: number;
}): Promise<OperatingSystemUser> {
  const self = currentUser();
  if (owner.uid === self.uid) return self;
  return { kind: 'dropped', uid: owner.uid, gid: owner.gid, name: await nameOf(owner.uid) };
}

/** Ourselves. */
export function currentUser(): Extract<OperatingSystemUser, { kind: 'self' }> {
  if (process.getuid === undefined || process.getgid === undefined) {
    throw new EmbeddedPostgresUnavailable(`The embedded database does not run on ${process.platform}.`);
  }
  return { kind: 'self', uid: process.getuid(), gid: process.getgid() };
}

/** A user's name, or its number where it has none. For messages. */
export async function nameOf(uid: number): Promise<string> {
  return (await idOf(['-un', String(uid)])) ?? `user ${uid}`;
}

async function findUser(name: string): Promise<OperatingSystemUser | undefined> {
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
