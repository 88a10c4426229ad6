/** A sink that appends JSON lines: `contact-events.jsonl` and `contact-records.jsonl` in one directory. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { OutboxRow } from '../store/outbox-store.ts';
import type { Delivery, Sink } from './sink.ts';

const delivered: Delivery = { kind: 'delivered' };

/**
 * Opens the sink. A line is flushed to the disk before it counts as delivered; after a crash the last lines
 * may stand twice, or be torn.
 *
 * @throws when the directory cannot be made.
 */
export async function openFileSink(name: string, directory: string): Promise<Sink> {
  await mkdir(directory, { recursive: true });
  return {
    name,
    // Lines of one file cannot be written side by side, and one write takes them all.
    concurrency: 1,
    async deliver(rows) {
      const byStream = Map.groupBy(rows, (row) => row.stream);
      try {
        for (const [stream, lines] of byStream) await append(path.join(directory, `${stream}.jsonl`), lines);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return rows.map(() => ({ kind: 'unreachable', reason }));
      }
      return rows.map(() => delivered);
    },
    close: () => Promise.resolve(),
  };
}

async function append(file: string, rows: readonly OutboxRow[]): Promise<void> {
  const handle = await open(file, 'a+', 0o640);
  try {
    const lines = rows.map((row) => `${row.payload}\n`).join('');
    await handle.appendFile((await endsInMiddleOfLine(handle)) ? `\n${lines}` : lines);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** A crash or a full disk may have torn the last line; the next one must not be glued to it. */
async function endsInMiddleOfLine(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer.toString('latin1') !== '\n';
}
