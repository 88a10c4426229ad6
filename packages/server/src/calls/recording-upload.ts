/**
 * Copies finished recordings to S3, or to what speaks its protocol. Looks at the recordings' directory instead of being told:
 * what a crash, a restart or an outage of the store left behind is found again by its `.json`, which is marked once uploaded.
 */
import { createReadStream } from 'node:fs';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
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

/** The one call made on the store. Tests pass one that fails. */
export type PutObject = (key: string, file: string, contentType: string) => Promise<void>;

export interface RecordingUpload {
  /** Uploads what is finished and not marked; answers how many recordings were copied. */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

interface Surroundings {
  readonly clock: Clock;
  readonly logger: { warn(about: object, message: string): void };
  readonly put?: PutObject;
}

const SWEEP_EVERY_MS = 10_000;

/** A file under way is written to each second; one left alone for so long lost its process. */
const ABANDONED_AFTER_MS = 600_000;

/** After a failure the store is left alone for longer and longer, at most this. */
const LONGEST_WAIT_MS = 300_000;

export function openRecordingUpload(
  directory: string,
  options: RecordingUploadOptions,
  { clock, logger, put = putToS3(options) }: Surroundings,
): RecordingUpload {
  const done = new Set<string>();
  const prefix = options.prefix ? `${options.prefix.replace(/\/+$/, '')}/` : '';
  let failures = 0;
  let isClosed = false;
  let running: Promise<number> | undefined;
  let timer: unknown;

  const isGrowing = async ({ status }: RecordingSidecar, file: string): Promise<boolean> => {
    if (status !== 'recording') return false;
    const { mtimeMs } = await stat(file.replace(/\.json$/, '.wav'));
    return clock.now() - mtimeMs < ABANDONED_AFTER_MS;
  };

  const uploadOne = async (relative: string): Promise<boolean> => {
    const file = path.join(directory, relative);
    const sidecar = JSON.parse(await readFile(file, 'utf8')) as RecordingSidecar;
    if (sidecar.uploadedTo !== undefined) done.add(relative);
    if (sidecar.uploadedTo !== undefined || (await isGrowing(sidecar, file))) return false;
    const status = sidecar.status === 'recording' ? 'interrupted' : sidecar.status;
    const key = `${prefix}${relative.split(path.sep).join('/')}`;
    const uploadedTo = `s3://${options.bucket}/${key.replace(/\.json$/, '.wav')}`;
    await put(key.replace(/\.json$/, '.wav'), file.replace(/\.json$/, '.wav'), 'audio/wav');
    await put(key, file, 'application/json');
    // In one step: a crash in between must not leave half a description.
    await writeFile(`${file}.new`, `${JSON.stringify({ ...sidecar, status, uploadedTo }, null, 2)}\n`, {
      mode: 0o640,
    });
    await rename(`${file}.new`, file);
    done.add(relative);
    return true;
  };

  const sweepOnce = async (): Promise<number> => {
    let copied = 0;
    for (const relative of await sidecarsIn(directory)) {
      if (isClosed || done.has(relative)) continue;
      if (await uploadOne(relative)) copied += 1;
    }
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
        failures = Math.min(10, failures + 1);
        logger.warn({ err: error, bucket: options.bucket, failures }, 'recordings wait for their upload');
      }
      if (!isClosed) arm();
    }, waitMs);
  };
  arm();

  return {
    sweep,
    async close() {
      isClosed = true;
      clock.clearTimeout(timer as Parameters<Clock['clearTimeout']>[0]);
      await running?.catch(() => undefined); // told by whoever started it
    },
  };
}

/** Paths of all descriptions below the directory, oldest day first. */
async function sidecarsIn(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    // Nothing was ever recorded.
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.json')).sort();
}

function putToS3(options: RecordingUploadOptions): PutObject {
  const { bucket, region, endpoint, credentials } = options;
  const client = new S3Client({
    region,
    maxAttempts: 3,
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    ...(credentials ? { credentials } : {}),
  });
  return async (key, file, contentType) => {
    const { size } = await stat(file);
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: createReadStream(file),
        ContentLength: size,
        ContentType: contentType,
      }),
    );
  };
}
