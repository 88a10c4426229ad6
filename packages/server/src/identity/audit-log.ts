/**
 * Appends audit records to one file a day, or several where a day's is full, and keeps as many as is said. The API answers a call when its line is there. Writes gather: the first record
 * starts one, and what comes while it runs is the next.
 */
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { deleteOldest, type FileBounds, isFull, putAway } from '../full-files.ts';
import { makeDirectories } from '../make-directories.ts';
import { type AuditedCall, auditRecords } from './audit-record.ts';

export interface AuditLog {
  /**
   * Resolves when the line is in the file, where the end of this process cannot take it back, or when it is counted as lost.
   * Never rejects.
   */
  record(call: AuditedCall): Promise<void>;
  /** Records that could not be written since the start. */
  readonly lost: number;
  /** Files that were deleted since the start, because there are as many newer ones as are kept. */
  readonly filesDeleted: number;
  /** Resolves when all that was taken is written. May be called twice. */
  close(): Promise<void>;
}

export interface AuditLogOptions {
  /** Holds `audit-YYYY-MM-DD.jsonl`, days in UTC. Made when it is missing. */
  readonly directory: string;
  readonly bounds: FileBounds;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** A day's file, or one of that day that was full. */
const auditFileName = /^audit-\d{4}-\d{2}-\d{2}(\.\d{8}T\d{9}Z)?\.jsonl$/u;

const dayMs = 86_400_000;

/** How long a file is kept open: opening it for each write is two more waits for every answer. One that was moved away is left by then, ms. */
const openForMs = 1000;

/** Most calls that wait while the disk is slow; what comes on top is counted as lost. */
const maxWaiting = 20_000;

/**
 * Opens the log. A write that fails is logged and counted; the requests that it tells of are answered all the same.
 *
 * @throws when the directory cannot be made.
 */
export async function openAuditLog({ directory, bounds, logger, clock }: AuditLogOptions): Promise<AuditLog> {
  await makeDirectories(directory, 0o700);
  let waiting: AuditedCall[] = [];
  /** Settles with the write of what waits. */
  let next: Promise<void> | undefined;
  let writing: Promise<void> = Promise.resolve();
  let lost = 0;
  let filesDeleted = 0;
  /** A write that failed may have left half a line, which the next one must not continue. */
  let mustStartLine = false;
  let isOverflowing = false;
  let current:
    | { readonly file: string; readonly handle: FileHandle; readonly openedAtMs: number }
    | undefined;

  async function append(file: string, lines: string): Promise<void> {
    const nowMs = clock.now();
    if (current?.file !== file || nowMs - current.openedAtMs >= openForMs) {
      await leaveFile();
      current = { file, handle: await openWithRoom(file), openedAtMs: nowMs };
    }
    await current.handle.appendFile(lines);
  }

  async function openWithRoom(file: string): Promise<FileHandle> {
    const handle = await open(file, 'a', 0o600);
    const { size } = await handle.stat();
    if (size > 0 && !isFull(size, bounds)) return handle;
    // A new file begins, of a day or after a full one: the moment to look how many there are.
    if (size > 0) {
      await handle.close();
      await putAway(file, clock.now());
    }
    const isOther = (name: string) => auditFileName.test(name) && name !== path.basename(file);
    await deleteOldest(directory, isOther, bounds, {
      logger,
      of: { log: 'audit' },
      deleted: () => (filesDeleted += 1),
    });
    return size > 0 ? open(file, 'a', 0o600) : handle;
  }

  async function leaveFile(): Promise<void> {
    const left = current;
    current = undefined;
    await left?.handle.close();
  }

  function lose(count: number, error: unknown): void {
    lost += count;
    logger.error({ err: error, count, directory }, 'audit records could not be written');
  }

  async function writeWaiting(): Promise<void> {
    await writing;
    // Calls that were committed together are answered in one turn of the event loop, and become one write.
    await setImmediate();
    const calls = waiting;
    waiting = [];
    writing = next ?? writing;
    next = undefined;
    isOverflowing = false;
    await writeCalls(calls);
  }

  async function writeCalls(calls: readonly AuditedCall[]): Promise<void> {
    for (const [day, ofDay] of Map.groupBy(calls, ({ atMs }) => Math.floor(atMs / dayMs))) {
      try {
        const lines = auditRecords(ofDay);
        const file = path.join(directory, `audit-${new Date(day * dayMs).toISOString().slice(0, 10)}.jsonl`);
        await append(file, mustStartLine ? `\n${lines}` : lines);
        mustStartLine = false;
      } catch (error) {
        mustStartLine = true;
        lose(ofDay.length, error);
      }
    }
  }

  return {
    record(call) {
      if (waiting.length >= maxWaiting) {
        lost += 1;
        // Said once for each jam: a line for each call would only add to it.
        if (!isOverflowing)
          logger.error({ directory, maxWaiting }, 'audit records are lost: the disk is too slow');
        isOverflowing = true;
        return Promise.resolve();
      }
      waiting.push(call);
      next ??= writeWaiting();
      return next;
    },
    get lost() {
      return lost;
    },
    get filesDeleted() {
      return filesDeleted;
    },
    async close() {
      await (next ?? writing);
      await leaveFile();
    },
  };
}
