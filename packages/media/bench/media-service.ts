/**
 * The measured program of `bench:media`: one media engine with a number of calls, each playing a prompt, recorded, heard
 * both ways, answering machine detection running on a tenth of them; or pairs that are bridged.
 */
import { join } from 'node:path';
import { encodeMulaw, type MediaEngine, type MediaSession, openMediaEngine } from '../src/index.ts';
import type { CallAddress, FromService, Omitted, ServiceReading, ToService } from './media-messages.ts';

/** One call in so many is asked who answered, again and again. */
const LISTENED = 10;
const DETECTED_MS = 3_000;

let engine: MediaEngine;
let baselineRssBytes = 0;
let pairs: 'single' | 'bridged' = 'single';
let folder = '';
let without: readonly Omitted[] = [];
const sessions: MediaSession[] = [];

function tell(message: FromService): void {
  process.send?.(message);
}

const prompt = encodeMulaw(
  Int16Array.from({ length: 160_000 }, (_, n) => 8_000 * Math.sin(n * 0.3) * Math.sin(n * 0.001)),
);

async function open(order: Extract<ToService, { kind: 'open' }>): Promise<CallAddress[]> {
  ({ pairs, folder, without } = order);
  engine = await openMediaEngine({
    host: '127.0.0.1',
    ports: { first: 20_000, last: 39_999 },
    workers: order.workers,
  });
  engine.loadPrompt('bench', prompt);
  // One session up and down loads what every session needs; it is not the price of a call.
  await (await engine.openSession()).close();
  globalThis.gc?.();
  baselineRssBytes = process.memoryUsage().rss;
  for (let n = 0; n < order.legs; n += 1) {
    const before = pairs === 'bridged' && n % 2 === 1 ? sessions[n - 1] : undefined;
    sessions.push(await engine.openSession(before ? { beside: before } : {}));
  }
  return sessions.map(({ localPort }, call) => ({ call, port: localPort }));
}

/** Detection ends with its verdict; begun anew it goes on for as long as the measurement. */
function detect(): void {
  for (let call = 0; call < sessions.length; call += LISTENED) sessions[call]?.startAmd();
}

async function connect(calls: readonly CallAddress[]): Promise<void> {
  for (const { call, port } of calls) {
    const session = sessions[call] as MediaSession;
    await session.acceptAnswer(
      `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`,
    );
    const before = sessions[call - 1];
    if (pairs === 'bridged') {
      if (call % 2 === 1 && before) await before.bridge(session);
    } else {
      // Ends with the session; nobody waits for it.
      void session.play({ prompt: 'bench' }, { repeat: 'forever' });
      if (!without.includes('recording')) await session.startRecording(join(folder, `${call}.wav`));
    }
  }
  if (pairs === 'bridged' || without.includes('detection')) return;
  detect();
  setInterval(detect, DETECTED_MS);
}

let lastReadMs = 0;

async function measure(): Promise<ServiceReading> {
  const stats = await engine.stats({ latenessMs: performance.now() - lastReadMs });
  lastReadMs = performance.now();
  const atMs = performance.now();
  const { user, system } = process.cpuUsage();
  const each = await Promise.all(sessions.map((session) => session.stats()));
  const lost = each.reduce((sum, one) => sum + one.lost, 0);
  return {
    atMs,
    cpuMicros: user + system,
    workerCpuMicros: stats.workers.map(({ cpuMicros }) => cpuMicros),
    rssBytes: process.memoryUsage().rss,
    baselineRssBytes,
    ticksSkipped: stats.ticksSkipped,
    latenessP99Ms: stats.tickLatenessMs.p99,
    latenessMaxMs: stats.tickLatenessMs.max,
    packetsSent: stats.packetsSent,
    packetsReceived: stats.packetsReceived,
    lost,
  };
}

// Whoever measures was killed: nobody needs this any more.
process.once('disconnect', () => process.exit());
process.on('message', async (order: ToService) => {
  switch (order.kind) {
    case 'open':
      tell({ kind: 'opened', calls: await open(order) });
      return;
    case 'connect':
      await connect(order.calls);
      tell({ kind: 'connected' });
      return;
    case 'measure':
      tell({ kind: 'measured', reading: await measure() });
      return;
    case 'stop':
      await engine.close();
      process.exit(0);
  }
});
