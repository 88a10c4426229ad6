/** Where RTP of trunks is bound, and which addresses SDP names: what the media engine is opened with. */
import { isIPv4, isIPv6 } from 'node:net';
import type { MediaEngineOptions } from '@ringback/media';
import type { Config } from '../config.ts';

type MediaAddresses = Pick<MediaEngineOptions, 'host' | 'hostV6' | 'announcedHost' | 'announcedHostV6'>;

/**
 * What is advertised for SIP is announced for RTP, too, where it is an address: SDP names no hosts here. The simulated carrier, which stands
 * behind no router, is told the true ones.
 */
export function mediaAddressesOf({
  sip,
  sipSettings: { ipv6, advertise, advertiseIpv6 },
  trunks,
}: Pick<Config, 'sip' | 'sipSettings' | 'trunks'>): MediaAddresses {
  const bound = { host: sip.host, ...(ipv6 === undefined ? {} : { hostV6: ipv6 }) };
  if (trunks.length === 0) return bound;
  return {
    ...bound,
    ...(advertise !== undefined && isIPv4(advertise) ? { announcedHost: advertise } : {}),
    ...(advertiseIpv6 !== undefined && isIPv6(advertiseIpv6) ? { announcedHostV6: advertiseIpv6 } : {}),
  };
}
