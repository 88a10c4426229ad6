/** The service as its own process, as an operator runs it: `src/main.ts`, its own data directory, a configuration file, strict signatures. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { descendantIdsOf } from './cpu-time.ts';
import { type HttpAnswer, HttpConnection } from './http-connection.ts';
import { RequestSigner } from './signed-request.ts';
import { StartedProgram } from './started-program.ts';

/**
 * What `npm start` gives Node: garbage of requests and calls dies young, in a nursery that is large enough, and Node's own code lies in
 * pages of 2 MiB where the system has them.
 */
export const nodeFlags = ['--max-semi-space-size=64', '--use-largepages=silent'];

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Region, key and caller ID of every benchmark; the number is reserved for fiction. */
const region = 'us-east-1';
const accessKey = { accessKeyId: 'AKIDBENCHMARK', secretAccessKey: 'benchmark-secret-key' };
export const sourceNumber = '+12065550199';

export interface BenchServiceOptions {
  /** A directory that exists; data, configuration and log go below it. */
  readonly directory: string;
  /** What the configuration file says beside keys and numbers. */
  readonly config: Readonly<Record<string, unknown>>;
  /** RTP ports, `first-last`. */
  readonly rtpPorts: string;
  /** Directory for CPU profiles of the service. */
  readonly profileDirectory: string | undefined;
}

export interface BenchService {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  readonly signer: RequestSigner;
  readonly instanceId: string;
  /** One signed request. @throws any status but 200. */
  call(method: 'GET' | 'PUT' | 'POST', path: string, body?: object): Promise<unknown>;
  /** Contact events that the default sink has written. */
  factsWritten(): number;
  /** Lines of the service's log that warn or report an error. */
  complaints(): readonly string[];
  /** `drain` ends it as an operator would; `kill` at once, with its database, whatever waits. */
  end(how: 'drain' | 'kill'): Promise<void>;
}

export async function startBenchService(options: BenchServiceOptions): Promise<BenchService> {
  const { directory, profileDirectory } = options;
  const configFile = path.join(directory, 'config.yaml');
  const dataDir = path.join(directory, 'data');
  await mkdir(dataDir, { recursive: true });
  // JSON is YAML.
  writeFileSync(
    configFile,
    JSON.stringify({
      accessKeys: [accessKey],
      phoneNumbers: [sourceNumber],
      countries: ['US'],
      quotas: { concurrentActiveCalls: 1_000_000 },
      ...options.config,
    }),
  );
  const profiling = profileDirectory ? ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`] : [];
  const started = new StartedProgram({
    program: process.execPath,
    args: [...nodeFlags, ...profiling, program],
    env: {
      RINGBACK_CONFIG: configFile,
      RINGBACK_DATA_DIR: dataDir,
      RINGBACK_HTTP_PORT: '0',
      RINGBACK_SIP_PORT: '0',
      RINGBACK_RTP_PORTS: options.rtpPorts,
      RINGBACK_REGION: region,
      RINGBACK_DATABASE_URL: '',
    },
    logFile: path.join(directory, 'service.log'),
  });
  try {
    return await describe(started, dataDir, profileDirectory);
  } catch (error) {
    started.signal('SIGKILL');
    await started.ended;
    throw error;
  }
}

async function describe(
  started: StartedProgram,
  dataDir: string,
  profileDirectory: string | undefined,
): Promise<BenchService> {
  const ready = JSON.parse(await started.line(/"msg":"ready"/)) as { url: string };
  const { hostname: host, port } = new URL(ready.url);
  const signer = new RequestSigner({ ...accessKey, region }, `${host}:${port}`);
  const call: BenchService['call'] = async (method, to, body) => {
    const answer = await once(host, Number(port), signer.write(method, to, body ? JSON.stringify(body) : ''));
    if (answer.status !== 200)
      throw new Error(`${method} ${to} was answered ${answer.status}: ${answer.body}`);
    return answer.body === '' ? undefined : JSON.parse(answer.body);
  };
  const { InstanceSummaryList } = (await call('GET', '/instance')) as {
    InstanceSummaryList: readonly { Id: string }[];
  };
  const database = descendantIdsOf(started.pid);
  return {
    pid: started.pid,
    host,
    port: Number(port),
    signer,
    instanceId: InstanceSummaryList[0]?.Id ?? '',
    call,
    factsWritten: () => factsIn(path.join(dataDir, 'events')),
    complaints: () =>
      started.printed
        .split('\n')
        .filter((line) => /^\{"level":[456]0/.test(line) || /^\S*Error|^ {4}at /.test(line)),
    async end(how) {
      // Three times: without ending contacts, yet through the exit that writes a profile.
      if (how === 'kill' && profileDirectory) {
        for (let signals = 1; signals < 3; signals += 1) {
          started.signal('SIGTERM');
          await sleep(500);
        }
        started.signal('SIGTERM');
      } else started.signal(how === 'kill' ? 'SIGKILL' : 'SIGTERM');
      await started.ended;
      // The database ends by itself when the service has gone; its directory may be deleted only then.
      while (database.some(isAlive)) await sleep(50);
    },
  };
}

async function once(host: string, port: number, request: string): Promise<HttpAnswer> {
  const connection = await HttpConnection.open(host, port);
  try {
    return await connection.send(request);
  } finally {
    connection.close();
  }
}

/** Facts in the file that is written, and in those that were full before. */
function factsIn(directory: string): number {
  const files = readdirSync(directory).filter((name) => name.startsWith('contact-events.'));
  return files.reduce((sum, name) => sum + linesOf(path.join(directory, name)), 0);
}

function linesOf(file: string): number {
  let lines = 0;
  const bytes = readFileSync(file);
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
