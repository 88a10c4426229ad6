/**
 * Entry of a worker thread: gives a MediaWorker its clock, its randomness and its mailbox.
 */
import { randomFillSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { MediaWorker } from './media-worker.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts';

const port = parentPort;
if (!port) throw new Error('worker/main.ts runs as a worker thread only; use openMediaEngine');

// What happens in one turn of the loop (a tick of all sessions) goes out as one message.
let outbox: FromWorker[] = [];
const flush = (): void => {
  const messages = outbox;
  outbox = [];
  port.postMessage(messages);
};

// Random numbers are drawn a few hundred at a time: each session needs three.
const pool = new Uint32Array(256);
let drawn = pool.length;
const random = (): number => {
  if (drawn === pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  drawn += 1;
  return pool[drawn - 1] as number;
};

// A getter, read for each packet otherwise.
const { timeOrigin } = performance;

const worker = new MediaWorker(workerData as WorkerSetup, {
  clock: {
    nowMs: () => timeOrigin + performance.now(),
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
  },
  random,
  post: (message) => {
    if (outbox.length === 0) setImmediate(flush);
    outbox.push(message);
  },
  usage: () => {
    const { user, system } = process.threadCpuUsage();
    return {
      cpuMicros: user + system,
      eventLoopUtilization: performance.eventLoopUtilization().utilization,
    };
  },
  exit: () => {
    if (outbox.length > 0) flush();
    port.close();
  },
});

// The WebRTC library works in callbacks and promises of its own; one that nobody awaits must not end the calls beside it.
const isOfLibrary = (error: unknown): boolean => error instanceof Error && /werift/.test(error.stack ?? '');
const survive = (error: unknown): void => {
  if (!isOfLibrary(error)) throw error;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  outbox.push({ kind: 'libraryFault', session: 0, message });
  flush();
};
process.on('unhandledRejection', survive);
process.on('uncaughtException', survive);

port.on('message', (messages: ToWorker[]) => {
  for (const message of messages) worker.take(message);
});
