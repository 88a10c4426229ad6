/** Ringback and its carrier as processes of their own, for tests that kill them or look at how they exit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Longest wait for a process to get ready or to end, ms; generous, because other tests run on the same cores. */
const patienceMs = 60_000;

export interface RunningProcess {
  readonly pid: number;
  /** All lines so far, of stdout and stderr. */
  readonly lines: readonly string[];
  /** Resolves when the process has ended and its output is read. */
  readonly exited: Promise<ProcessExit>;
  /** Sends a signal and resolves with the exit. */
  end(signal: NodeJS.Signals): Promise<ProcessExit>;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServiceProcess extends RunningProcess {
  readonly url: string;
  readonly sip: { readonly host: string; readonly port: number };
}

export interface CarrierProcess extends RunningProcess {
  /** `host:port`, as a trunk's address. */
  readonly address: string;
}

/**
 * Compiled code that one process leaves for the next: without it a start is mostly compilation. Node writes it when a
 * process ends by itself, so it takes one clean end before kills. That of the whole test run, where there is one.
 */
const compileCache = process.env.NODE_COMPILE_CACHE ?? ownCompileCache();

function ownCompileCache(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'ringback-compiled-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Every process of this test file that may still run; `endAllProcesses` leaves none behind. */
const started = new Set<ChildProcess>();

/** Kills what a failed test left running. For `after`. */
export async function endAllProcesses(): Promise<void> {
  await Promise.all([...started].map((child) => endChild(child, 'SIGKILL')));
}

/** Starts the carrier on any free port and resolves when it takes calls. */
export async function startCarrierProcess(options: {
  readonly inviteLog: string;
  readonly scenarioFile: string;
  /** Range of its RTP ports, `first-last`. */
  readonly rtpPorts: string;
}): Promise<CarrierProcess> {
  const program = programAt('../../../simulated-carrier/src/main.ts');
  const running = run(
    [program, '--json', '--port', '0', '--rtp-ports', options.rtpPorts]
      .concat(['--invite-log', options.inviteLog])
      .concat(['--scenario', options.scenarioFile]),
    {},
  );
  const ready = await lineWith(running, (line) => line.ready === true);
  return { ...running, address: String(ready.sip) };
}

/** Starts the service with these variables and resolves when it is ready. Throws what it printed when it ends instead. */
export async function startServiceProcess(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const running = runService(env);
  const ready = await lineWith(running, (line) => line.msg === 'ready');
  return { ...running, url: String(ready.url), sip: ready.sip as ServiceProcess['sip'] };
}

/** Starts the service without waiting for anything; for starts that fail. */
export function runService(env: Readonly<Record<string, string>>): RunningProcess {
  return run([programAt('../../src/main.ts')], env);
}

/** Whether a process runs, be it another user's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Asks until the answer is true. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = patienceMs,
): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAtMs) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await sleep(50);
  }
}

function programAt(place: string): string {
  return fileURLToPath(new URL(place, import.meta.url));
}

function run(args: readonly string[], env: Readonly<Record<string, string>>): RunningProcess {
  const inherited = Object.entries(process.env).filter(
    // Settings of whoever runs the tests must not reach the processes, nor must the test runner's own.
    ([name]) => !name.startsWith('RINGBACK_') && name !== 'NODE_TEST_CONTEXT',
  );
  const child = spawn(process.execPath, args, {
    env: { ...Object.fromEntries(inherited), NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('close', (code, signal) => {
      started.delete(child);
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid ?? 0,
    lines,
    exited,
    async end(signal) {
      child.kill(signal);
      return within(exited, () => `process ${child.pid} did not end after ${signal}:\n${lines.join('\n')}`);
    },
  };
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function lineWith(
  running: RunningProcess,
  isWanted: (line: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  let exit: ProcessExit | undefined;
  void running.exited.then((how) => {
    exit = how;
  });
  const giveUpAtMs = performance.now() + patienceMs;
  for (let read = 0; ; ) {
    const hasEnded = exit !== undefined;
    for (; read < running.lines.length; read += 1) {
      const line = jsonOf(running.lines[read] ?? '');
      if (line && isWanted(line)) return line;
    }
    if (hasEnded || performance.now() > giveUpAtMs) {
      const why = exit ? `ended (${exit.code ?? exit.signal})` : 'was not ready in time';
      throw new Error(`the process ${why}:\n${running.lines.join('\n')}`);
    }
    await sleep(20);
  }
}

function jsonOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Warnings of Node and the like are printed as they are.
    return undefined;
  }
}

async function within<Value>(promise: Promise<Value>, complaint: () => string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint())), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
