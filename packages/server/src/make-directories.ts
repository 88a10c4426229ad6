/** Makes a directory together with what is missing above it. Used where somebody configured the path (RINGBACK_DATA_DIR, a sink). */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * As Node's `mkdir` with `recursive`, which never ends on a file system such as `/proc` that answers ENOENT to every
 * new name: there this fails.
 *
 * @param mode of every directory that is made, less the umask.
 * @returns whether the directory was made now, not found.
 * @throws the system's error, of the first directory that cannot be made.
 */
export async function makeDirectories(directory: string, mode: number): Promise<boolean> {
  if (await isDirectory(directory)) return false;
  const above = path.dirname(directory);
  if (above !== directory) await makeDirectories(above, mode);
  try {
    await mkdir(directory, { mode });
    return true;
  } catch (error) {
    // Somebody else may have made it in between.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await isDirectory(directory))) return false;
    throw error;
  }
}

async function isDirectory(candidate: string): Promise<boolean> {
  try {
    return (await stat(candidate)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
