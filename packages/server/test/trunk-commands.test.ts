/** `ringback trunk test`: what works and what does not, in words, each with its remedy; and how the command ends. What `ringback check` says of trunks. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openUserAgent, parseMessage, type SipRequest, type UserAgent } from '@ringback/sip';
import { trunkCommand } from '../src/cli/trunk.ts';
import { commandInProcess } from './support/command-in-process.ts';
import { ringback } from './support/ringback-command.ts';

const certificates = path.resolve(import.meta.dirname, '../../sip/test/tls');

let directory: string;
let carrier: UserAgent;
/** Takes connections and says nothing, as a port for TCP does to TLS. */
let plain: Server;
let registrar: Awaited<ReturnType<typeof openRegistrar>>;

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
  const pem = (name: string) => readFile(path.join(certificates, name), 'utf8');
  const certificate = { cert: await pem('address.cert.pem'), key: await pem('address.key.pem') };
  carrier = await openUserAgent({
    host: '127.0.0.1',
    port: 0,
    alsoListen: [1, 2].map(() => ({ host: '127.0.0.1', port: 0, transport: 'tls', tls: { certificate } })),
  });
  registrar = await openRegistrar();
  plain = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const [, tlsPort, otherTlsPort] = carrier.endpoints.map(({ port }) => port);
  await writeFile(
    path.join(directory, 'ringback.yaml'),
    `
accessKeys: [{ accessKeyId: AKID, secretAccessKey: not-so-secret }]
trunks:
  - { name: good, address: "127.0.0.1:${carrier.endpoint.port}" }
  - { name: secure, address: "127.0.0.1:${tlsPort}", transport: tls, tls: { ca: ${certificates}/authority.cert.pem } }
  - { name: distrusted, address: "127.0.0.1:${otherTlsPort}", transport: tls }
  - { name: plain, address: "127.0.0.1:${(plain.address() as AddressInfo).port}", transport: tls }
  - { name: account, address: "127.0.0.1:${registrar.port}", username: right, password: p, register: true }
  - { name: mistyped, address: "127.0.0.1:${registrar.port}", username: wrong, password: p, register: true }
  - { name: polite, address: "127.0.0.1:${registrar.port}", domain: polite.example, username: right, password: p, register: true }
  - { name: closed, address: "127.0.0.1:${registrar.port}", domain: polite.example, username: wrong, password: p, register: true }
  - { name: anonymous, address: "127.0.0.1:${registrar.port}" }
  - { name: refused, address: "127.0.0.1:${await closedPort()}", transport: tcp }
  - { name: silent, address: "127.0.0.1:${registrar.mutePort}" }
  - { name: lost, address: nowhere.invalid }
`,
  );
});
after(async () => {
  registrar?.close();
  plain?.close();
  await carrier?.close();
  await rm(directory, { recursive: true });
});

describe('ringback check', () => {
  it('says what the service would not start with, though the file has no mistake of its own', async () => {
    const file = path.join(directory, 'keyless.yaml');
    await writeFile(file, 'trunks: [{ name: good, address: 127.0.0.1 }]\ncountries: [US]\n');
    const { code, stdout } = await ringback(['check', file], {});
    assert.equal(code, 1);
    assert.match(stdout, /A trunk is configured, but no access keys/);
  });

  it('tells of what lets the service start and no call come about', async () => {
    const file = path.join(directory, 'closed.yaml');
    await writeFile(file, 'signatures: strict\ntrunks: [{ name: good, address: 192.0.2.1 }]\n');
    const { code, stdout, stderr } = await ringback(['check', file], {});
    assert.equal(code, 0);
    assert.match(stdout, /is fine/);
    for (const setting of [/RINGBACK_SIP_HOST/, /`countries`/, /`phoneNumbers`/])
      assert.match(stderr, setting);
  });
});

describe('ringback trunk test', { concurrency: 2 }, () => {
  const cases: [name: string, code: number, ...says: RegExp[]][] = [
    [
      'good',
      0,
      /works {4}DNS .*no name to look up/,
      /works {4}OPTIONS .*answers 200 OK after \d+ ms/,
      /──▶ .*OPTIONS sip:127\.0\.0\.1/,
    ],
    ['secure', 0, /works {4}TLS .*takes connections and proves to be 127\.0\.0\.1/, /works {4}OPTIONS/],
    ['plain', 1, /unclear {2}TLS .*within 1 s/, /does that port speak TLS \(5061, most often\)/],
    ['distrusted', 1, /fails {4}TLS .*failed the TLS handshake/, /is its authority trusted \(tls\.ca\)/],
    [
      'account',
      0,
      /works {4}password .*asked for the password and took it/,
      /works {4}registration .*sip:right@127\.0\.0\.1 is registered/,
      /──▶ .*REGISTER sip:127\.0\.0\.1/,
    ],
    [
      'mistyped',
      1,
      /fails {4}password .*refuses username and password/,
      /compare both with what the carrier gave you/,
    ],
    [
      'polite',
      0,
      /unclear {2}password .*did not ask for the password/,
      /works {4}registration .*sip:right@polite\.example is registered/,
    ],
    ['closed', 1, /fails {4}registration .*sip:wrong@polite\.example is not registered: 401/],
    ['anonymous', 1, /fails {4}password .*asks who we are, and the trunk has no username/],
    ['refused', 1, /fails {4}TCP .*refuses connections/, /nobody listens there/],
    ['silent', 1, /fails {4}OPTIONS .*says nothing within 1 s/, /does a firewall let SIP through both ways/],
    ['lost', 1, /fails {4}DNS .*nowhere\.invalid/, /mend the address, or the name server/],
  ];
  for (const [name, code, ...says] of cases) {
    it(`${name} › ends with ${code}`, async () => {
      const end = await trunkTest(name, '--timeout', '1');
      for (const pattern of says) assert.match(end.stdout, pattern);
      assert.equal(end.code, code, end.stderr);
    });
  }

  it('prints JSON', async () => {
    const { stdout, code } = await trunkTest('good', '--json');
    const { Trunk, Result, Findings, Ladders } = JSON.parse(stdout);
    assert.deepEqual([code, Trunk, Result], [0, 'good', 'works']);
    assert.deepEqual(
      Findings.map(({ check, result }: { check: string; result: string }) => [check, result]),
      [
        ['DNS', 'works'],
        ['OPTIONS', 'works'],
      ],
    );
    assert.match(Ladders[0], /200 OK/);
  });

  it('says which trunks there are, and shows examples', async () => {
    const unknown = await trunkTest('nobody');
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no trunk "nobody".*good, secure/);
    const nonsense = await trunkTest('good', '--timeout', 'soon');
    assert.match(nonsense.stderr, /--timeout is a whole number from 0 to 32, not "soon"/);
    const help = await ringback(['trunk', 'test', '--help'], {});
    assert.match(help.stdout, /ringback trunk test main --config \/etc\/ringback\.yaml --json/);
  });
});

const trunkTest = (name: string, ...more: string[]) =>
  commandInProcess(trunkCommand, ['test', name, '--config', path.join(directory, 'ringback.yaml'), ...more]);

/** Challenges everything but OPTIONS to polite.example, and takes the user `right`; the other port takes and says nothing. */
async function openRegistrar() {
  const [speaking, mute] = await Promise.all([boundSocket(), boundSocket()]);
  speaking.on('message', (data, from) => {
    const message = parseMessage(data);
    if (message.kind !== 'request') return;
    speaking.send(answerTo(message), from.port, from.address);
  });
  return {
    port: speaking.address().port,
    mutePort: mute.address().port,
    close() {
      speaking.close();
      mute.close();
    },
  };
}

function answerTo(request: SipRequest): string {
  const { headers } = request;
  const isPolite = request.method === 'OPTIONS' && request.requestUri === 'sip:polite.example';
  const isRight = isPolite || headers.get('Authorization')?.includes('username="right"') === true;
  const copied = ['Via', 'From', 'Call-ID', 'CSeq'].map((name) => `${name}: ${headers.get(name)}`);
  return [
    isRight ? 'SIP/2.0 200 OK' : 'SIP/2.0 401 Unauthorized',
    ...copied,
    `To: ${headers.get('To')};tag=registrar`,
    ...(isRight
      ? [`Contact: ${headers.get('Contact')};expires=600`]
      : ['WWW-Authenticate: Digest realm="carrier", nonce="n", algorithm=MD5, qop="auth"']),
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket)));
}

/** A port that was free a moment ago, and that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
