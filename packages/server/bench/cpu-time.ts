/** CPU time and memory of running processes, from /proc; so the figures of this benchmark exist on Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Clock ticks per second of /proc (USER_HZ); 100 on every Linux that Node supports. */
const ticksPerSecond = 100;
const pageBytes = 4096;

export interface ServiceUsage {
  /** The service process with all its threads, CPU seconds since its start. */
  readonly serviceSeconds: number;
  /** Of these, the thread that runs the event loop of the API, SIP and the contacts. */
  readonly mainThreadSeconds: number;
  /** PostgreSQL's processes below it, those that have ended included. */
  readonly postgresSeconds: number;
  readonly rssBytes: number;
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly ownSeconds: number;
  /** Of children that ended and were waited for. */
  readonly endedChildrenSeconds: number;
  readonly rssBytes: number;
}

/** Usage of a service and the database that it runs. */
export function usageOfService(pid: number): ServiceUsage {
  const service = statOf(`/proc/${pid}/stat`);
  const main = statOf(`/proc/${pid}/task/${pid}/stat`);
  const postgres = descendantsOf(pid).filter((process) => process.name === 'postgres');
  return {
    serviceSeconds: service.ownSeconds,
    mainThreadSeconds: main.ownSeconds,
    postgresSeconds: sum(postgres.map((process) => process.ownSeconds + process.endedChildrenSeconds)),
    rssBytes: service.rssBytes,
  };
}

/** What `after` has beyond `before`. */
export function usageBetween(before: ServiceUsage, after: ServiceUsage): ServiceUsage {
  return {
    serviceSeconds: after.serviceSeconds - before.serviceSeconds,
    mainThreadSeconds: after.mainThreadSeconds - before.mainThreadSeconds,
    postgresSeconds: after.postgresSeconds - before.postgresSeconds,
    rssBytes: after.rssBytes - before.rssBytes,
  };
}

/** CPU seconds of one process with all its threads. */
export function cpuSecondsOf(pid: number): number {
  return statOf(`/proc/${pid}/stat`).ownSeconds;
}

/**
 * Resolves when a process has taken less than a twentieth of a core for half a second: what it had to do is done then. Resolves after
 * ten seconds in any case; a process that is profiled is never idle.
 */
export async function untilIdle(pid: number): Promise<void> {
  const lookMs = 500;
  let before = cpuSecondsOf(pid);
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += lookMs) {
    await sleep(lookMs);
    const now = cpuSecondsOf(pid);
    if (now - before < (lookMs / 1000) * 0.05) return;
    before = now;
  }
}

/** CPU seconds of children of this process that have ended: the whole cost of a program that ran in between. */
export function endedChildrenSeconds(): number {
  return statOf('/proc/self/stat').endedChildrenSeconds;
}

/** Process ids below `pid`, whatever depth. */
export function descendantIdsOf(pid: number): number[] {
  return descendantsOf(pid).map((process) => process.pid);
}

function descendantsOf(pid: number): ProcessStat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [statOf(`/proc/${name}/stat`)];
      } catch {
        // Processes end while the list is read; theirs is then their parent's time.
        return [];
      }
    });
  const found: ProcessStat[] = [];
  let parents = new Set([pid]);
  while (parents.size > 0) {
    const children = all.filter((process) => parents.has(process.parent));
    found.push(...children);
    parents = new Set(children.map((process) => process.pid));
  }
  return found;
}

function statOf(file: string): ProcessStat {
  const text = readFileSync(file, 'utf8');
  // The name stands in parentheses and may hold anything; the fields behind it are numbered from 3 (proc(5)).
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(text, 10),
    name: text.slice(text.indexOf('(') + 1, close),
    parent: field(4),
    ownSeconds: (field(14) + field(15)) / ticksPerSecond,
    endedChildrenSeconds: (field(16) + field(17)) / ticksPerSecond,
    rssBytes: field(24) * pageBytes,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
