/** Phase T: from the agent's accept to audio in both directions, in a whole service with auto-accept and without whispers. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeMulaw, readWav, rms, toneLevel } from '@ringback/media';
import { ScriptedAgent, untilDefined } from '@ringback/testkit';
import { createFlow } from './bench-flows.ts';
import { type BenchService, startBenchService } from './bench-service.ts';
import { spreadOf } from './percentiles.ts';
import type { PhaseResult } from './results.ts';

export interface TalkOptions {
  readonly talks: number;
}

/** A magic number: a person answers at once, with noise behind. */
const person = '+12065550101';
const agentHz = 1000;
const username = 'bench';
const password = 'Correct-horse-1';
const patienceMs = 30_000;
/** Packets of 20 ms of a talk before it is ended. */
const packetsOfTalk = 25;

/** Whispers that say nothing: the API takes no flow that turns them off. */
async function createQueueFlow(service: BenchService): Promise<string> {
  const silent = [{ Identifier: 'end', Type: 'EndFlowExecution', Parameters: {}, Transitions: {} }];
  const forAgent = await createFlow(service, {
    name: 'Silent agent',
    type: 'AGENT_WHISPER',
    actions: silent,
  });
  const forCustomer = await createFlow(service, {
    name: 'Silent customer',
    type: 'CUSTOMER_WHISPER',
    actions: silent,
  });
  const errors = [{ NextAction: 'end', ErrorType: 'NoMatchingError' }];
  return createFlow(service, {
    name: 'To the queue',
    actions: [
      {
        Identifier: 'agent',
        Type: 'UpdateContactEventHooks',
        Parameters: { EventHooks: { AgentWhisper: forAgent } },
        Transitions: { NextAction: 'customer', Errors: errors },
      },
      {
        Identifier: 'customer',
        Type: 'UpdateContactEventHooks',
        Parameters: { EventHooks: { CustomerWhisper: forCustomer } },
        Transitions: { NextAction: 'queue', Errors: errors },
      },
      {
        Identifier: 'queue',
        Type: 'TransferContactToQueue',
        Parameters: {},
        Transitions: { NextAction: 'end', Errors: errors },
      },
      { Identifier: 'end', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} },
    ],
  });
}

export async function measureTalkLatency({ talks }: TalkOptions): Promise<PhaseResult> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ringback-talk-'));
  // As root the database runs as another user, which must be able to reach its files.
  await chmod(directory, 0o711);
  const service = await startBenchService({
    directory,
    config: { speech: { kind: 'off' } },
    rtpPorts: '20000-29999',
    profileDirectory: undefined,
  });
  try {
    return await measure(service, path.join(directory, 'data'), talks);
  } finally {
    await service.end('kill');
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(service: BenchService, dataDir: string, talks: number): Promise<PhaseResult> {
  const { instanceId } = service;
  await createAgent(service);
  const flowId = await createQueueFlow(service);
  const queues = (await service.call('GET', `/queues-summary/${instanceId}`)) as {
    QueueSummaryList: readonly { Id: string; QueueType: string }[];
  };
  const queueId = queues.QueueSummaryList.find(({ QueueType }) => QueueType === 'STANDARD')?.Id;
  const agent = await ScriptedAgent.signIn({
    url: `http://${service.host}:${service.port}`,
    username,
    password,
    toneHz: agentHz,
  });
  const tookMs: number[] = [];
  let heardByAgent = 0;
  try {
    await agent.connectSoftphone();
    agent.speak();
    await agent.setStatus('Available');
    for (let n = 0; n < talks; n += 1) {
      const heardBefore = agent.heard.length;
      const { ContactId: contactId } = (await service.call('PUT', '/contact/outbound-voice', {
        InstanceId: instanceId,
        ContactFlowId: flowId,
        QueueId: queueId,
        DestinationPhoneNumber: person,
      })) as { ContactId: string };
      await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
      await agent.untilHeard(packetsOfTalk);
      if (rms(decodeMulaw(Buffer.concat(agent.heard.slice(heardBefore)))) > 0) heardByAgent += 1;
      await agent.do({ do: 'hangUp', contactId });
      await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
      await agent.do({ do: 'clear', contactId });
      await agent.until('a free agent', ({ contact }) => contact === undefined);
      tookMs.push(
        await untilDefined(patienceMs, 'no event told of the talk', () => timeToTalk(dataDir, contactId)),
      );
    }
  } finally {
    await agent.close();
  }
  const spread = spreadOf(tookMs);
  const p95 = tookMs.toSorted((a, b) => a - b)[Math.ceil(tookMs.length * 0.95) - 1] ?? 0;
  const heardByPhones = await untilDefined(patienceMs, 'not every phone heard the agent', () => {
    const heard = phonesThatHeard(dataDir, agentHz);
    return heard >= talks ? heard : undefined;
  }).catch(() => phonesThatHeard(dataDir, agentHz));
  const complaints = service.complaints();
  return {
    phase: 'T',
    title: `talk: ${talks} calls, one after the other, from the accept (auto-accept, no whispers) to both being joined and told so`,
    figures: [
      { name: 'accept to talk, p50', value: spread.p50, unit: 'ms' },
      {
        name: 'accept to talk, p95',
        value: p95,
        unit: 'ms',
        note: 'goal ≤ 300, with the next frame of 20 ms',
      },
      { name: 'accept to talk, max', value: spread.max, unit: 'ms' },
    ],
    checks: [
      { what: 'the agent heard every customer', ok: heardByAgent === talks },
      {
        what: 'every customer heard the agent',
        ok: heardByPhones === talks,
        detail: `${heardByPhones} of ${talks}`,
      },
      {
        what: 'the service logged no warning',
        ok: complaints.length === 0,
        ...(complaints[0] ? { detail: complaints[0] } : {}),
      },
    ],
  };
}

/** An agent for whom calls are accepted. */
async function createAgent(service: BenchService): Promise<void> {
  const { instanceId } = service;
  const { RoutingProfileSummaryList: profiles } = (await service.call(
    'GET',
    `/routing-profiles-summary/${instanceId}`,
  )) as { RoutingProfileSummaryList: readonly { Id: string }[] };
  const { SecurityProfileSummaryList: rights } = (await service.call(
    'GET',
    `/security-profiles-summary/${instanceId}`,
  )) as { SecurityProfileSummaryList: readonly { Id: string; Name: string }[] };
  await service.call('PUT', `/users/${instanceId}`, {
    Username: username,
    Password: password,
    IdentityInfo: { FirstName: 'Ada', LastName: 'Bench' },
    PhoneConfig: { PhoneType: 'SOFT_PHONE', AutoAccept: true, AfterContactWorkTimeLimit: 0 },
    SecurityProfileIds: rights.filter(({ Name }) => Name === 'Agent').map(({ Id }) => Id),
    RoutingProfileId: profiles[0]?.Id,
  });
}

interface SnapshotOfAgent {
  readonly Contacts: readonly { ContactId: string; State: string; StateStartTimestamp: string }[];
}

/**
 * From accepted to connected by the service's clock, as its agent event tells: the two are joined in between, and the commits
 * that say so are counted as well. Undefined while the event has not come.
 */
function timeToTalk(dataDir: string, contactId: string): number | undefined {
  const file = path.join(dataDir, 'events', 'agent-events.jsonl');
  if (!existsSync(file)) return undefined;
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const event = JSON.parse(line) as {
      CurrentAgentSnapshot?: SnapshotOfAgent;
      PreviousAgentSnapshot?: SnapshotOfAgent;
    };
    const inState = (snapshot: SnapshotOfAgent | undefined, state: string) =>
      snapshot?.Contacts.find((held) => held.ContactId === contactId && held.State === state);
    const connected = inState(event.CurrentAgentSnapshot, 'CONNECTED');
    const accepted = inState(event.PreviousAgentSnapshot, 'CONNECTING');
    if (connected && accepted)
      return Date.parse(connected.StateStartTimestamp) - Date.parse(accepted.StateStartTimestamp);
  }
  return undefined;
}

/** Recordings of the carrier's phones in which the agent's tone is what was heard most for a quarter of a second. */
function phonesThatHeard(dataDir: string, hz: number): number {
  const folder = path.join(dataDir, 'carrier', 'phones');
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).filter((file) => {
    const [heard] = readWav(readFileSync(path.join(folder, file))).channels;
    for (let at = 0; heard && at + 2000 <= heard.length; at += 1000) {
      if (toneLevel(heard.subarray(at, at + 2000), 8000, hz) > 0.5) return true;
    }
    return false;
  }).length;
}
