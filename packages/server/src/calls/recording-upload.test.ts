import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { untilDefined, VirtualClock } from '@ringback/testkit';
import { openRecordingUpload, type PutObject } from './recording-upload.ts';

const wav = Buffer.from('RIFF and so on');

describe('recording upload', () => {
  let directory: string;
  const warnings: string[] = [];
  const surroundings = (put?: PutObject) => ({
    clock: new VirtualClock({ startMs: Date.now() }),
    logger: { warn: (_about: object, message: string) => warnings.push(message) },
    ...(put ? { put } : {}),
  });

  async function record(name: string, status: string): Promise<string> {
    const day = path.join(directory, '2026', '01', '31');
    await mkdir(day, { recursive: true });
    await writeFile(path.join(day, `${name}.wav`), wav);
    await writeFile(path.join(day, `${name}.json`), JSON.stringify({ file: `${name}.wav`, status }));
    return path.join(day, `${name}.json`);
  }

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'ringback-upload-'));
    warnings.length = 0;
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('copies finished recordings once, with their description, and leaves those under way', async () => {
    const finished = await record('a', 'complete');
    await record('b', 'recording');
    await record('c', 'failed');
    const keys: string[] = [];
    const upload = openRecordingUpload(
      directory,
      { bucket: 'calls', prefix: 'connect/', region: 'us-east-1' },
      surroundings(async (key) => {
        keys.push(key);
      }),
    );
    assert.equal(await upload.sweep(), 2);
    assert.equal(await upload.sweep(), 0);
    await upload.close();
    const day = 'connect/2026/01/31';
    assert.deepEqual(keys, [`${day}/a.wav`, `${day}/a.json`, `${day}/c.wav`, `${day}/c.json`]);
    const sidecar = JSON.parse(await readFile(finished, 'utf8'));
    assert.equal(sidecar.uploadedTo, `s3://calls/${day}/a.wav`);
    const again = openRecordingUpload(
      directory,
      { bucket: 'calls', region: 'us-east-1' },
      surroundings(async () => {
        assert.fail('uploaded twice');
      }),
    );
    assert.equal(await again.sweep(), 0);
    await again.close();
  });

  it('finds what a process left that was killed', async () => {
    const left = await record('a', 'recording');
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(left.replace('.json', '.wav'), longAgo, longAgo);
    const told: string[] = [];
    const upload = openRecordingUpload(
      directory,
      { bucket: 'calls', region: 'us-east-1' },
      surroundings(async (key, file) => {
        if (key.endsWith('.json')) told.push(JSON.parse(await readFile(file, 'utf8')).status);
      }),
    );
    assert.equal(await upload.sweep(), 1);
    await upload.close();
    assert.equal(JSON.parse(await readFile(left, 'utf8')).status, 'interrupted');
    assert.deepEqual(told, ['interrupted'], 'the copy says so, too');
  });

  it('reads a day again only where something changed or is left', async () => {
    const longAgo = new Date(Date.now() - 3_600_000);
    const age = (name: string) => utimes(path.join(directory, '2026', '01', name), longAgo, longAgo);
    await record('a', 'complete');
    const day = path.join(directory, '2026', '01', '31');
    await mkdir(path.join(directory, '2026', '01', '30'));
    const read: string[] = [];
    const uploaded: string[] = [];
    let isDown = true;
    const upload = openRecordingUpload(
      directory,
      { bucket: 'calls', region: 'us-east-1' },
      {
        ...surroundings(async (key) => {
          if (isDown) throw new Error('503');
          uploaded.push(path.basename(key));
        }),
        list: (place) => {
          if (place.length > directory.length + '/2026/01'.length) read.push(path.basename(place));
          return readdir(place, { withFileTypes: true });
        },
      },
    );
    const sweepAndTell = async (): Promise<string[]> => {
      read.length = 0;
      await upload.sweep().catch(() => undefined);
      return [...read];
    };
    await age('30');
    await age('31');
    assert.deepEqual(await sweepAndTell(), ['30', '31']);
    assert.deepEqual(await sweepAndTell(), ['31'], 'a recording is left');
    isDown = false;
    assert.deepEqual(await sweepAndTell(), ['31']);
    assert.deepEqual(await sweepAndTell(), ['31'], 'it changed just now');
    await age('31');
    assert.deepEqual(await sweepAndTell(), ['31']);
    assert.deepEqual(await sweepAndTell(), []);
    await record('b', 'complete');
    assert.deepEqual(await sweepAndTell(), ['31']);
    await rm(day, { recursive: true });
    assert.deepEqual(await sweepAndTell(), []);
    await upload.close();
    assert.deepEqual(uploaded, ['a.wav', 'a.json', 'b.wav', 'b.json']);
  });

  it('tries again, ever more rarely, for as long as the store refuses', async () => {
    await record('a', 'complete');
    let tries = 0;
    const around = surroundings(async () => {
      tries += 1;
      if (tries < 4) throw new Error('503');
    });
    const upload = openRecordingUpload(directory, { bucket: 'calls', region: 'us-east-1' }, around);
    // The disk takes real time; what it leads to is waited for, not a number of turns.
    const until = async (isSo: () => boolean): Promise<void> => {
      for (let turn = 0; turn < 1_000 && !isSo(); turn += 1) await delay(5);
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    await around.clock.advance(10_000);
    await until(() => warnings.length === 1);
    await around.clock.advance(19_000);
    assert.equal(tries, 1);
    await around.clock.advance(1_000);
    await until(() => warnings.length === 2);
    await around.clock.advance(40_000);
    await until(() => warnings.length === 3);
    await around.clock.advance(80_000);
    await until(() => tries === 5);
    await upload.close();
    assert.equal(warnings.length, 3);
    assert.equal(tries, 5, 'three refusals, then the recording and its description');
  });

  it('lets no recording that cannot be read, or that the store refuses, hold up the others', async () => {
    await writeFile(await record('a', 'complete'), '{"file":');
    await record('b', 'complete');
    await rm(path.join(directory, '2026', '01', '31', 'b.wav'));
    await record('c', 'complete');
    await record('d', 'complete');
    const keys: string[] = [];
    const upload = openRecordingUpload(
      directory,
      { bucket: 'calls', region: 'us-east-1' },
      surroundings(async (key) => {
        if (key.endsWith('c.wav')) throw new Error('EntityTooLarge');
        keys.push(path.basename(key));
      }),
    );
    await assert.rejects(upload.sweep(), /EntityTooLarge/);
    assert.deepEqual(keys, ['d.wav', 'd.json']);
    await assert.rejects(upload.sweep(), /EntityTooLarge/);
    await upload.close();
    assert.equal(warnings.length, 2, 'each that cannot be read is told of once');
  });

  describe('with a store that', () => {
    /** A store of one's own, and the upload to it. */
    async function storeThat(answers: RequestListener, idleMs: number) {
      const server = createServer(answers);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const upload = openRecordingUpload(
        directory,
        {
          bucket: 'calls',
          region: 'us-east-1',
          endpoint: `http://127.0.0.1:${port}`,
          credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        },
        { ...surroundings(), idleMs },
      );
      const end = async (): Promise<void> => {
        await upload.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      };
      return { upload, end };
    }

    it('takes what it can get › is sent no recording that cannot be read, and the others', async () => {
      const unreadable = (await record('a', 'complete')).replace('.json', '.wav');
      await rm(unreadable);
      // It is found, and opens; reading it fails, as on a broken disk. What nobody catches of that ends this process.
      await mkdir(unreadable);
      await record('b', 'complete');
      const taken: string[] = [];
      const { upload, end } = await storeThat((request, response) => {
        request.resume().on('end', () => {
          taken.push(path.basename(request.url?.split('?')[0] ?? ''));
          response.writeHead(200).end();
        });
      }, 60_000);
      assert.equal(await upload.sweep(), 1);
      await end();
      assert.deepEqual(taken, ['b.wav', 'b.json']);
      assert.deepEqual(warnings, ['a recording cannot be uploaded']);
    });

    it('speaks S3 › sends it sound and sidecar', async () => {
      await record('a', 'complete');
      const received: string[] = [];
      const { upload, end } = await storeThat((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          received.push(
            `${request.method} ${request.url?.split('?')[0]} ${Buffer.concat(parts).includes(wav)}`,
          );
          response.writeHead(200).end();
        });
      }, 60_000);
      assert.equal(await upload.sweep(), 1);
      await end();
      assert.deepEqual(received, ['PUT /calls/2026/01/31/a.wav true', 'PUT /calls/2026/01/31/a.json false']);
    });

    it('takes and tells nothing › gives up', async () => {
      await record('a', 'complete');
      const { upload, end } = await storeThat(() => undefined, 200);
      await assert.rejects(upload.sweep(), /[Tt]imeout|timed out/);
      await end();
    });

    it('takes and tells nothing › does not keep the service from ending', async () => {
      await record('a', 'complete');
      const asked = Promise.withResolvers<void>();
      const { upload, end } = await storeThat(() => asked.resolve(), 600_000);
      const sweep = assert.rejects(upload.sweep());
      await asked.promise;
      await end();
      await sweep;
    });

    it('refuses, or sends elsewhere › leaves no file open, and the recording for the next time', async () => {
      const file = await record('a', 'complete');
      await writeFile(file.replace('.json', '.wav'), Buffer.alloc(8_000_000));
      for (const status of [403, 307, 503]) {
        const { upload, end } = await storeThat((request, response) => {
          request.pause();
          response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end();
        }, 60_000);
        await assert.rejects(upload.sweep());
        await end();
      }
      // A file that is given up is closed a moment later.
      await untilDefined(30_000, 'a recording stays open', async () => {
        const open = await readdir('/proc/self/fd');
        const targets = await Promise.all(
          open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => 'closed meanwhile')),
        );
        return targets.some((target) => target.startsWith(directory)) ? undefined : 'closed';
      });
      assert.equal(JSON.parse(await readFile(file, 'utf8')).uploadedTo, undefined);
    });
  });
});
