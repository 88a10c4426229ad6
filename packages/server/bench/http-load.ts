/** A closed loop over some connections: each sends its next request when its last one was answered. */
import { HttpConnection } from './http-connection.ts';
import { type Spread, spreadOf } from './percentiles.ts';

export interface HttpLoad {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** A whole request, another one each time. */
  nextRequest(): string;
  /** Called at the edges of the measured time. */
  measuring(edge: 'begins' | 'ends'): void;
}

export interface LoadResult {
  /** Answers with status 200 within the measured time, per second. */
  readonly perSecond: number;
  readonly latencyMs: Spread;
  /** Answers of the measured time. */
  readonly answers: number;
  /** Bodies of all answers with status 200, warm-up included. */
  readonly bodies: readonly string[];
  /** Answers with another status, warm-up included: status and body. */
  readonly refusals: readonly string[];
  /** CPU of this process per answer, microseconds: signing, sending, reading. */
  readonly clientMicros: number;
}

export async function runHttpLoad(load: HttpLoad): Promise<LoadResult> {
  const open = Array.from({ length: load.connections }, () => HttpConnection.open(load.host, load.port));
  const connections = await Promise.all(open);
  const beginsAt = performance.now() + load.warmUpSeconds * 1000;
  const endsAt = beginsAt + load.seconds * 1000;
  const latencies: number[] = [];
  const bodies: string[] = [];
  const refusals: string[] = [];
  let accepted = 0;

  async function loop(connection: HttpConnection): Promise<void> {
    for (let sentAt = performance.now(); sentAt < endsAt; sentAt = performance.now()) {
      const { status, body } = await connection.send(load.nextRequest());
      const answeredAt = performance.now();
      if (status === 200) bodies.push(body);
      else refusals.push(`${status} ${body}`);
      if (answeredAt < beginsAt || answeredAt >= endsAt) continue;
      latencies.push(answeredAt - sentAt);
      if (status === 200) accepted += 1;
    }
  }

  let cpu = process.cpuUsage();
  const begins = setTimeout(() => {
    load.measuring('begins');
    cpu = process.cpuUsage();
  }, load.warmUpSeconds * 1000);
  const ends = setTimeout(
    () => {
      cpu = process.cpuUsage(cpu);
      load.measuring('ends');
    },
    (load.warmUpSeconds + load.seconds) * 1000,
  );
  try {
    await Promise.all(connections.map(loop));
    // The last answer may come a moment before the timer.
    await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    clearTimeout(begins);
    clearTimeout(ends);
    for (const connection of connections) connection.close();
  }
  return {
    perSecond: accepted / load.seconds,
    latencyMs: spreadOf(latencies),
    answers: latencies.length,
    bodies,
    refusals,
    clientMicros: (cpu.user + cpu.system) / Math.max(1, latencies.length),
  };
}
