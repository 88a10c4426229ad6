// Flow logs on a real disk: order, instances apart, failures that no call notices.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { FlowLogRecord } from '@ringback/flow';
import { VirtualClock } from '@ringback/testkit';
import type { InstanceId } from '../ids.ts';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { openFlowLogs } from './flow-logs.ts';

const one = 'one' as InstanceId;
const other = 'other' as InstanceId;

describe('flow logs', () => {
  it('keep the order of records, a file for each instance', async (t) => {
    const directory = temporaryDirectory(t);
    const logs = await open(directory);
    for (let n = 0; n < 100; n += 1) logs.write(n % 3 === 0 ? other : one, record(n));
    await logs.close();
    const numbers = (name: string) => linesOf(directory, name).map(({ Identifier }) => Number(Identifier));
    assert.deepEqual(
      numbers('other'),
      Array.from({ length: 34 }, (_, n) => 3 * n),
    );
    assert.equal(numbers('one').length, 66);
    assert.deepEqual(
      numbers('one'),
      numbers('one').toSorted((a, b) => a - b),
    );
    assert.equal(statSync(path.join(directory, 'one.jsonl')).mode & 0o077, 0, 'others cannot read it');
  });

  it('go on after a restart where they were', async (t) => {
    const directory = temporaryDirectory(t);
    for (const n of [1, 2]) {
      const logs = await open(directory);
      logs.write(one, record(n));
      await logs.close();
      await logs.close();
    }
    assert.deepEqual(
      linesOf(directory, 'one').map(({ Identifier }) => Identifier),
      ['1', '2'],
    );
  });

  it('count and tell what cannot be written, and write on when it can', async (t) => {
    const directory = temporaryDirectory(t);
    const log = capturedLogger();
    const logs = await open(directory, log.logger);
    // A directory in the file's place fails for root, too.
    mkdirSync(path.join(directory, 'one.jsonl'));
    logs.write(one, record(1));
    logs.write(other, record(2));
    await logs.close();
    assert.equal(logs.lost, 1);
    assert.equal(linesOf(directory, 'other').length, 1);
    rmSync(path.join(directory, 'one.jsonl'), { recursive: true });
    logs.write(one, record(3));
    await logs.close();
    assert.equal(logs.lost, 1);
    assert.deepEqual(
      linesOf(directory, 'one').map(({ Identifier }) => Identifier),
      ['3'],
    );
  });

  it('put full files away and keep the newest of each instance', async (t) => {
    const directory = temporaryDirectory(t);
    const clock = new VirtualClock();
    const log = capturedLogger();
    const bounds = { fileMegabytes: 0.001, keepFiles: 1 };
    const logs = await openFlowLogs({ directory, bounds, logger: log.logger, clock });
    logs.write(other, record(0));
    for (let n = 1; n <= 4; n += 1) {
      logs.write(one, { ...record(n), Parameters: { Text: 'x'.repeat(1000) } });
      await logs.close();
      await clock.advance(1000);
    }
    const files = readdirSync(directory).toSorted();
    assert.equal(files.length, 3);
    assert.deepEqual(
      files.map((name) => linesOf(directory, name.replace('.jsonl', '')).map(({ Identifier }) => Identifier)),
      [['3'], ['4'], ['0']],
    );
    assert.equal(log.lines.filter(({ level }) => level === levels.warn).length, 2);
  });

  it('hold no more than so much while the disk is slow', async (t) => {
    const directory = temporaryDirectory(t);
    const logs = await open(directory);
    const big = { ...record(1), Parameters: { Text: 'x'.repeat(1_000_000) } };
    for (let n = 0; n < 20; n += 1) logs.write(one, big);
    assert.equal(logs.lost, 5);
    await logs.close();
    assert.equal(linesOf(directory, 'one').length, 15);
  });
});

function open(
  directory: string,
  logger = capturedLogger().logger,
  bounds = { fileMegabytes: 100, keepFiles: 10 },
): ReturnType<typeof openFlowLogs> {
  return openFlowLogs({ directory, bounds, logger, clock: new VirtualClock() });
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'ringback-flow-logs-'));
  chmodSync(directory, 0o700);
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function linesOf(directory: string, name: string): FlowLogRecord[] {
  return readFileSync(path.join(directory, `${name}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FlowLogRecord);
}

function record(n: number): FlowLogRecord {
  return {
    ContactId: 'c',
    ContactFlowId: 'f',
    ContactFlowName: 'Welcome',
    ContactFlowModuleType: 'PlayPrompt',
    Identifier: String(n),
    Timestamp: '2026-01-01T00:00:00.000Z',
    Parameters: {},
  };
}
