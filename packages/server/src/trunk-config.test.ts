// Trunks and SIP settings in the configuration file: what each key becomes, and what each mistake is told with.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadConfig } from './config.ts';
import { ConfigFileUnusable, readConfigFile } from './config-file.ts';

const certificates = path.resolve(import.meta.dirname, '../../sip/test/tls');
/** Cut off in its middle. */
const brokenKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmhKGWH5S37CwavGR
-----END PRIVATE KEY-----
`;

let scratch: string;
before(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
  await writeFile(path.join(scratch, 'broken.pem'), brokenKey);
});
after(() => rm(scratch, { recursive: true }));

/** One line for each mistake: line, key and message. */
function mistakesIn(text: string): string[] {
  try {
    readConfigFile(path.join(scratch, 'ringback.yaml'), text);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigFileUnusable, String(error));
    return error.mistakes.map(({ line, key, message }) => `${line} ${key} ${message}`);
  }
}

/** A file with one trunk, whose further keys stand on lines of their own from line 3 on. */
const withKeys = (...lines: string[]): string =>
  ['trunks:', '  - {name: a, address: sip.example.com', ...lines.map((line) => `    ,${line}`), '    }'].join(
    '\n',
  );

describe('trunk configuration › mistakes', () => {
  const cases: [what: string, text: string, ...expected: RegExp[]][] = [
    [
      'a port out of range',
      'trunks: [{name: a, address: "h:70000"}]',
      /^1 trunks\.0\.address a port is from 1 to 65535$/,
    ],
    [
      'the name of an SRV record',
      'trunks: [{name: a, address: _sip._udp.carrier.example}]',
      /^1 trunks\.0\.address write the domain alone, such as carrier\.example;/,
    ],
    [
      'an underscore',
      'trunks: [{name: a, address: my_host}]',
      /^1 trunks\.0\.address "my_host" is no host name/,
    ],
    [
      'IPv6 over UDP',
      'trunks: [{name: a, address: "[2001:db8::1]:5060"}]',
      /^1 trunks\.0\.address an IPv6 address is reached over tcp or tls|^1 trunks\.0\.transport an IPv6 address/,
    ],
    ['brackets around a name', 'trunks: [{name: a, address: "[12:34]", transport: tcp}]', /no IPv6 address/],
    [
      'an unknown transport',
      withKeys('transport: sctp'),
      /^3 trunks\.0\.transport must be "udp" or "tcp" or "tls"$/,
    ],
    [
      'a user name that would break the message',
      withKeys('username: "a\\r\\nEvil: 1"'),
      /^3 trunks\.0\.username /,
    ],
    ['a password for nobody', withKeys('password: x'), /^3 trunks\.0\.password a password needs a username/],
    [
      'a registration without an account',
      withKeys('register: true'),
      /^3 trunks\.0\.register registering needs username/,
    ],
    ['an unknown codec', withKeys('codecs: [G729]'), /^3 trunks\.0\.codecs\.0 must be "PCMU" or "PCMA"$/],
    [
      'an unknown way of keys',
      withKeys('dtmf: tones'),
      /^3 trunks\.0\.dtmf must be "rfc4733" or "info" or "inband"$/,
    ],
    ['keys of audio in the open', withKeys('srtp: sdes'), /^3 trunks\.0\.srtp sdes .* needs transport: tls$/],
    [
      'national numbers of nowhere',
      withKeys('numbers: {format: national}'),
      /^3 trunks\.0\.numbers\.format .* such as US$/,
    ],
    [
      'an unknown country',
      withKeys('numbers: {country: QQ}'),
      /^3 trunks\.0\.numbers\.country no numbering plan of "QQ"/,
    ],
    [
      'a header of ours',
      withKeys('headers: {Via: x}'),
      /^3 trunks\.0\.headers Via cannot be sent: the user agent sets it/,
    ],
    [
      'a header that breaks the message',
      withKeys('headers: {X-A: "a\\nb"}'),
      /^3 trunks\.0\.headers X-A .*line break/,
    ],
    ['a header that is none', withKeys('headers: {"X A": x}'), /^3 trunks\.0\.headers .*not a token/],
    [
      'TLS settings without TLS',
      withKeys('tls: {names: strict}'),
      /^3 trunks\.0\.tls these settings need transport: tls/,
    ],
    [
      'two certificates for one connection',
      `trunks:
  - {name: a, address: [first.example, "SBC.example:5061"], transport: tls, tls: {names: wildcard}}
  - {name: b, address: "sbc.example:5061", transport: tls}
  - {name: c, address: "sbc.example:5061", transport: tls, tls: {serverName: other.example}}
  - {name: d, address: "sbc.example:5062", transport: tls}`,
      /^3 trunks\.1\.tls is at an address of trunk "a", over whose connections it speaks: give both the same tls, /,
    ],
    [
      'half a certificate',
      withKeys('transport: tls', 'tls: {cert: c.pem}'),
      /^4 trunks\.0\.tls cert and key go together/,
    ],
    [
      'files that are not there',
      withKeys('transport: tls', 'tls: {ca: nowhere.pem}'),
      /^4 trunks\.0\.tls\.ca .*nowhere\.pem cannot be read \(ENOENT\); name a file beside this one$/,
    ],
    [
      'a key of another certificate',
      withKeys(
        'transport: tls',
        `tls: {cert: ${certificates}/client.cert.pem, key: ${certificates}/carrier.key.pem}`,
      ),
      /^4 trunks\.0\.tls .*; the files are PEM, and cert belongs to key$/,
    ],
    [
      'a signing key that is none',
      withKeys('stir: {key: broken.pem, certificateUrl: "https://c.example/c.pem"}'),
      /^3 trunks\.0\.stir\.key .*PKCS #8 PEM of an EC key on P-256/,
    ],
    [
      'a certificate address that is not fetched safely',
      withKeys('stir: {key: broken.pem, certificateUrl: "http://c.example/c.pem"}'),
      /^3 trunks\.0\.stir\.certificateUrl must be a URL that begins with https:\/\/$/,
    ],
    [
      'timers that contradict each other',
      withKeys('sessionTimer: {intervalSeconds: 100, minSeconds: 200}'),
      /^3 trunks\.0\.sessionTimer\.minSeconds is above intervalSeconds \(100\); raise that or lower this$/,
    ],
    ['a session interval below the RFC’s', withKeys('sessionTimer: {intervalSeconds: 10}'), /must be >= 90$/],
    ['no call at all', withKeys('maxCalls: 0'), /^3 trunks\.0\.maxCalls must be >= 1$/],
    ['no call a second', withKeys('callsPerSecond: 0'), /^3 trunks\.0\.callsPerSecond must be >= 0\.01$/],
    [
      'a network that is none',
      withKeys('acceptFrom: [10.0.0.0/99]'),
      /^3 trunks\.0\.acceptFrom\.0 "10\.0\.0\.0\/99" is no/,
    ],
    [
      'an open country that no trunk serves',
      'countries: [US, GB]\ntrunks: [{name: a, address: h, countries: [US]}]',
      /^1 countries\.1 no trunk serves GB; add it to the countries of one, or close it here$/,
    ],
    ['a misspelt key', withKeys('adress: x'), /^3 trunks\.0\.adress unknown key "adress"$/],
    [
      'a collector without a port',
      'sip: {hep: {collector: homer}}',
      /^1 sip\.hep\.collector must be host:port$/,
    ],
    [
      'an IPv6 address to advertise where IPv4 is spoken',
      'sip:\n  advertise: "2001:db8::1"',
      /^2 sip\.advertise is told to peers over IPv4; write an IPv6 address as advertiseIpv6$/,
    ],
    [
      'something to advertise that is no host',
      'sip:\n  advertise: "host:5060"\n  ipv6: "::1"\n  advertiseIpv6: 203.0.113.1',
      /^2 sip\.advertise is neither a name nor an IPv4 address, such as 203\.0\.113\.10$/,
      /^4 sip\.advertiseIpv6 is an IPv4 address; write a name or an IPv6 address, such as 2001:db8::10$/,
    ],
    [
      'an IPv6 address to advertise where nothing listens on one',
      'sip:\n  advertiseIpv6: "2001:db8::1"',
      /^2 sip\.advertiseIpv6 needs sip\.ipv6, the address to listen on$/,
    ],
    [
      'all IPv6 addresses of the machine',
      'sip:\n  ipv6: "::"',
      /^2 sip\.ipv6 is every address, which nobody can be told; write one of this machine, such as 2001:db8::10$/,
    ],
    [
      'TLS without a certificate',
      'sip:\n  alsoListen:\n    - {transport: tls, cert: no.pem, key: no.pem}',
      /^3 sip\.alsoListen\.0 the certificate cannot be used \(ENOENT.*\); name a certificate and its key, both PEM$/,
    ],
  ];
  for (const [what, text, ...expected] of cases) {
    it(`tells of ${what}`, () => {
      const mistakes = mistakesIn(text);
      assert.equal(mistakes.length, expected.length, mistakes.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(mistakes[index] ?? '', pattern);
    });
  }
});

describe('trunk configuration › everything that can be said', () => {
  it('is read', async () => {
    const file = path.join(scratch, 'all.yaml');
    await writeFile(
      file,
      `
accessKeys: [{accessKeyId: AKID, secretAccessKey: not-so-secret}]
sip:
  advertise: 203.0.113.1
  alsoListen: [{transport: tcp}, {transport: tls, cert: ${certificates}/carrier.cert.pem, key: ${certificates}/carrier.key.pem}]
  trace: {calls: 50, messagesPerCall: 40, megabytes: 2}
  hep: {collector: "homer.example:9060", captureId: 7, password: secret}
trunks:
  - name: main
    address: [sbc1.carrier.example, "[2001:db8::1]:5071"]
    transport: tls
    domain: carrier.example
    username: ringback
    password: change-me
    register: {expiresSeconds: 600}
    codecs: [PCMA]
    dtmf: info
    srtp: sdes
    numbers: {format: national, country: GB, strip: "0", add: "9"}
    headers: {X-Account: "42"}
    callerIdentity: asserted
    privacy: [id]
    maxCalls: 30
    callsPerSecond: 2.5
    priority: 10
    weight: 5
    countries: [GB]
    sessionTimer: {intervalSeconds: 600, minSeconds: 120, refresher: local}
    100rel: required
    tls:
      ca: ${certificates}/authority.cert.pem
      cert: ${certificates}/client.cert.pem
      key: ${certificates}/client.key.pem
      names: wildcard
      serverName: sbc.carrier.example
    probe: {everySeconds: 15}
    acceptFrom: [203.0.113.0/24]
  - {name: rest, address: 192.0.2.9, probe: off}
`,
    );
    const { trunks, sipSettings } = loadConfig({ RINGBACK_CONFIG: file });
    const [main, rest] = trunks;
    assert.ok(main && rest);
    const { tls, ...others } = main;
    assert.deepEqual(others, {
      name: 'main',
      servers: [
        { host: 'sbc1.carrier.example', port: undefined, transport: 'tls' },
        { host: '2001:db8::1', port: 5071, transport: 'tls' },
      ],
      domain: 'carrier.example',
      credentials: { username: 'ringback', password: 'change-me' },
      registration: { expiresSeconds: 600, addressOfRecord: 'sip:ringback@carrier.example' },
      codecs: ['PCMA'],
      dtmf: 'info',
      srtp: 'sdes',
      numbers: { format: 'national', country: 'GB', strip: '0', add: '9' },
      headers: [['X-Account', '42']],
      callerIdentity: 'asserted',
      privacy: ['id'],
      maxCalls: 30,
      callsPerSecond: 2.5,
      priority: 10,
      weight: 5,
      countries: new Set(['GB']),
      sessionTimer: { intervalSeconds: 600, minSeconds: 120, refresher: 'local' },
      reliability: 'required',
      stir: undefined,
      tlsServerName: 'sbc.carrier.example',
      probeEveryMs: 15_000,
      acceptFrom: ['203.0.113.0/24'],
    });
    assert.match(String(tls.ca), /BEGIN CERTIFICATE/);
    assert.match(String(tls.certificate?.key), /PRIVATE KEY/);
    assert.equal(tls.names, 'wildcard');
    assert.equal(rest.probeEveryMs, undefined);
    assert.deepEqual(
      sipSettings.alsoListen.map(({ transport, port, certificate }) => [
        transport,
        port,
        certificate !== undefined,
      ]),
      [
        ['tcp', 5060, false],
        ['tls', 5061, true],
      ],
    );
    assert.deepEqual(sipSettings.trace, { calls: 50, messagesPerCall: 40, bytes: 2 * 1024 * 1024 });
    assert.deepEqual(sipSettings.hep, {
      collector: { host: 'homer.example', port: 9060 },
      captureId: 7,
      password: 'secret',
    });
    assert.equal(sipSettings.advertise, '203.0.113.1');
  });
});
