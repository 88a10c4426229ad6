// SIP of one node, opened on loopback: where it listens, what is exported and kept, and what it does about trunks that cannot be found.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it } from 'node:test';
import { LookupFailed, openUserAgent, type SipMessage, SipPortUnavailable, systemClock } from '@ringback/sip';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { NoTrunkFound, openSipSide, type SipSideOptions } from './sip-side.ts';
import { StirUnusable } from './stir.ts';
import { trunkOf } from './trunk.ts';

const plain = {
  advertise: undefined,
  ipv6: undefined,
  advertiseIpv6: undefined,
  alsoListen: [],
  trace: {},
  hep: undefined,
} as const;

function optionsOf(more: Partial<SipSideOptions>): SipSideOptions {
  const absent = async () => ({ records: [], ttlSeconds: 60 });
  return {
    host: '127.0.0.1',
    port: { port: 0, ifTaken: 'fail' },
    settings: plain,
    trunks: [],
    resolver: {
      naptr: absent,
      srv: async (name) => {
        if (name.endsWith('unanswered.example')) throw new LookupFailed(name, 'ETIMEOUT');
        return absent();
      },
      addresses: absent,
    },
    clock: systemClock,
    logger: capturedLogger().logger,
    random: Math.random,
    newOriginId: () => '',
    countryOf: () => 'US',
    isOwnNumber: async () => false,
    ...more,
  };
}

const numeric = (port: number, more: Parameters<typeof trunkOf>[0] | object = {}) =>
  trunkOf({ name: 'numeric', domain: 'carrier.example', servers: [{ host: '127.0.0.1', port }], ...more });
const named = (host: string) => trunkOf({ name: host, domain: host, servers: [{ host }] });

describe('SIP side', () => {
  it('keeps what crosses the wire, and exports it by HEP', async () => {
    const carrier = await openUserAgent({ host: '127.0.0.1', port: 0 });
    const homer = createSocket('udp4');
    await new Promise<void>((resolve) => homer.bind(0, '127.0.0.1', resolve));
    const exported = new Promise<Buffer>((resolve) => homer.once('message', resolve));
    const side = await openSipSide(
      optionsOf({
        trunks: [numeric(carrier.endpoint.port)],
        settings: {
          ...plain,
          hep: {
            collector: { host: '127.0.0.1', port: homer.address().port },
            captureId: 7,
            password: undefined,
          },
        },
      }),
    );
    try {
      const outcome = await side.userAgent.probe({ target: carrier.endpoint });
      assert.equal(outcome.kind, 'answered', 'the trunk’s address is let in');
      const packet = await exported;
      assert.equal(packet.toString('latin1', 0, 4), 'HEP3');
      assert.match(packet.toString('latin1'), /OPTIONS sip:/);
      const [callId = ''] = side.traces?.callIds ?? [];
      assert.equal(side.traces?.get(callId)?.messages.length, 2);
    } finally {
      await side.close();
      await carrier.close();
      homer.close();
    }
  });

  it('listens on TCP by itself where a trunk uses it, and keeps nothing where tracing is off', async () => {
    const side = await openSipSide(
      optionsOf({
        trunks: [numeric(5060, { servers: [{ host: '127.0.0.1', port: 5060, transport: 'tcp' }] })],
        settings: { ...plain, trace: 'off', advertise: '203.0.113.9' },
      }),
    );
    assert.deepEqual(
      side.userAgent.endpoints.map(({ transport }) => transport),
      ['udp', 'tcp'],
    );
    assert.equal(side.traces, undefined);
    await side.close();
  });

  it('tells peers over IPv6 another address than those over IPv4', async () => {
    const [overV4, overV6] = await Promise.all(
      ['127.0.0.1', '::1'].map((host) => openUserAgent({ host, port: 0 })),
    );
    assert.ok(overV4 && overV6);
    const asked = new Map<string, SipMessage>();
    const side = await openSipSide(
      optionsOf({
        trunks: [numeric(0, { servers: [overV4.endpoint, overV6.endpoint] })],
        settings: { ...plain, advertise: '203.0.113.9', ipv6: '::1', advertiseIpv6: '2001:db8::9' },
        onTrace: ({ direction, remote, message }) => {
          if (direction === 'sent' && message.kind === 'request') asked.set(remote.host, message);
        },
      }),
    );
    try {
      for (const [peer, told, written] of [
        [overV4, '203.0.113.9', '203.0.113.9'],
        [overV6, '2001:db8::9', '[2001:db8::9]'],
      ] as const) {
        assert.equal((await side.userAgent.probe({ target: peer.endpoint })).kind, 'answered');
        const port = side.userAgent.endpoints.find(({ host }) => host === peer.endpoint.host)?.port;
        const headers = asked.get(peer.endpoint.host)?.headers;
        assert.deepEqual(
          [headers?.topVia.host, headers?.topVia.port, headers?.get('Contact')],
          [told, port, `<sip:${written}:${port}>`],
        );
      }
    } finally {
      await Promise.all([side, overV4, overV6].map((each) => each.close()));
    }
  });

  it('takes another port where the usual one is taken, unless it must have it', async () => {
    const other = await openUserAgent({ host: '127.0.0.1', port: 0 });
    const { port } = other.endpoint;
    const side = await openSipSide(optionsOf({ port: { port, ifTaken: 'use any free port' } }));
    assert.notEqual(side.userAgent.endpoint.port, port);
    await side.close();
    await assert.rejects(openSipSide(optionsOf({ port: { port, ifTaken: 'fail' } })), SipPortUnavailable);
    await other.close();
  });

  it('starts without a trunk that cannot be found, as long as there is another', async () => {
    const log = capturedLogger();
    const side = await openSipSide(
      optionsOf({ trunks: [named('unanswered.example'), numeric(5060)], logger: log.logger }),
    );
    assert.equal(log.lines[0]?.trunk, 'unanswered.example');
    await side.close();
    await assert.rejects(
      openSipSide(optionsOf({ trunks: [named('unanswered.example'), named('absent.example')] })),
      (error: unknown) =>
        error instanceof NoTrunkFound && /"unanswered\.example".*"absent\.example"/.test(error.message),
    );
  });

  it('logs what went wrong in the words of the error', async () => {
    const log = capturedLogger();
    const carrier = await openUserAgent({ host: '127.0.0.1', port: 0 });
    const side = await openSipSide(
      optionsOf({ logger: log.logger, trunks: [numeric(carrier.endpoint.port)] }),
    );
    const uri = 'sip:+12065550100@carrier.example';
    try {
      const { answered } = side.userAgent.invite({
        target: carrier.endpoint,
        callId: 'call',
        requestUri: uri,
        from: { uri: 'sip:+12065550199@carrier.example' },
        to: { uri },
        sign: () => Promise.reject(new Error('the key is gone')),
      });
      await assert.rejects(answered);
      const line = log.lines.find(({ msg }) => msg === 'SIP fault');
      assert.deepEqual(line?.fault, { kind: 'unsigned', callId: 'call' });
      assert.match(JSON.stringify(line?.err), /the key is gone/);
    } finally {
      await Promise.all([side.close(), carrier.close()]);
    }
  });

  it('refuses a signing key that is none', async () => {
    const stir = { privateKeyPem: 'nonsense', certificateUrl: 'https://certs.example/c.pem' };
    await assert.rejects(openSipSide(optionsOf({ trunks: [numeric(5060, { stir })] })), StirUnusable);
  });
});
