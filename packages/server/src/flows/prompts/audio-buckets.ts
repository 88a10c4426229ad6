/** Where audio named by an S3 URI is read from: only buckets that the configuration maps to a directory or a URL (docs/decisions/0011). */
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { request as httpRequest } from 'undici';
import { AudioRefused, maxAudioBytes } from './prompt-audio.ts';

/** Longest wait for a server that holds a bucket, ms. */
const readTimeoutMs = 15_000;

export interface AudioBuckets {
  /**
   * Reads the object that `s3://bucket/key` or `https://bucket.s3.region.amazonaws.com/key` names.
   *
   * @throws {AudioRefused} the bucket is not configured, there is no such object, or it is too large.
   */
  read(uri: string, signal: AbortSignal): Promise<Uint8Array>;
}

/** @param buckets bucket name to a directory, or to an http(s) URL below which its keys are. */
export function openAudioBuckets(buckets: Readonly<Record<string, string>>): AudioBuckets {
  const places = new Map(Object.entries(buckets));
  return {
    async read(uri, signal) {
      const { bucket, key } = objectNamedBy(uri);
      const place = places.get(bucket);
      if (place === undefined) {
        throw new AudioRefused(
          `The bucket "${bucket}" is not configured. Name its directory or URL under prompts.buckets in the ` +
            'configuration file, or upload the audio with PUT /_ringback/prompts/INSTANCE/NAME.',
        );
      }
      const segments = key.split('/');
      if (
        segments.some(
          (segment) => segment === '' || segment === '.' || segment === '..' || segment.includes('\0'),
        )
      ) {
        throw new AudioRefused(`The key "${key}" has an empty part or a dot part; name the object plainly.`);
      }
      return /^https?:\/\//.test(place)
        ? readFromServer(place, segments, uri, signal)
        : readFromDirectory(place, segments, uri);
    },
  };
}

function objectNamedBy(uri: string): { readonly bucket: string; readonly key: string } {
  const plain = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri);
  if (plain) return { bucket: plain[1] ?? '', key: plain[2] ?? '' };
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const bucket =
    url?.protocol === 'https:'
      ? /^(.+)\.s3[.-][a-z0-9-]+\.amazonaws\.com$/.exec(url.hostname)?.[1]
      : undefined;
  const key = bucket === undefined ? undefined : decoded(url?.pathname.slice(1) ?? '');
  if (bucket === undefined || !key) {
    throw new AudioRefused(
      `"${uri.slice(0, 200)}" names no object: write s3://BUCKET/KEY or https://BUCKET.s3.REGION.amazonaws.com/KEY.`,
    );
  }
  return { bucket, key };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

async function readFromDirectory(
  directory: string,
  segments: readonly string[],
  uri: string,
): Promise<Uint8Array> {
  const root = await realpath(directory).catch(() => undefined);
  const file = root && (await realpath(path.join(root, ...segments)).catch(() => undefined));
  // A link may point within the directory, not out of it; a device or a pipe would be read for ever.
  if (!root || !file?.startsWith(root + path.sep) || !(await stat(file)).isFile()) {
    throw new AudioRefused(`There is no object ${uri}.`);
  }
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    refuseTooLarge(size);
    const bytes = new Uint8Array(size);
    const { bytesRead } = await handle.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Redirects are not followed: they could lead anywhere. */
async function readFromServer(
  base: string,
  segments: readonly string[],
  uri: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const url = `${base.replace(/\/+$/, '')}/${segments.map(encodeURIComponent).join('/')}`;
  const within = AbortSignal.any([signal, AbortSignal.timeout(readTimeoutMs)]);
  try {
    const { statusCode, headers, body } = await httpRequest(url, { signal: within });
    if (statusCode !== 200) {
      await body.dump({ limit: 16_384, signal: within }).catch(() => undefined);
      throw new AudioRefused(
        statusCode === 404
          ? `There is no object ${uri}.`
          : `The bucket's server answered ${statusCode} for ${uri}.`,
      );
    }
    const announced = Number(headers['content-length'] ?? 0);
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      refuseTooLarge(announced);
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        size += chunk.byteLength;
        refuseTooLarge(size);
        chunks.push(chunk);
      }
    } catch (error) {
      body.destroy();
      throw error;
    }
    return Buffer.concat(chunks);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AudioRefused) throw error;
    const reason = within.aborted
      ? `no answer within ${readTimeoutMs / 1000} s`
      : error instanceof Error
        ? ((error as NodeJS.ErrnoException).code ?? error.message)
        : String(error);
    throw new AudioRefused(`The bucket's server could not be read for ${uri}: ${reason}.`);
  }
}

function refuseTooLarge(size: number): void {
  if (size > maxAudioBytes) {
    throw new AudioRefused(`The file has more than ${maxAudioBytes} bytes (50 MB); no more are allowed.`);
  }
}
