/**
 * Measures the worker: N duplex sessions against a second engine that plays the far ends, each in a thread of its own.
 *
 *     node packages/media/bench/duplex.ts [sessions …]      default 100 200 400
 *     RINGBACK_BENCH_SECONDS=10                             measured time of each row
 *     RINGBACK_BENCH_RECORD=1                               records every session as well
 *
 * CPU is that of the measured worker thread alone, so rows can be compared on a busy machine; lateness cannot.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeMulaw, type MediaEngine, type MediaSession, openMediaEngine } from '../src/index.ts';

const seconds = Number(process.env.RINGBACK_BENCH_SECONDS ?? 10);
const isRecording = process.env.RINGBACK_BENCH_RECORD === '1';
const counts = process.argv.slice(2).map(Number);
const prompt = encodeMulaw(
  Int16Array.from({ length: 80_000 }, (_, n) => Math.round(8_000 * Math.sin(n * 0.3))),
);

async function openCalls(measured: MediaEngine, far: MediaEngine, count: number): Promise<MediaSession[]> {
  const sessions: MediaSession[] = [];
  for (let n = 0; n < count; n += 1) {
    const caller = await measured.openSession({ speechDetection: { silenceMs: 1_000 } });
    const phone = await far.openSession();
    await caller.acceptAnswer(await phone.answerOffer(caller.createOffer()));
    // Ends with the session; nobody waits for it.
    void caller.play({ prompt: 'bench' }, { repeat: 'forever' });
    void phone.play({ prompt: 'bench' }, { repeat: 'forever' });
    sessions.push(caller, phone);
  }
  return sessions;
}

async function measure(count: number, folder: string): Promise<Record<string, number | string>> {
  const measured = await openMediaEngine({ host: '127.0.0.1', ports: { first: 20_000, last: 39_999 } });
  const far = await openMediaEngine({ host: '127.0.0.1', ports: { first: 40_000, last: 59_999 } });
  for (const engine of [measured, far]) engine.loadPrompt('bench', prompt);
  const sessions = await openCalls(measured, far, count);
  if (isRecording) {
    await Promise.all(
      sessions
        .filter((_, index) => index % 2 === 0)
        .map((session, index) => session.startRecording(join(folder, `${index}.wav`))),
    );
  }
  // Half a second for the compiler to warm up.
  await delay(500);
  const before = await measured.stats();
  const startedAt = performance.now();
  await delay(seconds * 1_000);
  const after = await measured.stats();
  const elapsedSeconds = (performance.now() - startedAt) / 1_000;
  await Promise.all([measured.close(), far.close()]);
  const cpuSeconds = (after.cpuMicros - before.cpuMicros) / 1e6;
  const packets = after.packetsSent - before.packetsSent + after.packetsReceived - before.packetsReceived;
  return {
    sessions: count,
    'CPU %': ((100 * cpuSeconds) / elapsedSeconds).toFixed(1),
    'duplex calls per CPU-s': Math.round((count * elapsedSeconds) / cpuSeconds),
    'packets per CPU-s': Math.round(packets / cpuSeconds),
    'late p50 ms': after.tickLatenessMs.p50.toFixed(2),
    'late p99 ms': after.tickLatenessMs.p99.toFixed(2),
    'late max ms': after.tickLatenessMs.max.toFixed(2),
    'ticks skipped': after.ticksSkipped - before.ticksSkipped,
    'received %': (
      (100 * (after.packetsReceived - before.packetsReceived)) /
      (count * 50 * elapsedSeconds)
    ).toFixed(1),
  };
}

/** Cost of a short call's media: open two sessions, connect, close. */
async function measureTurnover(): Promise<Record<string, number | string>> {
  const engine = await openMediaEngine({ host: '127.0.0.1', ports: { first: 20_000, last: 39_999 } });
  const calls = 2_000;
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const one = async (): Promise<void> => {
    const caller = await engine.openSession();
    const phone = await engine.openSession();
    await caller.acceptAnswer(await phone.answerOffer(caller.createOffer()));
    await Promise.all([caller.close(), phone.close()]);
  };
  for (let n = 0; n < calls; n += 20) await Promise.all(Array.from({ length: 20 }, one));
  const wallSeconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await engine.close();
  return {
    'calls (two sessions each)': calls,
    'calls per second': Math.round(calls / wallSeconds),
    'CPU ms per call, whole process': ((user + system) / 1_000 / calls).toFixed(3),
  };
}

const folder = await mkdtemp(join(tmpdir(), 'ringback-bench-'));
try {
  const rows = [];
  for (const count of counts.length > 0 ? counts : [100, 200, 400]) rows.push(await measure(count, folder));
  console.table(rows);
  console.table([await measureTurnover()]);
} finally {
  await rm(folder, { recursive: true });
}
