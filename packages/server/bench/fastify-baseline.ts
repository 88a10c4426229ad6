/** Phase D: the same requests, from the same client, against a bare Fastify route: what HTTP alone costs on this machine. */

import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { acceptBody, acceptPath, detailOf, signedLate } from './accept-rate.ts';
import { fastestOf, type LoadedPeer } from './accept-rounds.ts';
import { nodeFlags } from './bench-service.ts';
import { cpuSecondsOf, untilIdle } from './cpu-time.ts';
import { HttpLoad, type LoadResult } from './http-load.ts';
import type { PhaseResult } from './results.ts';
import { RequestSigner } from './signed-request.ts';
import { StartedProgram } from './started-program.ts';

export interface BaselineOptions {
  readonly directory: string;
  readonly connections: number;
}

interface BaselineRound {
  readonly load: LoadResult;
  readonly cpuSeconds: number;
}

export async function openBaselinePeer(options: BaselineOptions): Promise<LoadedPeer> {
  const program = new StartedProgram({
    program: process.execPath,
    args: [...nodeFlags, fileURLToPath(new URL('./fastify-route.ts', import.meta.url))],
    logFile: path.join(options.directory, 'fastify.log'),
  });
  try {
    return await loadedRoute(program, options);
  } catch (error) {
    await end(program);
    throw error;
  }
}

async function loadedRoute(program: StartedProgram, { connections }: BaselineOptions): Promise<LoadedPeer> {
  const port = Number((await program.line(/^ready /)).slice('ready '.length));
  const host = '127.0.0.1';
  const signer = new RequestSigner(
    { accessKeyId: 'AKIDBENCHMARK', secretAccessKey: 'benchmark-secret-key', region: 'us-east-1' },
    `${host}:${port}`,
  );
  const [instanceId, flowId] = [randomUUID(), randomUUID()];
  let cpuSeconds = 0;
  let n = 0;
  const load = await HttpLoad.open({
    host,
    port,
    connections,
    writeRequest: () => signer.write('PUT', acceptPath, acceptBody(instanceId, flowId, n++)),
    measuring(edge) {
      const now = cpuSecondsOf(program.pid);
      cpuSeconds = edge === 'begins' ? now : now - cpuSeconds;
    },
  });
  const rounds: BaselineRound[] = [];
  return {
    warmUp: (seconds) => load.warmUp(seconds),
    async round(seconds) {
      const result = await load.round(seconds);
      rounds.push({ load: result, cpuSeconds });
      return result;
    },
    untilIdle: () => untilIdle(program.pid),
    report: async () => report(rounds, load.refusals, connections),
    async close() {
      load.close();
      await end(program);
    },
  };
}

async function end(program: StartedProgram): Promise<void> {
  program.signal('SIGTERM');
  await program.ended;
}

function report(
  rounds: readonly BaselineRound[],
  refusals: readonly string[],
  connections: number,
): PhaseResult {
  const { fastest, rates } = fastestOf(rounds);
  const { load, cpuSeconds } = fastest;
  return {
    phase: 'D',
    rounds: rounds.map((round) => ({
      perSecond: round.load.perSecond,
      micros: (round.cpuSeconds * 1e6) / Math.max(1, round.load.answers),
    })),
    title: `baseline: a bare Fastify route, same requests, ${connections} connections; rounds: ${rates} requests/s`,
    figures: [
      { name: 'answered', value: load.perSecond, unit: 'requests/s' },
      { name: 'latency p50', value: load.latencyMs.p50, unit: 'ms' },
      { name: 'latency p99', value: load.latencyMs.p99, unit: 'ms' },
      { name: 'CPU of Fastify', value: (cpuSeconds * 1e6) / Math.max(1, load.answers), unit: 'µs/request' },
      { name: 'CPU of the client', value: load.clientMicros, unit: 'µs/request', note: 'shares the machine' },
      signedLate(load),
    ],
    checks: [{ what: 'every request was answered 200', ok: refusals.length === 0, ...detailOf(refusals) }],
  };
}
