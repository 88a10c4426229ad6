// The server process: starts it so that it cannot outlive us, finds one that an earlier service left running, and stops
// either. Knows processes and files, and nothing of connections.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemErrorCode } from './errors.ts';
import { clusterDirectoryOf, type DatabaseHome } from './home.ts';
import { identityOf } from './operating-system-user.ts';
import { programEnvironment } from './run-program.ts';
import { SOCKET_PORT } from './settings.ts';

/** A server that we started. */
export interface Postmaster {
  /** Resolves with the server's process id, or undefined if not even the shell could be started. */
  readonly pid: Promise<number | undefined>;
  /** Resolves with the exit code when the server has ended, for whatever reason. */
  readonly ended: Promise<number | undefined>;
  readonly hasEnded: boolean;
  /** Asks for a fast shutdown: transactions are rolled back, everything is written. Resolves when it has ended. */
  stop(): Promise<void>;
}

/**
 * Waits beside the server for the end of its own standard input, which the system closes when our process ends in
 * whatever way, and then stops the server. Prints the server's process id first.
 *
 * Standard input is moved to descriptor 3 because a shell gives background jobs /dev/null in its place.
 */
const WATCHED = `
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
echo "$server"
exec >/dev/null
{ cat <&3; kill -INT "$server"; } 2>/dev/null &
watch=$!
wait "$server"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
`;

/** Longest wait for a fast shutdown before the server is told to stop without tidying up, ms. */
const FAST_SHUTDOWN_MS = 30_000;

const POLL_MS = 25;

/** Starts the server; it is ready when a connection succeeds. `logDescriptor` takes what it prints. */
export function startPostmaster(options: {
  readonly program: string;
  readonly args: readonly string[];
  readonly home: DatabaseHome;
  readonly logDescriptor: number;
}): Postmaster {
  const { program, args, home, logDescriptor } = options;
  const child = spawn('/bin/sh', ['-c', WATCHED, 'ringback-postgres', program, ...args], {
    cwd: home.directory,
    env: programEnvironment,
    stdio: ['pipe', 'pipe', logDescriptor],
    // A session of its own: Ctrl-C in a terminal must reach us, and the database only after we have drained.
    detached: true,
    ...identityOf(home.user),
  });
  // Its end is told by `exit`; a write to it is never attempted.
  child.stdin?.on('error', () => undefined);
  let hasEnded = false;
  const ended = new Promise<number | undefined>((resolve) => {
    const finish = (code: number | undefined): void => {
      hasEnded = true;
      child.stdin?.destroy();
      resolve(code);
    };
    child.once('exit', (code) => finish(code ?? undefined));
    child.once('error', () => finish(undefined));
  });
  const pid = readPid(child, ended);
  return {
    pid,
    ended,
    get hasEnded() {
      return hasEnded;
    },
    async stop() {
      child.stdin?.destroy();
      const serverPid = await pid;
      const timer = setTimeout(() => {
        // SIGQUIT: immediate shutdown; the next start replays the log, and nothing committed is lost.
        if (serverPid !== undefined) signal(serverPid, 'SIGQUIT');
      }, FAST_SHUTDOWN_MS);
      await ended;
      // If the shell was killed before it, the server may still be at it.
      while (serverPid !== undefined && (await isPostmasterOf(serverPid, home))) await sleep(POLL_MS);
      clearTimeout(timer);
    },
  };
}

async function readPid(child: ChildProcess, ended: Promise<unknown>): Promise<number | undefined> {
  const { stdout } = child;
  if (stdout === null) return undefined;
  const lines = createInterface({ input: stdout });
  const first = new Promise<number | undefined>((resolve) =>
    lines.once('line', (line) => resolve(Number(line))),
  );
  const pid = await Promise.race([first, ended.then(() => undefined)]);
  lines.close();
  stdout.destroy();
  return pid;
}

/** The process id in `postmaster.pid`, if that process is alive and is the server of this cluster. */
export async function findRunningPostmaster(home: DatabaseHome): Promise<number | undefined> {
  const pid = await recordedPid(home);
  return pid !== undefined && (await isPostmasterOf(pid, home)) ? pid : undefined;
}

/** The process id that the running or last server wrote down. */
export async function recordedPid(home: DatabaseHome): Promise<number | undefined> {
  try {
    const [first] = (await readFile(join(clusterDirectoryOf(home), 'postmaster.pid'), 'utf8')).split('\n');
    const pid = Number(first);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Removes the lock files of a server that is gone. PostgreSQL does so itself, unless its old process id has been given
 * to another program of the same user, as happens in containers, where ids start anew.
 */
export async function removeStaleLocks(home: DatabaseHome, socketDirectory: string): Promise<void> {
  const pid = await recordedPid(home);
  if (pid === undefined || !isAlive(pid) || (await isPostmasterOf(pid, home))) return;
  await rm(join(clusterDirectoryOf(home), 'postmaster.pid'), { force: true });
  await rm(join(socketDirectory, `.s.PGSQL.${SOCKET_PORT}.lock`), { force: true });
}

/** Stops a server that we did not start, by its process id. Resolves with whether it ended within `withinMs`. */
export async function stopLeftRunning(pid: number, home: DatabaseHome, withinMs: number): Promise<boolean> {
  signal(pid, 'SIGINT');
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (!(await isPostmasterOf(pid, home))) return true;
    await sleep(POLL_MS);
  }
  return false;
}

function signal(pid: number, name: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended by itself in the meantime, which is all that was wanted.
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

/** True when the process is a PostgreSQL server that was started with this cluster's path. */
async function isPostmasterOf(pid: number, home: DatabaseHome): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const cluster = clusterDirectoryOf(home);
  if (process.platform !== 'linux') return (await describeProcess(pid)).includes(`postgres -D ${cluster} `);
  const [program, ...args] = (await readCommandLine(pid)).split('\0');
  return program !== undefined && basename(program) === 'postgres' && args.includes(cluster);
}

const run = promisify(execFile);

/** Empty when the process is gone, or is a zombie that nobody has reaped yet. */
async function readCommandLine(pid: number): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // No such process: it ended between the two questions.
    return '';
  }
}

/** The same where there is no /proc. */
async function describeProcess(pid: number): Promise<string> {
  try {
    return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
  } catch {
    // `ps` fails for a process that is gone.
    return '';
  }
}
