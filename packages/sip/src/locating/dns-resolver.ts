// The seam between locating servers and DNS: what may be asked, and what an answer says.

export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  /** `s` leads to SRV records, `a` to addresses. */
  readonly flags: string;
  /** Such as `SIP+D2U`. */
  readonly service: string;
  readonly replacement: string;
}

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Host name; `.` says that the service is not offered. */
  readonly target: string;
}

/** Records of one question; none when the name or its data do not exist. */
export interface DnsAnswer<Found> {
  readonly records: readonly Found[];
  readonly ttlSeconds: number;
}

export interface DnsResolver {
  /** @throws {LookupFailed}, as the next two */
  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>;
  srv(name: string): Promise<DnsAnswer<SrvRecord>>;
  addresses(name: string, family: 4 | 6): Promise<DnsAnswer<string>>;
}

/** No name server gave an answer; nothing is known about the name. */
export class LookupFailed extends Error {
  override readonly name = 'LookupFailed';
  /** The name that was asked for. */
  readonly asked: string;
  /** Code of the resolver, such as ESERVFAIL or ETIMEOUT. */
  readonly code: string;

  constructor(asked: string, code: string, cause?: unknown) {
    super(`DNS gave no answer for ${asked} (${code}); is a name server reachable?`, { cause });
    this.asked = asked;
    this.code = code;
  }
}
