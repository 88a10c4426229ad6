// Both shells over a stream: nothing is repeated, nothing lingers for copies, and the timeouts stay.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import { createResponse } from '../message/response.ts';
import { foreignRequest } from '../sip-fixture.ts';
import type { SipEndpoint, SipPeer, SipTransport } from '../transport/sip-endpoint.ts';
import { ClientTransaction } from './client-transaction.ts';
import { EqualTimers } from './equal-timers.ts';
import type { LingeringTransaction } from './lingering-transaction.ts';
import { ServerTransaction } from './server-transaction.ts';

function requestOf(method: string): SipRequest {
  const message = parseMessage(Buffer.from(foreignRequest(method, { branch: 'z9hG4bKx' })));
  assert.equal(message.kind, 'request');
  return message as SipRequest;
}

function peer(transport: SipTransport): SipEndpoint {
  return { host: '10.0.0.2', port: 5060, transport };
}

function setUp(fallback?: SipPeer) {
  const clock = new VirtualClock({ startMs: 0 });
  const sent: string[] = [];
  const forgotten: number[] = [];
  const owner = {
    clock,
    lingering: new EqualTimers<LingeringTransaction>(clock, (transaction) => transaction.lingered()),
    unanswered: new EqualTimers<ClientTransaction>(clock, (transaction) => transaction.repeatDue()),
    transport: {
      send: (wire: string) => void sent.push(wire.slice(0, wire.indexOf('\r\n'))),
      wayFor: (_wire: string, destination: SipPeer) => ({ destination, fallback }),
      returnToUdp: () => {},
      hearsFrom: () => true,
    },
    forgetClient: () => void forgotten.push(clock.now()),
    forgetServer: () => void forgotten.push(clock.now()),
    settleServer: () => {},
  };
  return { clock, sent, forgotten, owner };
}

function client(method: string, transport: SipTransport, fallback?: SipPeer) {
  const setup = setUp(fallback);
  const request = requestOf(method);
  let timedOutAtMs: number | undefined;
  const transaction = new ClientTransaction(setup.owner, 'key', request, peer(transport), {
    onResponse: () => {},
    onTimeout: () => {
      timedOutAtMs = setup.clock.now();
    },
    onTransportError: () => {},
  });
  transaction.start();
  const receive = (status: number): void =>
    transaction.receive(createResponse(request, status, { toTag: 't' }) as SipResponse, peer(transport));
  return { ...setup, transaction, receive, timedOutAtMs: () => timedOutAtMs };
}

function server(method: string, transport: SipTransport) {
  const setup = setUp();
  const request = requestOf(method);
  const transaction = new ServerTransaction(
    setup.owner,
    'key',
    undefined,
    method === 'INVITE',
    peer(transport),
  );
  return {
    ...setup,
    transaction,
    respond: (status: number) => transaction.respond(createResponse(request, status)),
  };
}

describe('client transaction › over TCP', () => {
  for (const method of ['INVITE', 'BYE']) {
    test(`sends ${method} once, and still gives up after 32 s`, async () => {
      const { clock, sent, timedOutAtMs, forgotten } = client(method, 'tcp');
      await clock.advance(31_999);
      assert.equal(sent.length, 1);
      assert.equal(timedOutAtMs(), undefined);
      await clock.advance(1);
      assert.equal(timedOutAtMs(), 32_000);
      assert.deepEqual(forgotten, [32_000]);
      assert.equal(clock.pendingTimers, 0);
    });
  }

  test('an answered BYE is forgotten at once, where UDP keeps it for timer K', async () => {
    for (const [transport, forgottenAtMs] of [
      ['tls', 0],
      ['udp', 5_000],
    ] as const) {
      const { clock, receive, forgotten } = client('BYE', transport);
      receive(200);
      await clock.advance(40_000);
      assert.deepEqual(forgotten, [forgottenAtMs], transport);
    }
  });

  test('a refused INVITE is acknowledged and forgotten at once, where UDP keeps it for timer D', async () => {
    for (const [transport, forgottenAtMs] of [
      ['tcp', 0],
      ['udp', 32_000],
    ] as const) {
      const { clock, receive, forgotten, sent } = client('INVITE', transport);
      receive(486);
      await clock.advance(40_000);
      assert.deepEqual(forgotten, [forgottenAtMs], transport);
      assert.match(sent[1] ?? '', /^ACK /);
    }
  });
});

describe('client transaction › of an answered INVITE', () => {
  for (const transport of ['tcp', 'udp'] as const) {
    test(`stays for timer M over ${transport}: another phone of a fork may answer as late (RFC 6026 §7.2)`, async () => {
      const { clock, receive, forgotten } = client('INVITE', transport);
      receive(200);
      await clock.advance(40_000);
      assert.deepEqual(forgotten, [32_000]);
    });
  }
});

describe('client transaction › too large for UDP, and nobody listens on TCP', () => {
  for (const method of ['INVITE', 'BYE']) {
    test(`goes over UDP with its repetitions, and gives ${method} up 32 s after its beginning, once`, async () => {
      const { clock, transaction, sent, timedOutAtMs, forgotten } = client(method, 'tcp', peer('udp'));
      await clock.advance(200);
      transaction.fail(new Error('connection refused'));
      await clock.advance(500);
      assert.equal(sent.length, 3);
      await clock.advance(31_300);
      assert.equal(timedOutAtMs(), 32_000);
      assert.deepEqual(forgotten, [32_000]);
      assert.equal(clock.pendingTimers, 0);
    });
  }
});

describe('server transaction › over TCP', () => {
  test('sends the refusal of an INVITE once, and waits for its ACK until timer H', async () => {
    const { clock, sent, respond, forgotten } = server('INVITE', 'tcp');
    respond(486);
    await clock.advance(31_999);
    assert.equal(sent.length, 1);
    assert.deepEqual(forgotten, []);
    await clock.advance(1);
    assert.deepEqual(forgotten, [32_000]);
  });

  test('forgets an acknowledged refusal and an answered BYE at once, where UDP lingers', async () => {
    for (const [transport, inviteMs, byeMs] of [
      ['tcp', 0, 0],
      ['udp', 5_000, 32_000],
    ] as const) {
      const invite = server('INVITE', transport);
      invite.respond(486);
      invite.transaction.receiveAck(requestOf('ACK'));
      await invite.clock.advance(40_000);
      assert.deepEqual(invite.forgotten, [inviteMs], transport);
      const bye = server('BYE', transport);
      bye.respond(200);
      await bye.clock.advance(40_000);
      assert.deepEqual(bye.forgotten, [byeMs], transport);
    }
  });
});
