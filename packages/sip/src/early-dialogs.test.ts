// Before the answer: reliable provisional responses both ways, early media, forks, offers that come late, UPDATE, and what becomes
// of it all when a phone answers or nobody does.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IncomingInvite } from './dialog/incoming-invite.ts';
import type { InviteDialog } from './dialog/invite-dialog.ts';
import type { EarlyMedia } from './dialog/invite-request.ts';
import { InviteNotPending, InviteRejected, OfferUnanswered, SessionChangeRefused } from './errors.ts';
import {
  assertNothingLeft,
  CALLEE_HOST,
  CALLER_HOST,
  calling,
  callTo,
  createWorld,
  foreignRequest,
  ScriptedPeer,
  sdp,
  sentAt,
  sentBy,
} from './sip-fixture.ts';

const RELIABLE = [
  ['Require', '100rel'],
  ['RSeq', '100'],
] as const;

describe('calling › reliable provisional responses', () => {
  test('are acknowledged by PRACK in the early dialog, once, and reported once', async () => {
    const { world, agent, peer } = await calling();
    const media: EarlyMedia[] = [];
    const seen: number[] = [];
    const call = agent.invite(
      callTo({
        onProvisional: ({ status }) => seen.push(status),
        onEarlyMedia: (early) => media.push(early),
      }),
    );
    await world.clock.drain();
    const invite = peer.request('INVITE');
    assert.match(invite.headers.get('Supported') ?? '', /100rel/);
    await peer.reply(invite, 183, { headers: RELIABLE, body: sdp('answer') });
    await peer.reply(invite, 183, { headers: RELIABLE, body: sdp('answer') });
    const prack = peer.request('PRACK');
    assert.equal(peer.requests('PRACK').length, 1);
    assert.equal(prack.headers.get('RAck'), '100 1 INVITE');
    assert.equal(prack.requestUri, `sip:peer@${CALLEE_HOST}:5060`);
    assert.equal(prack.headers.to.tag, 'peer');
    assert.equal(prack.headers.cseq.sequence, 2);
    await peer.reply(prack, 200);
    assert.deepEqual(seen, [183]);
    assert.deepEqual(media, [{ status: 183, body: sdp('answer'), remoteTag: 'peer', isReliable: true }]);
    await peer.reply(invite, 200);
    const dialog = await call.answered;
    // The 2xx had no body; the answer came with the reliable response.
    assert.deepEqual(dialog.remoteBody, sdp('answer'));
    const hungUp = dialog.bye();
    await world.clock.drain();
    await peer.reply(peer.request('BYE'), 200);
    await hungUp;
    await assertNothingLeft(world, agent);
  });

  test('that overtake each other are left to be repeated', async () => {
    const { world, agent, peer } = await calling();
    const seen: number[] = [];
    agent.invite(callTo({ onProvisional: ({ status }) => seen.push(status) }));
    await world.clock.drain();
    const invite = peer.request('INVITE');
    const reliable = (status: number, rseq: number) =>
      peer.reply(invite, status, {
        headers: [
          ['Require', '100rel'],
          ['RSeq', String(rseq)],
        ],
      });
    await reliable(180, 5);
    await reliable(183, 7);
    await reliable(182, 6);
    await reliable(183, 7);
    assert.deepEqual(seen, [180, 182, 183]);
    assert.deepEqual(
      peer.requests('PRACK').map(({ headers }) => headers.get('RAck')),
      ['5 1 INVITE', '6 1 INVITE', '7 1 INVITE'],
    );
  });

  test('an offer in one is answered in its PRACK, and the 2xx needs no more', async () => {
    const { world, agent, peer } = await calling();
    const { body: _, ...offerless } = callTo();
    const call = agent.invite({ ...offerless, onOffer: async (offer) => sdp(`answer to ${offer.content}`) });
    await world.clock.drain();
    const invite = peer.request('INVITE');
    assert.equal(invite.body, '');
    await peer.reply(invite, 183, { headers: RELIABLE, body: sdp('their offer') });
    await world.clock.drain();
    assert.equal(peer.request('PRACK').body, 'answer to their offer');
    await peer.reply(peer.request('PRACK'), 200);
    await peer.reply(invite, 200);
    assert.deepEqual((await call.answered).remoteBody, sdp('their offer'));
    assert.equal(peer.request('ACK').body, '');
  });
});

describe('calling › an offer that comes with the 2xx', () => {
  test('is answered in the ACK, which is repeated as it is', async () => {
    const { world, agent, peer } = await calling();
    const { body: _, ...offerless } = callTo();
    const call = agent.invite({ ...offerless, onOffer: async () => sdp('our answer') });
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 200, { body: sdp('their offer') });
    const dialog = await call.answered;
    await peer.reply(invite, 200, { body: sdp('their offer') });
    const acks = peer.requests('ACK');
    assert.deepEqual(
      acks.map(({ body }) => body),
      ['our answer', 'our answer'],
    );
    assert.equal(acks[0]?.headers.get('Content-Type'), 'application/sdp');
    assert.deepEqual(dialog.remoteBody, sdp('their offer'));
  });

  test('and finds no answer is acknowledged and hung up', async () => {
    for (const onOffer of [undefined, () => undefined]) {
      const { world, agent, peer } = await calling();
      const { body: _, ...offerless } = callTo();
      const call = agent.invite({ ...offerless, ...(onOffer === undefined ? {} : { onOffer }) });
      await world.clock.drain();
      await peer.reply(peer.request('INVITE'), 200, { body: sdp('their offer') });
      await assert.rejects(call.answered, OfferUnanswered);
      await world.clock.drain();
      assert.deepEqual(sentBy(world.network, CALLER_HOST), ['INVITE', 'ACK', 'BYE']);
      assert.match(peer.request('BYE').headers.get('Reason') ?? '', /cause=488/);
      await peer.reply(peer.request('BYE'), 200);
      await assertNothingLeft(world, agent);
    }
  });
});

describe('calling › forked provisional responses', () => {
  test('each phone has its early dialog; the first 2xx wins and the others are forgotten', async () => {
    const { world, agent, peer } = await calling();
    const early: EarlyMedia[] = [];
    const tags: Array<string | undefined> = [];
    const call = agent.invite(
      callTo({
        onEarlyMedia: (media) => early.push(media),
        onProvisional: (_, dialog) => tags.push(dialog?.remoteTag),
      }),
    );
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 180, { toTag: 'one' });
    await peer.reply(invite, 183, { toTag: 'two', body: sdp('announcement') });
    await peer.reply(invite, 183, { toTag: 'three', body: sdp('music') });
    assert.deepEqual(tags, ['one', 'two', 'three']);
    assert.deepEqual(
      early.map(({ remoteTag, body }) => [remoteTag, body.content]),
      [
        ['two', 'announcement'],
        ['three', 'music'],
      ],
    );
    assert.equal(agent.activity.dialogs, 3);
    await peer.reply(invite, 200, { toTag: 'one', body: sdp('answer of one') });
    const dialog = await call.answered;
    assert.equal(dialog.remoteTag, 'one');
    assert.deepEqual(dialog.remoteBody, sdp('answer of one'));
    assert.equal(agent.activity.dialogs, 1);
    await peer.reply(invite, 200, { toTag: 'two' });
    assert.deepEqual(
      peer.requests('BYE').map(({ headers }) => headers.to.tag),
      ['two'],
    );
  });

  test('when all refuse, no early dialog stays', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    const invite = peer.request('INVITE');
    await peer.reply(invite, 180, { toTag: 'one' });
    await peer.reply(invite, 183, { toTag: 'two' });
    await peer.reply(invite, 486);
    await assert.rejects(call.answered, InviteRejected);
    await assertNothingLeft(world, agent);
  });
});

describe('calling › refusals with more to tell', () => {
  test('a redirect hands its contacts over, the most preferred first', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 302, {
      headers: [
        ['Contact', '<sip:b@x.example>;q=0.5, "A, first" <sip:a@x.example>;q=0.7, <broken, <tel:+1>;q=0.1'],
      ],
    });
    await assert.rejects(call.answered, (error) => {
      assert.ok(error instanceof InviteRejected);
      assert.deepEqual(
        error.contacts.map(({ uri }) => uri),
        ['sip:a@x.example', 'sip:b@x.example'],
      );
      return true;
    });
    const second = agent.invite(callTo({ callId: 'second' }));
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 302, {
      headers: [['Contact', '<sip:b@x.example>;q=0.5, "A, first" <sip:a@x.example>;q=0.7, <tel:+1>']],
    });
    await assert.rejects(second.answered, (error) => {
      assert.ok(error instanceof InviteRejected);
      assert.deepEqual(error.contacts, [
        { uri: 'tel:+1', q: 1 },
        { uri: 'sip:a@x.example', q: 0.7 },
        { uri: 'sip:b@x.example', q: 0.5 },
      ]);
      return true;
    });
  });

  test('503 says how long to stay away, and a Reason tells the Q.850 cause', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo());
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 503, {
      headers: [
        ['Retry-After', '120 (overload)'],
        ['Reason', 'Q.850;cause=42;text="Switching equipment congestion"'],
      ],
    });
    await assert.rejects(call.answered, (error) => {
      assert.ok(error instanceof InviteRejected);
      assert.equal(error.retryAfterSeconds, 120);
      assert.equal(error.causes[0]?.cause, 42);
      return true;
    });
  });

  test('422 is answered once more with a longer interval, in the same call', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo({ sessionTimer: { intervalSeconds: 120 } }));
    await world.clock.drain();
    const first = peer.request('INVITE');
    assert.equal(first.headers.get('Session-Expires'), '120');
    await peer.reply(first, 422, { headers: [['Min-SE', '600']] });
    await world.clock.drain();
    const second = peer.request('INVITE');
    assert.equal(second.headers.cseq.sequence, 2);
    assert.equal(second.headers.callId, first.headers.callId);
    assert.equal(second.headers.get('Session-Expires'), '600');
    assert.equal(second.headers.get('Min-SE'), '600');
    // The same Min-SE again is no reason to try again.
    await peer.reply(second, 422, { headers: [['Min-SE', '600']] });
    await assert.rejects(call.answered, (error) => error instanceof InviteRejected && error.status === 422);
    await assertNothingLeft(world, agent);
  });
});

const SUPPORTS_RELIABLE = [
  ['Content-Type', 'application/sdp'],
  ['Supported', '100rel'],
] as const;

async function called(headers: ReadonlyArray<readonly [string, string]>, body = 'offer') {
  const world = createWorld();
  const invites: IncomingInvite[] = [];
  const agent = await world.open({ host: CALLER_HOST, onInvite: (invite) => invites.push(invite) });
  const peer = await ScriptedPeer.open(world);
  await peer.send(foreignRequest('INVITE', { branch: 'z9hG4bKinv', body, headers }));
  const invite = invites[0];
  assert.ok(invite);
  const inDialog = (
    method: string,
    sequence: number,
    more: ReadonlyArray<readonly [string, string]> = [],
    content = '',
  ) => {
    const toTag = peer.responses().at(-1)?.headers.to.tag;
    return peer.send(
      foreignRequest(method, {
        branch: `z9hG4bK${method}${sequence}`,
        sequence,
        ...(toTag === undefined ? {} : { toTag }),
        headers: content === '' ? more : [['Content-Type', 'application/sdp'], ...more],
        body: content,
      }),
    );
  };
  const rseq = () => peer.responses().at(-1)?.headers.get('RSeq');
  return { world, agent, peer, invite, inDialog, rseq };
}

describe('called › reliable provisional responses', () => {
  test('are repeated, doubling, until the PRACK', async () => {
    const { world, peer, invite, inDialog, rseq } = await called(SUPPORTS_RELIABLE);
    invite.provisional(183, undefined, { reliability: 'reliable', body: sdp('early') });
    await world.clock.advance(3_600);
    assert.deepEqual(sentAt(world.network, CALLER_HOST, '183 INVITE'), [0, 500, 1_500, 3_500]);
    assert.match(peer.responses().at(-1)?.headers.get('Require') ?? '', /100rel/);
    await inDialog('PRACK', 2, [['RAck', `${rseq()} 1 INVITE`]]);
    await world.clock.advance(60_000);
    assert.equal(sentAt(world.network, CALLER_HOST, '183 INVITE').length, 4);
    assert.equal(sentBy(world.network, CALLER_HOST).at(-1), '200 PRACK');
  });

  test('go out one at a time, numbered in order', async () => {
    const { peer, world, invite, inDialog, rseq } = await called(SUPPORTS_RELIABLE);
    invite.provisional(180, undefined, { reliability: 'reliable' });
    invite.provisional(183, undefined, { reliability: 'reliable' });
    await world.clock.drain();
    const first = Number(rseq());
    assert.deepEqual(peer.statuses(), [100, 180]);
    await inDialog('PRACK', 2, [['RAck', `${first} 1 INVITE`]]);
    assert.deepEqual(peer.statuses().slice(2).sort(), [183, 200]);
    const second = peer.responses().find(({ status }) => status === 183);
    assert.equal(Number(second?.headers.get('RSeq')), first + 1);
  });

  test('without a PRACK for 32 s the call is refused 504', async () => {
    const { world, agent, peer, invite } = await called(SUPPORTS_RELIABLE);
    invite.provisional(180, undefined, { reliability: 'reliable' });
    await world.clock.advance(31_999);
    assert.equal(invite.cancelled.aborted, false);
    await world.clock.advance(1);
    assert.equal(invite.cancelled.aborted, true);
    assert.equal(peer.statuses().at(-1), 504);
    await assert.rejects(invite.answer(), InviteNotPending);
    await assertNothingLeft(world, agent);
  });

  test('a PRACK for nothing is answered 481', async () => {
    const { peer, invite, inDialog } = await called(SUPPORTS_RELIABLE);
    invite.provisional(180, undefined, { reliability: 'reliable' });
    for (const [sequence, rack] of ['1 1 INVITE', 'x', '', '1 1'].entries()) {
      await inDialog('PRACK', sequence + 2, [['RAck', rack]]);
    }
    assert.deepEqual(peer.statuses().slice(2), [481, 481, 481, 481]);
  });

  test('the 200 waits for the PRACK of a response with a session, and brings no other answer', async () => {
    const { world, peer, invite, inDialog, rseq } = await called(SUPPORTS_RELIABLE);
    invite.provisional(183, undefined, { reliability: 'reliable', body: sdp('answer') });
    await world.clock.drain();
    const answering = invite.answer({ body: sdp('another answer') });
    await assert.rejects(invite.answer(), InviteNotPending);
    await world.clock.advance(400);
    assert.deepEqual(peer.statuses(), [100, 183]);
    await inDialog('PRACK', 2, [['RAck', `${rseq()} 1 INVITE`]]);
    await answering;
    await world.clock.drain();
    assert.deepEqual(peer.statuses(), [100, 183, 200, 200]);
    assert.equal(peer.responses().at(-1)?.body, '');
  });

  test('a caller that insists gets every one reliably; one that cannot, none', async () => {
    const insisting = await called([
      ['Content-Type', 'application/sdp'],
      ['Require', '100rel'],
    ]);
    insisting.invite.provisional(180);
    await insisting.world.clock.drain();
    assert.ok(insisting.rseq() !== undefined);
    const unable = await called([['Content-Type', 'application/sdp']]);
    unable.invite.provisional(180, undefined, { reliability: 'reliable' });
    await unable.world.clock.drain();
    assert.equal(unable.rseq(), undefined);
  });

  test('an INVITE without offer gets ours, and the PRACK or the ACK brings the answer', async () => {
    const early = await called([['Supported', '100rel']], '');
    const answers: string[] = [];
    early.invite.provisional(183, undefined, {
      reliability: 'reliable',
      body: sdp('our offer'),
      onAnswer: ({ content }) => answers.push(content),
    });
    await early.world.clock.drain();
    await early.inDialog('PRACK', 2, [['RAck', `${early.rseq()} 1 INVITE`]], 'their answer');
    assert.deepEqual(answers, ['their answer']);

    const late = await called([], '');
    const dialog = await late.invite.answer({
      body: sdp('our offer'),
      onAnswer: ({ content }) => answers.push(content),
    });
    await late.world.clock.drain();
    await late.inDialog('ACK', 1, [], 'answer in ACK');
    assert.deepEqual(answers, ['their answer', 'answer in ACK']);
    assert.deepEqual(dialog.remoteBody, sdp('answer in ACK'));
  });
});

describe('UPDATE before the answer', () => {
  test('changes a session that was agreed by a reliable response, both ways', async () => {
    const { world, peer, invite, inDialog, rseq } = await called(SUPPORTS_RELIABLE);
    invite.provisional(183, undefined, {
      reliability: 'reliable',
      body: sdp('answer'),
      onRequest: (request) => ({ status: 200, body: sdp(`answer to ${request.body}`) }),
    });
    await world.clock.drain();
    await inDialog('PRACK', 2, [['RAck', `${rseq()} 1 INVITE`]]);
    await inDialog('UPDATE', 3, [], 'second offer');
    assert.equal(peer.responses().at(-1)?.body, 'answer to second offer');
    const updated = invite.early.update(sdp('our offer'));
    await world.clock.drain();
    await peer.reply(peer.request('UPDATE'), 200, { body: sdp('their answer') });
    assert.deepEqual(await updated, sdp('their answer'));
  });

  test('before any answer it is glare', async () => {
    const { world, peer, invite, inDialog } = await called(SUPPORTS_RELIABLE);
    invite.provisional(180);
    await world.clock.drain();
    await inDialog('UPDATE', 2, [], 'too early');
    assert.equal(peer.responses().at(-1)?.status, 500);
    assert.ok(peer.responses().at(-1)?.headers.has('Retry-After'));
  });

  test('one of ours that is refused leaves the session as it was', async () => {
    const { world, agent, peer } = await calling();
    let early: Pick<InviteDialog, 'update' | 'remoteBody'> | undefined;
    agent.invite(
      callTo({
        onProvisional: (_, dialog) => {
          early = dialog;
        },
      }),
    );
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 183, { headers: RELIABLE, body: sdp('answer') });
    await peer.reply(peer.request('PRACK'), 200);
    assert.ok(early);
    const refused = early.update(sdp('other'));
    await world.clock.drain();
    await peer.reply(peer.request('UPDATE'), 488);
    await assert.rejects(refused, (error) => error instanceof SessionChangeRefused && error.status === 488);
    assert.deepEqual(early.remoteBody, sdp('answer'));
  });
});
