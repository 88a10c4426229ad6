// The sink that appends JSON lines, on a real directory.

import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { OutboxRow } from '../store/outbox-store.ts';
import { openFileSink } from './file-sink.ts';

let scratch: string;
const never = new AbortController().signal;

before(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
});
after(() => rm(scratch, { recursive: true }));

describe('file sink', () => {
  it('appends one line a row, events and records in a file each, in the order given', async () => {
    const directory = path.join(scratch, 'made', 'on', 'the', 'way');
    const sink = await openFileSink('files', directory);
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
    const sink = await openFileSink('files', scratch);
    await sink.deliver([row('contact-events', '{"n":1}')], never);
    assert.equal(await readFile(file, 'utf8'), '{"n":0}\n{"n":1}\n');
  });

  it('does not glue a line to one that a crash or a full disk has torn', async () => {
    const file = path.join(scratch, 'contact-records.jsonl');
    const sink = await openFileSink('files', scratch);
    await sink.deliver([row('contact-records', '{"n":1}')], never);
    await appendFile(file, '{"n":');
    await sink.deliver([row('contact-records', '{"n":2}')], never);
    assert.deepEqual((await readFile(file, 'utf8')).split('\n'), ['{"n":1}', '{"n":', '{"n":2}', '']);
  });

  it('is unreachable while the file cannot be written, and works again afterwards', async () => {
    const directory = path.join(scratch, 'blocked');
    const sink = await openFileSink('files', directory);
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

  it('says so when its directory cannot be made', async () => {
    await writeFile(path.join(scratch, 'a-file'), '');
    await assert.rejects(openFileSink('files', path.join(scratch, 'a-file', 'below')), { code: 'ENOTDIR' });
  });
});

function row(stream: string, payload: string): OutboxRow {
  return { at: { transactionId: '1', position: 1 }, contactId: 'c', sequence: 1, stream, payload };
}
