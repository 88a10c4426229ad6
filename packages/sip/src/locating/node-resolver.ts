// The real resolver: DNS through node:dns, with the hosts file for names that DNS does not know.
import { promises as dns } from 'node:dns';
import { type DnsAnswer, type DnsResolver, LookupFailed } from './dns-resolver.ts';

/** node:dns tells no lifetime of SRV and NAPTR records; they are asked for again after that long. */
const UNKNOWN_TTL_SECONDS = 60;
/** How long the absence of a name is believed. */
const ABSENT_TTL_SECONDS = 30;
const ABSENT_CODES: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'ENONAME']);

/** @param servers addresses of name servers, default those of the system */
export function nodeResolver(servers?: readonly string[]): DnsResolver {
  const resolver = new dns.Resolver({ timeout: 2_000, tries: 2 });
  if (servers !== undefined) resolver.setServers([...servers]);
  return {
    naptr: (name) =>
      answer(name, async () => {
        const records = await resolver.resolveNaptr(name);
        return { records, ttlSeconds: UNKNOWN_TTL_SECONDS };
      }),
    srv: (name) =>
      answer(name, async () => {
        const records = await resolver.resolveSrv(name);
        return {
          records: records.map((record) => ({ ...record, target: record.name })),
          ttlSeconds: UNKNOWN_TTL_SECONDS,
        };
      }),
    addresses: async (name, family) => {
      let failure: unknown;
      try {
        const found = await answer(name, () => addressesFrom(resolver, name, family));
        if (found.records.length > 0) return found;
      } catch (error) {
        failure = error;
      }
      const local = await answer(name, () => hostsFile(name, family));
      if (local.records.length === 0 && failure !== undefined) throw failure;
      return local;
    },
  };
}

async function addressesFrom(
  resolver: dns.Resolver,
  name: string,
  family: 4 | 6,
): Promise<DnsAnswer<string>> {
  const records =
    family === 4
      ? await resolver.resolve4(name, { ttl: true })
      : await resolver.resolve6(name, { ttl: true });
  return {
    records: records.map(({ address }) => address),
    ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)),
  };
}

async function hostsFile(name: string, family: 4 | 6): Promise<DnsAnswer<string>> {
  const found = await dns.lookup(name, { family, all: true });
  return { records: found.map(({ address }) => address), ttlSeconds: ABSENT_TTL_SECONDS };
}

async function answer<Found>(name: string, ask: () => Promise<DnsAnswer<Found>>): Promise<DnsAnswer<Found>> {
  try {
    return await ask();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (ABSENT_CODES.has(code)) return { records: [], ttlSeconds: ABSENT_TTL_SECONDS };
    throw new LookupFailed(name, code, error);
  }
}
