// Locating servers (RFC 3263) against a scripted zone: which questions are asked, which targets come out, in which order.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom, VirtualClock } from '@ringback/testkit';
import { SipHeaders } from '../message/headers.ts';
import { endpointText, type SipEndpoint } from '../transport/sip-endpoint.ts';
import { cachedResolver } from './dns-cache.ts';
import { type DnsResolver, LookupFailed, type NaptrRecord, type SrvRecord } from './dns-resolver.ts';
import { type LocateOptions, locateServer, type ServerName, ServerNotFound } from './locate-server.ts';
import { orderSrv } from './order-records.ts';
import {
  afterFailure,
  afterSuccess,
  NO_STANDING,
  retryAfterMs,
  type TargetFailure,
  usableTargets,
} from './target-standing.ts';

interface Zone {
  naptr?: Record<string, NaptrRecord[]>;
  srv?: Record<string, SrvRecord[]>;
  a?: Record<string, string[]>;
  aaaa?: Record<string, string[]>;
}

function scripted(zone: Zone, ttlSeconds = 60) {
  const asked: string[] = [];
  let isDown = false;
  const find = async <Found>(kind: string, name: string, records: Record<string, Found[]> | undefined) => {
    asked.push(`${kind} ${name}`);
    if (isDown) throw new LookupFailed(name, 'ETIMEOUT');
    return { records: records?.[name] ?? [], ttlSeconds };
  };
  const resolver: DnsResolver = {
    naptr: (name) => find('NAPTR', name, zone.naptr),
    srv: (name) => find('SRV', name, zone.srv),
    addresses: (name, family) => (family === 4 ? find('A', name, zone.a) : find('AAAA', name, zone.aaaa)),
  };
  return {
    resolver,
    asked,
    goDown: () => {
      isDown = true;
    },
  };
}

const naptr = (order: number, preference: number, service: string, replacement: string): NaptrRecord => ({
  order,
  preference,
  flags: 's',
  service,
  replacement,
});
const srv = (priority: number, weight: number, port: number, target: string): SrvRecord => ({
  priority,
  weight,
  port,
  target,
});

async function locate(server: ServerName, zone: Zone, options: Partial<LocateOptions> = {}) {
  const { resolver, asked } = scripted(zone);
  const targets = await locateServer(server, { resolver, random: () => 0, ...options });
  return { targets: targets.map(textOf), asked };
}

function textOf(target: SipEndpoint): string {
  return endpointText(target) + (target.tlsName === undefined ? '' : ` as ${target.tlsName}`);
}

describe('locating servers', () => {
  const ZONE: Zone = {
    naptr: {
      'carrier.example': [
        naptr(60, 50, 'SIP+D2U', '_sip._udp.carrier.example'),
        naptr(50, 50, 'SIPS+D2T', '_sips._tcp.carrier.example'),
        naptr(50, 60, 'SIP+D2T', '_sip._tcp.carrier.example'),
        naptr(1, 1, 'E2U+sip', 'other.example'),
      ],
    },
    srv: {
      '_sips._tcp.carrier.example': [srv(1, 0, 5061, 'one.carrier.example')],
      '_sip._tcp.carrier.example': [
        srv(2, 0, 5060, 'two.carrier.example'),
        srv(1, 0, 5080, 'one.carrier.example'),
      ],
      '_sip._udp.carrier.example': [srv(1, 0, 5060, 'one.carrier.example')],
    },
    a: { 'one.carrier.example': ['192.0.2.1'], 'two.carrier.example': ['192.0.2.2'] },
    aaaa: { 'one.carrier.example': ['2001:db8::1'] },
  };

  test('NAPTR, then SRV, then addresses: by order, preference, priority and family', async () => {
    const { targets } = await locate({ host: 'carrier.example' }, ZONE);
    assert.deepEqual(targets, [
      'tls 192.0.2.1:5061 as carrier.example',
      'tls [2001:db8::1]:5061 as carrier.example',
      'tcp 192.0.2.1:5080',
      'tcp [2001:db8::1]:5080',
      'tcp 192.0.2.2:5060',
      'udp 192.0.2.1:5060',
      'udp [2001:db8::1]:5060',
    ]);
  });

  test('transports and families that we do not speak are left out', async () => {
    const { targets } = await locate({ host: 'carrier.example' }, ZONE, {
      transports: ['udp'],
      families: [6],
    });
    assert.deepEqual(targets, ['udp [2001:db8::1]:5060']);
  });

  test('sips takes TLS only', async () => {
    const { targets } = await locate({ host: 'carrier.example', scheme: 'sips' }, ZONE);
    assert.deepEqual(targets, [
      'tls 192.0.2.1:5061 as carrier.example',
      'tls [2001:db8::1]:5061 as carrier.example',
    ]);
  });

  const cases: ReadonlyArray<
    readonly [name: string, server: ServerName, zone: Zone, asked: string[], targets: string[]]
  > = [
    ['an address needs no DNS', { host: '192.0.2.7' }, {}, [], ['udp 192.0.2.7:5060']],
    ['an IPv6 address', { host: '2001:db8::7', transport: 'tls' }, {}, [], ['tls [2001:db8::7]:5061']],
    [
      'a port leaves only addresses to ask for',
      { host: 'one.carrier.example', port: 5070, transport: 'tcp' },
      ZONE,
      ['A one.carrier.example', 'AAAA one.carrier.example'],
      ['tcp 192.0.2.1:5070', 'tcp [2001:db8::1]:5070'],
    ],
    [
      'a transport leaves NAPTR out',
      { host: 'carrier.example', transport: 'udp' },
      ZONE,
      ['SRV _sip._udp.carrier.example', 'A one.carrier.example', 'AAAA one.carrier.example'],
      ['udp 192.0.2.1:5060', 'udp [2001:db8::1]:5060'],
    ],
    [
      'without NAPTR every transport is asked for by SRV',
      { host: 'plain.example' },
      {
        srv: { '_sip._tcp.plain.example': [srv(1, 1, 5065, 'p.example')] },
        a: { 'p.example': ['192.0.2.9'] },
      },
      [
        'NAPTR plain.example',
        'SRV _sip._udp.plain.example',
        'SRV _sip._tcp.plain.example',
        'A p.example',
        'AAAA p.example',
        'SRV _sips._tcp.plain.example',
      ],
      ['tcp 192.0.2.9:5065'],
    ],
    [
      'without SRV the name itself is the server',
      { host: 'bare.example', transport: 'tls' },
      { a: { 'bare.example': ['192.0.2.3'] } },
      ['SRV _sips._tcp.bare.example', 'A bare.example', 'AAAA bare.example'],
      ['tls 192.0.2.3:5061 as bare.example'],
    ],
  ];
  for (const [name, server, zone, asked, targets] of cases) {
    test(name, async () => assert.deepEqual(await locate(server, zone), { targets, asked }));
  }

  test('a name without any address is a typed failure that says what was asked', async () => {
    await assert.rejects(locate({ host: 'nowhere.example', transport: 'udp' }, {}), (error) => {
      assert.ok(error instanceof ServerNotFound);
      assert.match(error.message, /SRV _sip\._udp\.nowhere\.example, A nowhere\.example/);
      return true;
    });
  });

  test('a service that is decidedly not offered is not looked for elsewhere', async () => {
    const zone: Zone = {
      srv: { '_sip._udp.no.example': [srv(0, 0, 0, '.')] },
      a: { 'no.example': ['192.0.2.5'] },
    };
    await assert.rejects(locate({ host: 'no.example', transport: 'udp' }, zone), ServerNotFound);
  });

  test('a hostile zone gives a bounded list', async () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    const { targets } = await locate({ host: 'big.example', port: 5060 }, { a: { 'big.example': many } });
    assert.equal(targets.length, 32);
  });
});

describe('SRV order', () => {
  test('within a priority a record comes first in proportion to its weight', () => {
    const random = seededRandom(7);
    const records = [srv(1, 10, 1, 'a'), srv(1, 30, 1, 'b'), srv(1, 60, 1, 'c'), srv(0, 0, 1, 'first')];
    const firsts: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (let round = 0; round < 10_000; round++) {
      const [first, second, ...rest] = orderSrv(records, random);
      assert.equal(first?.target, 'first');
      assert.equal(rest.length, 2);
      firsts[second?.target ?? ''] = (firsts[second?.target ?? ''] ?? 0) + 1;
    }
    const { a = 0, b = 0, c = 0 } = firsts;
    assert.ok(a > 800 && a < 1_200, `a ${a}`);
    assert.ok(b > 2_800 && b < 3_200, `b ${b}`);
    assert.ok(c > 5_700 && c < 6_300, `c ${c}`);
  });

  test('records of weight 0 are seldom first, but come', () => {
    assert.deepEqual(
      orderSrv([srv(1, 5, 1, 'a'), srv(1, 0, 1, 'z')], () => 0).map(({ target }) => target),
      ['z', 'a'],
    );
    assert.deepEqual(
      orderSrv([srv(1, 5, 1, 'a'), srv(1, 0, 1, 'z')], () => 0.99).map(({ target }) => target),
      ['a', 'z'],
    );
  });
});

describe('DNS cache', () => {
  const zone: Zone = { a: { 'one.example': ['192.0.2.1'] } };

  test('an answer is kept for its life, and asked for again after it', async () => {
    const clock = new VirtualClock({ startMs: 0 });
    const { resolver, asked } = scripted(zone, 30);
    const cached = cachedResolver(resolver, clock);
    await cached.addresses('one.example', 4);
    await clock.advance(29_999);
    await cached.addresses('ONE.example', 4);
    assert.equal(asked.length, 1);
    await clock.advance(1);
    await cached.addresses('one.example', 4);
    assert.equal(asked.length, 2);
  });

  test('absence is remembered too; families and kinds are told apart', async () => {
    const { resolver, asked } = scripted(zone);
    const cached = cachedResolver(resolver, new VirtualClock({ startMs: 0 }));
    for (let round = 0; round < 2; round++) {
      assert.equal((await cached.addresses('one.example', 6)).records.length, 0);
      assert.equal((await cached.addresses('one.example', 4)).records.length, 1);
      assert.equal((await cached.srv('one.example')).records.length, 0);
    }
    assert.equal(asked.length, 3);
  });

  test('many who ask at once cost one question', async () => {
    const { resolver, asked } = scripted(zone);
    const cached = cachedResolver(resolver, new VirtualClock({ startMs: 0 }));
    await Promise.all(Array.from({ length: 100 }, () => cached.addresses('one.example', 4)));
    assert.equal(asked.length, 1);
  });

  test('while no name server answers, an old answer serves for an hour', async () => {
    const clock = new VirtualClock({ startMs: 0 });
    const { resolver, goDown } = scripted(zone, 30);
    const cached = cachedResolver(resolver, clock);
    await cached.addresses('one.example', 4);
    goDown();
    await clock.advance(3_000_000);
    assert.deepEqual((await cached.addresses('one.example', 4)).records, ['192.0.2.1']);
    await clock.advance(1_000_000);
    await assert.rejects(cached.addresses('one.example', 4), LookupFailed);
  });

  test('while name servers are silent, an old answer serves after half a second, and then at once for half a minute', async () => {
    const clock = new VirtualClock({ startMs: 0 });
    let asked = 0;
    let answer = Promise.resolve({ records: ['192.0.2.1'], ttlSeconds: 30 });
    const absent = async () => ({ records: [], ttlSeconds: 30 });
    const addresses = () => {
      asked++;
      return answer;
    };
    const cached = cachedResolver({ naptr: absent, srv: absent, addresses }, clock);
    const ask = async () => (await cached.addresses('one.example', 4)).records;
    await ask();
    await clock.advance(30_000);
    const late = Promise.withResolvers<{ records: string[]; ttlSeconds: number }>();
    answer = late.promise;
    assert.deepEqual(await clock.settle(ask()), ['192.0.2.1']);
    assert.equal(clock.now(), 30_500);
    await clock.advance(29_999);
    assert.deepEqual(await ask(), ['192.0.2.1']);
    assert.equal(clock.now(), 60_499, 'nobody waits again');
    late.resolve({ records: ['192.0.2.2'], ttlSeconds: 30 });
    await clock.drain();
    assert.deepEqual(await ask(), ['192.0.2.2'], 'what comes late counts');
    assert.equal(asked, 2);
    assert.equal(clock.pendingTimers, 0);
  });

  test('a look-up that failed is not tried again for each who asks', async () => {
    const clock = new VirtualClock({ startMs: 0 });
    const { resolver, asked, goDown } = scripted(zone, 30);
    const cached = cachedResolver(resolver, clock);
    await cached.addresses('one.example', 4);
    goDown();
    await clock.advance(30_000);
    for (let round = 0; round < 3; round++) await cached.addresses('one.example', 4);
    assert.equal(asked.length, 2);
    await clock.advance(30_000);
    await cached.addresses('one.example', 4);
    assert.equal(asked.length, 3);
  });

  test('it does not grow without end', async () => {
    const { resolver, asked } = scripted({});
    const cached = cachedResolver(resolver, new VirtualClock({ startMs: 0 }));
    for (let index = 0; index < 1_500; index++) await cached.srv(`${index}.example`);
    await cached.srv('1499.example');
    assert.equal(asked.length, 1_500);
    await cached.srv('0.example');
    assert.equal(asked.length, 1_501);
  });
});

describe('standing of targets', () => {
  const one: SipEndpoint = { host: '192.0.2.1', port: 5060, transport: 'udp' };
  const two: SipEndpoint = { host: '192.0.2.2', port: 5060, transport: 'udp' };
  const failures: ReadonlyArray<readonly [name: string, failure: TargetFailure, leftAloneMs: number]> = [
    ['503 with Retry-After', { kind: 'response', status: 503, retryAfterMs: 120_000 }, 120_000],
    ['503 with Retry-After of a year', { kind: 'response', status: 503, retryAfterMs: 3e10 }, 3_600_000],
    ['503 without', { kind: 'response', status: 503, retryAfterMs: undefined }, 0],
    ['486 with Retry-After', { kind: 'response', status: 486, retryAfterMs: 60_000 }, 0],
    ['a refused connection', { kind: 'transport', code: 'refused' }, 30_000],
    ['a certificate of somebody else', { kind: 'transport', code: 'tls' }, 30_000],
    ['our own closing', { kind: 'transport', code: 'closed' }, 0],
  ];
  for (const [name, failure, leftAloneMs] of failures) {
    test(`${name}: left alone for ${leftAloneMs} ms`, () => {
      const standing = afterFailure(NO_STANDING, one, failure, 1_000);
      if (leftAloneMs > 0) {
        assert.deepEqual(usableTargets(standing, [one, two], 1_000 + leftAloneMs - 1), [two]);
      }
      assert.deepEqual(usableTargets(standing, [one, two], 1_000 + leftAloneMs), [one, two]);
    });
  }

  test('a later, shorter bar does not lift a longer one; an answer does', () => {
    const long = afterFailure(NO_STANDING, one, { kind: 'response', status: 503, retryAfterMs: 600_000 }, 0);
    const both = afterFailure(long, one, { kind: 'transport', code: 'refused' }, 0);
    assert.deepEqual(usableTargets(both, [one], 599_999), []);
    assert.deepEqual(usableTargets(afterSuccess(both, one), [one], 1), [one]);
    assert.deepEqual(usableTargets(long, [one], 1), [], 'the old state is untouched');
  });

  test('targets whose time is over are forgotten', () => {
    const first = afterFailure(NO_STANDING, one, { kind: 'transport', code: 'refused' }, 0);
    const second = afterFailure(first, two, { kind: 'transport', code: 'refused' }, 100_000);
    assert.deepEqual([...second.keys()], ['udp 192.0.2.2:5060']);
  });

  test('Retry-After in its forms', () => {
    const read = (value: string) => retryAfterMs(SipHeaders.of([['Retry-After', value]]));
    assert.equal(read('120'), 120_000);
    assert.equal(read('18000;duration=3600'), 18_000_000);
    assert.equal(read('60 (I am in a meeting)'), 60_000);
    assert.equal(read('949302838503028349304023988'), undefined);
    assert.equal(read('soon'), undefined);
    assert.equal(retryAfterMs(SipHeaders.of([])), undefined);
  });
});
