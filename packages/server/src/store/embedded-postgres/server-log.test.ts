// The bounded log file, on a real one.

import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { currentUser } from './operating-system-user.ts';
import { openServerLog } from './server-log.ts';

let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ringback-test-'));
});

after(async () => {
  await rm(directory, { recursive: true });
});

function open(): ReturnType<typeof openServerLog> {
  return openServerLog({ directory, user: currentUser() }, (error) => assert.fail(String(error)));
}

describe('server log', () => {
  it('is cut when it has grown large, keeping one older part', async () => {
    const first = await open();
    first.close();
    const old = 'x'.repeat(6 * 1024 * 1024);
    await writeFile(first.path, old);
    const second = await open();
    assert.equal((await stat(second.path)).size, 0);
    assert.equal(await readFile(`${second.path}.1`, 'utf8'), old);
    second.close();
  });

  it('shows only what was written since it was opened, and only the end of that', async () => {
    await writeFile(join(directory, 'log', 'postgres.log'), 'an earlier run\n');
    const log = await open();
    assert.equal(await log.written(), '');
    await appendFile(log.path, 'this run\n');
    assert.equal(await log.written(), 'this run\n');
    await appendFile(log.path, `${'y'.repeat(8000)}end`);
    assert.equal(await log.written(), `${'y'.repeat(4093)}end`);
    log.close();
  });
});
