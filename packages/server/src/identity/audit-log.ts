/** Appends audit records to one file a day. Writes gather: all records of a moment are one write, and no request waits for it. */
import { appendFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { type AuditedCall, auditRecords } from './audit-record.ts';

export interface AuditLog {
  /** Takes note; returns at once and never throws. */
  record(call: AuditedCall): void;
  /** Records that could not be written since the start. */
  readonly lost: number;
  /** Writes what was taken. May be called twice. */
  close(): Promise<void>;
}

export interface AuditLogOptions {
  /** Holds `audit-YYYY-MM-DD.jsonl`, days in UTC. Made when it is missing. */
  readonly directory: string;
  readonly logger: Pick<Logger, 'error'>;
}

/** Records of so long are one write, ms: a write takes three trips through the thread pool, whatever its size. */
const gatherMs = 25;

const dayMs = 86_400_000;

/** Most calls that wait while the disk is slow; what comes on top is counted as lost. */
const maxWaiting = 20_000;

/**
 * Opens the log. A write that fails is logged and counted; the requests that it tells of were answered and stay so.
 *
 * @throws when the directory cannot be made.
 */
export async function openAuditLog({ directory, logger }: AuditLogOptions): Promise<AuditLog> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let waiting: AuditedCall[] = [];
  let writing: Promise<void> | undefined;
  let hurry: (() => void) | undefined;
  let lost = 0;
  /** A write that failed may have left half a line, which the next one must not continue. */
  let mustStartLine = false;
  let isOverflowing = false;
  let isClosing = false;

  function lose(count: number, error: unknown): void {
    lost += count;
    logger.error({ err: error, count, directory }, 'audit records could not be written');
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      await gather();
      const calls = waiting;
      waiting = [];
      isOverflowing = false;
      await writeCalls(calls);
    }
    writing = undefined;
  }

  async function gather(): Promise<void> {
    if (isClosing) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, gatherMs);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    hurry = undefined;
  }

  async function writeCalls(calls: readonly AuditedCall[]): Promise<void> {
    for (const [day, ofDay] of Map.groupBy(calls, ({ atMs }) => Math.floor(atMs / dayMs))) {
      try {
        const lines = auditRecords(ofDay);
        const file = path.join(directory, `audit-${new Date(day * dayMs).toISOString().slice(0, 10)}.jsonl`);
        await appendFile(file, mustStartLine ? `\n${lines}` : lines, { mode: 0o600 });
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
        return;
      }
      waiting.push(call);
      writing ??= writeAll();
    },
    get lost() {
      return lost;
    },
    async close() {
      isClosing = true;
      hurry?.();
      await writing;
      isClosing = false;
    },
  };
}
