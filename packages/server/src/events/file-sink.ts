/** A sink that appends JSON lines: `contact-events.jsonl` and `contact-records.jsonl` in one directory, in files of bounded size and number. */
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { deleteOldest, isFull, putAway, wasPutAway } from '../full-files.ts';
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
  const bounds = { fileMegabytes, keepFiles };
  const { clock, logger, deleted } = deps;
  await makeDirectories(directory, 0o777);

  async function append(stream: string, rows: readonly OutboxRow[]): Promise<void> {
    const file = path.join(directory, `${stream}.jsonl`);
    let handle = await open(file, 'a+', 0o640);
    try {
      let { size } = await handle.stat();
      if (isFull(size, bounds)) {
        await handle.close();
        await putAway(file, clock.now());
        await deleteOldest(directory, (other) => wasPutAway(other, stream), bounds, {
          logger,
          of: { sink: name },
          deleted,
        });
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

/** A crash may have torn the last line; the next one must not be glued to it. */
async function endsInMiddleOfLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer.toString('latin1') !== '\n';
}
