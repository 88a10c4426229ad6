// The configuration as a whole: defaults, what the environment may say, and what is refused as unsafe.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { trunkOf } from './calls/trunk.ts';
import { ConfigUnusable, isLoopback, loadConfig } from './config.ts';
import { ConfigFileUnusable } from './config-file.ts';

let scratch: string;
before(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
});
after(() => rm(scratch, { recursive: true }));

describe('config › defaults', () => {
  it('are those of the documented table', () => {
    const config = loadConfig({});
    assert.deepEqual(
      {
        http: config.http,
        sip: config.sip,
        rtpPorts: config.rtpPorts,
        carrierPorts: config.simulatedCarrier.rtpPorts,
        dataDir: config.dataDir,
        databaseUrl: config.databaseUrl,
        region: config.region,
        dialling: config.dialling,
        accessKeys: config.accessKeys,
        trunks: config.trunks,
        sinks: config.sinks,
      },
      {
        http: { host: '127.0.0.1', port: 8642, tls: undefined, connections: 5_000, unprovenMegabytes: 64 },
        sip: { host: '127.0.0.1', port: { port: 5060, ifTaken: 'use any free port' } },
        rtpPorts: { first: 20_000, last: 29_999 },
        carrierPorts: { first: 30_000, last: 34_999 },
        dataDir: path.resolve('.ringback'),
        databaseUrl: undefined,
        region: 'us-east-1',
        dialling: { paused: false, maxDialDelayMs: 30_000 },
        accessKeys: [],
        trunks: [],
        sinks: [{ kind: 'file', name: 'files', directory: path.resolve('.ringback', 'events') }],
      },
    );
  });

  it('hold for variables that are set to nothing', () => {
    const names = [
      'HOST',
      'HTTP_PORT',
      'SIP_HOST',
      'SIP_PORT',
      'RTP_PORTS',
      'DATA_DIR',
      'DATABASE_URL',
      'REGION',
      'CONFIG',
      'TLS_CERT',
      'TLS_KEY',
    ];
    assert.deepEqual(
      loadConfig(Object.fromEntries(names.map((name) => [`RINGBACK_${name}`, '']))),
      loadConfig({}),
    );
  });
});

describe('config › environment', () => {
  it('says where to listen and where to keep things', () => {
    const config = loadConfig({
      RINGBACK_HOST: 'localhost',
      RINGBACK_HTTP_PORT: '0',
      RINGBACK_SIP_HOST: '127.0.0.2',
      RINGBACK_SIP_PORT: '5070',
      RINGBACK_RTP_PORTS: '40000-40001',
      RINGBACK_DATA_DIR: '/var/lib/ringback',
      RINGBACK_DATABASE_URL: 'postgresql://db/ringback',
      RINGBACK_REGION: 'us-gov-west-1',
    });
    assert.deepEqual(config.http, {
      host: 'localhost',
      port: 0,
      tls: undefined,
      connections: 5_000,
      unprovenMegabytes: 64,
    });
    assert.deepEqual(config.sip, { host: '127.0.0.2', port: { port: 5070, ifTaken: 'fail' } });
    assert.deepEqual(config.rtpPorts, { first: 40_000, last: 40_001 });
    assert.equal(config.dataDir, '/var/lib/ringback');
    assert.equal(config.databaseUrl, 'postgresql://db/ringback');
    assert.equal(config.region, 'us-gov-west-1');
  });

  for (const [variable, values] of [
    ['RINGBACK_HTTP_PORT', ['http', '-1', '65536', '80.5', '0x50', '1e3', ' ', '80 ']],
    ['RINGBACK_SIP_PORT', ['sip', '65536']],
    ['RINGBACK_RTP_PORTS', ['20000', '20000-', '20000-19999', '20000-20000', '80-90', '20000-65536', 'a-b']],
    ['RINGBACK_REGION', ['US-EAST-1', 'us-east', 'us east 1', '../..', 'us-east-1a']],
    ['RINGBACK_CONFIG', ['/nowhere/at/all.yaml']],
  ] as const) {
    it(`refuses a ${variable} without meaning, by name`, () => {
      for (const value of values) {
        assert.throws(
          () => loadConfig({ [variable]: value }),
          (error: unknown) =>
            error instanceof ConfigUnusable &&
            error.message.includes(variable) &&
            error.message.includes(value),
          value,
        );
      }
    });
  }

  it('takes the name of the request rates for all that is said of quotas', async () => {
    const [short, long] = await Promise.all(['quotas: aws\n', 'quotas: { rates: aws }\n'].map(configFile));
    const { quotas } = loadConfig({ RINGBACK_CONFIG: short });
    assert.equal(quotas.rates, 'aws');
    assert.deepEqual(quotas, loadConfig({ RINGBACK_CONFIG: long }).quotas);
  });

  it('wants certificate and key together', () => {
    for (const variable of ['RINGBACK_TLS_CERT', 'RINGBACK_TLS_KEY']) {
      assert.throws(() => loadConfig({ [variable]: '/x.pem' }), /go together/);
    }
  });

  it('refuses the key of another certificate, of whatever kind', async () => {
    const cert = path.resolve(import.meta.dirname, '../../sip/test/tls/address.cert.pem');
    for (const other of [
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ]) {
      const pem = other.privateKey.export({ type: 'pkcs8', format: 'pem' });
      const key = await configFile(String(pem));
      assert.throws(
        () => loadConfig({ RINGBACK_TLS_CERT: cert, RINGBACK_TLS_KEY: key }),
        /RINGBACK_TLS_KEY .* cannot be used: .*key/,
      );
    }
  });
});

describe('config › file', () => {
  it('is read, with what it leaves out as the defaults say', async () => {
    const config = loadConfig({
      RINGBACK_CONFIG: await configFile(`
accessKeys:
  - {accessKeyId: AKIDEXAMPLE, secretAccessKey: not-so-secret}
trunks:
  - {name: one, address: sip.example.com, username: user}
  - {name: two, address: "10.0.0.1:5080", domain: example.com}
dialling: {paused: true}
`),
    });
    assert.equal(config.accessKeys[0]?.accountId, '000000000000');
    assert.deepEqual(config.trunks, [
      trunkOf({
        name: 'one',
        servers: [{ host: 'sip.example.com', port: undefined, transport: undefined }],
        domain: 'sip.example.com',
        credentials: { username: 'user', password: '' },
        probeEveryMs: 60_000,
      }),
      trunkOf({
        name: 'two',
        servers: [{ host: '10.0.0.1', port: 5080, transport: undefined }],
        domain: 'example.com',
        probeEveryMs: 60_000,
      }),
    ]);
    assert.deepEqual(config.dialling, { paused: true, maxDialDelayMs: 30_000 });
  });

  it('is refused with all of its mistakes', async () => {
    const file = await configFile('sinkz: 1\nregion: 2\n');
    assert.throws(
      () => loadConfig({ RINGBACK_CONFIG: file }),
      (error: unknown) => error instanceof ConfigFileUnusable && error.mistakes.length === 2,
    );
  });
});

describe('config › with a trunk', () => {
  it('wants an address that can be told where SIP is bound to every address', async () => {
    const load = async (sip: string) =>
      loadConfig({
        RINGBACK_CONFIG: await configFile(
          `signatures: strict\ntrunks: [{name: main, address: 192.0.2.1}]\n${sip}`,
        ),
        RINGBACK_SIP_HOST: '0.0.0.0',
      });
    await assert.rejects(load(''), {
      name: 'ConfigUnusable',
      message: /RINGBACK_SIP_HOST is 0\.0\.0\.0.*sip\.advertise/,
    });
    assert.equal((await load('sip: {advertise: 192.0.2.7}')).sip.host, '0.0.0.0');
  });
});

describe('config › without access keys', () => {
  it('listens on this machine only', () => {
    for (const variable of ['RINGBACK_HOST', 'RINGBACK_SIP_HOST']) {
      for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.com', '127.0.0.1.example.com']) {
        assert.throws(
          () => loadConfig({ [variable]: host }),
          (error: unknown) =>
            error instanceof ConfigUnusable &&
            error.message.startsWith(`${variable} is ${host}, but no access keys`),
          `${variable}=${host}`,
        );
      }
    }
  });

  it('uses no trunk', async () => {
    const file = await configFile('trunks:\n  - {name: one, address: sip.example.com}\n');
    assert.throws(() => loadConfig({ RINGBACK_CONFIG: file }), /no access keys/);
  });

  it('becomes free to do both with a key', async () => {
    const config = loadConfig({
      RINGBACK_HOST: '0.0.0.0',
      RINGBACK_SIP_HOST: '10.0.0.1',
      RINGBACK_CONFIG: await configFile(
        'accessKeys: [{accessKeyId: AKID, secretAccessKey: not-so-secret}]\n',
      ),
    });
    assert.deepEqual([config.http.host, config.sip.host], ['0.0.0.0', '10.0.0.1']);
  });

  it('knows what only this machine can reach', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) assert.ok(isLoopback(host), host);
    for (const host of ['0.0.0.0', '128.0.0.1', '127.0.0.1.nip.io', 'localhost.example', '1127.0.0.1', '']) {
      assert.ok(!isLoopback(host), host);
    }
  });
});

let files = 0;
async function configFile(text: string): Promise<string> {
  files += 1;
  const file = path.join(scratch, `config-${files}.yaml`);
  await writeFile(file, text);
  return file;
}

describe('config › phones of the simulated carrier', () => {
  const withPhones = async (name: string, phones: string, more = ''): Promise<string> => {
    const directory = await mkdtemp(path.join(scratch, 'phones-'));
    await writeFile(path.join(directory, 'phones.json'), phones);
    const file = path.join(directory, 'ringback.yaml');
    await writeFile(file, `simulatedCarrier: { scenarioFile: ${name} }\n${more}`);
    return file;
  };

  it('are read from beside the configuration file, wherever the service was started', async () => {
    const file = await withPhones('phones.json', '{"otherNumbers": [{"step": "answer"}]}');
    assert.equal(
      loadConfig({ RINGBACK_CONFIG: file }).simulatedCarrier.scenarioFile,
      path.join(path.dirname(file), 'phones.json'),
    );
  });

  it('are checked with the file that names them, unless a trunk takes their place', async () => {
    const phones = '{"numbers": {"+12065550150": [{"step": "rng"}, {"step": "press", "digits": "x"}]}}';
    const [wrong, missing] = [await withPhones('phones.json', phones), await withPhones('none.json', '{}')];
    const mistakesOf = (file: string): readonly string[] => {
      try {
        loadConfig({ RINGBACK_CONFIG: file });
        return [];
      } catch (error) {
        assert.ok(error instanceof ConfigFileUnusable, String(error));
        return error.mistakes.map(({ line, key, message }) => `${line} ${key} ${message}`);
      }
    };
    const [first = '', second = ''] = mistakesOf(wrong);
    assert.match(
      first,
      /^1 simulatedCarrier\.scenarioFile .*phones\.json cannot be used: .*\[0\]\.step must be one of/,
    );
    assert.match(second, /\[1\]\.digits must be/);
    assert.match(
      mistakesOf(missing).join(),
      /^1 simulatedCarrier\.scenarioFile .*none\.json cannot be used: ENOENT/,
    );
    const trunk = 'trunks: [{ name: a, address: 127.0.0.1 }]\nsignatures: strict\n';
    assert.deepEqual(mistakesOf(await withPhones('none.json', '{}', trunk)), []);
  });
});
