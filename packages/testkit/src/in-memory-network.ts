// A datagram network in memory, driven by a clock: loss, delay, duplication and reordering are repeatable by seed.
// It fits the `DatagramNetwork` seam of @ringback/sip by shape, without importing it.
import { seededRandom } from './seeded-random.ts';

export interface NetworkAddress {
  host: string;
  port: number;
}

export interface BindOptions {
  host: string;
  /** 0 = the next free port from 40000 up. */
  port: number;
  onDatagram(data: Uint8Array, from: NetworkAddress): void;
  onError(error: Error): void;
}

export interface InMemorySocket {
  readonly host: string;
  readonly port: number;
  /** A datagram the interceptor fails is reported to `onFailure`, else to the `onError` of the binding. */
  send(data: Uint8Array, to: NetworkAddress, onFailure?: (error: Error) => void): void;
  close(): Promise<void>;
}

/** How the network treats datagrams from now on. All default to a perfect network with no delay. */
export interface NetworkConditions {
  /** Share of datagrams lost, 0…1. */
  lossRate: number;
  /** Delay of every datagram, ms. */
  delayMs: number;
  /** Extra delay, evenly spread over 0…jitterMs; more than the spacing of datagrams reorders them. */
  jitterMs: number;
  /** Share of datagrams delivered twice, 0…1; the copy takes its own delay. */
  duplicateRate: number;
  /** Share of datagrams held back by `reorderDelayMs`, so that later ones overtake them, 0…1. */
  reorderRate: number;
  reorderDelayMs: number;
}

/** What became of a datagram. `unreachable`: nobody was bound to the address at delivery time. */
export type DatagramFate = 'inFlight' | 'delivered' | 'lost' | 'dropped' | 'failed' | 'unreachable';

export interface NetworkLogEntry {
  readonly atMs: number;
  readonly from: NetworkAddress;
  readonly to: NetworkAddress;
  readonly data: Uint8Array;
  /** True for the extra copy of a duplicated datagram. */
  readonly isCopy: boolean;
  fate: DatagramFate;
  /** Decoded as UTF-8, for assertions on text protocols. */
  text(): string;
}

/**
 * Decides over single datagrams, before chance does: 'drop' removes this one silently, 'fail' as a socket error its sender hears
 * of, 'deliver' protects it from loss.
 */
export type NetworkInterceptor = (datagram: NetworkLogEntry) => 'drop' | 'fail' | 'deliver' | undefined;

export interface InMemoryNetworkOptions {
  clock: { now(): number; setTimeout(callback: () => void, delayMs: number): unknown };
  /** Seed of loss, jitter, duplication and reordering. Default 1. */
  seed?: number;
  conditions?: Partial<NetworkConditions>;
}

/** A bind to an address that is taken; carries the code of the real socket error. */
export class AddressInUse extends Error {
  override readonly name = 'AddressInUse';
  readonly code = 'EADDRINUSE';
  constructor(address: NetworkAddress) {
    super(`bind EADDRINUSE ${address.host}:${address.port}`);
  }
}

const FIRST_FREE_PORT = 40_000;
const textDecoder = new TextDecoder();

/**
 * Connects sockets by address. Every datagram is delivered through the clock (never inside `send`), as a copy, so that
 * a sender may reuse its buffer.
 */
export class InMemoryNetwork {
  /** Every datagram ever sent, in order, with its fate. */
  readonly log: NetworkLogEntry[] = [];
  readonly conditions: NetworkConditions;
  /** Set by a test to drop or protect chosen datagrams. */
  interceptor: NetworkInterceptor | undefined;

  readonly #clock: InMemoryNetworkOptions['clock'];
  readonly #random: () => number;
  readonly #bound = new Map<string, BindOptions>();
  #nextPort = FIRST_FREE_PORT;

  constructor(options: InMemoryNetworkOptions) {
    this.#clock = options.clock;
    this.#random = seededRandom(options.seed ?? 1);
    this.conditions = {
      lossRate: 0,
      delayMs: 0,
      jitterMs: 0,
      duplicateRate: 0,
      reorderRate: 0,
      reorderDelayMs: 50,
      ...options.conditions,
    };
  }

  /** @throws {AddressInUse} when the address is bound already. */
  async bind(options: BindOptions): Promise<InMemorySocket> {
    const port = options.port === 0 ? this.#freePort(options.host) : options.port;
    const address: NetworkAddress = { host: options.host, port };
    const key = keyOf(address);
    if (this.#bound.has(key)) throw new AddressInUse(address);
    this.#bound.set(key, options);
    return {
      host: options.host,
      port,
      send: (data, to, onFailure) => {
        if (this.#bound.get(key) !== options) return;
        this.#send(address, { host: to.host, port: to.port }, data, onFailure ?? options.onError);
      },
      close: async () => {
        if (this.#bound.get(key) === options) this.#bound.delete(key);
      },
    };
  }

  /** Delivers a datagram as if `from` had sent it, under the same conditions; `from` need not be bound. */
  inject(from: NetworkAddress, to: NetworkAddress, data: Uint8Array): void {
    this.#send(from, to, data, () => {});
  }

  #send(from: NetworkAddress, to: NetworkAddress, data: Uint8Array, onFailure: (error: Error) => void): void {
    const entry = this.#record(from, to, data.slice(), false);
    const verdict = this.interceptor?.(entry);
    if (verdict === 'drop') {
      entry.fate = 'dropped';
      return;
    }
    if (verdict === 'fail') {
      entry.fate = 'failed';
      this.#clock.setTimeout(() => onFailure(new Error(`send ENETUNREACH ${keyOf(to)}`)), 0);
      return;
    }
    if (verdict !== 'deliver' && this.#happens(this.conditions.lossRate)) {
      entry.fate = 'lost';
      return;
    }
    this.#deliverLater(entry);
    if (this.#happens(this.conditions.duplicateRate)) {
      this.#deliverLater(this.#record(from, to, entry.data, true));
    }
  }

  #record(from: NetworkAddress, to: NetworkAddress, data: Uint8Array, isCopy: boolean): NetworkLogEntry {
    const entry: NetworkLogEntry = {
      atMs: this.#clock.now(),
      from,
      to,
      data,
      isCopy,
      fate: 'inFlight',
      text: () => textDecoder.decode(data),
    };
    this.log.push(entry);
    return entry;
  }

  #deliverLater(entry: NetworkLogEntry): void {
    const { delayMs, jitterMs, reorderRate, reorderDelayMs } = this.conditions;
    let totalMs = delayMs;
    if (jitterMs > 0) totalMs += this.#random() * jitterMs;
    if (this.#happens(reorderRate)) totalMs += reorderDelayMs;
    this.#clock.setTimeout(() => this.#deliver(entry), totalMs);
  }

  #deliver(entry: NetworkLogEntry): void {
    const receiver = this.#bound.get(keyOf(entry.to));
    if (receiver === undefined) {
      entry.fate = 'unreachable';
      return;
    }
    entry.fate = 'delivered';
    receiver.onDatagram(entry.data.slice(), entry.from);
  }

  /** Draws only for rates strictly between 0 and 1, so that switching a condition off does not shift the sequence. */
  #happens(rate: number): boolean {
    if (rate <= 0) return false;
    return rate >= 1 || this.#random() < rate;
  }

  #freePort(host: string): number {
    while (this.#bound.has(keyOf({ host, port: this.#nextPort }))) this.#nextPort++;
    return this.#nextPort++;
  }
}

function keyOf(address: NetworkAddress): string {
  return `${address.host}:${address.port}`;
}
