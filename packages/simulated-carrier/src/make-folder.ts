// Makes a folder that somebody named, together with what is missing above it.
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A folder cannot be made; the message names it, and what to do. */
export class FolderUnusable extends Error {
  override readonly name = 'FolderUnusable';
}

/**
 * As Node's `mkdirSync` with `recursive`, which never ends on a file system such as `/proc` that answers ENOENT to every new name:
 * there this fails.
 *
 * @throws {FolderUnusable} the system does not let it be made.
 */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have made it in between.
    if (isFolder(folder)) return;
    const { code } = error as NodeJS.ErrnoException;
    throw new FolderUnusable(
      `The folder ${folder} cannot be made (${code}). Name a place where this user may make one.`,
      { cause: error },
    );
  }
}

function isFolder(candidate: string): boolean {
  try {
    return statSync(candidate).isDirectory();
  } catch {
    return false;
  }
}
