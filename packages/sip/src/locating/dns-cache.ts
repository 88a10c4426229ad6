// Remembers DNS answers for as long as they live, asks once for many, and keeps calls going while no name server answers.
import type { Clock } from '../clock.ts';
import type { DnsAnswer, DnsResolver, NaptrRecord, SrvRecord } from './dns-resolver.ts';

/** Answers remembered; beyond, the one stored longest ago is asked for again. */
const MAX_ANSWERS = 1_000;
const MAX_TTL_SECONDS = 86_400;
/** How long an answer past its life still serves while nobody gives a newer one, ms (RFC 8767). */
const STALE_MS = 3_600_000;

interface Entry {
  readonly answer: DnsAnswer<unknown>;
  readonly expiresAtMs: number;
}

/** @returns a resolver that asks `resolver` only for what it does not know */
export function cachedResolver(resolver: DnsResolver, clock: Clock): DnsResolver {
  const entries = new Map<string, Entry>();
  const underway = new Map<string, Promise<DnsAnswer<unknown>>>();

  async function ask(key: string, lookUp: () => Promise<DnsAnswer<unknown>>): Promise<DnsAnswer<unknown>> {
    const known = entries.get(key);
    try {
      const answer = await lookUp();
      const ttlSeconds = Math.min(Math.max(answer.ttlSeconds, 0), MAX_TTL_SECONDS);
      entries.delete(key);
      if (entries.size >= MAX_ANSWERS) {
        const { value } = entries.keys().next();
        if (value !== undefined) entries.delete(value);
      }
      entries.set(key, { answer, expiresAtMs: clock.now() + ttlSeconds * 1_000 });
      return answer;
    } catch (error) {
      if (known !== undefined && clock.now() < known.expiresAtMs + STALE_MS) return known.answer;
      throw error;
    } finally {
      underway.delete(key);
    }
  }

  function get<Found>(key: string, lookUp: () => Promise<DnsAnswer<Found>>): Promise<DnsAnswer<Found>> {
    const known = entries.get(key);
    // The key names the kind of record, so what is stored under it is what was asked for.
    if (known !== undefined && clock.now() < known.expiresAtMs) {
      return Promise.resolve(known.answer as DnsAnswer<Found>);
    }
    let asking = underway.get(key);
    if (asking === undefined) {
      asking = ask(key, lookUp);
      underway.set(key, asking);
    }
    return asking as Promise<DnsAnswer<Found>>;
  }

  return {
    naptr: (name) => get<NaptrRecord>(`naptr ${name.toLowerCase()}`, () => resolver.naptr(name)),
    srv: (name) => get<SrvRecord>(`srv ${name.toLowerCase()}`, () => resolver.srv(name)),
    addresses: (name, family) =>
      get<string>(`${family} ${name.toLowerCase()}`, () => resolver.addresses(name, family)),
  };
}
