// Who calls and who may: identity header fields, privacy, signing, digest between calls, and OPTIONS as a question.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InviteRejected, UnusableHeader } from './errors.ts';
import { CALLEE_HOST, CALLER_HOST, calling, callTo, createWorld } from './sip-fixture.ts';

describe('identity of the caller', () => {
  test('asserted and preferred identities with names, and Privacy', async () => {
    const { world, agent, peer } = await calling();
    agent.invite(
      callTo({
        identity: {
          asserted: [
            { uri: 'sip:+12065550199@carrier.example', displayName: 'Acme "Co"' },
            { uri: 'tel:+12065550199' },
          ],
          preferred: [{ uri: 'sip:+12065550199@carrier.example' }],
          privacy: ['id', 'critical'],
        },
      }),
    );
    await world.clock.drain();
    const { headers } = peer.request('INVITE');
    assert.equal(
      headers.get('P-Asserted-Identity'),
      '"Acme \\"Co\\"" <sip:+12065550199@carrier.example>, <tel:+12065550199>',
    );
    assert.equal(headers.get('P-Preferred-Identity'), '<sip:+12065550199@carrier.example>');
    assert.equal(headers.get('Privacy'), 'id;critical');
    assert.equal(headers.from.uri, 'sip:+12065550199@carrier.example');
  });

  test('user privacy leaves no trace of the caller but the asserted identity', async () => {
    const { world, agent, peer } = await calling();
    agent.invite(
      callTo({
        identity: { asserted: [{ uri: 'sip:+12065550199@carrier.example' }], privacy: ['user', 'id'] },
      }),
    );
    await world.clock.drain();
    const { headers } = peer.request('INVITE');
    assert.equal(headers.from.uri, 'sip:anonymous@anonymous.invalid');
    assert.equal(headers.from.displayName, 'Anonymous');
    assert.equal(headers.get('Contact'), `<sip:${CALLER_HOST}:5060>`);
    assert.ok(headers.has('P-Asserted-Identity'));
  });

  test('more identities than RFC 3325 allows, and names that break out, are refused', async () => {
    const { agent } = await calling();
    for (const asserted of [
      [{ uri: 'sip:a@x' }, { uri: 'sips:b@x' }],
      [{ uri: 'tel:+1' }, { uri: 'tel:+2' }],
      [{ uri: 'sip:a@x', displayName: 'a\r\nb' }],
    ]) {
      assert.throws(() => agent.invite(callTo({ identity: { asserted } })), UnusableHeader);
    }
  });

  test('a signature is waited for and sent', async () => {
    const { world, agent, peer } = await calling();
    const signing = Promise.withResolvers<string>();
    agent.invite(callTo({ sign: () => signing.promise }));
    await world.clock.drain();
    assert.equal(peer.requests('INVITE').length, 0);
    signing.resolve('header.payload.signature;info=<https://x>;ppt=shaken');
    await world.clock.drain();
    assert.equal(
      peer.request('INVITE').headers.get('Identity'),
      'header.payload.signature;info=<https://x>;ppt=shaken',
    );
  });

  test('without one the call goes out, and the fault is told; a call given up meanwhile does not', async () => {
    const { world, agent, peer } = await calling();
    agent.invite(callTo({ sign: () => Promise.reject(new Error('no key')) }));
    await world.clock.drain();
    assert.equal(peer.request('INVITE').headers.has('Identity'), false);
    assert.equal(world.faults[0]?.kind, 'unsigned');
    const signing = Promise.withResolvers<string>();
    const second = agent.invite(callTo({ callId: 'second', sign: () => signing.promise }));
    second.cancel();
    signing.resolve('x');
    await world.clock.drain();
    assert.equal(peer.requests('INVITE').length, 1);
    assert.equal(agent.activity.pendingCalls, 1);
  });
});

describe('digest between calls', () => {
  const credentials = { username: 'trunk', password: 'secret' };
  const challenge = (nonce: string, more = '') =>
    [
      [
        'Proxy-Authenticate',
        `Digest realm="carrier", nonce="${nonce}", algorithm=SHA-256, qop="auth"${more}`,
      ],
    ] as const;

  test('a nonce that served one call serves the next at once, counted up', async () => {
    const { world, agent, peer } = await calling();
    for (const [round, callId] of ['one', 'two', 'three'].entries()) {
      const call = agent.invite(callTo({ credentials, callId }));
      await world.clock.drain();
      if (round === 0) {
        assert.equal(peer.request('INVITE').headers.has('Proxy-Authorization'), false);
        await peer.reply(peer.request('INVITE'), 407, { headers: challenge('n1') });
        await world.clock.drain();
      }
      const answer = peer.request('INVITE').headers.get('Proxy-Authorization') ?? '';
      assert.match(answer, new RegExp(`nc=0000000${round + 1}$`));
      await peer.reply(peer.request('INVITE'), 200);
      await call.answered;
    }
  });

  test('a stale nonce is replaced without giving up; a carrier whose nonces serve one call is learned', async () => {
    const { world, agent, peer } = await calling();
    for (let number = 0; number < 6; number++) {
      const call = agent.invite(callTo({ credentials, callId: `call-${number}` }));
      await world.clock.drain();
      const isAhead = peer.request('INVITE').headers.has('Proxy-Authorization');
      assert.equal(isAhead, number >= 1 && number <= 3, `call ${number}`);
      await peer.reply(peer.request('INVITE'), 407, { headers: challenge(`n${number}`, ', stale=true') });
      await world.clock.drain();
      assert.match(
        peer.request('INVITE').headers.get('Proxy-Authorization') ?? '',
        new RegExp(`nonce="n${number}"`),
      );
      await peer.reply(peer.request('INVITE'), 486);
      await assert.rejects(call.answered, InviteRejected);
    }
  });

  test('two realms on the way are both answered', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo({ credentials }));
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 407, { headers: challenge('n1') });
    await world.clock.drain();
    await peer.reply(peer.request('INVITE'), 401, {
      headers: [['WWW-Authenticate', 'Digest realm="far end", nonce="n2", algorithm=MD5, qop="auth-int"']],
    });
    await world.clock.drain();
    const { headers } = peer.request('INVITE');
    assert.match(headers.get('Proxy-Authorization') ?? '', /realm="carrier".*nc=00000002/);
    assert.match(headers.get('Authorization') ?? '', /realm="far end".*qop=auth-int/);
    await peer.reply(peer.request('INVITE'), 200);
    await call.answered;
    const ack = peer.request('ACK');
    assert.equal(ack.headers.get('Authorization'), headers.get('Authorization'));
    assert.equal(ack.headers.get('Proxy-Authorization'), headers.get('Proxy-Authorization'));
  });

  test('endless stale nonces are not chased for ever', async () => {
    const { world, agent, peer } = await calling();
    const call = agent.invite(callTo({ credentials }));
    for (let round = 0; round < 10; round++) {
      await world.clock.drain();
      await peer.reply(peer.request('INVITE'), 407, { headers: challenge(`n${round}`, ', stale=true') });
    }
    await assert.rejects(call.answered, InviteRejected);
    assert.equal(peer.requests('INVITE').length, 4);
  });
});

describe('probe', () => {
  const target = { host: CALLEE_HOST, port: 5060, transport: 'udp' } as const;

  test('tells the response and the time it took, whatever the response', async () => {
    const { world, agent, peer } = await calling();
    for (const status of [200, 405]) {
      const probing = agent.probe({ target });
      await world.clock.advance(40);
      assert.equal(peer.request('OPTIONS').requestUri, `sip:${CALLEE_HOST}:5060`);
      await peer.reply(peer.request('OPTIONS'), status);
      const outcome = await probing;
      assert.ok(outcome.kind === 'answered');
      assert.deepEqual([outcome.response.status, outcome.roundTripMs], [status, 40]);
    }
    await world.clock.advance(400_000);
    assert.equal(world.clock.pendingTimers, 0);
  });

  test('gives up after the time allowed, and says when there is no way there', async () => {
    const { world, agent } = await calling();
    assert.deepEqual(await world.clock.settle(agent.probe({ target, timeoutMs: 3_000 })), {
      kind: 'silent',
      waitedMs: 3_000,
    });
    assert.equal(agent.activity.clientTransactions, 0);
    assert.deepEqual(await world.clock.settle(agent.probe({ target })), { kind: 'silent', waitedMs: 32_000 });
    world.network.interceptor = () => 'fail';
    assert.equal((await world.clock.settle(agent.probe({ target }))).kind, 'unreachable');
    const credentials = { username: 'a\nb', password: 'p' };
    await assert.rejects(agent.probe({ target, credentials }), UnusableHeader);
    assert.equal(world.clock.pendingTimers, 0);
  });

  test('between two user agents it is answered with what the other can do', async () => {
    const world = createWorld();
    await world.open({ host: CALLEE_HOST, onInvite: () => {} });
    const agent = await world.open({ host: CALLER_HOST });
    const outcome = await world.clock.settle(agent.probe({ target }));
    assert.ok(outcome.kind === 'answered');
    assert.match(outcome.response.headers.get('Allow') ?? '', /UPDATE/);
    assert.equal(outcome.response.headers.get('Supported'), '100rel, timer');
    assert.equal(outcome.response.headers.get('Accept'), 'application/sdp');
  });
});
