/**
 * A WAV file that is valid while it grows: samples are appended in order, then the header's sizes are
 * rewritten, so that a process killed at any moment leaves a playable file.
 */
import { open } from 'node:fs/promises';
import { WAV_HEADER_BYTES, writeWavHeader } from '../codec/wav.ts';

/** The three calls made on an open file; `node:fs/promises` has them. Tests pass a disk that fills up. */
export interface WritableFile {
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  close(): Promise<void>;
}

export type OpenFile = (path: string) => Promise<WritableFile>;

/** Appends waiting for the disk, at about a second each, before it is given up as hung. */
const MOST_WAITING = 30;

/** Largest data chunk a WAV header can state, bytes. */
const MOST_DATA_BYTES = 0xffffffff - WAV_HEADER_BYTES;

/** What went wrong with the disk: the system's code (`ENOSPC`, `EACCES` …), or `DISK_TOO_SLOW`. */
export interface DiskFailure {
  code: string;
  message: string;
}

const openForWriting: OpenFile = (path) => open(path, 'w', 0o640);

export class GrowingWavFile {
  readonly #file: WritableFile;
  readonly #failed: (failure: DiskFailure) => void;
  readonly #header = new Uint8Array(WAV_HEADER_BYTES);
  #dataBytes = 0;
  #waiting = 0;
  #failure: DiskFailure | undefined;
  #tail: Promise<void> = Promise.resolve();

  private constructor(file: WritableFile, failed: (failure: DiskFailure) => void) {
    this.#file = file;
    this.#failed = failed;
  }

  /**
   * Creates (or empties) the file and writes a header of length zero.
   *
   * @param failed told once of the first write that fails later.
   * @throws the system's error when the file cannot be opened or takes no header.
   */
  static async create(
    path: string,
    failed: (failure: DiskFailure) => void,
    openFile: OpenFile = openForWriting,
  ): Promise<GrowingWavFile> {
    const file = await openFile(path);
    const wav = new GrowingWavFile(file, failed);
    try {
      await wav.#writeHeader();
    } catch (error) {
      await file.close().catch(() => undefined); // the write error is the one worth reporting
      throw error;
    }
    return wav;
  }

  /** Size of the file on disk once all appends are through, bytes. */
  get bytes(): number {
    return WAV_HEADER_BYTES + this.#dataBytes;
  }

  /**
   * Queues interleaved 16-bit stereo samples. Does not wait; a failure goes to `failed`.
   *
   * @param done called when the samples are no longer needed, written or not.
   */
  append(samples: Uint8Array, done: () => void): void {
    if (!this.#failure && this.#waiting >= MOST_WAITING)
      this.#fail({ code: 'DISK_TOO_SLOW', message: `${MOST_WAITING} writes are waiting for the disk` });
    if (this.#failure) {
      done();
      return;
    }
    this.#waiting += 1;
    this.#tail = this.#tail.then(async () => {
      try {
        if (!this.#failure) await this.#write(samples);
      } catch (error) {
        this.#fail(diskFailure(error));
      } finally {
        this.#waiting -= 1;
        done();
      }
    });
  }

  /** Waits for the appends and closes the file; answers the failure if there was one. */
  async finish(): Promise<DiskFailure | undefined> {
    await this.#tail;
    try {
      await this.#file.close();
    } catch (error) {
      this.#fail(diskFailure(error));
    }
    return this.#failure;
  }

  async #write(samples: Uint8Array): Promise<void> {
    // Samples first: a header must never promise what is not there.
    await this.#writeAll(samples, this.bytes);
    this.#dataBytes += samples.length;
    await this.#writeHeader();
  }

  async #writeHeader(): Promise<void> {
    const dataBytes = Math.min(this.#dataBytes, MOST_DATA_BYTES);
    writeWavHeader(this.#header, { encoding: 'pcm16', sampleRate: 8_000, channelCount: 2, dataBytes });
    await this.#writeAll(this.#header, 0);
  }

  /** A disk that fills up, or a file at its largest size, takes a part before it refuses. */
  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, position + at);
      if (bytesWritten === 0) throw Object.assign(new Error('the disk takes nothing'), { code: 'ENOSPC' });
      at += bytesWritten;
    }
  }

  #fail(failure: DiskFailure): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#failed(failure);
  }
}

/** The code and message of a failed file operation. */
export function diskFailure(error: unknown): DiskFailure {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
  return { code, message };
}
