/** Durability, with real processes: the service is killed while it accepts contacts and is started again on the same data; the carrier lives on as the witness. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConnectClient,
  type ConnectClientConfig,
  CreateContactFlowCommand,
  DescribeContactCommand,
  LimitExceededException,
  ListInstancesCommand,
  ListQueuesCommand,
  StartOutboundVoiceContactCommand,
  StopContactCommand,
} from '@aws-sdk/client-connect';
import { hangUp, playPrompt, setAttributes } from './support/flow-actions.ts';
import {
  type CarrierProcess,
  endAllProcesses,
  freePort,
  runService,
  type ServiceProcess,
  startCarrierProcess,
  startServiceProcess,
  until,
} from './support/processes.ts';
import { seededRandom, seedOfThisRun } from './support/seeded-random.ts';
import { linesOf } from './support/test-service.ts';

const seed = seedOfThisRun();
const kills = 10;
/** One more start is killed before it is ready, after every so many kills. */
const killedStartEvery = 4;
/** Requests under way at once while the service is up, and the pause of each between two of them, ms. */
const callers = 3;
const callerPauseMs = 100;
/** Calls that must all fit at the end: each slot that leaked makes one of them fail. */
const slotsAtTheEnd = 6;

/** Phones take turns, so that a kill meets calls that ring, talk, fail and hang up. */
const phones = [
  { reason: 'CONTACT_FLOW_DISCONNECT', steps: [{ step: 'ring', forMs: 100 }, { step: 'answer' }] },
  { reason: 'CONTACT_FLOW_DISCONNECT', steps: [{ step: 'ring', forMs: 900 }, { step: 'answer' }] },
  {
    reason: 'CONTACT_FLOW_DISCONNECT',
    steps: [{ step: 'earlyMedia' }, { step: 'pause', forMs: 400 }, { step: 'answer' }],
  },
  {
    reason: 'TELECOM_BUSY',
    steps: [
      { step: 'ring', forMs: 200 },
      { step: 'reject', status: 486 },
    ],
  },
  {
    reason: 'CUSTOMER_DISCONNECT',
    steps: [{ step: 'ring', forMs: 50 }, { step: 'answer' }, { step: 'hangUp', afterAnswerMs: 150 }],
  },
] as const;
const ringsForEver = '+12065569999';

/** What a death of the service may make of any contact. */
const causesOfDeath = ['SERVICE_RESTARTED', 'DIAL_DELAY_EXCEEDED'];

interface Place {
  readonly directory: string;
  readonly dataDir: string;
  readonly carrier: CarrierProcess;
  readonly inviteLog: string;
  readonly httpPort: number;
  readonly client: ConnectClient;
  start(concurrentActiveCalls?: number): Promise<ServiceProcess>;
  env(concurrentActiveCalls?: number): Promise<Record<string, string>>;
}

const places: Place[] = [];

after(async () => {
  for (const { client } of places) client.destroy();
  await endAllProcesses();
  for (const { directory } of places) await rm(directory, { recursive: true, force: true });
});

describe(`a service that is killed (RINGBACK_TEST_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const requests = new Map<string, Request>();
  let place: Place;
  let target: Target;
  let service: ServiceProcess;

  it(`loses no contact, rings nobody twice and ends each contact once, over ${kills} kills`, async (t) => {
    place = await openPlace();
    service = await place.start();
    target = await createTarget(place.client, callFlow);
    await service.end('SIGTERM');
    service = await place.start();

    for (let kill = 1; kill <= kills; kill += 1) {
      const load = startLoad();
      await sleep(random.between(0, 1500));
      await service.end('SIGKILL');
      await load.stop();
      if (kill % killedStartEvery === 0) await startAndKill();
      service = await place.start();
      await repeatUnanswered();
    }

    const contacts = await endedContacts();
    const reasons = Map.groupBy(contacts, ({ record }) => `${record.DisconnectReason} ${endCauseOf(record)}`);
    for (const [reason, list] of reasons) t.diagnostic(`${list.length} ended ${reason}`);
    checkWitness(contacts);
    checkEndings(contacts);
    checkFacts(contacts);
    const interrupted = contacts.filter(({ record }) => endCauseOf(record) === 'SERVICE_RESTARTED');
    assert.ok(interrupted.length > 0, 'the kills interrupted calls');
    assert.ok(interrupted.length < contacts.length, 'and other calls were lived to their end');
  });

  it('answers every token with its first contact, long after', async () => {
    await Promise.all(
      [...requests.values()].map(async (request) => {
        assert.equal(
          await place.client.send(startOf(request)).then((answer) => answer.ContactId),
          request.contactId,
        );
      }),
    );
  });

  it('has all its call slots back', async () => {
    assert.deepEqual(await service.end('SIGTERM'), { code: 0, signal: null });
    service = await place.start(slotsAtTheEnd);
    const call = () => place.client.send(startOf({ token: randomUUID(), number: ringsForEver }));
    const answers = await Promise.all(Array.from({ length: slotsAtTheEnd }, call));
    await assert.rejects(call(), LimitExceededException);
    for (const { ContactId } of answers) {
      await place.client.send(new StopContactCommand({ InstanceId: target.instanceId, ContactId }));
    }
    assert.deepEqual(await service.end('SIGTERM'), { code: 0, signal: null });
  });

  /** Callers that start contacts until they are told to stop. */
  function startLoad(): { stop(): Promise<void> } {
    let isStopped = false;
    const caller = async (): Promise<void> => {
      while (!isStopped) {
        const request: Request = { token: randomUUID(), number: nextNumber() };
        requests.set(request.token, request);
        await send(request).catch(() => undefined);
        await sleep(callerPauseMs);
      }
    };
    const all = Promise.all(Array.from({ length: callers }, caller));
    return {
      async stop() {
        isStopped = true;
        await all;
      },
    };
  }

  function nextNumber(): string {
    return `+1206556${String(requests.size).padStart(4, '0')}`;
  }

  function startOf({ token, number }: Pick<Request, 'token' | 'number'>): StartOutboundVoiceContactCommand {
    return new StartOutboundVoiceContactCommand({
      InstanceId: target.instanceId,
      ContactFlowId: target.flowId,
      QueueId: target.queueId,
      DestinationPhoneNumber: number,
      ClientToken: token,
    });
  }

  async function send(request: Request): Promise<void> {
    const { ContactId } = await place.client.send(startOf(request));
    if (request.contactId) assert.equal(ContactId, request.contactId, 'a token stands for one contact');
    request.contactId = ContactId;
  }

  /** Whoever got no answer asks again, with the same token: the contact may or may not have been committed. */
  async function repeatUnanswered(): Promise<void> {
    await Promise.all([...requests.values()].filter(({ contactId }) => !contactId).map(send));
  }

  /** A death while the database is opened, or contacts are being recovered. */
  async function startAndKill(): Promise<void> {
    const starting = runService(await place.env());
    await sleep(random.between(300, 3000));
    await starting.end('SIGKILL');
  }

  /** Waits until every contact has ended and its record is delivered. */
  async function endedContacts(): Promise<EndedContact[]> {
    return Promise.all(
      [...requests.values()].map(async ({ contactId, number }) => {
        assert.ok(contactId);
        let reason: string | undefined;
        await until(async () => {
          const { Contact: contact } = await place.client.send(
            new DescribeContactCommand({ InstanceId: target.instanceId, ContactId: contactId }),
          );
          reason = contact?.DisconnectReason;
          return contact?.DisconnectTimestamp !== undefined;
        }, `contact ${contactId} to end`);
        let records: Fact[] = [];
        await until(() => {
          records = factsOf('contact-records').filter((record) => record.ContactId === contactId);
          return records.length > 0;
        }, `the record of contact ${contactId}`);
        const record = records[0] as ContactRecord;
        for (const again of records) assert.deepEqual(again, record, 'a record that came twice is the same');
        assert.equal(record.DisconnectReason, reason, 'the record says what DescribeContact says');
        return { contactId, number, record };
      }),
    );
  }

  function factsOf(stream: 'contact-events' | 'contact-records'): Fact[] {
    return linesOf(path.join(place.dataDir, 'events', `${stream}.jsonl`));
  }

  /** The carrier's log, which no kill touched. */
  function checkWitness(contacts: readonly EndedContact[]): void {
    const invites = linesOf(place.inviteLog).filter((line) => line.kind === 'invite');
    const byNumber = Map.groupBy(invites, (line) => String(line.to));
    const called = new Set(contacts.map(({ number }) => number));
    for (const [number, rung] of byNumber) {
      assert.equal(rung.length, 1, `${number} was invited ${rung.length} times`);
      assert.ok(called.has(number), `${number} was invited, and nobody asked for it`);
    }
    assert.equal(new Set(invites.map((line) => line.callId)).size, invites.length, 'Call-IDs are unique');
    for (const { number, record } of contacts) {
      if (endCauseOf(record) === undefined) assert.ok(byNumber.has(number), `${number} was dialled`);
      if (endCauseOf(record) === 'DIAL_DELAY_EXCEEDED') assert.ok(!byNumber.has(number), `${number} was not`);
    }
  }

  function checkEndings(contacts: readonly EndedContact[]): void {
    assert.equal(new Set(contacts.map(({ contactId }) => contactId)).size, requests.size);
    for (const { number, contactId, record } of contacts) {
      const cause = endCauseOf(record);
      const expected = cause === undefined ? phoneAt(number).reason : 'OTHER';
      assert.equal(record.DisconnectReason, expected, `${contactId} to ${number}: ${cause}`);
      assert.ok(cause === undefined || causesOfDeath.includes(cause), `${contactId} to ${number}: ${cause}`);
    }
  }

  /** Facts may come twice after a kill, but there is one of each, and the first deliveries are in order. */
  function checkFacts(contacts: readonly EndedContact[]): void {
    const events = Map.groupBy(factsOf('contact-events'), ({ detail }) => (detail as EventDetail).contactId);
    const known = new Set(contacts.map(({ contactId }) => contactId));
    for (const contactId of events.keys()) assert.ok(known.has(contactId), `nobody knows ${contactId}`);
    for (const record of factsOf('contact-records')) assert.ok(known.has(String(record.ContactId)));
    for (const { contactId, record } of contacts) {
      const once = new Map(
        (events.get(contactId) ?? []).map((event) => [event.id, event.detail as EventDetail]),
      );
      const types = [...once.values()].map(({ eventType }) => eventType);
      const inOrder = eventOrder.filter((type) => types.includes(type));
      assert.deepEqual(types, inOrder, `each event of ${contactId} happened once, in order`);
      for (const type of ['INITIATED', 'DISCONNECTED', 'COMPLETED']) assert.ok(types.includes(type), type);
      const wasConnected = record.ConnectedToSystemTimestamp !== null;
      assert.equal(types.includes('CONNECTED_TO_SYSTEM'), wasConnected, `${contactId} ${types}`);
    }
  }
});

const eventOrder = ['INITIATED', 'CONNECTED_TO_SYSTEM', 'CONTACT_DATA_UPDATED', 'DISCONNECTED', 'COMPLETED'];

interface Request {
  readonly token: string;
  readonly number: string;
  contactId?: string | undefined;
}

interface Target {
  readonly instanceId: string;
  readonly queueId: string;
  readonly flowId: string;
}

type Fact = Record<string, unknown>;

interface EventDetail {
  readonly contactId: string;
  readonly eventType: string;
}

interface ContactRecord extends Fact {
  readonly DisconnectReason: string;
  readonly ConnectedToSystemTimestamp: string | null;
  readonly SegmentAttributes: Readonly<Record<string, { readonly ValueString: string }>>;
}

interface EndedContact {
  readonly contactId: string;
  readonly number: string;
  readonly record: ContactRecord;
}

function endCauseOf(record: ContactRecord): string | undefined {
  return record.SegmentAttributes['ringback:EndCause']?.ValueString;
}

function phoneAt(number: string): (typeof phones)[number] {
  const phone = phones[Number(number.slice(-4)) % phones.length];
  assert.ok(phone);
  return phone;
}

/** Two beeps with a write between them. */
const callFlow = [
  playPrompt('beep', 'Beep.wav', 'remember'),
  setAttributes('remember', { beeps: '1' }, 'beep again'),
  playPrompt('beep again', 'Beep.wav', 'hang up'),
  hangUp,
];

async function openPlace(): Promise<Place> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ringback-kill-'));
  // The database's user must get through when the tests run as root.
  await chmod(directory, 0o755);
  const scenarioFile = path.join(directory, 'phones.json');
  const numbers: Record<string, unknown> = { [ringsForEver]: [{ step: 'ring', forMs: 'forever' }] };
  for (let n = 0; n < 2000; n += 1) {
    const number = `+1206556${String(n).padStart(4, '0')}`;
    numbers[number] = phoneAt(number).steps;
  }
  await writeFile(scenarioFile, JSON.stringify({ numbers }));
  const inviteLog = path.join(directory, 'invites.jsonl');
  const carrier = await startCarrierProcess({ inviteLog, scenarioFile, rtpPorts: '40000-44999' });
  const httpPort = await freePort();
  const dataDir = path.join(directory, 'data');

  const env = async (concurrentActiveCalls = 1000): Promise<Record<string, string>> => {
    const configFile = path.join(directory, 'ringback.yaml');
    await writeFile(configFile, configuration(carrier.address, concurrentActiveCalls));
    return {
      RINGBACK_CONFIG: configFile,
      RINGBACK_DATA_DIR: dataDir,
      RINGBACK_HTTP_PORT: String(httpPort),
      RINGBACK_SIP_PORT: '0',
      RINGBACK_RTP_PORTS: '45000-49999',
    };
  };
  const place: Place = {
    directory,
    dataDir,
    carrier,
    inviteLog,
    httpPort,
    client: new ConnectClient(clientConfig(`http://127.0.0.1:${httpPort}`)),
    env,
    start: async (concurrentActiveCalls) => startServiceProcess(await env(concurrentActiveCalls)),
  };
  places.push(place);
  return place;
}

const accessKey = { accessKeyId: 'AKIAKILLTEST', secretAccessKey: 'a-secret-of-the-kill-test' };

/** One attempt, so that the test alone decides what is repeated. */
function clientConfig(endpoint: string): ConnectClientConfig {
  return { endpoint, region: 'us-east-1', credentials: accessKey, maxAttempts: 1 };
}

function configuration(trunkAddress: string, concurrentActiveCalls: number): string {
  return `
accessKeys:
  - { accessKeyId: ${accessKey.accessKeyId}, secretAccessKey: ${accessKey.secretAccessKey} }
trunks:
  - { name: carrier, address: "${trunkAddress}" }
countries: [US]
phoneNumbers: ["+12065550199"]
quotas: { concurrentActiveCalls: ${concurrentActiveCalls} }
speech: { kind: "off" }
`;
}

async function createTarget(client: ConnectClient, actions: readonly object[]): Promise<Target> {
  const instances = await client.send(new ListInstancesCommand({}));
  const instanceId = instances.InstanceSummaryList?.[0]?.Id;
  const queues = await client.send(new ListQueuesCommand({ InstanceId: instanceId }));
  const queueId = queues.QueueSummaryList?.[0]?.Id;
  const flow = await client.send(
    new CreateContactFlowCommand({
      InstanceId: instanceId,
      Name: `Flow ${randomUUID()}`,
      Type: 'CONTACT_FLOW',
      Content: JSON.stringify({
        Version: '2019-10-30',
        StartAction: (actions[0] as { Identifier: string }).Identifier,
        Metadata: {},
        Actions: actions,
      }),
    }),
  );
  assert.ok(instanceId && queueId && flow.ContactFlowId);
  return { instanceId, queueId, flowId: flow.ContactFlowId };
}
