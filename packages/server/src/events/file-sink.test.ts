// The sink that appends JSON lines, on a real directory.

import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { OutboxRow } from '../store/outbox-store.ts';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { type FileSinkDeps, type FileSinkOptions, openFileSink } from './file-sink.ts';

let scratch: string;
const never = new AbortController().signal;

before(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
});
after(() => rm(scratch, { recursive: true }));

describe('file sink', () => {
  it('appends one line a row, events and records in a file each, in the order given', async () => {
    const directory = path.join(scratch, 'made', 'on', 'the', 'way');
    const sink = await openFiles(directory);
    const deliveries = await sink.deliver(
      [row('contact-events', '{"n":1}'), row('contact-records', '{"n":2}'), row('contact-events', '{"n":3}')],
      never,
    );
    assert.deepEqual(deliveries, Array(3).fill({ kind: 'delivered' }));
    await sink.deliver([row('contact-events', '{"n":4}')], never);
    assert.equal(
      await readFile(path.join(directory, 'contact-events.jsonl'), 'utf8'),
      '{"n":1}\n{"n":3}\n{"n":4}\n',
    );
    assert.equal(await readFile(path.join(directory, 'contact-records.jsonl'), 'utf8'), '{"n":2}\n');
    await sink.close();
  });

  it('goes on behind what stands there already', async () => {
    const file = path.join(scratch, 'contact-events.jsonl');
    await writeFile(file, '{"n":0}\n');
    const sink = await openFiles(scratch);
    await sink.deliver([row('contact-events', '{"n":1}')], never);
    assert.equal(await readFile(file, 'utf8'), '{"n":0}\n{"n":1}\n');
  });

  it('does not glue a line to one that a crash has torn', async () => {
    const file = path.join(scratch, 'contact-records.jsonl');
    const sink = await openFiles(scratch);
    await sink.deliver([row('contact-records', '{"n":1}')], never);
    await appendFile(file, '{"n":');
    await sink.deliver([row('contact-records', '{"n":2}')], never);
    assert.deepEqual((await readFile(file, 'utf8')).split('\n'), ['{"n":1}', '{"n":', '{"n":2}', '']);
  });

  it('leaves nothing of lines that a full disk kept out: they come again', async (t) => {
    const file = path.join(scratch, 'full', 'contact-records.jsonl');
    const sink = await openFiles(path.dirname(file));
    await sink.deliver([row('contact-records', '{"n":1}')], never);
    const handle = await open(file);
    await handle.close();
    const full = t.mock.method(
      Object.getPrototypeOf(handle),
      'appendFile',
      async function (this: typeof handle, text: string) {
        await this.write(text.slice(0, 12));
        throw new Error('ENOSPC: no space left on device, write');
      },
    );
    const rows = [row('contact-records', '{"n":2}'), row('contact-records', '{"n":3}')];
    const [refused] = await sink.deliver(rows, never);
    assert.equal(refused?.kind, 'unreachable');
    full.mock.restore();
    await sink.deliver(rows, never);
    assert.equal(await readFile(file, 'utf8'), '{"n":1}\n{"n":2}\n{"n":3}\n');
  });

  it('is unreachable while the file cannot be written, and works again afterwards', async () => {
    const directory = path.join(scratch, 'blocked');
    const sink = await openFiles(directory);
    await mkdir(path.join(directory, 'contact-events.jsonl'));
    const rows = [row('contact-events', '{"n":1}'), row('contact-events', '{"n":2}')];
    const refused = await sink.deliver(rows, never);
    assert.deepEqual(
      refused.map(({ kind }) => kind),
      ['unreachable', 'unreachable'],
    );
    assert.match(refused[0]?.kind === 'unreachable' ? refused[0].reason : '', /EISDIR/);
    await rm(directory, { recursive: true });
    assert.equal((await sink.deliver(rows, never))[0]?.kind, 'unreachable', 'the directory is gone');
    await mkdir(directory);
    assert.deepEqual(await sink.deliver(rows, never), Array(2).fill({ kind: 'delivered' }));
  });

  it('puts full files away and keeps the newest of each stream, and says what it deletes', async () => {
    const directory = path.join(scratch, 'bounded');
    const clock = new VirtualClock({ startMs: Date.UTC(2026, 10, 23, 5) });
    const log = capturedLogger();
    let deleted = 0;
    const sink = await openFiles(
      directory,
      { fileMegabytes: 0.001, keepFiles: 2 },
      { clock, logger: log.logger, deleted: () => (deleted += 1) },
    );
    await writeFile(path.join(directory, 'contact-events.of-the-operator.jsonl'), '');
    const filling = 'x'.repeat(1000);
    for (let n = 0; n < 5; n += 1) {
      await sink.deliver([row('contact-events', `${n}${filling}`), row('contact-records', `${n}`)], never);
      await clock.advance(1000);
    }
    assert.deepEqual((await readdir(directory)).toSorted(), [
      'contact-events.20261123T050003000Z.jsonl',
      'contact-events.20261123T050004000Z.jsonl',
      'contact-events.jsonl',
      'contact-events.of-the-operator.jsonl',
      'contact-records.jsonl',
    ]);
    const lines = await readFile(path.join(directory, 'contact-events.20261123T050003000Z.jsonl'), 'utf8');
    assert.equal(lines, `2${filling}\n`);
    assert.equal(deleted, 2);
    const warnings = log.lines.filter(({ level }) => level === levels.warn);
    assert.deepEqual(
      warnings.map(({ sink, file, sizeBytes }) => [sink, path.basename(String(file)), sizeBytes]),
      [
        ['files', 'contact-events.20261123T050001000Z.jsonl', 1002],
        ['files', 'contact-events.20261123T050002000Z.jsonl', 1002],
      ],
    );
  });

  it('writes on although the oldest file cannot be deleted, and says so', async () => {
    const directory = path.join(scratch, 'undeletable');
    const log = capturedLogger();
    const sink = await openFiles(directory, { fileMegabytes: 0.001, keepFiles: 1 }, { logger: log.logger });
    await mkdir(path.join(directory, 'contact-events.20200101T000000000Z.jsonl'));
    await writeFile(path.join(directory, 'contact-events.jsonl'), 'x'.repeat(1000));
    assert.deepEqual(await sink.deliver([row('contact-events', '{"n":1}')], never), [{ kind: 'delivered' }]);
    assert.equal(await readFile(path.join(directory, 'contact-events.jsonl'), 'utf8'), '{"n":1}\n');
    assert.equal(log.lines.filter(({ level }) => level === levels.error).length, 1);
  });

  it('says so when its directory cannot be made', async () => {
    await writeFile(path.join(scratch, 'a-file'), '');
    await assert.rejects(openFiles(path.join(scratch, 'a-file', 'below')), { code: 'ENOTDIR' });
  });
});

function openFiles(
  directory: string,
  limits: Partial<FileSinkOptions> = {},
  deps: Partial<FileSinkDeps> = {},
): ReturnType<typeof openFileSink> {
  const clock = new VirtualClock({ startMs: Date.UTC(2026, 10, 23, 5) });
  return openFileSink(
    { name: 'files', directory, ...limits },
    { clock, logger: capturedLogger().logger, ...deps },
  );
}

function row(stream: string, payload: string): OutboxRow {
  return { at: { transactionId: '1', position: 1 }, contactId: 'c', sequence: 1, stream, payload };
}
