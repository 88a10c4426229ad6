// Routing on a real PostgreSQL: from the queue to the page and back, with two nodes where two matter. The clock of the
// nodes is virtual; leases live on the database's.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type Clock, systemClock } from '../clock.ts';
import { openInProcessBus } from '../events/bus.ts';
import { openPostgresBus, type PostgresBus } from '../events/postgres-bus.ts';
import { type AgentId, type ContactId, type InstanceId, type NodeId, newId, type QueueId } from '../ids.ts';
import { RoutingMoved } from '../store/change-routing.ts';
import { openNodeStore } from '../store/node-store.ts';
import { openResourceStore } from '../store/resource-store.ts';
import { setUpFingerprint } from '../store/routing-set-up-store.ts';
import { openRoutingStore, type RoutingStore } from '../store/routing-store.ts';
import type { RingbackDatabase } from '../store/schema.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { makeRoutingTeam, type RoutingTeam } from '../test-support/routing-team.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { queueMetricsFor } from './flow-metrics.ts';
import { realTimeMetrics } from './real-time-metrics.ts';
import { openRouting, type Routing } from './routing.ts';
import type { AgentView, ContactNews, RoutedContact } from './routing-change.ts';
import { openRoutingDirectory } from './routing-directory.ts';

const longestWaitMs = 20_000;

/** Stands still until a test moves it, and wakes nobody: tests say when routing looks for what is due. */
class SteppedClock implements Clock {
  nowMs = Date.UTC(2026, 0, 1);
  now = (): number => this.nowMs;
  setTimeout = (): undefined => undefined;
  clearTimeout = (): undefined => undefined;
}

let server: TestDatabase;
let database: RingbackDatabase;
let instanceId: InstanceId;
let team: RoutingTeam;
let clock: SteppedClock;
let open: { close(): Promise<void> }[] = [];
let eventIds = 0;

before(async () => {
  server = await openTestDatabase();
  ({ database, instanceId } = server);
  // Of every four agents the first serves the first queue only; all speak English at level 5.
  team = await makeRoutingTeam(database, instanceId, 8, () => 0.9);
  await database.query(`UPDATE agent_proficiency SET level = 5`);
});

after(() => server.close());

beforeEach(async () => {
  await database.query('TRUNCATE routing_agent, routing_entry, routing_news, outbox, contact, node');
  clock = new SteppedClock();
});

afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
});

interface TestNode {
  readonly node: NodeId;
  readonly routing: Routing;
  readonly complaints: () => unknown[];
}

async function openNode({
  leaseMs = 3_600_000,
  bus,
  store = openRoutingStore(database),
  mayJudgeNodes,
}: {
  readonly leaseMs?: number;
  readonly bus?: (node: NodeId) => PostgresBus;
  readonly store?: RoutingStore;
  readonly mayJudgeNodes?: () => boolean;
} = {}): Promise<TestNode> {
  const node = newId<NodeId>();
  await openNodeStore(database).register(node, { host: 'test' }, leaseMs);
  const { logger, lines } = capturedLogger();
  const opened = bus?.(node);
  if (opened) open.push(opened);
  const routing = openRouting({
    node,
    ...(mayJudgeNodes ? { mayJudgeNodes } : {}),
    store,
    directory: openRoutingDirectory(openResourceStore(database), clock, (id) =>
      setUpFingerprint(database, id),
    ),
    clock,
    bus: opened ?? openInProcessBus(),
    logger,
    newEventId: () => `event-${++eventIds}`,
    factsWritten: () => undefined,
  });
  open.push(routing);
  return { node, routing, complaints: () => lines.filter(({ level }) => level >= 40) };
}

const queue = (index: number) => ({ kind: 'queue', queueId: team.queues[index] as QueueId }) as const;
const agentOf = (index: number) => ({ instanceId, agentId: team.agents[index]?.agentId as AgentId });

function newContact(epoch = 1, contactId = newId<ContactId>()): RoutedContact {
  return { instanceId, contactId, epoch, channel: 'VOICE', initiationMethod: 'API' };
}

/** An agent at a page, with everything that the page was shown. */
async function atDesk(routing: Routing, index = 0): Promise<{ readonly shown: AgentView[] }> {
  const shown: AgentView[] = [];
  const desk = await routing.attach(agentOf(index), `session ${index}`, (view) => shown.push(view));
  assert.ok(desk);
  const outcome = await routing.setStatus(agentOf(index), team.statuses.available);
  assert.equal(outcome.kind, 'done');
  return { shown };
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAtMs = Date.now() + longestWaitMs;
  while (!(await holds())) {
    if (Date.now() > giveUpAtMs) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const inHand = async (routing: Routing, index = 0): Promise<string[]> =>
  (await routing.agent(agentOf(index)))?.state.contacts.map((held) => `${held.contactId} ${held.state}`) ??
  [];

async function agentEvents(): Promise<{ type: string; contacts: string[]; status: string }[]> {
  const { rows } = await database.query<{ payload: string }>(
    `SELECT payload FROM outbox WHERE stream = 'agent-events' ORDER BY contact_id, sequence`,
  );
  return rows.map(({ payload }) => {
    const event = JSON.parse(payload) as {
      EventType: string;
      CurrentAgentSnapshot: { AgentStatus: { Name: string }; Contacts: { State: string }[] };
    };
    return {
      type: event.EventType,
      status: event.CurrentAgentSnapshot.AgentStatus.Name,
      contacts: event.CurrentAgentSnapshot.Contacts.map(({ State }) => State),
    };
  });
}

/** A store where something happens between the look at what is due and what is done about it. */
function lookingFirst(happens: () => Promise<void>): RoutingStore {
  const store = openRoutingStore(database);
  return {
    ...store,
    async due(question) {
      const due = await store.due(question);
      await happens();
      return due;
    },
  };
}

/** Another agent with everything as the first of the team has it. */
async function hire(username: string): Promise<AgentId> {
  const agentId = newId<AgentId>();
  await database.query(
    'INSERT INTO agent SELECT (jsonb_populate_record(a, $1)).* FROM agent a WHERE a.id = $2',
    [JSON.stringify({ id: agentId, username }), agentOf(0).agentId],
  );
  return agentId;
}

describe('routing', () => {
  it('takes the page of an agent who was made this very moment', async () => {
    const { routing } = await openNode();
    await atDesk(routing);
    const key = { instanceId, agentId: await hire('of this moment') };
    assert.ok(await routing.attach(key, 'session of the moment', () => undefined));
  });

  it('brings a waiting contact to a free agent, tells page and owner each step, and writes the agent events', async () => {
    const { routing, complaints, node } = await openNode();
    const contact = newContact();
    const news: ContactNews[] = [];
    routing.follow(contact.contactId, (heard) => news.push(heard));
    const { shown } = await atDesk(routing);
    await routing.enqueue(contact, queue(0));
    await until('it rings', async () => (await inHand(routing)).length > 0);
    const key = agentOf(0);
    await routing.accept(key, contact.contactId);
    await routing.connected(key, contact.contactId);
    await routing.contactEnded(contact);
    assert.deepEqual(await inHand(routing), [`${contact.contactId} afterContactWork`]);
    clock.nowMs += 30_000;
    await routing.clear(key, contact.contactId);
    assert.deepEqual(
      shown.map(({ state }) => state.contacts.map((held) => held.state).join()),
      ['', '', 'offered', 'connecting', 'connected', 'afterContactWork', ''],
    );
    assert.deepEqual(
      news.map(({ what }) => what),
      ['offered', 'accepted', 'talkEnded', 'done'],
    );
    assert.deepEqual(news[1]?.what === 'accepted' && [news[1].agentId, news[1].node], [key.agentId, node]);
    const work = news[3]?.what === 'done' ? news[3].afterContactWork : undefined;
    assert.equal(work && work.endedAtMs - work.startedAtMs, 30_000);
    assert.equal(await routing.entry(contact), undefined);
    assert.deepEqual(await agentEvents(), [
      { type: 'LOGIN', status: 'Offline', contacts: [] },
      { type: 'STATE_CHANGE', status: 'Available', contacts: [] },
      { type: 'STATE_CHANGE', status: 'Available', contacts: ['CONNECTING'] },
      { type: 'STATE_CHANGE', status: 'Available', contacts: ['CONNECTING'] },
      { type: 'STATE_CHANGE', status: 'Available', contacts: ['CONNECTED'] },
      { type: 'STATE_CHANGE', status: 'Available', contacts: ['ENDED'] },
      { type: 'STATE_CHANGE', status: 'Available', contacts: [] },
    ]);
    assert.deepEqual(complaints(), []);
  });

  it('names in agent events the contact that a chain of transfers began with', async () => {
    const { routing } = await openNode();
    const initialContactId = newId<ContactId>();
    await atDesk(routing);
    await routing.enqueue({ ...newContact(), initialContactId }, queue(0));
    await until('it rings', async () => (await inHand(routing)).length > 0);
    await atDesk(routing, 1);
    await routing.begin(agentOf(1), newContact());
    const { rows } = await database.query<{ initial: string | null }>(
      `SELECT payload::jsonb #>> '{CurrentAgentSnapshot,Contacts,0,InitialContactId}' AS initial FROM outbox
        WHERE payload::jsonb #> '{CurrentAgentSnapshot,Contacts,0}' IS NOT NULL ORDER BY created_at, position`,
    );
    assert.deepEqual(
      rows.map(({ initial }) => initial),
      [initialContactId, null],
    );
  });

  it('keeps the place of a contact that was missed, and rings its agent no more until he returns', async () => {
    const { routing } = await openNode();
    await atDesk(routing);
    const first = newContact();
    await routing.enqueue(first, queue(0));
    await until('it rings', async () => (await inHand(routing)).length > 0);
    clock.nowMs += 1000;
    const second = newContact();
    await routing.enqueue(second, queue(0));
    clock.nowMs += 18_999;
    await routing.sweep();
    assert.deepEqual(await inHand(routing), [`${first.contactId} offered`]);
    clock.nowMs += 1;
    await routing.sweep();
    assert.deepEqual(await inHand(routing), [`${first.contactId} missed`]);
    assert.deepEqual([await routing.position(first), await routing.position(second)], [1, 2]);
    await routing.sweep();
    assert.equal((await routing.entry(first))?.state, 'waiting');
    await routing.clear(agentOf(0), first.contactId);
    await until('it rings again', async () => (await inHand(routing)).length > 0);
    assert.deepEqual(await inHand(routing), [`${first.contactId} offered`]);
    assert.equal((await routing.entry(first))?.offers, 2);
  });

  it('moves a contact in its queue by priority and adjusted age', async () => {
    const { routing } = await openNode();
    const [a, b, c] = [newContact(), newContact(), newContact()] as const;
    for (const contact of [a, b, c]) {
      await routing.enqueue(contact, queue(0));
      clock.nowMs += 1000;
    }
    await routing.changeSettings(c, { queueTimeAdjustmentSeconds: 60 });
    assert.deepEqual(await Promise.all([a, b, c].map((one) => routing.position(one))), [2, 3, 1]);
    await routing.changeSettings(b, { queuePriority: 1 });
    assert.deepEqual(await Promise.all([a, b, c].map((one) => routing.position(one))), [3, 1, 2]);
  });

  it('looks for another agent when a step of the criteria expires', async () => {
    const { routing } = await openNode();
    await atDesk(routing, 0);
    const contact = newContact();
    const news: ContactNews[] = [];
    routing.follow(contact.contactId, (heard) => news.push(heard));
    const expression = { kind: 'agents', agentIds: ['nobody'] } as const;
    await routing.prepare(contact, { criteria: { steps: [{ expression, durationMs: 10_000 }] } });
    await routing.enqueue(contact, queue(0));
    await routing.sweep();
    assert.equal((await routing.entry(contact))?.state, 'waiting');
    clock.nowMs += 10_000;
    await routing.sweep();
    await until('it rings', async () => (await inHand(routing)).length > 0);
    assert.deepEqual(
      news.map(({ what }) => what),
      ['settings', 'stepExpired', 'offered'],
    );
  });

  it('runs the steps of criteria that a waiting contact is given from then on', async () => {
    const { routing } = await openNode();
    const contact = newContact();
    const agents = (agentId: string) => ({ kind: 'agents', agentIds: [agentId] }) as const;
    const steps = [{ expression: agents('a'), durationMs: 10_000 }, { expression: agents('b') }];
    await routing.enqueue(contact, queue(0));
    clock.nowMs += 60_000;
    const given = await routing.changeSettings(contact, { criteria: { steps } });
    assert.deepEqual(given.kind === 'done' && [given.entry?.step, given.entry?.stepExpiresAtMs], [
      0,
      clock.nowMs + 10_000,
    ]);
    clock.nowMs += 10_000;
    await routing.sweep();
    assert.equal((await routing.entry(contact))?.step, 1);
  });

  it('finds the agent for criteria that were given to a contact that waits already', async () => {
    const { routing } = await openNode();
    const contact = newContact();
    await routing.enqueue(contact, queue(0));
    // The database keeps members in an order of its own.
    const expression = { kind: 'not', of: { kind: 'agents', agentIds: ['nobody'] } } as const;
    await routing.changeSettings(contact, { criteria: { steps: [{ expression }] } });
    await atDesk(routing);
    await until('it rings', async () => (await inHand(routing)).length > 0);
  });

  it('refuses to queue what is queued, beyond the capacity, or for a node that is dead', async () => {
    const { routing } = await openNode();
    const contact = newContact();
    await routing.enqueue(contact, queue(0), { maxContacts: 2 });
    assert.deepEqual(await routing.enqueue(contact, queue(1)), { kind: 'refused', why: 'queued already' });
    const more = await Promise.all(
      [1, 2, 3].map(() => routing.enqueue(newContact(), queue(0), { maxContacts: 2 })),
    );
    assert.deepEqual(
      more.map((outcome) => (outcome.kind === 'refused' ? outcome.why : outcome.kind)),
      ['done', 'queue full', 'queue full'],
    );
    const dead = await openNode({ leaseMs: 0 });
    assert.deepEqual(await dead.routing.enqueue(newContact(), queue(0)), {
      kind: 'refused',
      why: 'not the owner',
    });
  });

  it('moves a waiting contact to another queue; where that is full, or an agent is offered it, it keeps its place', async () => {
    const { routing } = await openNode();
    const contact = newContact();
    const move = (to: number) =>
      routing.enqueue(contact, queue(to), { maxContacts: 1, from: 'another queue' });
    const standing = async () => {
      const entry = await routing.entry(contact);
      return [entry?.place, entry?.enqueuedAtMs, entry?.queuePriority, entry?.state];
    };
    await routing.enqueue(contact, queue(0));
    await routing.changeSettings(contact, { queuePriority: 2 });
    const joinedAtMs = clock.nowMs;
    clock.nowMs += 60_000;
    const other = newContact();
    await routing.enqueue(other, queue(1));
    assert.deepEqual(await move(1), { kind: 'refused', why: 'queue full' });
    assert.deepEqual(await standing(), [queue(0), joinedAtMs, 2, 'waiting']);
    await routing.contactEnded(other);
    assert.equal((await move(1)).kind, 'done');
    assert.deepEqual(await standing(), [queue(1), clock.nowMs, 2, 'waiting']);
    await atDesk(routing, 1);
    await until('it rings', async () => (await inHand(routing, 1)).length > 0);
    assert.deepEqual(await move(0), { kind: 'refused', why: 'queued already' });
    assert.equal((await standing())[3], 'offered');
  });

  it('lets a contact step aside, whom nobody is offered then, and takes it back to its place', async () => {
    const { routing } = await openNode();
    const contact = newContact();
    assert.deepEqual(await routing.stepAside(contact), { kind: 'done' }, 'never queued');
    await routing.enqueue(contact, queue(0));
    await routing.changeSettings(contact, { queuePriority: 2 });
    const joinedAtMs = clock.nowMs;
    const aside = await routing.stepAside(contact);
    assert.deepEqual(aside.kind === 'done' && aside.entry?.place, queue(0));
    assert.equal(await routing.position(contact), undefined);
    clock.nowMs += 60_000;
    const other = newContact();
    await routing.enqueue(other, queue(0));
    await atDesk(routing);
    await until('the other rings', async () =>
      (await inHand(routing)).includes(`${other.contactId} offered`),
    );
    assert.equal((await routing.enqueue(contact, queue(0), { maxContacts: undefined })).kind, 'done');
    const entry = await routing.entry(contact);
    assert.deepEqual([entry?.enqueuedAtMs, entry?.queuePriority], [joinedAtMs, 2]);
    assert.equal(await routing.position(contact), 1);
  });

  it('takes back what rings for a contact that steps aside, and refuses it once an agent has accepted', async () => {
    const { routing } = await openNode();
    const contact = newContact();
    const news: ContactNews[] = [];
    routing.follow(contact.contactId, (heard) => news.push(heard));
    await routing.enqueue(contact, queue(0));
    await atDesk(routing);
    await until('it rings', async () => (await inHand(routing)).length > 0);
    await routing.stepAside(contact);
    assert.deepEqual(await inHand(routing), []);
    assert.equal((await routing.entry(contact))?.agentId, undefined);
    await routing.enqueue(contact, queue(0));
    await until('it rings again', async () => (await inHand(routing)).length > 0);
    await routing.accept(agentOf(0), contact.contactId);
    assert.deepEqual(await routing.stepAside(contact), { kind: 'refused', why: 'queued already' });
    assert.deepEqual(await inHand(routing), [`${contact.contactId} connecting`]);
    assert.deepEqual(
      news.map(({ what }) => what),
      ['offered', 'offered', 'accepted'],
    );
  });

  it('queues a contact again that an agent has left, whatever after-contact work he has', async () => {
    const { routing } = await openNode();
    const contact = newContact();
    await routing.enqueue(contact, queue(0));
    await atDesk(routing);
    await until('it rings', async () => (await inHand(routing)).length > 0);
    await routing.accept(agentOf(0), contact.contactId);
    await routing.connected(agentOf(0), contact.contactId);
    await routing.contactEnded(contact);
    assert.equal((await routing.entry(contact))?.state, 'ended');
    assert.equal((await routing.enqueue(contact, queue(0))).kind, 'done');
    assert.deepEqual(await routing.enqueue(contact, queue(0)), { kind: 'refused', why: 'queued already' });
    await routing.clear(agentOf(0), contact.contactId);
    await until('it rings again', async () =>
      (await inHand(routing)).includes(`${contact.contactId} offered`),
    );
  });

  it('tries changes one by one when one of them keeps the others from their locks', async () => {
    const store = openRoutingStore(database);
    const { routing } = await openNode({
      store: {
        ...store,
        change: (scope, decide) =>
          (scope.fresh ?? []).length > 1
            ? Promise.reject(new RoutingMoved('somebody got an agent'))
            : store.change(scope, decide),
      },
    });
    const outcomes = await Promise.all([1, 2, 3].map(() => routing.enqueue(newContact(), queue(0))));
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['done', 'done', 'done'],
    );
  });

  it('lets the new owner of a contact go on in its place, and the old one say nothing more', async () => {
    const [former, next] = [await openNode(), await openNode()];
    const contact = newContact();
    await former.routing.enqueue(contact, queue(0));
    clock.nowMs += 5000;
    const later = newContact();
    await next.routing.enqueue(later, queue(0));
    const again = { ...contact, epoch: 2 };
    assert.equal((await next.routing.enqueue(again, queue(0))).kind, 'done');
    assert.deepEqual([await next.routing.position(again), await next.routing.position(later)], [1, 2]);
    assert.deepEqual((await next.routing.entry(again))?.owner, { node: next.node, epoch: 2 });
    assert.deepEqual(await former.routing.contactEnded(contact), { kind: 'refused', why: 'not the owner' });
    assert.equal((await next.routing.contactEnded(again)).kind, 'done');
  });

  it('gives back what rang at a node that died, and rings there again as soon as the page is back', async () => {
    const [dying, other] = [await openNode(), await openNode()];
    await atDesk(dying.routing);
    const contact = newContact();
    await other.routing.enqueue(contact, queue(0));
    await until('it rings', async () => (await inHand(other.routing)).length > 0);
    await openNodeStore(database).release(dying.node);
    await other.routing.sweep();
    assert.deepEqual(await inHand(other.routing), []);
    assert.equal((await other.routing.entry(contact))?.state, 'waiting');
    const shown: AgentView[] = [];
    await other.routing.attach(agentOf(0), 'new session', (view) => shown.push(view));
    await until('it rings again', () => shown.at(-1)?.state.contacts[0]?.state === 'offered');
    assert.equal(shown.at(-1)?.state.status.name, 'Available');
  });

  it('takes an agent back whose node was only taken for dead: his page never went away', async () => {
    const [stalled, other] = [await openNode(), await openNode()];
    const { shown } = await atDesk(stalled.routing);
    await openNodeStore(database).renew(stalled.node, -1);
    await other.routing.sweep();
    assert.equal((await other.routing.agent(agentOf(0)))?.state.attachment, undefined);
    await openNodeStore(database).renew(stalled.node, 3_600_000);
    await stalled.routing.sweep();
    await until('he is there again', async () => {
      const agent = await other.routing.agent(agentOf(0));
      return agent?.state.attachment?.node === stalled.node;
    });
    await other.routing.enqueue(newContact(), queue(0));
    await until('he is rung', async () => (await inHand(other.routing)).length > 0);
    await stalled.routing.sweep();
    assert.equal(shown.at(-1)?.state.contacts[0]?.state, 'offered');
  });

  it('takes no agent from a node while nobody knows which nodes are dead', async () => {
    let mayJudge = false;
    const [stalled, other] = [await openNode(), await openNode({ mayJudgeNodes: () => mayJudge })];
    await atDesk(stalled.routing);
    await openNodeStore(database).renew(stalled.node, -1);
    const attachedTo = async () => (await other.routing.agent(agentOf(0)))?.state.attachment?.node;
    await other.routing.sweep();
    assert.equal(await attachedTo(), stalled.node);
    mayJudge = true;
    await other.routing.sweep();
    assert.equal(await attachedTo(), undefined);
  });

  it('signs an agent out whose page stays away', async () => {
    const { routing } = await openNode();
    const desk = await routing.attach(agentOf(0), 's', () => undefined);
    await routing.setStatus(agentOf(0), team.statuses.available);
    await desk?.detach();
    clock.nowMs += 299_999;
    await routing.sweep();
    assert.equal((await routing.agent(agentOf(0)))?.state.presence, 'signedIn');
    clock.nowMs += 1;
    await routing.sweep();
    const { state } = (await routing.agent(agentOf(0))) ?? {};
    assert.deepEqual([state?.presence, state?.status.name], ['signedOut', 'Offline']);
    assert.deepEqual(
      (await agentEvents()).map(({ type }) => type),
      ['LOGIN', 'STATE_CHANGE', 'HEART_BEAT', 'LOGOUT'],
    );
  });

  it('frees an agent of a contact that ended without a word', async () => {
    const { routing, node } = await openNode();
    await atDesk(routing);
    const contact = newContact();
    await routing.enqueue(contact, queue(0));
    await until('it rings', async () => (await inHand(routing)).length > 0);
    await routing.accept(agentOf(0), contact.contactId);
    await database.query(
      `INSERT INTO contact (instance_id, id, account_id, region, state, owner_node, pool, initiated_at, updated_at,
                            outbox_sequence, attributes, request, outcome)
       VALUES ($1, $2, '1', 'r', 'ENDED', $3, 'p', now(), now(), 0, '{}', '{}', '{}')`,
      [instanceId, contact.contactId, node],
    );
    clock.nowMs += 10_000;
    await routing.sweep();
    assert.deepEqual(await inHand(routing), []);
    assert.equal(await routing.entry(contact), undefined);
  });

  it('ends no contact that was taken over since it was found without a living owner', async () => {
    const [dying, next] = [await openNode(), await openNode()];
    const contact = newContact();
    const again = { ...contact, epoch: 2 };
    await dying.routing.enqueue(contact, queue(0));
    await openNodeStore(database).release(dying.node);
    const { routing } = await openNode({
      store: lookingFirst(async () =>
        assert.equal((await next.routing.enqueue(again, queue(0))).kind, 'done'),
      ),
    });
    clock.nowMs += 10_000;
    await routing.sweep();
    assert.deepEqual((await next.routing.entry(again))?.owner, { node: next.node, epoch: 2 });
    assert.equal(await next.routing.position(again), 1);
  });

  it('signs no agent out who came back since he was found away for too long', async () => {
    const { routing } = await openNode();
    const desk = await routing.attach(agentOf(0), 'former', () => undefined);
    await desk?.detach();
    const other = await openNode({
      store: lookingFirst(async () => assert.ok(await routing.attach(agentOf(0), 'new', () => undefined))),
    });
    clock.nowMs += 300_000;
    await other.routing.sweep();
    assert.equal((await routing.agent(agentOf(0)))?.state.presence, 'signedIn');
  });

  it('heeds a change of the routing profile within a second', async () => {
    const { routing } = await openNode();
    await atDesk(routing);
    const contact = newContact();
    await routing.enqueue(contact, queue(1));
    await routing.sweep();
    await until('a turn was taken', async () => (await routing.entry(contact))?.state === 'waiting');
    const resources = openResourceStore(database);
    const agent = await resources.agents.find(instanceId, agentOf(0).agentId);
    assert.ok(agent);
    const { profile } = (await routing.realTime(instanceId))?.setUp.agents.get(agent.id) ?? {};
    assert.ok(profile);
    const served = { queueId: queue(1).queueId, channel: 'VOICE', priority: 1, delaySeconds: 0 } as const;
    // By a clock that is behind: what counts is that it changed.
    await resources.routingProfiles.addQueues(
      { instanceId, id: profile.id },
      { queues: [served], manualQueues: [] },
      10,
      clock.now() - 3_600_000,
    );
    clock.nowMs += 1000;
    await routing.sweep();
    await until('it rings', async () => (await inHand(routing)).length > 0);
    await resources.routingProfiles.removeQueues(
      { instanceId, id: profile.id },
      { queues: [served], manualQueues: [] },
      clock.now(),
    );
  });

  it('tells pages and contacts of another node', async () => {
    const bus = (node: NodeId) =>
      openPostgresBus({ pool: database.pool, node, clock: systemClock, logger: capturedLogger().logger });
    const [here, there] = [await openNode({ bus }), await openNode({ bus })];
    const { shown } = await atDesk(there.routing);
    const contact = newContact();
    const news: ContactNews[] = [];
    here.routing.follow(contact.contactId, (heard) => news.push(heard));
    await here.routing.enqueue(contact, queue(0));
    await until('the page there shows it', () => shown.at(-1)?.state.contacts[0]?.state === 'offered');
    await there.routing.accept(agentOf(0), contact.contactId);
    await until('its owner here knows', () => news.at(-1)?.what === 'accepted');
    assert.deepEqual((await database.query('SELECT FROM routing_news')).rowCount, 0);
  });

  it('counts agents and contacts for a queue, and for a flow', async () => {
    const { routing } = await openNode();
    await atDesk(routing, 0);
    await atDesk(routing, 4);
    await routing.attach(agentOf(2), 'lunch', () => undefined);
    await routing.setStatus(agentOf(2), team.statuses.break);
    const talked = newContact();
    await routing.enqueue(talked, queue(0));
    await until('it rings', async () => (await routing.entry(talked))?.state === 'offered');
    const agentId = (await routing.entry(talked))?.agentId as AgentId;
    await routing.accept({ instanceId, agentId }, talked.contactId);
    const waiting = newContact();
    await routing.enqueue(waiting, queue(2));
    clock.nowMs += 42_000;
    const snapshot = await routing.realTime(instanceId);
    assert.ok(snapshot);
    assert.deepEqual(realTimeMetrics(snapshot, { queueIds: new Set([team.queues[0] as QueueId]) }), {
      agentsOnline: 2,
      agentsAvailable: 1,
      agentsStaffed: 2,
      agentsNonProductive: 0,
      agentsOnContact: 1,
      agentsAfterContactWork: 0,
      agentsError: 0,
      slotsActive: 1,
      slotsAvailable: 1,
      contactsInQueue: 0,
      oldestContactAgeMs: 0,
    });
    const forFlow = await queueMetricsFor(
      routing,
      { instanceId, id: waiting.contactId },
      { kind: 'queue', queueId: team.queues[2] as string },
    );
    assert.ok(forFlow.kind === 'done');
    const { contactsInQueue, oldestContactAgeMs, agentsOnline, agentsNonProductive, contactPositionInQueue } =
      forFlow.value;
    assert.deepEqual(
      { contactsInQueue, oldestContactAgeMs, agentsOnline, agentsNonProductive, contactPositionInQueue },
      {
        contactsInQueue: 1,
        oldestContactAgeMs: 42_000,
        agentsOnline: 1,
        agentsNonProductive: 1,
        contactPositionInQueue: 1,
      },
    );
    assert.equal(
      (await queueMetricsFor(routing, { instanceId, id: waiting.contactId }, undefined)).kind,
      'failed',
    );
  });
});
