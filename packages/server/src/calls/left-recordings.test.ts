// What a dead process recorded, found by the name of its contact.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { leftRecordings } from './left-recordings.ts';

const midnightMs = Date.UTC(2026, 1, 1);
const both = ['customer', 'agent and system'];

describe('left recordings', () => {
  let directory: string;
  const problems: string[] = [];
  const tell = (problem: string) => void problems.push(problem);

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'ringback-left-'));
    problems.length = 0;
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** A second of sound, and what is told of it. */
  async function left(day: string, name: string, about: object | string): Promise<string> {
    const place = path.join(directory, ...day.split('-'));
    await mkdir(place, { recursive: true });
    const text =
      typeof about === 'string'
        ? about
        : JSON.stringify({ file: `${name}.wav`, recordedChannels: both, ...about });
    await writeFile(path.join(place, `${name}.json`), text);
    await writeFile(path.join(place, `${name}.wav`), Buffer.alloc(44 + 32_000));
    return path.join(place, `${name}.wav`);
  }

  it('are all of the contact, of every day since it began, and of no other', async () => {
    const underWay = { status: 'recording', startedAt: '2026-02-01T00:00:10.000Z' };
    const second = await left('2026-02-01', 'c-2_000010', { ...underWay, recordedChannels: ['customer'] });
    const stopped = {
      status: 'complete',
      startedAt: '2026-01-31T23:59:50.000Z',
      stoppedAt: '2026-01-31T23:59:58.500Z',
    };
    const first = await left('2026-01-31', 'c_235950', stopped);
    await left('2026-02-01', 'cc_000010', underWay);
    await left('2026-01-30', 'c_000010', underWay);
    const found = await leftRecordings(directory, midnightMs + 20_000).of('c', midnightMs - 20_000, tell);
    const failure = 'the service ended before the recording did';
    assert.deepEqual(found, [
      { location: first, startedAtMs: midnightMs - 10_000, stoppedAtMs: midnightMs - 1500, tracks: 'both' },
      {
        location: second,
        startedAtMs: midnightMs + 10_000,
        stoppedAtMs: midnightMs + 11_000,
        tracks: 'received',
        failure,
      },
    ]);
    assert.deepEqual(problems, []);
  });

  it('are marked as interrupted, as far as they were written', async () => {
    const location = await left('2026-02-01', 'c_000010', {
      status: 'recording',
      startedAt: '2026-02-01T00:00:10.000Z',
    });
    await leftRecordings(directory, midnightMs + 20_000).of('c', midnightMs, tell);
    assert.deepEqual(JSON.parse(await readFile(location.replace('.wav', '.json'), 'utf8')), {
      file: 'c_000010.wav',
      recordedChannels: both,
      startedAt: '2026-02-01T00:00:10.000Z',
      stoppedAt: '2026-02-01T00:00:11.000Z',
      status: 'interrupted',
      failure: 'the service ended before the recording did',
      durationMs: 1000,
    });
  });

  it('are none where nothing was recorded, and those that cannot be read are told', async () => {
    assert.deepEqual(await leftRecordings(directory, midnightMs).of('c', midnightMs, tell), []);
    await left('2026-02-01', 'c_000010', '{"file":');
    assert.deepEqual(await leftRecordings(directory, midnightMs).of('c', midnightMs, tell), []);
    assert.match(problems.join(), /c_000010\.json cannot be used/);
  });
});
