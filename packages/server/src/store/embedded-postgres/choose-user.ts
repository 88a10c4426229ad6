// Decides as whom PostgreSQL runs. It refuses to run as root, so a root service picks an existing ordinary user; any
// other service runs it as itself.

import { EmbeddedPostgresUnavailable } from './errors.ts';
import {
  currentUser,
  type DroppedUser,
  findUser,
  nameOf,
  type OperatingSystemUser,
} from './operating-system-user.ts';
import { runProgram } from './run-program.ts';

/** In order of choice; the first that exists is taken. No user is ever created. */
const CANDIDATES = ['ringback', 'postgres', 'nobody', 'daemon'];

/**
 * Chooses the user for a new database.
 *
 * @throws {EmbeddedPostgresUnavailable} root finds no user to run it as, or may not.
 */
export async function chooseUser(): Promise<OperatingSystemUser> {
  const self = currentUser();
  if (self.uid !== 0) return self;
  for (const name of CANDIDATES) {
    const user = await findUser(name);
    if (user !== undefined) return makeSureWeMayBecome(user);
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

/** In some containers root is root in name only, and may not start programs as anyone else. */
async function makeSureWeMayBecome(user: DroppedUser): Promise<DroppedUser> {
  const end = await runProgram('/bin/sh', ['-c', 'exit 0'], { user, cwd: '/' });
  if (end.code === 0) return user;
  throw new EmbeddedPostgresUnavailable(
    `PostgreSQL does not run as root, and this root may not run it as ${user.name} (${end.printed.trim()}). Start Ringback as an ordinary user.`,
  );
}
