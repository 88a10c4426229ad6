// `npm run carrier`: its ready line, its witness, its end.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InviteRejected, openUserAgent } from '@ringback/sip';

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url));

describe('carrier program', { concurrency: true }, () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carrier-program-'));
  });
  after(() => rm(folder, { recursive: true }));

  test('tells when it is ready, what happens, keeps a log, and ends on SIGTERM', async () => {
    const log = join(folder, 'made', 'invites.jsonl');
    const args = ['--port', '0', '--rtp-ports', '21200-21299', '--json', '--invite-log', log];
    const program = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
      const next = async () => JSON.parse((await lines.next()).value ?? 'null');
      const ready = await next();
      assert.deepEqual(Object.keys(ready), ['ready', 'sip']);
      assert.equal(await callStatus(ready.sip, '+12065550120'), 486);
      const kinds = [await next(), await next(), await next()].map(({ kind }) => kind);
      assert.deepEqual(kinds, ['invite', 'rejected', 'ended']);
      program.kill('SIGTERM');
      const [code] = await once(program, 'exit');
      assert.equal(code, 0);
      const logged = (await readFile(log, 'utf8')).trimEnd().split('\n');
      assert.deepEqual(
        logged.map((line) => JSON.parse(line).kind),
        ['invite', 'rejected', 'ended'],
      );
    } finally {
      program.kill('SIGKILL');
    }
  });

  test('takes options from the environment, and says every mistake in a scenario file', async () => {
    const scenario = join(folder, 'bad.json');
    await writeFile(scenario, '{ "numbers": { "+12065550100": [{ "step": "ring" }, { "step": "jump" }] } }');
    const { code, stderr } = await run([], { RINGBACK_CARRIER_SCENARIO: scenario });
    assert.equal(code, 1);
    assert.match(stderr, /numbers\["\+12065550100"\]\[0\]\.forMs is missing/);
    assert.match(stderr, /numbers\["\+12065550100"\]\[1\]\.step must be one of/);
    assert.doesNotMatch(stderr, /at .*\.ts:\d+/, 'a mistake of the user has no stack');
  });

  test('refuses ports that are none, and addresses beyond this machine', async () => {
    const port = await run(['--port', '5o80']);
    assert.deepEqual([port.code, /0 to 65535/.test(port.stderr)], [1, true]);
    const host = await run(['--host', '0.0.0.0', '--port', '0']);
    assert.deepEqual([host.code, /loopback only/.test(host.stderr)], [1, true]);
  });

  test('refuses folders that cannot be made in one line', {
    skip: process.platform !== 'linux',
  }, async () => {
    for (const args of [
      ['--recordings', '/proc/ringback/phones'],
      ['--recordings', join(PROGRAM, 'phones')],
      ['--invite-log', '/proc/ringback/invites.jsonl'],
    ]) {
      const { code, stderr } = await run(['--port', '0', '--rtp-ports', '21300-21399', ...args]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^The folder \S+ cannot be made \(E[A-Z]+\)\. .+\n$/);
    }
  });
});

async function callStatus(address: string, number: string): Promise<number> {
  const [host = '', port = ''] = address.split(':');
  const caller = await openUserAgent({ host: '127.0.0.1', port: 0 });
  try {
    await caller.invite({
      target: { host, port: Number(port), transport: 'udp' },
      requestUri: `sip:${number}@${address}`,
      from: { uri: 'sip:+12065559000@127.0.0.1' },
      to: { uri: `sip:${number}@${address}` },
      callId: 'program-1',
    }).answered;
  } catch (error) {
    if (error instanceof InviteRejected) return error.status;
    throw error;
  } finally {
    await caller.close();
  }
  throw new Error('the call was answered');
}

async function run(args: string[], env: Record<string, string> = {}) {
  const program: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  program.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = await once(program, 'close');
  return { code, stderr };
}
