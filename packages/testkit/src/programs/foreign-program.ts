// A program of others as a test runs it: in a folder of its own, waited for until it is ready, its words kept for the report of a
// failure, and gone afterwards.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { untilDefined } from '../until-defined.ts';

export interface ForeignProgramOptions {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Written into the folder before the start, by name; `a/b` makes the folder `a`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Beside those of this process; HOME is the folder. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it may be talked to now. */
  isReady(program: { readonly output: string }): boolean;
  /** Files of the folder whose beginning belongs into the report of a failure. */
  readonly logs?: readonly string[];
}

export interface ForeignProgram {
  /** Where it runs. */
  readonly directory: string;
  /** What it has printed so far. */
  readonly output: string;
  /** Resolves when it ends with 0; rejects with its exit, output and logs when it ends otherwise. */
  readonly finished: Promise<void>;
  /** Ends it, if need be by force, and removes its folder; idempotent. */
  close(): Promise<void>;
}

/** A program that is not ready by then never will be, ms. */
const startWithinMs = 30_000;
/** How long a program may take to end in good form, ms. */
const endWithinMs = 5_000;
/** How much of output and logs a failure shows: enough for a whole call without its repetitions. */
const shownCharacters = 10_000;

/** @throws {Error} with output and logs when it ends before it is ready, or is not in time */
export async function startForeignProgram(options: ForeignProgramOptions): Promise<ForeignProgram> {
  const directory = await mkdtemp(path.join(tmpdir(), `ringback-${path.basename(options.program)}-`));
  for (const [name, content] of Object.entries(options.files ?? {})) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await writeFile(path.join(directory, name), content);
  }
  const child = spawn(options.program, options.arguments, {
    cwd: directory,
    env: { ...process.env, HOME: directory, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that children of the program end with it.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const exited = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const report = (what: string): Error => {
    const logs = (options.logs ?? []).map((file) => beginningOf(path.join(directory, file)));
    return new Error([`${options.program} ${what}`, output.slice(0, shownCharacters), ...logs].join('\n'));
  };
  const finished = exited.then(([code, signal]) => {
    if (code !== 0) throw report(`ended with ${signal ?? code}`);
  });
  // Whoever awaits `finished` late still gets the failure; until then it is nobody's unhandled rejection.
  finished.catch(() => undefined);
  const running: ForeignProgram = {
    directory,
    get output() {
      return output;
    },
    finished,
    async close() {
      if (!hasEnded(child)) {
        signalGroup(child, 'SIGTERM');
        const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), endWithinMs);
        await exited;
        clearTimeout(timer);
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await untilDefined(startWithinMs, `${options.program} was not ready`, async () => {
      // One that has done its work already needs no waiting for.
      if (hasEnded(child)) await finished;
      return hasEnded(child) || options.isReady(running) || undefined;
    });
  } catch (error) {
    await running.close();
    throw error;
  }
  return running;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || hasEnded(child)) return;
  process.kill(-child.pid, signal);
}

function beginningOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(0, shownCharacters) : '';
}

/** The state of a listening socket in /proc/net/tcp. */
const listening = '0A';

/** Asks the kernel, because a probe of our own could take the port away or disturb the program. */
export function isPortOpen(transport: 'udp' | 'tcp', port: number): boolean {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(`/proc/net/${transport}`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, local, , state]) => local === wanted && (transport === 'udp' || state === listening));
}
