// A user agent under fire: mutated requests and responses arrive while real calls run. It must not throw, must not leak, and must
// keep working.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@ringback/testkit';
import type { OutgoingInvite } from './dialog/outgoing-invite.ts';
import {
  CALLEE_HOST,
  CALLER_HOST,
  callTo,
  createWorld,
  foreignRequest,
  IDLE,
  ScriptedPeer,
  sdp,
} from './sip-fixture.ts';

const ROUNDS = 400;
const SPLICES = [
  '\r\n',
  '"',
  '<',
  '>',
  ';',
  ',',
  ':',
  ' ',
  '\0',
  'SIP/2.0',
  '4294967296',
  'tag=',
  '\r\nTo: x\r\n',
  '\ud83d\udcde',
];

function mutate(text: string, random: () => number): string {
  let mutated = text;
  const changes = 1 + Math.floor(random() * 3);
  for (let change = 0; change < changes; change++) {
    const at = Math.floor(random() * mutated.length);
    const until = at + Math.floor(random() * 6);
    const splice = random() < 0.5 ? '' : (SPLICES[Math.floor(random() * SPLICES.length)] ?? '');
    mutated = mutated.slice(0, at) + splice + mutated.slice(until);
  }
  return mutated;
}

describe('hostile peer', () => {
  test('mutated messages of every kind neither break the agent nor leave anything behind', async () => {
    const random = seededRandom(5);
    const world = createWorld();
    const agent = await world.open({
      host: CALLER_HOST,
      onInvite: (invite) => {
        if (random() < 0.5) invite.provisional(180);
        if (random() < 0.5) void invite.answer({ body: sdp('answer') });
        else invite.reject(486);
      },
    });
    const peer = await ScriptedPeer.open(world);
    const calls: OutgoingInvite[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const callId = `round-${round}`;
      const branch = `z9hG4bK${round}`;
      const call = agent.invite(callTo({ callId, credentials: { username: 'u', password: 'p' } }));
      calls.push(call);
      await world.clock.drain();
      const invite = peer.request('INVITE');
      const via = invite.headers.get('Via');
      const from = invite.headers.get('From');
      const response = (status: number) =>
        `SIP/2.0 ${status} X\r\nVia: ${via}\r\nFrom: ${from}\r\nTo: <sip:x@y>;tag=t\r\nCall-ID: ${callId}\r\nCSeq: 1 INVITE\r\n` +
        `Contact: <sip:x@${CALLEE_HOST}>\r\nRecord-Route: <sip:${CALLEE_HOST};lr>\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n`;
      for (const status of [180, 401, 200]) await peer.send(mutate(response(status), random));
      for (const method of ['INVITE', 'CANCEL', 'ACK', 'BYE', 'OPTIONS', 'INFO']) {
        await peer.send(
          mutate(
            foreignRequest(method, {
              branch,
              callId,
              toTag: method === 'INVITE' ? undefined : 't',
              body: 'x',
            }),
            random,
          ),
        );
      }
      if (random() < 0.5) call.cancel();
    }
    // Ringing has no limit of its own; whoever calls must give up some time.
    for (const call of calls) call.cancel();
    await world.clock.advance(1_000_000);
    const { dialogs, ...others } = agent.activity;
    // Calls that a readable 200 connected stay up until somebody hangs up.
    assert.ok(dialogs > 0 && dialogs < ROUNDS, `${dialogs} dialogs`);
    assert.deepEqual(others, {
      clientTransactions: 0,
      serverTransactions: 0,
      pendingCalls: 0,
      lateAnswers: 0,
    });
    assert.deepEqual(
      world.faults.filter(({ kind }) => kind === 'callbackFailed'),
      [],
    );
    await peer.send(foreignRequest('OPTIONS', { branch: 'z9hG4bKalive' }));
    assert.equal(peer.responses().at(-1)?.status, 200);
    await agent.close();
    // Delivers the last BYEs; what is pending after that would be ours.
    await world.clock.drain();
    assert.deepEqual(agent.activity, IDLE);
    assert.equal(world.clock.pendingTimers, 0);
  });
});
