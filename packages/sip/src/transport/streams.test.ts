// TCP and TLS for real, on loopback: whole calls, proof of names (RFC 5922), mutual TLS, handshakes that never end, IPv6.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { InviteTransportError, type TransportFailureCode } from '../errors.ts';
import { openUserAgent, type UserAgent, type UserAgentOptions } from '../user-agent.ts';
import type { SipTransport } from './sip-endpoint.ts';
import type { TlsConnectOptions, TlsListenOptions } from './stream-network.ts';

const pem = (name: string) => readFileSync(new URL(`../../test/tls/${name}.pem`, import.meta.url), 'utf8');
const certificate = (name: string) => ({ cert: pem(`${name}.cert`), key: pem(`${name}.key`) });
const AUTHORITY = pem('authority.cert');

const agents: UserAgent[] = [];
after(() => Promise.all(agents.map((agent) => agent.close())));

async function open(options: Partial<UserAgentOptions> = {}): Promise<UserAgent> {
  const agent = await openUserAgent({ host: '127.0.0.1', port: 0, ...options });
  agents.push(agent);
  return agent;
}

async function openCallee(
  transport: SipTransport,
  host = '127.0.0.1',
  tls: TlsListenOptions = { certificate: certificate('carrier') },
): Promise<UserAgent> {
  return open({
    host,
    transport,
    tls,
    onInvite: (invite) => void invite.answer({ body: { contentType: 'application/sdp', content: 'v=0' } }),
  });
}

function callOver(caller: UserAgent, callee: UserAgent, tlsName?: string) {
  const { host, port, transport } = callee.endpoint;
  return caller.invite({
    target: { host, port, transport, ...(tlsName === undefined ? {} : { tlsName }) },
    requestUri: 'sip:+12065550100@carrier.example',
    from: { uri: 'sip:+12065550199@ringback.example' },
    to: { uri: 'sip:+12065550100@carrier.example' },
    callId: 'call',
    body: { contentType: 'application/sdp', content: 'v=0' },
  }).answered;
}

async function failureOf(
  call: Promise<unknown>,
): Promise<{ code: TransportFailureCode | undefined; text: string }> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof InviteTransportError, String(error));
    return { code: error.transport?.code, text: error.message };
  }
  throw new Error('the call came about');
}

describe('streams on loopback', () => {
  for (const [name, transport, host] of [
    ['TCP', 'tcp', '127.0.0.1'],
    ['TCP over IPv6', 'tcp', '::1'],
    ['UDP over IPv6', 'udp', '::1'],
  ] as const) {
    test(`a call over ${name}`, async () => {
      const callee = await openCallee(transport, host);
      const caller = await open({ host });
      const dialog = await callOver(caller, callee);
      await dialog.bye();
      assert.equal(callee.counters.received[transport], 3);
    });
  }

  test('a call over TLS, the name proved by a SIP URI in the certificate', async () => {
    const callee = await openCallee('tls');
    const caller = await open({ tlsFor: () => ({ ca: AUTHORITY }) });
    const dialog = await callOver(caller, callee, 'carrier.example');
    await dialog.bye();
    assert.equal(callee.counters.received.tls, 3);
    assert.equal(caller.counters.connectionsOpened, 1);
  });

  test('a call over TLS to an address that the certificate names', async () => {
    const callee = await openCallee('tls', '::1', { certificate: certificate('address') });
    const caller = await open({ host: '::1', tlsFor: () => ({ ca: AUTHORITY }) });
    await (await callOver(caller, callee)).bye();
  });

  const refusals: ReadonlyArray<
    readonly [name: string, server: string, client: TlsConnectOptions, wanted: string]
  > = [
    ['an unknown authority', 'carrier', {}, 'carrier.example'],
    ['another name', 'carrier', { ca: AUTHORITY }, 'other.example'],
    // With a SIP URI in the certificate its DNS names do not count (RFC 5922 §7.1).
    ['a DNS name beside a SIP URI', 'carrier', { ca: AUTHORITY }, 'sbc1.carrier.example'],
    ['a wildcard', 'wildcard', { ca: AUTHORITY }, 'sbc1.carrier.example'],
  ];
  for (const [name, server, client, wanted] of refusals) {
    test(`TLS refuses ${name}`, async () => {
      const callee = await openCallee('tls', '127.0.0.1', { certificate: certificate(server) });
      const caller = await open({ tlsFor: () => client });
      const { code, text } = await failureOf(callOver(caller, callee, wanted));
      assert.equal(code, 'tls', text);
      assert.equal(callee.counters.received.tls, 0);
    });
  }

  test('TLS takes a wildcard where the trunk allows it', async () => {
    const callee = await openCallee('tls', '127.0.0.1', { certificate: certificate('wildcard') });
    const caller = await open({ tlsFor: () => ({ ca: AUTHORITY, names: 'wildcard' }) });
    await (await callOver(caller, callee, 'sbc1.carrier.example')).bye();
  });

  test('mutual TLS: with a certificate the call comes about, without one it does not', async () => {
    const tls: TlsListenOptions = {
      certificate: certificate('carrier'),
      ca: AUTHORITY,
      clientCertificates: 'required',
    };
    const callee = await openCallee('tls', '127.0.0.1', tls);
    const known = await open({ tlsFor: () => ({ ca: AUTHORITY, certificate: certificate('client') }) });
    await (await callOver(known, callee, 'carrier.example')).bye();
    const unknown = await open({ tlsFor: () => ({ ca: AUTHORITY }) });
    const { code } = await failureOf(callOver(unknown, callee, 'carrier.example'));
    assert.ok(code === 'tls' || code === 'reset', String(code));
    assert.equal(callee.counters.received.tls, 3);
  });

  test('two names behind one address get a connection each', async () => {
    const callee = await openCallee('tls');
    const caller = await open({ tlsFor: () => ({ ca: AUTHORITY }) });
    await (await callOver(caller, callee, 'carrier.example')).bye();
    assert.equal((await failureOf(callOver(caller, callee, 'other.example'))).code, 'tls');
    await (await callOver(caller, callee, 'carrier.example')).bye();
    assert.equal(caller.counters.connectionsOpened, 2);
  });

  test('a refused connection is told as such', async () => {
    const gone = await openCallee('tcp');
    await gone.close();
    const caller = await open();
    assert.equal((await failureOf(callOver(caller, gone))).code, 'refused');
  });

  test('a TLS handshake that never comes holds a place only until its peer leaves', async () => {
    const callee = await open({
      transport: 'tls',
      tls: { certificate: certificate('carrier') },
      limits: { halfOpenConnections: 1 },
    });
    for (let round = 0; round < 3; round++) {
      const raw = connect(callee.endpoint.port, '127.0.0.1');
      await new Promise((connected) => raw.once('connect', connected));
      const failed = callee.counters.connectionsFailed;
      raw.destroy();
      while (callee.counters.connectionsFailed === failed) await new Promise((next) => setImmediate(next));
    }
    assert.equal(callee.counters.connectionsAboveLimit, 0);
    assert.equal(callee.counters.connectionsFailed, 3);
  });
});
