/** A trunk: what is configured of one way to a carrier. Plain data; made by trunk-config.ts, used by everything that dials. */
import type { AudioCodec } from '@ringback/media';
import type {
  DigestCredentials,
  HeaderList,
  PrivacyKind,
  ServerName,
  SessionTimerPolicy,
  SipEndpoint,
  TlsConnectOptions,
} from '@ringback/sip';
import type { StirCredentials } from './stir.ts';
import { e164, type NumberFormat } from './trunk-numbers.ts';

/**
 * How keys travel on a trunk: as telephone-events (as the sound of a keypad where the far end does not agree to them), in INFO
 * requests, or as the sound of a keypad.
 */
export type DtmfMode = 'rfc4733' | 'info' | 'inband';

export interface Trunk {
  readonly name: string;
  /** Where INVITEs go, in order; names are located by RFC 3263. */
  readonly servers: readonly ServerName[];
  /** Host part of the request URI, From and To. */
  readonly domain: string;
  /** For 401 and 407. */
  readonly credentials: DigestCredentials | undefined;
  /** Wanted by carriers that must learn our address. */
  readonly registration: { readonly addressOfRecord: string; readonly expiresSeconds: number } | undefined;
  /** Preferred first; undefined: what the media engine offers by itself. */
  readonly codecs: readonly AudioCodec[] | undefined;
  readonly dtmf: DtmfMode;
  /** `sdes`: SRTP and nothing less. */
  readonly srtp: 'off' | 'sdes';
  readonly numbers: NumberFormat;
  /** Added to each INVITE. */
  readonly headers: HeaderList;
  /** Where the caller's number stands beside From: nowhere, in P-Asserted-Identity, or in P-Preferred-Identity. */
  readonly callerIdentity: 'from' | 'asserted' | 'preferred';
  readonly privacy: readonly PrivacyKind[];
  /** Calls at once; undefined: any number. */
  readonly maxCalls: number | undefined;
  /** INVITEs a second; undefined: as fast as they come. */
  readonly callsPerSecond: number | undefined;
  /** Lower is tried first. */
  readonly priority: number;
  /** Share of the calls among trunks of one priority. */
  readonly weight: number;
  /** ISO 3166-1 alpha-2 countries that it serves; undefined: all that no other trunk names. */
  readonly countries: ReadonlySet<string> | undefined;
  readonly sessionTimer: SessionTimerPolicy | 'off' | undefined;
  /** 100rel (RFC 3262). */
  readonly reliability: 'off' | 'supported' | 'required' | undefined;
  readonly stir: StirCredentials | undefined;
  readonly tls: TlsConnectOptions;
  /** The name that the certificate must prove, where the address is not that name. */
  readonly tlsServerName: string | undefined;
  /** How often OPTIONS asks whether somebody is there, ms; undefined: never. */
  readonly probeEveryMs: number | undefined;
  /** More addresses and networks (`203.0.113.0/24`) that the carrier speaks from. */
  readonly acceptFrom: readonly string[];
}

/** A trunk of which only the necessary is said. */
export function trunkOf(given: Pick<Trunk, 'name' | 'servers' | 'domain'> & Partial<Trunk>): Trunk {
  return {
    credentials: undefined,
    registration: undefined,
    codecs: undefined,
    dtmf: 'rfc4733',
    srtp: 'off',
    numbers: e164,
    headers: [],
    callerIdentity: 'from',
    privacy: [],
    maxCalls: undefined,
    callsPerSecond: undefined,
    priority: 1,
    weight: 1,
    countries: undefined,
    sessionTimer: undefined,
    reliability: undefined,
    stir: undefined,
    tls: {},
    tlsServerName: undefined,
    probeEveryMs: undefined,
    acceptFrom: [],
    ...given,
  };
}

/** `name host:port`, as committed with a dial attempt; the transport is named where it is not UDP. */
export function describeTarget({ name }: Trunk, { host, port, transport }: SipEndpoint): string {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return `${name} ${address}${transport === 'udp' ? '' : ` ${transport}`}`;
}
