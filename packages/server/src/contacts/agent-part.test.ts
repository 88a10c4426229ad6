// What a contact hears of the agents who take it, from a routing of whose news the test is the author.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { AgentId } from '../ids.ts';
import type { Routing } from '../routing/routing.ts';
import type { ContactNews } from '../routing/routing-change.ts';
import { sampleContact } from '../test-support/sample-contact.ts';
import { AgentPart } from './agent-part.ts';

describe('a contact’s part with agents', () => {
  it('waits for the work of the agent who had it last, whatever one before has done', async () => {
    const contact = sampleContact();
    let tell: (news: ContactNews) => void = () => undefined;
    const routing: Partial<Routing> = {
      follow(_contactId, heard) {
        tell = heard;
        return () => undefined;
      },
      contactEnded: async () => ({ kind: 'done' }),
    };
    const part = new AgentPart(() => contact, routing as Routing, new VirtualClock());
    const work = (startedAtMs: number) => ({ startedAtMs, endedAtMs: startedAtMs + 1 });
    const key = { instanceId: contact.instanceId, contactId: contact.id };
    for (const [name, startedAtMs] of [
      ['first', 1_000],
      ['second', 2_000],
    ] as const) {
      const agentId = name as AgentId;
      tell({ ...key, what: 'accepted', agentId, acceptedAtMs: 0, node: undefined });
      assert.equal((await part.nextAccepted(new AbortController().signal)).agentId, agentId);
      await part.end();
      tell({ ...key, what: 'done', agentId, afterContactWork: work(startedAtMs) });
    }
    assert.deepEqual(await part.work(new AbortController().signal), work(2_000));
  });
});
