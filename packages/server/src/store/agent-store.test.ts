import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type AgentId,
  type HoursOfOperationId,
  newId,
  type QuickConnectId,
  type RoutingProfileId,
  type SecurityProfileId,
} from '../ids.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { openAgentStatusStore } from './agent-status-store.ts';
import { type Agent, type AgentStore, openAgentStore } from './agent-store.ts';
import { openHierarchyStore } from './hierarchy-store.ts';
import { openHoursStore, type StoredHours } from './hours-store.ts';
import { openPredefinedAttributeStore } from './predefined-attribute-store.ts';
import { openQueueStore } from './queue-store.ts';
import { openQuickConnectStore } from './quick-connect-store.ts';
import { InUse, NameTaken, ReferenceMissing, TooMany } from './resource-refusals.ts';
import { openRoutingProfileStore } from './routing-profile-store.ts';

let test: TestDatabase;
let agents: AgentStore;
let seeded: Agent;
const nowMs = Date.UTC(2026, 1, 1);

before(async () => {
  test = await openTestDatabase();
  agents = openAgentStore(test.database);
  const [first] = await agents.list(test.instanceId);
  assert.ok(first);
  seeded = first;
});
after(() => test?.close());

function another(more: Partial<Agent> = {}): Agent {
  return { ...seeded, id: newId<AgentId>(), username: `user-${newId()}`, updatedAtMs: nowMs, ...more };
}

describe('agent store › what the seed makes', () => {
  it('one agent whose profile serves the one queue on voice', async () => {
    const [queue] = await openQueueStore(test.database).list(test.instanceId);
    const profile = await openRoutingProfileStore(test.database).find(
      test.instanceId,
      seeded.routingProfileId,
    );
    assert.equal(seeded.username, 'agent');
    assert.deepEqual(profile?.queues, [
      { queueId: queue?.id, channel: 'VOICE', priority: 1, delaySeconds: 0 },
    ]);
    assert.deepEqual(profile?.mediaConcurrencies, [{ Channel: 'VOICE', Concurrency: 1 }]);
    assert.equal(profile?.isDefault, true);
    assert.equal(queue?.status, 'ENABLED');
    assert.ok(queue?.hoursOfOperationId);
  });

  it('a status of each kind that every instance has, and a security profile', async () => {
    const statuses = await openAgentStatusStore(test.database).list(test.instanceId);
    assert.deepEqual(
      statuses.map(({ name, type, state, displayOrder }) => [name, type, state, displayOrder]),
      [
        ['Available', 'ROUTABLE', 'ENABLED', 1],
        ['Offline', 'OFFLINE', 'ENABLED', 2],
      ],
    );
    assert.equal(seeded.securityProfileIds.length, 1);
  });
});

describe('agent store', () => {
  it('keeps, changes and forgets a user', async () => {
    const agent = another({ tags: { team: 'red' } });
    await agents.create(agent, '$argon2id$…', 10);
    assert.deepEqual(await agents.find(test.instanceId, agent.id), agent);
    assert.deepEqual(await agents.findByUsername(test.instanceId, agent.username), {
      id: agent.id,
      passwordHash: '$argon2id$…',
    });
    const identity = { ...agent.identity, firstName: 'Grace', email: 'grace@example.com' };
    const changed = await agents.update(test.instanceId, agent.id, { identity }, nowMs + 1);
    assert.equal(changed, true);
    assert.deepEqual(await agents.find(test.instanceId, agent.id), {
      ...agent,
      identity,
      updatedAtMs: nowMs + 1,
    });
    assert.equal(await agents.remove(test.instanceId, agent.id), true);
    assert.equal(await agents.remove(test.instanceId, agent.id), false);
    assert.equal(await agents.find(test.instanceId, agent.id), undefined);
  });

  it('lets no change of settings undo another one', async () => {
    const agent = another({ settings: {} });
    await agents.create(agent, undefined, 10);
    const lists = [
      'AutoAcceptConfigs',
      'AfterContactWorkConfigs',
      'PhoneNumberConfigs',
      'PersistentConnectionConfigs',
      'VoiceEnhancementConfigs',
    ] as const;
    await Promise.all(
      lists.map((list) =>
        agents.update(test.instanceId, agent.id, { settings: (known) => ({ ...known, [list]: [] }) }, nowMs),
      ),
    );
    const found = await agents.find(test.instanceId, agent.id);
    assert.deepEqual(Object.keys(found?.settings ?? {}).sort(), [...lists].sort());
  });

  it('refuses a name that is taken, one too many, and what is not there', async () => {
    await assert.rejects(agents.create(another({ username: 'agent' }), undefined, 10), NameTaken);
    await assert.rejects(agents.create(another(), undefined, 1), TooMany);
    const nowhere = newId<RoutingProfileId>();
    await assert.rejects(
      agents.create(another({ routingProfileId: nowhere }), undefined, 10),
      ReferenceMissing,
    );
    const profiles = [newId<SecurityProfileId>()];
    await assert.rejects(
      agents.update(test.instanceId, seeded.id, { securityProfileIds: profiles }, nowMs),
      ReferenceMissing,
    );
    assert.deepEqual(await agents.find(test.instanceId, seeded.id), seeded);
  });

  it('keeps proficiencies in predefined attributes, which cannot go meanwhile', async () => {
    const attributes = openPredefinedAttributeStore(test.database);
    const language = { name: 'Language', values: ['de', 'en'], purposes: [], validatesValues: false };
    await attributes.create(test.instanceId, { ...language, updatedAtMs: nowMs }, 10);
    const add = (value: string, level: number, most = 10) =>
      agents.addProficiencies(
        test.instanceId,
        seeded.id,
        [{ attribute: 'Language', value, level }],
        most,
        nowMs,
      );
    await add('de', 3);
    await add('de', 4.5);
    await add('en', 1);
    await assert.rejects(add('fr', 1, 2), TooMany);
    const expected = [
      { attribute: 'Language', value: 'de', level: 4.5 },
      { attribute: 'Language', value: 'en', level: 1 },
    ];
    assert.deepEqual(await agents.proficienciesOf(test.instanceId, seeded.id), expected);
    assert.deepEqual([...(await agents.proficiencies(test.instanceId))], [[seeded.id, expected]]);
    await assert.rejects(attributes.remove(test.instanceId, 'Language'), InUse);
    await assert.rejects(attributes.update(test.instanceId, 'Language', { values: ['en'] }, nowMs), InUse);
    assert.deepEqual((await attributes.find(test.instanceId, 'Language'))?.values, ['de', 'en']);
    await agents.removeProficiencies(test.instanceId, seeded.id, expected, nowMs);
    assert.equal(await attributes.remove(test.instanceId, 'Language'), true);
  });

  it('does not let go what is in use', async () => {
    const queues = openQueueStore(test.database);
    const profiles = openRoutingProfileStore(test.database);
    const [queue] = await queues.list(test.instanceId);
    assert.ok(queue);
    await assert.rejects(queues.remove(test.instanceId, queue.id), InUse);
    await assert.rejects(
      profiles.remove({ instanceId: test.instanceId, id: seeded.routingProfileId }),
      InUse,
    );
  });
});

describe('stores of what agents stand on', () => {
  it('keep the levels of the hierarchy that stay, with their ids and times', async () => {
    const hierarchy = openHierarchyStore(test.database);
    const set = async (names: string[], atMs: number) => {
      await hierarchy.setLevels(test.instanceId, names, atMs);
      return hierarchy.levels(test.instanceId);
    };
    const [site, team, desk] = await set(['site', 'team', 'desk'], nowMs);
    assert.deepEqual(await set(['site', 'group'], nowMs + 1), [
      site,
      { ...team, name: 'group', updatedAtMs: nowMs + 1 },
    ]);
    const [, , again] = await set(['site', 'group', 'desk'], nowMs + 2);
    assert.notEqual(again?.id, desk?.id, 'a level that went does not come back');
  });

  it('take deleted hours from those that they were a parent of', async () => {
    const hours = openHoursStore(test.database);
    const plain: Omit<StoredHours, 'id' | 'name' | 'parentIds'> = {
      instanceId: test.instanceId,
      description: undefined,
      timeZone: 'UTC',
      config: [],
      tags: {},
      updatedAtMs: nowMs,
    };
    const kept = async (name: string, parentIds: readonly HoursOfOperationId[]) => {
      const stored: StoredHours = { ...plain, id: newId<HoursOfOperationId>(), name, parentIds };
      await hours.create(stored, 10);
      return stored;
    };
    const holidays = await kept('holidays', []);
    const strikes = await kept('strikes', []);
    const child = await kept('child', [holidays.id, strikes.id]);
    await hours.remove(holidays);
    assert.deepEqual((await hours.find(test.instanceId, child.id))?.parentIds, [strikes.id]);
  });

  it('give a queue as many quick connects as it may have', async () => {
    const quickConnects = openQuickConnectStore(test.database);
    const [queue] = await openQueueStore(test.database).list(test.instanceId);
    assert.ok(queue);
    const ids = ['a', 'b', 'c'].map((name) => ({ name, id: newId<QuickConnectId>() }));
    for (const { id, name } of ids) {
      const config = {
        QuickConnectType: 'PHONE_NUMBER',
        PhoneConfig: { PhoneNumber: '+12065550100' },
      } as const;
      const { instanceId } = test;
      await quickConnects.create(
        { id, instanceId, name, description: undefined, config, tags: {}, updatedAtMs: nowMs },
        10,
      );
    }
    const add = (count: number) =>
      quickConnects.addToQueue(
        test.instanceId,
        queue.id,
        ids.slice(0, count).map(({ id }) => id),
        2,
      );
    await add(2);
    await assert.rejects(add(3), TooMany);
    assert.equal((await quickConnects.ofQueue(test.instanceId, queue.id)).length, 2);
  });
});
