/** An agent at work against a running service: a queued contact is taken, spoken with, held, handed on and finished. Audio is measured at both ends. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  CreateQueueCommand,
  DescribeContactCommand,
  DescribeQueueCommand,
  ListUsersCommand,
  StopContactCommand,
  UpdateContactAttributesCommand,
  UpdateInstanceAttributeCommand,
  UpdateQueueOutboundCallerConfigCommand,
  UpdateUserPhoneConfigCommand,
} from '@aws-sdk/client-connect';
import { decodeMulaw, rms, toneLevel } from '@ringback/media';
import { ScriptedAgent } from '@ringback/testkit';
import {
  compare,
  endFlow,
  hangUp,
  say,
  setAttributes,
  setHook,
  transferToNumber,
  transferToQueue,
  wait,
} from './support/flow-actions.ts';
import { phoneHears } from './support/phone-hears.ts';
import { acceptOffer, clear, createTeamUser, finishWork, teamPassword } from './support/team-at-work.ts';
import { linesOf, startTestService, type TestService, untilDefined } from './support/test-service.ts';

const agentHz = 1000;
/** Says hello and listens. */
const person = '+12065550101';
const ringsTwoSeconds = '+12065550100';
/** A business greeting, after ringing for two seconds. */
const firm = '+12065550102';
const busy = '+12065550120';
/** Special information tones as early media, then 404. */
const announcesNoNumber = '+12065550124';
/** Answers and hangs up after three seconds. */
const impatient = '+12065550130';
const theAgent = '$.Agent.UserName $.Agent.FirstName $.Agent.LastName';
const nameOfAgent = 'agent Ada Agent';

describe('an agent', () => {
  let ringback: TestService;
  let agent: ScriptedAgent;
  let flowId: string;

  before(async () => {
    ringback = await startTestService('quotas: { resources: { contactsPerAgentQueue: 1 } }');
    flowId = await ringback.createFlow(transferToQueue);
    await setOutboundWhisper();
    agent = await ScriptedAgent.signIn({
      url: ringback.service.url,
      username: 'agent',
      password: 'ringback',
      toneHz: agentHz,
    });
    await agent.connectSoftphone();
    agent.speak();
    await agent.setStatus('Available');
  });

  after(async () => {
    await agent?.close();
    await ringback?.close();
  });

  /** Tells a customer who answers, and the contact, that an agent called. */
  async function setOutboundWhisper(): Promise<void> {
    const { client, instanceId: InstanceId, queueId: QueueId } = ringback;
    const OutboundFlowId = await ringback.createFlow(
      [
        setAttributes('set', { answered: theAgent }, 'say'),
        say('say', 'This call may be recorded.', 'end'),
        endFlow,
      ],
      'OUTBOUND_WHISPER',
    );
    const { Queue } = await client.send(new DescribeQueueCommand({ InstanceId, QueueId }));
    const OutboundCallerConfig = { ...Queue?.OutboundCallerConfig, OutboundFlowId };
    await client.send(
      new UpdateQueueOutboundCallerConfigCommand({ InstanceId, QueueId, OutboundCallerConfig }),
    );
  }

  /** Names of the flows that a contact went through, in order of their first steps. */
  function flowsOf(contactId: string): string[] {
    const names = ringback.timeline.flatMap((entry) =>
      entry.kind === 'flow' && entry.contactId === contactId ? [entry.step.flow.name] : [],
    );
    return [...new Set(names)];
  }

  /** What was played to the customer of a contact. */
  function heardBy(contactId: string | undefined): string[] {
    return ringback.timeline.flatMap((entry) =>
      entry.kind === 'prompt' && entry.contactId === contactId ? [entry.says] : [],
    );
  }

  it('takes a queued contact, talks, holds, hangs up and does after-contact work', async () => {
    const contactId = await ringback.call(person, flowId);
    const offered = await agent.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    assert.equal(offered.contact?.contactId, contactId);
    await agent.do({ do: 'accept', contactId });
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.untilHeard(100);
    await agent.do({ do: 'hold', contactId });
    await agent.until('hold', ({ contact }) => contact?.state === 'CONNECTED_ONHOLD');
    await agent.do({ do: 'resume', contactId });
    await agent.until('back', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.do({ do: 'hangUp', contactId });
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await clear(agent, contactId);
    await agent.until('free', ({ contact }) => contact === undefined);

    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'AGENT_DISCONNECT');
    const events = ringback.events(contactId).map(({ eventType }) => eventType);
    assert.deepEqual(events, [
      'INITIATED',
      'CONNECTED_TO_SYSTEM',
      'QUEUED',
      'CONNECTED_TO_AGENT',
      'DISCONNECTED',
      'COMPLETED',
    ]);
    const { Contact: described } = await ringback.client.send(
      new DescribeContactCommand({ InstanceId: ringback.instanceId, ContactId: contactId }),
    );
    assert.deepEqual(described?.QualityMetrics, record.QualityMetrics);
    assert.ok(described?.QualityMetrics?.Agent?.Audio?.QualityScore);
    await phoneHears(ringback, person, agentHz);
    assert.ok(
      decodeMulaw(Buffer.concat(agent.heard)).some((sample) => Math.abs(sample) > 1000),
      'and the agent the phone',
    );
  });

  it('calls a number from the page, hears it ring, and talks once the customer has heard the outbound whisper', async () => {
    await agent.do({ do: 'dial', phoneNumber: ringsTwoSeconds });
    await agent.until('ringing', ({ contact }) => contact?.state === 'DIALLING');
    const { contact } = await agent.until('the answer', ({ contact }) => contact?.state === 'CONNECTED');
    assert.deepEqual(heardBy(contact?.contactId), ['This call may be recorded.'], 'before the two talk');
    await agent.untilHeard(100);
    await agent.do({ do: 'hangUp', contactId: contact?.contactId });
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await clear(agent, contact?.contactId);
    const record = await ringback.record(contact?.contactId ?? '');
    assert.equal(record.InitiationMethod, 'OUTBOUND');
    assert.deepEqual(record.Attributes, { answered: nameOfAgent });
    assert.equal(record.DisconnectReason, 'AGENT_DISCONNECT');
    await phoneHears(ringback, ringsTwoSeconds, agentHz);
  });

  it('sees on the page what the API changes of the contact meanwhile', async () => {
    await agent.do({ do: 'dial', phoneNumber: person });
    const { contact } = await agent.until('the answer', ({ contact }) => contact?.state === 'CONNECTED');
    const contactId = contact?.contactId ?? '';
    await ringback.client.send(
      new UpdateContactAttributesCommand({
        InstanceId: ringback.instanceId,
        InitialContactId: contactId,
        Attributes: { level: 'gold' },
      }),
    );
    await agent.until(
      'the attribute',
      ({ contact }) => (contact?.attributes as Record<string, string> | undefined)?.level === 'gold',
    );
    await agent.do({ do: 'hangUp', contactId });
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await clear(agent, contactId);
    const record = await ringback.record(contactId);
    assert.equal((record.Attributes as Record<string, string>).level, 'gold');
  });

  it('hears what the network plays instead of an answer, or ringing where early media is switched off', async () => {
    /** Packets of 20 ms. A starved machine may let the page hear a moment of ringing until early media comes. */
    const packetsHeard = async (): Promise<{ readonly network: number; readonly ringing: number }> => {
      const before = agent.heard.length;
      await agent.do({ do: 'dial', phoneNumber: announcesNoNumber });
      const { contact } = await agent.until('the failure', ({ contact }) => contact?.state === 'ERROR');
      await clear(agent, contact?.contactId);
      const packets = agent.heard.slice(before).map((packet) => decodeMulaw(packet));
      const loud = packets.filter((samples) => rms(samples) > 100);
      const withTone = (hz: number, share: number): number =>
        loud.filter((samples) => toneLevel(samples, 8_000, hz) > share).length;
      // The last of the three tones; the lower of the two that ring.
      return { network: withTone(1_777, 0.8), ringing: withTone(440, 0.3) };
    };
    const switchEarlyMedia = (Value: string) =>
      ringback.client.send(
        new UpdateInstanceAttributeCommand({
          InstanceId: ringback.instanceId,
          AttributeType: 'EARLY_MEDIA',
          Value,
        }),
      );
    const on = await packetsHeard();
    assert.ok(on.network > on.ringing, JSON.stringify(on));
    await switchEarlyMedia('false');
    const off = await packetsHeard();
    assert.ok(off.ringing > 0 && off.network === 0, JSON.stringify(off));
    await switchEarlyMedia('true');
  });

  it('calls somebody whose line is busy, and is named in the record with the work after it', async () => {
    await agent.do({ do: 'dial', phoneNumber: busy });
    const { contact } = await agent.until('busy', ({ contact }) => contact?.state === 'ERROR');
    const contactId = contact?.contactId ?? '';
    await clear(agent, contactId);
    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'TELECOM_BUSY');
    const of = record.Agent as Record<string, unknown>;
    assert.deepEqual([of.Username, of.ConnectedToAgentTimestamp], ['agent', null]);
    assert.match(String(of.AfterContactWorkEndTimestamp), /^20/);
    assert.equal((record.Queue as { Name: string }).Name, 'BasicQueue');
    const { agentInfo } = ringback.events(contactId).at(-1) as { agentInfo?: Record<string, unknown> };
    assert.match(String(agentInfo?.afterContactWorkEndTimestamp), /^20/);
  });

  it('is told to wait while the softphone connects, and to load the page again where it does not', async () => {
    await createTeamUser(ringback, 'early', 'Agent');
    const early = await ScriptedAgent.signIn({
      url: ringback.service.url,
      username: 'early',
      password: teamPassword,
    });
    const accept = () => early.do({ do: 'accept', contactId: 'one' });
    await assert.rejects(accept, { code: 'SOFTPHONE_NOT_CONNECTED', message: /Load the page again/ });
    await early.do({ do: 'softphone' });
    await assert.rejects(accept, { code: 'SOFTPHONE_NOT_CONNECTED', message: /Try again in a moment/ });
    await early.close();
  });

  it('may not call where nobody may', async () => {
    await assert.rejects(agent.do({ do: 'dial', phoneNumber: '+911' }), { code: 'NOT_DIALABLE' });
    await assert.rejects(agent.do({ do: 'dial', phoneNumber: '+8821612345678' }), { code: 'NOT_DIALABLE' });
    assert.equal(agent.state.contact, undefined);
  });

  it('asks a third party first, makes a conference, and leaves the two together', async () => {
    const contactId = await ringback.call(person, flowId);
    await agent.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    await agent.do({ do: 'accept', contactId });
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.do({ do: 'transfer', contactId, kind: 'warm', phoneNumber: ringsTwoSeconds });
    await agent.until(
      'the third party',
      ({ contact }) =>
        contact?.parties.some(({ id, state }) => id === 'third' && state === 'connected') === true &&
        contact.state === 'CONNECTED_ONHOLD',
    );
    await agent.do({ do: 'join', contactId });
    await agent.until(
      'the conference',
      ({ contact }) => contact?.parties.every(({ state }) => state === 'connected') === true,
    );
    await agent.untilHeard(50);
    await agent.do({ do: 'hangUp', contactId });
    const { contact } = await agent.until('after-contact work', (state) => state.contact?.state === 'ENDED');
    assert.deepEqual(contact?.parties, [], 'the others talk on, but not with him');
    await ringback.client.send(
      new StopContactCommand({ InstanceId: ringback.instanceId, ContactId: contactId }),
    );
    await clear(agent, contactId);
    const record = await ringback.record(contactId);
    assert.deepEqual(record.TransferredToEndpoint, { Type: 'TELEPHONE_NUMBER', Address: ringsTwoSeconds });
  });

  it('gets an offer again after it was rejected, once there is a choice of status', async () => {
    const contactId = await ringback.call(person, flowId);
    await agent.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    await agent.do({ do: 'reject', contactId });
    await agent.until('rejected', ({ contact }) => contact?.state === 'REJECTED');
    await agent.do({ do: 'clear', contactId });
    await agent.until('another offer', ({ contact }) => contact?.state === 'CONNECTING');
    await ringback.client.send(
      new StopContactCommand({ InstanceId: ringback.instanceId, ContactId: contactId }),
    );
    await agent.until('nothing', ({ contact }) => contact === undefined);
    const record = await ringback.record(contactId);
    assert.equal(record.AgentConnectionAttempts, 2);
    assert.equal(record.Agent, null);
  });

  it('has a queue of his own, which takes no more than its quota', async () => {
    await agent.setStatus('Offline');
    const toHim = await ringback.createFlow([
      {
        Identifier: 'him',
        Type: 'UpdateContactTargetQueue',
        Parameters: { AgentId: agent.state.agent.id },
        Transitions: {
          NextAction: 'queue',
          Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
        },
      },
      ...transferToQueue,
    ]);
    const waits = await ringback.call(person, toHim);
    const queued = await untilDefined(20_000, 'the first call was not queued', async () =>
      ringback.events(waits).find(({ eventType }) => eventType === 'QUEUED'),
    );
    const { queueType, queueArn } = (queued as { queueInfo?: Record<string, string> }).queueInfo ?? {};
    assert.equal(queueType, 'AGENT');
    assert.match(String(queueArn), new RegExp(`/queue/agent/${agent.state.agent.id}$`));
    const refused = await ringback.ended(await ringback.call(person, toHim));
    assert.equal(refused.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    await ringback.client.send(new StopContactCommand({ InstanceId: ringback.instanceId, ContactId: waits }));
    await ringback.ended(waits);
    await agent.setStatus('Available');
  });

  it('is named in flows by user name, too, as $.Agent.UserName gives it', async () => {
    const byName = await ringback.createFlow([
      {
        Identifier: 'him',
        Type: 'UpdateContactTargetQueue',
        Parameters: { AgentId: '$.Attributes.agent' },
        Transitions: {
          NextAction: 'numbers',
          Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
        },
      },
      {
        Identifier: 'numbers',
        Type: 'GetMetricData',
        Parameters: { AgentId: '$.Attributes.agent' },
        Transitions: {
          NextAction: 'remember',
          Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
        },
      },
      setAttributes('remember', { found: '$.Metrics.Queue.ARN' }, 'hang up'),
      hangUp,
    ]);
    const found = async (named: string) => {
      const contactId = await ringback.call(person, byName, { Attributes: { agent: named } });
      await ringback.ended(contactId);
      return ((await ringback.record(contactId)).Attributes as { readonly found?: string }).found;
    };
    assert.match(String(await found('agent')), new RegExp(`/queue/agent/${agent.state.agent.id}$`));
    assert.equal(await found('nobody'), undefined);
  });

  it('comes back to a conversation after the network broke', async () => {
    const contactId = await ringback.call(person, flowId);
    await agent.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    await agent.do({ do: 'accept', contactId });
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    agent.breakSocket();
    await agent.open();
    assert.equal(agent.state.contact?.state, 'CONNECTED');
    await agent.connectSoftphone();
    await agent.untilHeard(50);
    await agent.do({ do: 'hangUp', contactId });
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await clear(agent, contactId);
  });

  it('talks to a customer whose phone rang while the page was loaded again', async () => {
    await agent.do({ do: 'dial', phoneNumber: firm });
    await agent.until('ringing', ({ contact }) => contact?.state === 'DIALLING');
    agent.breakSocket();
    await agent.open();
    await agent.connectSoftphone();
    const { contact } = await agent.until('the answer', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.untilHeard(100);
    await agent.do({ do: 'hangUp', contactId: contact?.contactId });
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await clear(agent, contact?.contactId);
    await phoneHears(ringback, firm, agentHz);
  });

  it('is given the callback that a flow ordered, hears his whisper and the ringing, talks and holds', async () => {
    const ordering = await ringback.createFlow([
      {
        Identifier: 'number',
        Type: 'UpdateContactCallbackNumber',
        Parameters: { CallbackNumber: '$.Attributes.callback' },
        Transitions: {
          NextAction: 'order',
          Errors: [
            { NextAction: 'end', ErrorType: 'InvalidCallbackNumber' },
            { NextAction: 'end', ErrorType: 'CallbackNumberNotDialable' },
          ],
        },
      },
      {
        Identifier: 'order',
        Type: 'CreateCallbackContact',
        Parameters: {
          InitialCallDelaySeconds: '1',
          MaximumConnectionAttempts: '1',
          RetryDelaySeconds: '60',
          QueueId: ringback.queueId,
        },
        Transitions: { NextAction: 'end', Errors: [{ NextAction: 'end', ErrorType: 'NoMatchingError' }] },
      },
      { Identifier: 'end', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} },
    ]);
    const first = await ringback.call(person, ordering, { Attributes: { callback: ringsTwoSeconds } });
    const offered = await agent.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    const contactId = offered.contact?.contactId ?? '';
    assert.notEqual(contactId, first);
    await agent.do({ do: 'accept', contactId });
    await agent.until('the answer', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.untilHeard(50);
    await agent.do({ do: 'hold', contactId });
    await untilDefined(20_000, 'no music on hold', () =>
      heardBy(contactId).includes('CustomerHold.wav') ? true : undefined,
    );
    await agent.do({ do: 'hangUp', contactId });
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await clear(agent, contactId);
    const record = await ringback.record(contactId);
    assert.equal(flowsOf(contactId)[0], 'Default agent whisper');
    assert.equal(heardBy(contactId)[0], 'This call may be recorded.');
    assert.deepEqual(record.Attributes, { callback: ringsTwoSeconds, answered: nameOfAgent });
    assert.equal(record.InitiationMethod, 'CALLBACK');
    assert.equal(record.PreviousContactId, first);
    assert.equal(record.InitialContactId, first);
    assert.deepEqual(record.CustomerEndpoint, { Type: 'TELEPHONE_NUMBER', Address: ringsTwoSeconds });
    assert.equal((await ringback.record(first)).DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
  });

  it('hears his whisper while the customer still waits, who hears his own then; both may speak of the agent', async () => {
    const queue = await ringback.createFlow(
      [
        wait('wait', 1, 'whispering?'),
        compare('whispering?', '$.Attributes.whispering', 'yes', 'still here', 'wait'),
        setAttributes('still here', { customer: 'still waits' }, 'wait'),
      ],
      'CUSTOMER_QUEUE',
    );
    const toAgent = await ringback.createFlow(
      [
        setAttributes('begin', { whispering: 'yes', toAgent: theAgent }, 'rounds'),
        {
          Identifier: 'rounds',
          Type: 'Loop',
          Parameters: { LoopCount: '30' },
          Transitions: {
            NextAction: 'end',
            Conditions: [
              { NextAction: 'wait', Condition: { Operator: 'Equals', Operands: ['ContinueLooping'] } },
              { NextAction: 'end', Condition: { Operator: 'Equals', Operands: ['DoneLooping'] } },
            ],
          },
        },
        wait('wait', 1, 'waits?'),
        compare('waits?', '$.Attributes.customer', 'still waits', 'end', 'rounds'),
        endFlow,
      ],
      'AGENT_WHISPER',
    );
    const toCustomer = await ringback.createFlow(
      [setAttributes('set', { toCustomer: theAgent }, 'end'), endFlow],
      'CUSTOMER_WHISPER',
    );
    const entry = await ringback.createFlow([
      setAttributes('before', { before: `nobody${theAgent}` }, 'queue hook'),
      setHook('queue hook', 'CustomerQueue', queue, 'agent hook'),
      setHook('agent hook', 'AgentWhisper', toAgent, 'customer hook'),
      setHook('customer hook', 'CustomerWhisper', toCustomer, 'queue'),
      ...transferToQueue,
    ]);
    await agent.setStatus('Available');
    const contactId = await ringback.call(person, entry);
    await acceptOffer(agent);
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.do({ do: 'hangUp', contactId });
    await finishWork(agent, contactId);
    assert.deepEqual((await ringback.record(contactId)).Attributes, {
      before: 'nobody  ',
      whispering: 'yes',
      toAgent: nameOfAgent,
      customer: 'still waits',
      toCustomer: nameOfAgent,
    });
  });

  it('does not get a customer whom the queue flow has handed to a telephone number', async () => {
    await agent.setStatus('Offline');
    const queue = await ringback.createFlow(
      [
        transferToNumber(impatient, 'False', {}, 'NoMatchingError'),
        setAttributes('NoMatchingError', { transfer: 'failed' }, 'hang up'),
        hangUp,
      ],
      'CUSTOMER_QUEUE',
    );
    const entry = await ringback.createFlow([
      setHook('hook', 'CustomerQueue', queue, 'queue'),
      ...transferToQueue,
    ]);
    const contactId = await ringback.call(person, entry);
    await untilDefined(30_000, 'nobody was transferred', () =>
      ringback.timeline.find(
        (entry) =>
          entry.kind === 'flow' &&
          entry.contactId === contactId &&
          entry.step.actionType === 'TransferParticipantToThirdParty',
      ),
    );
    await agent.setStatus('Available');
    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'THIRD_PARTY_DISCONNECT');
    assert.equal(record.Agent, null);
    assert.deepEqual(record.Attributes, {});
  });

  it('does not get a customer who speaks with a third party, until that one has hung up', async () => {
    const customer = '+12065550190';
    await agent.setStatus('Offline');
    const queue = await ringback.createFlow(
      [
        transferToNumber(impatient, 'True', {}, 'wait'),
        ...['CallFailed', 'ConnectionTimeLimitExceeded', 'NoMatchingError'].map((failed) =>
          setAttributes(failed, { failed }, 'wait'),
        ),
        wait('wait', 1, 'wait'),
      ],
      'CUSTOMER_QUEUE',
    );
    // Longer than that he speaks with the third party.
    const nobody = { AttributeCondition: { MatchCriteria: { AgentsCriteria: { AgentIds: ['nobody'] } } } };
    const entry = await ringback.createFlow([
      setHook('hook', 'CustomerQueue', queue, 'criteria'),
      {
        Identifier: 'criteria',
        Type: 'UpdateContactRoutingCriteria',
        Parameters: {
          RoutingCriteria: { Steps: [{ Expression: nobody, Expiry: { DurationInSeconds: '1' } }] },
        },
        Transitions: {
          NextAction: 'queue',
          Errors: [{ NextAction: 'queue', ErrorType: 'NoMatchingError' }],
          Conditions: [],
        },
      },
      ...transferToQueue,
    ]);
    const contactId = await ringback.call(customer, entry);
    await untilDefined(30_000, 'the third party was not called', () =>
      linesOf(path.join(ringback.dataDir, 'carrier', 'invites.jsonl')).find(
        ({ kind, to, from }) => kind === 'invite' && to === impatient && from === customer,
      ),
    );
    await agent.setStatus('Available');
    assert.equal(await acceptOffer(agent), contactId);
    const transfer = ringback.timeline.find(
      (entry) =>
        entry.kind === 'flow' &&
        entry.contactId === contactId &&
        entry.step.actionType === 'TransferParticipantToThirdParty',
    );
    assert.ok(transfer, 'the offer came before the conversation was over');
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.do({ do: 'hangUp', contactId });
    await finishWork(agent, contactId);
    const record = await ringback.record(contactId);
    assert.deepEqual(record.Attributes, {});
    const [criteria] = record.RoutingCriteria as { Steps: { Status: string }[] }[];
    assert.equal(criteria?.Steps[0]?.Status, 'EXPIRED');
    assert.deepEqual(
      ringback.events(contactId).map(({ eventType }) => eventType),
      [
        'INITIATED',
        'CONNECTED_TO_SYSTEM',
        'CONTACT_DATA_UPDATED',
        'QUEUED',
        'CONTACT_DATA_UPDATED',
        'CONNECTED_TO_AGENT',
        'DISCONNECTED',
        'COMPLETED',
      ],
      'it kept its place, and criteria and their step were told',
    );
  });

  it('leaves a customer whose flow queues him again, and hands him to a telephone number the next time', async () => {
    const remaining = await ringback.createFlow([
      compare('again?', '$.Attributes.again', 'yes', 'note', 'set'),
      setAttributes('set', { again: 'yes' }, 'queue'),
      ...transferToQueue,
      setAttributes('note', { method: '$.InitiationMethod', agent: theAgent }, 'transfer'),
      transferToNumber(impatient, 'False', {}, 'NoMatchingError'),
      setAttributes('NoMatchingError', { transfer: 'failed' }, 'hang up'),
    ]);
    const queue = await ringback.createFlow(
      [setAttributes('set', { inQueue: `nobody${theAgent}` }, 'end'), endFlow],
      'CUSTOMER_QUEUE',
    );
    const entry = await ringback.createFlow([
      setHook('queue hook', 'CustomerQueue', queue, 'hook'),
      setHook('hook', 'CustomerRemaining', remaining, 'queue'),
      ...transferToQueue,
    ]);
    const contactId = await ringback.call(person, entry);
    for (const round of ['first', 'second']) {
      assert.equal(await acceptOffer(agent), contactId, round);
      await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
      await agent.do({ do: 'hangUp', contactId });
      await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
      await clear(agent, contactId);
    }
    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'THIRD_PARTY_DISCONNECT');
    assert.deepEqual(record.Attributes, {
      inQueue: 'nobody  ',
      again: 'yes',
      method: 'DISCONNECT',
      agent: nameOfAgent,
    });
    const events = ringback.events(contactId).map(({ eventType }) => eventType);
    assert.deepEqual(
      events.filter((type) => type === 'QUEUED' || type === 'CONNECTED_TO_AGENT'),
      ['QUEUED', 'CONNECTED_TO_AGENT', 'QUEUED', 'CONNECTED_TO_AGENT'],
    );
  });

  it('gets a customer whom the queue flow could not move, because the other queue is full', async () => {
    await agent.setStatus('Offline');
    const { client, instanceId: InstanceId, queueId } = ringback;
    const { Queue } = await client.send(new DescribeQueueCommand({ InstanceId, QueueId: queueId }));
    const full = await client.send(
      new CreateQueueCommand({
        InstanceId,
        Name: 'Full',
        HoursOfOperationId: Queue?.HoursOfOperationId,
        MaxContacts: 1,
        OutboundCallerConfig: Queue?.OutboundCallerConfig,
      }),
    );
    const waiting = await ringback.createFlow([wait('wait', 1, 'wait')], 'CUSTOMER_QUEUE');
    const moving = await ringback.createFlow(
      [
        {
          Identifier: 'move',
          Type: 'DequeueContactAndTransferToQueue',
          Parameters: { QueueId: full.QueueId },
          Transitions: {
            NextAction: 'failed',
            Errors: [
              { NextAction: 'full', ErrorType: 'QueueAtCapacity' },
              { NextAction: 'failed', ErrorType: 'NoMatchingError' },
            ],
          },
        },
        setAttributes('full', { move: 'full', queue: '$.Queue.Name' }, 'end'),
        setAttributes('failed', { move: 'failed' }, 'end'),
        endFlow,
      ],
      'CUSTOMER_QUEUE',
    );
    const into = async (flow: string, QueueId: string | undefined) =>
      ringback.call(
        person,
        await ringback.createFlow([setHook('hook', 'CustomerQueue', flow, 'queue'), ...transferToQueue]),
        { QueueId },
      );
    const first = await into(waiting, full.QueueId);
    await untilDefined(20_000, 'not queued', () =>
      ringback.events(first).some(({ eventType }) => eventType === 'QUEUED') ? true : undefined,
    );
    const second = await into(moving, queueId);
    await untilDefined(30_000, 'no answer of the other queue', () =>
      ringback.timeline.find(
        (entry) =>
          entry.kind === 'flow' && entry.contactId === second && entry.step.actionIdentifier === 'full',
      ),
    );
    await agent.setStatus('Available');
    assert.equal(await acceptOffer(agent), second);
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.do({ do: 'hangUp', contactId: second });
    await finishWork(agent, second);
    const record = await ringback.record(second);
    assert.deepEqual(record.Attributes, { move: 'full', queue: Queue?.Name });
    const queued = ringback.events(second).filter(({ eventType }) => eventType === 'QUEUED');
    assert.equal(queued.length, 1, 'it never left its queue');
  });

  it('talks without a button where calls are accepted for the agent', async () => {
    const { instanceId: InstanceId, client } = ringback;
    const users = await client.send(new ListUsersCommand({ InstanceId }));
    const UserId = users.UserSummaryList?.find(({ Username }) => Username === 'agent')?.Id;
    const phone = { PhoneType: 'SOFT_PHONE', AfterContactWorkTimeLimit: 0 } as const;
    const accepting = (AutoAccept: boolean) =>
      client.send(
        new UpdateUserPhoneConfigCommand({ InstanceId, UserId, PhoneConfig: { ...phone, AutoAccept } }),
      );
    await accepting(true);
    // A changed set-up is seen within a second, and this phone rings for two.
    const contactId = await ringback.call(ringsTwoSeconds, flowId);
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.untilHeard(50);
    await accepting(false);
    await agent.do({ do: 'hangUp', contactId });
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await clear(agent, contactId);
  });

  it('is let go when the service stops in the middle of a conversation', async () => {
    // While it rings, the set-up that accepted by itself is forgotten.
    const contactId = await ringback.call(ringsTwoSeconds, flowId);
    await agent.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    await agent.do({ do: 'accept', contactId });
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await ringback.service.close({ patienceMs: 100 });
    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'OTHER');
    assert.deepEqual((record.SegmentAttributes as Record<string, unknown>)['ringback:EndCause'], {
      ValueString: 'SERVICE_DRAINED',
    });
  });
});
