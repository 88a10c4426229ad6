// The calling side against a scripted peer: timers, answers, forks, digest, and every race around CANCEL.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  InviteCancelled,
  InviteRejected,
  InviteTimedOut,
  InviteTransportError,
  RequestFailed,
  UnusableHeader,
} from './errors.ts';
import { verifyDigest } from './message/digest-auth.ts';
import {
  assertNothingLeft,
  CALLEE_HOST,
  CALLER_HOST,
  calling,
  callTo,
  foreignRequest,
  IDLE,
  sdp,
  sentAt,
  sentBy,
} from './sip-fixture.ts';

describe('calling › a silent peer', () => {
  test('gets the INVITE seven times, and timer B ends it at exactly 32 s', async () => {
    const { world, agent } = await calling();
    const call = agent.invite(callTo());
    let outcome: Error | undefined;
    call.answered.catch((error) => {
      outcome = error;
    });
    await world.clock.advance(31_999);
    assert.equal(outcome, undefined);
    await world.clock.advance(1);
    assert.equal((outcome as Error | undefined)?.name, 'InviteTimedOut');
    assert.deepEqual(
      sentAt(world.network, CALLER_HOST, 'INVITE'),
      [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500],
    );
    await assertNothingLeft(world, agent);
  });

  test('that answers after timer B is still acknowledged and hung up', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.advance(32_000);
    await assert.rejects(call.answered, InviteTimedOut);
    await peer.reply(peer.request('INVITE'), 200);
    await world.clock.drain();
    assert.equal(peer.requests('ACK').length, 1);
    await peer.reply(peer.request('BYE'), 200);
    await assertNothingLeft(world, agent);
  });
});

describe('calling › provisional responses', () => {
  test('arrive in order, without 100, and stop the retransmission', async () => {
    const { world, agent, peer } = await calling();
    const seen: Array<[number, string]> = [];
    agent.invite(callTo({ onProvisional: (response) => seen.push([response.status, response.body]) }));
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 100);
    await peer.reply(invite, 180);
    await peer.reply(invite, 183, { body: sdp('early') });
    await world.clock.advance(120_000);
    assert.deepEqual(seen, [
      [180, ''],
      [183, 'early'],
    ]);
    assert.equal(peer.requests('INVITE').length, 1);
  });

  test('a callback that throws becomes a fault, and the call goes on', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(
      callTo({
        onProvisional: () => {
          throw new Error('bug in the application');
        },
      }),
    );
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 180);
    await peer.reply(peer.request('INVITE'), 200);
    assert.equal((await call.answered).remoteTag, 'peer');
    assert.equal(world.faults[0]?.kind, 'callbackFailed');
  });
});

describe('calling › the answer', () => {
  test('is acknowledged to the Contact, over the recorded route', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    const invite = peer.request('INVITE');
    const answer = {
      headers: [['Record-Route', `<sip:second.example;lr>, <sip:${CALLEE_HOST}:5060;lr>`]] as const,
      body: sdp('answer'),
    };
    await peer.reply(invite, 200, answer);
    const dialog = await call.answered;
    assert.deepEqual(dialog.remoteBody, sdp('answer'));
    await world.clock.drain();
    const ack = peer.request('ACK');
    assert.equal(ack.requestUri, `sip:peer@${CALLEE_HOST}:5060`);
    assert.deepEqual(ack.headers.getAll('Route'), [
      `<sip:${CALLEE_HOST}:5060;lr>`,
      '<sip:second.example;lr>',
    ]);
    assert.equal(ack.headers.cseq.sequence, invite.headers.cseq.sequence);
    assert.notEqual(ack.headers.topVia.branch, invite.headers.topVia.branch);
  });

  test('behind a strict router puts the target at the end of the route', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 200, {
      headers: [['Record-Route', `<sip:${CALLEE_HOST}:5060>`]],
    });
    await call.answered;
    await world.clock.drain();
    const ack = peer.request('ACK');
    assert.equal(ack.requestUri, `sip:${CALLEE_HOST}:5060`);
    assert.deepEqual(ack.headers.getAll('Route'), [`<sip:peer@${CALLEE_HOST}:5060>`]);
  });

  test('repeated, gets the same ACK each time', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    const invite = peer.request('INVITE');
    for (let copy = 0; copy < 3; copy++) await peer.reply(invite, 200);
    await call.answered;
    await world.clock.drain();
    const acks = peer.requests('ACK');
    assert.equal(acks.length, 3);
    assert.equal(new Set(acks.map(({ headers }) => headers.topVia.branch)).size, 1);
  });

  test('of a second phone behind a fork is acknowledged and hung up; the first call stays', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 200, { toTag: 'first' });
    await peer.reply(invite, 200, { toTag: 'second' });
    await world.clock.drain();
    const dialog = await call.answered;
    assert.equal(dialog.remoteTag, 'first');
    assert.deepEqual(
      peer.requests('ACK').map(({ headers }) => headers.to.tag),
      ['first', 'second'],
    );
    assert.deepEqual(
      peer.requests('BYE').map(({ headers }) => headers.to.tag),
      ['second'],
    );
    await peer.reply(peer.request('BYE'), 200);
    assert.equal(agent.activity.dialogs, 1);
  });

  test('without Contact, or with one that is no SIP URI, is acknowledged to where it came from', async () => {
    for (const contact of ['', 'Contact: <tel:+1>\r\n', 'Contact: <sip:broken\r\n']) {
      const { world, agent, peer } = await calling();
      const call = agent.invite(callTo());
      await world.clock.drain();
      const { headers } = peer.request('INVITE');
      await peer.send(
        `SIP/2.0 200 OK\r\nVia: ${headers.get('Via')}\r\nFrom: ${headers.get('From')}\r\nTo: <sip:x@y>;tag=z\r\n` +
          `Call-ID: ${headers.callId}\r\nCSeq: 1 INVITE\r\n${contact}\r\n`,
      );
      await call.answered;
      await world.clock.drain();
      assert.equal(peer.requests('ACK').length, 1, contact);
    }
  });
});

describe('calling › final failures', () => {
  test('reject with the response; the ACK stays in the transaction and answers every copy', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 486, { headers: [['Retry-After', '30']] });
    await assert.rejects(call.answered, (error) => {
      assert.ok(error instanceof InviteRejected);
      assert.equal(error.status, 486);
      assert.equal(error.reason, 'Busy Here');
      assert.equal(error.response.headers.get('Retry-After'), '30');
      return true;
    });
    await peer.reply(invite, 486);
    const acks = peer.requests('ACK');
    assert.equal(acks.length, 2);
    assert.equal(acks[0]?.headers.topVia.branch, invite.headers.topVia.branch);
    assert.equal(acks[0]?.headers.to.tag, 'peer');
    assert.equal(acks[0]?.requestUri, invite.requestUri);
    await assertNothingLeft(world, agent);
  });

  test('a network that refuses the INVITE rejects with InviteTransportError', async () => {
    const { world, agent } = await calling();
    world.network.interceptor = () => 'fail';
    const call = agent.invite(callTo());
    await world.clock.drain();
    await assert.rejects(call.answered, (error) => {
      assert.ok(error instanceof InviteTransportError);
      assert.match(error.message, /ENETUNREACH/);
      return true;
    });
    await assertNothingLeft(world, agent);
  });

  test('headers that would break the message are refused before anything is sent', async () => {
    const { world, agent } = await calling();
    for (const bad of [
      { headers: [['Subject', 'x\r\nEvil: 1']] as const },
      { headers: [['Bad Name', 'x']] as const },
      { headers: [['Via', 'SIP/2.0/UDP h']] as const },
      { headers: [['l', '5']] as const },
      { callId: 'a\nb' },
      { requestUri: 'sip:a@b> SIP/2.0\r\n' },
      { from: { uri: 'sip:a@b', displayName: 'a\r\nb' } },
      { to: { uri: 'no uri' } },
      { body: { contentType: 'a/b\r\nX: 1', content: '' } },
      { credentials: { username: 'a\r\nEvil: 1', password: 'p' } },
    ]) {
      assert.throws(() => agent.invite(callTo(bad)), UnusableHeader, JSON.stringify(bad));
    }
    assert.equal(world.network.log.length, 0);
    assert.deepEqual(agent.activity, IDLE);
  });
});

describe('calling › digest', () => {
  const credentials = { username: 'trunk', password: 'secret' };
  const challenge = 'Digest realm="carrier", nonce="n1", algorithm=SHA-256, qop="auth"';

  for (const [status, challengeName, answerName] of [
    [401, 'WWW-Authenticate', 'Authorization'],
    [407, 'Proxy-Authenticate', 'Proxy-Authorization'],
  ] as const) {
    test(`${status} is answered once, in the same call with the next CSeq`, async () => {
      const { world, agent, peer } = await calling();
      const call = agent.invite(callTo({ credentials }));
      await world.clock.drain();
      const first = peer.request('INVITE');
      await peer.reply(first, status, { headers: [[challengeName, challenge]] });
      await world.clock.drain();
      const second = peer.request('INVITE');
      assert.equal(second.headers.callId, first.headers.callId);
      assert.equal(second.headers.from.tag, first.headers.from.tag);
      assert.equal(second.headers.to.tag, undefined);
      assert.equal(second.headers.cseq.sequence, first.headers.cseq.sequence + 1);
      assert.notEqual(second.headers.topVia.branch, first.headers.topVia.branch);
      assert.equal(second.body, 'offer');
      const verdict = verifyDigest({
        authorization: second.headers.get(answerName),
        realm: 'carrier',
        method: 'INVITE',
        requestUri: second.requestUri,
        isNonceValid: (nonce) => nonce === 'n1',
        passwordOf: () => 'secret',
      });
      assert.equal(verdict.kind, 'accepted');
      await peer.reply(second, 200);
      await call.answered;
      await world.clock.drain();
      const ack = peer.requests('ACK').at(-1);
      assert.equal(ack?.headers.get(answerName), second.headers.get(answerName));
      assert.equal(ack?.headers.cseq.sequence, 2);
    });
  }

  test('a second challenge, none we can answer, or no credentials reject the call', async () => {
    const unanswerable = [['WWW-Authenticate', 'Digest realm="x", nonce="y", algorithm=TIGER']] as const;
    const answerable = [['WWW-Authenticate', challenge]] as const;
    for (const [overrides, headers, invites] of [
      [{ credentials }, answerable, 2],
      [{ credentials }, unanswerable, 1],
      [{}, answerable, 1],
    ] as const) {
      const { world, agent, peer } = await calling();
      const call = agent.invite(callTo(overrides));
      await world.clock.drain();
      for (let round = 0; round < invites; round++) {
        await peer.reply(peer.request('INVITE'), 401, { headers });
        await world.clock.drain();
      }
      await assert.rejects(call.answered, (error) => error instanceof InviteRejected && error.status === 401);
      assert.equal(peer.requests('INVITE').length, invites);
      await assertNothingLeft(world, agent);
    }
  });

  test('a challenged BYE is answered too', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo({ credentials }));
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 200);
    const hungUp = (await call.answered).bye();
    await world.clock.drain();
    await peer.reply(peer.request('BYE'), 407, { headers: [['Proxy-Authenticate', challenge]] });
    await world.clock.drain();
    assert.equal(peer.requests('BYE').length, 2);
    assert.ok(peer.request('BYE').headers.has('Proxy-Authorization'));
    await peer.reply(peer.request('BYE'), 200);
    await hungUp;
    assert.equal(agent.activity.dialogs, 0);
  });
});

describe('calling › CANCEL', () => {
  test('before any provisional: rejects at once, sends nothing, and timer B ends the transaction', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    call.cancel();
    await assert.rejects(call.answered, InviteCancelled);
    await world.clock.advance(40_000);
    assert.equal(peer.requests('CANCEL').length, 0);
    await assertNothingLeft(world, agent);
  });

  test('before any provisional: a later one releases it, and 487 ends the call', async () => {
    const { world, agent, peer } = await calling();
    const seen: number[] = [];
    const call = agent.invite(callTo({ onProvisional: ({ status }) => seen.push(status) }));
    await world.clock.drain();
    call.cancel({ reason: 'SIP;cause=480' });
    const invite = peer.request('INVITE');
    await peer.reply(invite, 100);
    await world.clock.drain();
    const cancel = peer.request('CANCEL');
    assert.equal(cancel.requestUri, invite.requestUri);
    assert.equal(cancel.headers.topVia.branch, invite.headers.topVia.branch);
    assert.equal(cancel.headers.getAll('Via').length, 1);
    assert.equal(cancel.headers.get('To'), invite.headers.get('To'));
    assert.equal(cancel.headers.get('From'), invite.headers.get('From'));
    assert.deepEqual(cancel.headers.cseq, { sequence: invite.headers.cseq.sequence, method: 'CANCEL' });
    assert.equal(cancel.headers.get('Reason'), 'SIP;cause=480');
    await peer.reply(invite, 180);
    await peer.reply(cancel, 200);
    await peer.reply(invite, 487);
    assert.equal(peer.requests('CANCEL').length, 1);
    assert.equal(peer.requests('ACK').length, 1);
    assert.deepEqual(seen, []);
    await assertNothingLeft(world, agent);
  });

  test('before any provisional: a late answer is acknowledged and hung up', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    call.cancel();
    await assert.rejects(call.answered, InviteCancelled);
    await world.clock.advance(20_000);
    await peer.reply(peer.request('INVITE'), 200);
    assert.equal(peer.requests('ACK').length, 1);
    await peer.reply(peer.request('BYE'), 200);
    assert.equal(peer.requests('CANCEL').length, 0);
    await assertNothingLeft(world, agent);
  });

  test('between 180 and 200: 487 rejects with InviteCancelled, not before', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    let isOver = false;
    call.answered.catch(() => {
      isOver = true;
    });
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 180);
    call.cancel();
    call.cancel();
    await world.clock.advance(1_000);
    assert.equal(isOver, false);
    await peer.reply(peer.request('CANCEL'), 200);
    await peer.reply(invite, 487);
    await assert.rejects(call.answered, InviteCancelled);
    await assertNothingLeft(world, agent);
  });

  test('crossed by 200: acknowledged, hung up with the reason, rejected as cancelled', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 180);
    call.cancel({ reason: 'Q.850;cause=16' });
    await peer.reply(invite, 200);
    await assert.rejects(call.answered, InviteCancelled);
    await world.clock.drain();
    assert.deepEqual(sentBy(world.network, CALLER_HOST), ['INVITE', 'CANCEL', 'ACK', 'BYE']);
    assert.equal(peer.request('BYE').headers.get('Reason'), 'Q.850;cause=16');
    await peer.reply(peer.request('CANCEL'), 481);
    await peer.reply(peer.request('BYE'), 200);
    await assertNothingLeft(world, agent);
  });

  test('crossed by busy: rejects with what the phone said', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 180);
    call.cancel();
    await peer.reply(invite, 486);
    await assert.rejects(call.answered, (error) => error instanceof InviteRejected && error.status === 486);
    await peer.reply(peer.request('CANCEL'), 200);
    await assertNothingLeft(world, agent);
  });

  test('never answered: given up 32 s after the CANCEL; an answer after that is still hung up', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 180);
    await world.clock.advance(60_000);
    call.cancel();
    let isOver = false;
    call.answered.catch(() => {
      isOver = true;
    });
    await world.clock.advance(31_999);
    assert.equal(isOver, false);
    await world.clock.advance(1);
    await assert.rejects(call.answered, InviteCancelled);
    await world.clock.advance(60_000);
    await peer.reply(invite, 200);
    assert.equal(peer.requests('ACK').length, 1);
    await peer.reply(peer.request('BYE'), 200);
    await assertNothingLeft(world, agent);
  });

  test('after the answer: no effect', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 180);
    await peer.reply(peer.request('INVITE'), 200);
    const dialog = await call.answered;
    call.cancel();
    await world.clock.drain();
    assert.deepEqual(sentBy(world.network, CALLER_HOST), ['INVITE', 'ACK']);
    assert.equal(agent.activity.dialogs, 1);
    assert.equal(dialog.callId, 'call-1@test');
  });

  test('of a challenged call: no second INVITE', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo({ credentials: { username: 'u', password: 'p' } }));
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 100);
    call.cancel();
    await peer.reply(invite, 407, { headers: [['Proxy-Authenticate', 'Digest realm="r", nonce="n"']] });
    await assert.rejects(call.answered, InviteCancelled);
    assert.equal(peer.requests('INVITE').length, 1);
    await peer.reply(peer.request('CANCEL'), 481);
    await assertNothingLeft(world, agent);
  });
});

describe('calling › strays', () => {
  test('a 200 that belongs to nothing we sent makes us send nothing', async () => {
    const { world, agent, peer } = await calling();
    await peer.send(
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKforged\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n' +
        'Call-ID: forged\r\nCSeq: 1 INVITE\r\nContact: <sip:victim@6.6.6.6>\r\n\r\n',
    );
    assert.deepEqual(sentBy(world.network, CALLER_HOST), []);
    await assertNothingLeft(world, agent);
  });
});

describe('dialog › calling side', () => {
  async function connected() {
    const setup = await calling();
    const call = setup.agent.invite(callTo());
    await setup.world.clock.drain();
    const invite = setup.peer.request('INVITE');
    await setup.peer.reply(invite, 200, { body: sdp('answer') });
    const dialog = await call.answered;
    await setup.world.clock.drain();
    const inDialog = (
      method: string,
      branch: string,
      parts: { sequence?: number; body?: string; cseqMethod?: string } = {},
    ) =>
      foreignRequest(method, {
        branch: `z9hG4bK${branch}`,
        callId: dialog.callId,
        fromTag: 'peer',
        toTag: dialog.localTag,
        headers: parts.body === undefined ? [] : [['Content-Type', 'application/sdp']],
        ...parts,
      });
    return { ...setup, dialog, inDialog };
  }

  test('BYE is repeated when lost, and bye() resolves with the answer', async () => {
    const { world, agent, peer, dialog } = await connected();
    let lost = 0;
    world.network.interceptor = (datagram) => {
      if (!datagram.text().startsWith('BYE') || lost === 3) return undefined;
      lost++;
      return 'drop';
    };
    const hungUp = dialog.bye({ reason: 'Q.850;cause=16' });
    assert.equal(dialog.bye(), hungUp);
    assert.deepEqual(await dialog.ended, { by: 'local', reason: 'Q.850;cause=16' });
    await world.clock.advance(3_500);
    assert.deepEqual(sentAt(world.network, CALLER_HOST, 'BYE'), [0, 500, 1_500, 3_500]);
    await peer.reply(peer.request('BYE'), 200);
    await hungUp;
    await assertNothingLeft(world, agent);
  });

  test('an unanswered BYE is repeated eleven times, every 4 s at last, and bye() resolves at 32 s', async () => {
    const { world, agent, dialog } = await connected();
    let isOver = false;
    void dialog.bye().then(() => {
      isOver = true;
    });
    await world.clock.advance(31_999);
    assert.equal(isOver, false);
    await world.clock.advance(1);
    assert.equal(isOver, true);
    assert.deepEqual(
      sentAt(world.network, CALLER_HOST, 'BYE'),
      [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500],
    );
    await assertNothingLeft(world, agent);
  });

  test('the peer’s BYE ends it with its reason, is answered 200, and again when repeated', async () => {
    const { world, agent, peer, dialog } = await connected();
    const bye = foreignRequest('BYE', {
      branch: 'z9hG4bKbye',
      callId: dialog.callId,
      toTag: dialog.localTag,
      headers: [['Reason', 'Q.850;cause=31']],
    });
    await peer.send(bye);
    await peer.send(bye);
    assert.deepEqual(peer.statuses(), [200, 200]);
    assert.deepEqual(await dialog.ended, {
      by: 'remote',
      reason: 'Q.850;cause=31',
      causes: [{ protocol: 'Q.850', cause: 31, text: undefined }],
    });
    await dialog.bye();
    assert.equal(peer.requests('BYE').length, 0);
    await assert.rejects(dialog.sendInfo(sdp('x')), RequestFailed);
    await assertNothingLeft(world, agent);
  });

  test('BYE crossing BYE: both are answered', async () => {
    const { world, agent, peer, dialog, inDialog } = await connected();
    const hungUp = dialog.bye();
    await peer.send(inDialog('BYE', 'cross'));
    assert.deepEqual(peer.statuses(), [200]);
    await peer.reply(peer.request('BYE'), 481);
    await hungUp;
    assert.equal((await dialog.ended).by, 'local');
    await assertNothingLeft(world, agent);
  });

  test('a lower CSeq is answered 500 and changes nothing', async () => {
    const { peer, agent, inDialog } = await connected();
    await peer.send(inDialog('OPTIONS', 'one', { sequence: 10 }));
    await peer.send(inDialog('BYE', 'two', { sequence: 9 }));
    assert.deepEqual(peer.statuses(), [200, 500]);
    assert.equal(agent.activity.dialogs, 1);
  });

  test('a re-INVITE that changes nothing is confirmed with our body, and repeated until its ACK', async () => {
    const { world, agent, peer, dialog, inDialog } = await connected();
    await peer.send(inDialog('INVITE', 're', { sequence: 5, body: 'answer' }));
    await world.clock.advance(1_500);
    assert.deepEqual(peer.statuses(), [200, 200, 200]);
    const confirmed = peer.responses().at(-1);
    assert.equal(confirmed?.body, 'offer');
    assert.ok(confirmed?.headers.has('Contact'));
    await peer.send(inDialog('ACK', 're-ack', { sequence: 5 }));
    await world.clock.advance(10_000);
    assert.equal(peer.statuses().length, 3);
    await peer.send(inDialog('BYE', 'bye', { sequence: 6 }));
    assert.equal((await dialog.ended).by, 'remote');
    await assertNothingLeft(world, agent);
  });

  test('a re-INVITE that changes the session is refused 488, and the call stays', async () => {
    const { world, agent, peer, inDialog } = await connected();
    await peer.send(inDialog('INVITE', 're', { sequence: 5, body: 'hold' }));
    assert.deepEqual(peer.statuses(), [488]);
    await peer.send(inDialog('ACK', 're', { sequence: 5 }));
    await world.clock.advance(60_000);
    assert.deepEqual(peer.statuses(), [488]);
    assert.equal(agent.activity.dialogs, 1);
    assert.equal(agent.activity.serverTransactions, 0);
  });

  test('INFO without a callback is refused 415, unknown methods 405, OPTIONS answered 200', async () => {
    const { peer, inDialog } = await connected();
    await peer.send(inDialog('INFO', 'a', { sequence: 2, body: 'x' }));
    await peer.send(inDialog('REFER', 'b', { sequence: 3 }));
    await peer.send(inDialog('OPTIONS', 'c', { sequence: 4 }));
    assert.deepEqual(peer.statuses(), [415, 405, 200]);
    for (const response of peer.responses().slice(1))
      assert.match(response.headers.get('Allow') ?? '', /INVITE/);
  });

  test('481 to an INFO ends the dialog', async () => {
    const { world, agent, peer, dialog } = await connected();
    const sent = dialog.sendInfo({ contentType: 'application/dtmf-relay', content: 'Signal=1' });
    await world.clock.drain();
    assert.equal(peer.request('INFO').body, 'Signal=1');
    await peer.reply(peer.request('INFO'), 481);
    assert.equal((await sent).status, 481);
    assert.equal((await dialog.ended).by, 'fault');
    await assertNothingLeft(world, agent);
  });
});

describe('dialog › callback for requests inside it', () => {
  test('answers INFO and re-INVITE, later if it likes; what it throws is a 500 and a fault', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(
      callTo({
        onRequest: async (request) => {
          if (request.body === 'boom') throw new Error('bug in the application');
          if (request.method === 'INVITE') return { status: 200, body: sdp('on hold') };
          return request.method === 'INFO' ? { status: 202, headers: [['X-Seen', 'yes']] } : undefined;
        },
      }),
    );
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 200, { body: sdp('answer') });
    const dialog = await call.answered;
    const send = (method: string, sequence: number, body: string) =>
      peer.send(
        foreignRequest(method, {
          branch: `z9hG4bK${sequence}`,
          callId: dialog.callId,
          toTag: dialog.localTag,
          sequence,
          body,
        }),
      );
    await send('INFO', 2, 'Signal=5');
    assert.deepEqual(peer.statuses(), [202]);
    assert.equal(peer.responses()[0]?.headers.get('X-Seen'), 'yes');
    await send('INVITE', 3, 'hold');
    assert.deepEqual(peer.statuses(), [202, 100, 200]);
    assert.equal(peer.responses()[2]?.body, 'on hold');
    await send('ACK', 3, '');
    await send('REFER', 4, '');
    await send('INFO', 5, 'boom');
    assert.deepEqual(peer.statuses(), [202, 100, 200, 405, 500]);
    assert.equal(world.faults[0]?.kind, 'callbackFailed');
  });
});
