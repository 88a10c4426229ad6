/** Transfers by quick connect against a running service: asked first and at once, to an agent and to a queue. Audio is measured at every end. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import {
  AssociateQueueQuickConnectsCommand,
  CreateQuickConnectCommand,
  CreateUserCommand,
  ListContactFlowsCommand,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
} from '@aws-sdk/client-connect';
import { decodeMulaw, toneLevel } from '@ringback/media';
import { ScriptedAgent } from '@ringback/testkit';
import { transferToQueue } from './support/flow-actions.ts';
import { phoneHears } from './support/phone-hears.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const firstHz = 1000;
const secondHz = 1500;
/** Says hello and listens. */
const person = '+12065550101';
const another = '+12065550100';

describe('a transfer by quick connect', () => {
  let ringback: TestService;
  let first: ScriptedAgent;
  let second: ScriptedAgent;
  let flowId: string;
  let toSecond: string;
  let toQueue: string;
  let elsewhere: string;

  before(async () => {
    ringback = await startTestService();
    flowId = await ringback.createFlow(transferToQueue);
    const secondId = await createAgent('second');
    toSecond = await createQuickConnect({
      QuickConnectType: 'USER',
      UserConfig: { UserId: secondId, ContactFlowId: await flowNamed('Default agent transfer') },
    });
    toQueue = await createQuickConnect({
      QuickConnectType: 'QUEUE',
      QueueConfig: {
        QueueId: ringback.queueId,
        ContactFlowId: await flowNamed('Default queue transfer'),
      },
    });
    elsewhere = await createQuickConnect({
      QuickConnectType: 'USER',
      UserConfig: { UserId: secondId, ContactFlowId: await flowNamed('Default agent transfer') },
    });
    await ringback.client.send(
      new AssociateQueueQuickConnectsCommand({
        InstanceId: ringback.instanceId,
        QueueId: ringback.queueId,
        QuickConnectIds: [toSecond, toQueue],
      }),
    );
    first = await atWork('agent', 'ringback', firstHz);
    second = await atWork('second', 'Ringback-2', secondHz);
  });

  after(async () => {
    await first?.close();
    await second?.close();
    await ringback?.close();
  });

  async function flowNamed(name: string): Promise<string> {
    const { InstanceId } = { InstanceId: ringback.instanceId };
    const { ContactFlowSummaryList } = await ringback.client.send(
      new ListContactFlowsCommand({ InstanceId, MaxResults: 1000 }),
    );
    return ContactFlowSummaryList?.find(({ Name }) => Name === name)?.Id ?? '';
  }

  async function createAgent(Username: string): Promise<string> {
    const InstanceId = ringback.instanceId;
    const profiles = await ringback.client.send(new ListRoutingProfilesCommand({ InstanceId }));
    const security = await ringback.client.send(new ListSecurityProfilesCommand({ InstanceId }));
    const created = await ringback.client.send(
      new CreateUserCommand({
        InstanceId,
        Username,
        Password: 'Ringback-2',
        IdentityInfo: { FirstName: 'Second', LastName: 'Agent' },
        PhoneConfig: { PhoneType: 'SOFT_PHONE', AfterContactWorkTimeLimit: 0 },
        RoutingProfileId: profiles.RoutingProfileSummaryList?.[0]?.Id,
        SecurityProfileIds: [
          security.SecurityProfileSummaryList?.find(({ Name }) => Name === 'Agent')?.Id ?? '',
        ],
      }),
    );
    return created.UserId ?? '';
  }

  let quickConnects = 0;
  async function createQuickConnect(
    QuickConnectConfig: ConstructorParameters<typeof CreateQuickConnectCommand>[0]['QuickConnectConfig'],
  ): Promise<string> {
    quickConnects += 1;
    const created = await ringback.client.send(
      new CreateQuickConnectCommand({
        InstanceId: ringback.instanceId,
        Name: `Quick connect ${quickConnects}`,
        QuickConnectConfig,
      }),
    );
    return created.QuickConnectId ?? '';
  }

  async function atWork(username: string, password: string, toneHz: number): Promise<ScriptedAgent> {
    const agent = await ScriptedAgent.signIn({ url: ringback.service.url, username, password, toneHz });
    await agent.connectSoftphone();
    agent.speak();
    return agent;
  }

  /** The first agent talks to a customer, and the second is offered nothing of it. */
  async function conversation(): Promise<string> {
    await first.setStatus('Available');
    const contactId = await ringback.call(person, flowId);
    await first.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    await first.do({ do: 'accept', contactId });
    await first.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    return contactId;
  }

  async function accept(agent: ScriptedAgent, contactId?: string): Promise<string> {
    const { contact } = await agent.until(
      'an offer',
      (state) =>
        state.contact?.state === 'CONNECTING' &&
        (contactId === undefined || state.contact.contactId === contactId),
    );
    await agent.do({ do: 'accept', contactId: contact?.contactId });
    return contact?.contactId ?? '';
  }

  async function finish(agent: ScriptedAgent, contactId: string): Promise<void> {
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await agent.do({ do: 'clear', contactId });
    await agent.until('nothing', ({ contact }) => contact === undefined);
  }

  /** Resolves when the page shows exactly these parties. */
  const parties = (agent: ScriptedAgent, shown: Readonly<Record<string, string>>) =>
    agent.until(
      JSON.stringify(shown),
      ({ contact }) =>
        contact !== undefined &&
        isDeepStrictEqual(Object.fromEntries(contact.parties.map(({ id, state }) => [id, state])), shown),
    );

  it('asks an agent first, swaps, makes a conference, and leaves the customer to him', async () => {
    const contactId = await conversation();
    assert.deepEqual(
      first.state.quickConnects.map(({ id }) => id).toSorted(),
      [toSecond, toQueue].toSorted(),
      'those of the queues of the routing profile',
    );
    await second.setStatus('Available');
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    await parties(first, { customer: 'hold', third: 'connecting' });
    await assert.rejects(first.do({ do: 'resume', contactId }), { code: 'NOT_NOW' });

    const next = await accept(second);
    assert.notEqual(next, contactId);
    await parties(first, { customer: 'hold', third: 'connected' });
    await parties(second, { customer: 'hold', transferring: 'connected' });
    await assert.rejects(second.do({ do: 'hold', contactId: next }), { code: 'NOT_NOW' });
    await hears(first, secondHz);
    await hears(second, firstHz);

    await first.do({ do: 'swap', contactId });
    await parties(second, { customer: 'connected', transferring: 'hold' });
    await parties(first, { customer: 'connected', third: 'hold' });
    await hearsNot(second, firstHz);
    await hearsNot(first, secondHz);

    await first.do({ do: 'join', contactId });
    await parties(second, { customer: 'connected', transferring: 'connected' });
    await parties(first, { customer: 'connected', third: 'connected' });
    await hears(first, secondHz);

    await first.do({ do: 'hangUp', contactId });
    await parties(second, { customer: 'connected' });
    await hearsNot(first, secondHz);
    await finish(first, contactId);
    // So long the customer hears the second agent alone.
    await second.untilHeard(75);
    await second.do({ do: 'hold', contactId: next });
    await second.do({ do: 'resume', contactId: next });
    await second.do({ do: 'hangUp', contactId: next });
    await finish(second, next);

    const [left, followed] = [await ringback.record(contactId), await ringback.record(next)];
    assert.equal(left.NextContactId, next);
    assert.equal(left.DisconnectReason, 'AGENT_DISCONNECT');
    assert.equal(left.TransferCompletedTimestamp, null, 'only of those who leave before the next has joined');
    assert.equal((left.Agent as { NumberOfHolds: number }).NumberOfHolds, 1);
    assert.equal(followed.InitiationMethod, 'TRANSFER');
    assert.equal(followed.PreviousContactId, contactId);
    assert.equal(followed.InitialContactId, contactId);
    assert.equal(followed.DisconnectReason, 'AGENT_DISCONNECT');
    assert.equal((followed.Agent as { Username: string }).Username, 'second');
    assert.deepEqual(followed.CustomerEndpoint, { Type: 'TELEPHONE_NUMBER', Address: person });
    assert.deepEqual(
      ringback.events(next).map(({ eventType }) => eventType),
      ['INITIATED', 'QUEUED', 'CONNECTED_TO_AGENT', 'DISCONNECTED', 'COMPLETED'],
    );
    await phoneHears(ringback, person, secondHz);
  });

  it('hands over at once to a queue, whose next agent takes it', async () => {
    await second.setStatus('Offline');
    const contactId = await conversation();
    await second.setStatus('Available');
    await first.do({ do: 'transfer', contactId, kind: 'cold', quickConnectId: toQueue });
    await first.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    const next = await accept(second);
    await second.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await parties(second, { customer: 'connected' });
    await finish(first, contactId);
    await second.do({ do: 'hangUp', contactId: next });
    await finish(second, next);

    const [left, followed] = [await ringback.record(contactId), await ringback.record(next)];
    assert.equal(left.NextContactId, next);
    assert.match(String(left.TransferCompletedTimestamp), /^20/);
    assert.equal(left.DisconnectReason, 'AGENT_DISCONNECT');
    assert.equal(followed.PreviousContactId, contactId);
    assert.equal((followed.Queue as { Name: string }).Name, 'BasicQueue');
    assert.equal((followed.Agent as { Username: string }).Username, 'second');
  });

  it('takes the customer back when the other agent does not want to, or is not waited for', async () => {
    await second.setStatus('Offline');
    const contactId = await conversation();
    await second.setStatus('Available');
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    const asked = await accept(second);
    await parties(first, { customer: 'hold', third: 'connected' });
    await second.do({ do: 'hangUp', contactId: asked });
    await parties(first, { customer: 'connected' });
    await first.until('off hold', ({ contact }) => contact?.state === 'CONNECTED');
    await finish(second, asked);
    assert.equal((await ringback.record(asked)).ConnectedToSystemTimestamp, null, 'never had the customer');

    await second.setStatus('Offline');
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    await parties(first, { customer: 'hold', third: 'connecting' });
    await first.do({ do: 'dropParty', contactId, partyId: 'third' });
    await parties(first, { customer: 'connected' });
    await first.do({ do: 'hangUp', contactId });
    await finish(first, contactId);
    const { NextContactId } = await ringback.record(contactId);
    const dropped = await ringback.record(String(NextContactId));
    assert.deepEqual((dropped.SegmentAttributes as Record<string, unknown>)['ringback:EndCause'], {
      ValueString: 'TRANSFER_CANCELLED',
    });
  });

  it('swaps between the customer and a telephone number as well', async () => {
    const contactId = await conversation();
    await first.do({ do: 'transfer', contactId, kind: 'warm', phoneNumber: another });
    await parties(first, { customer: 'hold', third: 'connected' });
    await first.do({ do: 'swap', contactId });
    await parties(first, { customer: 'connected', third: 'hold' });
    await first.do({ do: 'swap', contactId });
    await parties(first, { customer: 'hold', third: 'connected' });
    await first.do({ do: 'dropParty', contactId, partyId: 'third' });
    await first.do({ do: 'hangUp', contactId });
    await finish(first, contactId);
  });

  it('goes nowhere that the queues of the routing profile do not lead to', async () => {
    const contactId = await conversation();
    await assert.rejects(first.do({ do: 'transfer', contactId, kind: 'cold', quickConnectId: elsewhere }), {
      code: 'NOT_NOW',
    });
    assert.equal(first.state.contact?.state, 'CONNECTED');
    await first.do({ do: 'hangUp', contactId });
    await finish(first, contactId);
  });

  it('ends with the customer, wherever it stands', async () => {
    await second.setStatus('Offline');
    const contactId = await conversation();
    await second.setStatus('Available');
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    const asked = await accept(second);
    await parties(second, { customer: 'hold', transferring: 'connected' });
    ringback.service.active.stop(contactId as never, { disconnectReason: 'OTHER', endCause: 'TEST' });
    await finish(first, contactId);
    await finish(second, asked);
    assert.equal((await ringback.record(asked)).PreviousContactId, contactId);
  });
});

/** Half a second of packets. */
const measured = 25;

/** Resolves when the newest half second that the agent heard is mostly the tone. */
const hears = (agent: ScriptedAgent, hz: number) => untilLevel(agent, hz, (level) => level > 0.3);

/** Resolves when there is none of it. */
const hearsNot = (agent: ScriptedAgent, hz: number) => untilLevel(agent, hz, (level) => level < 0.05);

async function untilLevel(agent: ScriptedAgent, hz: number, isSo: (level: number) => boolean): Promise<void> {
  const giveUpAtMs = Date.now() + 60_000;
  const from = agent.heard.length;
  for (;;) {
    // Only what came since: the packets of before tell of before.
    if (agent.heard.length >= from + measured) {
      const level = toneLevel(decodeMulaw(Buffer.concat(agent.heard.slice(-measured))), 8000, hz);
      if (isSo(level)) return;
      assert.ok(Date.now() < giveUpAtMs, `${hz} Hz stands at ${level}`);
    }
    assert.ok(Date.now() < giveUpAtMs, 'nothing is heard');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
