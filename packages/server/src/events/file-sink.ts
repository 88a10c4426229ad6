/** A sink that appends JSON lines: `contact-events.jsonl` and `contact-records.jsonl` in one directory, in files of bounded size and number. */
import { type FileHandle, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { makeDirectories } from '../make-directories.ts';
import type { OutboxRow } from '../store/outbox-store.ts';
import type { Delivery, Sink } from './sink.ts';

const delivered: Delivery = { kind: 'delivered' };

export interface FileSinkOptions {
  readonly name: string;
  readonly directory: string;
  /** A file of so many megabytes is put away, and a new one begun. Default 100. */
  readonly fileMegabytes?: number;
  /** Files that are kept of each stream, besides the one that is written. Default 100. */
  readonly keepFiles?: number;
}

export interface FileSinkDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** Told of each file that is deleted. */
  readonly deleted?: () => void;
}

/**
 * Opens the sink. A line is flushed to the disk before it counts as delivered; after a crash the last lines
 * may stand twice, or be torn. A full file becomes `STREAM.YYYYMMDDTHHMMSSmmmZ.jsonl`, named for when it was put away.
 *
 * @throws when the directory cannot be made.
 */
export async function openFileSink(options: FileSinkOptions, deps: FileSinkDeps): Promise<Sink> {
  const { name, directory, fileMegabytes = 100, keepFiles = 100 } = options;
  const { clock, logger } = deps;
  await makeDirectories(directory, 0o777);

  async function append(stream: string, rows: readonly OutboxRow[]): Promise<void> {
    const file = path.join(directory, `${stream}.jsonl`);
    let handle = await open(file, 'a+', 0o640);
    try {
      let { size } = await handle.stat();
      if (size >= fileMegabytes * bytesPerMegabyte) {
        await handle.close();
        await putAway(stream, file);
        handle = await open(file, 'a+', 0o640);
        size = 0;
      }
      const lines = rows.map((row) => `${row.payload}\n`).join('');
      try {
        await handle.appendFile((await endsInMiddleOfLine(handle, size)) ? `\n${lines}` : lines);
        await handle.datasync();
      } catch (error) {
        // They will be written again: what a full disk took of them must not stand twice, nor half a line for good.
        await handle.truncate(size).catch(() => undefined);
        throw error;
      }
    } finally {
      await handle.close();
    }
  }

  async function putAway(stream: string, file: string): Promise<void> {
    const time = new Date(clock.now()).toISOString().replaceAll(/[-:.]/gu, '');
    await rename(file, path.join(directory, `${stream}.${time}.jsonl`));
    const files = (await readdir(directory)).filter(
      (name) => name.startsWith(`${stream}.`) && putAwayName.test(name),
    );
    for (const oldest of files.toSorted().slice(0, Math.max(0, files.length - keepFiles)))
      await deleteFile(path.join(directory, oldest));
  }

  /** A file that cannot be deleted must not stop what is to be written. */
  async function deleteFile(file: string): Promise<void> {
    try {
      const { size } = await stat(file);
      await unlink(file);
      deps.deleted?.();
      logger.warn(
        { sink: name, file, sizeBytes: size, keepFiles, fileMegabytes },
        'the oldest file of a sink was deleted; move files away earlier, or raise its keepFiles',
      );
    } catch (error) {
      logger.error(
        { err: error, sink: name, file },
        'the oldest file of a sink cannot be deleted; delete it',
      );
    }
  }

  return {
    name,
    // Lines of one file cannot be written side by side, and one write takes them all.
    concurrency: 1,
    // The directory is this node's, even where its path is the same on all.
    receiver: 'own',
    async deliver(rows) {
      const byStream = Map.groupBy(rows, (row) => row.stream);
      try {
        for (const [stream, lines] of byStream) await append(stream, lines);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return rows.map(() => ({ kind: 'unreachable', reason }));
      }
      return rows.map(() => delivered);
    },
    close: () => Promise.resolve(),
  };
}

const bytesPerMegabyte = 1_000_000;
/** What the name of a file that was put away ends in. */
const putAwayName = /\.\d{8}T\d{9}Z\.jsonl$/u;

/** A crash may have torn the last line; the next one must not be glued to it. */
async function endsInMiddleOfLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer.toString('latin1') !== '\n';
}
