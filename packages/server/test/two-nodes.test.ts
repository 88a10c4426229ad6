/** Nodes on one database, asked about contacts of one another: orders reach the call wherever it is, and a webhook gets each fact from one of them. Audio and SIP are looked at where the call is. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  ConnectClient,
  MonitorContactCommand,
  ResumeContactRecordingCommand,
  StartContactRecordingCommand,
  StartOutboundVoiceContactCommand,
  StopContactCommand,
  StopContactRecordingCommand,
  SuspendContactRecordingCommand,
} from '@aws-sdk/client-connect';
import { readWav } from '@ringback/media';
import { ScriptedAgent } from '@ringback/testkit';
import { Client } from 'pg';
import { factsOfSharedRow } from '../src/store/alike-facts.ts';
import type { EmbeddedPostgres } from '../src/store/embedded-postgres/start-embedded-postgres.ts';
import { placePreparedDatabase, startTestPostgres } from '../src/test-support/prepared-database.ts';
import { transferToQueue } from './support/flow-actions.ts';
import { loudest } from './support/phone-hears.ts';
import { endAllProcesses, type ServiceProcess, startServiceProcess, until } from './support/processes.ts';
import {
  agentAtWork,
  conversationOf,
  createTeamUser,
  finishWork,
  hears,
  teamPassword,
} from './support/team-at-work.ts';
import { linesOf, startTestService, type TestService, untilDefined } from './support/test-service.ts';

const agentHz = 1000;
/** Says hello in a noisy street, and listens there. */
const person = '+12065550101';
const silent = '+12065550103';
const ringsForEver = '+12065550121';

describe('a contact of one node, asked about at another', () => {
  let scratch: string;
  let otherDataDir: string;
  let postgres: EmbeddedPostgres;
  let database: Client;
  /** Where both nodes send their facts. */
  let webhook: Server;
  /** Contact and sequence of each fact that came there. */
  const received: string[] = [];
  /** Has the calls and their agents. */
  let owner: TestService;
  /** Is asked, a process of its own. It was there first, so that the facts are its to deliver. */
  let other: ServiceProcess;
  let client: ConnectClient;
  let flowId: string;

  before(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
    // As root the database runs as another user, which must be able to reach its files.
    await chmod(scratch, 0o711);
    const dataDir = path.join(scratch, 'data');
    await placePreparedDatabase(dataDir);
    postgres = await startTestPostgres(dataDir);
    database = new Client({ connectionString: postgres.connectionString });
    await database.connect();
    webhook = createServer((request, response) => {
      received.push(String(request.headers['x-ringback-delivery']));
      request.resume();
      response.end();
    });
    await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
    const { port } = webhook.address() as AddressInfo;
    const yaml = `sinks: [{kind: webhook, name: hook, url: "http://127.0.0.1:${port}"}]\n`;
    const configFile = path.join(scratch, 'ringback.yaml');
    await writeFile(configFile, yaml);
    otherDataDir = path.join(scratch, 'other');
    other = await startServiceProcess({
      RINGBACK_CONFIG: configFile,
      RINGBACK_DATABASE_URL: postgres.connectionString,
      RINGBACK_DATA_DIR: otherDataDir,
      RINGBACK_HTTP_PORT: '0',
      RINGBACK_SIP_PORT: '0',
    });
    owner = await startTestService(yaml, undefined, postgres.connectionString);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
    client = new ConnectClient({ endpoint: other.url, region: 'us-east-1', credentials });
    flowId = await owner.createFlow(transferToQueue);
  });

  after(async () => {
    client?.destroy();
    await endAllProcesses();
    await owner?.close();
    webhook?.closeAllConnections();
    webhook?.close();
    await database?.end();
    await postgres?.close();
    await rm(scratch, { recursive: true, force: true });
  });

  const of = (contactId: string) => ({ InstanceId: owner.instanceId, ContactId: contactId });

  /** What the phone says of its call, of this kind. */
  const atPhone = (number: string, kind: string, dataDir = owner.dataDir) =>
    untilDefined(20_000, `the phone ${number} tells of no "${kind}"`, async () =>
      linesOf(path.join(dataDir, 'carrier', 'invites.jsonl')).find(
        (line) => line.to === number && line.kind === kind,
      ),
    );

  /** Resolves when every fact that is committed by now has come to the webhook. */
  const allToldOf = async (): Promise<void> => {
    const { rows } = await database.query('SELECT contact_id, sequence, facts, payload FROM outbox');
    const facts = rows.flatMap((row) =>
      row.facts === null
        ? `${row.contact_id}/${row.sequence}`
        : factsOfSharedRow(row.payload).map(({ contactId, sequence }) => `${contactId}/${sequence}`),
    );
    assert.notDeepEqual(facts, []);
    await until(() => facts.every((fact) => received.includes(fact)), 'the facts to come to the webhook');
  };

  const tellsOfItsTurn = (): boolean => other.lines.some((line) => line.includes('this node delivers'));

  it('is stopped: the phone that talks gets a BYE, the one that rings a CANCEL', async () => {
    for (const [number, when, how, cause] of [
      [silent, 'answered', 'bye', 'OTHER'],
      [ringsForEver, 'invite', 'cancel', 'TELECOM_ORIGINATOR_CANCEL'],
    ] as const) {
      const contactId = await owner.call(number, flowId);
      await atPhone(number, when);
      await client.send(new StopContactCommand(of(contactId)));
      const end = await atPhone(number, 'ended');
      assert.deepEqual([end.by, end.how], ['caller', how]);
      const contact = await owner.ended(contactId);
      assert.equal(contact.DisconnectReason, cause);
      assert.equal(contact.SegmentAttributes?.['ringback:EndCause']?.ValueString, 'STOPPED_BY_API');
      await assert.rejects(client.send(new StopContactCommand(of(contactId))), {
        name: 'ContactNotFoundException',
      });
    }
  });

  describe('in which an agent talks', () => {
    let agent: ScriptedAgent;
    let contactId: string;

    before(async () => {
      agent = await agentAtWork(owner, 'agent', 'ringback', agentHz);
      contactId = await conversationOf(owner, agent, person, flowId);
    });

    after(() => agent?.close());

    it('is heard by a supervisor, once the page is at its own node', async () => {
      const UserId = await createTeamUser(owner, 'boss', 'CallCenterManager');
      const monitor = () =>
        client.send(new MonitorContactCommand({ ...of(contactId), UserId, ClientToken: 'once' }));
      const boss = { username: 'boss', password: teamPassword };
      const elsewhere = await ScriptedAgent.signIn({ url: other.url, ...boss });
      await assert.rejects(monitor(), { name: 'InvalidRequestException', message: /at the node/ });
      await elsewhere.close();

      const supervisor = await agentAtWork(owner, boss.username, boss.password, 1500);
      try {
        const { ContactId: own } = await monitor();
        assert.equal((await monitor()).ContactId, own, 'a repeated request has the same answer');
        await supervisor.until('listening', ({ contact }) => contact?.state === 'CONNECTED');
        await hears(supervisor, agentHz);
      } finally {
        await supervisor.close();
      }
    });

    it('is recorded by order, with the refusals that its own node would give', async () => {
      const recorded = { ...of(contactId), InitialContactId: contactId };
      const start = () =>
        client.send(
          new StartContactRecordingCommand({
            ...recorded,
            VoiceRecordingConfiguration: { VoiceRecordingTrack: 'FROM_AGENT' },
          }),
        );
      const suspend = () => client.send(new SuspendContactRecordingCommand(recorded));
      await assert.rejects(suspend(), { name: 'InvalidRequestException', message: /not being recorded/ });
      await start();
      await agent.until('a recording', ({ contact }) => contact?.recording === 'on');
      await assert.rejects(start(), { name: 'InvalidRequestException', message: /recorded already/ });
      await agent.untilHeard(60);
      await suspend();
      await agent.until('no recording', ({ contact }) => contact?.recording === 'suspended');
      await agent.untilHeard(60);
      await client.send(new ResumeContactRecordingCommand(recorded));
      await agent.until('a recording', ({ contact }) => contact?.recording === 'on');
      await client.send(new StopContactRecordingCommand(recorded));
      await agent.until('the end of it', ({ contact }) => contact?.recording === undefined);
      await assert.rejects(start(), { name: 'InvalidRequestException', message: /cannot be started again/ });
      await client.send(new StopContactCommand(of(contactId)));
      await finishWork(agent, contactId);

      const [only, ...more] = (await owner.ended(contactId)).Recordings ?? [];
      assert.deepEqual([only?.ParticipantType, more], ['AGENT', []]);
      const file = only?.Location ?? '';
      assert.ok(file.startsWith(owner.dataDir), 'it is where the call was');
      const [, said] = readWav(await readFile(file)).channels;
      const { pauses } = JSON.parse(await readFile(file.replace(/wav$/, 'json'), 'utf8'));
      const [pause] = pauses as { fromMs: number; toMs: number }[];
      // Of what was heard meanwhile, some may have waited since before in a machine that stood still.
      assert.ok(said && pause && pause.toMs - pause.fromMs >= 500, JSON.stringify(pauses));
      const [from, to] = [pause.fromMs * 8, pause.toMs * 8].map(Math.round);
      assert.ok(loudest(said.subarray(0, from), agentHz) > 0.5, 'the agent before');
      assert.ok(loudest(said.subarray(from, to), agentHz) < 0.1, 'silence while it was suspended');
    });
  });

  it('is told of to a webhook by one node, each fact once', async () => {
    await allToldOf();
    assert.equal(received.length, new Set(received).size);
    assert.equal(tellsOfItsTurn(), true, 'the node that has none of the calls');
  });

  it('has its orders decided by the takeover when its node dies with them', async () => {
    const call = async (DestinationPhoneNumber: string): Promise<string> => {
      const { instanceId: InstanceId, queueId: QueueId } = owner;
      const request = { InstanceId, QueueId, ContactFlowId: flowId, DestinationPhoneNumber };
      return (await client.send(new StartOutboundVoiceContactCommand(request))).ContactId ?? '';
    };
    const [ringing, talking] = [await call(ringsForEver), await call(silent)];
    await atPhone(ringsForEver, 'invite', otherDataDir);
    await atPhone(silent, 'answered', otherDataDir);
    // It answers nobody any more, but its lease still runs.
    process.kill(other.pid, 'SIGSTOP');
    await owner.client.send(new StopContactCommand(of(ringing)));
    const refused = assert.rejects(
      owner.client.send(new StopContactRecordingCommand({ ...of(talking), InitialContactId: talking })),
      { name: 'ResourceNotFoundException' },
    );
    const ordersOf = async (contactId: string) =>
      (await database.query('SELECT FROM contact_order WHERE contact_id = $1', [contactId])).rows.length;
    await until(async () => (await ordersOf(talking)) > 0, 'the order to be committed');
    await other.end('SIGKILL');
    await refused;
    assert.equal(await ordersOf(talking), 0, 'what was answered is gone');
    for (const contactId of [ringing, talking]) {
      const { SegmentAttributes } = await owner.ended(contactId);
      assert.equal(SegmentAttributes?.['ringback:EndCause']?.ValueString, 'SERVICE_RESTARTED');
    }
    await allToldOf();
  });
});
