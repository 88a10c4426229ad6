/** A place where a service process lives, dies and starts again: one data directory and HTTP port, and a carrier process as its trunk and witness. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  ConnectClient,
  CreateContactFlowCommand,
  ListInstancesCommand,
  ListQueuesCommand,
  StartOutboundVoiceContactCommand,
} from '@aws-sdk/client-connect';
import { freePort } from '@ringback/testkit';
import { placePreparedDatabase } from '../../src/test-support/prepared-database.ts';
import { hangUp, playPrompt, setAttributes } from './flow-actions.ts';
import {
  endAllProcesses,
  isAlive,
  type RunningProcess,
  runService,
  type ServiceProcess,
  startCarrierProcess,
  startServiceProcess,
  until,
} from './processes.ts';

/** What a call is placed with. */
export interface CallTarget {
  readonly instanceId: string;
  readonly queueId: string;
  readonly flowId: string;
}

export type Fact = Readonly<Record<string, unknown>>;

export interface ServicePlace {
  readonly dataDir: string;
  /** Makes one attempt, so that the test alone decides what is repeated. */
  readonly client: ConnectClient;
  /** Starts the service and resolves when it is ready. */
  start(options?: StartOptions): Promise<ServiceProcess>;
  /** Starts the service and waits for nothing. */
  startUnawaited(options?: StartOptions): Promise<RunningProcess>;
  /** Creates a flow of two beeps with a write between them. The service must run. */
  createTarget(): Promise<CallTarget>;
  /** Creates a published flow of these actions, of which the first is the start; resolves with its id. */
  createFlow(instanceId: string, name: string, actions: readonly object[]): Promise<string>;
  /** INVITEs that reached the carrier. */
  invites(): readonly Fact[];
  /** The carrier's lines on phones that answered. */
  answers(): readonly Fact[];
  /** Lines of the file sink. Lines that a kill tore are left out. */
  facts(stream: 'contact-events' | 'contact-records'): readonly Fact[];
  /** Lines of the audit log. */
  audited(): readonly Fact[];
  /** Process id of the database server that runs. */
  databaseProcess(): Promise<number>;
  close(): Promise<void>;
}

export interface StartOptions {
  readonly concurrentActiveCalls?: number;
  /** The setting `caps`, as YAML; off by default. */
  readonly caps?: string;
  /** Variables that replace or join the place's own. */
  readonly env?: Readonly<Record<string, string>>;
}

const accessKey = { accessKeyId: 'AKIAPLACETEST', secretAccessKey: 'a-secret-of-the-place-test' };

/** Opens a place; `numbers` are the carrier's phones by number, as in its scenario file. */
export async function openServicePlace(numbers: Readonly<Record<string, unknown>>): Promise<ServicePlace> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ringback-place-'));
  // As root the database runs as another user, which must be able to reach its files.
  await chmod(directory, 0o711);
  const scenarioFile = path.join(directory, 'phones.json');
  await writeFile(scenarioFile, JSON.stringify({ numbers }));
  const inviteLog = path.join(directory, 'invites.jsonl');
  const carrier = await startCarrierProcess({ inviteLog, scenarioFile, rtpPorts: '40000-44999' });
  const httpPort = await freePort();
  const dataDir = path.join(directory, 'data');
  await placePreparedDatabase(dataDir);
  const client = new ConnectClient({
    endpoint: `http://127.0.0.1:${httpPort}`,
    region: 'us-east-1',
    credentials: accessKey,
    maxAttempts: 1,
  });

  async function environment({ concurrentActiveCalls = 1000, caps = '"off"', env }: StartOptions) {
    const configFile = path.join(directory, `ringback-${concurrentActiveCalls}.yaml`);
    await writeFile(configFile, configuration(carrier.address, concurrentActiveCalls, caps));
    return {
      RINGBACK_CONFIG: configFile,
      RINGBACK_DATA_DIR: dataDir,
      RINGBACK_HTTP_PORT: String(httpPort),
      RINGBACK_SIP_PORT: '0',
      RINGBACK_RTP_PORTS: '45000-49999',
      ...env,
    };
  }

  async function databaseProcess(): Promise<number> {
    const written = await readFile(path.join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8');
    return Number(written.split('\n')[0]);
  }

  /** It ends by itself after its service was killed, a moment later, and writes until then. */
  async function databaseEnded(): Promise<void> {
    const pid = await databaseProcess().catch(() => undefined);
    if (pid !== undefined) await until(() => !isAlive(pid), `the database process ${pid} to end`);
  }

  return {
    dataDir,
    client,
    start: async (options = {}) => startServiceProcess(await environment(options)),
    startUnawaited: async (options = {}) => runService(await environment(options)),
    createTarget: () => createTarget(client),
    createFlow: (...flow) => createFlow(client, ...flow),
    invites: () => wholeLinesOf(inviteLog).filter((line) => line.kind === 'invite'),
    answers: () => wholeLinesOf(inviteLog).filter((line) => line.kind === 'answered'),
    facts: (stream) => wholeLinesOf(path.join(dataDir, 'events', `${stream}.jsonl`)),
    audited: () =>
      readdirSync(path.join(dataDir, 'audit')).flatMap((file) =>
        wholeLinesOf(path.join(dataDir, 'audit', file)),
      ),
    databaseProcess,
    async close() {
      client.destroy();
      await endAllProcesses();
      await databaseEnded();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The request for one call. */
export function startOf(
  { instanceId, flowId, queueId }: CallTarget,
  call: { readonly token: string; readonly number: string },
): StartOutboundVoiceContactCommand {
  return new StartOutboundVoiceContactCommand({
    InstanceId: instanceId,
    ContactFlowId: flowId,
    QueueId: queueId,
    DestinationPhoneNumber: call.number,
    ClientToken: call.token,
  });
}

function configuration(trunkAddress: string, concurrentActiveCalls: number, caps: string): string {
  return `
accessKeys:
  - { accessKeyId: ${accessKey.accessKeyId}, secretAccessKey: ${accessKey.secretAccessKey} }
trunks:
  - { name: carrier, address: "${trunkAddress}" }
countries: [US]
phoneNumbers: ["+12065550199"]
quotas: { rates: generous, concurrentActiveCalls: ${concurrentActiveCalls} }
caps: ${caps}
speech: { kind: "off" }
`;
}

async function createTarget(client: ConnectClient): Promise<CallTarget> {
  const instances = await client.send(new ListInstancesCommand({}));
  const instanceId = instances.InstanceSummaryList?.[0]?.Id;
  const queues = await client.send(new ListQueuesCommand({ InstanceId: instanceId }));
  const queueId = queues.QueueSummaryList?.[0]?.Id;
  assert.ok(instanceId && queueId);
  const flowId = await createFlow(client, instanceId, `Two beeps ${randomUUID()}`, [
    playPrompt('beep', 'Beep.wav', 'remember'),
    setAttributes('remember', { beeps: '1' }, 'beep again'),
    playPrompt('beep again', 'Beep.wav', 'hang up'),
    hangUp,
  ]);
  return { instanceId, queueId, flowId };
}

async function createFlow(
  client: ConnectClient,
  InstanceId: string,
  Name: string,
  Actions: readonly object[],
): Promise<string> {
  const [start] = Actions as readonly { readonly Identifier: string }[];
  const { ContactFlowId } = await client.send(
    new CreateContactFlowCommand({
      InstanceId,
      Name,
      Type: 'CONTACT_FLOW',
      Content: JSON.stringify({
        Version: '2019-10-30',
        StartAction: start?.Identifier,
        Metadata: {},
        Actions,
      }),
    }),
  );
  assert.ok(ContactFlowId);
  return ContactFlowId;
}

function wholeLinesOf(file: string): Fact[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').flatMap(parsed);
}

/** None where the line is torn or still being written. */
function parsed(line: string): Fact[] {
  try {
    return [JSON.parse(line) as Fact];
  } catch {
    return [];
  }
}
