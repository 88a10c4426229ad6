/** Where RTP of trunks is bound, and which addresses SDP names: what the media engine is opened with. */
import { isIP } from 'node:net';
import type { MediaEngineOptions } from '@ringback/media';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';

type MediaAddresses = Pick<MediaEngineOptions, 'host' | 'hostV6' | 'announcedHost' | 'announcedHostV6'>;

export interface MediaAddressesDeps {
  /** The system's answer for a name, hosts file included. Rejects where there is no address of the family. */
  readonly lookUp: (name: string, family: 4 | 6) => Promise<string>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/**
 * What is advertised for SIP is announced for RTP, too. SDP names no hosts here, so a name is looked up now, and where that fails the
 * address bound to is named, with a warning. The simulated carrier, which stands behind no router, is told the true ones.
 */
export async function mediaAddressesOf(
  {
    sip,
    sipSettings: { ipv6, advertise, advertiseIpv6 },
    trunks,
  }: Pick<Config, 'sip' | 'sipSettings' | 'trunks'>,
  deps: MediaAddressesDeps,
): Promise<MediaAddresses> {
  const bound = { host: sip.host, ...(ipv6 === undefined ? {} : { hostV6: ipv6 }) };
  if (trunks.length === 0) return bound;
  const [announcedHost, announcedHostV6] = await Promise.all([
    announced('sip.advertise', advertise, 4, sip.host, deps),
    announced('sip.advertiseIpv6', advertiseIpv6, 6, ipv6, deps),
  ]);
  return {
    ...bound,
    ...(announcedHost === undefined ? {} : { announcedHost }),
    ...(announcedHostV6 === undefined ? {} : { announcedHostV6 }),
  };
}

async function announced(
  setting: string,
  advertised: string | undefined,
  family: 4 | 6,
  boundTo: string | undefined,
  { lookUp, logger }: MediaAddressesDeps,
): Promise<string | undefined> {
  if (advertised === undefined || isIP(advertised) === family) return advertised;
  try {
    const address = await lookUp(advertised, family);
    logger.info(
      { setting, name: advertised, address },
      'SDP names the address that the advertised name has now, until the next start',
    );
    return address;
  } catch (error) {
    logger.warn(
      { err: error, setting, name: advertised, address: boundTo },
      'the advertised name has no address, so SDP names the one bound to, which peers may not reach; write an address, or mend the name and start again',
    );
    return undefined;
  }
}
