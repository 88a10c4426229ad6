// The server's log file beside its data, kept to a bounded size: PostgreSQL appends to it, and we cut it.

import { closeSync, openSync } from 'node:fs';
import { copyFile, open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from './errors.ts';
import { createPrivateDirectory, giveTo } from './files.ts';
import type { DatabaseHome } from './home.ts';

/** An open log. */
export interface ServerLog {
  readonly path: string;
  /** Opened for appending; given to the server as its standard error. */
  readonly descriptor: number;
  /** What was written since the log was opened; at most the last 4 kB. */
  written(): Promise<string>;
  close(): void;
}

/** The file is cut at this size, and one older part is kept. */
const SIZE_LIMIT_BYTES = 5 * 1024 * 1024;
const CHECK_INTERVAL_MS = 60_000;
const EXCERPT_BYTES = 4096;

/** Opens `<home>/log/postgres.log` and watches its size until closed. */
export async function openServerLog(
  home: DatabaseHome,
  onFault: (error: unknown) => void,
): Promise<ServerLog> {
  const directory = join(home.directory, 'log');
  await createPrivateDirectory(directory, home.user);
  const path = join(directory, 'postgres.log');
  const descriptor = openSync(path, 'a', 0o600);
  await giveTo(home.user, path);
  await cutIfLarge(path, home);
  let startsAt = (await stat(path)).size;
  const timer = setInterval(() => {
    cutIfLarge(path, home).then((wasCut) => {
      if (wasCut) startsAt = 0;
    }, onFault);
  }, CHECK_INTERVAL_MS);
  timer.unref();
  return {
    path,
    descriptor,
    written: () => readFrom(path, startsAt),
    close() {
      clearInterval(timer);
      closeSync(descriptor);
    },
  };
}

/** Works under the server's hands, because it appends: its next line lands at the new end. */
async function cutIfLarge(path: string, home: DatabaseHome): Promise<boolean> {
  if ((await stat(path)).size <= SIZE_LIMIT_BYTES) return false;
  await copyFile(path, `${path}.1`);
  await giveTo(home.user, `${path}.1`);
  await truncate(path, 0);
  return true;
}

async function readFrom(path: string, startsAt: number): Promise<string> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = await file.stat();
    const from = Math.max(startsAt, size - EXCERPT_BYTES);
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(EXCERPT_BYTES), position: from });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
