/** A child process that answers one line for each line it is sent, one at a time. Knows no speech. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Clock } from '../../../clock.ts';
import { SpeechFailed } from '../speech-errors.ts';

interface LineProcessOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Record<string, string>;
  /** A longer answer ends the process. */
  readonly mostAnswerBytes: number;
}

interface Asker {
  readonly answer: (line: string) => void;
  readonly fail: (reason: unknown) => void;
}

/** How much of standard error is kept for the message. */
const KEPT_ERROR_CHARACTERS = 500;
/** How long a process whose input was closed may take to end, ms. */
const EXIT_GRACE_MS = 2000;
const NEWLINE = 0x0a;

export class LineProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #options: LineProcessOptions;
  readonly #exited: Promise<void>;
  #asker: Asker | undefined;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #errors = '';
  #isAlive = true;

  constructor(options: LineProcessOptions) {
    this.#options = options;
    this.#child = spawn(options.file, [...options.args], {
      stdio: 'pipe',
      env: options.environment,
      windowsHide: true,
    });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#errors = (this.#errors + chunk).slice(-KEPT_ERROR_CHARACTERS);
    });
    // A process that is gone breaks the pipe; 'close' tells the asker why.
    this.#child.stdin.on('error', () => {});
    this.#exited = new Promise((resolve) => {
      this.#child.on('error', (cause) => this.#end(`could not be started: ${cause.message}`, resolve));
      this.#child.on('close', (code, killedBy) => this.#end(`ended with ${killedBy ?? code}`, resolve));
    });
  }

  /** Whether another line may be sent. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /**
   * Sends a line and resolves with the answer. The earlier answer must have come.
   *
   * @throws {SpeechFailed} `crashed`: the process ended before it answered.
   * @throws `signal.reason` when aborted; the process is killed, because its answer would come too late.
   */
  ask(line: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        const asker = this.#asker;
        this.kill();
        asker?.fail(signal.reason);
      };
      const settle = (): void => {
        signal.removeEventListener('abort', aborted);
        this.#asker = undefined;
      };
      this.#asker = {
        answer: (text) => {
          settle();
          resolve(text);
        },
        fail: (reason) => {
          settle();
          reject(reason);
        },
      };
      if (signal.aborted) {
        aborted();
        return;
      }
      signal.addEventListener('abort', aborted, { once: true });
      this.#child.stdin.write(`${line}\n`);
    });
  }

  kill(): void {
    this.#isAlive = false;
    this.#child.kill('SIGKILL');
  }

  /** Closes the process's input and waits until it has ended, by force if it takes too long. */
  async end(clock: Clock): Promise<void> {
    this.#isAlive = false;
    this.#child.stdin.end();
    const timer = clock.setTimeout(() => this.kill(), EXIT_GRACE_MS);
    await this.#exited;
    clock.clearTimeout(timer);
  }

  #read(chunk: Buffer): void {
    const end = chunk.indexOf(NEWLINE);
    this.#pieces.push(end === -1 ? chunk : chunk.subarray(0, end));
    this.#pieceBytes += chunk.length;
    if (this.#pieceBytes > this.#options.mostAnswerBytes) {
      this.#errors = `it answered with more than ${this.#options.mostAnswerBytes} bytes`;
      this.kill();
      return;
    }
    if (end === -1) return;
    const line = Buffer.concat(this.#pieces).toString('utf8');
    // One line answers one question, so nothing of use can follow it.
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#asker?.answer(line);
  }

  #end(how: string, resolve: () => void): void {
    this.#isAlive = false;
    this.#asker?.fail(
      new SpeechFailed(
        'crashed',
        `${this.#options.args[0] ?? this.#options.file} ${how}: ${this.#errors.trim()}`,
      ),
    );
    resolve();
  }
}
