/** Calls over configured trunks: TLS with SRTP and keys by INFO, UDP with keys as tones, a trunk that goes away in the middle of a call; and what operators see of them. */
import assert from 'node:assert/strict';
import { verify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, get } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { openSimulatedCarrier, type SimulatedCarrier } from '@ringback/simulated-carrier';
import { contactCommand } from '../src/cli/contact.ts';
import { trunkCommand } from '../src/cli/trunk.ts';
import { commandInProcess } from './support/command-in-process.ts';
import { hangUp, waitLong } from './support/flow-actions.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const certificates = path.resolve(import.meta.dirname, '../../sip/test/tls');
const pem = (name: string): string => readFileSync(path.join(certificates, name), 'utf8');
/** By country: over TLS, over UDP, over the trunk that dies. */
const secure = '+12065550160';
const busy = '+12065550120';
const signed = '+12065550164';
const inband = '+16045550161';
const doomed = '+525512345678';
const keys = { accessKeyId: 'AKIDTRUNKS', secretAccessKey: 'not-a-secret-at-all' };

let carrier: SimulatedCarrier;
let relay: Awaited<ReturnType<typeof openRelay>>;
let ringing: TestService;
let waitFlow: string;
let certificateServer: Server | undefined;
let certificateUrl: string;

before(async () => {
  const answers = (...steps: object[]) => [{ step: 'answer' }, { step: 'pause', forMs: 300 }, ...steps];
  carrier = await openSimulatedCarrier({
    sipPort: 0,
    // One of its phones cannot say goodbye, as it should be.
    onFault: () => undefined,
    rtpPorts: { first: 36_000, last: 36_999 },
    tls: { cert: pem('address.cert.pem'), key: pem('address.key.pem') },
    scenarios: {
      numbers: {
        [secure]: answers({ step: 'press', digits: '42#', by: 'info' }, { step: 'hangUp' }),
        [inband]: answers(
          { step: 'press', digits: '731', by: 'inband' },
          { step: 'pause', forMs: 500 },
          { step: 'hangUp' },
        ),
        [signed]: [{ step: 'reject', status: 486 }],
        [doomed]: answers({ step: 'hangUp', afterAnswerMs: 2_000 }),
      },
    },
  });
  const tlsPort = carrier.tlsEndpoint?.port ?? 0;
  relay = await openRelay(tlsPort);
  certificateUrl = await serveCertificate();
  ringing = await startTestService(`
accessKeys: [{ accessKeyId: ${keys.accessKeyId}, secretAccessKey: ${keys.secretAccessKey} }]
countries: [US, CA, MX]
phoneNumbers: ["+12065550199"]
speech: { kind: "off" }
trunks:
  - name: secure
    address: 127.0.0.1:${tlsPort}
    transport: tls
    tls: { ca: ${certificates}/authority.cert.pem }
    srtp: sdes
    dtmf: info
    codecs: [PCMA]
    countries: [US]
    numbers: { format: plain }
    headers: { X-Account: "42" }
    callerIdentity: asserted
    stir: { key: ${certificates}/address.key.pem, certificateUrl: "${certificateUrl}" }
    maxCalls: 10
  - { name: inband, address: "127.0.0.1:${carrier.endpoint.port}", dtmf: inband, countries: [CA] }
  - name: doomed
    address: 127.0.0.1:${relay.port}
    transport: tls
    tls: { ca: ${certificates}/authority.cert.pem }
    countries: [MX]
    probe: off
`);
  waitFlow = await ringing.createFlow([waitLong, hangUp]);
});
after(async () => {
  await ringing?.close();
  await relay?.close();
  await carrier?.close();
  certificateServer?.close();
});

describe('a call over a configured trunk', { concurrency: true }, () => {
  it('by TLS › is SRTP in A-law, carries the trunk’s headers, and hears keys in INFO', async () => {
    const contactId = await ringing.call(secure, waitFlow);
    const contact = await ringing.ended(contactId);
    assert.equal(contact.DisconnectReason, 'CUSTOMER_DISCONNECT');
    assert.equal(digitsOf(contactId), '42#');
    const [invite = '', answer = ''] = sipTexts(`INVITE sip:${secure.slice(1)}@`, 'SIP/2.0 200');
    assert.match(invite, /^Via: SIP\/2\.0\/TLS /m);
    assert.match(invite, /^m=audio \d+ RTP\/SAVP 8 /m);
    assert.match(invite, /^X-Account: 42\r$/m);
    assert.match(invite, /^P-Asserted-Identity: "Ringback" <sip:12065550199@127\.0\.0\.1>\r$/m);
    assert.match(answer, /^a=crypto:/m);
  });

  it('by UDP › hears keys as tones', async () => {
    const contactId = await ringing.call(inband, waitFlow);
    assert.equal((await ringing.ended(contactId)).DisconnectReason, 'CUSTOMER_DISCONNECT');
    assert.equal(digitsOf(contactId), '731');
  });

  it('that is refused › tells status and shows its ladder and capture', async () => {
    const contactId = await ringing.call(busy, waitFlow);
    await ringing.ended(contactId);
    const record = await ringing.record(contactId);
    const attributes = record.SegmentAttributes as Record<string, { ValueString: string }>;
    assert.equal(attributes['ringback:SipStatus']?.ValueString, '486');

    const directory = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
    const capture = path.join(directory, 'call.pcap');
    try {
      const shown = await command(contactCommand, 'sip', contactId, '--pcap', capture);
      assert.equal(shown.code, 0, shown.stderr);
      assert.match(shown.stdout, /^Attempt 1: secure 127\.0\.0\.1:\d+ tls, /m);
      assert.match(shown.stdout, /──▶ {2}tls 127\.0\.0\.1:\d+ {2}INVITE sip:12065550120@/);
      assert.match(shown.stdout, /◀── {2}tls 127\.0\.0\.1:\d+ {2}486 Busy Here/);
      assert.equal(readFileSync(capture).readUInt32LE(0), 0xa1b2c3d4);
      assert.equal((await stat(capture)).mode & 0o777, 0o600);
    } finally {
      await rm(directory, { recursive: true });
    }
    const unknown = await command(contactCommand, 'sip', '01a2fa37-98e5-7c85-bf1a-7f8a38c2b102');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /ResourceNotFoundException/);
  });

  it('whose trunk goes away in the middle › ends as lost media, with its record, and frees its place', async () => {
    const contactId = await ringing.call(doomed, waitFlow);
    await waitForEvent(contactId, 'CONNECTED_TO_SYSTEM');
    relay.reset();
    const contact = await ringing.ended(contactId);
    assert.equal(contact.DisconnectReason, 'TELECOM_PROBLEM');
    const record = await ringing.record(contactId);
    assert.deepEqual((record.SegmentAttributes as Record<string, unknown>)['ringback:EndCause'], {
      ValueString: 'MEDIA_LOST',
    });
    const metrics = await metricsText();
    assert.match(metrics, /^ringback_trunk_calls\{trunk="doomed"\} 0$/m);
  });
});

describe('the signature of a call over a configured trunk', () => {
  it('tells whoever fetches our certificate who calls, fully vouched for as our own number', async () => {
    await ringing.ended(await ringing.call(signed, waitFlow));
    const [invite = ''] = sipTexts(`INVITE sip:${signed.slice(1)}@`, 'SIP/2.0 486');
    const [, token = '', info = ''] =
      /^Identity: ([^;\r]+);info=<([^>]+)>;alg=ES256;ppt="shaken"\r$/m.exec(invite) ?? [];
    const [header = '', claims = '', signature = ''] = token.split('.');
    const { x5u, ...kind } = readPart(header);
    assert.deepEqual(kind, { alg: 'ES256', ppt: 'shaken', typ: 'passport' });
    assert.equal(x5u, info);

    const certificate = new X509Certificate(await fetchTrusted(String(x5u)));
    assert.ok(certificate.verify(new X509Certificate(pem('authority.cert.pem')).publicKey));
    const isSignatureOf = (text: string) =>
      verify(
        'sha256',
        Buffer.from(text),
        { key: certificate.publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
    assert.ok(isSignatureOf(`${header}.${claims}`));
    const said = readPart(claims);
    assert.deepEqual(
      { attest: said.attest, orig: said.orig, dest: said.dest },
      { attest: 'A', orig: { tn: '12065550199' }, dest: { tn: [signed.slice(1)] } },
    );
    assert.ok(Math.abs(Number(said.iat) * 1000 - Date.now()) < 60_000, 'fresh (RFC 8224 §6.2.1)');
    assert.match(String(said.origid), /^[0-9a-f-]{36}$/);
    const forged = Buffer.from(JSON.stringify({ ...said, orig: { tn: '12065550198' } })).toString(
      'base64url',
    );
    assert.equal(isSignatureOf(`${header}.${forged}`), false);
  });
});

describe('the trunks of a running service', () => {
  it('are told by /health, /metrics and `ringback trunk status`', async () => {
    const health = (await (await fetch(`${ringing.service.url}/health`)).json()) as { trunks: object };
    assert.deepEqual(health.trunks, { secure: 'in service', inband: 'in service', doomed: 'in service' });
    const metrics = await metricsText();
    assert.match(metrics, /^ringback_trunk_in_service\{trunk="secure"\} 1$/m);
    assert.match(metrics, /^ringback_sip_messages_sent\{transport="tls"\} [1-9]/m);
    assert.match(metrics, /^ringback_sip_refused_peers 0$/m);
    const status = await command(trunkCommand, 'status');
    assert.deepEqual([status.code, status.stderr], [0, '']);
    assert.match(status.stdout, /^secure +in service$/m);
  });
});

const command = (build: typeof contactCommand, ...args: string[]) =>
  commandInProcess(build, args, {
    AWS_ENDPOINT_URL: ringing.service.url,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  });

const metricsText = async (): Promise<string> => (await fetch(`${ringing.service.url}/metrics`)).text();

function digitsOf(contactId: string): string {
  return ringing.timeline
    .flatMap((entry) => (entry.kind === 'digit' && entry.contactId === contactId ? [entry.digit] : []))
    .join('');
}

/** The INVITE that begins so, and the response to it. */
function sipTexts(start: string, response: string): string[] {
  const texts = ringing.timeline.flatMap((entry) => (entry.kind === 'sip' ? [entry.trace.text()] : []));
  const invite = texts.find((text) => text.startsWith(start));
  const callId = /^Call-ID: (.*)\r$/m.exec(invite ?? '')?.[1];
  const answer = texts.find(
    (text) => text.startsWith(response) && callId && text.includes(`Call-ID: ${callId}`),
  );
  return [invite ?? '', answer ?? ''];
}

const readPart = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

/** Where verifiers fetch our certificate (RFC 8225 §5.1.3). */
async function serveCertificate(): Promise<string> {
  const tls = { cert: pem('address.cert.pem'), key: pem('address.key.pem') };
  const server = createHttpsServer(tls, (_, response) => response.end(pem('address.cert.pem')));
  certificateServer = server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/ringback.pem`;
}

async function fetchTrusted(url: string): Promise<string> {
  const request = get(url, { ca: pem('authority.cert.pem'), agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return text(response);
}

async function waitForEvent(contactId: string, eventType: string): Promise<void> {
  const giveUpAtMs = Date.now() + 60_000;
  while (!ringing.events(contactId).some((event) => event.eventType === eventType)) {
    assert.ok(Date.now() < giveUpAtMs, `no ${eventType}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A way to the carrier that can be cut: connections are reset, and further ones refused. */
async function openRelay(to: number): Promise<{ port: number; reset(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cut = (): void => {
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    reset: cut,
    close: async () => cut(),
  };
}
