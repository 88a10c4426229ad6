// Diallings along several trunks, on virtual time: where they go next, where never, whom they leave alone, and how trunks come and go.

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import type { RegistrationRequest } from '@ringback/sip';
import { VirtualClock } from '@ringback/testkit';
import { decodeJwt } from 'jose';
import type { PhoneNumber } from '../ids.ts';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { FakeMediaEngine, FakeUserAgent, type Journal, sipResponse } from '../test-support/fake-telephony.ts';
import { openTestTrunks, trunkAt } from '../test-support/fake-trunks.ts';
import { sampleTenant } from '../test-support/sample-contact.ts';
import { dial } from './dial.ts';
import { DialFailure } from './dial-failure.ts';
import type { Leg } from './leg.ts';
import type { StirSigning } from './ring.ts';
import { readStirKey } from './stir.ts';
import { type Trunk, trunkOf } from './trunk.ts';
import { describeTrunk } from './trunks.ts';

const at = (host: string) => ({ host, port: 5060, transport: 'udp' }) as const;
const number = '+12065550100' as PhoneNumber;

function makeWorld(trunks: readonly Trunk[], stir?: StirSigning) {
  const clock = new VirtualClock();
  const journal: Journal = [];
  const agent = new FakeUserAgent(journal);
  const media = new FakeMediaEngine(clock, journal);
  const log = capturedLogger();
  const running = openTestTrunks(agent, clock, trunks, log.logger);
  let calls = 0;
  return {
    clock,
    journal,
    agent,
    media,
    log,
    trunks: running,
    /** What left, without the bookkeeping of media. */
    invites: () => agent.calls.map(({ request }) => `${request.target.host} ${request.requestUri}`),
    dial: (waitMs = 30_000): Promise<Leg | DialFailure> =>
      dial(
        {
          destination: number,
          source: '+12065550199' as PhoneNumber,
          account: sampleTenant,
          callerIdName: 'Ringback',
          ringTimeoutMs: 60_000,
          dialByMs: clock.now() + waitMs,
        },
        { commitAttempt: async ({ n, target }) => void journal.push(`commit ${n} ${target}`) },
        {
          userAgent: agent,
          media,
          trunks: running,
          clock,
          newCallId: () => {
            calls += 1;
            return `call-${calls}`;
          },
          ...(stir ? { stir } : {}),
        },
        new AbortController().signal,
      ).catch((error: unknown) => {
        assert.ok(error instanceof DialFailure, String(error));
        return error;
      }),
  };
}

type World = ReturnType<typeof makeWorld>;

/** Dials, and answers the latest INVITE with each status in turn. */
async function dialAnswering(world: World, statuses: readonly (number | [number, string, string])[]) {
  const dialling = world.dial();
  await world.clock.drain();
  for (const status of statuses) {
    const [code, ...header] = typeof status === 'number' ? [status] : status;
    world.agent.call.reject(code, header.length === 2 ? [[header[0] as string, header[1] as string]] : []);
    await world.clock.drain();
  }
  return dialling;
}

const failureOf = (outcome: Leg | DialFailure): DialFailure => {
  assert.ok(outcome instanceof DialFailure);
  return outcome;
};

describe('trunks › the next attempt', () => {
  it('goes to the trunk’s next address, then to the next trunk, each committed before it leaves', async () => {
    const world = makeWorld([
      trunkOf({ name: 'a', domain: 'a.example', servers: [at('10.0.0.1'), at('10.0.0.2')] }),
      trunkAt('b', at('10.0.0.3'), { priority: 2 }),
    ]);
    const failure = failureOf(await dialAnswering(world, [503, 503, 486]));
    assert.equal(failure.verdict.disconnectReason, 'TELECOM_BUSY');
    assert.deepEqual(world.journal, [
      'commit 1 a 10.0.0.1:5060',
      'INVITE call-1 to 10.0.0.1:5060',
      'commit 2 a 10.0.0.2:5060',
      'INVITE call-2 to 10.0.0.2:5060',
      'commit 3 b 10.0.0.3:5060',
      'INVITE call-3 to 10.0.0.3:5060',
      'media closes',
    ]);
  });

  for (const status of [486, 600, 603, 607, 608, 404, 480, 500]) {
    it(`is never made after ${status}`, async () => {
      const world = makeWorld([trunkAt('a', at('10.0.0.1')), trunkAt('b', at('10.0.0.2'), { priority: 2 })]);
      await dialAnswering(world, [status]);
      assert.equal(world.agent.calls.length, 1);
    });
  }

  it('opens other media where the next trunk wants other media, and closes the first', async () => {
    const world = makeWorld([
      trunkAt('a', at('10.0.0.1')),
      trunkAt('b', at('10.0.0.2'), { priority: 2, srtp: 'sdes', codecs: ['PCMA'], dtmf: 'inband' }),
    ]);
    await dialAnswering(world, [503, 486]);
    assert.deepEqual(
      world.media.asked.map(({ codecs, encryption, toneDigits }) => [codecs, encryption, toneDigits]),
      [
        [undefined, undefined, 'withoutTelephoneEvents'],
        [['PCMA'], 'sdes', 'always'],
      ],
    );
    assert.deepEqual(
      world.media.sessions.map(({ isClosed }) => isClosed),
      [true, true],
    );
  });
});

describe('trunks › 503 with Retry-After', () => {
  it('is told of a trunk until one of its addresses may be tried again', async () => {
    const world = makeWorld([
      trunkOf({ name: 'a', domain: 'carrier.example', servers: [at('10.0.0.1'), at('10.0.0.2')] }),
    ]);
    const told = () => world.trunks.status.map(describeTrunk);
    await dialAnswering(world, [[503, 'Retry-After', '60'], 486]);
    assert.deepEqual(told(), ['in service'], 'the other address takes calls');
    const untilMs = world.clock.now() + 30_000;
    await dialAnswering(world, [[503, 'Retry-After', '30']]);
    assert.deepEqual(told(), [`in service, left alone until ${new Date(untilMs).toISOString()} as it asked`]);
    await world.clock.advance(30_000);
    assert.deepEqual(told(), ['in service']);
  });

  it('is heeded by later calls, until its time is over', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1')), trunkAt('b', at('10.0.0.2'), { priority: 2 })]);
    await dialAnswering(world, [[503, 'Retry-After', '20'], 486]);
    await dialAnswering(world, [486]);
    await world.clock.advance(20_000);
    await dialAnswering(world, [486]);
    assert.deepEqual(
      world.invites().map((invite) => invite.split(' ')[0]),
      ['10.0.0.1', '10.0.0.2', '10.0.0.2', '10.0.0.1'],
    );
  });

  it('is waited out where no other trunk serves and the call may wait', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1'))]);
    await dialAnswering(world, [[503, 'Retry-After', '20']]);
    const waiting = world.dial();
    await world.clock.advance(19_999);
    assert.equal(world.agent.calls.length, 1);
    await world.clock.advance(1);
    assert.equal(world.agent.calls.length, 2);
    world.agent.call.reject(486);
    await waiting;
  });

  it('that lasts longer than the call may wait ends it at once', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1'))]);
    await dialAnswering(world, [[503, 'Retry-After', '600']]);
    assert.deepEqual(failureOf(await world.dial()).failure, { kind: 'no room' });
    assert.equal(world.clock.pendingTimers, 0);
  });
});

describe('trunks › 3xx', () => {
  const trunks = [
    trunkOf({ name: 'a', domain: 'a.example', servers: [at('10.0.0.1')] }),
    trunkAt('b', at('10.0.0.2'), { priority: 2, countries: new Set(['GB']) }),
  ];

  it('is followed to the same number at an address of a trunk', async () => {
    const world = makeWorld(trunks);
    const contact =
      '<sip:+12065550100;rn=+12065559999@10.0.0.2:5080>;q=0.5, <sip:+12065550100@10.0.0.1:5070>';
    await dialAnswering(world, [[302, 'Contact', contact], 503, 486]);
    assert.deepEqual(world.invites(), [
      '10.0.0.1 sip:+12065550100@a.example;user=phone',
      '10.0.0.1 sip:+12065550100@10.0.0.1:5070',
      '10.0.0.2 sip:+12065550100;rn=+12065559999@10.0.0.2:5080',
    ]);
    assert.deepEqual(
      world.agent.calls.map(({ request }) => request.target.port),
      [5060, 5070, 5080],
    );
  });

  for (const [what, contact] of [
    ['to another number', '<sip:+12065550111@10.0.0.1:5070>'],
    ['to somebody else', '<sip:+12065550100@evil.example>'],
    ['to another scheme', '<tel:+12065550100>'],
    ['to garbage', '<sip:@@>'],
  ] as const) {
    it(`is not followed ${what}`, async () => {
      const world = makeWorld(trunks);
      const { failure } = failureOf(await dialAnswering(world, [[302, 'Contact', contact]]));
      assert.equal(failure.kind, 'rejected');
      assert.equal(world.agent.calls.length, 1);
    });
  }

  it('is followed three times at most', async () => {
    const world = makeWorld(trunks);
    const to = (port: number): [number, string, string] => [
      302,
      'Contact',
      `<sip:+12065550100@10.0.0.1:${port}>`,
    ];
    await dialAnswering(world, [to(5071), to(5072), to(5073), to(5074)]);
    assert.equal(world.agent.calls.length, 4);
  });
});

describe('trunks › limits', () => {
  it('a place is free again when its call has ended, and when its dialling has failed', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1'), { maxCalls: 1 })]);
    const first = world.dial();
    await world.clock.drain();
    const { dialog } = world.agent.call;
    world.agent.call.answer();
    const leg = await first;
    assert.ok(!(leg instanceof DialFailure));
    const second = world.dial();
    await world.clock.advance(5_000);
    assert.deepEqual(
      [world.agent.calls.length, world.trunks.waiting, world.trunks.status[0]?.calls],
      [1, 1, 1],
    );
    dialog.end({ by: 'remote' });
    await world.clock.drain();
    assert.equal(world.agent.calls.length, 2);
    world.agent.call.reject(486);
    await second;
    assert.equal(world.trunks.status[0]?.calls, 0);
    await leg.close();
  });

  it('a call that finds no room in time ends undialled', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1'), { maxCalls: 1 })]);
    void world.dial();
    await world.clock.drain();
    const failure = failureOf(await world.clock.settle(world.dial(10_000)));
    assert.deepEqual(failure.failure, { kind: 'no room' });
    assert.equal(world.agent.calls.length, 1);
  });
});

describe('trunks › what an INVITE carries', () => {
  it('number format, headers, identity, reliability and session timer of its trunk', async () => {
    const world = makeWorld([
      trunkAt('a', at('10.0.0.1'), {
        numbers: { format: 'plain', country: undefined, strip: '', add: '99' },
        headers: [['X-Account', '42']],
        callerIdentity: 'asserted',
        privacy: ['id'],
        reliability: 'required',
        sessionTimer: { intervalSeconds: 600 },
      }),
    ]);
    await dialAnswering(world, [486]);
    const { requestUri, from, to, headers, identity, reliability, sessionTimer } = world.agent.call.request;
    const caller = { uri: 'sip:12065550199@carrier.example', displayName: 'Ringback' };
    assert.deepEqual(
      { requestUri, from, to, headers, identity, reliability, sessionTimer },
      {
        requestUri: 'sip:9912065550100@carrier.example',
        from: caller,
        to: { uri: 'sip:9912065550100@carrier.example' },
        headers: [['X-Account', '42']],
        identity: { asserted: [caller], privacy: ['id'] },
        reliability: 'required',
        sessionTimer: { intervalSeconds: 600 },
      },
    );
  });

  it('attestation A for a number that the account claimed, B for any other', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    assert.equal(createPublicKey(privateKey).asymmetricKeyType, 'ec');
    const credentials = {
      privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      certificateUrl: 'https://certs.example/ringback.pem',
    };
    for (const [isOwn, attest] of [
      [true, 'A'],
      [false, 'B'],
    ] as const) {
      const world = makeWorld([trunkAt('a', at('10.0.0.1'), { stir: credentials })], {
        signers: new Map([['a', await readStirKey(credentials)]]),
        isOwnNumber: async (claimed, account) => {
          assert.deepEqual([claimed, account], ['+12065550199', sampleTenant]);
          return isOwn;
        },
        newOriginId: () => 'e9c4fcf3-0000-4000-8000-000000000000',
      });
      await dialAnswering(world, [486]);
      const identity = await world.agent.call.request.sign?.();
      assert.equal(decodeJwt(identity?.split(';')[0] ?? '').attest, attest);
    }
  });

  it('no signature without a certificate of the trunk', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1'))]);
    await dialAnswering(world, [486]);
    assert.equal(world.agent.call.request.sign, undefined);
  });
});

describe('trunks › keys', () => {
  async function answeredOn(dtmf: Trunk['dtmf']) {
    const world = makeWorld([trunkAt('a', at('10.0.0.1'), { dtmf })]);
    const dialling = world.dial();
    await world.clock.drain();
    world.agent.call.answer();
    const leg = await dialling;
    assert.ok(!(leg instanceof DialFailure));
    world.journal.length = 0;
    return { world, leg };
  }

  for (const [dtmf, expected] of [
    ['rfc4733', ['digits 1#,2 as agreed, commas of 750 ms']],
    ['inband', ['digits 1#,2 as tones, commas of 750 ms']],
    ['info', ['INFO Signal=1 Duration=100', 'INFO Signal=# Duration=100', 'INFO Signal=2 Duration=100']],
  ] as const) {
    it(`are sent as ${dtmf}`, async () => {
      const { world, leg } = await answeredOn(dtmf);
      const beganMs = world.clock.now();
      await world.clock.settle(leg.sendDigits('1#,2'));
      assert.deepEqual(world.journal, expected);
      if (dtmf === 'info') assert.equal(world.clock.now() - beganMs, 3 * 200 + 750, 'the comma is a pause');
      await leg.close();
    });
  }

  it('that the far end refuses in INFO are told', async () => {
    const { world, leg } = await answeredOn('info');
    world.agent.call.dialog.infoStatus = 415;
    await assert.rejects(world.clock.settle(leg.sendDigits('1')), /415.*dtmf/);
    await assert.rejects(leg.sendDigits('1x'), RangeError);
    await leg.close();
  });
});

describe('trunks › health', () => {
  it('an address that answers no probe is passed over, and comes back by itself', async () => {
    const world = makeWorld([
      trunkAt('a', at('10.0.0.1'), { probeEveryMs: 30_000 }),
      trunkAt('b', at('10.0.0.2'), { priority: 2 }),
    ]);
    const standing = () => world.trunks.status.map(({ health }) => health.standing);
    await world.clock.advance(30_000);
    assert.deepEqual(standing(), ['side-lined', 'in service']);
    assert.equal(world.log.lines.at(-1)?.trunk, 'a');
    await dialAnswering(world, [486]);
    assert.equal(world.agent.call.request.target.host, '10.0.0.2');
    world.agent.answersProbes.add('10.0.0.1');
    await world.clock.advance(30_000);
    assert.deepEqual(standing(), ['in service', 'in service']);
    await dialAnswering(world, [486]);
    assert.equal(world.agent.call.request.target.host, '10.0.0.1');
    await world.trunks.close();
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('calls that a trunk fails to carry side-line it; refusals of the called side do not', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1')), trunkAt('b', at('10.0.0.2'), { priority: 2 })]);
    for (let call = 0; call < 5; call += 1) await dialAnswering(world, [486]);
    assert.equal(world.trunks.status[0]?.health.standing, 'in service');
    for (let call = 0; call < 5; call += 1) await dialAnswering(world, [500]);
    assert.deepEqual(
      [world.trunks.status[0]?.health.standing, world.trunks.status[0]?.health.because],
      ['side-lined', 'failing'],
    );
    await dialAnswering(world, [486]);
    assert.equal(world.agent.call.request.target.host, '10.0.0.2');
    await world.clock.advance(30_000);
    await dialAnswering(world, [486]);
    assert.equal(world.agent.call.request.target.host, '10.0.0.1');
    assert.equal(world.trunks.status[0]?.health.standing, 'in service');
  });

  it('the log says which trunk did not carry a call, and why, also where the next one did', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1')), trunkAt('b', at('10.0.0.2'), { priority: 2 })]);
    for (let call = 0; call < 5; call += 1) await dialAnswering(world, [503, 486]);
    const [first] = world.log.lines;
    const why = 'a 10.0.0.1:5060: the INVITE was answered with 503 Service Unavailable';
    assert.deepEqual(
      [first?.level, first?.trunk, first?.msg],
      [levels.warn, 'a', `the trunk did not carry a call: ${why}`],
    );
    assert.deepEqual(
      world.log.lines.slice(-1).map(({ standing, because, why: last }) => [standing, because, last]),
      [['side-lined', 'failing', why]],
    );
  });

  it('the log says why nobody answers probes', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1'), { probeEveryMs: 30_000 })]);
    await world.clock.advance(30_000);
    assert.match(
      String(world.log.lines.at(-1)?.why),
      /^a 10\.0\.0\.1:5060: no answer to OPTIONS within 5 s$/,
    );
    await world.trunks.close();
  });

  for (const status of [401, 403, 407, 500, 504, 599]) {
    it(`${status} is a call that the trunk failed to carry`, async () => {
      const world = makeWorld([trunkAt('a', at('10.0.0.1'))]);
      for (let call = 0; call < 5; call += 1) await dialAnswering(world, [status]);
      assert.equal(world.trunks.status[0]?.health.standing, 'side-lined');
    });
  }

  for (const status of [404, 415, 480, 501, 600, 603]) {
    it(`${status} says nothing against the trunk`, async () => {
      const world = makeWorld([trunkAt('a', at('10.0.0.1'))]);
      for (let call = 0; call < 9; call += 1) await dialAnswering(world, [status]);
      assert.equal(world.trunks.status[0]?.health.standing, 'in service');
    });
  }

  it('a side-lined trunk still takes the call that no other can', async () => {
    const world = makeWorld([trunkAt('a', at('10.0.0.1'))]);
    for (let call = 0; call < 6; call += 1) await dialAnswering(world, [500]);
    assert.equal(world.agent.calls.length, 6);
  });

  it('a name that DNS does not know counts against its trunk, and the next is tried', async () => {
    const world = makeWorld([
      trunkOf({ name: 'a', domain: 'a.example', servers: [{ host: 'a.example' }] }),
      trunkAt('b', at('10.0.0.2'), { priority: 2 }),
    ]);
    await dialAnswering(world, [486]);
    assert.deepEqual(world.invites(), ['10.0.0.2 sip:+12065550100@carrier.example;user=phone']);
    const alone = makeWorld([trunkOf({ name: 'a', domain: 'a.example', servers: [{ host: 'a.example' }] })]);
    const { failure } = failureOf(await alone.dial());
    assert.equal(failure.kind, 'transport');
    assert.match(JSON.stringify(failure), /a\.example/);
  });
});

async function targetsOf(asked: RegistrationRequest | undefined): Promise<string[]> {
  assert.ok(typeof asked?.target === 'function');
  return (await asked.target()).map(({ host }) => host);
}

describe('trunks › registration', () => {
  it('is kept where the trunk wants it, and taken back at the end', async () => {
    const world = makeWorld([
      trunkAt('a', at('10.0.0.1'), {
        credentials: { username: 'u', password: 'p' },
        registration: { addressOfRecord: 'sip:u@carrier.example', expiresSeconds: 600 },
      }),
    ]);
    await world.clock.drain();
    const [asked] = world.agent.registrations;
    assert.deepEqual(
      { registrar: asked?.registrar, expiresSeconds: asked?.expiresSeconds, targets: await targetsOf(asked) },
      { registrar: 'sip:carrier.example', expiresSeconds: 600, targets: ['10.0.0.1'] },
    );
    assert.equal(world.trunks.status[0]?.registration, 'registering');
    await world.trunks.close();
    assert.deepEqual(world.journal, ['unregister sip:u@carrier.example']);
  });

  it('holds up the end for four seconds at most, where the registrar is silent', async () => {
    const world = makeWorld([
      trunkAt('a', at('10.0.0.1'), {
        registration: { addressOfRecord: 'sip:u@carrier.example', expiresSeconds: 600 },
      }),
    ]);
    world.agent.registrarAnswers = false;
    const fromMs = world.clock.now();
    await world.clock.settle(world.trunks.close());
    assert.equal(world.clock.now() - fromMs, 4_000);
  });

  it('is tried at all addresses of the trunk, those last that failed of late, and those not that ask to be left alone', async () => {
    const world = makeWorld([
      trunkOf({
        name: 'a',
        domain: 'carrier.example',
        servers: [at('10.0.0.1'), at('10.0.0.2')],
        registration: { addressOfRecord: 'sip:u@carrier.example', expiresSeconds: 600 },
      }),
    ]);
    const [asked] = world.agent.registrations;
    assert.deepEqual(await targetsOf(asked), ['10.0.0.1', '10.0.0.2']);
    asked?.onTargetFailed?.(at('10.0.0.1'), undefined);
    assert.deepEqual(await targetsOf(asked), ['10.0.0.2', '10.0.0.1']);
    await world.clock.advance(30_000);
    assert.deepEqual(await targetsOf(asked), ['10.0.0.1', '10.0.0.2']);
    asked?.onTargetFailed?.(at('10.0.0.1'), sipResponse(503, [['Retry-After', '120']]));
    assert.deepEqual(await targetsOf(asked), ['10.0.0.2']);
    asked?.onTargetFailed?.(at('10.0.0.2'), sipResponse(503, [['Retry-After', '60']]));
    assert.equal((await targetsOf(asked)).length, 2, 'rather than nobody');
    await world.trunks.close();
  });
});
