// A called side that stays silent: nothing on the wire, one call for all copies of the INVITE, nothing left behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InMemoryNetwork, VirtualClock } from '@ringback/testkit';
import { InviteNotPending, InviteTimedOut } from '../errors.ts';
import { openUserAgent } from '../user-agent.ts';
import type { IncomingInvite } from './incoming-invite.ts';

async function callSomebodySilent(onInvite: (invite: IncomingInvite) => void) {
  const clock = new VirtualClock();
  const network = new InMemoryNetwork({ clock });
  const called = await openUserAgent({ host: '10.0.0.2', port: 5060, clock, network, onInvite });
  const caller = await openUserAgent({ host: '10.0.0.1', port: 5060, clock, network });
  const invite = caller.invite({
    target: called.endpoint,
    requestUri: 'sip:nobody@10.0.0.2',
    from: { uri: 'sip:alice@10.0.0.1' },
    to: { uri: 'sip:nobody@10.0.0.2' },
    callId: 'silence-1',
  });
  const sentByCalled = () => network.log.filter(({ from }) => from.host === '10.0.0.2');
  return { clock, network, called, caller, invite, sentByCalled };
}

test('ignored invite › nothing is ever sent, and copies of the INVITE are no new calls', async () => {
  let calls = 0;
  const { clock, network, called, invite, sentByCalled } = await callSomebodySilent((each) => {
    calls++;
    each.ignore();
  });
  await assert.rejects(clock.settle(invite.answered), InviteTimedOut);
  assert.equal(calls, 1);
  assert.ok(network.log.length > 5, 'the caller repeated its INVITE');
  assert.deepEqual(sentByCalled(), []);
  await clock.advance(1_000);
  assert.equal(called.activity.serverTransactions, 0);
  assert.equal(called.activity.pendingCalls, 0);
  assert.equal(called.activity.dialogs, 0);
});

test('ignored invite › closing the user agent leaves no timer', async () => {
  const { clock, called, caller } = await callSomebodySilent((each) => each.ignore());
  await clock.advance(100);
  await caller.close();
  await called.close();
  await clock.advance(0);
  assert.equal(clock.pendingTimers, 0);
});

test('ignored invite › nobody can be ignored after something was said', async () => {
  let refusal: unknown;
  const { clock, sentByCalled } = await callSomebodySilent((each) => {
    each.provisional(180);
    try {
      each.ignore();
    } catch (error) {
      refusal = error;
    }
  });
  await clock.advance(100);
  assert.ok(refusal instanceof InviteNotPending);
  assert.match(sentByCalled()[0]?.text() ?? '', /^SIP\/2\.0 180 /);
});
