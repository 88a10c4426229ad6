/** The simulated carrier as its own process, whose phones answer at once and listen, and its log of every INVITE. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartedProgram } from './started-program.ts';

const program = fileURLToPath(new URL('../../simulated-carrier/src/main.ts', import.meta.url));

export interface BenchCarrierOptions {
  readonly directory: string;
  /** 0 takes a free one. */
  readonly sipPort: number;
  /** Where phones record what they hear; without it they do not. */
  readonly recordings?: string;
}

/** A line of the carrier's log. */
export interface CarrierEvent {
  readonly kind: string;
  readonly callId: string;
  readonly to: string;
  readonly by?: string;
  readonly how?: string;
  readonly recording?: string;
  readonly packetsReceived?: number;
}

export interface BenchCarrier {
  readonly pid: number;
  readonly sipPort: number;
  /** Everything logged so far. */
  events(): CarrierEvent[];
  end(): Promise<void>;
}

export async function startBenchCarrier(options: BenchCarrierOptions): Promise<BenchCarrier> {
  const { directory, recordings } = options;
  const scenarioFile = path.join(directory, 'phones.json');
  const inviteLog = path.join(directory, recordings ? 'sampled-invites.jsonl' : 'invites.jsonl');
  writeFileSync(scenarioFile, JSON.stringify({ otherNumbers: [{ step: 'answer' }] }));
  const started = new StartedProgram({
    program: process.execPath,
    args: [
      program,
      '--json',
      ...['--port', String(options.sipPort)],
      ...['--rtp-ports', '40000-49999'],
      ...['--scenario', scenarioFile],
      ...['--invite-log', inviteLog],
      ...(recordings ? ['--recordings', recordings] : []),
    ],
    logFile: path.join(directory, recordings ? 'sampled-carrier.log' : 'carrier.log'),
  });
  const ready = JSON.parse(await started.line(/"ready":true/)) as { sip: string };
  return {
    pid: started.pid,
    sipPort: Number(ready.sip.split(':')[1]),
    events: () =>
      readFileSync(inviteLog, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as CarrierEvent),
    async end() {
      started.signal('SIGTERM');
      await started.ended;
    },
  };
}
