/** Files of lines that are bounded in size and number: a full one is put away under the time, and the oldest are deleted. */
import { readdir, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';

export interface FileBounds {
  /** A file of so many megabytes is put away, and a new one begun. */
  readonly fileMegabytes: number;
  /** Files that are kept, besides the one that is written. */
  readonly keepFiles: number;
}

const bytesPerMegabyte = 1_000_000;

export function isFull(sizeBytes: number, { fileMegabytes }: FileBounds): boolean {
  return sizeBytes >= fileMegabytes * bytesPerMegabyte;
}

/** `NAME.jsonl` becomes `NAME.YYYYMMDDTHHMMSSmmmZ.jsonl`, so that names sort by age. */
export async function putAway(file: string, nowMs: number): Promise<void> {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:.]/gu, '');
  await rename(file, `${file.slice(0, -'.jsonl'.length)}.${time}.jsonl`);
}

/** Whether a file was put away from `STREAM.jsonl`. */
export function wasPutAway(name: string, stream: string): boolean {
  return name.startsWith(`${stream}.`) && /\.\d{8}T\d{9}Z\.jsonl$/u.test(name);
}

/**
 * Deletes what is more than `keepFiles` of those that `isKept` names in a directory, first by name first. Each one is told of
 * in the log, with `of`. A file that cannot be deleted must not stop what is to be written.
 */
export async function deleteOldest(
  directory: string,
  isKept: (name: string) => boolean,
  bounds: FileBounds,
  told: {
    readonly logger: Pick<Logger, 'warn' | 'error'>;
    readonly of: Readonly<Record<string, string>>;
    readonly deleted?: (() => void) | undefined;
  },
): Promise<void> {
  const files = (await readdir(directory)).filter(isKept).toSorted();
  for (const name of files.slice(0, Math.max(0, files.length - bounds.keepFiles))) {
    const file = path.join(directory, name);
    try {
      const { size } = await stat(file);
      await unlink(file);
      told.deleted?.();
      told.logger.warn(
        { ...told.of, file, sizeBytes: size, ...bounds },
        'the oldest file was deleted; move files away earlier, or raise keepFiles',
      );
    } catch (error) {
      told.logger.error({ err: error, ...told.of, file }, 'the oldest file cannot be deleted; delete it');
    }
  }
}
