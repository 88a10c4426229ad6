import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeMulaw, MULAW_TO_LINEAR } from '../codec/g711.ts';
import { MULAW } from '../codec/law.ts';
import { readWav } from '../codec/wav.ts';
import { CallRecorder } from './call-recorder.ts';
import type { DiskFailure, OpenFile } from './growing-wav-file.ts';
import { StretchBuffers } from './stretch-buffers.ts';

/** A disk in memory: every state it went through is kept. It may be full after some bytes, or hang. */
function memoryDisk(options: { mostBytes?: number; hangs?: boolean; mostAtOnce?: number } = {}): {
  open: OpenFile;
  states: Buffer[];
  isClosed(): boolean;
} {
  let content = Buffer.alloc(0);
  let closed = false;
  const states: Buffer[] = [];
  const open: OpenFile = async () => ({
    write: async (buffer, offset, wanted, position) => {
      const length = Math.min(wanted, options.mostAtOnce ?? wanted);
      if (options.hangs && position > 0) return new Promise(() => undefined);
      if (position + length > (options.mostBytes ?? Number.POSITIVE_INFINITY)) {
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      }
      const grown = Buffer.alloc(Math.max(content.length, position + length));
      content.copy(grown);
      grown.set(buffer.subarray(offset, offset + length), position);
      content = grown;
      states.push(content);
      return { bytesWritten: length };
    },
    close: async () => {
      closed = true;
    },
  });
  return { open, states, isClosed: () => closed };
}

const frame = encodeMulaw(new Int16Array(160).fill(4_092));

async function record(
  disk: { open: OpenFile },
  ticks: readonly number[],
): Promise<{ recorder: CallRecorder; failures: DiskFailure[] }> {
  const failures: DiskFailure[] = [];
  const recorder = await CallRecorder.start({
    path: 'call.wav',
    tracks: 'both',
    law: MULAW,
    position: () => 1_600,
    failed: (failure) => failures.push(failure),
    buffers: new StretchBuffers(),
    openFile: disk.open,
  });
  for (const tick of ticks) recorder.tick(tick * 160, frame, MULAW, 160);
  return { recorder, failures };
}

const ticksFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, n) => first + n);
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('call recorder', () => {
  it('writes from its start to its stop, to the sample', async () => {
    const disk = memoryDisk();
    const { recorder } = await record(disk, ticksFrom(10, 137));
    const end = await recorder.stop();
    assert.deepEqual(end, {
      kind: 'written',
      summary: { path: 'call.wav', durationMs: 137 * 20, bytes: 44 + 137 * 160 * 4, pauses: [] },
    });
    const { channels } = readWav(disk.states.at(-1) as Buffer);
    assert.deepEqual(new Set(channels[0]), new Set([0]));
    assert.deepEqual(new Set(channels[1]), new Set([4_092]));
    assert.equal(channels[1]?.length, 137 * 160);
    assert.equal(disk.isClosed(), true);
  });

  it('uses a buffer again only when the disk has taken what is in it', async () => {
    const disk = memoryDisk();
    let isBusy = true;
    const waiting: (() => void)[] = [];
    const open: OpenFile = async (path) => {
      const file = await disk.open(path);
      return {
        write: async (...what) => {
          if (isBusy && what[3] > 0) await new Promise<void>((resolve) => waiting.push(resolve));
          return file.write(...what);
        },
        close: () => file.close(),
      };
    };
    const { recorder } = await record({ open }, []);
    const valueAt = (second: number): number =>
      MULAW_TO_LINEAR[encodeMulaw(Int16Array.of(1_000 * second))[0] as number] as number;
    for (const tick of ticksFrom(10, 500)) {
      const second = Math.floor((tick - 10) / 50);
      recorder.tick(tick * 160, encodeMulaw(new Int16Array(160).fill(1_000 * second)), MULAW, 160);
      if (second === 6 && isBusy) {
        isBusy = false;
        for (const go of waiting) go();
      }
      await settle();
    }
    await recorder.stop();
    const [, right] = readWav(disk.states.at(-1) as Buffer).channels as [Int16Array, Int16Array];
    const seconds = Array.from(
      { length: 10 },
      (_, n) => new Set(right.subarray(n * 8_000, n * 8_000 + 8_000)),
    );
    assert.deepEqual(
      seconds,
      Array.from({ length: 10 }, (_, n) => new Set([valueAt(n)])),
    );
  });

  it('leaves a playable file at each moment, at most two seconds behind', async () => {
    const disk = memoryDisk();
    const { recorder } = await record(disk, []);
    for (const tick of ticksFrom(10, 500)) {
      recorder.tick(tick * 160, frame, MULAW, 160);
      await settle();
      const file = disk.states.at(-1) as Buffer;
      const samples = readWav(file).channels[0]?.length as number;
      assert.ok((tick - 9) * 160 - samples <= 16_000, `${samples} samples at tick ${tick}`);
    }
    for (const file of disk.states) {
      assert.ok(file.readUInt32LE(40) <= file.length - 44, 'a header that promises too much');
    }
    await recorder.stop();
  });

  it('turns skipped ticks into silence, however long the stall', async () => {
    const disk = memoryDisk();
    const { recorder } = await record(disk, [...ticksFrom(10, 50), ...ticksFrom(400, 50)]);
    await recorder.stop();
    const [, sent] = readWav(disk.states.at(-1) as Buffer).channels as [Int16Array, Int16Array];
    assert.equal(sent.length, 440 * 160);
    assert.deepEqual(new Set(sent.subarray(0, 8_000)), new Set([4_092]));
    assert.deepEqual(new Set(sent.subarray(8_000, 390 * 160)), new Set([0]));
    assert.deepEqual(new Set(sent.subarray(390 * 160)), new Set([4_092]));
  });

  it('keeps silence while paused, and tells where', async () => {
    const disk = memoryDisk();
    const { recorder } = await record(disk, ticksFrom(10, 50));
    recorder.pause();
    for (const tick of ticksFrom(60, 50)) recorder.tick(tick * 160, frame, MULAW, 160);
    recorder.received(0, frame, 0, 160, MULAW);
    recorder.resume();
    for (const tick of ticksFrom(110, 50)) recorder.tick(tick * 160, frame, MULAW, 160);
    const end = await recorder.stop();
    assert.deepEqual(end.kind === 'written' && end.summary.pauses, [{ fromMs: 1_000, toMs: 2_000 }]);
    const [heard, sent] = readWav(disk.states.at(-1) as Buffer).channels as [Int16Array, Int16Array];
    assert.deepEqual(new Set(heard), new Set([0]));
    assert.deepEqual(new Set(sent.subarray(0, 8_000)), new Set([4_092]));
    assert.deepEqual(new Set(sent.subarray(8_000, 16_000)), new Set([0]));
    assert.deepEqual(new Set(sent.subarray(16_000)), new Set([4_092]));
  });

  it('keeps out of a pause also what was said in it and comes only afterwards', async () => {
    const disk = memoryDisk();
    const { recorder } = await record(disk, []);
    const spoken = (tick: number): void => recorder.received(tick * 160, frame, 0, 160, MULAW);
    for (const tick of ticksFrom(10, 150)) {
      if (tick === 60) recorder.pause();
      if (tick === 110) recorder.resume();
      // Packets are 200 ms on their way from tick 100 on.
      if (tick < 100) spoken(tick);
      else if (tick >= 110) spoken(tick - 10);
      recorder.tick(tick * 160, undefined, MULAW, 160);
    }
    const end = await recorder.stop();
    assert.deepEqual(end.kind === 'written' && end.summary.pauses, [{ fromMs: 1_000, toMs: 2_000 }]);
    const [heard] = readWav(disk.states.at(-1) as Buffer).channels as [Int16Array];
    assert.deepEqual(new Set(heard.subarray(0, 7_840)), new Set([4_092]));
    assert.deepEqual(new Set(heard.subarray(8_000, 16_000)), new Set([0]));
    assert.deepEqual(new Set(heard.subarray(16_160, 22_000)), new Set([4_092]));
  });

  it('a disk that takes a part of what it is given › gets the rest, and no header promises more than there is', async () => {
    const disk = memoryDisk({ mostAtOnce: 1_000 });
    const { recorder } = await record(disk, ticksFrom(10, 100));
    await recorder.stop();
    const [, sent] = readWav(disk.states.at(-1) as Buffer).channels as [Int16Array, Int16Array];
    assert.deepEqual([sent.length, new Set(sent)], [16_000, new Set([4_092])]);
    for (const state of disk.states)
      assert.ok(state.length < 44 || state.readUInt32LE(40) <= state.length - 44);
  });

  it('a disk that fills up › tells once, goes on, and says so at the end', async () => {
    const disk = memoryDisk({ mostBytes: 50_000 });
    const { recorder, failures } = await record(disk, ticksFrom(10, 400));
    const end = await recorder.stop();
    assert.equal(failures.length, 1);
    assert.equal(failures[0]?.code, 'ENOSPC');
    assert.equal(end.kind === 'failed' && end.failure.code, 'ENOSPC');
    assert.equal(readWav(disk.states.at(-1) as Buffer).channels[0]?.length, 8_000);
    assert.equal(disk.isClosed(), true);
  });

  it('a disk that hangs › gives up instead of filling the memory', async () => {
    const { failures } = await record(memoryDisk({ hangs: true }), ticksFrom(10, 50 * 60));
    assert.deepEqual(
      failures.map(({ code }) => code),
      ['DISK_TOO_SLOW'],
    );
  });

  it('a disk that is full from the start › fails to start and closes the file', async () => {
    const disk = memoryDisk({ mostBytes: 10 });
    await assert.rejects(record(disk, []), { code: 'ENOSPC' });
    assert.equal(disk.isClosed(), true);
  });
});
