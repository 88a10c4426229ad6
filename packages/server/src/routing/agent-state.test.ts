// What an agent does, step by step: a table of inputs and what is left in hand, and the rules that span several steps.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentId, AgentStatusId, ContactId, NodeId } from '../ids.ts';
import {
  type AgentEffect,
  type AgentInput,
  type AgentState,
  type AgentStatus,
  isFree,
  newAgentState,
  stepAgent,
} from './agent-state.ts';

const status = (name: string, type: AgentStatus['type']): AgentStatus => ({
  id: name as AgentStatusId,
  name,
  type,
});
const available = status('Available', 'ROUTABLE');
const lunch = status('Lunch', 'CUSTOM');
const offline = status('Offline', 'OFFLINE');
const c1 = 'c1' as ContactId;
const c2 = 'c2' as ContactId;
const node = 'n1' as NodeId;

const attach: AgentInput = { kind: 'attach', node, session: 's1' };
const goAvailable: AgentInput = { kind: 'setStatus', status: available };
const offer = (contactId: ContactId, deadlineAtMs = 20_000): AgentInput => ({
  kind: 'offer',
  contact: {
    contactId,
    channel: 'VOICE',
    initiationMethod: 'API',
    place: { kind: 'agent', agentId: 'a' as AgentId },
    enqueuedAtMs: 0,
  },
  slots: 1,
  deadlineAtMs,
});
const on = (
  kind: 'accept' | 'reject' | 'connected' | 'hold' | 'retrieve' | 'failed' | 'clear',
  contactId = c1,
) => ({ kind, contactId }) as const;
const ended = (afterContactWorkMs?: number): AgentInput => ({
  kind: 'contactEnded',
  contactId: c1,
  ...(afterContactWorkMs === undefined ? {} : { afterContactWorkMs }),
});

interface Run {
  readonly state: AgentState;
  readonly effects: readonly AgentEffect[];
  readonly refusals: readonly string[];
}

/** Steps a second apart, from an agent who was never seen. */
function run(...inputs: readonly (AgentInput | number)[]): Run {
  let state = newAgentState('a' as AgentId, offline, 0);
  const effects: AgentEffect[] = [];
  const refusals: string[] = [];
  let nowMs = 0;
  for (const input of inputs) {
    if (typeof input === 'number') {
      nowMs = input;
      continue;
    }
    nowMs += 1000;
    const step = stepAgent(state, input, nowMs);
    if (step.kind === 'refused') refusals.push(`${input.kind}: ${step.why}`);
    else {
      state = step.state;
      effects.push(...step.effects);
    }
  }
  return { state, effects, refusals };
}

const ready = [attach, goAvailable] as const;
const inHand = ({ state }: Run): string[] => state.contacts.map((held) => `${held.contactId} ${held.state}`);
const told = ({ effects }: Run): string[] =>
  effects.map((effect) => (effect.kind === 'returned' ? `returned ${effect.why}` : effect.kind));

describe('agent › contact in hand', () => {
  const table: readonly {
    readonly name: string;
    readonly inputs: readonly (AgentInput | number)[];
    readonly left: readonly string[];
    readonly effects: readonly string[];
  }[] = [
    { name: 'is rung', inputs: [offer(c1)], left: ['c1 offered'], effects: ['offered'] },
    {
      name: 'talks',
      inputs: [offer(c1), on('accept'), on('connected')],
      left: ['c1 connected'],
      effects: ['offered', 'accepted'],
    },
    {
      name: 'holds and comes back',
      inputs: [offer(c1), on('accept'), on('connected'), on('hold'), on('retrieve')],
      left: ['c1 connected'],
      effects: ['offered', 'accepted'],
    },
    {
      name: 'works on after the talk until it is cleared',
      inputs: [offer(c1), on('accept'), on('connected'), ended(), on('clear')],
      left: [],
      effects: ['offered', 'accepted', 'talkEnded', 'done'],
    },
    {
      name: 'works on no longer than the limit',
      inputs: [offer(c1), on('accept'), on('connected'), ended(5_000), 20_000, { kind: 'time' }],
      left: [],
      effects: ['offered', 'accepted', 'talkEnded', 'done'],
    },
    {
      name: 'does no work afterwards where there is none to do',
      inputs: [offer(c1), on('accept'), on('connected'), ended(0)],
      left: [],
      effects: ['offered', 'accepted', 'done'],
    },
    {
      name: 'misses what rings until the deadline',
      inputs: [offer(c1, 20_000), 19_000, { kind: 'time' }],
      left: ['c1 missed'],
      effects: ['offered', 'returned missed'],
    },
    {
      name: 'misses nothing before the deadline',
      inputs: [offer(c1, 20_001), 19_000, { kind: 'time' }],
      left: ['c1 offered'],
      effects: ['offered'],
    },
    {
      name: 'rejects',
      inputs: [offer(c1), on('reject')],
      left: ['c1 rejected'],
      effects: ['offered', 'returned rejected'],
    },
    {
      name: 'gives back what the own leg failed for',
      inputs: [offer(c1), on('accept'), on('failed')],
      left: ['c1 failed'],
      effects: ['offered', 'accepted', 'returned failed'],
    },
    {
      name: 'has nothing to do with a customer who went while it rang',
      inputs: [offer(c1), ended()],
      left: [],
      effects: ['offered', 'done'],
    },
    {
      name: 'gives back what rings when the page goes',
      inputs: [offer(c1), { kind: 'detach', session: 's1' }],
      left: [],
      effects: ['offered', 'returned agentLeft'],
    },
    {
      name: 'keeps a talk when the page goes',
      inputs: [offer(c1), on('accept'), on('connected'), { kind: 'nodeLost', node }],
      left: ['c1 connected'],
      effects: ['offered', 'accepted'],
    },
    {
      name: 'does not hear of a page that was replaced',
      inputs: [{ kind: 'attach', node, session: 's2' }, offer(c1), { kind: 'detach', session: 's1' }],
      left: ['c1 offered'],
      effects: ['offered'],
    },
    {
      name: 'ends an own call that fails without work afterwards',
      inputs: [
        { kind: 'begin', contact: { contactId: c1, channel: 'VOICE', initiationMethod: 'OUTBOUND' } },
        on('failed'),
      ],
      left: [],
      effects: ['done'],
    },
  ];
  for (const { name, inputs, left, effects } of table) {
    it(name, () => {
      const outcome = run(...ready, ...inputs);
      assert.deepEqual(outcome.refusals, []);
      assert.deepEqual(inHand(outcome), left);
      assert.deepEqual(told(outcome), effects);
    });
  }

  it('refuses what does not fit the state of the contact, and changes nothing', () => {
    const wrong = [on('accept', c2), on('connected'), on('hold'), on('retrieve'), on('clear'), on('failed')];
    const outcome = run(...ready, offer(c1), ...wrong);
    assert.deepEqual(
      outcome.refusals,
      wrong.map(({ kind }) => `${kind}: not in hand`),
    );
    assert.deepEqual(inHand(outcome), ['c1 offered']);
  });
});

describe('agent › offers', () => {
  const refusals: readonly (readonly [name: string, inputs: readonly (AgentInput | number)[]])[] = [
    ['before a page is there', [goAvailable]],
    ['in a custom status', [attach, { kind: 'setStatus', status: lunch }]],
    ['while another rings', [...ready, offer(c2)]],
    [
      'during after-contact work',
      [...ready, offer(c2), on('accept', c2), { kind: 'contactEnded', contactId: c2 }],
    ],
    ['after one was missed', [...ready, offer(c2, 5_000), 10_000, { kind: 'time' }]],
    ['after one was rejected', [...ready, offer(c2), on('reject', c2)]],
    ['when the page has gone', [...ready, { kind: 'detach', session: 's1' }]],
    ['after signing out', [...ready, { kind: 'signOut', offline }]],
  ];
  for (const [name, inputs] of refusals) {
    it(`gets none ${name}`, () => assert.deepEqual(run(...inputs, offer(c1)).refusals, ['offer: not free']));
  }

  it('gets none once another status is chosen for afterwards', () => {
    const { state } = run(...ready, offer(c1), { kind: 'setStatus', status: lunch });
    assert.equal(isFree(state, 'VOICE', 5), false);
  });

  it('gets the next one when he returns: by clearing, or by choosing a status', () => {
    const missed = [...ready, offer(c2, 5_000), 10_000, { kind: 'time' }] as const;
    for (const back of [on('clear', c2), goAvailable]) {
      assert.deepEqual(inHand(run(...missed, back, offer(c1, 60_000))), ['c1 offered']);
    }
  });

  it('gets the next one as soon as the page is back, in the status that held', () => {
    const outcome = run(
      ...ready,
      { kind: 'nodeLost', node },
      { kind: 'attach', node, session: 's2' },
      offer(c1),
    );
    assert.deepEqual(inHand(outcome), ['c1 offered']);
    assert.equal(outcome.state.status.name, 'Available');
  });
});

describe('agent › status', () => {
  it('takes effect at once with nothing in hand', () => {
    const { state } = run(...ready, { kind: 'setStatus', status: lunch });
    assert.deepEqual([state.status.name, state.statusSinceMs, state.nextStatus], ['Lunch', 3000, undefined]);
  });

  it('waits for the work in hand, and can be taken back', () => {
    const busy = [...ready, offer(c1), on('accept'), { kind: 'setStatus', status: lunch }] as const;
    const chosen = run(...busy).state;
    assert.deepEqual([chosen.status.name, chosen.nextStatus?.name], ['Available', 'Lunch']);
    assert.equal(run(...busy, goAvailable).state.nextStatus, undefined);
    const after = run(...busy, ended(), on('clear')).state;
    assert.deepEqual([after.status.name, after.nextStatus, after.statusSinceMs], ['Lunch', undefined, 7000]);
  });

  it('keeps its time when it is chosen again', () => {
    assert.equal(run(...ready, goAvailable).state.statusSinceMs, 2000);
  });

  it('is Offline after signing out, once the talk is over', () => {
    const leaving = [...ready, offer(c1), on('accept'), { kind: 'signOut', offline }] as const;
    assert.deepEqual(run(...leaving).state.presence, 'signedOut');
    assert.equal(run(...leaving, ended(0)).state.status.name, 'Offline');
  });

  it('counts idleness from the last work, not from a call that was not answered', () => {
    assert.equal(run(...ready, offer(c1), ended()).state.idleSinceMs, 2000);
    assert.equal(run(...ready, offer(c1), on('accept'), ended(), on('clear')).state.idleSinceMs, 6000);
  });

  it('counts inbound idleness apart from calls of his own', () => {
    const own = {
      kind: 'begin',
      contact: { contactId: c1, channel: 'VOICE', initiationMethod: 'OUTBOUND' },
    } as const;
    const { state } = run(...ready, own, ended(0));
    assert.deepEqual([state.idleSinceMs, state.inboundIdleSinceMs], [4000, 2000]);
  });
});
