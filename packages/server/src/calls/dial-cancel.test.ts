// The moment of the CANCEL on the wire: dialling through the real SIP user agent, on a network in memory and virtual
// time, towards a phone that only rings.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openUserAgent, parseMessage, type SipRequest, type UserAgent } from '@ringback/sip';
import { InMemoryNetwork, seededHex, VirtualClock } from '@ringback/testkit';
import type { PhoneNumber } from '../ids.ts';
import { FakeMediaEngine } from '../test-support/fake-telephony.ts';
import { openTestTrunks, trunkAt } from '../test-support/fake-trunks.ts';
import { sampleTenant } from '../test-support/sample-contact.ts';
import { dial } from './dial.ts';
import { DialFailure } from './dial-failure.ts';

const ourHost = '10.0.0.1';
const phoneHost = '10.0.0.2';
/** Of every datagram, ms. */
const delayMs = 20;

describe('dial › the CANCEL on the wire', () => {
  for (const seconds of [15, 60]) {
    it(`leaves exactly ${seconds} s after the INVITE where nobody answers for so long`, async () => {
      const world = await makeWorld();
      const failure = world.dial(seconds * 1000);
      await world.clock.advance(seconds * 1000 - 1);
      assert.deepEqual(world.sent('CANCEL'), []);
      await world.clock.advance(1);
      assert.deepEqual(world.sent('INVITE'), [0]);
      assert.deepEqual(world.sent('CANCEL'), [seconds * 1000]);

      await world.clock.advance(10 * delayMs);
      const { verdict } = await failure;
      assert.equal(verdict.disconnectReason, 'TELECOM_TIMEOUT');
      assert.equal(world.sent('ACK').length, 1, 'the 487 is acknowledged');
      assert.equal(world.sent('CANCEL').length, 1, 'an answered CANCEL is not repeated');
      await world.close();
    });
  }

  it('leaves at the very moment when the contact is stopped', async () => {
    const world = await makeWorld();
    const failure = world.dial(60_000);
    await world.clock.advance(7_321);
    assert.deepEqual(world.sent('CANCEL'), []);
    world.stop.abort();
    await world.clock.advance(0);
    assert.deepEqual(world.sent('CANCEL'), [7_321]);

    await world.clock.advance(10 * delayMs);
    assert.equal((await failure).verdict.disconnectReason, 'TELECOM_ORIGINATOR_CANCEL');
    await world.close();
  });

  it('is answered within four seconds, or the dialling ends without; whoever picks up later is hung up on', async () => {
    const world = await makeWorld({ heedsCancel: false });
    const failure = world.dial(15_000);
    await world.clock.advance(18_999);
    assert.equal(await Promise.race([failure, 'still waiting']), 'still waiting');
    await world.clock.advance(1);
    assert.equal((await failure).verdict.disconnectReason, 'TELECOM_TIMEOUT');
    assert.ok(world.sent('CANCEL').length > 1, 'an unanswered CANCEL is repeated');
    world.pickUp();
    await world.clock.advance(2 * delayMs);
    assert.deepEqual([world.sent('ACK').length, world.sent('BYE').length], [1, 1]);
    await world.close();
  });

  it('waits for a provisional response, and follows one that comes late', async () => {
    const world = await makeWorld({ ringsAfterMs: 15_500 });
    const failure = world.dial(15_000);
    await world.clock.advance(15_000);
    assert.equal((await failure).verdict.disconnectReason, 'TELECOM_TIMEOUT');
    await world.clock.advance(delayMs + 500 + delayMs - 1);
    assert.deepEqual(world.sent('CANCEL'), [], 'RFC 3261 §9.1');
    await world.clock.advance(1);
    assert.deepEqual(world.sent('CANCEL'), [15_500 + 2 * delayMs]);
    await world.close();
  });
});

interface World {
  readonly clock: VirtualClock;
  readonly stop: AbortController;
  /** When requests of that method left for the phone, ms after the start; copies that a timer sent are among them. */
  sent(method: string): readonly number[];
  dial(ringTimeoutMs: number): Promise<DialFailure>;
  pickUp(): void;
  close(): Promise<void>;
}

/** A phone that rings at once, or later, until it is cancelled. */
async function makeWorld({ ringsAfterMs = 0, heedsCancel = true } = {}): Promise<World> {
  const clock = new VirtualClock({ startMs: 0 });
  const network = new InMemoryNetwork({ clock, conditions: { delayMs } });
  let invite: SipRequest | undefined;
  const phone = await network.bind({
    host: phoneHost,
    port: 5060,
    onDatagram(data) {
      const message = parseMessage(data);
      if (message.kind !== 'request') return;
      if (message.method === 'INVITE' && !invite) {
        invite = message;
        clock.setTimeout(() => reply(message, 180), ringsAfterMs);
      }
      if (message.method === 'CANCEL' && invite && heedsCancel) {
        reply(message, 200);
        reply(invite, 487);
      }
    },
    onError(error) {
      throw error;
    },
  });
  const reply = (request: SipRequest, status: number): void =>
    phone.send(responseTo(request, status), { host: ourHost, port: 5060 });
  const userAgent: UserAgent = await openUserAgent({
    host: ourHost,
    port: 5060,
    clock,
    network,
    randomHex: seededHex(1),
    onFault: (fault) => assert.fail(JSON.stringify(fault)),
  });
  const stop = new AbortController();
  return {
    clock,
    stop,
    pickUp: () => invite && reply(invite, 200),
    sent: (method) =>
      network.log
        .filter((entry) => entry.from.host === ourHost && entry.text().startsWith(`${method} `))
        .map((entry) => entry.atMs),
    dial: (ringTimeoutMs) =>
      dial(
        {
          destination: '+12065550121' as PhoneNumber,
          source: '+12065550199' as PhoneNumber,
          callerIdName: undefined,
          ringTimeoutMs,
          account: sampleTenant,
          dialByMs: clock.now() + 30_000,
        },
        { commitAttempt: () => Promise.resolve() },
        {
          userAgent,
          media: new FakeMediaEngine(clock, []),
          trunks: openTestTrunks(userAgent, clock, [
            trunkAt('phone', { host: phoneHost, port: 5060, transport: 'udp' }),
          ]),
          clock,
          newCallId: () => 'call-1',
        },
        stop.signal,
      ).then(
        () => assert.fail('it was answered'),
        (error: unknown) => {
          assert.ok(error instanceof DialFailure, String(error));
          return error;
        },
      ),
    async close() {
      const closed = userAgent.close();
      await clock.advance(64_000);
      await closed;
      await phone.close();
    },
  };
}

function responseTo(request: SipRequest, status: number): Uint8Array {
  const line = (name: string): string => `${name}: ${request.headers.get(name) ?? ''}`;
  return Buffer.from(
    [
      `SIP/2.0 ${status} Whatever`,
      line('Via'),
      line('From'),
      `${line('To')};tag=phone`,
      line('Call-ID'),
      line('CSeq'),
      'Contact: <sip:phone@10.0.0.2:5060>',
      'Content-Length: 0',
      '\r\n',
    ].join('\r\n'),
  );
}
