/** Agents and the death of the service, with real processes: it is killed while everybody talks; the conversations end, and the pages come back. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  CreateUserCommand,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
} from '@aws-sdk/client-connect';
import { type AgentSnapshot, ScriptedAgent } from '@ringback/testkit';
import { type ContactRecord, endCauseOf } from './support/contact-load.ts';
import { transferToQueue } from './support/flow-actions.ts';
import { type ServiceProcess, until } from './support/processes.ts';
import { type CallTarget, openServicePlace, type ServicePlace, startOf } from './support/service-place.ts';

const agentCount = 10;
const password = 'Correct-horse-1';
/** The goal is 5 s; other tests run on the same cores. */
const routableWithinMs = 15_000;
/** After the kill: a starved machine takes a minute for the start alone. */
const backWithinMs = 150_000;
/** RTP packets of 20 ms that tell a conversation from a stray one. */
const packetsOfTalk = 25;

const talks = [
  { step: 'answer' },
  { step: 'repeat', steps: [{ step: 'tones', tones: [{ frequenciesHz: [440], forMs: 1000 }] }] },
];
const phones = Array.from({ length: agentCount + 1 }, (_, n) => `+1206557${String(n).padStart(4, '0')}`);

describe('a service that is killed while agents talk', () => {
  const agents: ScriptedAgent[] = [];
  let place: ServicePlace;
  let service: ServiceProcess;
  let target: CallTarget;

  before(async () => {
    place = await openServicePlace(Object.fromEntries(phones.map((number) => [number, talks])));
    service = await place.start();
    const { instanceId, queueId } = await place.createTarget();
    const flowId = await place.createFlow(instanceId, 'To the queue', transferToQueue);
    target = { instanceId, queueId, flowId };
    const usernames = await createUsers();
    agents.push(...(await Promise.all(usernames.map(atWork))));
  });

  after(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    await place?.close();
  });

  async function createUsers(): Promise<string[]> {
    const InstanceId = target.instanceId;
    const profiles = await place.client.send(new ListRoutingProfilesCommand({ InstanceId }));
    const security = await place.client.send(new ListSecurityProfilesCommand({ InstanceId }));
    const RoutingProfileId = required(profiles.RoutingProfileSummaryList?.[0]?.Id);
    const agentProfile = security.SecurityProfileSummaryList?.find(({ Name }) => Name === 'Agent');
    const usernames = Array.from({ length: agentCount }, (_, n) => `agent${n}`);
    for (const Username of usernames) {
      await place.client.send(
        new CreateUserCommand({
          InstanceId,
          Username,
          Password: password,
          IdentityInfo: { FirstName: 'Ada', LastName: Username },
          PhoneConfig: { PhoneType: 'SOFT_PHONE', AutoAccept: false, AfterContactWorkTimeLimit: 0 },
          SecurityProfileIds: [required(agentProfile?.Id)],
          RoutingProfileId,
        }),
      );
    }
    return usernames;
  }

  async function atWork(username: string): Promise<ScriptedAgent> {
    const agent = await ScriptedAgent.signIn({ url: service.url, username, password });
    agent.comeBackByItself();
    await agent.connectSoftphone();
    agent.speak();
    await agent.setStatus('Available');
    return agent;
  }

  async function call(number: string | undefined): Promise<string> {
    const request = startOf(target, { token: randomUUID(), number: required(number) });
    return required((await place.client.send(request)).ContactId);
  }

  it('ends every conversation once, with its reason, and gets its agents back by themselves', async (t) => {
    const contactIds = await Promise.all(phones.slice(0, agentCount).map(call));
    const taken = await Promise.all(agents.map(takeCall));
    assert.deepEqual(taken.toSorted(), contactIds.toSorted(), 'each agent talks in a contact of his own');

    await service.end('SIGKILL');
    const back = agents.map((agent) =>
      agent
        .until('an agent who can be offered a contact', isRoutable, backWithinMs)
        .then(() => performance.now()),
    );
    // Seen before the service is ready if it fails, and told then.
    const allBack = Promise.all(back);
    allBack.catch(() => undefined);
    service = await place.start();
    const readyAtMs = performance.now();
    const tookMs = (await allBack).map((atMs) => Math.max(0, Math.round(atMs - readyAtMs)));
    t.diagnostic(`agents routable after the service was ready, ms: ${tookMs.toSorted((a, b) => a - b)}`);
    assert.ok(Math.max(...tookMs) < routableWithinMs, `the last agent was routable after ${tookMs} ms`);

    const recordsOf = (contactId: string) =>
      (place.facts('contact-records') as ContactRecord[]).filter(({ ContactId }) => ContactId === contactId);
    for (const contactId of contactIds) {
      await until(() => recordsOf(contactId).length > 0, `the record of contact ${contactId}`);
      const [record, ...more] = recordsOf(contactId);
      assert.deepEqual(more, [], 'there is one record');
      assert.equal(record?.DisconnectReason, 'OTHER');
      assert.equal(record && endCauseOf(record), 'SERVICE_RESTARTED');
      assert.ok(record?.Agent, 'the record names the agent');
    }
  });

  it('has somebody take the next call', async () => {
    const contactId = await call(phones.at(-1));
    const isOffered = ({ state }: ScriptedAgent) =>
      state.contact?.contactId === contactId && state.contact.state === 'CONNECTING';
    await until(() => agents.some(isOffered), 'an offer');
    const offered = agents.filter(isOffered);
    assert.equal(offered.length, 1, 'one agent is rung');
    assert.equal(await takeCall(required(offered[0])), contactId);
  });
});

/** Accepts what is offered, and resolves with it when it is heard. */
async function takeCall(agent: ScriptedAgent): Promise<string> {
  const { contact } = await agent.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
  const contactId = required(contact?.contactId);
  await agent.do({ do: 'accept', contactId });
  await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
  await agent.untilHeard(packetsOfTalk);
  return contactId;
}

function isRoutable({ status, contact, softphone }: AgentSnapshot): boolean {
  return status.name === 'Available' && contact === undefined && softphone === 'connected';
}

function required<Value>(value: Value | undefined): Value {
  assert.ok(value !== undefined);
  return value;
}
