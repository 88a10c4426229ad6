// Inside a dialog: re-INVITE and UPDATE both ways, glare, late offers, session timers in both roles, transfers, and every way it ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DialogEnd, InviteDialog } from './dialog/invite-dialog.ts';
import type { OutgoingInviteRequest } from './dialog/invite-request.ts';
import { RequestFailed, SessionChangeRefused } from './errors.ts';
import {
  assertNothingLeft,
  CALLEE_HOST,
  CALLER_HOST,
  callTo,
  createWorld,
  foreignRequest,
  IDLE,
  ScriptedPeer,
  sdp,
  sentAt,
  sentBy,
} from './sip-fixture.ts';
import type { UserAgentOptions } from './user-agent.ts';

type Fields = ReadonlyArray<readonly [string, string]>;

/** Our call to a scripted peer, answered. */
async function connected(request: Partial<OutgoingInviteRequest> = {}, answer: Fields = []) {
  const world = createWorld();
  const agent = await world.open({ host: CALLER_HOST });
  const peer = await ScriptedPeer.open(world);
  const call = agent.invite(callTo(request));
  await world.clock.drain();
  await peer.reply(peer.request('INVITE'), 200, { body: sdp('answer'), headers: answer });
  const dialog = await call.answered;
  await world.clock.drain();
  const inDialog = (method: string, sequence: number, body = '', headers: Fields = []) =>
    peer.send(
      foreignRequest(method, {
        branch: `z9hG4bK${method}${sequence}`,
        callId: dialog.callId,
        toTag: dialog.localTag,
        sequence,
        body,
        headers: body === '' ? headers : [['Content-Type', 'application/sdp'], ...headers],
      }),
    );
  return { world, agent, peer, dialog, inDialog };
}

/** Two of our user agents with a call between them. */
async function joined(callee: Partial<UserAgentOptions> = {}, request: Partial<OutgoingInviteRequest> = {}) {
  const world = createWorld({ delayMs: 10 });
  const answered = Promise.withResolvers<InviteDialog>();
  const called = await world.open({
    host: CALLEE_HOST,
    onInvite: (invite) => {
      answered.resolve(
        invite.answer({
          body: sdp('answer'),
          onRequest: ({ method, body }) =>
            method === 'INVITE' || method === 'UPDATE'
              ? { status: 200, body: sdp(body === '' ? 'callee offers' : `callee answers ${body}`) }
              : undefined,
        }),
      );
    },
    ...callee,
  });
  const caller = await world.open({ host: CALLER_HOST });
  const call = caller.invite(
    callTo({
      onRequest: ({ method, body }) =>
        method === 'INVITE' || method === 'UPDATE'
          ? { status: 200, body: sdp(`caller answers ${body}`) }
          : undefined,
      ...request,
    }),
  );
  const ours = await world.clock.settle(call.answered);
  const theirs = await world.clock.settle(answered.promise);
  await world.clock.advance(100);
  return { world, caller, called, ours, theirs };
}

describe('changing a session', () => {
  test('by re-INVITE: hold and resume, from either side', async () => {
    const { world, caller, called, ours, theirs } = await joined();
    assert.deepEqual(await world.clock.settle(ours.reinvite(sdp('hold'))), sdp('callee answers hold'));
    assert.deepEqual(theirs.remoteBody, sdp('hold'));
    assert.deepEqual(await world.clock.settle(theirs.reinvite(sdp('resume'))), sdp('caller answers resume'));
    assert.deepEqual(ours.remoteBody, sdp('resume'));
    await world.clock.settle(ours.bye());
    await assertNothingLeft(world, caller, called);
  });

  test('by UPDATE, without an ACK', async () => {
    const { world, ours, theirs } = await joined();
    assert.deepEqual(await world.clock.settle(theirs.update(sdp('hold'))), sdp('caller answers hold'));
    assert.deepEqual(ours.remoteBody, sdp('hold'));
    assert.deepEqual(
      sentBy(world.network, CALLEE_HOST).filter((line) => line === 'ACK'),
      [],
    );
  });

  test('without an offer the far end makes one, and the ACK answers it', async () => {
    const { world, ours, theirs } = await joined(
      {},
      { onOffer: (offer) => sdp(`caller answers ${offer.content}`) },
    );
    assert.deepEqual(await world.clock.settle(ours.reinvite()), sdp('callee offers'));
    await world.clock.advance(100);
    assert.deepEqual(theirs.remoteBody, sdp('caller answers callee offers'));
  });

  test('several changes go out one after the other', async () => {
    const { world, peer, dialog } = await connected();
    const first = dialog.reinvite(sdp('one'));
    const second = dialog.update(sdp('two'));
    await world.clock.advance(400);
    assert.equal(peer.requests('UPDATE').length, 0);
    await peer.reply(peer.request('INVITE'), 200, { body: sdp('answer one') });
    assert.deepEqual(await first, sdp('answer one'));
    await world.clock.drain();
    assert.equal(peer.request('UPDATE').body, 'two');
    await peer.reply(peer.request('UPDATE'), 200, { body: sdp('answer two') });
    assert.deepEqual(await second, sdp('answer two'));
  });

  test('a repeated 2xx to a re-INVITE gets the same ACK', async () => {
    const { world, peer, dialog } = await connected();
    const changed = dialog.reinvite(sdp('hold'));
    await world.clock.drain();
    const reinvite = peer.request('INVITE');
    await peer.reply(reinvite, 200, { body: sdp('held') });
    await peer.reply(reinvite, 200, { body: sdp('held') });
    await changed;
    const acks = peer.requests('ACK').filter(({ headers }) => headers.cseq.sequence === 2);
    assert.equal(acks.length, 2);
    assert.equal(acks[0]?.headers.topVia.branch, acks[1]?.headers.topVia.branch);
  });

  test('a refused one leaves the session as it was, and the next is free to go', async () => {
    const { world, peer, dialog } = await connected();
    const refused = dialog.reinvite(sdp('video'));
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 488);
    await assert.rejects(refused, (error) => error instanceof SessionChangeRefused && error.status === 488);
    assert.deepEqual(dialog.remoteBody, sdp('answer'));
    const next = dialog.reinvite(sdp('hold'));
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 200, { body: sdp('held') });
    assert.deepEqual(await next, sdp('held'));
  });

  test('a challenged one is answered with credentials', async () => {
    const { world, peer, dialog } = await connected({ credentials: { username: 'u', password: 'p' } });
    const changed = dialog.reinvite(sdp('hold'));
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 401, {
      headers: [['WWW-Authenticate', 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"']],
    });
    await world.clock.drain();
    assert.match(peer.request('INVITE').headers.get('Authorization') ?? '', /nc=00000001/);
    await peer.reply(peer.request('INVITE'), 200, { body: sdp('held') });
    await changed;
    void dialog.bye();
    await world.clock.drain();
    // The nonce serves again, with the next count.
    assert.match(peer.request('BYE').headers.get('Authorization') ?? '', /nc=00000002/);
  });

  test('the peer’s new Contact is where the next request goes', async () => {
    const { peer, dialog, world, inDialog } = await connected();
    await inDialog('UPDATE', 5, '', [['Contact', '<sip:moved@10.0.0.9:5070>']]);
    // foreignRequest writes its own Contact first; a second one does not count.
    void dialog.bye();
    await world.clock.drain();
    assert.equal(peer.request('BYE').requestUri, `sip:peer@${CALLEE_HOST}:5060`);
  });
});

describe('glare', () => {
  test('our re-INVITE answered 491 goes again after 2.1 to 4 s', async () => {
    const { world, peer, dialog } = await connected();
    const changed = dialog.reinvite(sdp('hold'));
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 491);
    await world.clock.advance(2_090);
    assert.equal(peer.request('INVITE').headers.cseq.sequence, 2);
    await world.clock.advance(2_000);
    assert.equal(peer.request('INVITE').headers.cseq.sequence, 3);
    await peer.reply(peer.request('INVITE'), 200, { body: sdp('held') });
    assert.deepEqual(await changed, sdp('held'));
  });

  test('one from the peer while ours is open is answered 491', async () => {
    const { world, peer, dialog, inDialog } = await connected();
    void dialog.reinvite(sdp('hold')).catch(() => {});
    await world.clock.drain();
    await inDialog('INVITE', 5, 'their hold');
    await inDialog('UPDATE', 6, 'their update');
    assert.deepEqual(peer.statuses(), [491, 491]);
  });

  test('both sides at once: both changes come about in the end', async () => {
    const { world, caller, called, ours, theirs } = await joined();
    const both = Promise.all([ours.reinvite(sdp('of caller')), theirs.reinvite(sdp('of callee'))]);
    assert.deepEqual(await world.clock.settle(both), [
      sdp('callee answers of caller'),
      sdp('caller answers of callee'),
    ]);
    assert.ok(world.network.log.some((entry) => entry.text().startsWith('SIP/2.0 491')));
    await world.clock.settle(theirs.bye());
    await assertNothingLeft(world, caller, called);
  });

  test('that never ends is given up', async () => {
    const { world, peer, dialog } = await connected();
    const refused = dialog.reinvite(sdp('hold'));
    refused.catch(() => {});
    for (let round = 0; round < 10; round++) {
      await world.clock.drain();
      const latest = peer.request('INVITE');
      await peer.reply(latest, 491);
      await world.clock.advance(5_000);
      if (peer.request('INVITE').headers.cseq.sequence === latest.headers.cseq.sequence) break;
    }
    await assert.rejects(refused, (error) => error instanceof SessionChangeRefused && error.status === 491);
    assert.equal(peer.request('INVITE').headers.cseq.sequence, 7);
  });

  test('a hang-up in the middle rejects the change and leaves nothing', async () => {
    const { world, agent, peer, dialog, inDialog } = await connected();
    const lost = dialog.reinvite(sdp('hold'));
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 491);
    await inDialog('BYE', 5);
    await assert.rejects(lost, RequestFailed);
    await assert.rejects(dialog.reinvite(sdp('x')), RequestFailed);
    await assertNothingLeft(world, agent);
  });

  test('the peer’s open re-INVITE gets 487 when it hangs up', async () => {
    const { world, agent, peer, inDialog } = await connected({ onRequest: () => new Promise(() => {}) });
    await inDialog('INVITE', 5, 'hold');
    await inDialog('BYE', 6);
    assert.deepEqual(peer.statuses(), [100, 200, 487]);
    await inDialog('ACK', 5);
    await world.clock.advance(400_000);
    assert.deepEqual(agent.activity, IDLE);
  });
});

describe('session timers', () => {
  test('are asked for by default, and not where they are off', async () => {
    const on = await connected();
    const invite = on.peer.request('INVITE');
    assert.equal(invite.headers.get('Session-Expires'), '1800');
    assert.match(invite.headers.get('Supported') ?? '', /timer/);
    const off = await connected({ sessionTimer: 'off' }, [['Session-Expires', '90;refresher=uac']]);
    assert.equal(off.peer.request('INVITE').headers.has('Session-Expires'), false);
    await off.world.clock.advance(400_000);
    assert.equal(off.world.clock.pendingTimers, 0);
  });

  test('the caller refreshes by UPDATE where the peer takes it', async () => {
    const { world, agent, peer, dialog } = await connected({}, [
      ['Session-Expires', '600;refresher=uac'],
      ['Allow', 'INVITE, ACK, BYE, UPDATE'],
    ]);
    for (let round = 1; round <= 3; round++) {
      await world.clock.advance(300_000);
      const update = peer.request('UPDATE');
      assert.equal(peer.requests('UPDATE').length, round);
      assert.equal(update.body, '');
      assert.equal(update.headers.get('Session-Expires'), '600;refresher=uac');
      await peer.reply(update, 200, { headers: [['Session-Expires', '600;refresher=uac']] });
    }
    void dialog.bye();
    await world.clock.drain();
    await peer.reply(peer.request('BYE'), 200);
    await assertNothingLeft(world, agent);
  });

  test('and by re-INVITE with the same offer where it does not', async () => {
    const { world, peer } = await connected({}, [['Session-Expires', '600;refresher=uac']]);
    await world.clock.advance(300_000);
    const refresh = peer.request('INVITE');
    assert.equal(peer.requests('INVITE').length, 2);
    assert.equal(refresh.body, 'offer');
    await peer.reply(refresh, 200, {
      body: sdp('answer'),
      headers: [['Session-Expires', '600;refresher=uac']],
    });
    assert.equal(peer.requests('ACK').length, 2);
    await world.clock.advance(299_000);
    assert.equal(peer.requests('INVITE').length, 2);
  });

  test('a refresh answered 422 goes again with what it says', async () => {
    const { world, peer } = await connected({}, [
      ['Session-Expires', '600;refresher=uac'],
      ['Allow', 'UPDATE'],
    ]);
    await world.clock.advance(300_000);
    await peer.reply(peer.request('UPDATE'), 422, { headers: [['Min-SE', '1200']] });
    await world.clock.drain();
    assert.equal(peer.request('UPDATE').headers.get('Session-Expires'), '1200;refresher=uac');
    assert.equal(peer.request('UPDATE').headers.get('Min-SE'), '1200');
  });

  test('a peer that was to refresh and does not is hung up before the session expires', async () => {
    const { world, agent, peer, dialog } = await connected({}, [['Session-Expires', '600;refresher=uas']]);
    let end: DialogEnd | undefined;
    void dialog.ended.then((value) => {
      end = value;
    });
    await world.clock.advance(567_999);
    assert.equal(end, undefined);
    await world.clock.advance(1);
    assert.deepEqual(
      [(end as DialogEnd | undefined)?.by, (end as DialogEnd | undefined)?.fault],
      ['fault', 'sessionExpired'],
    );
    assert.match(peer.request('BYE').headers.get('Reason') ?? '', /cause=408/);
    await peer.reply(peer.request('BYE'), 200);
    await assertNothingLeft(world, agent);
  });

  test('a peer that refreshes keeps the call, by re-INVITE or UPDATE', async () => {
    const { world, agent, peer, inDialog } = await connected({}, [['Session-Expires', '600;refresher=uas']]);
    for (let round = 0; round < 4; round++) {
      await world.clock.advance(300_000);
      const isUpdate = round % 2 === 0;
      await inDialog(isUpdate ? 'UPDATE' : 'INVITE', 10 + round, isUpdate ? '' : 'answer', [
        ['Supported', 'timer'],
        ['Session-Expires', '600;refresher=uac'],
      ]);
      assert.equal(peer.responses().at(-1)?.status, 200);
      assert.equal(peer.responses().at(-1)?.headers.get('Session-Expires'), '600;refresher=uac');
      if (!isUpdate) await inDialog('ACK', 10 + round);
    }
    assert.equal(agent.activity.dialogs, 1);
  });

  test('a refresh that is never answered ends the call, and nothing is left', async () => {
    const { world, agent, dialog } = await connected({}, [
      ['Session-Expires', '90;refresher=uac'],
      ['Allow', 'UPDATE'],
    ]);
    await world.clock.advance(90_000);
    assert.equal((await dialog.ended).by, 'fault');
    await world.clock.advance(400_000);
    assert.deepEqual(agent.activity, IDLE);
    assert.equal(world.clock.pendingTimers, 0);
  });

  test('the called side: 422 below the least, then agreed, refreshed by the caller, for hours', async () => {
    const { world, caller, called, ours, theirs } = await joined(
      { sessionTimer: { minSeconds: 300 } },
      { sessionTimer: { intervalSeconds: 120 } },
    );
    assert.ok(world.network.log.some((entry) => entry.text().startsWith('SIP/2.0 422')));
    await world.clock.advance(4 * 3_600_000);
    assert.equal(called.activity.dialogs, 1);
    // Each round starts when the last one was answered, 20 ms late.
    assert.equal(sentAt(world.network, CALLER_HOST, 'UPDATE').length, (4 * 3_600) / 150 - 1);
    await world.clock.settle(theirs.bye());
    assert.equal((await ours.ended).by, 'remote');
    await assertNothingLeft(world, caller, called);
  });

  test('the called side refreshes where that was agreed', async () => {
    const { world, ours } = await joined({}, { sessionTimer: { intervalSeconds: 600, refresher: 'remote' } });
    await world.clock.advance(3_600_000);
    assert.equal(sentAt(world.network, CALLEE_HOST, 'UPDATE').length, 11);
    assert.deepEqual(sentAt(world.network, CALLER_HOST, 'UPDATE'), []);
    void ours.bye();
  });

  test('when the peer dies, both a refresher and a waiting side notice', async () => {
    for (const refresher of ['local', 'remote'] as const) {
      const { world, caller, ours } = await joined({}, { sessionTimer: { intervalSeconds: 600, refresher } });
      world.network.interceptor = () => 'drop';
      await world.clock.advance(700_000);
      assert.equal((await ours.ended).by, 'fault', refresher);
      await world.clock.advance(400_000);
      assert.deepEqual(caller.activity, IDLE);
      assert.equal(world.clock.pendingTimers, 0);
    }
  });
});

describe('transfer', () => {
  const notify = (state: string, body: string) =>
    [
      ['Event', 'refer'],
      ['Subscription-State', state],
      ['Content-Type', body === '' ? 'text/plain' : 'message/sipfrag;version=2.0'],
    ] as const;

  test('follows the far end’s news to the end', async () => {
    const { world, agent, peer, dialog } = await connected();
    const progress: number[] = [];
    const outcome = dialog.refer({
      referTo: 'sip:+12065550155@carrier.example',
      referredBy: 'sip:agent@ringback.example',
      onProgress: (status) => progress.push(status),
    });
    await world.clock.drain();
    const refer = peer.request('REFER');
    assert.equal(refer.headers.get('Refer-To'), '<sip:+12065550155@carrier.example>');
    assert.equal(refer.headers.get('Referred-By'), '<sip:agent@ringback.example>');
    await peer.reply(refer, 202);
    const tell = (sequence: number, state: string, body: string) =>
      peer.send(
        foreignRequest('NOTIFY', {
          branch: `z9hG4bKn${sequence}`,
          callId: dialog.callId,
          toTag: dialog.localTag,
          sequence,
          headers: notify(state, body),
          body,
        }),
      );
    await tell(2, 'active;expires=60', 'SIP/2.0 100 Trying\r\n');
    await tell(3, 'active;expires=50', 'SIP/2.0 180 Ringing');
    await tell(4, 'terminated;reason=noresource', 'SIP/2.0 200 OK\r\n');
    assert.deepEqual(peer.statuses(), [200, 200, 200]);
    assert.deepEqual(progress, [100, 180]);
    assert.deepEqual(await outcome, { kind: 'completed', status: 200, reason: 'OK' });
    void dialog.bye();
    await world.clock.drain();
    await peer.reply(peer.request('BYE'), 200);
    await assertNothingLeft(world, agent);
  });

  test('that is refused says by what', async () => {
    const { world, peer, dialog } = await connected();
    const outcome = dialog.refer({ referTo: 'sip:x@y' });
    await world.clock.drain();
    await peer.reply(peer.request('REFER'), 603);
    const refused = await outcome;
    assert.ok(refused.kind === 'refused' && refused.response.status === 603);
  });

  test('without news ends unknown after the time allowed', async () => {
    const { world, peer, dialog } = await connected();
    const outcome = dialog.refer({ referTo: 'sip:x@y', timeoutMs: 30_000 });
    await world.clock.drain();
    await peer.reply(peer.request('REFER'), 202);
    assert.deepEqual(await world.clock.settle(outcome), { kind: 'unknown', because: 'timeout' });
  });

  test('the last news may come after the far end hung up', async () => {
    const { world, agent, peer, dialog, inDialog } = await connected();
    const outcome = dialog.refer({ referTo: 'sip:x@y' });
    await world.clock.drain();
    await peer.reply(peer.request('REFER'), 202);
    await inDialog('BYE', 2);
    assert.equal((await dialog.ended).by, 'remote');
    await peer.send(
      foreignRequest('NOTIFY', {
        branch: 'z9hG4bKn3',
        callId: dialog.callId,
        toTag: dialog.localTag,
        sequence: 3,
        headers: notify('terminated', 'x'),
        body: 'SIP/2.0 503 Service Unavailable',
      }),
    );
    assert.deepEqual(await outcome, { kind: 'completed', status: 503, reason: 'Service Unavailable' });
    assert.deepEqual(peer.statuses(), [200, 200]);
    await assertNothingLeft(world, agent);
  });

  test('and if it never comes, nothing is left after 32 s', async () => {
    const { world, agent, peer, dialog, inDialog } = await connected();
    const outcome = dialog.refer({ referTo: 'sip:x@y' });
    await world.clock.drain();
    await peer.reply(peer.request('REFER'), 202);
    await inDialog('BYE', 2);
    await world.clock.advance(32_000);
    assert.deepEqual(await outcome, { kind: 'unknown', because: 'timeout' });
    await assertNothingLeft(world, agent);
  });

  test('news of no transfer are answered 481, and ours is over when we hang up', async () => {
    const { world, agent, peer, dialog, inDialog } = await connected();
    await inDialog('NOTIFY', 2, '', [['Event', 'refer']]);
    assert.deepEqual(peer.statuses(), [481]);
    const outcome = dialog.refer({ referTo: 'sip:x@y' });
    await world.clock.drain();
    void dialog.bye();
    await world.clock.drain();
    await peer.reply(peer.request('BYE'), 200);
    await peer.reply(peer.request('REFER'), 481);
    assert.equal((await world.clock.settle(outcome)).kind, 'unknown');
    await assertNothingLeft(world, agent);
  });
});
