// Which addresses of trunks may speak to us, and which may be called now, on virtual time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { trunkAt } from '../test-support/fake-trunks.ts';
import { type Trunk, trunkOf } from './trunk.ts';
import { TrunkServers } from './trunk-servers.ts';

const absent = async () => ({ records: [], ttlSeconds: 60 });
const at = (host: string) => ({ host, port: 5060, transport: 'udp' }) as const;
const hourMs = 3_600_000;

function makeWorld() {
  const clock = new VirtualClock({ startMs: 0 });
  const [first, second] = [trunkAt('first', at('192.0.2.1')), trunkAt('second', at('192.0.2.2'))];
  const servers = new TrunkServers({
    trunks: [first, { ...second, acceptFrom: ['198.51.100.0/24', '2001:db8::/32'] }],
    resolver: { naptr: absent, srv: absent, addresses: absent },
    clock,
    random: () => 0,
  });
  return { clock, servers, first };
}

describe('trunk servers', () => {
  it('let an address speak that a trunk was found at, for six hours after it was last told', async () => {
    const { clock, servers, first } = makeWorld();
    assert.equal(servers.acceptsFrom(at('192.0.2.1')), false);
    await servers.locate(first);
    await clock.advance(4 * hourMs);
    await servers.locate(first);
    await clock.advance(6 * hourMs - 1);
    assert.equal(servers.acceptsFrom(at('192.0.2.1')), true);
    await clock.advance(1);
    assert.equal(servers.acceptsFrom(at('192.0.2.1')), false);
  });

  it('let the configured networks speak, and nobody else', () => {
    const { servers } = makeWorld();
    const spoken = ['198.51.100.7', '2001:db8::7', '198.51.101.7', '2001:db9::7', 'carrier.example'];
    assert.deepEqual(
      spoken.map((host) => servers.acceptsFrom(at(host))),
      [true, true, false, false, false],
    );
  });

  it('put an address that was not reached behind the others, until it answers or half a minute is over', async () => {
    const { clock, servers } = makeWorld();
    const all = [at('192.0.2.1'), at('192.0.2.2')];
    const order = () => servers.usable(all).map(({ host }) => host);
    servers.failed(at('192.0.2.1'), { kind: 'transport', code: 'refused' });
    assert.deepEqual(order(), ['192.0.2.2', '192.0.2.1']);
    await clock.advance(30_000);
    assert.deepEqual(order(), ['192.0.2.1', '192.0.2.2']);
    servers.failed(at('192.0.2.1'), { kind: 'transport', code: 'timeout' });
    servers.answered(at('192.0.2.1'));
    assert.deepEqual(order(), ['192.0.2.1', '192.0.2.2']);
  });

  it('leave out an address that asked for it, even if it answers, and tell when the first of those asked about is back', async () => {
    const { clock, servers } = makeWorld();
    const busy = (host: string, retryAfterMs: number) =>
      servers.failed(at(host), { kind: 'response', status: 503, retryAfterMs });
    busy('192.0.2.1', 90_000);
    busy('192.0.2.2', 60_000);
    busy('192.0.2.3', 10_000);
    servers.answered(at('192.0.2.1'));
    const both = [at('192.0.2.1'), at('192.0.2.2')];
    assert.deepEqual(servers.usable(both), []);
    assert.equal(servers.restsUntil(both), 60_000);
    await clock.advance(60_000);
    assert.deepEqual(servers.usable(both), [at('192.0.2.2')]);
    assert.equal(servers.restsUntil(both), undefined);
  });

  it('prove by the trunk’s own settings also where only the name, or who named the address, leads to it', async () => {
    const secure = { host: '192.0.2.1', port: 5061, transport: 'tls' } as const;
    const tls = { ca: 'the carrier’s own' };
    const byAddress = trunkAt('by address', secure, { tls });
    const byName = trunkAt('by name', secure, { tls: { ca: 'another' }, tlsServerName: 'carrier.example' });
    const servers = new TrunkServers({
      trunks: [byAddress, byName],
      resolver: { naptr: absent, srv: absent, addresses: absent },
      clock: new VirtualClock({ startMs: 0 }),
      random: () => 0,
    });
    for (const trunk of [byAddress, byName]) await servers.locate(trunk);
    assert.equal(servers.tlsFor(secure).ca, tls.ca);
    // A request of a call whose connection was lost: the peer proved its address.
    assert.equal(servers.tlsFor({ ...secure, tlsName: '192.0.2.1' }).ca, tls.ca);
    assert.equal(servers.tlsFor({ ...secure, tlsName: 'carrier.example' }).ca, 'another');
    // As its Contact may say: another port, or another server of the same carrier.
    assert.equal(servers.tlsFor({ ...secure, port: 5099, tlsName: 'carrier.example' }).ca, 'another');
    const sibling = { ...secure, host: 'sbc2.carrier.example' };
    assert.equal(servers.tlsFor({ ...sibling, namedBy: 'carrier.example' }).ca, 'another');
    assert.equal(servers.tlsFor({ ...sibling, namedBy: '192.0.2.1' }).ca, tls.ca);
    assert.deepEqual(servers.tlsFor(sibling), {});
  });

  it('leave out addresses of a family that UDP cannot reach from here, unless there are no others', async () => {
    const host = 'both.example';
    const both = trunkOf({ name: 'both', domain: host, servers: [{ host, port: 5060, transport: 'udp' }] });
    const overTcp = trunkOf({ name: 'tcp', domain: host, servers: [{ host, port: 5060, transport: 'tcp' }] });
    const found = async (trunk: Trunk, v4: string[]) => {
      const servers = new TrunkServers({
        trunks: [trunk],
        resolver: {
          naptr: absent,
          srv: absent,
          addresses: async (_, family) => ({ records: family === 4 ? v4 : ['2001:db8::1'], ttlSeconds: 60 }),
        },
        clock: new VirtualClock({ startMs: 0 }),
        random: () => 0,
        udpFamilies: [4],
      });
      return (await servers.locate(trunk)).map((target) => target.host);
    };
    assert.deepEqual(await found(both, ['192.0.2.1']), ['192.0.2.1']);
    assert.deepEqual(await found(overTcp, ['192.0.2.1']), ['192.0.2.1', '2001:db8::1']);
    assert.deepEqual(await found(both, []), ['2001:db8::1'], 'the failure of the call will say why');
  });
});
