// Two of our user agents together: on a bad network under virtual time, over real UDP, with garbage, and closing.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { DialogEnd, InviteDialog } from './dialog/invite-dialog.ts';
import { InviteRejected, InviteTransportError, SipPortUnavailable } from './errors.ts';
import { createDigestChallenge, verifyDigest } from './message/digest-auth.ts';
import {
  CALLEE_HOST,
  CALLER_HOST,
  callTo,
  createWorld,
  foreignRequest,
  IDLE,
  ScriptedPeer,
  sdp,
  summary,
} from './sip-fixture.ts';
import type { SipTraceEntry } from './transport/wire-trace.ts';
import { openUserAgent, type UserAgentOptions } from './user-agent.ts';

describe('two user agents › on a bad network', () => {
  for (const [name, conditions] of [
    ['perfect', {}],
    ['losing 30 %', { lossRate: 0.3, delayMs: 20 }],
    ['duplicating everything', { duplicateRate: 1, delayMs: 20, jitterMs: 40 }],
    ['reordering', { delayMs: 10, jitterMs: 100, reorderRate: 0.3, reorderDelayMs: 700 }],
    ['losing, duplicating and reordering', { lossRate: 0.2, duplicateRate: 0.3, delayMs: 30, jitterMs: 200 }],
  ] as const) {
    test(`${name}: every call is answered, rung once, hung up, and forgotten`, async () => {
      const world = createWorld(conditions, 11);
      const rung = new Map<string, number>();
      const ends: Array<Promise<DialogEnd>> = [];
      const callee = await world.open({
        host: CALLEE_HOST,
        onInvite: (invite) => {
          const { callId } = invite.request.headers;
          rung.set(callId, (rung.get(callId) ?? 0) + 1);
          invite.provisional(180);
          world.clock.setTimeout(() => {
            void invite
              .answer({ body: sdp(`answer to ${callId}`) })
              .then((dialog) => ends.push(dialog.ended));
          }, 2_000);
        },
      });
      const caller = await world.open({ host: CALLER_HOST });
      const calls = Array.from({ length: 40 }, (_, index) =>
        caller.invite(callTo({ callId: `call-${index}` })),
      );
      const outcomes = await world.clock.settle(
        Promise.all(
          calls.map(async (call) => {
            const dialog: InviteDialog = await call.answered;
            assert.equal(dialog.remoteBody?.content, `answer to ${call.callId}`);
            await dialog.bye();
            return dialog.ended;
          }),
        ),
      );
      assert.equal(outcomes.length, 40);
      await world.clock.advance(400_000);
      assert.deepEqual(
        [...rung.values()],
        Array.from({ length: 40 }, () => 1),
      );
      assert.deepEqual(
        (await Promise.all(ends)).map(({ by }) => by),
        Array.from({ length: 40 }, () => 'remote'),
      );
      assert.deepEqual(caller.activity, IDLE);
      assert.deepEqual(callee.activity, IDLE);
      assert.equal(world.clock.pendingTimers, 0);
      assert.deepEqual(world.faults, []);
    });
  }

  test('a lost ACK: the repeated 200 is acknowledged again, and both sides have the call', async () => {
    const world = createWorld({ delayMs: 5 });
    let callee: InviteDialog | undefined;
    await world.open({
      host: CALLEE_HOST,
      onInvite: async (invite) => {
        callee = await invite.answer({ body: sdp('answer') });
      },
    });
    const caller = await world.open({ host: CALLER_HOST });
    let dropped = 0;
    world.network.interceptor = (datagram) => {
      if (!datagram.text().startsWith('ACK') || dropped === 2) return undefined;
      dropped++;
      return 'drop';
    };
    const call = caller.invite(callTo());
    await world.clock.advance(60_000);
    const dialog = await call.answered;
    const wire = world.network.log.map((entry) => summary(entry.text()));
    assert.equal(wire.filter((line) => line === '200 INVITE').length, 3);
    assert.equal(wire.filter((line) => line === 'ACK').length, 3);
    const hungUp = callee?.bye();
    await world.clock.advance(100);
    await hungUp;
    assert.equal((await dialog.ended).by, 'remote');
  });

  test('CANCEL races the answer under every timing: the call is either cancelled or hung up, never left', async () => {
    for (let cancelAtMs = 0; cancelAtMs <= 130; cancelAtMs += 5) {
      const world = createWorld({ delayMs: 20 });
      const callee = await world.open({
        host: CALLEE_HOST,
        onInvite: (invite) => {
          world.clock.setTimeout(() => invite.provisional(180), 10);
          world.clock.setTimeout(() => void invite.answer({}).catch(() => {}), 60);
        },
      });
      const caller = await world.open({ host: CALLER_HOST });
      const call = caller.invite(callTo());
      world.clock.setTimeout(() => call.cancel(), cancelAtMs);
      const result = await world.clock.settle(
        call.answered.then(
          () => 'answered',
          (error: Error) => error.name,
        ),
      );
      assert.equal(result, cancelAtMs <= 100 ? 'InviteCancelled' : 'answered', `cancel at ${cancelAtMs} ms`);
      await world.clock.advance(400_000);
      const open = result === 'answered' ? 1 : 0;
      assert.equal(caller.activity.dialogs, open, `cancel at ${cancelAtMs} ms`);
      assert.equal(callee.activity.dialogs, open, `cancel at ${cancelAtMs} ms`);
    }
  });

  test('digest: a challenging callee accepts the second INVITE', async () => {
    const world = createWorld();
    const users: string[] = [];
    await world.open({
      host: CALLEE_HOST,
      onInvite: (invite) => {
        const verdict = verifyDigest({
          authorization: invite.request.headers.get('Proxy-Authorization'),
          realm: 'carrier',
          method: 'INVITE',
          requestUri: invite.request.requestUri,
          isNonceValid: (nonce) => nonce === 'n-1',
          passwordOf: (username) => (username === 'trunk' ? 'secret' : undefined),
        });
        if (verdict.kind === 'refused') {
          const headers = (['SHA-512-256', 'SHA-256', 'MD5'] as const).map(
            (algorithm) =>
              [
                'Proxy-Authenticate',
                createDigestChallenge({ realm: 'carrier', nonce: 'n-1', algorithm }),
              ] as const,
          );
          invite.reject(407, undefined, { headers });
          return;
        }
        users.push(verdict.username);
        void invite.answer({});
      },
    });
    const caller = await world.open({ host: CALLER_HOST });
    const right = caller.invite(callTo({ credentials: { username: 'trunk', password: 'secret' } }));
    await world.clock.settle(right.answered);
    const wrong = caller.invite(
      callTo({ callId: 'other', credentials: { username: 'trunk', password: 'guess' } }),
    );
    await assert.rejects(
      world.clock.settle(wrong.answered),
      (error) => error instanceof InviteRejected && error.status === 407,
    );
    assert.deepEqual(users, ['trunk']);
  });
});

describe('user agent › garbage', () => {
  test('never crashes it; it is counted and reported at once, then every ten seconds at most', async () => {
    const world = createWorld();
    const agent = await world.open({ host: CALLER_HOST });
    const peer = await ScriptedPeer.open(world);
    for (let index = 0; index < 100; index++) await peer.send(`garbage ${index}\r\n\r\n`);
    await peer.send(new Uint8Array(2_000).fill(0xff));
    assert.equal(world.faults.length, 1);
    await world.clock.advance(10_000);
    await peer.send('more');
    assert.deepEqual(
      world.faults.map((fault) => (fault.kind === 'malformedDatagram' ? fault.count : fault)),
      [1, 101],
    );
    await peer.send(foreignRequest('OPTIONS', { branch: 'z9hG4bK1' }));
    assert.deepEqual(peer.statuses(), [200]);
    assert.equal(agent.activity.serverTransactions, 1);
  });

  test('keep-alives are neither answered nor reported', async () => {
    const world = createWorld();
    await world.open({ host: CALLER_HOST });
    const peer = await ScriptedPeer.open(world);
    for (const keepAlive of ['', '\r\n', '\r\n\r\n']) await peer.send(keepAlive);
    assert.deepEqual(world.faults, []);
    assert.equal(peer.received.length, 0);
  });

  test('peers that are not accepted get silence', async () => {
    const world = createWorld();
    const traced: SipTraceEntry[] = [];
    await world.open({
      host: CALLER_HOST,
      acceptsFrom: ({ host }) => host !== CALLEE_HOST,
      onTrace: (entry) => traced.push(entry),
    });
    const peer = await ScriptedPeer.open(world);
    await peer.send(foreignRequest('OPTIONS', { branch: 'z9hG4bK1' }));
    await peer.send('garbage');
    assert.equal(peer.received.length, 0);
    assert.deepEqual(world.faults, []);
    assert.deepEqual(traced, []);
  });
});

describe('user agent › trace', () => {
  test('shows every message with time, direction and both ends, retransmissions included', async () => {
    const world = createWorld({ delayMs: 5 });
    const entries: SipTraceEntry[] = [];
    await world.open({ host: CALLEE_HOST, onInvite: (invite) => void invite.answer({}) });
    const caller = await world.open({ host: CALLER_HOST, onTrace: (entry) => entries.push(entry) });
    let isFirst = true;
    world.network.interceptor = () => {
      const verdict = isFirst ? 'drop' : undefined;
      isFirst = false;
      return verdict;
    };
    const call = caller.invite(callTo());
    await world.clock.settle(call.answered);
    assert.deepEqual(
      entries.map((entry) => [entry.atMs, entry.direction, summary(entry.text())]),
      [
        [0, 'sent', 'INVITE'],
        [500, 'sent', 'INVITE'],
        [510, 'received', '200 INVITE'],
        [510, 'sent', 'ACK'],
      ],
    );
    const [first] = entries;
    assert.deepEqual(first?.local, { host: CALLER_HOST, port: 5060, transport: 'udp' });
    assert.deepEqual(first?.remote, { host: CALLEE_HOST, port: 5060, transport: 'udp' });
    assert.ok(first?.message.kind === 'request' && first.message.method === 'INVITE');
  });

  test('a trace that throws does not disturb the call', async () => {
    const world = createWorld();
    await world.open({ host: CALLEE_HOST, onInvite: (invite) => void invite.answer({}) });
    const caller = await world.open({
      host: CALLER_HOST,
      onTrace: () => {
        throw new Error('disk full');
      },
    });
    await world.clock.settle(caller.invite(callTo()).answered);
    assert.ok(world.faults.every((fault) => fault.kind === 'callbackFailed'));
    assert.ok(world.faults.length > 0);
  });
});

describe('user agent › close', () => {
  test('ends calls with BYE, CANCEL and 503, tells everyone who waits, and leaves nothing', async () => {
    const world = createWorld({ delayMs: 5 });
    const agent = await world.open({ host: CALLER_HOST, onInvite: () => {} });
    const peer = await ScriptedPeer.open(world);
    const connected = agent.invite(callTo({ callId: 'connected' }));
    const ringing = agent.invite(callTo({ callId: 'ringing' }));
    const silent = agent.invite(callTo({ callId: 'silent' }));
    await world.clock.advance(5);
    const byCallId = (callId: string) =>
      peer.requests('INVITE').find(({ headers }) => headers.callId === callId) ?? assert.fail(callId);
    await peer.reply(byCallId('connected'), 200);
    await peer.reply(byCallId('ringing'), 180);
    await peer.send(foreignRequest('INVITE', { branch: 'z9hG4bKin', callId: 'incoming' }));
    await world.clock.advance(5);
    const dialog = await connected.answered;
    const info = dialog.sendInfo(sdp('x'));
    const closing = agent.close();
    assert.equal(agent.close(), closing);
    await Promise.all([
      assert.rejects(ringing.answered, InviteTransportError),
      assert.rejects(silent.answered, InviteTransportError),
      assert.rejects(info, /closed/),
    ]);
    await closing;
    assert.equal((await dialog.ended).by, 'local');
    await dialog.bye();
    await world.clock.advance(5);
    assert.deepEqual(
      peer.requests('BYE').map(({ headers }) => headers.callId),
      ['connected'],
    );
    assert.deepEqual(
      peer.requests('CANCEL').map(({ headers }) => headers.callId),
      ['ringing'],
    );
    assert.ok(peer.statuses().includes(503));
    assert.deepEqual(agent.activity, IDLE);
    assert.equal(world.clock.pendingTimers, 0);
  });
});

describe('user agent › real UDP on loopback', () => {
  const loopback: UserAgentOptions = { host: '127.0.0.1', port: 0 };

  test('a whole call, with a body of more than ASCII', async () => {
    const callee = await openUserAgent({
      ...loopback,
      onInvite: (invite) => {
        invite.provisional(180);
        void invite.answer({ body: sdp(`echo ${invite.request.body}`) });
      },
    });
    const caller = await openUserAgent({ ...loopback, userAgentName: 'Ringback/Test' });
    const provisional: number[] = [];
    const call = caller.invite(
      callTo({
        target: callee.endpoint,
        body: sdp('grüße'),
        onProvisional: ({ status }) => provisional.push(status),
      }),
    );
    const dialog = await call.answered;
    assert.equal(dialog.remoteBody?.content, 'echo grüße');
    await dialog.bye();
    assert.deepEqual(provisional, [180]);
    assert.equal((await dialog.ended).by, 'local');
    await caller.close();
    await callee.close();
  });

  test('a taken port is refused with what to do about it', async () => {
    const taken = createSocket('udp4');
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address();
    await assert.rejects(openUserAgent({ host: '127.0.0.1', port }), (error) => {
      assert.ok(error instanceof SipPortUnavailable);
      assert.equal(error.port, port);
      assert.equal(error.code, 'EADDRINUSE');
      assert.match(error.message, /another program uses the port/);
      return true;
    });
    taken.close();
  });

  test('a name that does not resolve rejects the call', async () => {
    const caller = await openUserAgent(loopback);
    const call = caller.invite(callTo({ target: { host: 'name.invalid', port: 5060, transport: 'udp' } }));
    await assert.rejects(call.answered, InviteTransportError);
    await caller.close();
  });

  test('close sends what is queued, and frees the port', async () => {
    const received: string[] = [];
    const peer = createSocket('udp4', (data) => received.push(data.toString()));
    peer.bind(0, '127.0.0.1');
    await once(peer, 'listening');
    const caller = await openUserAgent(loopback);
    const { port } = caller.endpoint;
    const call = caller.invite(
      callTo({ target: { host: '127.0.0.1', port: peer.address().port, transport: 'udp' } }),
    );
    const arrival = once(peer, 'message');
    await caller.close();
    await assert.rejects(call.answered, InviteTransportError);
    await arrival;
    assert.match(received[0] ?? '', /^INVITE /);
    const again = await openUserAgent({ host: '127.0.0.1', port });
    await again.close();
    peer.close();
  });
});
