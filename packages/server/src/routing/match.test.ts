// Who gets whom, as tables: order of queues, contacts and agents, delay, slots, criteria, agents' own queues.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@ringback/testkit';
import type { AgentId, ContactId, QueueId } from '../ids.ts';
import { type FreeAgent, type Lane, matchContacts, type WaitingContact } from './match.ts';
import { type CriteriaExpression, isMetBy } from './routing-criteria.ts';

const nowMs = 1_000_000;
const sales = 'sales' as QueueId;
const support = 'support' as QueueId;

/** Waits since that many seconds; priority 5 unless told. */
function contact(id: string, ageSeconds: number, more: Partial<WaitingContact> = {}): WaitingContact {
  const enqueuedAtMs = nowMs - ageSeconds * 1000;
  return {
    contactId: id as ContactId,
    queuePriority: 5,
    enqueuedAtMs,
    orderedAtMs: enqueuedAtMs,
    ...more,
  };
}

function lane(queueId: QueueId, waiting: readonly WaitingContact[], criteria?: CriteriaExpression): Lane {
  return { place: { kind: 'queue', queueId }, channel: 'VOICE', criteria, waiting };
}

interface Served {
  readonly priority?: number;
  readonly delaySeconds?: number;
}

function agent(
  id: string,
  idleSeconds: number,
  serves: Readonly<Record<string, Served>>,
  more: Partial<FreeAgent> = {},
): FreeAgent {
  return {
    agentId: id as AgentId,
    idleSinceMs: nowMs - idleSeconds * 1000,
    serves: Object.entries(serves).map(([queueId, { priority = 1, delaySeconds = 0 }]) => ({
      queueId: queueId as QueueId,
      channel: 'VOICE',
      priority,
      delayMs: delaySeconds * 1000,
    })),
    proficiencies: [],
    slots: { VOICE: 1 },
    ...more,
  };
}

function pairs(lanes: readonly Lane[], agents: readonly FreeAgent[]): string[] {
  return matchContacts({ lanes, agents, nowMs }).map((match) => `${match.agentId}→${match.contactId}`);
}

const english = (level: number): CriteriaExpression => ({
  kind: 'level',
  attribute: 'Language',
  value: 'English',
  is: 'atLeast',
  level,
});
const speaks = (level: number) => ({
  proficiencies: [{ attribute: 'Language', value: 'English', level }],
});

describe('matching', () => {
  const table: readonly {
    readonly name: string;
    readonly lanes: readonly Lane[];
    readonly agents: readonly FreeAgent[];
    readonly expected: readonly string[];
  }[] = [
    {
      name: 'gives nothing where nobody waits',
      lanes: [],
      agents: [agent('a', 1, { sales: {} })],
      expected: [],
    },
    {
      name: 'gives nothing where nobody is free',
      lanes: [lane(sales, [contact('c', 1)])],
      agents: [],
      expected: [],
    },
    {
      name: 'takes the oldest contact first',
      lanes: [lane(sales, [contact('young', 1), contact('old', 9), contact('middle', 5)])],
      agents: [agent('a', 1, { sales: {} })],
      expected: ['a→old'],
    },
    {
      name: 'asks the agent first who has been idle longest',
      lanes: [lane(sales, [contact('old', 9), contact('young', 1)])],
      agents: [agent('fresh', 1, { sales: {} }), agent('rested', 60, { sales: {} })],
      expected: ['rested→old', 'fresh→young'],
    },
    {
      name: "puts a contact's priority before its age",
      lanes: [lane(sales, [contact('old', 90), contact('urgent', 1, { queuePriority: 1 })])],
      agents: [agent('a', 1, { sales: {} })],
      expected: ['a→urgent'],
    },
    {
      name: 'goes by the adjusted age within a priority',
      lanes: [lane(sales, [contact('old', 90), contact('aged', 1, { orderedAtMs: nowMs - 100_000 })])],
      agents: [agent('a', 1, { sales: {} })],
      expected: ['a→aged'],
    },
    {
      name: "puts the profile's priority of a queue before that of its contacts",
      lanes: [
        lane(sales, [contact('sale', 1)]),
        lane(support, [contact('urgent', 90, { queuePriority: 1 })]),
      ],
      agents: [agent('a', 1, { sales: { priority: 1 }, support: { priority: 2 } })],
      expected: ['a→sale'],
    },
    {
      name: 'takes the oldest of queues that rank alike',
      lanes: [lane(sales, [contact('sale', 5)]), lane(support, [contact('case', 9)])],
      agents: [agent('a', 1, { sales: {}, support: {} })],
      expected: ['a→case'],
    },
    {
      name: 'leaves a contact alone until the delay has passed',
      lanes: [lane(sales, [contact('c', 29)])],
      agents: [agent('a', 1, { sales: { delaySeconds: 30 } })],
      expected: [],
    },
    {
      name: 'gives the contact once the delay has passed',
      lanes: [lane(sales, [contact('c', 30)])],
      agents: [agent('a', 1, { sales: { delaySeconds: 30 } })],
      expected: ['a→c'],
    },
    {
      name: 'passes a young urgent contact by for who has to wait for it',
      lanes: [lane(sales, [contact('urgent', 1, { queuePriority: 1 }), contact('old', 60)])],
      agents: [agent('helper', 99, { sales: { delaySeconds: 30 } }), agent('own', 1, { sales: {} })],
      expected: ['helper→old', 'own→urgent'],
    },
    {
      name: 'counts the delay by true age, not by the adjusted one',
      lanes: [lane(sales, [contact('c', 1, { orderedAtMs: nowMs - 900_000 })])],
      agents: [agent('a', 1, { sales: { delaySeconds: 30 } })],
      expected: [],
    },
    {
      name: 'gives no contact to who does not serve its queue',
      lanes: [lane(support, [contact('c', 5)])],
      agents: [agent('a', 1, { sales: {} })],
      expected: [],
    },
    {
      name: 'gives no contact of a channel without a free slot',
      lanes: [lane(sales, [contact('c', 5)])],
      agents: [agent('a', 1, { sales: {} }, { slots: { VOICE: 0, CHAT: 3 } })],
      expected: [],
    },
    {
      name: 'gives as many contacts as there are slots',
      lanes: [lane(sales, [contact('c1', 5), contact('c2', 4), contact('c3', 3)])],
      agents: [agent('a', 1, { sales: {} }, { slots: { VOICE: 2 } })],
      expected: ['a→c1', 'a→c2'],
    },
    {
      name: 'gives a contact with criteria to the agent who meets them, not to who is idle longest',
      lanes: [lane(sales, [contact('c', 5)], english(4))],
      agents: [agent('rested', 99, { sales: {} }, speaks(3)), agent('fluent', 1, { sales: {} }, speaks(5))],
      expected: ['fluent→c'],
    },
    {
      name: 'does not let a contact whom nobody can serve hold up those behind it',
      lanes: [lane(sales, [contact('picky', 90)], english(5)), lane(sales, [contact('easy', 1)])],
      agents: [agent('a', 1, { sales: {} }, speaks(2))],
      expected: ['a→easy'],
    },
    {
      name: "gives an agent's own queue before any other, and to nobody else",
      lanes: [
        lane(sales, [contact('sale', 90, { queuePriority: 1 }), contact('next', 80)]),
        { place: { kind: 'agent', agentId: 'b' as AgentId }, channel: 'VOICE', waiting: [contact('own', 1)] },
      ],
      agents: [agent('a', 99, { sales: {} }), agent('b', 1, { sales: {} })],
      expected: ['a→sale', 'b→own'],
    },
    {
      name: "asks no criteria in an agent's own queue",
      lanes: [
        {
          place: { kind: 'agent', agentId: 'a' as AgentId },
          channel: 'VOICE',
          criteria: english(5),
          waiting: [contact('own', 1)],
        },
      ],
      agents: [agent('a', 1, {})],
      expected: ['a→own'],
    },
    {
      name: 'lets ids decide between equals',
      lanes: [lane(sales, [contact('d', 5), contact('c', 5)])],
      agents: [agent('b', 1, { sales: {} }), agent('a', 1, { sales: {} })],
      expected: ['a→c', 'b→d'],
    },
  ];
  for (const { name, lanes, agents, expected } of table) {
    it(name, () => assert.deepEqual(pairs(lanes, agents), expected));
  }

  it('gives each contact once, nobody beyond their slots, and never a worse contact than one left over', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 300; round += 1) checkRandomRound(random);
  });
});

/** Checks a random round against what the rules say of any outcome, not against another way to compute it. */
function checkRandomRound(random: () => number): void {
  const some = (most: number): number => Math.floor(random() * (most + 1));
  const queues = ['sales', 'support', 'billing'] as QueueId[];
  let next = 0;
  const lanes = queues.flatMap((queueId) =>
    [undefined, english(3)].map((criteria) =>
      lane(
        queueId,
        Array.from({ length: some(6) }, () =>
          contact(`c${next++}`, some(60), {
            queuePriority: 1 + some(2),
            orderedAtMs: nowMs - some(90) * 1000,
          }),
        ),
        criteria,
      ),
    ),
  );
  const agents = Array.from({ length: some(8) }, (_, index) =>
    agent(
      `a${index}`,
      some(100),
      Object.fromEntries(
        queues
          .filter(() => random() < 0.6)
          .map((queueId) => [queueId, { priority: 1 + some(1), delaySeconds: some(1) * 20 }]),
      ),
      { slots: { VOICE: some(2) }, ...(random() < 0.5 ? speaks(1 + some(4)) : {}) },
    ),
  );
  const matches = matchContacts({ lanes, agents, nowMs });
  const agentOf = new Map(matches.map((match) => [match.contactId, match.agentId]));
  assert.equal(agentOf.size, matches.length, 'a contact was given twice');
  const waiting = lanes.flatMap((one) => one.waiting.map((who) => ({ lane: one, who })));
  for (const free of agents) {
    const got = matches.filter(({ agentId }) => agentId === free.agentId);
    assert.ok(got.length <= (free.slots.VOICE ?? 0), 'an agent got more than fits');
    const rank = ({ lane: { place, criteria }, who }: (typeof waiting)[number]): number[] | undefined => {
      const served = free.serves.find((one) => place.kind === 'queue' && one.queueId === place.queueId);
      if (!served || who.enqueuedAtMs > nowMs - served.delayMs) return undefined;
      if (criteria && !isMetBy(criteria, free)) return undefined;
      return [served.priority, who.queuePriority, who.orderedAtMs];
    };
    const left = waiting.filter(({ who }) => !agentOf.has(who.contactId)).flatMap((one) => rank(one) ?? []);
    if (got.length < (free.slots.VOICE ?? 0))
      assert.deepEqual(left, [], 'somebody waits whom a free agent serves');
    for (const match of got) {
      const taken = waiting.find(({ who }) => who.contactId === match.contactId);
      const rankOfTaken = taken && rank(taken);
      assert.ok(rankOfTaken, 'an agent got a contact whom he does not serve');
      for (const other of waiting) {
        if (agentOf.has(other.who.contactId)) continue;
        const rankOfLeft = rank(other);
        if (rankOfLeft) assert.ok(compare(rankOfTaken, rankOfLeft) <= 0, 'a better contact was left over');
      }
    }
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
