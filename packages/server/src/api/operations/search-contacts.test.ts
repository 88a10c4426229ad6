// SearchContacts against a real PostgreSQL: what each member finds, in which order, page by page, and what is refused.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ApiError, type OperationInput } from '@ringback/connect-api';
import type { AgentOutcome, Contact, QueueOutcome } from '../../contacts/contact.ts';
import type { Caller } from '../../identity/caller.ts';
import {
  type AgentId,
  type ContactId,
  type HierarchyGroupId,
  type NodeId,
  newId,
  type QueueId,
} from '../../ids.ts';
import { type ContactStore, openContactStore } from '../../store/contact-store.ts';
import { openDatabase } from '../../store/database.ts';
import { openResourceStore } from '../../store/resource-store.ts';
import type { Schema } from '../../store/schema.ts';
import {
  sampleAgent,
  sampleContact,
  sampleRequest,
  sampleTimeMs,
} from '../../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../../test-support/test-database.ts';
import type { ApiDeps } from '../operation.ts';
import { searchContacts } from './search-contacts.ts';

type Input = OperationInput<'SearchContacts'>;
type Criteria = NonNullable<Input['SearchCriteria']>;
type Transcript = NonNullable<NonNullable<Criteria['ContactAnalysis']>['Transcript']>['Criteria'][number];
type Output = Awaited<ReturnType<typeof searchContacts>>;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const node = '00000000-0000-4000-8000-000000000001' as NodeId;
const ada = 'aaaaaaaa-0000-4000-8000-000000000000' as AgentId;
const ben = 'bbbbbbbb-0000-4000-8000-000000000000' as AgentId;
const sales = 'cccccccc-0000-4000-8000-000000000000' as QueueId;
const help = 'dddddddd-0000-4000-8000-000000000000' as QueueId;

let test: TestDatabase;
let store: ContactStore;
type Ask = (changes?: Partial<Input>) => Promise<Output>;
let ask: Ask;
let askOf: (contacts: ContactStore) => Ask;

before(async () => {
  test = await openTestDatabase();
  store = openContactStore(test.database);
  const instance = await openResourceStore(test.database).findInstance(test.instanceId);
  assert.ok(instance);
  const caller = { tenant: instance.tenant } as Caller;
  askOf =
    (contacts) =>
    (changes = {}) =>
      searchContacts(
        {
          InstanceId: instance.id,
          TimeRange: range('INITIATION_TIMESTAMP', 0, 7 * dayMs),
          Sort: { FieldName: 'INITIATION_TIMESTAMP', Order: 'ASCENDING' },
          ...changes,
        },
        caller,
        { directory: { instance: () => instance }, contacts } as unknown as ApiDeps,
      );
  ask = askOf(store);
});

after(async () => {
  await store.close();
  await test.close();
});

beforeEach(async () => {
  await test.database.query('TRUNCATE contact, outbox');
  await test.database.query('UPDATE call_slot_pool SET in_use = 0');
});

describe('SearchContacts › time', () => {
  it('takes both ends in, to the millisecond, and nothing beside them', async () => {
    for (const atMs of [hourMs - 1, hourMs, hourMs + 1, 2 * hourMs - 1, 2 * hourMs, 2 * hourMs + 1]) {
      await ended(String(atMs), atMs);
    }
    const found = await ask({ TimeRange: range('INITIATION_TIMESTAMP', hourMs, 2 * hourMs) });
    assert.deepEqual(names(found), [hourMs, hourMs + 1, 2 * hourMs - 1, 2 * hourMs].map(String));
  });

  it('goes by any moment of a contact, however long before it began', async () => {
    await ended('short', 10 * hourMs, { queuedMs: 1000, agentMs: 2000, endMs: 3000 });
    await ended('half an hour', 9.5 * hourMs, {
      queuedMs: 0.5 * hourMs,
      agentMs: 0.5 * hourMs,
      endMs: 0.6 * hourMs,
    });
    await ended('long', 2 * hourMs, { queuedMs: 8 * hourMs, agentMs: 8 * hourMs, endMs: 8.5 * hourMs });
    await ended('long before', 2 * hourMs, {
      queuedMs: 6 * hourMs,
      agentMs: 6 * hourMs,
      endMs: 6.5 * hourMs,
    });
    await stored('open', 3 * hourMs, {
      outcome: { agent: agentOf(ada, 10 * hourMs), queue: queueOf(sales, 10 * hourMs) },
    });
    await ended('alone', 10 * hourMs, { endMs: 1000 });
    const table: [Input['TimeRange']['Type'], string[]][] = [
      ['CONNECTED_TO_AGENT_TIMESTAMP', ['long', 'open', 'half an hour', 'short']],
      ['ENQUEUE_TIMESTAMP', ['long', 'open', 'half an hour', 'short']],
      ['DISCONNECT_TIMESTAMP', ['long', 'half an hour', 'alone', 'short']],
      ['INITIATION_TIMESTAMP', ['alone', 'short']],
      ['SCHEDULED_TIMESTAMP', []],
    ];
    for (const [type, expected] of table) {
      const found = await ask({ TimeRange: range(type, 10 * hourMs, 11 * hourMs) });
      assert.deepEqual(names(found).toSorted(), expected.toSorted(), type);
      assert.equal(found.TotalCount, expected.length);
    }
  });

  it('narrows by further times, and by those that a contact does not have', async () => {
    await ended('answered', hourMs, { agentMs: 5000, endMs: 90_000 });
    await ended('unanswered', hourMs + 2, { endMs: 60_000 });
    await stored('talking', hourMs + 1, { outcome: { agent: agentOf(ada, hourMs) } });
    const by = (MatchType: 'MATCH_ALL' | 'MATCH_ANY' | 'MATCH_NONE', Criteria: object[]) =>
      found({ AdditionalTimeRange: { MatchType, Criteria } });
    const over = { TimestampCondition: { Type: 'DISCONNECT_TIMESTAMP', ConditionType: 'NOT_EXISTS' } };
    const late = { TimeRange: range('DISCONNECT_TIMESTAMP', hourMs + 80_000, 2 * hourMs) };
    assert.deepEqual(await by('MATCH_ALL', [over]), ['talking']);
    assert.deepEqual(await by('MATCH_ALL', [late]), ['answered']);
    assert.deepEqual(await by('MATCH_ALL', [late, over]), []);
    assert.deepEqual(await by('MATCH_ANY', [late, over]), ['answered', 'talking']);
    assert.deepEqual(await by('MATCH_NONE', [late, over]), ['unanswered']);
    assert.deepEqual(await by('MATCH_ANY', []), ['answered', 'talking', 'unanswered']);
    const never = { TimestampCondition: { Type: 'SCHEDULED_TIMESTAMP', ConditionType: 'NOT_EXISTS' } };
    assert.deepEqual(await by('MATCH_ALL', [never]), ['answered', 'talking', 'unanswered']);
  });

  it('refuses ranges that are none, or too long', async () => {
    const table: [Partial<Input>, RegExp][] = [
      [{ TimeRange: range('INITIATION_TIMESTAMP', 1, 0) }, /StartTime of TimeRange is later/],
      [{ TimeRange: range('INITIATION_TIMESTAMP', 0, 56 * dayMs + 1) }, /eight weeks/],
      [{ TimeRange: range('SCHEDULED_TIMESTAMP', 0, 57 * dayMs) }, /eight weeks/],
      [
        {
          SearchCriteria: {
            AdditionalTimeRange: {
              MatchType: 'MATCH_ALL',
              Criteria: [{ TimeRange: range('INITIATION_TIMESTAMP', 1, 0) }],
            },
          },
        },
        /StartTime of SearchCriteria.AdditionalTimeRange.Criteria\[0\].TimeRange is later/,
      ],
      [
        { SearchCriteria: { AdditionalTimeRange: { MatchType: 'MATCH_ALL', Criteria: [{}] } } },
        /needs TimeRange or TimestampCondition/,
      ],
    ];
    for (const [changes, message] of table) await refused(ask(changes), message);
    await ask({ TimeRange: range('INITIATION_TIMESTAMP', 0, 56 * dayMs) });
  });

  it('finds nothing in years that no contact can have', async () => {
    await ended('any', 0);
    for (const [StartTime, EndTime] of [
      [seconds(-8_640_000_000_000), seconds(-8_639_999_999_999)],
      [seconds(8_639_999_999_999), seconds(8_640_000_000_000)],
    ] as const) {
      for (const Type of ['INITIATION_TIMESTAMP', 'DISCONNECT_TIMESTAMP', 'ENQUEUE_TIMESTAMP'] as const) {
        assert.deepEqual((await ask({ TimeRange: { Type, StartTime, EndTime } })).Contacts, []);
      }
    }
  });
});

describe('SearchContacts › contacts', () => {
  it('tells of a contact what DescribeContact does', async () => {
    const contact = await ended('Zoë', hourMs, {
      queuedMs: 1000,
      agentMs: 2000,
      endMs: 3000,
      contact: {
        endCause: 'drained',
        request: {
          ...sampleRequest,
          name: 'Zoë',
          initiationMethod: 'TRANSFER',
          initialContactId: newId<ContactId>(),
          previousContactId: newId<ContactId>(),
        },
      },
      outcome: { tags: { team: 'blue' } },
    });
    const { Contacts: contacts } = await ask();
    const at = (ms: number) => sampleTimeMs + ms;
    assert.deepEqual(contacts[0], {
      Arn: `arn:aws:connect:us-east-1:000000000000:instance/${test.instanceId}/contact/${contact.id}`,
      Id: contact.id,
      InitialContactId: contact.request.initialContactId,
      PreviousContactId: contact.request.previousContactId,
      InitiationMethod: 'TRANSFER',
      Channel: 'VOICE',
      QueueInfo: { Id: sales, EnqueueTimestamp: at(hourMs + 1000) },
      AgentInfo: { Id: ada, ConnectedToAgentTimestamp: at(hourMs + 2000) },
      InitiationTimestamp: at(hourMs),
      DisconnectTimestamp: at(hourMs + 3000),
      SegmentAttributes: {
        'connect:Subtype': { ValueString: 'connect:Telephony' },
        'connect:Direction': { ValueString: 'OUTBOUND' },
        'ringback:EndCause': { ValueString: 'drained' },
      },
      Name: 'Zoë',
      RoutingCriteria: undefined,
      Tags: {
        'aws:connect:instanceId': test.instanceId,
        'aws:connect:systemEndpoint': '+12065550199',
        team: 'blue',
      },
    });
  });

  it('are found once an agent is there or the call is over, callbacks once they wait', async () => {
    const queue = queueOf(sales, hourMs);
    await stored('dialled', hourMs);
    await stored('queued', hourMs, { outcome: { queue } });
    await stored('ringing an agent', hourMs, { outcome: { queue, agent: { ...sampleAgent, agentId: ada } } });
    await stored('with an agent', hourMs, { outcome: { queue, agent: agentOf(ada, hourMs) } });
    await stored('in after-contact work', hourMs, {
      state: 'DISCONNECTED',
      disconnectedAtMs: sampleTimeMs + 2 * hourMs,
    });
    const callback = { ...sampleRequest, initiationMethod: 'CALLBACK' as const };
    await stored('callback to come', hourMs, { request: { ...callback, name: 'callback to come' } });
    await stored('callback', hourMs, { request: { ...callback, name: 'callback' }, outcome: { queue } });
    await ended('over', hourMs);
    const all = await ask();
    assert.deepEqual(names(all).toSorted(), ['callback', 'in after-contact work', 'over', 'with an agent']);
    assert.equal(all.TotalCount, 4);
    assert.deepEqual((await ask({ MaxResults: 3 })).TotalCount, 4);
  });

  it('of other instances stay out', async () => {
    await ended('moved', hourMs);
    await test.database.query('UPDATE contact SET instance_id = gen_random_uuid()');
    assert.deepEqual((await ask()).Contacts, []);
  });
});

describe('SearchContacts › criteria', () => {
  beforeEach(async () => {
    await ended('Ada sold', hourMs, {
      agentMs: 1000,
      endMs: 2000,
      queuedMs: 500,
      contact: { attributes: { order: '17', vip: '' } },
      outcome: {
        tags: { team: 'blue' },
        sip: { status: 486, reason: 'Q.850;cause=17' },
        routing: routingTo([ada, ben]),
      },
    });
    await ended('Ben helped', 2 * hourMs, {
      contact: {
        attributes: { order: '18' },
        request: { ...sampleRequest, name: 'Ben', initiationMethod: 'CALLBACK', queueId: sales },
      },
      outcome: {
        name: 'Ben helped',
        agent: { ...agentOf(ben, 3 * hourMs), hierarchyGroups: [group(1, 'g1'), group(2, 'g2')] },
        queue: queueOf(help, 2 * hourMs),
        tags: { team: 'red', shift: 'late' },
        routing: routingTo([ben]),
      },
    });
    await ended(undefined, 3 * hourMs, {
      contact: { endCause: 'drained', request: { ...sampleRequest, queueId: sales } },
    });
  });

  const [sold, helped, nameless] = ['Ada sold', 'Ben helped', undefined];

  it('find by each member', async () => {
    const table: [Criteria, (string | undefined)[]][] = [
      [{}, [sold, helped, nameless]],
      [{ Name: { SearchText: ['sold', 'ADA'], MatchType: 'MATCH_ALL' } }, [sold]],
      [{ Name: { SearchText: ['sold', 'help'], MatchType: 'MATCH_ALL' } }, []],
      [{ Name: { SearchText: ['sold', 'help'], MatchType: 'MATCH_ANY' } }, [sold, helped]],
      [{ Name: { SearchText: ['sold'], MatchType: 'MATCH_NONE' } }, [helped, nameless]],
      [{ Name: { SearchText: ['Ben', 'Ada sold'], MatchType: 'MATCH_EXACT' } }, [sold]],
      [{ Name: { SearchText: [], MatchType: 'MATCH_ALL' } }, [sold, helped, nameless]],
      [{ Name: { SearchText: ['%'], MatchType: 'MATCH_ANY' } }, []],
      [{ AgentIds: [ada.toUpperCase(), 'nobody'] }, [sold]],
      [{ AgentIds: [`arn:aws:connect:us-east-1:000000000000:instance/x/agent/${ben}`] }, [helped]],
      [{ AgentIds: [] }, [sold, helped, nameless]],
      [{ QueueIds: [sales] }, [sold, nameless]],
      [{ QueueIds: [help, sales] }, [sold, helped, nameless]],
      [{ AgentHierarchyGroups: { L1Ids: ['x', 'G1'] } }, [helped]],
      [{ AgentHierarchyGroups: { L1Ids: ['g1'], L2Ids: ['x'] } }, []],
      [{ AgentHierarchyGroups: { L2Ids: ['g1'] } }, []],
      [{ AgentHierarchyGroups: { L1Ids: [] } }, [sold, helped, nameless]],
      [{ Channels: ['CHAT'] }, []],
      [{ Channels: ['CHAT', 'VOICE'] }, [sold, helped, nameless]],
      [{ InitiationMethods: ['API', 'INBOUND'] }, [sold, nameless]],
      [{ InitiationMethods: ['CALLBACK'] }, [helped]],
      [{ ActiveRegions: ['us-east-1', 'eu-west-2'] }, [sold, helped, nameless]],
      [{ ActiveRegions: ['eu-west-2'] }, []],
      [{ AiAgents: { Criteria: [{ AiAgentEscalated: true }] } }, []],
      [{ ContactAnalysis: {} }, [sold, helped, nameless]],
      [{ AgentIds: [ada], QueueIds: [help] }, []],
    ];
    for (const [criteria, expected] of table) {
      assert.deepEqual(await found(criteria), expected, JSON.stringify(criteria));
    }
  });

  it('find by attributes', async () => {
    const order = (...Values: string[]) => ({ Key: 'order', Values });
    const vip = { Key: 'vip', Values: [] };
    const by = (Criteria: object[], MatchType?: string) =>
      found({
        SearchableContactAttributes: { Criteria, MatchType } as Criteria['SearchableContactAttributes'],
      });
    assert.deepEqual(await by([order('17', '19')]), [sold]);
    assert.deepEqual(await by([order('17'), vip]), [sold]);
    assert.deepEqual(await by([order('18'), vip]), []);
    assert.deepEqual(await by([order('18'), vip], 'MATCH_ANY'), [sold, helped]);
    assert.deepEqual(await by([order('18'), vip], 'MATCH_NONE'), [nameless]);
    assert.deepEqual(await by([order('18')], 'MATCH_EXACT'), [helped]);
    assert.deepEqual(await by([]), [sold, helped, nameless]);
    const segment = (Key: string, ...Values: string[]) =>
      found({ SearchableSegmentAttributes: { Criteria: [{ Key, Values }] } });
    assert.deepEqual(await segment('connect:Subtype', 'connect:Telephony'), [sold, helped, nameless]);
    assert.deepEqual(await segment('connect:Subtype', 'connect:SMS'), []);
    assert.deepEqual(await segment('ringback:SipStatus', '404', '486'), [sold]);
    assert.deepEqual(await segment('ringback:EndCause', 'drained'), [nameless]);
    assert.deepEqual(await segment('unknown', 'x'), []);
  });

  it('find by tags', async () => {
    const team = (TagValue?: string) => ({ TagKey: 'team', TagValue });
    const late = { TagKey: 'shift', TagValue: 'late' };
    const table: [object, (string | undefined)[]][] = [
      [{ TagCondition: team() }, [sold, helped]],
      [{ TagCondition: team('red') }, [helped]],
      [{ AndConditions: [team(), late] }, [helped]],
      [{ OrConditions: [[team('blue')], [team('red'), late]] }, [sold, helped]],
      [{ OrConditions: [] }, [sold, helped, nameless]],
      [
        { TagCondition: { TagKey: 'aws:connect:instanceId', TagValue: test.instanceId } },
        [sold, helped, nameless],
      ],
      [{ TagCondition: { TagKey: 'aws:connect:systemEndpoint', TagValue: '+1' } }, []],
    ];
    for (const [filter, expected] of table) {
      assert.deepEqual(await found({ ContactTags: filter }), expected, JSON.stringify(filter));
    }
  });

  it('find by the agents that routing criteria name', async () => {
    const by = (MatchType: 'MATCH_ALL' | 'MATCH_ANY' | 'MATCH_EXACT' | 'MATCH_NONE', ...AgentIds: string[]) =>
      found({ RoutingCriteria: { Steps: [{ AgentCriteria: { AgentIds, MatchType } }] } });
    assert.deepEqual(await by('MATCH_ANY', ada, ben), [sold, helped]);
    assert.deepEqual(await by('MATCH_ALL', ada, ben), [sold]);
    assert.deepEqual(await by('MATCH_EXACT', ben), [helped]);
    assert.deepEqual(await by('MATCH_EXACT', ada, ben), [sold]);
    assert.deepEqual(await by('MATCH_NONE', ada), [helped, nameless]);
    assert.deepEqual(await found({ RoutingCriteria: { Steps: [{}] } }), [sold, helped, nameless]);
  });

  it('are refused where they cannot be answered', async () => {
    const transcript = { ParticipantRole: 'AGENT', SearchText: ['x'], MatchType: 'MATCH_ANY' } as Transcript;
    const condition = { TagKey: 'team', TagValue: 'blue' };
    const table: [Criteria, RegExp][] = [
      [{ ContactAnalysis: { Transcript: { Criteria: [transcript] } } }, /ContactAnalysis cannot be searched/],
      [
        { SearchableSegmentAttributes: { Criteria: [{ Key: 'ringback:Q850Cause', Values: ['17'] }] } },
        /Q850Cause cannot be searched/,
      ],
      [
        {
          AdditionalTimeRange: {
            MatchType: 'MATCH_EXACT',
            Criteria: [{ TimeRange: range('INITIATION_TIMESTAMP', 0, 1) }],
          },
        },
        /MATCH_EXACT means nothing/,
      ],
      [{ ContactTags: { AndConditions: Array.from({ length: 500 }, () => condition) } }, /more than 500/],
      [{ ContactTags: { OrConditions: Array.from({ length: 500 }, () => []) } }, /more than 500/],
      [{ RoutingCriteria: { Steps: Array.from({ length: 500 }, () => ({})) } }, /more than 500/],
    ];
    for (const [criteria, message] of table) await refused(ask({ SearchCriteria: criteria }), message);
  });
});

describe('SearchContacts › pages', () => {
  it('follow each other in every order, each contact once, with the same total', async () => {
    for (let n = 0; n < 7; n += 1) {
      const initiationMethod = n % 2 === 0 ? ('CALLBACK' as const) : ('OUTBOUND' as const);
      await ended(String(n), n * 1000, {
        contact: { request: { ...sampleRequest, name: String(n), initiationMethod } },
        endMs: (n % 3) * 60_000 + 10_000 - n * 1000,
        ...(n % 3 === 0 ? {} : { agentMs: (10 - n) * 1000 - n * 1000 }),
      });
    }
    const table: [NonNullable<Input['Sort']> | undefined, string][] = [
      [undefined, '6543210'],
      [{ FieldName: 'INITIATION_TIMESTAMP', Order: 'ASCENDING' }, '0123456'],
      [{ FieldName: 'INITIATION_TIMESTAMP', Order: 'DESCENDING' }, '6543210'],
      [{ FieldName: 'DISCONNECT_TIMESTAMP', Order: 'ASCENDING' }, '0361425'],
      [{ FieldName: 'DISCONNECT_TIMESTAMP', Order: 'DESCENDING' }, '5241630'],
      [{ FieldName: 'CONNECTED_TO_AGENT_TIMESTAMP', Order: 'ASCENDING' }, '5421036'],
      [{ FieldName: 'CONNECTED_TO_AGENT_TIMESTAMP', Order: 'DESCENDING' }, '1245630'],
      [{ FieldName: 'INITIATION_METHOD', Order: 'ASCENDING' }, '0246135'],
      [{ FieldName: 'INITIATION_METHOD', Order: 'DESCENDING' }, '5316420'],
      [{ FieldName: 'CHANNEL', Order: 'ASCENDING' }, '0123456'],
    ];
    for (const [Sort, expected] of table) {
      for (const Type of ['INITIATION_TIMESTAMP', 'DISCONNECT_TIMESTAMP'] as const) {
        const read: string[] = [];
        let token: string | undefined;
        do {
          const page = await ask({ TimeRange: range(Type, 0, dayMs), Sort, MaxResults: 2, NextToken: token });
          assert.equal(page.TotalCount, 7);
          assert.ok(page.Contacts.length > 0);
          read.push(...names(page));
          token = page.NextToken;
        } while (token !== undefined);
        assert.equal(read.join(''), expected, `${JSON.stringify(Sort)} within ${Type}`);
      }
    }
  });

  it('neither repeat nor leave out what was there while contacts come', async () => {
    for (const n of [1, 2, 3, 4]) await ended(String(n), n * hourMs);
    const first = await ask({ Sort: undefined, MaxResults: 2 });
    await ended('5', 5 * hourMs);
    const second = await ask({ Sort: undefined, MaxResults: 2, NextToken: first.NextToken });
    assert.deepEqual([...names(first), ...names(second)], ['4', '3', '2', '1']);
    assert.equal(second.NextToken, undefined);
  });

  it('are refused where the token is of another search, or of none', async () => {
    for (const n of [1, 2]) await ended(String(n), n * hourMs);
    const { NextToken } = await ask({ MaxResults: 1 });
    await refused(ask({ MaxResults: 1, NextToken, Sort: undefined }), /another search/);
    await refused(ask({ NextToken, SearchCriteria: { Channels: ['VOICE'] } }), /another search/);
    await refused(ask({ NextToken, TimeRange: range('INITIATION_TIMESTAMP', 0, dayMs) }), /another search/);
    const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const token of [
      'x',
      '',
      forged({}),
      forged(['x', null, 1, '']),
      forged([newId(), null, 1]),
      forged([newId(), 1, 'x', '']),
    ]) {
      await refused(ask({ NextToken: token }), /not given out/);
    }
    for (const [FieldName, keys] of [
      ['DISCONNECT_TIMESTAMP', ['abc', 'a\0', {}]],
      ['CONNECTED_TO_AGENT_TIMESTAMP', ['abc', '1']],
      ['INITIATION_METHOD', ['a\0', 17, null]],
      ['INITIATION_TIMESTAMP', [1]],
    ] as const) {
      const asked: Partial<Input> = { MaxResults: 1, Sort: { FieldName, Order: 'ASCENDING' } };
      const first = await ask(asked);
      const parts = JSON.parse(Buffer.from(first.NextToken ?? '', 'base64url').toString());
      for (const key of keys) {
        await refused(ask({ ...asked, NextToken: forged(parts.with(1, key)) }), /not given out/);
      }
    }
  });
});

describe('SearchContacts › long searches', () => {
  it('leave connections to what else there is to do, and turn others away', async () => {
    const asked: Promise<unknown>[] = [];
    await whileLocked(async () => {
      for (let n = 0; n < 15; n += 1) asked.push(ask().catch((error: unknown) => error));
      await setImmediate();
      assert.equal((await test.database.query('SELECT 1')).rowCount, 1);
    });
    const outcomes = await Promise.all(asked);
    const refusals = outcomes.filter((outcome) => outcome instanceof Error);
    assert.ok(refusals.length > 0 && refusals.length < 15, `${refusals.length} were refused`);
    assert.deepEqual([...new Set(refusals.map(({ name }) => name))], ['ThrottlingException']);
    assert.equal((await ask()).TotalCount, 0, 'there is room again');
  });

  it('are refused in a way that nobody repeats, with what to do', async () => {
    const hasty = await openDatabase<Schema>({ address: test.address, statementTimeoutMs: 50 });
    const contacts = openContactStore(hasty);
    await whileLocked(() =>
      assert.rejects(askOf(contacts)(), { name: 'InvalidRequestException', message: /shorter TimeRange/ }),
    );
    await contacts.close();
    await hasty.close();
  });
});

/** Nobody else reads contacts meanwhile. */
const whileLocked = (work: () => Promise<void>): Promise<void> =>
  test.database.withTransaction(async (transaction) => {
    await transaction.query('LOCK TABLE contact IN ACCESS EXCLUSIVE MODE');
    await work();
  });

const seconds = (value: number) => value as Input['TimeRange']['StartTime'];

const range = (Type: Input['TimeRange']['Type'], fromMs: number, toMs: number): Input['TimeRange'] => ({
  Type,
  StartTime: seconds((sampleTimeMs + fromMs) / 1000),
  EndTime: seconds((sampleTimeMs + toMs) / 1000),
});

const names = ({ Contacts: contacts }: Output) => contacts.map(({ Name }) => Name ?? '');

async function found(criteria: Criteria | object): Promise<(string | undefined)[]> {
  const { Contacts: contacts, TotalCount } = await ask({ SearchCriteria: criteria as Criteria });
  assert.equal(TotalCount, contacts.length);
  return contacts.map(({ Name }) => Name);
}

const agentOf = (agentId: AgentId, connectedMs: number): AgentOutcome => ({
  ...sampleAgent,
  agentId,
  connectedAtMs: sampleTimeMs + connectedMs,
});

const queueOf = (queueId: QueueId, enqueuedMs: number): QueueOutcome => ({
  queueId,
  name: 'Queue',
  enqueuedAtMs: sampleTimeMs + enqueuedMs,
});

const group = (level: number, id: string) => ({ level, id: id as HierarchyGroupId, name: id });

const routingTo = (agentIds: readonly AgentId[]) => ({
  queuePriority: 5,
  adjustmentMs: 0,
  step: 0,
  stepIs: 'JOINED' as const,
  criteria: {
    steps: [
      { expression: { kind: 'or' as const, of: [{ kind: 'agents' as const, agentIds }] }, durationMs: 1000 },
    ],
  },
});

interface EndedContact {
  /** After the beginning, ms. */
  readonly queuedMs?: number;
  readonly agentMs?: number;
  readonly endMs?: number;
  readonly contact?: Partial<Contact>;
  readonly outcome?: Contact['outcome'];
}

/** A contact that began `atMs` after the sample time and is over. */
function ended(
  name: string | undefined,
  atMs: number,
  { queuedMs, agentMs, endMs = 1000, contact = {}, outcome = {} }: EndedContact = {},
): Promise<Contact> {
  return stored(name, atMs, {
    state: 'ENDED',
    disconnectedAtMs: sampleTimeMs + atMs + endMs,
    ...contact,
    outcome: {
      ...(queuedMs === undefined ? {} : { queue: queueOf(sales, atMs + queuedMs) }),
      ...(agentMs === undefined ? {} : { agent: agentOf(ada, atMs + agentMs) }),
      ...outcome,
    },
  });
}

/** A contact as it is to stand in the table. */
async function stored(
  name: string | undefined,
  atMs: number,
  changes: Partial<Contact> = {},
): Promise<Contact> {
  const contact = sampleContact({
    instanceId: test.instanceId,
    id: newId<ContactId>(sampleTimeMs + atMs),
    initiatedAtMs: sampleTimeMs + atMs,
    request: { ...sampleRequest, ...(name === undefined ? {} : { name }) },
    ...changes,
  });
  await store.accept({ contact, owner: node, clientToken: undefined, facts: [] });
  await store.advance({ contact, facts: [] });
  return contact;
}

async function refused(request: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.name, 'InvalidParameterException');
    assert.match(error.message, message);
    return true;
  });
}
