/**
 * Ten minutes of calls that come and go on one engine: prompts, digits, recordings, detection, bridges with browsers.
 * What the workers hold at the end must be what they held before. Run by `npm run nightly`; shorter with
 * RINGBACK_SOAK_SECONDS.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { getHeapSnapshot } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import {
  encodeMulaw,
  type MediaEngine,
  type MediaFault,
  type MediaSession,
  openMediaEngine,
} from '../src/index.ts';
import { TestBrowser } from '../src/webrtc-session.fixture.ts';

const SOAK_MS = 1_000 * Number(process.env.RINGBACK_SOAK_SECONDS ?? 600);
const CALLS_AT_ONCE = 40;
const SHORTEST_MS = 2_000;
const SPREAD_MS = 4_000;
const DETECTED = 10;
const BROWSERS = 20;

/** A kibibyte kept by each call of a third would be three times this. */
const MOST_GROWTH_BYTES = 512 * 1_024;
/** Our own thread's heap has the browsers of this test as well, and the code that V8 still compiles for them. */
const MOST_GROWTH_HERE_BYTES = 4 * 1_024 * 1_024;
const MOST_NATIVE_GROWTH_BYTES = 24 * 1_024 * 1_024;

/** Park and Miller's minimal standard: the same calls each night. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
}

const prompt = encodeMulaw(Int16Array.from({ length: 24_000 }, (_, n) => 8_000 * Math.sin(n * 0.3)));

/** One call from beginning to end, with a browser joined to it where `n` says so. */
async function placeCall(engine: MediaEngine, n: number, lengthMs: number, folder: string): Promise<void> {
  const encryption = n % 4 === 0 ? 'sdes' : 'none';
  const caller = await engine.openSession({ encryption, speechDetection: { silenceMs: 1_000 } });
  const phone = await engine.openSession({ encryption, toneDigits: n % 3 === 0 ? 'always' : 'never' });
  await phone.acceptAnswer(await caller.answerOffer(phone.createOffer()));
  // These end with their session; nobody waits for them.
  void phone.play({ prompt: 'soak' }, { repeat: 'forever' });
  void caller.play({ prompt: 'soak' }, { repeat: 'forever' });
  await caller.startRecording(join(folder, `${n}.wav`));
  if (n % DETECTED === 0) caller.startAmd();
  const browser = n % BROWSERS === 0 ? await joinBrowser(engine, caller) : undefined;
  await phone.sendDigits('159#');
  await delay(lengthMs);
  await browser?.();
  const { path } = await caller.stopRecording();
  await Promise.all([caller.close(), phone.close(), rm(path)]);
}

/** Bridges a browser with the call; answers how it leaves. */
async function joinBrowser(engine: MediaEngine, beside: MediaSession): Promise<() => Promise<void>> {
  const browser = new TestBrowser(700);
  const leg = await engine.openWebRtcSession({ beside });
  await leg.acceptAnswer(await browser.answer(leg.offer));
  await beside.bridge(leg);
  browser.speak();
  return async () => {
    await leg.close();
    await browser.close();
  };
}

/** What our own thread holds once its garbage is collected, bytes: the engine's side of it, and the far ends of this test. */
async function heldHere(): Promise<number> {
  for await (const _ of getHeapSnapshot());
  return process.memoryUsage().heapUsed;
}

/** What the workers hold once their garbage is collected, bytes; a heap snapshot collects it first. */
async function heldBy(workers: readonly Worker[]): Promise<number> {
  let held = 0;
  for (const worker of workers) {
    // Read to its end: Node crashes at its own end over one that was not.
    for await (const _ of await worker.getHeapSnapshot());
    const { used_heap_size, external_memory } = await worker.getHeapStatistics();
    held += used_heap_size + external_memory;
  }
  return held;
}

/**
 * Resident memory that is no JavaScript heap, bytes: sockets, ciphers, buffers. The heaps of all threads are taken off, because V8 keeps
 * garbage in them for as long as it likes: the main thread's alone came and went by 100 MB.
 */
async function nativeBytes(workers: readonly Worker[]): Promise<number> {
  const { rss, heapTotal } = process.memoryUsage();
  const heaps = await Promise.all(workers.map((worker) => worker.getHeapStatistics()));
  return rss - heapTotal - heaps.reduce((sum, heap) => sum + heap.total_physical_size, 0);
}

async function openSockets(): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) =>
      readlink(`/proc/self/fd/${fd}`).catch(() => 'closed meanwhile'),
    ),
  );
  return links.filter((link) => link.startsWith('socket:')).length;
}

it('media engine › calls that come and go leave nothing behind', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringback-soak-'));
  const workers: Worker[] = [];
  const noted = (worker: Worker): unknown => workers.push(worker);
  process.on('worker', noted);
  const faults: MediaFault[] = [];
  const engine = await openMediaEngine({
    host: '127.0.0.1',
    ports: { first: 20_000, last: 59_999 },
    workers: 2,
    onFault: (fault) => faults.push(fault),
  });
  process.off('worker', noted);
  t.after(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });
  engine.loadPrompt('soak', prompt);

  const random = seeded(7);
  const startedAtMs = performance.now();
  let placed = 0;
  const line = async (untilMs: number): Promise<void> => {
    while (performance.now() - startedAtMs < untilMs) {
      placed += 1;
      await placeCall(engine, placed, SHORTEST_MS + SPREAD_MS * random(), folder);
    }
  };
  const third = async (number: 1 | 2 | 3): Promise<void> => {
    const untilMs = (number * SOAK_MS) / 3;
    await Promise.all(Array.from({ length: CALLS_AT_ONCE }, () => line(untilMs)));
    const { sessions } = await engine.stats();
    assert.equal(sessions, 0);
  };
  // Code is compiled and pools are filled in the first third. Native memory is compared before the first snapshot, which leaves much behind.
  await third(1);
  const nativeBefore = await nativeBytes(workers);
  const socketsBefore = await openSockets();
  await third(2);
  const nativeAfter = await nativeBytes(workers);
  const heldBefore = await heldBy(workers);
  const hereBefore = await heldHere();
  const placedBefore = placed;
  await third(3);
  const heldAfter = await heldBy(workers);
  const hereAfter = await heldHere();
  const socketsAfter = await openSockets();
  t.diagnostic(
    JSON.stringify({ placed, nativeBefore, nativeAfter, heldBefore, heldAfter, hereBefore, hereAfter }),
  );

  assert.deepEqual(faults, []);
  assert.ok(placed > placedBefore + CALLS_AT_ONCE);
  assert.equal(socketsAfter, socketsBefore);
  assert.deepEqual(await readdir(folder), []);
  assert.ok(heldAfter - heldBefore < MOST_GROWTH_BYTES, `${heldAfter - heldBefore} bytes more are held`);
  assert.ok(
    hereAfter - hereBefore < MOST_GROWTH_HERE_BYTES,
    `${hereAfter - hereBefore} bytes more are held here`,
  );
  assert.ok(
    nativeAfter - nativeBefore < MOST_NATIVE_GROWTH_BYTES,
    `${nativeAfter - nativeBefore} bytes more are resident outside of the heaps`,
  );
});
