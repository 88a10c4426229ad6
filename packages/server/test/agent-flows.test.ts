/** The flows around a conversation with an agent, against a running service: which of them runs when, whom it speaks to, and what it knows. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  CreateQueueCommand,
  DescribeQueueCommand,
  ListPhoneNumbersV2Command,
  UpdateQueueOutboundCallerConfigCommand,
} from '@aws-sdk/client-connect';
import type { ScriptedAgent } from '@ringback/testkit';
import {
  compare,
  endFlow,
  hangUp,
  say,
  setAttributes,
  setHook,
  transferToNumber,
  transferToQueue,
  waitSecond,
} from './support/flow-actions.ts';
import { phoneHears } from './support/phone-hears.ts';
import { acceptOffer, agentAtWork, finishWork } from './support/team-at-work.ts';
import { startTestService, type TestService, untilDefined } from './support/test-service.ts';

const agentHz = 1000;
/** Says hello and listens. */
const person = '+12065550101';
const ringsTwoSeconds = '+12065550100';
/** Answers and hangs up after three seconds. */
const impatient = '+12065550130';
const theAgent = '$.Agent.UserName $.Agent.FirstName $.Agent.LastName';

describe('flows around a conversation', () => {
  let ringback: TestService;
  let agent: ScriptedAgent;
  let nameOfAgent: string;
  /** Says who is spoken to, and of whom, when a customer answers whom an agent dialled. */
  let outboundWhisper: string;

  before(async () => {
    ringback = await startTestService();
    outboundWhisper = await ringback.createFlow(
      [
        setAttributes('set', { answered: theAgent }, 'say'),
        say('say', 'This call may be recorded.', 'end'),
        endFlow,
      ],
      'OUTBOUND_WHISPER',
    );
    const { client, instanceId: InstanceId, queueId: QueueId } = ringback;
    const { ListPhoneNumbersSummaryList } = await client.send(new ListPhoneNumbersV2Command({}));
    await client.send(
      new UpdateQueueOutboundCallerConfigCommand({
        InstanceId,
        QueueId,
        OutboundCallerConfig: {
          OutboundCallerIdNumberId: ListPhoneNumbersSummaryList?.[0]?.PhoneNumberId,
          OutboundFlowId: outboundWhisper,
        },
      }),
    );
    agent = await agentAtWork(ringback, 'agent', 'ringback', agentHz);
    const { Queue } = await client.send(new DescribeQueueCommand({ InstanceId, QueueId }));
    assert.equal(Queue?.OutboundCallerConfig?.OutboundFlowId, outboundWhisper);
    nameOfAgent = 'agent Ada Agent';
  });

  after(async () => {
    await agent?.close();
    await ringback?.close();
  });

  /** Names of the flows that a contact went through, in order of their first steps. */
  function flowsOf(contactId: string): string[] {
    const names = ringback.timeline.flatMap((entry) =>
      entry.kind === 'flow' && entry.contactId === contactId ? [entry.step.flow.name] : [],
    );
    return [...new Set(names)];
  }

  /** What was played to the customer of a contact. */
  function heardBy(contactId: string): string[] {
    return ringback.timeline.flatMap((entry) =>
      entry.kind === 'prompt' && entry.contactId === contactId ? [entry.says] : [],
    );
  }

  it('whisper to the agent while the customer still waits, then to the customer, and know the agent', async () => {
    const queue = await ringback.createFlow(
      [
        waitSecond('wait', 'whispering?'),
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
        waitSecond('wait', 'waits?'),
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

  it('greet a customer whom an agent dialled before the two hear each other', async () => {
    await agent.do({ do: 'dial', phoneNumber: ringsTwoSeconds });
    const { contact } = await agent.until('the answer', ({ contact }) => contact?.state === 'CONNECTED');
    const contactId = contact?.contactId ?? '';
    assert.deepEqual(heardBy(contactId), ['This call may be recorded.']);
    await agent.untilHeard(100);
    await agent.do({ do: 'hangUp', contactId });
    await finishWork(agent, contactId);
    assert.deepEqual((await ringback.record(contactId)).Attributes, { answered: nameOfAgent });
    await phoneHears(ringback, ringsTwoSeconds, agentHz);
  });

  it('of a callback: to the agent before it rings, to the customer when he answers, and on hold', async () => {
    const ordering = await ringback.createFlow([
      {
        Identifier: 'order',
        Type: 'CreateCallbackContact',
        Parameters: {
          InitialCallDelaySeconds: '1',
          MaximumConnectionAttempts: '1',
          RetryDelaySeconds: '60',
          QueueId: ringback.queueId,
        },
        Transitions: {
          NextAction: 'hang up',
          Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
        },
      },
      hangUp,
    ]);
    await ringback.call(person, ordering);
    const contactId = await acceptOffer(agent);
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.do({ do: 'hold', contactId });
    await untilDefined(20_000, 'no music on hold', () =>
      heardBy(contactId).includes('CustomerHold.wav') ? true : undefined,
    );
    await agent.do({ do: 'hangUp', contactId });
    await finishWork(agent, contactId);
    const [first, second, ...more] = flowsOf(contactId);
    assert.equal(first, 'Default agent whisper');
    assert.match(second ?? '', /^Test flow/);
    assert.deepEqual(more, []);
    assert.equal(heardBy(contactId)[0], 'This call may be recorded.');
    assert.deepEqual((await ringback.record(contactId)).Attributes, { answered: nameOfAgent });
  });

  it('of a queue may hand the customer to a telephone number; no agent gets him any more', async () => {
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

  it('of a customer whom the agent has left may hand him to a telephone number', async () => {
    const remaining = await ringback.createFlow([
      setAttributes('set', { method: '$.InitiationMethod', agent: theAgent }, 'transfer'),
      transferToNumber(impatient, 'False', {}, 'NoMatchingError'),
      setAttributes('NoMatchingError', { transfer: 'failed' }, 'hang up'),
      hangUp,
    ]);
    const entry = await ringback.createFlow([
      setHook('hook', 'CustomerRemaining', remaining, 'queue'),
      ...transferToQueue,
    ]);
    const contactId = await ringback.call(person, entry);
    await acceptOffer(agent);
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.do({ do: 'hangUp', contactId });
    await finishWork(agent, contactId);
    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'THIRD_PARTY_DISCONNECT');
    assert.deepEqual(record.Attributes, { method: 'DISCONNECT', agent: nameOfAgent });
  });

  it('of a customer whom the agent has left may queue him again', async () => {
    const remaining = await ringback.createFlow([
      compare('again?', '$.Attributes.again', 'yes', 'hang up', 'set'),
      setAttributes('set', { again: 'yes' }, 'queue'),
      ...transferToQueue,
    ]);
    const entry = await ringback.createFlow([
      setHook('hook', 'CustomerRemaining', remaining, 'queue'),
      ...transferToQueue,
    ]);
    await agent.setStatus('Available');
    const contactId = await ringback.call(person, entry);
    for (const round of ['first', 'second']) {
      assert.equal(await acceptOffer(agent), contactId, round);
      await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
      await agent.do({ do: 'hangUp', contactId });
      await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
      await agent.do({ do: 'clear', contactId });
    }
    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    const events = ringback.events(contactId).map(({ eventType }) => eventType);
    assert.deepEqual(
      events.filter((type) => type === 'QUEUED' || type === 'CONNECTED_TO_AGENT'),
      ['QUEUED', 'CONNECTED_TO_AGENT', 'QUEUED', 'CONNECTED_TO_AGENT'],
    );
  });

  it('of a queue move the customer to another one, unless that is full; then he keeps his place', async () => {
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
    const waiting = await ringback.createFlow([waitSecond('wait', 'wait')], 'CUSTOMER_QUEUE');
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
});
