import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { trunkOf } from './calls/trunk.ts';
import { type Config, loadConfig } from './config.ts';
import { configWarnings } from './config-warnings.ts';

const trunkAt = (host: string) =>
  trunkOf({ name: 'main', servers: [{ host, port: 5060, transport: 'udp' }], domain: host });

function warningsWith(changes: Partial<Config>): readonly string[] {
  return configWarnings({
    ...loadConfig({}),
    trunks: [trunkAt('192.0.2.10')],
    sip: { host: '192.0.2.1', port: { port: 5060, ifTaken: 'fail' } },
    policy: { countries: ['US'] },
    ...changes,
  });
}

describe('warnings about a configuration', () => {
  it('are none for the emulator, nor for a trunk that can be called over', () => {
    assert.deepEqual(configWarnings(loadConfig({})), []);
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

  it('tell that there is no caller ID', () => {
    assert.match(warningsWith({ phoneNumbers: [] })[0] ?? '', /phoneNumbers/);
  });
});
