/** Phase D: the same requests, from the same client, against a bare Fastify route: what HTTP alone costs on this machine. */

import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { acceptBody, acceptPath, detailOf } from './accept-rate.ts';
import { nodeFlags } from './bench-service.ts';
import { cpuSecondsOf } from './cpu-time.ts';
import { runHttpLoad } from './http-load.ts';
import type { PhaseResult } from './results.ts';
import { RequestSigner } from './signed-request.ts';
import { StartedProgram } from './started-program.ts';

export interface BaselineOptions {
  readonly directory: string;
  readonly connections: number;
  readonly seconds: number;
}

export async function measureFastifyBaseline(options: BaselineOptions): Promise<PhaseResult> {
  const program = new StartedProgram({
    program: process.execPath,
    args: [...nodeFlags, fileURLToPath(new URL('./fastify-route.ts', import.meta.url))],
    logFile: path.join(options.directory, 'fastify.log'),
  });
  try {
    const port = Number((await program.line(/^ready /)).slice('ready '.length));
    const host = '127.0.0.1';
    const signer = new RequestSigner(
      { accessKeyId: 'AKIDBENCHMARK', secretAccessKey: 'benchmark-secret-key', region: 'us-east-1' },
      `${host}:${port}`,
    );
    const [instanceId, flowId] = [randomUUID(), randomUUID()];
    let cpuSeconds = 0;
    let n = 0;
    const load = await runHttpLoad({
      host,
      port,
      connections: options.connections,
      warmUpSeconds: 2,
      seconds: options.seconds,
      nextRequest: () => signer.write('PUT', acceptPath, acceptBody(instanceId, flowId, n++)),
      measuring(edge) {
        const now = cpuSecondsOf(program.pid);
        cpuSeconds = edge === 'begins' ? now : now - cpuSeconds;
      },
    });
    return {
      phase: 'D',
      title: `baseline: a bare Fastify route, same requests, ${options.connections} connections, ${options.seconds} s`,
      figures: [
        { name: 'answered', value: load.perSecond, unit: 'requests/s' },
        { name: 'latency p50', value: load.latencyMs.p50, unit: 'ms' },
        { name: 'latency p99', value: load.latencyMs.p99, unit: 'ms' },
        { name: 'CPU of Fastify', value: (cpuSeconds * 1e6) / Math.max(1, load.answers), unit: 'µs/request' },
        {
          name: 'CPU of the client',
          value: load.clientMicros,
          unit: 'µs/request',
          note: 'shares the machine',
        },
      ],
      checks: [
        {
          what: 'every request was answered 200',
          ok: load.refusals.length === 0,
          ...detailOf(load.refusals),
        },
      ],
    };
  } finally {
    program.signal('SIGTERM');
    await program.ended;
  }
}
