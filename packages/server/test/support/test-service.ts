/** A whole service of its own for one test file: free ports, a temporary data directory, the official SDK as the client. */
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  ConnectClient,
  type Contact,
  type ContactFlowType,
  CreateContactFlowCommand,
  DescribeContactCommand,
  ListInstancesCommand,
  ListQueuesCommand,
  StartOutboundVoiceContactCommand,
  type StartOutboundVoiceContactCommandInput,
} from '@aws-sdk/client-connect';
import { readWav } from '@ringback/media';
import { untilDefined } from '@ringback/testkit';
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import { type Service, startService } from '../../src/service.ts';
import { placePreparedDatabase } from '../../src/test-support/prepared-database.ts';
import type { TimelineEntry } from '../../src/timeline.ts';

export { untilDefined } from '@ringback/testkit';

/** The `detail` of a contact event, as far as tests look at it. */
export interface EventDetail {
  readonly eventType: string;
  readonly contactId: string;
  readonly initiationTimestamp: string;
  readonly connectedToSystemTimestamp?: string;
  readonly disconnectTimestamp?: string;
  readonly segmentAttributes: Readonly<Record<string, { readonly valueString: string }>>;
  readonly updatedProperties?: readonly string[];
  readonly answeringMachineDetectionStatus?: string;
}

export interface TestService {
  readonly service: Service;
  readonly client: ConnectClient;
  readonly dataDir: string;
  readonly instanceId: string;
  readonly queueId: string;
  readonly timeline: readonly TimelineEntry[];
  /** Creates a published flow, a contact flow unless said otherwise, from its actions; the first one is the start. */
  createFlow(actions: readonly object[], type?: ContactFlowType): Promise<string>;
  /** Places a call from the queue's number; `more` adds or replaces members. */
  call(
    number: string,
    flowId: string,
    more?: Partial<StartOutboundVoiceContactCommandInput>,
  ): Promise<string>;
  /** Resolves with the ended contact; looks every 100 ms for at most `withinMs`. */
  ended(contactId: string, withinMs?: number): Promise<Contact>;
  /** The delivered record. */
  record(contactId: string): Promise<Readonly<Record<string, unknown>>>;
  /** Delivered events of a contact, in the order of delivery. */
  events(contactId: string): readonly EventDetail[];
  /** What the phone that was dialled at `number` heard (left) and said (right); undefined when it never answered. */
  phoneHeard(number: string): Promise<readonly [heard: Int16Array, said: Int16Array] | undefined>;
  close(): Promise<void>;
}

/**
 * Starts a service. `yaml` is a configuration file's text; `logger` takes what is logged, which is dropped otherwise; with
 * `databaseUrl` it is a node beside others on one database.
 */
export async function startTestService(
  yaml = '',
  logger = pino({ level: process.env.RINGBACK_TEST_LOG ?? 'silent' }),
  databaseUrl = '',
): Promise<TestService> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
  // As root the database runs as another user, which must be able to reach its files.
  await chmod(dataDir, 0o711);
  const configFile = path.join(dataDir, 'ringback.yaml');
  await writeFile(configFile, yaml);
  const config = loadConfig({
    RINGBACK_CONFIG: configFile,
    RINGBACK_DATA_DIR: path.join(dataDir, 'data'),
    RINGBACK_HTTP_PORT: '0',
    RINGBACK_SIP_PORT: '0',
    RINGBACK_DATABASE_URL: databaseUrl,
  });
  const timeline: TimelineEntry[] = [];
  if (!databaseUrl) await placePreparedDatabase(config.dataDir);
  const service = await startService({
    config,
    logger,
    observe: (entry) => timeline.push(entry),
  });
  const key = config.accessKeys[0];
  const client = new ConnectClient({
    endpoint: service.url,
    region: 'us-east-1',
    credentials: {
      accessKeyId: key?.accessKeyId ?? 'test',
      secretAccessKey: key?.secretAccessKey ?? 'test-secret',
    },
  });
  const instances = await client.send(new ListInstancesCommand({}));
  const instanceId = required(instances.InstanceSummaryList?.[0]?.Id);
  const queues = await client.send(new ListQueuesCommand({ InstanceId: instanceId }));
  const queueId = required(queues.QueueSummaryList?.[0]?.Id);
  const fileOf = (stream: string) => path.join(config.dataDir, 'events', `${stream}.jsonl`);
  let flows = 0;

  return {
    service,
    client,
    dataDir: config.dataDir,
    instanceId,
    queueId,
    timeline,
    async createFlow(actions, type = 'CONTACT_FLOW') {
      flows += 1;
      const start = required((actions[0] as { Identifier?: string }).Identifier);
      const created = await client.send(
        new CreateContactFlowCommand({
          InstanceId: instanceId,
          Name: `Test flow ${flows}`,
          Type: type,
          Content: JSON.stringify({
            Version: '2019-10-30',
            StartAction: start,
            Metadata: {},
            Actions: actions,
          }),
        }),
      );
      return required(created.ContactFlowId);
    },
    async call(number, flowId, more = {}) {
      const answer = await client.send(
        new StartOutboundVoiceContactCommand({
          InstanceId: instanceId,
          ContactFlowId: flowId,
          QueueId: queueId,
          DestinationPhoneNumber: number,
          ...more,
        }),
      );
      return required(answer.ContactId);
    },
    async ended(contactId, withinMs = 90_000) {
      return untilDefined(withinMs, `contact ${contactId} did not end`, async () => {
        const { Contact: contact } = await client.send(
          new DescribeContactCommand({ InstanceId: instanceId, ContactId: contactId }),
        );
        return contact?.DisconnectTimestamp ? contact : undefined;
      });
    },
    record: (contactId) =>
      untilDefined(20_000, `no record of contact ${contactId} was delivered`, async () =>
        linesOf(fileOf('contact-records')).find((line) => line.ContactId === contactId),
      ),
    events: (contactId) =>
      linesOf(fileOf('contact-events'))
        .map((line) => line.detail as EventDetail)
        .filter((detail) => detail.contactId === contactId),
    async phoneHeard(number) {
      const invite = linesOf(path.join(config.dataDir, 'carrier', 'invites.jsonl')).find(
        (line) => line.kind === 'invite' && String(line.to).includes(number),
      );
      const file = path.join(config.dataDir, 'carrier', 'phones', `${String(invite?.callId)}.wav`);
      if (!invite || !existsSync(file)) return undefined;
      const [heard, said] = readWav(readFileSync(file)).channels;
      return heard && said ? [heard, said] : undefined;
    },
    async close() {
      client.destroy();
      await service.close({ patienceMs: 0 });
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** JSON lines of a file; none when it does not exist yet. A last line that is still being written is left out. */
export function linesOf(file: string): Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the service left out a member that this test needs');
  return value;
}
