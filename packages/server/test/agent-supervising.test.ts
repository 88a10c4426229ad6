/** Supervisors and recordings of conversations under way, through the official SDK against a running service. Audio is measured at every end. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import {
  MonitorContactCommand,
  type MonitorContactCommandInput,
  ResumeContactRecordingCommand,
  StartContactRecordingCommand,
  StopContactCommand,
  StopContactRecordingCommand,
  SuspendContactRecordingCommand,
} from '@aws-sdk/client-connect';
import { readWav } from '@ringback/media';
import type { ScriptedAgent } from '@ringback/testkit';
import { transferToQueue } from './support/flow-actions.ts';
import { loudest, phoneHears } from './support/phone-hears.ts';
import {
  agentAtWork,
  conversationOf,
  createTeamUser,
  finishWork,
  hears,
  hearsNot,
  teamPassword,
  untilParties,
} from './support/team-at-work.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const agentHz = 1000;
const supervisorHz = 1500;
/** Says hello in a noisy street, and listens there. */
const person = '+12065550101';
const another = '+12065550100';

describe('a conversation under way', () => {
  let ringback: TestService;
  let agent: ScriptedAgent;
  let supervisor: ScriptedAgent;
  let analyst: ScriptedAgent;
  let supervisorId: string;
  let listenerId: string;
  let awayId: string;
  let agentId: string;
  let flowId: string;

  before(async () => {
    ringback = await startTestService();
    flowId = await ringback.createFlow(transferToQueue);
    supervisorId = await createTeamUser(ringback, 'boss', 'CallCenterManager');
    listenerId = await createTeamUser(ringback, 'analyst', 'QualityAnalyst');
    awayId = await createTeamUser(ringback, 'away', 'QualityAnalyst');
    agent = await agentAtWork(ringback, 'agent', 'ringback', agentHz);
    supervisor = await agentAtWork(ringback, 'boss', teamPassword, supervisorHz);
    analyst = await agentAtWork(ringback, 'analyst', teamPassword, 2000);
    agentId = agent.state.agent.id;
  });

  after(async () => {
    await agent?.close();
    await supervisor?.close();
    await analyst?.close();
    await ringback?.close();
  });

  const monitor = async (ContactId: string, more: Partial<MonitorContactCommandInput> = {}) => {
    const { InstanceId, UserId } = { InstanceId: ringback.instanceId, UserId: supervisorId };
    const command = new MonitorContactCommand({ InstanceId, ContactId, UserId, ...more });
    return (await ringback.client.send(command)).ContactId ?? '';
  };

  it('is heard by a supervisor in silence, who barges in, listens again, and leaves it as it was', async () => {
    const contactId = await conversationOf(ringback, agent, person, flowId);
    const token = { ClientToken: 'once', AllowedMonitorCapabilities: ['SILENT_MONITOR', 'BARGE'] as never };
    const own = await monitor(contactId, token);
    assert.equal(
      await monitor(contactId, token),
      own,
      'a repeated request is answered with the same contact',
    );
    await assert.rejects(monitor(contactId, { ...token, UserId: agentId }), {
      name: 'AccessDeniedException',
    });

    await supervisor.until('listening', ({ contact }) => contact?.state === 'CONNECTED');
    assert.deepEqual(supervisor.state.contact?.monitor, {
      mode: 'SILENT_MONITOR',
      allowed: ['SILENT_MONITOR', 'BARGE'],
      contactId,
    });
    assert.deepEqual(
      supervisor.state.contact?.parties.map(({ id, label }) => [id, label]),
      [
        ['customer', person],
        ['agent', 'agent'],
      ],
    );
    await hears(supervisor, agentHz);
    await hearsNot(agent, supervisorHz);
    await untilParties(agent, { customer: 'connected' });
    await assert.rejects(monitor(contactId), { name: 'InvalidRequestException' }, 'the supervisor is busy');
    await assert.rejects(
      ringback.client.send(new StopContactCommand({ InstanceId: ringback.instanceId, ContactId: own })),
      { name: 'InvalidRequestException' },
    );

    agent.silence();
    await supervisor.do({ do: 'monitor', contactId: own, mode: 'BARGE' });
    await untilParties(agent, { customer: 'connected', supervisor: 'connected' });
    await hears(agent, supervisorHz);
    // So long the customer hears the supervisor alone.
    await agent.untilHeard(75);
    agent.speak();

    const second = await monitor(contactId, { UserId: listenerId });
    await analyst.until('listening', ({ contact }) => contact?.state === 'CONNECTED');
    await hears(analyst, agentHz);
    await supervisor.do({ do: 'monitor', contactId: own, mode: 'SILENT_MONITOR' });
    await untilParties(agent, { customer: 'connected' });
    await hearsNot(agent, supervisorHz);
    await analyst.do({ do: 'hangUp', contactId: second });
    await analyst.until('nothing', ({ contact }) => contact === undefined);

    await supervisor.do({ do: 'hangUp', contactId: own });
    await supervisor.until('nothing', ({ contact }) => contact === undefined);
    assert.equal(agent.state.contact?.state, 'CONNECTED');
    await agent.do({ do: 'hangUp', contactId });
    await finishWork(agent, contactId);

    const record = await ringback.record(own);
    assert.equal(record.InitiationMethod, 'MONITOR');
    assert.equal(record.InitialContactId, contactId);
    assert.equal(record.DisconnectReason, 'AGENT_DISCONNECT');
    assert.equal(record.SystemEndpoint, null);
    const part = record.Agent as { Username: string; StateTransitions: { state: string }[] };
    assert.equal(part.Username, 'boss');
    assert.deepEqual(
      part.StateTransitions.map(({ state }) => state),
      ['SILENT_MONITOR', 'BARGE', 'SILENT_MONITOR'],
    );
    assert.deepEqual(
      ringback.events(own).map(({ eventType }) => eventType),
      ['INITIATED', 'CONNECTED_TO_AGENT', 'DISCONNECTED', 'COMPLETED'],
    );
    assert.equal((await ringback.record(contactId)).DisconnectReason, 'AGENT_DISCONNECT');
    await phoneHears(ringback, person, supervisorHz);
  });

  it('ends for the supervisor with the conversation, and may be heard only by who is allowed to', async () => {
    const contactId = await conversationOf(ringback, agent, person, flowId);
    const own = await monitor(contactId);
    await supervisor.until('listening', ({ contact }) => contact?.state === 'CONNECTED');
    await assert.rejects(supervisor.do({ do: 'monitor', contactId: own, mode: 'BARGE' }), {
      code: 'NOT_PERMITTED',
    });
    await assert.rejects(
      monitor(contactId, { UserId: listenerId, AllowedMonitorCapabilities: ['BARGE'] }),
      { name: 'AccessDeniedException' },
      'a quality analyst only listens',
    );
    await assert.rejects(monitor(contactId, { UserId: awayId }), /not signed in/);
    await agent.do({ do: 'hangUp', contactId });
    await finishWork(agent, contactId);
    await supervisor.until('nothing', ({ contact }) => contact === undefined);
    const record = await ringback.record(own);
    assert.deepEqual((record.SegmentAttributes as Record<string, unknown>)['ringback:EndCause'], {
      ValueString: 'MONITORED_CONTACT_ENDED',
    });
    await assert.rejects(monitor(contactId), { name: 'ResourceNotFoundException' });
  });

  it('is recorded by order of the API, with silence where that was suspended, once', async () => {
    const contactId = await conversationOf(ringback, agent, another, flowId);
    const of = { InstanceId: ringback.instanceId, ContactId: contactId, InitialContactId: contactId };
    const start = () =>
      ringback.client.send(
        new StartContactRecordingCommand({
          ...of,
          VoiceRecordingConfiguration: { VoiceRecordingTrack: 'ALL' },
        }),
      );
    await assert.rejects(ringback.client.send(new SuspendContactRecordingCommand(of)), {
      name: 'InvalidRequestException',
    });
    await assert.rejects(
      ringback.client.send(new StartContactRecordingCommand({ ...of, VoiceRecordingConfiguration: {} })),
      { name: 'InvalidParameterException' },
    );
    await start();
    await agent.until('a recording', ({ contact }) => contact?.recording === 'on');
    await assert.rejects(start(), { name: 'InvalidRequestException' });
    await agent.untilHeard(60);
    await ringback.client.send(new SuspendContactRecordingCommand(of));
    await agent.until('no recording', ({ contact }) => contact?.recording === 'suspended');
    await agent.untilHeard(60);
    await ringback.client.send(new ResumeContactRecordingCommand(of));
    await agent.until('a recording', ({ contact }) => contact?.recording === 'on');
    await agent.untilHeard(60);
    await ringback.client.send(new StopContactRecordingCommand(of));
    await agent.until('the end of it', ({ contact }) => contact?.recording === undefined);
    await assert.rejects(start(), /cannot be started again/);
    await assert.rejects(
      ringback.client.send(new StopContactRecordingCommand({ ...of, InitialContactId: ringback.instanceId })),
      { name: 'ResourceNotFoundException' },
    );
    await agent.do({ do: 'hangUp', contactId });
    await finishWork(agent, contactId);
    await assert.rejects(ringback.client.send(new StopContactRecordingCommand(of)), {
      name: 'ResourceNotFoundException',
    });

    const { Recordings } = await ringback.record(contactId);
    const [only, ...more] = Recordings as { Location: string }[];
    assert.equal(more.length, 0, 'one file');
    const [, agents] = readWav(await readFile(only?.Location ?? '')).channels;
    assert.ok(agents);
    const { pauses } = JSON.parse(await readFile((only?.Location ?? '').replace(/wav$/, 'json'), 'utf8'));
    const [pause] = pauses as { fromMs: number; toMs: number }[];
    // Of what was heard meanwhile, some may have waited since before in a machine that stood still.
    assert.ok(pause && pause.toMs - pause.fromMs >= 500, JSON.stringify(pauses));
    const at = (ms: number) => Math.round(ms * 8);
    assert.ok(loudest(agents.subarray(0, at(pause.fromMs)), agentHz) > 0.5, 'the agent before');
    const silent = agents.subarray(at(pause.fromMs) + 400, at(pause.toMs) - 400);
    assert.ok(
      silent.every((sample) => Math.abs(sample) < 50),
      'silence while it was suspended',
    );
    assert.ok(loudest(agents.subarray(at(pause.toMs)), agentHz) > 0.5, 'and after it');
  });

  it('is recorded of the agent alone by order of the API', async () => {
    const contactId = await conversationOf(ringback, agent, person, flowId);
    await ringback.client.send(
      new StartContactRecordingCommand({
        InstanceId: ringback.instanceId,
        ContactId: contactId,
        InitialContactId: contactId,
        VoiceRecordingConfiguration: { VoiceRecordingTrack: 'FROM_AGENT' },
      }),
    );
    await agent.until('a recording', ({ contact }) => contact?.recording === 'on');
    await agent.untilHeard(75);
    await agent.do({ do: 'hangUp', contactId });
    await finishWork(agent, contactId);
    const { Recordings } = await ringback.record(contactId);
    const [only] = Recordings as { Location: string; ParticipantType: string }[];
    assert.equal(only?.ParticipantType, 'AGENT');
    const [customers, agents] = readWav(await readFile(only.Location)).channels;
    assert.ok(customers && agents && loudest(agents, agentHz) > 0.5);
    assert.ok(
      customers.every((sample) => sample === 0),
      'the street behind the customer is heard all the time',
    );
  });
});
