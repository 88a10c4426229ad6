import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { trunkOf } from './calls/trunk.ts';
import { type Config, loadConfig } from './config.ts';
import { configWarnings } from './config-warnings.ts';

const trunkAt = (host: string) =>
  trunkOf({ name: 'main', servers: [{ host, port: 5060, transport: 'udp' }], domain: host });

function warningsWith(changes: Partial<Config>): readonly string[] {
  return configWarnings(
    {
      ...loadConfig({}),
      trunks: [trunkAt('192.0.2.10')],
      sip: { host: '192.0.2.1', port: { port: 5060, ifTaken: 'fail' } },
      policy: { countries: ['US'] },
      ...changes,
    },
    0,
  );
}

describe('warnings about a configuration', () => {
  it('are none for the emulator, nor for a trunk that can be called over', () => {
    assert.deepEqual(configWarnings(loadConfig({}), 0), []);
    assert.deepEqual(warningsWith({}), []);
  });

  it('tell of a trunk elsewhere that is spoken to from this machine only', () => {
    const sip: Config['sip'] = { host: '127.0.0.1', port: { port: 5060, ifTaken: 'fail' } };
    for (const host of ['192.0.2.10', 'sbc.carrier.example']) {
      const [warning, ...others] = warningsWith({ sip, trunks: [trunkAt(host)] });
      assert.match(warning ?? '', /"main".*127\.0\.0\.1.*RINGBACK_SIP_HOST/);
      assert.deepEqual(others, []);
    }
    for (const host of ['127.0.0.1', 'localhost', '2001:db8::1'])
      assert.deepEqual(warningsWith({ sip, trunks: [trunkAt(host)] }), [], host);
  });

  it('tell that nothing may be dialled, unless some instance may', () => {
    assert.match(warningsWith({ policy: {} })[0] ?? '', /`countries`/);
    assert.match(warningsWith({ policy: { countries: [] } })[0] ?? '', /`countries`/);
    assert.deepEqual(warningsWith({ policy: {}, instancePolicies: { support: { countries: ['GB'] } } }), []);
    assert.deepEqual(warningsWith({ policy: { openPrefixes: ['+881'] } }), []);
  });

  it('tell of each certificate that ends within two weeks, or has ended: which, when, and what to do', async () => {
    const certificates = path.resolve(import.meta.dirname, '../../sip/test/tls');
    const scratch = await mkdtemp(path.join(tmpdir(), 'ringback-warnings-'));
    const file = path.join(scratch, 'ringback.yaml');
    const named = (name: string) => `${certificates}/${name}`;
    await writeFile(
      file,
      `signatures: strict
sip: { alsoListen: [{ transport: tcp }, { transport: tls, cert: ${named('address.cert.pem')}, key: ${named('address.key.pem')} }] }
trunks:
  - name: main
    address: 127.0.0.1
    transport: tls
    tls: { cert: ${named('client.cert.pem')}, key: ${named('client.key.pem')} }
countries: [US]
phoneNumbers: ["+12065550199"]
`,
    );
    const chain = path.join(scratch, 'chain.pem');
    await writeFile(
      chain,
      (await readFile(named('carrier.cert.pem'), 'utf8')) +
        (await readFile(named('authority.cert.pem'), 'utf8')),
    );
    const config = loadConfig({
      RINGBACK_CONFIG: file,
      RINGBACK_TLS_CERT: chain,
      RINGBACK_TLS_KEY: named('carrier.key.pem'),
    });
    await rm(scratch, { recursive: true });
    const endsAtMs = Date.parse('2126-10-29T17:00:06Z');
    const dayMs = 86_400_000;
    assert.deepEqual(configWarnings(config, endsAtMs - 14.1 * dayMs), []);
    const soon = configWarnings(config, endsAtMs - 13.9 * dayMs);
    assert.equal(soon.length, 3);
    for (const [index, words] of [
      /chain\.pem \(RINGBACK_TLS_CERT\) expires at 2126-10-29 17:00 UTC; .*Renew it, then start/,
      /address\.cert\.pem \(sip\.alsoListen\.1\) expires/,
      /client\.cert\.pem \(trunk "main", tls\.cert\) expires/,
    ].entries()) {
      assert.match(soon[index] ?? '', words);
    }
    assert.match(configWarnings(config, endsAtMs)[0] ?? '', /expired at 2126-10-29 17:00 UTC, .*Renew it/);
  });

  it('tell that there is no caller ID', () => {
    assert.match(warningsWith({ phoneNumbers: [] })[0] ?? '', /phoneNumbers/);
  });
});
