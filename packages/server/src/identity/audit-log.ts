/**
 * Appends audit records to one file a day. The API answers a call when its line is there. Writes gather: the first record
 * starts one, and what comes while it runs is the next.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { type AuditedCall, auditRecords } from './audit-record.ts';

export interface AuditLog {
  /**
   * Resolves when the line is in the file, where the end of this process cannot take it back, or when it is counted as lost.
   * Never rejects.
   */
  record(call: AuditedCall): Promise<void>;
  /** Records that could not be written since the start. */
  readonly lost: number;
  /** Resolves when all that was taken is written. May be called twice. */
  close(): Promise<void>;
}

export interface AuditLogOptions {
  /** Holds `audit-YYYY-MM-DD.jsonl`, days in UTC. Made when it is missing. */
  readonly directory: string;
  readonly logger: Pick<Logger, 'error'>;
  readonly clock: Pick<Clock, 'now'>;
}

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
export async function openAuditLog({ directory, logger, clock }: AuditLogOptions): Promise<AuditLog> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let waiting: AuditedCall[] = [];
  /** Settles with the write of what waits. */
  let next: Promise<void> | undefined;
  let writing: Promise<void> = Promise.resolve();
  let lost = 0;
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
      current = { file, handle: await open(file, 'a', 0o600), openedAtMs: nowMs };
    }
    await current.handle.appendFile(lines);
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
    async close() {
      await (next ?? writing);
      await leaveFile();
    },
  };
}
