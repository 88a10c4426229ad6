// The called side against a scripted peer: 100, provisional responses, 2xx until ACK, rejection, CANCEL, and requests that belong
// to no call.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IncomingInvite } from './dialog/incoming-invite.ts';
import { InviteNotPending, UnusableHeader } from './errors.ts';
import {
  assertIdleAtLast,
  CALLEE_HOST,
  CALLER_HOST,
  createWorld,
  foreignRequest,
  IDLE,
  ScriptedPeer,
  sdp,
  sentAt,
  type World,
} from './sip-fixture.ts';
import type { UserAgent, UserAgentOptions } from './user-agent.ts';

/** Our agent listens on CALLER_HOST here; the peer calls it from CALLEE_HOST. */
async function setUp(options: Partial<UserAgentOptions> = {}): Promise<{
  world: World;
  agent: UserAgent;
  peer: ScriptedPeer;
  invites: IncomingInvite[];
}> {
  const world = createWorld();
  const invites: IncomingInvite[] = [];
  const agent = await world.open({
    host: CALLER_HOST,
    onInvite: (invite) => invites.push(invite),
    ...options,
  });
  const peer = await ScriptedPeer.open(world);
  return { world, agent, peer, invites };
}

const INVITE = foreignRequest('INVITE', {
  branch: 'z9hG4bKinv',
  body: 'offer',
  headers: [['Content-Type', 'application/sdp']],
});

async function called(options: Partial<UserAgentOptions> = {}) {
  const setup = await setUp(options);
  await setup.peer.send(INVITE);
  const invite = setup.invites[0];
  assert.ok(invite);
  return { ...setup, invite };
}

describe('called › the same INVITE by two ways', () => {
  test('the second is answered 482, and only one call rings', async () => {
    const { world, agent, peer, invites } = await setUp();
    await peer.send(INVITE);
    await peer.send(INVITE.replace('z9hG4bKinv', 'z9hG4bKother'));
    assert.equal(invites.length, 1);
    assert.deepEqual(peer.statuses(), [100, 482]);
    invites[0]?.reject(486);
    assert.deepEqual(peer.statuses(), [100, 482]);
    await world.clock.drain();
    assert.deepEqual(peer.statuses(), [100, 482, 486]);
    await assertIdleAtLast(world, agent);
  });

  test('a new attempt with the next CSeq is a call of its own', async () => {
    const { peer, invites } = await setUp();
    await peer.send(INVITE);
    invites[0]?.reject(407);
    await peer.send(INVITE.replace('z9hG4bKinv', 'z9hG4bKother').replace('CSeq: 1', 'CSeq: 2'));
    assert.equal(invites.length, 2);
  });
});

describe('called › before the answer', () => {
  test('100 is sent at once when the application says nothing yet, and repeated for a repeated INVITE', async () => {
    const { peer, invites, invite } = await called();
    assert.deepEqual(peer.statuses(), [100]);
    assert.equal(peer.responses()[0]?.headers.to.tag, undefined);
    await peer.send(INVITE);
    assert.deepEqual(peer.statuses(), [100, 100]);
    assert.equal(invites.length, 1);
    assert.deepEqual(invite.source, { host: CALLEE_HOST, port: 5060, transport: 'udp' });
    assert.equal(invite.request.body, 'offer');
  });

  test('no 100 when the application answers at once', async () => {
    const { peer } = await setUp({ onInvite: (invite) => invite.provisional(180) });
    await peer.send(INVITE);
    assert.deepEqual(peer.statuses(), [180]);
  });

  test('provisional responses carry our tag, Contact, Record-Route, own headers and body', async () => {
    const { world, peer, invites } = await setUp({ userAgentName: 'Test/1' });
    await peer.send(
      foreignRequest('INVITE', { branch: 'z9hG4bK1', headers: [['Record-Route', '<sip:p;lr>']], body: '' }),
    );
    invites[0]?.provisional(183, undefined, { headers: [['X-Early', 'yes']], body: sdp('early') });
    invites[0]?.provisional(180, 'Klingelt');
    await world.clock.drain();
    const [progress, ringing] = peer.responses().slice(1);
    assert.equal(progress?.reason, 'Session Progress');
    assert.equal(progress?.body, 'early');
    assert.equal(progress?.headers.get('X-Early'), 'yes');
    assert.equal(progress?.headers.get('Content-Type'), 'application/sdp');
    assert.equal(progress?.headers.get('Record-Route'), '<sip:p;lr>');
    assert.equal(progress?.headers.get('Server'), 'Test/1');
    assert.equal(progress?.headers.contact?.uri, `sip:agent@${CALLER_HOST}:5060`);
    assert.equal(ringing?.reason, 'Klingelt');
    assert.ok(progress?.headers.to.tag);
    assert.equal(ringing?.headers.to.tag, progress?.headers.to.tag);
  });

  test('statuses out of range and headers that break messages are refused', async () => {
    const { invite } = await called();
    assert.throws(() => invite.provisional(100), RangeError);
    assert.throws(() => invite.provisional(200), RangeError);
    assert.throws(() => invite.reject(200), RangeError);
    assert.throws(() => invite.reject(404.5), RangeError);
    assert.throws(() => invite.provisional(180, 'a\r\nb'), UnusableHeader);
    assert.throws(() => invite.reject(404, 'x', { headers: [['X', 'a\nb']] }), UnusableHeader);
    await assert.rejects(invite.answer({ headers: [['To', 'x']] }), UnusableHeader);
    await invite.answer();
  });

  test('a callback that throws is a fault, and the caller gets 500', async () => {
    const { world, peer } = await setUp({
      onInvite: () => {
        throw new Error('bug in the application');
      },
    });
    await peer.send(INVITE);
    assert.deepEqual(peer.statuses(), [500]);
    assert.equal(world.faults[0]?.kind, 'callbackFailed');
  });
});

describe('called › the answer', () => {
  test('200 is repeated at T1 doubling to T2 until the ACK', async () => {
    const { world, agent, peer, invite } = await called();
    const dialog = await invite.answer({ body: sdp('answer'), headers: [['X-Answer', '1']] });
    assert.deepEqual(dialog.remoteBody, sdp('offer'));
    await world.clock.advance(12_000);
    assert.deepEqual(sentAt(world.network, CALLER_HOST, '200 INVITE'), [0, 500, 1_500, 3_500, 7_500, 11_500]);
    await peer.send(
      foreignRequest('ACK', { branch: 'z9hG4bKack', callId: 'foreign', toTag: dialog.localTag }),
    );
    await world.clock.advance(60_000);
    const answers = peer.responses().filter(({ status }) => status === 200);
    assert.equal(answers.length, 6);
    assert.equal(answers[0]?.body, 'answer');
    assert.equal(answers[0]?.headers.get('X-Answer'), '1');
    assert.equal(answers[0]?.headers.to.tag, dialog.localTag);
    assert.deepEqual(agent.activity, { ...IDLE, dialogs: 1 });
    const hungUp = dialog.bye();
    await world.clock.drain();
    const bye = peer.request('BYE');
    assert.equal(bye.requestUri, `sip:peer@${CALLEE_HOST}:5060`);
    assert.equal(bye.headers.from.tag, dialog.localTag);
    assert.equal(bye.headers.to.tag, 'peer');
    await peer.reply(bye, 200);
    await hungUp;
    await assertIdleAtLast(world, agent);
  });

  test('without ACK for 32 s the dialog ends with a fault and a BYE', async () => {
    const { world, agent, peer, invite } = await called();
    const dialog = await invite.answer({});
    let end: unknown;
    void dialog.ended.then((value) => {
      end = value;
    });
    await world.clock.advance(31_999);
    assert.equal(end, undefined);
    await world.clock.advance(1);
    assert.deepEqual(end, { by: 'fault', fault: 'noAck', reason: 'no ACK within 32 s' });
    assert.deepEqual(
      sentAt(world.network, CALLER_HOST, '200 INVITE'),
      [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500],
    );
    assert.equal(peer.requests('BYE').length, 1);
    await peer.reply(peer.request('BYE'), 200);
    await assertIdleAtLast(world, agent);
  });

  test('a BYE of ours waits for the ACK', async () => {
    const { world, agent, peer, invite } = await called();
    const dialog = await invite.answer({});
    const hungUp = dialog.bye();
    assert.equal((await dialog.ended).by, 'local');
    await world.clock.advance(2_000);
    assert.equal(peer.requests('BYE').length, 0);
    await peer.send(foreignRequest('ACK', { branch: 'z9hG4bKack', toTag: dialog.localTag }));
    await world.clock.drain();
    assert.equal(peer.requests('BYE').length, 1);
    await peer.reply(peer.request('BYE'), 200);
    await hungUp;
    await assertIdleAtLast(world, agent);
  });

  test('the caller’s BYE instead of an ACK stops the 200 and ends the dialog', async () => {
    const { world, agent, peer, invite } = await called();
    const dialog = await invite.answer({});
    await peer.send(foreignRequest('BYE', { branch: 'z9hG4bKbye', toTag: dialog.localTag, sequence: 2 }));
    assert.equal((await dialog.ended).by, 'remote');
    await world.clock.advance(10_000);
    assert.deepEqual(sentAt(world.network, CALLER_HOST, '200 INVITE'), [0]);
    await assertIdleAtLast(world, agent);
  });

  test('an offerless INVITE brings its body with the ACK', async () => {
    const { peer, invites } = await setUp();
    await peer.send(foreignRequest('INVITE', { branch: 'z9hG4bKinv' }));
    const dialog = await invites[0]?.answer({ body: sdp('offer') });
    assert.ok(dialog);
    assert.equal(dialog.remoteBody, undefined);
    await peer.send(
      foreignRequest('ACK', {
        branch: 'z9hG4bKack',
        toTag: dialog.localTag,
        headers: [['Content-Type', 'application/sdp']],
        body: 'answer',
      }),
    );
    assert.deepEqual(dialog.remoteBody, sdp('answer'));
  });

  test('an ACK of an old element, with the branch of its INVITE, counts as well', async () => {
    const { world, peer, invites } = await setUp();
    await peer.send(foreignRequest('INVITE', { branch: '1' }));
    const dialog = await invites[0]?.answer({});
    assert.ok(dialog);
    await peer.send(foreignRequest('ACK', { branch: '1', toTag: dialog.localTag }));
    await world.clock.advance(5_000);
    assert.deepEqual(sentAt(world.network, CALLER_HOST, '200 INVITE'), [0]);
  });

  test('a second final answer is refused', async () => {
    const { invite } = await called();
    await invite.answer({});
    await assert.rejects(invite.answer({}), InviteNotPending);
    assert.throws(() => invite.reject(486), InviteNotPending);
    invite.provisional(180);
  });
});

describe('called › rejection', () => {
  test('is repeated at T1 doubling to T2 until its ACK', async () => {
    const { world, agent, peer, invite } = await called();
    invite.reject(302, undefined, { headers: [['Contact', '<sip:other@example.com>']] });
    await world.clock.advance(4_000);
    assert.deepEqual(sentAt(world.network, CALLER_HOST, '302 INVITE'), [0, 500, 1_500, 3_500]);
    assert.equal(peer.responses().at(-1)?.headers.get('Contact'), '<sip:other@example.com>');
    await peer.send(
      foreignRequest('ACK', { branch: 'z9hG4bKinv', toTag: peer.responses().at(-1)?.headers.to.tag ?? '' }),
    );
    await world.clock.advance(60_000);
    assert.equal(sentAt(world.network, CALLER_HOST, '302 INVITE').length, 4);
    await assertIdleAtLast(world, agent);
  });

  test('without ACK stops after 32 s', async () => {
    const { world, agent, invite } = await called();
    invite.reject(486);
    await world.clock.advance(100_000);
    assert.equal(sentAt(world.network, CALLER_HOST, '486 INVITE').length, 11);
    await assertIdleAtLast(world, agent);
  });
});

describe('called › CANCEL', () => {
  const CANCEL = foreignRequest('CANCEL', { branch: 'z9hG4bKinv' });

  test('is answered 200, the INVITE 487, and the application is told', async () => {
    const { world, agent, peer, invite } = await called();
    invite.provisional(180);
    await world.clock.drain();
    assert.equal(invite.cancelled.aborted, false);
    await peer.send(CANCEL);
    assert.equal(invite.cancelled.aborted, true);
    assert.deepEqual(peer.statuses(), [100, 180, 200, 487]);
    const [, ringing, cancelled, terminated] = peer.responses();
    assert.equal(cancelled?.headers.cseq.method, 'CANCEL');
    assert.equal(cancelled?.headers.to.tag, ringing?.headers.to.tag);
    assert.equal(terminated?.headers.to.tag, ringing?.headers.to.tag);
    invite.provisional(180);
    invite.reject(486);
    await assert.rejects(
      invite.answer({}),
      (error) => error instanceof InviteNotPending && error.because === 'cancelled',
    );
    await peer.send(foreignRequest('ACK', { branch: 'z9hG4bKinv', toTag: terminated?.headers.to.tag ?? '' }));
    await assertIdleAtLast(world, agent);
  });

  test('that came before anybody looked at `cancelled` shows there all the same', async () => {
    const { peer, invite } = await called();
    await peer.send(CANCEL);
    assert.equal(invite.cancelled.aborted, true);
  });

  test('after the answer is answered 200 and changes nothing', async () => {
    const { peer, agent, invite } = await called();
    const dialog = await invite.answer({});
    await peer.send(foreignRequest('ACK', { branch: 'z9hG4bKack', toTag: dialog.localTag }));
    await peer.send(CANCEL);
    assert.deepEqual(peer.statuses(), [100, 200, 200]);
    assert.equal(invite.cancelled.aborted, false);
    assert.equal(agent.activity.dialogs, 1);
  });

  test('for nothing we know is answered 481', async () => {
    const { peer } = await setUp();
    await peer.send(CANCEL);
    assert.deepEqual(peer.statuses(), [481]);
  });

  test('BYE on the early dialog does the same', async () => {
    const { world, peer, invite } = await called();
    invite.provisional(180);
    await world.clock.drain();
    const tag = peer.responses().at(-1)?.headers.to.tag ?? '';
    await peer.send(foreignRequest('BYE', { branch: 'z9hG4bKbye', toTag: tag, sequence: 2 }));
    assert.deepEqual(peer.statuses(), [100, 180, 200, 487]);
    assert.equal(invite.cancelled.aborted, true);
  });
});

describe('called › a caller that cannot be reached', () => {
  test('aborts the pending call, reports it, and leaves nothing', async () => {
    const { world, agent, peer, invite } = await called();
    world.network.interceptor = (datagram) => (datagram.from.host === CALLER_HOST ? 'fail' : undefined);
    invite.provisional(180);
    await world.clock.drain();
    assert.equal(invite.cancelled.aborted, true);
    assert.deepEqual(
      world.faults.map(({ kind }) => kind),
      ['sendFailed'],
    );
    await assert.rejects(
      invite.answer({}),
      (error) => error instanceof InviteNotPending && error.because === 'transportError',
    );
    assert.deepEqual(peer.statuses(), [100]);
    await assertIdleAtLast(world, agent);
  });

  test('does not end an answered call: the 200 is repeated until it gets through', async () => {
    const { world, peer, invite } = await called();
    world.network.interceptor = (datagram) => (datagram.from.host === CALLER_HOST ? 'fail' : undefined);
    const dialog = await invite.answer({});
    await world.clock.advance(1_000);
    world.network.interceptor = undefined;
    await world.clock.advance(500);
    assert.deepEqual(peer.statuses(), [100, 200]);
    await peer.send(foreignRequest('ACK', { branch: 'z9hG4bKack', toTag: dialog.localTag }));
    await peer.send(foreignRequest('BYE', { branch: 'z9hG4bKbye', toTag: dialog.localTag, sequence: 2 }));
    assert.equal((await dialog.ended).by, 'remote');
    assert.deepEqual(
      world.faults.map(({ kind }) => kind),
      ['sendFailed', 'sendFailed'],
    );
  });
});

describe('called › requests outside a call', () => {
  const cases: ReadonlyArray<readonly [name: string, request: string, status: number]> = [
    ['OPTIONS', foreignRequest('OPTIONS', { branch: 'z9hG4bK1' }), 200],
    ['an unknown method', foreignRequest('FROBNICATE', { branch: 'z9hG4bK1' }), 501],
    ['REGISTER', foreignRequest('REGISTER', { branch: 'z9hG4bK1' }), 405],
    ['BYE without a tag', foreignRequest('BYE', { branch: 'z9hG4bK1' }), 481],
    ['BYE for an unknown dialog', foreignRequest('BYE', { branch: 'z9hG4bK1', toTag: 'x' }), 481],
    ['re-INVITE for an unknown dialog', foreignRequest('INVITE', { branch: 'z9hG4bK1', toTag: 'x' }), 481],
    [
      'an extension it cannot do',
      foreignRequest('INVITE', { branch: 'z9hG4bK1', headers: [['Require', '100rel, foo']] }),
      420,
    ],
    [
      'a URI scheme it cannot do',
      foreignRequest('INVITE', { branch: 'z9hG4bK1', requestUri: 'nobodyknows:x' }),
      416,
    ],
    [
      'CSeq with another method',
      foreignRequest('OPTIONS', { branch: 'z9hG4bK1', cseqMethod: 'INVITE' }),
      400,
    ],
    [
      'a malformed From',
      foreignRequest('OPTIONS', { branch: 'z9hG4bK1' }).replace('From: <', 'From: "x <'),
      400,
    ],
    ['no To', foreignRequest('OPTIONS', { branch: 'z9hG4bK1' }).replace(/To: .*\r\n/, ''), 400],
    [
      'a malformed Contact',
      foreignRequest('INVITE', { branch: 'z9hG4bK1' }).replace('Contact: <', 'Contact: "x <'),
      400,
    ],
    [
      'a body shorter than announced',
      foreignRequest('INVITE', { branch: 'z9hG4bK1' }).replace('Length: 0', 'Length: 9'),
      400,
    ],
    [
      'another SIP version',
      foreignRequest('INVITE', { branch: 'z9hG4bK1' }).replace(' SIP/2.0\r\nVia', ' SIP/9.1\r\nVia'),
      505,
    ],
  ];
  for (const [name, request, status] of cases) {
    test(`${name} › ${status}`, async () => {
      const { world, agent, peer, invites } = await setUp();
      await peer.send(request);
      assert.deepEqual(peer.statuses(), [status]);
      assert.equal(invites.length, 0);
      const { headers } = peer.responses()[0] ?? assert.fail();
      if (status === 405 || status === 200)
        assert.match(headers.get('Allow') ?? '', /^INVITE, ACK, CANCEL, BYE/);
      if (status === 420) assert.equal(headers.get('Unsupported'), 'foo');
      await assertIdleAtLast(world, agent);
    });
  }

  test('without onInvite, INVITE is not allowed', async () => {
    const world = createWorld();
    await world.open({ host: CALLER_HOST });
    const peer = await ScriptedPeer.open(world);
    await peer.send(INVITE);
    assert.deepEqual(peer.statuses(), [405]);
  });

  test('ACKs and broken ACKs are never answered', async () => {
    const { world, agent, peer } = await setUp();
    await peer.send(foreignRequest('ACK', { branch: 'z9hG4bK1', toTag: 'x' }));
    await peer.send(foreignRequest('ACK', { branch: 'z9hG4bK2' }).replace('From: <', 'From: "x <'));
    assert.deepEqual(peer.statuses(), []);
    await assertIdleAtLast(world, agent);
  });

  test('responses go where the request came from: received, and rport when asked for', async () => {
    const { peer } = await setUp();
    const request = foreignRequest('OPTIONS', { branch: 'z9hG4bK1' }).replace(
      `UDP ${CALLEE_HOST}:5060;`,
      'UDP 192.168.0.9:7777;rport;',
    );
    await peer.send(request);
    assert.deepEqual(peer.statuses(), [200]);
    assert.match(peer.responses()[0]?.headers.topViaValue ?? '', /;received=10\.0\.0\.2;rport=5060/);
  });
});
