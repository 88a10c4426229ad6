// Which addresses SDP names, by what the configuration says.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { mediaAddressesOf } from './media-addresses.ts';

const settings = { alsoListen: [], trace: {}, hep: undefined, ipv6: undefined } as const;
async function of(
  sipSettings: { advertise?: string; ipv6?: string; advertiseIpv6?: string },
  trunks: 'a trunk' | 'none' = 'a trunk',
) {
  const log = capturedLogger();
  const addresses = await mediaAddressesOf(
    {
      sip: { host: '10.0.0.5', port: { port: 5060, ifTaken: 'fail' } },
      sipSettings: { ...settings, advertise: undefined, advertiseIpv6: undefined, ...sipSettings },
      trunks: trunks === 'none' ? [] : [{} as never],
    },
    {
      logger: log.logger,
      lookUp: async (name, family) => {
        const address = names[`${name} ${family}`];
        if (address === undefined) throw new Error('ENOTFOUND');
        return address;
      },
    },
  );
  return { addresses, log: log.lines };
}

/** What the system knows. */
const names: Readonly<Record<string, string>> = {
  'sip.example.com 4': '203.0.113.10',
  'sip.example.com 6': '2001:db8::20',
};

describe('media addresses', () => {
  it('are those of SIP', async () => {
    assert.deepEqual((await of({})).addresses, { host: '10.0.0.5' });
    assert.deepEqual((await of({ ipv6: '2001:db8::5' })).addresses, {
      host: '10.0.0.5',
      hostV6: '2001:db8::5',
    });
  });

  it('are announced as SIP is advertised', async () => {
    const { addresses, log } = await of({ advertise: '203.0.113.10' });
    assert.deepEqual(addresses, { host: '10.0.0.5', announcedHost: '203.0.113.10' });
    assert.deepEqual(log, []);
    assert.deepEqual((await of({ ipv6: '2001:db8::5', advertiseIpv6: '2001:db8::20' })).addresses, {
      host: '10.0.0.5',
      hostV6: '2001:db8::5',
      announcedHostV6: '2001:db8::20',
    });
  });

  it('are those that an advertised name has at the start, which is said', async () => {
    const name = 'sip.example.com';
    const { addresses, log } = await of({ advertise: name, ipv6: '2001:db8::5', advertiseIpv6: name });
    assert.deepEqual(addresses, {
      host: '10.0.0.5',
      hostV6: '2001:db8::5',
      announcedHost: '203.0.113.10',
      announcedHostV6: '2001:db8::20',
    });
    assert.deepEqual(
      log.map(({ level, setting, address }) => [level, setting, address]),
      [
        [levels.info, 'sip.advertise', '203.0.113.10'],
        [levels.info, 'sip.advertiseIpv6', '2001:db8::20'],
      ],
    );
  });

  it('are the true ones where the advertised name is unknown, with a warning that says what to do', async () => {
    const { addresses, log } = await of({ advertise: 'gone.example.com' });
    assert.deepEqual(addresses, { host: '10.0.0.5' });
    assert.equal(log.length, 1);
    assert.deepEqual(
      [log[0]?.level, log[0]?.setting, log[0]?.name],
      [levels.warn, 'sip.advertise', 'gone.example.com'],
    );
    assert.match(log[0]?.msg ?? '', /write an address, or mend the name/);
  });

  it('are the true ones for the simulated carrier', async () => {
    const { addresses, log } = await of({ advertise: 'gone.example.com' }, 'none');
    assert.deepEqual(addresses, { host: '10.0.0.5' });
    assert.deepEqual(log, []);
  });
});
