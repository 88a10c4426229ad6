// Which addresses SDP names, by what the configuration says.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mediaAddressesOf } from './media-addresses.ts';

const settings = { alsoListen: [], trace: {}, hep: undefined, ipv6: undefined } as const;
const of = (
  sipSettings: { advertise?: string; ipv6?: string; advertiseIpv6?: string },
  trunks: 'a trunk' | 'none' = 'a trunk',
) =>
  mediaAddressesOf({
    sip: { host: '10.0.0.5', port: { port: 5060, ifTaken: 'fail' } },
    sipSettings: { ...settings, advertise: undefined, advertiseIpv6: undefined, ...sipSettings },
    trunks: trunks === 'none' ? [] : [{} as never],
  });

describe('media addresses', () => {
  it('are those of SIP', () => {
    assert.deepEqual(of({}), { host: '10.0.0.5' });
    assert.deepEqual(of({ ipv6: '2001:db8::5' }), { host: '10.0.0.5', hostV6: '2001:db8::5' });
  });

  it('are announced as SIP is advertised', () => {
    assert.deepEqual(of({ advertise: '203.0.113.10' }), { host: '10.0.0.5', announcedHost: '203.0.113.10' });
    assert.deepEqual(of({ ipv6: '2001:db8::5', advertiseIpv6: '2001:db8::20' }), {
      host: '10.0.0.5',
      hostV6: '2001:db8::5',
      announcedHostV6: '2001:db8::20',
    });
  });

  it('are the true ones where a name is advertised', () => {
    assert.deepEqual(of({ advertise: 'sip.example.com' }), { host: '10.0.0.5' });
  });

  it('are the true ones for the simulated carrier', () => {
    assert.deepEqual(of({ advertise: '203.0.113.10' }, 'none'), { host: '10.0.0.5' });
  });
});
