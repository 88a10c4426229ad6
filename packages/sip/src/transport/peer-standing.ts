// Who may speak to us, how often, and whether his address is his own. Everybody else gets silence.
import type { Clock } from '../clock.ts';
import type { LiveCounters } from './counters.ts';
import type { EffectiveLimits } from './limits.ts';
import type { SipEndpoint, SipPeer, SipTransport } from './sip-endpoint.ts';
import { SourceRates } from './source-rates.ts';

/** Sources that proved their address; beyond, the one proved longest ago has to do it again. */
const MAX_PROVED = 10_000;

/** `accepted` peers are configured (or on this machine); `other` ones are heard, but not trusted. */
export type Standing = 'accepted' | 'other' | 'refused';

export class PeerStanding {
  readonly #clock: Clock;
  readonly #limits: EffectiveLimits;
  readonly #counters: LiveCounters;
  readonly #acceptsFrom: ((peer: SipEndpoint) => boolean) | undefined;
  readonly #rates = new SourceRates();
  readonly #proved = new Set<string>();

  constructor(options: {
    clock: Clock;
    limits: EffectiveLimits;
    counters: LiveCounters;
    acceptsFrom: ((peer: SipEndpoint) => boolean) | undefined;
  }) {
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#counters = options.counters;
    this.#acceptsFrom = options.acceptsFrom;
  }

  judge(host: string, port: number, transport: SipTransport): Standing {
    const acceptsFrom = this.#acceptsFrom;
    if (acceptsFrom === undefined) return isLoopback(host) ? 'accepted' : 'other';
    if (acceptsFrom({ host, port, transport })) return 'accepted';
    this.#counters.refusedPeers++;
    return 'refused';
  }

  admitsSource({ host, port, transport }: SipEndpoint): boolean {
    return this.judge(host, port, transport) !== 'refused';
  }

  /** Counts a message against the rate of its source. */
  admitsMessage(source: SipPeer): boolean {
    const isAccepted = this.#acceptsFrom !== undefined || isLoopback(source.host);
    const perSecond = isAccepted ? this.#limits.acceptedPerSecond : this.#limits.othersPerSecond;
    if (this.#rates.admits(source.host, perSecond, this.#clock.now())) return true;
    this.#counters.aboveRate++;
    return false;
  }

  isProved({ host, port }: SipPeer): boolean {
    return this.#proved.has(`${host} ${port}`);
  }

  /** Streams prove their address by their handshake; configured peers need not. */
  prove(source: SipPeer): void {
    if (source.largestAnswerBytes === undefined) return;
    if (this.#proved.size >= MAX_PROVED) {
      const { value } = this.#proved.values().next();
      if (value !== undefined) this.#proved.delete(value);
    }
    this.#proved.add(`${source.host} ${source.port}`);
  }
}

/** No packet with such a source comes from another machine. */
function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1';
}
