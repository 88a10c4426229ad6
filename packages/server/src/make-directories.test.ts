// Directories that somebody configured, and what is missing above them.

import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeDirectories } from './make-directories.ts';

describe('directories', () => {
  let scratch: string;
  const below = (...steps: readonly string[]): string => path.join(scratch, ...steps);
  before(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'ringback-directories-'));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  it('are made with all that is missing above, once', async () => {
    assert.equal(await makeDirectories(below('a', 'b', 'c'), 0o700), true);
    assert.equal((await stat(below('a', 'b', 'c'))).mode & 0o777, 0o700);
    assert.equal(await makeDirectories(below('a', 'b', 'c'), 0o700), false);
    assert.equal(await makeDirectories(path.parse(scratch).root, 0o700), false);
  });

  it('are made by several at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 8 }, () => makeDirectories(below('x', 'y', 'z'), 0o700)),
    );
    assert.equal(made.filter(Boolean).length, 1);
  });

  it('are not made where a file or a broken link is in the way', async () => {
    await writeFile(below('a-file'), '');
    await symlink(below('nowhere'), below('link'));
    await assert.rejects(makeDirectories(below('a-file'), 0o700), { code: 'EEXIST' });
    await assert.rejects(makeDirectories(below('a-file', 'd'), 0o700), { code: 'ENOTDIR' });
    await assert.rejects(makeDirectories(below('link'), 0o700), { code: 'EEXIST' });
  });

  it('are refused by a file system that has no such names', { skip: process.platform !== 'linux' }, () =>
    assert.rejects(makeDirectories('/proc/ringback/data', 0o700), { code: 'ENOENT', path: '/proc/ringback' }),
  );
});
