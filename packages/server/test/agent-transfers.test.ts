/** Transfers by quick connect against a running service: asked first and at once, to an agent and to a queue. Audio is measured at every end. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  AssociateQueueQuickConnectsCommand,
  CreateUserHierarchyGroupCommand,
  DescribeContactCommand,
  UpdateUserHierarchyCommand,
  UpdateUserHierarchyStructureCommand,
} from '@aws-sdk/client-connect';
import type { ScriptedAgent } from '@ringback/testkit';
import { type OpenState, openState } from '../src/store/open-state.ts';
import { compare, endFlow, setHook, transferToQueue } from './support/flow-actions.ts';
import { phoneHears } from './support/phone-hears.ts';
import {
  acceptOffer,
  agentAtWork,
  conversationOf,
  createQuickConnect,
  createTeamUser,
  finishWork,
  flowNamed,
  hears,
  hearsNot,
  teamPassword,
  untilParties,
} from './support/team-at-work.ts';
import { linesOf, startTestService, type TestService, untilDefined } from './support/test-service.ts';

const firstHz = 1000;
const secondHz = 1500;
/** Says hello and listens. */
const person = '+12065550101';
const another = '+12065550100';
const busy = '+12065550120';

interface AgentSnapshot {
  readonly Configuration: { readonly AgentHierarchyGroups: unknown };
  readonly Contacts: readonly { readonly ContactId: string; readonly InitialContactId: string | null }[];
}

describe('a transfer by quick connect', () => {
  let ringback: TestService;
  let state: OpenState;
  let first: ScriptedAgent;
  let second: ScriptedAgent;
  let flowId: string;
  let holdFlowId: string;
  let toSecond: string;
  let toQueue: string;
  let toShop: string;
  let elsewhere: string;

  before(async () => {
    ringback = await startTestService(
      'caps: { spend: { perDay: 1000, pricesPerMinute: { "+": 1 }, reservedMinutes: 5 } }',
    );
    const { dataDir } = ringback;
    state = await openState({ dataDir, databaseUrl: undefined, onProgress: () => undefined });
    holdFlowId = await ringback.createFlow(
      [compare('look', '$.Channel', 'VOICE', 'end', 'end'), endFlow],
      'CUSTOMER_HOLD',
    );
    flowId = await ringback.createFlow([
      setHook('hook', 'CustomerHold', holdFlowId, 'queue'),
      ...transferToQueue,
    ]);
    const secondId = await createTeamUser(ringback, 'second', 'Agent');
    const toAgent = {
      QuickConnectType: 'USER' as const,
      UserConfig: { UserId: secondId, ContactFlowId: await flowNamed(ringback, 'Default agent transfer') },
    };
    toSecond = await createQuickConnect(ringback, 'Second', toAgent);
    toQueue = await createQuickConnect(ringback, 'Queue', {
      QuickConnectType: 'QUEUE',
      QueueConfig: {
        QueueId: ringback.queueId,
        ContactFlowId: await flowNamed(ringback, 'Default queue transfer'),
      },
    });
    toShop = await createQuickConnect(ringback, 'Shop', {
      QuickConnectType: 'PHONE_NUMBER',
      PhoneConfig: { PhoneNumber: busy },
    });
    elsewhere = await createQuickConnect(ringback, 'Elsewhere', toAgent);
    await ringback.client.send(
      new AssociateQueueQuickConnectsCommand({
        InstanceId: ringback.instanceId,
        QueueId: ringback.queueId,
        QuickConnectIds: [toSecond, toQueue, toShop],
      }),
    );
    await putIntoHierarchy(secondId);
    first = await agentAtWork(ringback, 'agent', 'ringback', firstHz);
    second = await agentAtWork(ringback, 'second', teamPassword, secondHz);
  });

  after(async () => {
    await first?.close();
    await second?.close();
    await state?.close();
    await ringback?.close();
  });

  /** Two levels; the user stands on the lower one. */
  async function putIntoHierarchy(UserId: string): Promise<void> {
    const { client, instanceId: InstanceId } = ringback;
    const HierarchyStructure = { LevelOne: { Name: 'Region' }, LevelTwo: { Name: 'Team' } };
    await client.send(new UpdateUserHierarchyStructureCommand({ InstanceId, HierarchyStructure }));
    const region = await client.send(new CreateUserHierarchyGroupCommand({ InstanceId, Name: 'North' }));
    const team = await client.send(
      new CreateUserHierarchyGroupCommand({
        InstanceId,
        Name: 'Harbour',
        ParentGroupId: region.HierarchyGroupId,
      }),
    );
    const HierarchyGroupId = team.HierarchyGroupId;
    await client.send(new UpdateUserHierarchyCommand({ InstanceId, UserId, HierarchyGroupId }));
  }

  /** Contact, quick connect and its type, of each entry of NextContacts. */
  async function nextContactsOf(ContactId: string) {
    const { Contact } = await ringback.client.send(
      new DescribeContactCommand({ InstanceId: ringback.instanceId, ContactId }),
    );
    return Contact?.NextContacts?.map(({ NextContactMetadata }) => {
      const { ContactId, QuickConnectId, QuickConnectType, QuickConnectName, InitiationTimestamp } =
        NextContactMetadata?.QuickConnectContactData ?? {};
      assert.ok(QuickConnectName && InitiationTimestamp);
      return [ContactId, QuickConnectId, QuickConnectType];
    });
  }

  /** What was charged so far, and what is set aside, in units of money. */
  async function spent() {
    const { rows } = await state.database.query<{ charged: number; reserved: number }>(
      `SELECT coalesce(sum(charged_micros), 0)::float8 / 1e6 AS charged,
              coalesce(sum(reserved_micros), 0)::float8 / 1e6 AS reserved FROM call_spend`,
      [],
    );
    const [row] = rows;
    assert.ok(row);
    return row;
  }

  /** From answer to end; a transferred customer is answered when he is handed over. */
  async function timesOf(contactId: string) {
    const { rows } = await state.database.query<{ from: Date | null; to: Date | null }>(
      'SELECT connected_at AS from, disconnected_at AS to FROM contact WHERE id = $1',
      [contactId],
    );
    const { from, to } = rows[0] ?? {};
    assert.ok(from && to);
    return { fromMs: from.getTime(), toMs: to.getTime() };
  }

  const conversation = () => conversationOf(ringback, first, person, flowId);

  it('asks an agent first, swaps, makes a conference, and leaves the customer to him', async () => {
    const contactId = await conversation();
    assert.deepEqual(
      first.state.quickConnects.map(({ id }) => id).toSorted(),
      [toSecond, toQueue, toShop].toSorted(),
      'those of the queues of the routing profile',
    );
    await second.setStatus('Available');
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    await untilParties(first, { customer: 'hold', third: 'connecting' });
    await assert.rejects(first.do({ do: 'resume', contactId }), { code: 'NOT_NOW' });

    const offer = await second.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    assert.deepEqual(
      offer.contact?.parties.map(({ id, label, state }) => [id, label, state]),
      [
        ['customer', person, 'hold'],
        ['transferring', 'agent', 'connected'],
      ],
      'who is asked sees by whom before accepting',
    );
    const next = await acceptOffer(second);
    assert.notEqual(next, contactId);
    await untilParties(first, { customer: 'hold', third: 'connected' });
    await untilParties(second, { customer: 'hold', transferring: 'connected' });
    await assert.rejects(second.do({ do: 'hold', contactId: next }), { code: 'NOT_NOW' });
    await hears(first, secondHz);
    await hears(second, firstHz);

    await first.do({ do: 'swap', contactId });
    await untilParties(second, { customer: 'connected', transferring: 'hold' });
    await untilParties(first, { customer: 'connected', third: 'hold' });
    await hearsNot(second, firstHz);
    await hearsNot(first, secondHz);

    await first.do({ do: 'join', contactId });
    await untilParties(second, { customer: 'connected', transferring: 'connected' });
    await untilParties(first, { customer: 'connected', third: 'connected' });
    await hears(first, secondHz);

    await first.do({ do: 'hangUp', contactId });
    await untilParties(second, { customer: 'connected' });
    await hearsNot(first, secondHz);
    await finishWork(first, contactId);
    // So long the customer hears the second agent alone.
    await second.untilHeard(75);
    await second.do({ do: 'hold', contactId: next });
    await untilDefined(20_000, 'the hold flow that was set before the transfer did not run', () =>
      ringback.timeline.find(
        (entry) => entry.kind === 'flow' && entry.contactId === next && entry.step.flow.id === holdFlowId,
      ),
    );
    await second.do({ do: 'resume', contactId: next });
    await second.do({ do: 'hangUp', contactId: next });
    await finishWork(second, next);

    const [left, followed] = [await ringback.record(contactId), await ringback.record(next)];
    assert.equal(left.NextContactId, next);
    assert.deepEqual(await nextContactsOf(contactId), [[next, toSecond, 'USER']]);
    assert.equal(left.DisconnectReason, 'AGENT_DISCONNECT');
    assert.equal(left.TransferCompletedTimestamp, null, 'only of those who leave before the next has joined');
    assert.equal((left.Agent as { NumberOfHolds: number }).NumberOfHolds, 1);
    assert.equal(followed.InitiationMethod, 'TRANSFER');
    assert.equal(followed.PreviousContactId, contactId);
    assert.equal(followed.InitialContactId, contactId);
    assert.equal(followed.DisconnectReason, 'AGENT_DISCONNECT');
    const followedAgent = followed.Agent as {
      Username: string;
      HierarchyGroups: Record<string, { GroupName: string }>;
    };
    assert.equal(followedAgent.Username, 'second');
    assert.equal(followedAgent.HierarchyGroups.Level2?.GroupName, 'Harbour');
    const quality = followed.QualityMetrics as { Agent: { Audio: { QualityScore: number } } };
    assert.ok(quality.Agent.Audio.QualityScore > 1);
    const [snapshot] = linesOf(path.join(ringback.dataDir, 'events', 'agent-events.jsonl'))
      .map((line) => line.CurrentAgentSnapshot as AgentSnapshot)
      .filter(({ Configuration }) => Configuration.AgentHierarchyGroups !== null)
      .filter(({ Contacts }) => Contacts.some(({ ContactId }) => ContactId === next));
    assert.deepEqual(Object.keys(snapshot?.Configuration.AgentHierarchyGroups ?? {}), ['Level1', 'Level2']);
    assert.equal(snapshot?.Contacts[0]?.InitialContactId, contactId);
    assert.deepEqual(followed.CustomerEndpoint, { Type: 'TELEPHONE_NUMBER', Address: person });
    assert.deepEqual(
      ringback.events(next).map(({ eventType }) => eventType),
      ['INITIATED', 'QUEUED', 'CONNECTED_TO_AGENT', 'DISCONNECTED', 'COMPLETED'],
    );
    await phoneHears(ringback, person, secondHz);
  });

  it('hands over at once to a queue, whose next agent takes it, and charges the call on', async () => {
    const before = await spent();
    await second.setStatus('Offline');
    const contactId = await conversation();
    await second.setStatus('Available');
    await first.do({ do: 'transfer', contactId, kind: 'cold', quickConnectId: toQueue });
    await first.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    const offer = await second.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    assert.deepEqual(offer.contact?.parties, [], 'nobody asks: the customer comes alone');
    const next = await acceptOffer(second);
    await second.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await untilParties(second, { customer: 'connected' });
    await finishWork(first, contactId);
    assert.equal((await spent()).reserved, 5, 'for the second contact; the first is settled');
    await second.do({ do: 'hangUp', contactId: next });
    await finishWork(second, next);

    const [left, followed] = [await ringback.record(contactId), await ringback.record(next)];
    const times = [await timesOf(contactId), await timesOf(next)] as const;
    const agentJoinedAt = (followed.Agent as { ConnectedToAgentTimestamp: string }).ConnectedToAgentTimestamp;
    assert.ok(times[1].fromMs <= Date.parse(agentJoinedAt), 'the wait in the queue costs, too');
    const minutes = times.map(({ fromMs, toMs }) => Math.max(1, Math.ceil((toMs - fromMs) / 60_000)));
    const charged = minutes.reduce((sum, of) => sum + of, before.charged);
    assert.deepEqual(await spent(), { charged, reserved: 0 });
    assert.equal(left.NextContactId, next);
    assert.match(String(left.TransferCompletedTimestamp), /^20/);
    assert.equal(left.DisconnectReason, 'AGENT_DISCONNECT');
    assert.equal(followed.PreviousContactId, contactId);
    assert.equal((followed.Queue as { Name: string }).Name, 'BasicQueue');
    assert.equal((followed.Agent as { Username: string }).Username, 'second');
  });

  it('leaves the customer to the queue before anybody has answered, and the queue speaks to him', async () => {
    await second.setStatus('Offline');
    const contactId = await conversation();
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    await untilParties(first, { customer: 'hold', third: 'connecting' });
    await first.do({ do: 'hangUp', contactId });
    await finishWork(first, contactId);
    await second.setStatus('Available');
    const next = await acceptOffer(second);
    await untilParties(second, { customer: 'connected' });
    await second.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await second.do({ do: 'hangUp', contactId: next });
    await finishWork(second, next);
    assert.match(String((await ringback.record(contactId)).TransferCompletedTimestamp), /^20/);
    const prompts = ringback.timeline.filter((one) => one.kind === 'prompt' && one.contactId === next);
    assert.ok(prompts.length > 0, 'what played to the agent plays to the customer now');
  });

  it('takes the customer back when the other agent does not want to, or is not waited for', async () => {
    await second.setStatus('Offline');
    const contactId = await conversation();
    await second.setStatus('Available');
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    const asked = await acceptOffer(second);
    await untilParties(first, { customer: 'hold', third: 'connected' });
    await second.do({ do: 'hangUp', contactId: asked });
    await untilParties(first, { customer: 'connected' });
    await first.until('off hold', ({ contact }) => contact?.state === 'CONNECTED');
    await finishWork(second, asked);
    assert.equal((await ringback.record(asked)).ConnectedToSystemTimestamp, null, 'never had the customer');

    await second.setStatus('Offline');
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    await untilParties(first, { customer: 'hold', third: 'connecting' });
    await first.do({ do: 'dropParty', contactId, partyId: 'third' });
    await untilParties(first, { customer: 'connected' });
    await first.do({ do: 'hangUp', contactId });
    await finishWork(first, contactId);
    const { NextContactId } = await ringback.record(contactId);
    const entries = (await nextContactsOf(contactId)) ?? [];
    assert.deepEqual(
      entries.map(([id]) => id),
      [asked, NextContactId],
    );
    const dropped = await ringback.record(String(NextContactId));
    assert.deepEqual((dropped.SegmentAttributes as Record<string, unknown>)['ringback:EndCause'], {
      ValueString: 'TRANSFER_CANCELLED',
    });
  });

  it('is over at once where the other agent is with somebody else, and takes him out of after-contact work', async () => {
    await second.setStatus('Offline');
    const contactId = await conversation();
    await second.setStatus('Available');
    await second.do({ do: 'dial', phoneNumber: another });
    const busyWith = await second.until('the answer', ({ contact }) => contact?.state === 'CONNECTED');
    const transfer = () => first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    await transfer();
    const { contact } = await first.until('a failure', (state) => state.contact?.failure !== undefined);
    assert.equal(contact?.failure?.text, 'The transfer to Second did not succeed.');
    await untilParties(first, { customer: 'hold' });

    await second.do({ do: 'hangUp', contactId: busyWith.contact?.contactId });
    await second.until('after-contact work', (state) => state.contact?.state === 'ENDED');
    await transfer();
    const asked = await acceptOffer(second);
    await untilParties(first, { customer: 'hold', third: 'connected' });
    await first.do({ do: 'hangUp', contactId });
    await finishWork(first, contactId);
    await second.do({ do: 'hangUp', contactId: asked });
    await finishWork(second, asked);
  });

  it('swaps between the customer and a telephone number as well', async () => {
    const contactId = await conversation();
    await first.do({ do: 'transfer', contactId, kind: 'warm', phoneNumber: another });
    await untilParties(first, { customer: 'hold', third: 'connected' });
    await first.do({ do: 'swap', contactId });
    await untilParties(first, { customer: 'connected', third: 'hold' });
    await first.do({ do: 'swap', contactId });
    await untilParties(first, { customer: 'hold', third: 'connected' });
    await first.do({ do: 'dropParty', contactId, partyId: 'third' });
    await untilParties(first, { customer: 'connected' });
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toShop });
    const { contact } = await first.until('a failure', (state) => state.contact?.failure !== undefined);
    assert.equal(contact?.failure?.text, 'Shop could not be reached: The line is busy.');
    await first.do({ do: 'hangUp', contactId });
    await finishWork(first, contactId);
  });

  it('goes nowhere that the queues of the routing profile do not lead to', async () => {
    const contactId = await conversation();
    await assert.rejects(first.do({ do: 'transfer', contactId, kind: 'cold', quickConnectId: elsewhere }), {
      code: 'NOT_NOW',
    });
    assert.equal(first.state.contact?.state, 'CONNECTED');
    await first.do({ do: 'hangUp', contactId });
    await finishWork(first, contactId);
  });

  it('ends with the customer, wherever it stands', async () => {
    await second.setStatus('Offline');
    const contactId = await conversation();
    await second.setStatus('Available');
    await first.do({ do: 'transfer', contactId, kind: 'warm', quickConnectId: toSecond });
    const asked = await acceptOffer(second);
    await untilParties(second, { customer: 'hold', transferring: 'connected' });
    ringback.service.active.stop(contactId as never, { disconnectReason: 'OTHER', endCause: 'TEST' });
    await finishWork(first, contactId);
    await finishWork(second, asked);
    assert.equal((await ringback.record(asked)).PreviousContactId, contactId);
  });
});
