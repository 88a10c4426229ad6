/**
 * The lasting half of the speech cache: one file a rendering in one directory, checked when read, bounded in bytes.
 * Several services may share the directory. Its failures are reported and never reach a caller: speech goes on without it.
 *
 *     0        8                              40
 *     +--------+------------------------------+---------------- - -
 *     | magic  | SHA-256 of the audio         | 8 kHz µ-law audio
 *     +--------+------------------------------+---------------- - -
 */

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SpeechFault } from './speech-errors.ts';

type OnFault = (fault: SpeechFault) => void;

interface SpeechFilesOptions {
  readonly folder: string;
  readonly mostBytes: number;
  readonly onFault: OnFault;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

const MAGIC = Buffer.from('RBSPCH1\n', 'latin1');
const DIGEST_BYTES = 32;
const HEADER_BYTES = MAGIC.length + DIGEST_BYTES;
const EXTENSION = '.speech';
/** Part of the bound that remains after the oldest files were removed. */
const KEPT_SHARE = 0.9;
/** An unfinished file older than this was left by a crash, ms. */
const STALE_AFTER_MS = 3_600_000;

export class SpeechFiles {
  readonly #options: SpeechFilesOptions;
  #isWritable = true;
  #bytes = 0;
  #trimming: Promise<void> | undefined;

  constructor(options: SpeechFilesOptions) {
    this.#options = options;
  }

  /** Creates the directory and counts what is in it. */
  async open(): Promise<void> {
    try {
      // Texts may hold names and balances: only the service's user may read them.
      await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
      await this.#trim();
    } catch (error) {
      this.#reportWrite(error);
    }
  }

  /** The rendering, or undefined when there is none that can be used. */
  async read(key: string): Promise<Uint8Array | undefined> {
    const file = this.#pathOf(key);
    let bytes: Buffer;
    try {
      bytes = await readFile(file);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT')
        this.#report('cache-unreadable', `${file} cannot be read: ${messageOf(error)}`);
      return undefined;
    }
    const audio = bytes.subarray(HEADER_BYTES);
    const isWhole =
      bytes.length > HEADER_BYTES &&
      bytes.subarray(0, MAGIC.length).equals(MAGIC) &&
      bytes.subarray(MAGIC.length, HEADER_BYTES).equals(digest(audio));
    if (!isWhole) {
      this.#report('cache-corrupt', `${file} is damaged and will be rendered again`);
      return undefined;
    }
    // The time of last use decides what is removed first; missing it does no harm.
    const now = new Date(this.#options.now());
    await utimes(file, now, now).catch(() => {});
    return audio;
  }

  async write(key: string, mulaw: Uint8Array): Promise<void> {
    const file = this.#pathOf(key);
    const unfinished = `${file}.${randomUUID()}.tmp`;
    try {
      await writeFile(unfinished, Buffer.concat([MAGIC, digest(mulaw), mulaw]), { mode: 0o600 });
      await rename(unfinished, file);
      this.#isWritable = true;
      this.#bytes += HEADER_BYTES + mulaw.length;
      if (this.#bytes > this.#options.mostBytes) await this.#trim();
    } catch (error) {
      this.#reportWrite(error);
      // What stays behind is removed when it is an hour old.
      await rm(unfinished, { force: true }).catch(() => {});
    }
  }

  /** Counts the files and removes those unused longest until the bound is kept with room to spare. */
  #trim(): Promise<void> {
    this.#trimming ??= this.#trimOnce().finally(() => {
      this.#trimming = undefined;
    });
    return this.#trimming;
  }

  async #trimOnce(): Promise<void> {
    const files: Array<{ path: string; size: number; usedAtMs: number }> = [];
    for (const name of await readdir(this.#options.folder)) {
      const file = path.join(this.#options.folder, name);
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile()) continue;
      if (name.endsWith(EXTENSION)) files.push({ path: file, size: found.size, usedAtMs: found.mtimeMs });
      else if (name.endsWith('.tmp') && found.mtimeMs < this.#options.now() - STALE_AFTER_MS)
        await rm(file, { force: true });
    }
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    if (bytes > this.#options.mostBytes) {
      files.sort((a, b) => a.usedAtMs - b.usedAtMs);
      for (const file of files) {
        if (bytes <= this.#options.mostBytes * KEPT_SHARE) break;
        await rm(file.path, { force: true });
        bytes -= file.size;
      }
    }
    this.#bytes = bytes;
  }

  #pathOf(key: string): string {
    return path.join(this.#options.folder, `${key}${EXTENSION}`);
  }

  /** A full disk would otherwise report once for every prompt. */
  #reportWrite(error: unknown): void {
    if (!this.#isWritable) return;
    this.#isWritable = false;
    this.#report(
      'cache-unwritable',
      `speech cannot be kept in ${this.#options.folder} and stays in memory only: ${messageOf(error)}`,
    );
  }

  #report(kind: SpeechFault['kind'], message: string): void {
    this.#options.onFault({ kind, message });
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
