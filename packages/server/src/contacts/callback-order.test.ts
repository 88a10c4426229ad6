// What a flow may order of a callback, and what is refused while the flow can still do something else.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallbackRequest, EventHookSetting } from '@ringback/flow';
import { VirtualClock } from '@ringback/testkit';
import { newId, type PhoneNumber, type QueueId } from '../ids.ts';
import { noCaps } from '../policy/toll-fraud.ts';
import type { Instance } from '../store/resource-store.ts';
import { sampleContact, sampleInstanceId, sampleTenant } from '../test-support/sample-contact.ts';
import type { AcceptRequest } from './accept-contact.ts';
import { type CallbackDeps, createCallback } from './callback-order.ts';
import type { FlowHooks } from './flow-hooks.ts';
import type { OpenContact } from './open-contact.ts';

const ownNumber = '+12065550198';
const queueId = newId<QueueId>();
const agentId = newId<string>();
const hold: EventHookSetting = { hook: 'CustomerHold', flowId: 'music', execution: 'enabled' };
const order: CallbackRequest = { initialDelayMs: 60_000, maximumAttempts: 2, retryDelayMs: 90_000 };

function world({ outboundCallsEnabled = true } = {}) {
  const made: AcceptRequest[] = [];
  const clock = new VirtualClock();
  const deps = {
    clock,
    policies: {
      of: () => ({ destinations: { countries: new Set(['US']), openPrefixes: [] }, caps: noCaps }),
    },
    directory: {
      instance: async () => ({ outboundCallsEnabled }),
      queue: async (_instance: string, id: string) =>
        id === queueId ? { callerIdNumber: '+12065550197' } : undefined,
      phoneNumber: async (_tenant: unknown, number: string) =>
        number === ownNumber ? { instanceId: sampleInstanceId } : undefined,
    },
    resources: {
      agents: {
        find: async (_instance: string, id: string) => (id === agentId ? { id } : undefined),
        findByUsername: async (_instance: string, name: string) =>
          name === 'ada' ? { id: agentId, passwordHash: undefined } : undefined,
      },
    },
    flows: {
      find: async (_instance: unknown, reference: string) => (reference === 'known' ? {} : undefined),
    },
    createContact: async (request: AcceptRequest) => {
      made.push(request);
      return { kind: 'accepted' };
    },
  } as unknown as CallbackDeps;
  const contact = { current: sampleContact() } as unknown as OpenContact;
  const instance = { id: sampleInstanceId, tenant: sampleTenant } as Instance;
  const hooks: FlowHooks = new Map([['CustomerHold', hold]]);
  const plan = { number: undefined, queueId, agentId: undefined, hooks };
  return {
    made,
    clock,
    ask: (more: object) => createCallback({ ...order, ...more }, plan, contact, instance, deps),
  };
}

describe('a callback that a flow orders', () => {
  it('is a contact of its own: when, to whom and as whom the flow says, with the hooks that it set', async () => {
    const { made, ask, clock } = world();
    assert.equal((await ask({})).kind, 'done');
    assert.equal((await ask({ callerIdNumber: ownNumber, contactFlowId: 'known' })).kind, 'done');
    assert.deepEqual(
      made.map(({ request }) => [request.source, request.callback]),
      [
        [
          '+12065550197' as PhoneNumber,
          { notBeforeMs: clock.now() + 60_000, attemptsLeft: 2, retryDelayMs: 90_000, hooks: [hold] },
        ],
        [
          ownNumber,
          {
            notBeforeMs: clock.now() + 60_000,
            attemptsLeft: 2,
            retryDelayMs: 90_000,
            hooks: [hold],
            contactFlowId: 'known',
          },
        ],
      ],
    );
  });

  it('is refused where its queue, agent or flow is none, or the caller ID is somebody else’s', async () => {
    const { made, ask } = world();
    const refused = [
      [{ target: { kind: 'queue', queueId: 'none' } }, 'There is no queue none.'],
      [{ target: { kind: 'agent', agentId: 'none' } }, 'There is no agent none.'],
      [{ target: { kind: 'agent', agentId: newId<string>() } }, /^There is no agent/],
      [{ contactFlowId: 'gone' }, 'There is no published flow gone.'],
      [{ callerIdNumber: '+12065550100' }, 'The caller ID +12065550100 is not a number of this instance.'],
    ] as const;
    for (const [more, why] of refused) {
      const answer = await ask(more);
      assert.equal(answer.kind, 'failed');
      if (typeof why === 'string') assert.equal(answer.detail, why);
      else assert.match(answer.detail, why);
    }
    assert.equal((await ask({ target: { kind: 'agent', agentId } })).kind, 'done');
    assert.equal((await ask({ target: { kind: 'agent', agentId: 'ada' } })).kind, 'done');
    assert.equal(made.length, 2);
  });

  it('is refused while outbound calls are switched off', async () => {
    const { made, ask } = world({ outboundCallsEnabled: false });
    assert.equal((await ask({})).kind, 'failed');
    assert.equal(made.length, 0);
  });
});
