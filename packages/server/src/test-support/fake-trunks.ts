/** Trunks for tests: real ones over fake telephony, on the test's clock, with addresses instead of DNS. */
import type { SipEndpoint, UserAgent } from '@ringback/sip';
import type { VirtualClock } from '@ringback/testkit';
import { pino } from 'pino';
import { type Trunk, trunkOf } from '../calls/trunk.ts';
import { TrunkServers } from '../calls/trunk-servers.ts';
import { openTrunks, type Trunks } from '../calls/trunks.ts';

const absent = async () => ({ records: [], ttlSeconds: 60 });

/** A trunk at one address. */
export function trunkAt(
  name: string,
  { host, port, transport }: SipEndpoint,
  more: Partial<Trunk> = {},
): Trunk {
  return trunkOf({ name, servers: [{ host, port, transport }], domain: 'carrier.example', ...more });
}

/** `logger` takes what is logged, which is dropped otherwise. */
export function openTestTrunks(
  userAgent: UserAgent,
  clock: VirtualClock,
  trunks: readonly Trunk[],
  logger = pino({ level: 'silent' }),
): Trunks {
  const resolver = { naptr: absent, srv: absent, addresses: absent };
  return openTrunks({
    trunks,
    servers: new TrunkServers({ trunks, resolver, clock, random: () => 0 }),
    userAgent,
    clock,
    random: () => 0,
    countryOf: () => 'US',
    logger,
  });
}
