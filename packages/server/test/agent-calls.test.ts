/** An agent at work against a running service: a queued contact is taken, spoken with, held, handed on and finished. Audio is measured at both ends. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeMulaw, toneLevel } from '@ringback/media';
import { ScriptedAgent } from '@ringback/testkit';
import { startTestService, type TestService } from './support/test-service.ts';

const agentHz = 1000;
/** Says hello and listens. */
const person = '+12065550101';

const transferToQueue = [
  {
    Identifier: 'queue',
    Type: 'TransferContactToQueue',
    Parameters: {},
    Transitions: { NextAction: 'end', Errors: [{ NextAction: 'end', ErrorType: 'NoMatchingError' }] },
  },
  { Identifier: 'end', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} },
];

describe('an agent', () => {
  let ringback: TestService;
  let agent: ScriptedAgent;
  let flowId: string;

  before(async () => {
    ringback = await startTestService();
    flowId = await ringback.createFlow(transferToQueue);
    agent = await ScriptedAgent.signIn({
      url: ringback.service.url,
      username: 'agent',
      password: 'ringback',
      toneHz: agentHz,
    });
    await agent.connectSoftphone();
    agent.speak();
  });

  after(async () => {
    await agent?.close();
    await ringback?.close();
  });

  it('takes a queued contact, talks, holds, hangs up and does after-contact work', async () => {
    await agent.setStatus('Available');
    const contactId = await ringback.call(person, flowId);
    const offered = await agent.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    assert.equal(offered.contact?.contactId, contactId);
    await agent.do({ do: 'accept', contactId });
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    const before = agent.heard.length;
    await agent.until('something heard', () => true);
    await untilHeard(agent, before + 100);
    await agent.do({ do: 'hold', contactId });
    await agent.until('hold', ({ contact }) => contact?.state === 'CONNECTED_ONHOLD');
    await agent.do({ do: 'resume', contactId });
    await agent.until('back', ({ contact }) => contact?.state === 'CONNECTED');
    await agent.do({ do: 'hangUp', contactId });
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await agent.do({ do: 'clear', contactId });
    await agent.until('free', ({ contact }) => contact === undefined);

    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'AGENT_DISCONNECT');
    const events = ringback.events(contactId).map(({ eventType }) => eventType);
    assert.deepEqual(events, [
      'INITIATED',
      'CONNECTED_TO_SYSTEM',
      'QUEUED',
      'CONNECTED_TO_AGENT',
      'DISCONNECTED',
      'COMPLETED',
    ]);
    const [heard] = (await ringback.phoneHeard(person)) ?? [];
    assert.ok(heard);
    assert.ok(loudest(heard, agentHz) > 0.9, 'the phone heard the agent');
    assert.ok(
      decodeMulaw(Buffer.concat(agent.heard)).some((sample) => Math.abs(sample) > 1000),
      'and the agent the phone',
    );
  });
});

/** Highest share of a tone in any half second. */
function loudest(pcm: Int16Array, hz: number): number {
  let best = 0;
  for (let at = 0; at + 4000 <= pcm.length; at += 2000)
    best = Math.max(best, toneLevel(pcm.subarray(at, at + 4000), 8000, hz));
  return best;
}

async function untilHeard(agent: ScriptedAgent, packets: number): Promise<void> {
  const giveUpAtMs = Date.now() + 60_000;
  while (agent.heard.length < packets) {
    assert.ok(Date.now() < giveUpAtMs, `only ${agent.heard.length} packets arrived`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
