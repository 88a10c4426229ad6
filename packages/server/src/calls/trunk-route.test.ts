// The way of one dialling along trunks that are full, resting or nowhere to be found; on virtual time. What calls make of it: trunks.test.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DnsResolver } from '@ringback/sip';
import { VirtualClock } from '@ringback/testkit';
import type { PhoneNumber } from '../ids.ts';
import { type Trunk, trunkOf } from './trunk.ts';
import type { HealthInput } from './trunk-health.ts';
import { TrunkRoom } from './trunk-room.ts';
import { type NoAttempt, openTrunkRoute, type TrunkAttempt } from './trunk-route.ts';
import { TrunkServers } from './trunk-servers.ts';

const waitMs = 30_000;
const number = '+12065550100' as PhoneNumber;
const absent = async () => ({ records: [], ttlSeconds: 60 });

const trunk = (name: string, host: string, more: Partial<Trunk> = {}): Trunk =>
  trunkOf({ name, servers: [{ host }], domain: `${name}.example`, ...more });

/** A route along groups of one trunk each; `others` are trunks that only a redirection leads to. */
function routeAlong(
  along: readonly Trunk[],
  others: readonly Trunk[] = [],
  resolver: DnsResolver = { naptr: absent, srv: absent, addresses: absent },
) {
  const clock = new VirtualClock({ startMs: 0 });
  const trunks = [...along, ...others];
  const room = new TrunkRoom(clock);
  const learnt: string[] = [];
  const route = openTrunkRoute({
    groups: along.map((one) => [one]),
    destination: number,
    trunks,
    servers: new TrunkServers({
      trunks,
      resolver,
      clock,
      random: () => 0,
    }),
    room,
    clock,
    learn: ({ name }, input: HealthInput) => learnt.push(`${name} ${input.kind === 'call' && input.result}`),
  });
  const next = async (): Promise<TrunkAttempt | NoAttempt> => {
    const found = route.next(waitMs, new AbortController().signal);
    await clock.advance(waitMs);
    return await found;
  };
  return { clock, room, route, learnt, next };
}

const nameOf = (found: TrunkAttempt | NoAttempt): string =>
  'trunk' in found ? found.trunk.name : found.kind;

function attemptOf(found: TrunkAttempt | NoAttempt): TrunkAttempt {
  assert.ok('trunk' in found, nameOf(found));
  return found;
}

describe('trunk route', () => {
  it('passes over a trunk that is nowhere to be found, gives its place back, and holds it against it', async () => {
    const gone = trunk('gone', 'gone.example');
    const { room, learnt, next } = routeAlong([gone, trunk('there', '10.0.0.1')]);
    assert.equal(nameOf(await next()), 'there');
    assert.deepEqual(learnt, ['gone failed']);
    assert.equal(room.callsOn(gone), 0);
  });

  it('ends for want of addresses only where no trunk is left, not where one is full', async () => {
    const gone = trunk('gone', 'gone.example');
    const alone = routeAlong([gone]);
    assert.equal(nameOf(await alone.next()), 'unresolvable');
    assert.deepEqual(alone.learnt, ['gone failed'], 'it is asked for once');
    const full = trunk('full', '10.0.0.1');
    const { room, next } = routeAlong([gone, full]);
    room.rest(full, 2 * waitMs);
    assert.equal(nameOf(await next()), 'too late');
  });

  it('goes on along its trunks where a redirection leads to one that asked to be left alone', async () => {
    const resting = trunk('resting', '10.0.0.2');
    const { room, next } = routeAlong([trunk('first', '10.0.0.1'), trunk('last', '10.0.0.3')], [resting]);
    const first = attemptOf(await next());
    room.rest(resting, 2 * waitMs);
    const contacts = [{ uri: `sip:${number}@10.0.0.2`, q: 1 }];
    first.failed({ kind: 'response', status: 302, retryAfterMs: undefined, contacts }, 'redirected');
    assert.equal(nameOf(await next()), 'last');
  });

  it('follows a redirection to the name of a trunk, however its letters are written', async () => {
    const named = trunk('named', 'SBC2.carrier.example', { domain: 'Carrier.example' });
    const resolver = {
      naptr: absent,
      srv: absent,
      addresses: async () => ({ records: ['10.0.0.2'], ttlSeconds: 60 }),
    };
    for (const host of ['sbc2.Carrier.Example', 'carrier.EXAMPLE']) {
      const { next } = routeAlong([trunk('first', '10.0.0.1')], [named], resolver);
      const first = attemptOf(await next());
      const contacts = [{ uri: `sip:${number}@${host}`, q: 1 }];
      first.failed({ kind: 'response', status: 302, retryAfterMs: undefined, contacts }, 'redirected');
      assert.equal(nameOf(await next()), 'named', host);
    }
  });

  describe('while name servers are silent', () => {
    const silent = () => new Promise<never>(() => undefined);
    const nobody: DnsResolver = { naptr: silent, srv: silent, addresses: silent };
    const lost = trunk('lost', 'lost.example');

    it('goes on to the next trunk after five seconds', async () => {
      const { clock, room, route, learnt } = routeAlong([lost, trunk('there', '10.0.0.1')], [], nobody);
      const found = route.next(waitMs, new AbortController().signal);
      assert.equal(nameOf(await clock.settle(found)), 'there');
      assert.equal(clock.now(), 5_000);
      assert.deepEqual(learnt, ['lost failed']);
      assert.equal(room.callsOn(lost), 0);
      assert.equal(clock.pendingTimers, 0);
    });

    it('waits no longer than the call may, nor for one that was given up', async () => {
      const { clock, room, route } = routeAlong([lost], [], nobody);
      assert.equal(nameOf(await clock.settle(route.next(2_000, new AbortController().signal))), 'too late');
      assert.equal(clock.now(), 2_000);
      const givenUp = new AbortController();
      const found = route.next(waitMs, givenUp.signal);
      await clock.drain();
      givenUp.abort();
      assert.equal(nameOf(await found), 'stopped');
      assert.deepEqual([clock.now(), room.callsOn(lost), clock.pendingTimers], [2_000, 0, 0]);
    });
  });
});
