// Registering: the table cell by cell, then a registrar that grants, challenges, refuses, and goes silent.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UnusableHeader } from '../errors.ts';
import type { SipRequest } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import { createResponse } from '../message/response.ts';
import { serializeMessage } from '../message/serialize.ts';
import { CALLEE_HOST, CALLER_HOST, createWorld, ScriptedPeer } from '../sip-fixture.ts';
import { InMemoryStreams } from '../stream-fixture.ts';
import type { SipEndpoint } from '../transport/sip-endpoint.ts';
import type { StreamEvents, StreamSocket } from '../transport/stream-network.ts';
import { type RegistrationRequest, type RegistrationStatus, refreshAfterMs } from './registration.ts';
import { type RegistrationInput, type RegistrationState, stepRegistration } from './registration-states.ts';

const INPUTS: readonly RegistrationInput[] = [
  'start',
  'located',
  'targetFailed',
  'accepted',
  'tooBrief',
  'refused',
  'unavailable',
  'refreshDue',
  'retryDue',
  'stop',
];

const CELLS: Record<RegistrationState, Partial<Record<RegistrationInput, string>>> = {
  idle: { start: 'locating: locate', stop: 'over: finish' },
  locating: {
    located: 'registering: sendToFirst',
    unavailable: 'backingOff: scheduleRetry tellFailed',
    stop: 'unregistering: sendRemoval',
  },
  registering: {
    targetFailed: 'registering: sendToNext',
    accepted: 'registered: scheduleRefresh tellRegistered',
    tooBrief: 'registering: raiseExpires send',
    refused: 'backingOff: scheduleSlowRetry tellFailed',
    unavailable: 'backingOff: scheduleRetry tellFailed',
    stop: 'unregistering: sendRemoval',
  },
  registered: { refreshDue: 'locating: locate', stop: 'unregistering: stopTimer sendRemoval' },
  backingOff: { retryDue: 'locating: locate', stop: 'over: stopTimer finish' },
  unregistering: {
    accepted: 'over: finish',
    tooBrief: 'over: finish',
    refused: 'over: finish',
    unavailable: 'over: finish',
  },
  over: {},
};

describe('registration › table', () => {
  for (const [state, cells] of Object.entries(CELLS) as Array<[RegistrationState, (typeof CELLS)['idle']]>) {
    for (const input of INPUTS) {
      const expected = cells[input] ?? `${state}:`;
      test(`${state} › ${input} → ${expected}`, () => {
        const step = stepRegistration(state, input);
        assert.equal(`${step.state}: ${step.actions.join(' ')}`.trim(), expected);
      });
    }
  }
});

async function setUp(request: Partial<RegistrationRequest> = {}) {
  const world = createWorld();
  const streams = new InMemoryStreams(world.clock);
  const agent = await world.open({ host: CALLER_HOST, streams });
  const registrar = await ScriptedPeer.open(world);
  const statuses: RegistrationStatus[] = [];
  const registration = agent.register({
    target: { host: CALLEE_HOST, port: 5060, transport: 'udp' },
    registrar: 'sip:carrier.example',
    addressOfRecord: 'sip:+12065550199@carrier.example',
    onChange: (status) => statuses.push(status),
    ...request,
  });
  await world.clock.drain();
  const kinds = () => statuses.map(({ kind }) => kind);
  return { world, streams, agent, registrar, registration, statuses, kinds };
}

/** A registrar over TCP that grants whatever is asked. */
async function openTcpRegistrar(streams: InMemoryStreams, host: string): Promise<SipRequest[]> {
  const asked: SipRequest[] = [];
  const grants = (socket: StreamSocket): StreamEvents => ({
    onData: (data) => {
      // A ping, which nobody need answer.
      if (data.length === 4) return;
      const request = parseMessage(data);
      assert.ok(request.kind === 'request');
      asked.push(request);
      socket.write(serializeMessage(createResponse(request, 200, { toTag: 'registrar' })));
    },
    onClose: () => {},
  });
  await streams.listen({
    host,
    port: 5060,
    tls: undefined,
    handshakeTimeoutMs: 10_000,
    admit: () => ({ onFailed: () => {}, onConnected: grants }),
    onError: (error) => assert.fail(error),
  });
  return asked;
}

describe('registration', () => {
  test('what would break its messages is told at once, wherever the registrar is', async () => {
    const world = createWorld();
    const agent = await world.open({ host: CALLER_HOST });
    const target = { host: CALLEE_HOST, port: 5060, transport: 'udp' } as const;
    const good = { registrar: 'sip:carrier.example', addressOfRecord: 'sip:me@carrier.example' };
    const bad: readonly Partial<RegistrationRequest>[] = [
      { headers: [['X-Account', 'a\r\nb']] },
      { headers: [['Contact', '<sip:other@carrier.example>']] },
      { registrar: 'carrier.example' },
      { addressOfRecord: 'sip:me@carrier.example>' },
      { credentials: { username: 'me\r\nEvil: 1', password: 'p' } },
    ];
    for (const where of [target, async () => [target]]) {
      for (const broken of bad) {
        assert.throws(() => agent.register({ target: where, ...good, ...broken }), UnusableHeader);
      }
    }
    await world.clock.drain();
    await agent.close();
    assert.equal(world.network.log.length, 0);
    assert.equal(world.clock.pendingTimers, 0);
  });

  test('asks, is granted, and refreshes before it expires, in one call', async () => {
    const { world, registrar, registration, kinds } = await setUp({ expiresSeconds: 600 });
    const first = registrar.request('REGISTER');
    assert.equal(first.requestUri, 'sip:carrier.example');
    assert.equal(first.headers.get('Contact'), `<sip:+12065550199@${CALLER_HOST}:5060>`);
    assert.equal(first.headers.get('Expires'), '600');
    assert.equal(first.headers.to.uri, 'sip:+12065550199@carrier.example');
    // The registrar lists other phones too, and grants ours less than asked.
    await registrar.reply(first, 200, {
      headers: [
        ['Contact', `<sip:other@10.0.0.9>;expires=5, <sip:+12065550199@${CALLER_HOST}:5060>;expires=300`],
      ],
    });
    assert.equal(registration.status.kind, 'registered');
    await world.clock.advance(269_999);
    assert.equal(registrar.requests('REGISTER').length, 1);
    await world.clock.advance(1);
    const second = registrar.request('REGISTER');
    assert.equal(registrar.requests('REGISTER').length, 2);
    assert.equal(second.headers.callId, first.headers.callId);
    assert.equal(second.headers.cseq.sequence, 2);
    assert.deepEqual(kinds(), ['registered']);
  });

  test('answers a challenge, and the refresh counts the nonce up without being asked', async () => {
    const { world, registrar } = await setUp({ credentials: { username: 'u', password: 'p' } });
    await registrar.reply(registrar.request('REGISTER'), 401, {
      headers: [['WWW-Authenticate', 'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"']],
    });
    await world.clock.drain();
    const second = registrar.request('REGISTER');
    assert.match(second.headers.get('Authorization') ?? '', /nc=00000001/);
    await registrar.reply(second, 200, { headers: [['Expires', '60']] });
    await world.clock.advance(30_000);
    assert.match(registrar.request('REGISTER').headers.get('Authorization') ?? '', /nc=00000002/);
  });

  test('wrong credentials are tried once, then rarely', async () => {
    const { world, registrar, kinds, statuses } = await setUp({
      credentials: { username: 'u', password: 'p' },
    });
    const challenge = { headers: [['WWW-Authenticate', 'Digest realm="r", nonce="n", qop="auth"']] as const };
    await registrar.reply(registrar.request('REGISTER'), 401, challenge);
    await world.clock.drain();
    await registrar.reply(registrar.request('REGISTER'), 401, challenge);
    await world.clock.drain();
    assert.deepEqual(kinds(), ['failed']);
    const failed = statuses[0];
    assert.ok(failed?.kind === 'failed' && failed.response?.status === 401);
    await world.clock.advance(1_799_000);
    assert.equal(registrar.requests('REGISTER').length, 2);
    await world.clock.advance(1_000);
    assert.equal(registrar.request('REGISTER').headers.cseq.sequence, 3);
  });

  test('423 is answered with the interval it names', async () => {
    const { world, registrar } = await setUp({ expiresSeconds: 60 });
    await registrar.reply(registrar.request('REGISTER'), 423, { headers: [['Min-Expires', '1800']] });
    await world.clock.drain();
    assert.equal(registrar.request('REGISTER').headers.get('Expires'), '1800');
    await registrar.reply(registrar.request('REGISTER'), 423, { headers: [['Min-Expires', '1800']] });
    await world.clock.drain();
    assert.equal(registrar.requests('REGISTER').length, 2);
  });

  test('silence and 503 are met with patience that doubles, and Retry-After is kept', async () => {
    const { world, registrar, statuses } = await setUp();
    await world.clock.advance(32_000);
    const silent = statuses[0];
    assert.ok(silent?.kind === 'failed' && silent.error !== undefined);
    const firstWaitMs = silent.retryAtMs - world.clock.now();
    assert.ok(firstWaitMs >= 15_000 && firstWaitMs <= 30_000, String(firstWaitMs));
    await world.clock.advance(firstWaitMs);
    await registrar.reply(registrar.request('REGISTER'), 503);
    const second = statuses[1];
    assert.ok(second?.kind === 'failed');
    const secondWaitMs = second.retryAtMs - world.clock.now();
    assert.ok(secondWaitMs >= 30_000 && secondWaitMs <= 60_000, String(secondWaitMs));
    await world.clock.advance(secondWaitMs);
    await registrar.reply(registrar.request('REGISTER'), 503, { headers: [['Retry-After', '900']] });
    const third = statuses[2];
    assert.ok(third?.kind === 'failed');
    assert.equal(third.retryAtMs - world.clock.now(), 900_000);
  });

  describe('at several targets', () => {
    const FIRST = CALLEE_HOST;
    const SECOND = '10.0.0.3';
    const at = (host: string) => ({ host, port: 5060, transport: 'udp' }) as const;

    /** `found` is what the next look finds; a registration of ten minutes is refreshed each nine. */
    async function setUpTwo(overrides: Partial<RegistrationRequest> = {}) {
      const found: string[] = [FIRST, SECOND];
      const failed: string[] = [];
      const own = await setUp({
        target: async () => found.map(at),
        onTargetFailed: ({ host }, response) => failed.push(`${host} ${response?.status ?? 'silent'}`),
        expiresSeconds: 600,
        ...overrides,
      });
      const second = await ScriptedPeer.open(own.world, SECOND);
      const refresh = () => own.world.clock.advance(540_000);
      return { ...own, first: own.registrar, second, found, failed, refresh };
    }

    test('503 and silence lead to the next one at once; the binding is one call’s, and removed where it is', async () => {
      for (const how of ['503', 'silent'] as const) {
        const { world, first, second, registration, kinds, failed } = await setUpTwo();
        if (how === '503') await first.reply(first.request('REGISTER'), 503);
        else await world.clock.advance(32_000);
        await world.clock.drain();
        const asked = second.request('REGISTER');
        assert.equal(asked.headers.callId, first.request('REGISTER').headers.callId);
        assert.equal(asked.headers.cseq.sequence, 2);
        await second.reply(asked, 200);
        assert.deepEqual(kinds(), ['registered'], 'nobody is told of a failure that was none');
        assert.deepEqual(failed, [`${FIRST} ${how}`]);
        void registration.close();
        await world.clock.drain();
        assert.equal(second.request('REGISTER').headers.get('Expires'), '0');
      }
    });

    test('stays where it was let in, and looks after the first again after ten minutes', async () => {
      const { world, first, second, refresh } = await setUpTwo();
      await first.reply(first.request('REGISTER'), 503);
      await world.clock.drain();
      await second.reply(second.request('REGISTER'), 200);
      await refresh();
      assert.equal(first.requests('REGISTER').length, 1);
      await second.reply(second.request('REGISTER'), 200);
      await refresh();
      await first.reply(first.request('REGISTER'), 503);
      await world.clock.drain();
      assert.equal(second.requests('REGISTER').length, 3, 'the first was not back yet');
      await second.reply(second.request('REGISTER'), 200);
      await refresh();
      await second.reply(second.request('REGISTER'), 200);
      await refresh();
      await first.reply(first.request('REGISTER'), 200);
      await refresh();
      assert.equal(first.requests('REGISTER').length, 4, 'at home again');
    });

    test('is not moved by another order of equals, only by another place where its own is gone', async () => {
      const { first, second, found, refresh } = await setUpTwo();
      await first.reply(first.request('REGISTER'), 200);
      found.reverse();
      await refresh();
      await first.reply(first.request('REGISTER'), 200);
      assert.equal(second.requests('REGISTER').length, 0);
      found.splice(0, 2, SECOND);
      await refresh();
      assert.equal(second.requests('REGISTER').length, 1);
    });

    test('over another transport, the binding with the former Contact is taken back', async () => {
      const overTcp = { host: FIRST, port: 5060, transport: 'tcp' } as const;
      const found: SipEndpoint[] = [overTcp];
      const { streams, world, second, refresh, registration, statuses } = await setUpTwo({
        target: async () => found,
      });
      const atFirst = await openTcpRegistrar(streams, FIRST);
      // The first look came before the registrar.
      const [unfound] = statuses;
      assert.ok(unfound?.kind === 'failed');
      await world.clock.advance(unfound.retryAtMs - world.clock.now());
      assert.equal(registration.status.kind, 'registered');
      const former = atFirst[0]?.headers.get('Contact');
      assert.equal(former, `<sip:+12065550199@${CALLER_HOST}:5060;transport=tcp>`);
      found.splice(0, 1, at(SECOND));
      await refresh();
      await second.reply(second.request('REGISTER'), 200);
      const [moved, removal, ...more] = second.requests('REGISTER');
      assert.ok(moved && removal && more.length === 0);
      assert.deepEqual(
        [moved, removal].map(({ headers }) => [headers.get('Contact'), headers.get('Expires')]),
        [
          [`<sip:+12065550199@${CALLER_HOST}:5060>`, '600'],
          [former, '0'],
        ],
      );
      assert.equal(removal.headers.callId, moved.headers.callId);
      assert.equal(removal.headers.cseq.sequence, moved.headers.cseq.sequence + 1);
      await second.reply(removal, 403);
      assert.equal(registration.status.kind, 'registered', 'what cannot be taken back expires');
      await refresh();
      assert.equal(second.requests('REGISTER').length, 3, 'it is tried once');
      assert.equal(second.request('REGISTER').headers.get('Expires'), '600');
      void registration.close();
      await world.clock.advance(4_000_000);
      assert.equal(world.clock.pendingTimers, 0);
    });

    test('a refusal is an answer: no other target is asked', async () => {
      const { world, first, second, kinds } = await setUpTwo();
      await first.reply(first.request('REGISTER'), 403);
      await world.clock.drain();
      assert.deepEqual(kinds(), ['failed']);
      assert.equal(second.requests('REGISTER').length, 0);
    });

    test('when all have failed, or none was found, it backs off and looks again', async () => {
      const { world, first, second, statuses, found, registration } = await setUpTwo();
      await first.reply(first.request('REGISTER'), 503);
      await world.clock.drain();
      found.splice(0, 2);
      await second.reply(second.request('REGISTER'), 503);
      for (const expected of [1, 2]) {
        const last = statuses.at(-1);
        assert.ok(last?.kind === 'failed');
        assert.equal(statuses.length, expected);
        await world.clock.advance(last.retryAtMs - world.clock.now());
      }
      assert.equal(first.requests('REGISTER').length, 1);
      found.push(SECOND);
      const last = statuses.at(-1);
      assert.ok(last?.kind === 'failed');
      await world.clock.advance(last.retryAtMs - world.clock.now());
      assert.equal(second.requests('REGISTER').length, 2);
      void registration.close();
      await world.clock.advance(4_000_000);
      assert.equal(world.clock.pendingTimers, 0);
    });

    test('closing while it is being looked for, after a look that failed, or with nothing sent leaves nothing', async () => {
      const look = Promise.withResolvers<never>();
      const { world, registration, kinds, first } = await setUpTwo({ target: () => look.promise });
      await registration.close();
      look.reject(new Error('DNS did not answer'));
      await world.clock.drain();
      assert.deepEqual(kinds(), ['over']);
      assert.equal(first.received.length, 0);
      assert.equal(world.clock.pendingTimers, 0);
    });
  });

  test('close takes it back, and leaves nothing', async () => {
    const { world, agent, registrar, registration, kinds } = await setUp();
    await registrar.reply(registrar.request('REGISTER'), 200);
    const closed = registration.close();
    await world.clock.drain();
    assert.equal(registrar.request('REGISTER').headers.get('Expires'), '0');
    await registrar.reply(registrar.request('REGISTER'), 200);
    await closed;
    assert.equal(registration.close() instanceof Promise, true);
    assert.deepEqual(kinds(), ['registered', 'over']);
    await world.clock.advance(4_000_000);
    assert.equal(world.clock.pendingTimers, 0);
    assert.equal(agent.activity.clientTransactions, 0);
  });

  test('so does closing while the answer is awaited, while backing off, and closing the user agent', async () => {
    for (const stage of ['waiting', 'backingOff', 'agent'] as const) {
      const { world, agent, registrar, registration } = await setUp();
      if (stage === 'backingOff') await registrar.reply(registrar.request('REGISTER'), 503);
      if (stage === 'agent') await agent.close();
      else void registration.close();
      await world.clock.advance(4_000_000);
      assert.equal(registration.status.kind, 'over', stage);
      assert.equal(world.clock.pendingTimers, 0, stage);
    }
  });

  test('short grants are refreshed at half, long ones with a tenth to spare', () => {
    assert.equal(refreshAfterMs(60), 30_000);
    assert.equal(refreshAfterMs(3_600), 3_240_000);
  });
});
