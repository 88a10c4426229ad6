// Dialling against a scripted far end, on virtual time: what is committed before what leaves, which trunk comes next,
// and how it stops.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SdpUnusable } from '@ringback/media';
import { InviteTimedOut, InviteTransportError } from '@ringback/sip';
import { VirtualClock } from '@ringback/testkit';
import type { PhoneNumber } from '../ids.ts';
import { FakeMediaEngine, FakeUserAgent, type Journal } from '../test-support/fake-telephony.ts';
import { openTestTrunks, trunkAt } from '../test-support/fake-trunks.ts';
import { sampleTenant } from '../test-support/sample-contact.ts';
import { type DialRequest, dial } from './dial.ts';
import { DialFailure } from './dial-failure.ts';
import type { Leg } from './leg.ts';
import type { Trunk } from './trunk.ts';

const credentials = { username: 'ringback', password: 'secret' };

describe('dial', () => {
  it('commits the attempt before its INVITE leaves', async () => {
    const world = makeWorld();
    const committed = Promise.withResolvers<void>();
    world.commit = () => committed.promise;
    const dialling = world.dial();
    await world.clock.drain();
    assert.deepEqual(world.journal, ['commit 1 a 10.0.0.1:5060 call-1']);
    committed.resolve();
    await world.clock.drain();
    assert.deepEqual(world.journal.slice(1), ['INVITE call-1 to 10.0.0.1:5060']);
    world.agent.call.answer();
    await (await dialling).close();
  });

  it('sends no INVITE when the attempt cannot be committed', async () => {
    const world = makeWorld();
    world.commit = () => Promise.reject(new Error('the contact belongs to another node'));
    await assert.rejects(world.dial(), /another node/);
    assert.deepEqual(world.agent.calls, []);
    assert.equal(world.media.session.isClosed, true);
  });

  it('asks the trunk for the destination, shows the caller ID, and gives the offer', async () => {
    const world = makeWorld();
    const dialling = world.dial();
    await world.clock.drain();
    const { onProvisional, onEarlyMedia, onRequest, onAnswer, ...request } = world.agent.call.request;
    assert.deepEqual(request, {
      target: { host: '10.0.0.1', port: 5060, transport: 'udp' },
      requestUri: 'sip:+12065550100@carrier-a.example;user=phone',
      from: { uri: 'sip:+12065550199@carrier-a.example;user=phone', displayName: 'Ringback' },
      to: { uri: 'sip:+12065550100@carrier-a.example;user=phone' },
      callId: 'call-1',
      body: { contentType: 'application/sdp', content: 'offer' },
      credentials,
    });
    world.agent.call.answer();
    await (await dialling).close();
  });

  it('becomes a leg at the answer', async () => {
    const world = makeWorld();
    const dialling = world.dial();
    await world.clock.advance(2500);
    world.agent.call.answer();
    const leg = await dialling;
    assert.equal(leg.callId, 'call-1');
    assert.equal(leg.answeredAtMs, world.startMs + 2500);
    world.media.session.press('1');
    world.media.session.press('A');
    assert.deepEqual(leg.keys.drain(), ['1']);
    assert.deepEqual(world.digits, ['1', 'A']);
    assert.equal(world.clock.pendingTimers, 0, 'the ring timeout is over');
    await leg.close();
  });

  it('tells of ringing once, at the first 18x', async () => {
    const world = makeWorld();
    const dialling = world.dial();
    await world.clock.drain();
    world.agent.call.provisional(100);
    world.agent.call.provisional(199);
    assert.deepEqual(world.rang, []);
    await world.clock.advance(1000);
    world.agent.call.provisional(183);
    await world.clock.advance(1000);
    world.agent.call.provisional(180);
    assert.deepEqual(world.rang, [world.startMs + 1000]);
    world.agent.call.answer();
    await (await dialling).close();
  });

  for (const [what, refuse] of [
    ['503', (world) => world.agent.call.reject(503)],
    ['302', (world) => world.agent.call.reject(302)],
    [
      'a connection that cannot be made',
      (world) => world.agent.call.fail(new InviteTransportError(new Error('EHOSTUNREACH'))),
    ],
  ] satisfies [string, (world: World) => void][]) {
    it(`tries the next trunk after ${what}, as an attempt of its own`, async () => {
      const world = makeWorld();
      const dialling = world.dial();
      await world.clock.drain();
      refuse(world);
      await world.clock.drain();
      assert.deepEqual(world.journal, [
        'commit 1 a 10.0.0.1:5060 call-1',
        'INVITE call-1 to 10.0.0.1:5060',
        'commit 2 b 10.0.0.2:5080 call-2',
        'INVITE call-2 to 10.0.0.2:5080',
      ]);
      assert.equal(world.agent.call.request.credentials, undefined);
      world.agent.call.answer();
      const leg = await dialling;
      assert.equal(leg.callId, 'call-2');
      await leg.close();
    });
  }

  for (const [what, refuse, reason] of [
    ['486', (world) => world.agent.call.reject(486), 'TELECOM_BUSY'],
    ['480', (world) => world.agent.call.reject(480), 'TELECOM_UNANSWERED'],
    ['500', (world) => world.agent.call.reject(500), 'TELECOM_PROBLEM'],
    ['silence', (world) => world.agent.call.fail(new InviteTimedOut()), 'TELECOM_PROBLEM'],
    [
      '503 after ringing',
      (world) => {
        world.agent.call.provisional(180);
        world.agent.call.reject(503);
      },
      'TELECOM_PROBLEM',
    ],
    [
      'a connection that breaks after early media',
      (world) => {
        world.agent.call.provisional(183);
        world.agent.call.fail(new InviteTransportError(new Error('EPIPE')));
      },
      'TELECOM_PROBLEM',
    ],
  ] satisfies [string, (world: World) => void, string][]) {
    it(`tries no other trunk after ${what}`, async () => {
      const world = makeWorld();
      const failure = failureOf(world.dial());
      await world.clock.drain();
      refuse(world);
      assert.equal((await failure).verdict.disconnectReason, reason);
      assert.equal(world.agent.calls.length, 1);
      assert.equal(world.media.session.isClosed, true);
      assert.equal(world.clock.pendingTimers, 0);
    });
  }

  it('never tries a third time on two trunks: the last refusal is the verdict', async () => {
    const world = makeWorld();
    const failure = failureOf(world.dial());
    await world.clock.drain();
    world.agent.call.reject(503);
    await world.clock.drain();
    world.agent.call.reject(302);
    assert.deepEqual((await failure).failure, { kind: 'rejected', status: 302, reason: 'Moved Temporarily' });
    assert.equal(world.agent.calls.length, 2);
  });

  it('listens to early media until the answer, and to nothing where there is none', async () => {
    const early = makeWorld();
    const dialling = early.dial();
    await early.clock.drain();
    early.agent.call.earlyMedia();
    early.agent.call.earlyMedia();
    await early.clock.drain();
    early.agent.call.answer();
    await (await dialling).close();
    assert.deepEqual(early.journal.slice(2, 4), ['listens for tones', 'listens for tones no more']);

    const { leg, world } = await answered();
    await leg.close();
    assert.equal(
      world.journal.some((line) => line.startsWith('listens')),
      false,
    );
  });

  it('judges a failure by the most telling tone that was heard before it, also one told while its media closes', async () => {
    const world = makeWorld();
    const failure = failureOf(world.dial());
    await world.clock.drain();
    world.agent.call.earlyMedia();
    await world.clock.drain();
    const { session } = world.media;
    session.hearTone({ kind: 'ringback' });
    session.hearTone({ kind: 'busy' });
    session.onClose = () => session.hearTone({ kind: 'sit', cause: 'vacant code' });
    world.agent.call.reject(480);
    const { verdict, heard } = await failure;
    assert.deepEqual(heard, { kind: 'sit', cause: 'vacant code' });
    assert.deepEqual(
      [verdict.disconnectReason, verdict.amdStatus],
      ['TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER'],
    );
    assert.equal(world.agent.calls.length, 1);
  });

  it('asks for media over IPv6 where the trunk is reached so, and the engine has an address for it', async () => {
    for (const [hasIPv6, family] of [
      [true, 6],
      [false, undefined],
    ] as const) {
      const world = makeWorld({ trunks: [trunk('six', '2001:db8::7', 5060, undefined)] });
      world.media.hasIPv6 = hasIPv6;
      const dialling = world.dial();
      await world.clock.drain();
      world.agent.call.answer();
      await (await dialling).close();
      assert.equal(world.media.asked[0]?.family, family);
    }
  });

  it('cancels at exactly the ring timeout', async () => {
    const world = makeWorld();
    const failure = failureOf(world.dial({ ringTimeoutMs: 15_000 }));
    await world.clock.drain();
    world.agent.call.provisional(180);
    await world.clock.advance(14_999);
    assert.equal(world.agent.call.isCancelled, false);
    await world.clock.advance(1);
    assert.equal(world.agent.call.isCancelled, true);
    const { failure: cause, verdict, sawRinging } = await failure;
    assert.deepEqual(cause, { kind: 'ring timeout', ringTimeoutMs: 15_000 });
    assert.deepEqual(
      [verdict.disconnectReason, verdict.amdStatus, sawRinging],
      ['TELECOM_TIMEOUT', 'AMD_UNANSWERED', true],
    );
    assert.equal(world.agent.calls.length, 1);
  });

  it('believes the far end where its refusal crosses the CANCEL', async () => {
    const world = makeWorld();
    const failure = failureOf(world.dial({ ringTimeoutMs: 15_000 }));
    await world.clock.drain();
    world.agent.call.endsWhenCancelled = false;
    await world.clock.advance(15_000);
    world.agent.call.reject(486);
    assert.equal((await failure).verdict.disconnectReason, 'TELECOM_BUSY');
  });

  it('cancels when it is stopped, and does not try another trunk', async () => {
    const world = makeWorld();
    const failure = failureOf(world.dial());
    await world.clock.drain();
    world.agent.call.provisional(180);
    world.stop.abort();
    assert.equal(world.agent.call.isCancelled, true);
    assert.deepEqual((await failure).failure, { kind: 'stopped' });
    assert.equal(world.agent.calls.length, 1);
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('sends nothing when it is stopped before, or while the attempt is committed', async () => {
    const stopped = makeWorld();
    stopped.stop.abort();
    assert.deepEqual((await failureOf(stopped.dial())).failure, { kind: 'stopped' });
    assert.deepEqual(stopped.journal, ['media closes']);

    const world = makeWorld();
    world.commit = async () => world.stop.abort();
    assert.deepEqual((await failureOf(world.dial())).failure, { kind: 'stopped' });
    assert.deepEqual(world.agent.calls, []);
  });

  it('hangs up where the answer’s media cannot be used', async () => {
    for (const prepare of [
      (world: World) => void world.agent.call.answer(''),
      (world: World) => {
        world.media.session.refusesAnswer = new SdpUnusable('noCommonCodec', 'only G.729');
        world.agent.call.answer();
      },
    ]) {
      const world = makeWorld();
      const failure = failureOf(world.dial());
      await world.clock.drain();
      prepare(world);
      assert.equal((await failure).failure.kind, 'media');
      assert.deepEqual(world.journal.slice(2), [
        'BYE call-1 (SIP;cause=488;text="Not Acceptable Here")',
        'media closes',
      ]);
      assert.equal(world.agent.calls.length, 1);
    }
  });

  it('does not dial without media or without a trunk', async () => {
    const noMedia = makeWorld();
    noMedia.media.fault = new Error('no port is free');
    const failure = await failureOf(noMedia.dial());
    assert.deepEqual(failure.failure, { kind: 'media', message: 'no port is free' });
    assert.deepEqual(noMedia.journal, []);

    const noTrunk = makeWorld({ trunks: [] });
    assert.deepEqual((await failureOf(noTrunk.dial())).failure, { kind: 'no trunk' });
    assert.deepEqual(noTrunk.media.sessions, []);
  });
});

describe('leg', () => {
  it('ends with the far end, and says why it hung up', async () => {
    const { leg, world } = await answered();
    world.agent.call.dialog.end({ by: 'remote', reason: 'Q.850;cause=16' });
    assert.deepEqual(await leg.ended, { by: 'far end', reason: 'Q.850;cause=16' });
    await leg.close();
    assert.deepEqual(world.journal.slice(2), ['media closes']);
  });

  it('ends with its dialog, or when media stays away', async () => {
    const faulty = await answered();
    faulty.world.agent.call.dialog.end({ by: 'fault' });
    assert.deepEqual(await faulty.leg.ended, { by: 'dialog fault' });
    const silent = await answered();
    silent.world.media.session.lose();
    assert.deepEqual(await silent.leg.ended, { by: 'media loss' });
  });

  it('says BYE before its media closes, once', async () => {
    const { leg, world } = await answered();
    const [first, second] = await Promise.all([leg.close(), leg.close()]);
    assert.equal(first, second);
    assert.deepEqual(world.journal.slice(2), ['BYE call-1', 'media closes']);
    assert.deepEqual(await leg.ended, { by: 'us' });
  });
});

interface World {
  readonly clock: VirtualClock;
  readonly startMs: number;
  readonly journal: Journal;
  readonly agent: FakeUserAgent;
  readonly media: FakeMediaEngine;
  readonly stop: AbortController;
  readonly rang: number[];
  readonly digits: string[];
  commit: () => Promise<void>;
  dial(changes?: Partial<DialRequest>): Promise<Leg>;
}

function makeWorld(options: { trunks?: readonly Trunk[] } = {}): World {
  const clock = new VirtualClock();
  const journal: Journal = [];
  const trunks = options.trunks ?? [
    trunk('a', '10.0.0.1', 5060, credentials),
    trunk('b', '10.0.0.2', 5080, undefined),
  ];
  let callIds = 0;
  const agent = new FakeUserAgent(journal);
  const world: World = {
    clock,
    startMs: clock.now(),
    journal,
    agent,
    media: new FakeMediaEngine(clock, journal),
    stop: new AbortController(),
    rang: [],
    digits: [],
    commit: () => Promise.resolve(),
    dial: (changes) =>
      dial(
        {
          destination: '+12065550100' as PhoneNumber,
          source: '+12065550199' as PhoneNumber,
          callerIdName: 'Ringback',
          ringTimeoutMs: 60_000,
          account: sampleTenant,
          dialByMs: clock.now() + 30_000,
          ...changes,
        },
        {
          commitAttempt: ({ n, target, callId }) => {
            journal.push(`commit ${n} ${target} ${callId}`);
            return world.commit();
          },
          ringing: (atMs) => void world.rang.push(atMs),
          digit: (digit) => void world.digits.push(digit),
        },
        {
          userAgent: world.agent,
          media: world.media,
          trunks: openTestTrunks(agent, clock, trunks),
          clock,
          newCallId: () => {
            callIds += 1;
            return `call-${callIds}`;
          },
        },
        world.stop.signal,
      ),
  };
  return world;
}

function trunk(name: string, host: string, port: number, own: Trunk['credentials']): Trunk {
  return trunkAt(
    name,
    { host, port, transport: 'udp' },
    { domain: `carrier-${name}.example`, credentials: own },
  );
}

async function answered() {
  const world = makeWorld();
  const dialling = world.dial();
  await world.clock.drain();
  world.agent.call.answer();
  return { world, leg: await dialling };
}

async function failureOf(dialling: Promise<Leg>): Promise<DialFailure> {
  const outcome = await dialling.then(
    () => assert.fail('it was answered'),
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof DialFailure, String(outcome));
  return outcome;
}
