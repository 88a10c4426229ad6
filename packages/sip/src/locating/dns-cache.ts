// Remembers DNS answers for as long as they live, asks once for many, and keeps calls going while no name server answers.
import type { Clock } from '../clock.ts';
import type { DnsAnswer, DnsResolver, NaptrRecord, SrvRecord } from './dns-resolver.ts';

/** Answers remembered; beyond, the one stored longest ago is asked for again. */
const MAX_ANSWERS = 1_000;
const MAX_TTL_SECONDS = 86_400;
/** How long an answer past its life still serves while nobody gives a newer one, ms (RFC 8767). */
const STALE_MS = 3_600_000;
/** How long a newer one is waited for where there is an old one, ms: a call asks up to eight questions, one after the other. */
const PATIENCE_MS = 500;
/** After a look-up that brought nothing by then, the old one serves for so long without another, ms (RFC 8767 §5). */
const RECHECK_MS = 30_000;

interface Entry {
  readonly answer: DnsAnswer<unknown>;
  readonly expiresAtMs: number;
  /** Until then nobody waits for a newer one. */
  recheckAtMs: number;
}

/** @returns a resolver that asks `resolver` only for what it does not know */
export function cachedResolver(resolver: DnsResolver, clock: Clock): DnsResolver {
  const entries = new Map<string, Entry>();
  const underway = new Map<string, Promise<DnsAnswer<unknown>>>();

  async function ask(key: string, lookUp: () => Promise<DnsAnswer<unknown>>): Promise<DnsAnswer<unknown>> {
    try {
      const answer = await lookUp();
      const ttlSeconds = Math.min(Math.max(answer.ttlSeconds, 0), MAX_TTL_SECONDS);
      entries.delete(key);
      if (entries.size >= MAX_ANSWERS) {
        const { value } = entries.keys().next();
        if (value !== undefined) entries.delete(value);
      }
      entries.set(key, { answer, expiresAtMs: clock.now() + ttlSeconds * 1_000, recheckAtMs: 0 });
      return answer;
    } finally {
      underway.delete(key);
    }
  }

  function askOnce(key: string, lookUp: () => Promise<DnsAnswer<unknown>>): Promise<DnsAnswer<unknown>> {
    const known = underway.get(key);
    if (known !== undefined) return known;
    const asking = ask(key, lookUp);
    underway.set(key, asking);
    return asking;
  }

  /** The old answer, where no newer one comes in time; what comes later is remembered all the same. */
  function renewed(known: Entry, asking: Promise<DnsAnswer<unknown>>): Promise<DnsAnswer<unknown>> {
    return new Promise((resolve) => {
      const makeDo = (): void => {
        clock.clearTimeout(timer);
        known.recheckAtMs = clock.now() + RECHECK_MS;
        resolve(known.answer);
      };
      const timer = clock.setTimeout(makeDo, PATIENCE_MS);
      asking.then((answer) => {
        clock.clearTimeout(timer);
        resolve(answer);
      }, makeDo);
    });
  }

  async function find(key: string, lookUp: () => Promise<DnsAnswer<unknown>>): Promise<DnsAnswer<unknown>> {
    const known = entries.get(key);
    const nowMs = clock.now();
    if (known !== undefined && nowMs < known.expiresAtMs) return known.answer;
    if (known === undefined || nowMs >= known.expiresAtMs + STALE_MS) return askOnce(key, lookUp);
    return nowMs < known.recheckAtMs ? known.answer : renewed(known, askOnce(key, lookUp));
  }

  // The key names the kind of record, so what is stored under it is what was asked for.
  const get = <Found>(key: string, lookUp: () => Promise<DnsAnswer<Found>>): Promise<DnsAnswer<Found>> =>
    find(key, lookUp) as Promise<DnsAnswer<Found>>;

  return {
    naptr: (name) => get<NaptrRecord>(`naptr ${name.toLowerCase()}`, () => resolver.naptr(name)),
    srv: (name) => get<SrvRecord>(`srv ${name.toLowerCase()}`, () => resolver.srv(name)),
    addresses: (name, family) =>
      get<string>(`${family} ${name.toLowerCase()}`, () => resolver.addresses(name, family)),
  };
}
