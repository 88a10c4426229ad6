/** A program run beside the benchmark: started, waited for until it says that it is ready, and ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const longestStartMs = 60_000;
const pollMs = 50;

export interface ProgramOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Takes what it prints; a file, so that reading it costs nobody time while measuring. */
  readonly logFile: string;
}

export class StartedProgram {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #options: ProgramOptions;
  readonly #ended: Promise<number | undefined>;
  #exitCode: number | undefined;
  #hasEnded = false;

  constructor(options: ProgramOptions) {
    this.#options = options;
    const log = openSync(options.logFile, 'a');
    this.#child = spawn(options.program, options.args, {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    // Whatever ends the benchmark ends what it started.
    const kill = (): void => this.signal('SIGKILL');
    process.once('exit', kill);
    this.pid = this.#child.pid ?? 0;
    this.#ended = new Promise((resolve) => {
      const finish = (code: number | undefined): void => {
        this.#exitCode = code;
        this.#hasEnded = true;
        process.off('exit', kill);
        resolve(code);
      };
      this.#child.once('exit', (code) => finish(code ?? undefined));
      this.#child.once('error', () => finish(undefined));
    });
  }

  get printed(): string {
    return readFileSync(this.#options.logFile, 'utf8');
  }

  /** The first line that matches. @throws it ended, or took too long; with what it printed. */
  async line(pattern: RegExp): Promise<string> {
    const giveUpAt = performance.now() + longestStartMs;
    for (;;) {
      const found = this.printed.split('\n').find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.#hasEnded || performance.now() > giveUpAt) {
        const how = this.#hasEnded
          ? `ended with ${this.#exitCode}`
          : `was not ready within ${longestStartMs} ms`;
        throw new Error(
          `${this.#options.program} ${this.#options.args.join(' ')} ${how}:\n${this.printed.slice(-2000)}`,
        );
      }
      await sleep(pollMs);
    }
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#hasEnded) this.#child.kill(name);
  }

  /** Resolves with the exit code; undefined after a signal. */
  get ended(): Promise<number | undefined> {
    return this.#ended;
  }
}
