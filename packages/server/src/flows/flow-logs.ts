/** Flow logs: what CloudWatch is to Amazon Connect. Files of JSON lines for each instance, bounded in size and number; no call ever waits for it. */
import { appendFile, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { FlowLogRecord } from '@ringback/flow';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { deleteOldest, type FileBounds, isFull, putAway, wasPutAway } from '../full-files.ts';
import type { InstanceId } from '../ids.ts';

export interface FlowLogs {
  /** Takes a record; returns at once and never throws. */
  write(instanceId: InstanceId, record: FlowLogRecord): void;
  /** Records that could not be written since the start. */
  readonly lost: number;
  /** Writes what was taken. May be called twice. */
  close(): Promise<void>;
}

export interface FlowLogsOptions {
  /** Holds `<instance id>.jsonl`. Made when it is missing. */
  readonly directory: string;
  /** Of each instance. */
  readonly bounds: FileBounds;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Most characters that wait while the disk is slow; what comes on top is counted as lost. */
const maxWaitingCharacters = 16_000_000;

/**
 * Opens the logs. A write that fails is told to the operator's log and counted; the flows go on.
 *
 * @throws when the directory cannot be made.
 */
export async function openFlowLogs({ directory, bounds, logger, clock }: FlowLogsOptions): Promise<FlowLogs> {
  // Records hold attribute values, so only the service's own user may read them.
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let waiting = new Map<InstanceId, string[]>();
  let waitingCharacters = 0;
  let writing: Promise<void> | undefined;
  let lost = 0;
  let isOverflowing = false;
  /** Files whose last line may be torn; the next line must not continue it. */
  const torn = new Set<InstanceId>();

  async function writeAll(): Promise<void> {
    // One turn of the event loop gathers the records of a flow's quick succession of actions.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (waiting.size > 0) {
      const taken = waiting;
      waiting = new Map();
      waitingCharacters = 0;
      isOverflowing = false;
      for (const [instanceId, lines] of taken) await append(instanceId, lines);
    }
    writing = undefined;
  }

  async function append(instanceId: InstanceId, lines: readonly string[]): Promise<void> {
    const text = `${lines.join('\n')}\n`;
    try {
      const file = path.join(directory, `${instanceId}.jsonl`);
      await makeRoom(file, instanceId);
      await appendFile(file, torn.has(instanceId) ? `\n${text}` : text, { mode: 0o600 });
      torn.delete(instanceId);
    } catch (error) {
      torn.add(instanceId);
      lost += lines.length;
      logger.error({ err: error, instanceId, count: lines.length }, 'flow-log records could not be written');
    }
  }

  async function makeRoom(file: string, instanceId: InstanceId): Promise<void> {
    const found = await stat(file).catch(() => undefined);
    if (!found || !isFull(found.size, bounds)) return;
    await putAway(file, clock.now());
    await deleteOldest(directory, (name) => wasPutAway(name, instanceId), bounds, {
      logger,
      of: { instanceId },
    });
  }

  return {
    write(instanceId, record) {
      const line = JSON.stringify(record);
      if (waitingCharacters + line.length > maxWaitingCharacters) {
        lost += 1;
        // Said once for each jam: a line for each record would only add to it.
        if (!isOverflowing) logger.error({ directory }, 'flow-log records are lost: the disk is too slow');
        isOverflowing = true;
        return;
      }
      waitingCharacters += line.length;
      const lines = waiting.get(instanceId);
      if (lines) lines.push(line);
      else waiting.set(instanceId, [line]);
      writing ??= writeAll();
    },
    get lost() {
      return lost;
    },
    async close() {
      await writing;
    },
  };
}
