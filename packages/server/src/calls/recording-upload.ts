/**
 * Copies finished recordings to S3, or to what speaks its protocol. Looks at the recordings' directory instead of being told:
 * what a crash, a restart or an outage of the store left behind is found again by its `.json`, which is marked once uploaded.
 */
import { createReadStream, type Dirent } from 'node:fs';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../clock.ts';
import type { RecordingSidecar } from './recording.ts';

export interface RecordingUploadOptions {
  readonly bucket: string;
  /** Before the path of each object; `2026/01/31/name.wav` follows. Default none. */
  readonly prefix?: string;
  readonly region: string;
  /** Of a store that is not Amazon's; buckets are then named in the path. */
  readonly endpoint?: string;
  /** Default: what the SDK finds (environment, profile, instance role). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** The one call made on the store; it gives up when the signal says so. Tests pass one that fails. */
export type PutObject = (
  key: string,
  file: string,
  contentType: string,
  signal: AbortSignal,
) => Promise<void>;

export interface RecordingUpload {
  /**
   * Uploads what is finished and not marked; answers how many recordings were copied. One that fails holds up no other, but a
   * store that fails several in a row is left alone.
   *
   * @throws the first failure, when the others have been tried.
   */
  sweep(): Promise<number>;
  /** Cuts off an upload under way; the next start finds it again. */
  close(): Promise<void>;
}

interface Surroundings {
  readonly clock: Clock;
  readonly logger: { warn(about: object, message: string): void };
  readonly put?: PutObject;
  /** Reads a directory. Tests count how often. */
  readonly list?: (directory: string) => Promise<Dirent[]>;
  /** A store that takes and tells nothing for so long has failed, ms. Default 60 000. */
  readonly idleMs?: number;
}

const SWEEP_EVERY_MS = 10_000;

/** A file under way is written to each second; one left alone for so long lost its process. */
const ABANDONED_AFTER_MS = 600_000;

/** After so many failures in a row it is the store that fails, not a recording. */
const MOST_FAILURES_IN_A_ROW = 3;

/**
 * A directory that has not changed for so long will have another time of change when it does. File systems tell times in steps of some
 * milliseconds, and one on another machine by its own clock, ms.
 */
const SURELY_CHANGED_AFTER_MS = 60_000;

const CONNECT_WITHIN_MS = 10_000;

/** After a failure the store is left alone for longer and longer, at most this. */
const LONGEST_WAIT_MS = 300_000;

export function openRecordingUpload(
  directory: string,
  options: RecordingUploadOptions,
  { clock, logger, idleMs = 60_000, put = putToS3(options, idleMs), list = listDirectory }: Surroundings,
): RecordingUpload {
  /** Uploaded, or nothing that can be: need not be looked at again. */
  const done = new Set<string>();
  /** Days of which all is done, and when they had last changed: years of recordings are not to be read through every ten seconds. */
  const settled = new Map<string, number>();
  /** Failed at the last try; they come last, so that they keep nothing from being tried. */
  const failed = new Set<string>();
  const closing = new AbortController();
  const prefix = options.prefix ? `${options.prefix.replace(/\/+$/, '')}/` : '';
  let failures = 0;
  let running: Promise<number> | undefined;
  let timer: unknown;

  const isGrowing = async ({ status }: RecordingSidecar, audio: string): Promise<boolean> => {
    const { mtimeMs } = await stat(audio).catch((error: unknown) => {
      throw new RecordingUnreadable(audio, error);
    });
    return status === 'recording' && clock.now() - mtimeMs < ABANDONED_AFTER_MS;
  };

  const uploadOne = async (relative: string): Promise<boolean> => {
    const file = path.join(directory, relative);
    const audio = file.replace(/\.json$/, '.wav');
    const sidecar = await readSidecar(file);
    if (sidecar.uploadedTo !== undefined) done.add(relative);
    if (sidecar.uploadedTo !== undefined || (await isGrowing(sidecar, audio))) return false;
    const status = sidecar.status === 'recording' ? 'interrupted' : sidecar.status;
    const key = `${prefix}${relative.split(path.sep).join('/')}`;
    const audioKey = key.replace(/\.json$/, '.wav');
    const uploadedTo = `s3://${options.bucket}/${audioKey}`;
    // The store gets the description as it will be; here it counts as uploaded when both are there.
    await writeFile(`${file}.new`, `${JSON.stringify({ ...sidecar, status, uploadedTo }, null, 2)}\n`, {
      mode: 0o640,
    });
    await put(audioKey, audio, 'audio/wav', closing.signal);
    await put(key, `${file}.new`, 'application/json', closing.signal);
    await rename(`${file}.new`, file);
    done.add(relative);
    return true;
  };

  const sweepOnce = async (): Promise<number> => {
    let copied = 0;
    let inARow = 0;
    let first: { error: unknown } | undefined;
    const mustStop = () => closing.signal.aborted || inARow === MOST_FAILURES_IN_A_ROW;

    const tryOne = async (relative: string): Promise<void> => {
      try {
        if (await uploadOne(relative)) copied += 1;
        failed.delete(relative);
        inARow = 0;
      } catch (error) {
        if (error instanceof RecordingUnreadable) {
          done.add(relative);
          failed.delete(relative);
          logger.warn({ err: error, recording: relative }, 'a recording cannot be uploaded');
          return;
        }
        failed.add(relative);
        inARow += 1;
        first ??= { error };
      }
    };

    const failedBefore = [...failed];
    for await (const { place, changedAtMs, sidecars, isLast } of daysIn(directory, settled, list)) {
      for (const relative of sidecars) {
        if (mustStop()) break;
        if (!done.has(relative) && !failed.has(relative)) await tryOne(relative);
      }
      if (mustStop()) break;
      const isOver = isLast && clock.now() - changedAtMs >= SURELY_CHANGED_AFTER_MS;
      if (!isOver || !sidecars.every((each) => done.has(each))) continue;
      settled.set(place, changedAtMs);
      for (const each of sidecars) done.delete(each);
    }
    for (const relative of failedBefore) {
      if (mustStop()) break;
      await tryOne(relative);
    }
    if (copied > 0) failures = 0;
    if (first) throw first.error;
    return copied;
  };

  const sweep = (): Promise<number> => {
    running ??= sweepOnce().finally(() => {
      running = undefined;
    });
    return running;
  };

  const arm = (): void => {
    const waitMs = Math.min(LONGEST_WAIT_MS, SWEEP_EVERY_MS * 2 ** failures);
    timer = clock.setTimeout(async () => {
      try {
        await sweep();
        failures = 0;
      } catch (error) {
        if (closing.signal.aborted) return;
        failures = Math.min(10, failures + 1);
        logger.warn({ err: error, bucket: options.bucket, failures }, 'recordings wait for their upload');
      }
      if (!closing.signal.aborted) arm();
    }, waitMs);
  };
  arm();

  return {
    sweep,
    async close() {
      closing.abort(new Error('the service ends'));
      clock.clearTimeout(timer as Parameters<Clock['clearTimeout']>[0]);
      await running?.catch(() => undefined); // told by whoever started it
    },
  };
}

/** What lies beside a recording, or does not, keeps it from being uploaded for good. */
class RecordingUnreadable extends Error {
  override readonly name = 'RecordingUnreadable';

  constructor(file: string, cause: unknown) {
    super(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** @throws {RecordingUnreadable} */
async function readSidecar(file: string): Promise<RecordingSidecar> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RecordingSidecar;
  } catch (error) {
    throw new RecordingUnreadable(file, error);
  }
}

interface Day {
  /** Below the directory of recordings. */
  readonly place: string;
  readonly changedAtMs: number;
  /** Paths of descriptions, below the directory of recordings. */
  readonly sidecars: readonly string[];
  /** It has no directories of its own. */
  readonly isLast: boolean;
}

/** The directories below, oldest day first, without those that have not changed since they were settled. */
async function* daysIn(
  directory: string,
  settled: ReadonlyMap<string, number>,
  list: (directory: string) => Promise<Dirent[]>,
  place = '',
): AsyncGenerator<Day> {
  const here = path.join(directory, place);
  try {
    const { mtimeMs: changedAtMs } = await stat(here);
    if (settled.get(place) === changedAtMs) return;
    const entries = (await list(here)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const pathsOf = (some: readonly Dirent[]): string[] => some.map(({ name }) => path.join(place, name));
    const further = pathsOf(entries.filter((entry) => entry.isDirectory()));
    const sidecars = pathsOf(entries.filter(({ name }) => name.endsWith('.json')));
    yield { place, changedAtMs, sidecars, isLast: further.length === 0 };
    for (const each of further) yield* daysIn(directory, settled, list, each);
  } catch (error) {
    // Nothing was ever recorded, or a day was moved away just now.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function listDirectory(directory: string): Promise<Dirent[]> {
  return readdir(directory, { withFileTypes: true });
}

const silent = (): void => undefined;

function putToS3(options: RecordingUploadOptions, idleMs: number): PutObject {
  const { bucket, region, endpoint, credentials } = options;
  const client = new S3Client({
    region,
    // A file under way cannot be sent again by the client; the next sweep does it.
    maxAttempts: 1,
    // It would print lines of its own between those of the log; what fails is thrown, too.
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
    requestHandler: { connectionTimeout: CONNECT_WITHIN_MS, socketTimeout: idleMs },
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    ...(credentials ? { credentials } : {}),
  });
  return async (key, file, contentType, abortSignal) => {
    const { size } = await stat(file);
    const unreadable = new AbortController();
    const content = contentOf(file, (error) => unreadable.abort(new RecordingUnreadable(file, error)));
    const body = Readable.from(content, { objectMode: false });
    try {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentLength: size,
        ContentType: contentType,
      });
      await client.send(command, { abortSignal: AbortSignal.any([abortSignal, unreadable.signal]) });
    } catch (error) {
      throw unreadable.signal.aborted ? unreadable.signal.reason : error;
    } finally {
      // The client leaves the file open where the store did not take it.
      body.destroy();
    }
  };
}

/**
 * What stands in a file, as far as it can be read; the rest is told to `failed`. The client wraps what it is given, and listens to no
 * error of its wrapping: a file that is deleted meanwhile, or a disk that fails, would end the service.
 */
async function* contentOf(file: string, failed: (error: unknown) => void): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file);
  } catch (error) {
    failed(error);
  }
}
