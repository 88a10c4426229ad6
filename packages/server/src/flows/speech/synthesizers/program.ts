/** Finds a program on PATH and runs it once: no shell, text over standard input, bounded in time and output. */

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { SpeechFailed } from '../speech-errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

interface ProgramRun {
  readonly file: string;
  /** Never contains anything a caller wrote. */
  readonly args: readonly string[];
  readonly input: string;
  readonly environment: Environment;
  /** Most bytes read from standard output. */
  readonly mostOutputBytes: number;
  /** Exit codes that mean success. Default 0. */
  readonly successCodes?: readonly number[];
}

/** Variables that a speech program may need. It gets no others: ours may hold secrets. */
const PASSED_VARIABLES = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
  'ESPEAK_DATA_PATH',
  'SystemRoot',
];
/** How much of standard error is kept for the message. */
const KEPT_ERROR_CHARACTERS = 500;

/** The first executable file of that name on PATH. Relative PATH entries are skipped: they follow the working directory. */
export async function findOnPath(name: string, environment: Environment): Promise<string | undefined> {
  for (const folder of (environment.PATH ?? '').split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue;
    const file = path.join(folder, name);
    try {
      await access(file, constants.X_OK);
      if ((await stat(file)).isFile()) return file;
    } catch {
      // Not here; the search goes on.
    }
  }
  return undefined;
}

export function passedEnvironment(environment: Environment): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of PASSED_VARIABLES) {
    const value = environment[name];
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}

/**
 * Resolves with what the program wrote to standard output.
 *
 * @throws {SpeechFailed} it could not be started, ended with an error, or wrote too much.
 * @throws `signal.reason` when aborted; the program is killed.
 */
export function runProgram(run: ProgramRun, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const child = spawn(run.file, [...run.args], {
      stdio: 'pipe',
      env: passedEnvironment(run.environment),
      windowsHide: true,
    });
    const { successCodes = [0] } = run;
    const output: Buffer[] = [];
    let outputBytes = 0;
    let errors = '';
    let failure: unknown;
    const stop = (reason: unknown): void => {
      failure ??= reason;
      child.kill('SIGKILL');
    };
    const aborted = (): void => stop(signal.reason);
    signal.addEventListener('abort', aborted, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes <= run.mostOutputBytes) output.push(chunk);
      else
        stop(new SpeechFailed('unusable-audio', `${run.file} wrote more than ${run.mostOutputBytes} bytes`));
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors = (errors + chunk).slice(-KEPT_ERROR_CHARACTERS);
    });
    child.on('error', (cause) => {
      failure ??= new SpeechFailed('crashed', `${run.file} could not be run: ${cause.message}`, { cause });
    });
    child.on('close', (code, killedBy) => {
      signal.removeEventListener('abort', aborted);
      if (failure !== undefined) reject(failure);
      else if (code !== null && successCodes.includes(code)) resolve(Buffer.concat(output));
      else
        reject(new SpeechFailed('crashed', `${run.file} ended with ${killedBy ?? code}: ${errors.trim()}`));
    });
    feed(child, run.input);
  });
}

function feed(child: ChildProcess, input: string): void {
  // A program that ends before reading everything breaks the pipe; its exit code tells the story.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
}
