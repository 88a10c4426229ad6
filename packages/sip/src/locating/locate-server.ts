// From the name of a SIP server to the addresses to try, in order (RFC 3263 §4).
import { isIP } from 'node:net';
import { defaultPort, type SipEndpoint, type SipTransport } from '../transport/sip-endpoint.ts';
import type { DnsResolver } from './dns-resolver.ts';
import { orderNaptr, orderSrv } from './order-records.ts';

/** What is known of a server, from a URI or a trunk's configuration. */
export interface ServerName {
  /** A name, or an address (IPv6 without brackets). */
  readonly host: string;
  /** Given: no SRV look-up. */
  readonly port?: number | undefined;
  /** Given: no NAPTR look-up. */
  readonly transport?: SipTransport | undefined;
  /** `sips` accepts TLS only. Default `sip`. */
  readonly scheme?: 'sip' | 'sips';
}

export interface LocateOptions {
  readonly resolver: DnsResolver;
  /** Uniform in [0, 1); spreads load over servers by weight. */
  readonly random: () => number;
  /** Transports we speak, preferred first; decides where DNS leaves the choice. Default udp, tcp, tls. */
  readonly transports?: readonly SipTransport[];
  /** Address families we speak, preferred first. Default 4, 6. */
  readonly families?: readonly (4 | 6)[];
}

/** A name led to no address. */
export class ServerNotFound extends Error {
  override readonly name = 'ServerNotFound';
  readonly host: string;

  constructor(host: string, looked: readonly string[]) {
    super(`DNS knows no SIP server for ${host} (asked: ${looked.join(', ')}); is the name right?`);
    this.host = host;
  }
}

/** More addresses than anybody would try for one call; hostile zones can have thousands. */
const MAX_TARGETS = 32;
const MAX_RECORDS = 16;

const NAPTR_TRANSPORTS: Readonly<Record<string, SipTransport>> = {
  'SIP+D2U': 'udp',
  'SIP+D2T': 'tcp',
  'SIPS+D2T': 'tls',
};
const SRV_PREFIXES: Readonly<Record<SipTransport, string>> = {
  udp: '_sip._udp.',
  tcp: '_sip._tcp.',
  tls: '_sips._tcp.',
};

/**
 * The addresses to try, best first; at least one. TLS targets carry the name that was asked for as `tlsName`: what DNS says is not
 * to be trusted with whom we talk to (RFC 5922 §4).
 *
 * @throws {ServerNotFound} when there is none, {LookupFailed} when DNS did not answer
 */
export async function locateServer(server: ServerName, options: LocateOptions): Promise<SipEndpoint[]> {
  const search = new Search(server, options);
  const targets = await search.run();
  if (targets.length === 0) throw new ServerNotFound(server.host, search.asked);
  return targets;
}

class Search {
  readonly asked: string[] = [];
  readonly #server: ServerName;
  readonly #options: LocateOptions;
  readonly #transports: readonly SipTransport[];
  readonly #targets: SipEndpoint[] = [];

  constructor(server: ServerName, options: LocateOptions) {
    this.#server = server;
    this.#options = options;
    const spoken = options.transports ?? ['udp', 'tcp', 'tls'];
    this.#transports = server.scheme === 'sips' ? spoken.filter((each) => each === 'tls') : spoken;
  }

  async run(): Promise<SipEndpoint[]> {
    const { host, port, transport } = this.#server;
    const usual: SipTransport = this.#server.scheme === 'sips' ? 'tls' : 'udp';
    if (isIP(host) !== 0 || port !== undefined) {
      const known = transport ?? usual;
      await this.#addAddresses(host, port ?? defaultPort(known), known);
      return this.#targets;
    }
    if (transport !== undefined) {
      const hasService = await this.#addService(SRV_PREFIXES[transport] + host, transport);
      if (!hasService) await this.#addAddresses(host, defaultPort(transport), transport);
      return this.#targets;
    }
    if (await this.#addByNaptr(host)) return this.#targets;
    let hasService = false;
    for (const each of this.#transports) {
      hasService = (await this.#addService(SRV_PREFIXES[each] + host, each)) || hasService;
    }
    if (!hasService) await this.#addAddresses(host, defaultPort(usual), usual);
    return this.#targets;
  }

  /** True when the zone says by NAPTR how it is reached, even if by no way that we speak. */
  async #addByNaptr(host: string): Promise<boolean> {
    this.asked.push(`NAPTR ${host}`);
    const { records } = await this.#options.resolver.naptr(host);
    const rules = orderNaptr(records).filter(({ service }) => service.toUpperCase() in NAPTR_TRANSPORTS);
    for (const { service, flags, replacement } of rules.slice(0, MAX_RECORDS)) {
      const transport = NAPTR_TRANSPORTS[service.toUpperCase()];
      if (transport === undefined || !this.#transports.includes(transport)) continue;
      if (flags.toLowerCase() === 's') await this.#addService(replacement, transport);
      else if (flags.toLowerCase() === 'a') {
        await this.#addAddresses(replacement, defaultPort(transport), transport);
      }
    }
    return rules.length > 0;
  }

  /** True when there are SRV records, even if they say that nothing is offered. */
  async #addService(name: string, transport: SipTransport): Promise<boolean> {
    this.asked.push(`SRV ${name}`);
    const { records } = await this.#options.resolver.srv(name);
    const ordered = orderSrv(records.slice(0, MAX_RECORDS), this.#options.random);
    for (const { target, port } of ordered) {
      // A single "." says: decidedly not here (RFC 2782).
      if (target !== '' && target !== '.' && port > 0) await this.#addAddresses(target, port, transport);
    }
    return records.length > 0;
  }

  async #addAddresses(name: string, port: number, transport: SipTransport): Promise<void> {
    if (isIP(name) !== 0) {
      this.#add(name, port, transport);
      return;
    }
    for (const family of this.#options.families ?? [4, 6]) {
      if (this.#targets.length >= MAX_TARGETS) return;
      this.asked.push(`${family === 4 ? 'A' : 'AAAA'} ${name}`);
      const { records } = await this.#options.resolver.addresses(name, family);
      for (const address of records) if (isIP(address) === family) this.#add(address, port, transport);
    }
  }

  #add(host: string, port: number, transport: SipTransport): void {
    const isKnown = this.#targets.some(
      (target) => target.host === host && target.port === port && target.transport === transport,
    );
    if (isKnown || this.#targets.length >= MAX_TARGETS) return;
    const tls = transport === 'tls' && host !== this.#server.host ? { tlsName: this.#server.host } : {};
    this.#targets.push({ host, port, transport, ...tls });
  }
}
