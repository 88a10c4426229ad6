/**
 * The way of the log to standard output. Whatever becomes of that, a full disk or a terminal that closed, the service goes on and ends as it would.
 * Pino's own (sonic-boom) does not: an error without a listener ends the process, and its flushSync tries a full disk for ever.
 */
import { write, writeSync } from 'node:fs';
import os from 'node:os';
import type { DestinationStream } from 'pino';
import { type Clock, systemClock } from './clock.ts';

/** Where bytes go. Both may take fewer than they were given. */
export interface LogSink {
  write(chunk: Buffer, done: (error: Error | null, written: number) => void): void;
  /** @throws what is wrong */
  writeSync(chunk: Buffer): number;
}

export interface LogOutputOptions {
  readonly sink: LogSink;
  readonly clock: Clock;
  /** What waits for the sink at most; lines beyond are lost, bytes. */
  readonly mostWaitingBytes: number;
}

/** Some thousand lines. */
const mostWaitingBytes = 4_000_000;
/** A sink that failed is tried again after this long, ms. */
const retryAfterMs = 1_000;
const warn = 40;

export class LogOutput implements DestinationStream {
  readonly #options: LogOutputOptions;
  #lines: Buffer[] = [];
  #waitingBytes = 0;
  /** What the sink was given, less what it took. */
  #chunk: Buffer = Buffer.alloc(0);
  #isWriting = false;
  #lost = 0;
  #fault: Error | undefined;

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  /** Of a descriptor of this process; what waits at its end is written then. */
  static of(fd: number): LogOutput {
    const sink: LogSink = {
      write: (chunk, done) => write(fd, chunk, 0, chunk.length, null, done),
      writeSync: (chunk) => writeSync(fd, chunk),
    };
    const output = new LogOutput({ sink, clock: systemClock, mostWaitingBytes });
    process.once('exit', () => output.finish());
    return output;
  }

  /** Why the sink takes nothing at present. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > this.#options.mostWaitingBytes) {
      this.#lost += 1;
      return;
    }
    this.#waitingBytes += bytes.length;
    this.#lines.push(bytes);
    if (!this.#isWriting) this.#writeOn();
  }

  /** The process ends: what waits is written while it can be, and not a moment longer. */
  finish(): void {
    const rest = Buffer.concat([this.#chunk, ...this.#lines]);
    this.#chunk = Buffer.alloc(0);
    this.#lines = [];
    this.#waitingBytes = 0;
    // A write under way may come about or not: better that its lines stand twice than that the last ones are missing.
    this.#isWriting = true;
    try {
      for (let at = 0; at < rest.length; ) at += this.#options.sink.writeSync(rest.subarray(at));
    } catch {
      // There is nobody left to tell.
    }
  }

  #writeOn(): void {
    if (this.#chunk.length === 0) {
      this.#chunk = Buffer.concat(this.#lines);
      this.#lines = [];
    }
    if (this.#chunk.length === 0) return;
    this.#isWriting = true;
    const { sink } = this.#options;
    const given = this.#chunk;
    sink.write(given, (error, written) => {
      // `finish` came in between.
      if (this.#chunk !== given) return;
      if (error) this.#tryLater(error);
      else this.#took(written);
    });
  }

  #took(written: number): void {
    this.#isWriting = false;
    this.#waitingBytes -= written;
    this.#chunk = this.#chunk.subarray(written);
    this.#tellOfLoss();
    this.#fault = undefined;
    this.#writeOn();
  }

  #tryLater(error: Error): void {
    this.#fault = error;
    const timer = this.#options.clock.setTimeout(() => {
      this.#isWriting = false;
      this.#writeOn();
    }, retryAfterMs);
    // A log that cannot be written keeps no process alive.
    (timer as { unref?: () => void }).unref?.();
  }

  /** In pino's shape, behind what waits. */
  #tellOfLoss(): void {
    if (this.#lost === 0) return;
    const why = this.#fault?.message ?? 'it was taken too slowly';
    const msg = `${this.#lost} lines of the log were lost: ${why}`;
    this.#lost = 0;
    const { pid } = process;
    const line = { level: warn, time: this.#options.clock.now(), pid, hostname: os.hostname(), msg };
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    this.#waitingBytes += bytes.length;
    this.#lines.push(bytes);
  }
}
