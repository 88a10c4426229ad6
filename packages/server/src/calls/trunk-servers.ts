/** Where trunks are: their addresses by DNS, who may therefore speak to us, what their TLS connections prove, and which of them are left alone for a while. Used by trunks.ts and service.ts. */
import { BlockList, isIP } from 'node:net';
import {
  afterFailure,
  afterSuccess,
  type DnsResolver,
  firstUsableMs,
  locateServer,
  NO_STANDING,
  type ServerName,
  type SipEndpoint,
  type TargetFailure,
  type TargetStanding,
  type TlsConnectOptions,
  usableTargets,
} from '@ringback/sip';
import type { Clock } from '../clock.ts';
import type { Trunk } from './trunk.ts';

export interface TrunkServersOptions {
  readonly trunks: readonly Trunk[];
  readonly resolver: DnsResolver;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Address families that UDP can leave in; both by default. */
  readonly udpFamilies?: readonly (4 | 6)[];
}

/** How long an address that DNS no longer tells may still speak to us: calls over it may be under way, ms. */
const oldAddressMs = 6 * 60 * 60 * 1000;

export class TrunkServers {
  readonly #options: TrunkServersOptions;
  /** Addresses that trunks were found at, until when they are accepted. */
  readonly #addresses = new Map<string, number>();
  /** Where each trunk was found last, by its name. */
  readonly #found = new Map<string, readonly SipEndpoint[]>();
  readonly #networks = new BlockList();
  /** By address, and by the name that is to be proved. */
  readonly #tls = new Map<string, TlsConnectOptions>();
  /** Asked by the target itself to be left alone, and merely not reached: only the first must be heeded. */
  #resting: TargetStanding = NO_STANDING;
  #unreached: TargetStanding = NO_STANDING;

  constructor(options: TrunkServersOptions) {
    this.#options = options;
    for (const { acceptFrom } of options.trunks)
      for (const range of acceptFrom) addRange(this.#networks, range);
  }

  /** Only carriers are answered; anyone else meets silence. */
  readonly acceptsFrom = ({ host }: SipEndpoint): boolean => {
    const untilMs = this.#addresses.get(host);
    if (untilMs !== undefined && untilMs > this.#options.clock.now()) return true;
    const family = isIP(host);
    return family !== 0 && this.#networks.check(host, family === 4 ? 'ipv4' : 'ipv6');
  };

  /** A call goes on where its Contact and Record-Route lead, which may be another port or server: there the trunk's settings count by its name. */
  readonly tlsFor = (endpoint: SipEndpoint): TlsConnectOptions => {
    const { namedBy } = endpoint;
    const known = this.#tls.get(tlsKey(endpoint)) ?? this.#tls.get(tlsNameOf(endpoint));
    return known ?? (namedBy === undefined ? undefined : this.#tls.get(namedBy)) ?? {};
  };

  /**
   * The trunk's addresses, best first; SRV weights are drawn anew each time.
   *
   * @param server one of them only: where a redirection points to
   * @throws {ServerNotFound | LookupFailed} when none of its names leads anywhere
   */
  async locate(trunk: Trunk, server?: ServerName): Promise<readonly SipEndpoint[]> {
    const { clock, random, resolver } = this.#options;
    const found: SipEndpoint[] = [];
    let failure: unknown;
    for (const each of server ? [server] : trunk.servers) {
      try {
        found.push(...(await locateServer(each, { resolver, random })));
      } catch (error) {
        failure = error;
      }
    }
    if (found.length === 0) throw failure;
    const { tlsServerName } = trunk;
    const reachable = this.#reachable(found);
    if (!server) this.#found.set(trunk.name, reachable);
    return reachable.map((target) => {
      this.#addresses.set(target.host, clock.now() + oldAddressMs);
      if (target.transport !== 'tls') return target;
      const proved = tlsServerName === undefined ? target : { ...target, tlsName: tlsServerName };
      this.#tls.set(tlsKey(proved), trunk.tls);
      this.#tls.set(tlsNameOf(proved), trunk.tls);
      return proved;
    });
  }

  /** A name may lead to addresses of both families. Where none can be reached, what becomes of the call says why. */
  #reachable(found: readonly SipEndpoint[]): readonly SipEndpoint[] {
    const { udpFamilies = [4, 6] } = this.#options;
    const reachable = found.filter(
      ({ host, transport }) => transport !== 'udp' || udpFamilies.some((family) => isIP(host) === family),
    );
    return reachable.length > 0 ? reachable : found;
  }

  /** Those that may be tried now: who asked to be left alone is left out, who was not reached of late goes last. */
  usable(targets: readonly SipEndpoint[]): readonly SipEndpoint[] {
    const nowMs = this.#options.clock.now();
    const awake = usableTargets(this.#resting, targets, nowMs);
    const reached = usableTargets(this.#unreached, awake, nowMs);
    return reached.length === awake.length
      ? awake
      : [...reached, ...awake.filter((each) => !reached.includes(each))];
  }

  /** When the first of them may be tried again, ms since the epoch; undefined where one may be now. At least one is asked about. */
  restsUntil(targets: readonly SipEndpoint[]): number | undefined {
    const nowMs = this.#options.clock.now();
    const firstMs = firstUsableMs(this.#resting, targets, nowMs);
    return firstMs > nowMs ? firstMs : undefined;
  }

  /** The same of all addresses at which the trunk was found last. */
  trunkRestsUntil({ name }: Trunk): number | undefined {
    const found = this.#found.get(name);
    return found && this.restsUntil(found);
  }

  failed(target: SipEndpoint, failure: TargetFailure): void {
    const nowMs = this.#options.clock.now();
    if (failure.kind === 'response') this.#resting = afterFailure(this.#resting, target, failure, nowMs);
    else this.#unreached = afterFailure(this.#unreached, target, failure, nowMs);
  }

  answered(target: SipEndpoint): void {
    this.#unreached = afterSuccess(this.#unreached, target);
  }
}

const tlsNameOf = ({ host, tlsName = host }: SipEndpoint): string => tlsName;
const tlsKey = (endpoint: SipEndpoint): string => `${tlsNameOf(endpoint)} ${endpoint.host} ${endpoint.port}`;

/** @throws {TypeError | RangeError} for what is neither an address nor a network */
export function addRange(list: BlockList, range: string): void {
  const [address = '', prefix] = range.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
}
