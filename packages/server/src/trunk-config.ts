/** Trunks in the configuration file: their shape, the mistakes that a shape cannot say, each with its remedy, and what they become. Used by config-file.ts and config.ts. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BlockList, isIPv6 } from 'node:net';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { checkHeaders, type ServerName, type TlsConnectOptions, UnusableHeader } from '@ringback/sip';
import Type, { type Static } from 'typebox';
import { type Trunk, trunkOf } from './calls/trunk.ts';
import { isKnownCountry } from './calls/trunk-numbers.ts';
import { addRange } from './calls/trunk-servers.ts';
import { checkCertificate } from './checked-certificate.ts';
import type { MistakeBeyondShape } from './checked-yaml.ts';
import { countryCode, hostName, partName, textOfForm } from './text-forms.ts';

const strict = { additionalProperties: false } as const;

function oneOf<const Value extends string>(...values: Value[]) {
  return Type.Union(values.map((value) => Type.Literal(value))) as unknown as Type.TUnsafe<Value>;
}

const address = textOfForm(
  'host, host:port or [IPv6]:port, without "sip:"',
  '^(\\[[0-9A-Fa-f:.]{2,45}\\]|[A-Za-z0-9_.-]{1,253})(:[0-9]{1,5})?$',
);
const file = Type.String({ minLength: 1, maxLength: 4096 });

/** One item of `trunks`. */
export const TrunkShape = Type.Object(
  {
    name: partName,
    /** Where INVITEs go: `host`, `host:port` or `[IPv6]:port`, or several, tried in this order. A host without port is looked up by RFC 3263. */
    address: Type.Union([address, Type.Array(address, { minItems: 1, maxItems: 16 })]),
    /** When absent DNS decides; UDP for addresses. */
    transport: Type.Optional(oneOf('udp', 'tcp', 'tls')),
    /** Domain of the request URI and From; the first address's host when absent. */
    domain: Type.Optional(
      textOfForm(
        'a host name, an IPv4 address or an IPv6 address in brackets',
        '^(\\[[0-9A-Fa-f:.]{2,45}\\]|[A-Za-z0-9.-]{1,253})$',
      ),
    ),
    /** Without control characters: it stands in a header field. */
    username: Type.Optional(
      textOfForm('a text without control characters', '^[^\\u0000-\\u001F\\u007F]+$', { maxLength: 128 }),
    ),
    password: Type.Optional(Type.String({ maxLength: 256 })),
    register: Type.Optional(
      Type.Union([
        Type.Boolean(),
        Type.Object(
          {
            expiresSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 86_400 })),
            /** `sip:USERNAME@DOMAIN` when absent. */
            addressOfRecord: Type.Optional(
              textOfForm('a SIP URI, such as sip:alice@example.com', '^sips?:[^\\s<>"@]+@[^\\s<>"]+$', {
                maxLength: 512,
              }),
            ),
          },
          strict,
        ),
      ]),
    ),
    codecs: Type.Optional(Type.Array(oneOf('PCMU', 'PCMA'), { minItems: 1, uniqueItems: true })),
    dtmf: Type.Optional(oneOf('rfc4733', 'info', 'inband')),
    srtp: Type.Optional(oneOf('off', 'sdes')),
    numbers: Type.Optional(
      Type.Object(
        {
          format: Type.Optional(oneOf('e164', 'plain', 'national')),
          country: Type.Optional(countryCode),
          strip: Type.Optional(
            textOfForm(
              'the first digits of a number, with or without "+", in quotes',
              '^\\+?[0-9]{1,15}$|^\\+$',
            ),
          ),
          add: Type.Optional(textOfForm('at most 15 digits, "+" and "*", in quotes', '^[+0-9*]{1,15}$')),
        },
        strict,
      ),
    ),
    /** Name to value; added to each INVITE. */
    headers: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 1024 }))),
    callerIdentity: Type.Optional(oneOf('from', 'asserted', 'preferred')),
    privacy: Type.Optional(
      Type.Array(oneOf('header', 'session', 'user', 'id', 'critical'), { uniqueItems: true }),
    ),
    maxCalls: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    callsPerSecond: Type.Optional(Type.Number({ minimum: 0.01, maximum: 100_000 })),
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
    weight: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
    countries: Type.Optional(Type.Array(countryCode, { minItems: 1 })),
    sessionTimer: Type.Optional(
      Type.Union([
        Type.Literal('off'),
        Type.Object(
          {
            intervalSeconds: Type.Optional(Type.Integer({ minimum: 90, maximum: 86_400 })),
            minSeconds: Type.Optional(Type.Integer({ minimum: 90, maximum: 86_400 })),
            refresher: Type.Optional(oneOf('local', 'remote')),
          },
          strict,
        ),
      ]),
    ),
    '100rel': Type.Optional(oneOf('off', 'supported', 'required')),
    stir: Type.Optional(
      Type.Object(
        { key: file, certificateUrl: textOfForm('a URL that begins with https://', '^https://[^\\s<>"]+$') },
        strict,
      ),
    ),
    tls: Type.Optional(
      Type.Object(
        {
          ca: Type.Optional(file),
          cert: Type.Optional(file),
          key: Type.Optional(file),
          names: Type.Optional(oneOf('strict', 'wildcard')),
          serverName: Type.Optional(hostName),
        },
        strict,
      ),
    ),
    probe: Type.Optional(
      Type.Union([
        Type.Literal('off'),
        Type.Object({ everySeconds: Type.Integer({ minimum: 5, maximum: 3_600 }) }, strict),
      ]),
    ),
    acceptFrom: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 256 })),
  },
  strict,
);

type TrunkItem = Static<typeof TrunkShape>;

const defaultExpiresSeconds = 3_600;
const defaultProbeSeconds = 60;

/** UDP is spoken from an address of each family that we have; connections find one by themselves. */
type UdpFamilies = 'IPv4 only' | 'IPv4 and IPv6';

/** What is wrong with the trunks beyond their shape. Files are looked for beside the configuration file. */
export function trunkMistakes(
  trunks: readonly TrunkItem[],
  configFile: string,
  udp: UdpFamilies,
): MistakeBeyondShape[] {
  return trunks.flatMap((trunk, index) =>
    [...mistakesOf(trunk, configFile, udp), ...sharingMistakes(trunk, trunks.slice(0, index))].map(
      ([key, message]) => ({
        path: ['trunks', String(index), ...key.split('.')],
        message,
      }),
    ),
  );
}

/** A connection is used again for whoever proved the name there; with another certificate of ours the calls would count as the other trunk's. */
function sharingMistakes(trunk: TrunkItem, others: readonly TrunkItem[]): Mistake[] {
  const addresses = tlsAddresses(trunk);
  const other = others.find(
    (each) => tlsAddresses(each).some((one) => addresses.includes(one)) && proofOf(each) !== proofOf(trunk),
  );
  if (!other) return [];
  return [
    [
      'tls',
      `is at an address of trunk "${other.name}", over whose connections it speaks: give both the same tls, or this one another name of the carrier`,
    ],
  ];
}

/** The addresses of a trunk over TLS, each with the name that is proved there. */
function tlsAddresses({ address: given, transport, tls }: TrunkItem): string[] {
  if (transport !== 'tls') return [];
  return [given].flat().map((each) => `${each} ${tls?.serverName ?? ''}`.toLowerCase());
}

/** What proves the carrier to us, and us to the carrier. */
const proofOf = ({ tls: { ca, cert, key, names } = {} }: TrunkItem): string =>
  JSON.stringify([ca, cert, key, names]);

type Mistake = readonly [key: string, message: string];

function mistakesOf(trunk: TrunkItem, configFile: string, udp: UdpFamilies): Mistake[] {
  return [
    ...addressMistakes(trunk, udp),
    ...accountMistakes(trunk),
    ...numberMistakes(trunk),
    ...headerMistakes(trunk),
    ...tlsMistakes(trunk, configFile),
    ...stirMistakes(trunk, configFile),
    ...timerMistakes(trunk),
    ...rangeMistakes(trunk),
  ];
}

function addressMistakes({ address: given, transport }: TrunkItem, udp: UdpFamilies): Mistake[] {
  const mistakes: Mistake[] = [];
  for (const each of [given].flat()) {
    const { host, port } = splitAddress(each);
    if (port !== undefined && (port < 1 || port > 65_535)) {
      mistakes.push(['address', 'a port is from 1 to 65535']);
    }
    if (host.startsWith('_')) {
      mistakes.push([
        'address',
        `write the domain alone, such as ${host.replace(/^(_[^.]*\.)+/, '')}; the service names of SRV are put before it`,
      ]);
    } else if (host.includes('_')) {
      mistakes.push(['address', `"${host}" is no host name: an underscore cannot stand in one`]);
    }
    if (each.startsWith('[') && !isIPv6(host)) {
      mistakes.push([
        'address',
        `"${host}" is no IPv6 address; names and IPv4 addresses stand without brackets`,
      ]);
    }
    if (isIPv6(host) && udp === 'IPv4 only' && transport !== 'tcp' && transport !== 'tls') {
      mistakes.push([
        'transport',
        'an IPv6 address is reached over tcp or tls, or over UDP where sip.ipv6 is given: write one of them',
      ]);
    }
  }
  return mistakes;
}

function accountMistakes({ username, password, register }: TrunkItem): Mistake[] {
  if (username === undefined && password !== undefined) {
    return [['password', 'a password needs a username beside it']];
  }
  if (register && username === undefined) {
    return [['register', 'registering needs username and password']];
  }
  return [];
}

function numberMistakes({ numbers }: TrunkItem): Mistake[] {
  if (numbers?.format === 'national' && numbers.country === undefined) {
    return [['numbers.format', 'national numbers need numbers.country, such as US']];
  }
  if (numbers?.country !== undefined && !isKnownCountry(numbers.country)) {
    return [
      ['numbers.country', `no numbering plan of "${numbers.country}" is known; write an ISO 3166-1 code`],
    ];
  }
  return [];
}

function headerMistakes({ headers = {} }: TrunkItem): Mistake[] {
  return Object.entries(headers).flatMap((header): Mistake[] => {
    try {
      checkHeaders([header]);
      return [];
    } catch (error) {
      if (!(error instanceof UnusableHeader)) throw error;
      return [['headers', `${error.message}; take it out, or choose another name`]];
    }
  });
}

function tlsMistakes({ tls, srtp, transport }: TrunkItem, configFile: string): Mistake[] {
  const mistakes: Mistake[] = [];
  if (srtp === 'sdes' && transport !== 'tls') {
    mistakes.push(['srtp', 'sdes puts the keys of the audio into the SIP messages: it needs transport: tls']);
  }
  if (!tls) return mistakes;
  if (transport !== 'tls') mistakes.push(['tls', 'these settings need transport: tls beside them']);
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    mistakes.push(['tls', 'cert and key go together; write both or neither']);
    return mistakes;
  }
  for (const key of ['ca', 'cert', 'key'] as const) {
    const problem = tls[key] === undefined ? undefined : unreadable(tls[key], configFile);
    if (problem !== undefined) mistakes.push([`tls.${key}`, problem]);
  }
  if (mistakes.length > 0) return mistakes;
  try {
    const { ca, certificate } = tlsOptionsOf(tls, configFile);
    if (certificate) checkCertificate(certificate.cert, certificate.key);
    createSecureContext({ ...certificate, ...(ca === undefined ? {} : { ca: [ca].flat() }) });
  } catch (error) {
    mistakes.push(['tls', `${messageOf(error)}; the files are PEM, and cert belongs to key`]);
  }
  return mistakes;
}

function stirMistakes({ stir }: TrunkItem, configFile: string): Mistake[] {
  if (!stir) return [];
  const problem = unreadable(stir.key, configFile);
  if (problem !== undefined) return [['stir.key', problem]];
  const remedy =
    'it must be a PKCS #8 PEM of an EC key on P-256 (openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256)';
  try {
    const pem = readBeside(stir.key, configFile);
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1' && pem.includes('BEGIN PRIVATE KEY')) return [];
    return [['stir.key', `the key signs no SHAKEN PASSporT: ${remedy}`]];
  } catch (error) {
    return [['stir.key', `${messageOf(error)}; ${remedy}`]];
  }
}

function timerMistakes({ sessionTimer }: TrunkItem): Mistake[] {
  if (sessionTimer === undefined || sessionTimer === 'off') return [];
  const { intervalSeconds = 1_800, minSeconds = 90 } = sessionTimer;
  if (minSeconds <= intervalSeconds) return [];
  return [
    ['sessionTimer.minSeconds', `is above intervalSeconds (${intervalSeconds}); raise that or lower this`],
  ];
}

function rangeMistakes({ acceptFrom = [] }: TrunkItem): Mistake[] {
  return acceptFrom.flatMap((range, index): Mistake[] => {
    try {
      addRange(new BlockList(), range);
      return [];
    } catch {
      return [
        [`acceptFrom.${index}`, `"${range}" is no address or network; write 203.0.113.7 or 203.0.113.0/24`],
      ];
    }
  });
}

/** Countries that are open, and that no trunk serves: every call there would fail. */
export function unservedCountries(
  countries: readonly string[],
  trunks: readonly TrunkItem[],
): MistakeBeyondShape[] {
  if (trunks.length === 0 || trunks.some((trunk) => trunk.countries === undefined)) return [];
  const served = new Set(trunks.flatMap((trunk) => trunk.countries ?? []));
  return countries.flatMap((country, index) =>
    served.has(country)
      ? []
      : [
          {
            path: ['countries', String(index)],
            message: `no trunk serves ${country}; add it to the countries of one, or close it here`,
          },
        ],
  );
}

/** What an item becomes; the file was checked before. */
export function readTrunk(item: TrunkItem, configFile: string): Trunk {
  const servers = [item.address].flat().map((each): ServerName => {
    const { host, port } = splitAddress(each);
    return { host, port, transport: item.transport };
  });
  const domain = item.domain ?? bracketed(servers[0]?.host ?? '');
  const { username, password = '', numbers, probe, tls, stir } = item;
  const credentials = username === undefined ? undefined : { username, password };
  return trunkOf({
    name: item.name,
    servers,
    domain,
    credentials,
    registration: registrationOf(item, domain),
    codecs: item.codecs,
    dtmf: item.dtmf ?? 'rfc4733',
    srtp: item.srtp ?? 'off',
    numbers: {
      format: numbers?.format ?? 'e164',
      country: numbers?.country,
      strip: numbers?.strip ?? '',
      add: numbers?.add ?? '',
    },
    headers: Object.entries(item.headers ?? {}),
    callerIdentity: item.callerIdentity ?? 'from',
    privacy: item.privacy ?? [],
    maxCalls: item.maxCalls,
    callsPerSecond: item.callsPerSecond,
    priority: item.priority ?? 1,
    weight: item.weight ?? 1,
    countries: item.countries && new Set(item.countries),
    sessionTimer: item.sessionTimer,
    reliability: item['100rel'],
    stir: stir && { privateKeyPem: readBeside(stir.key, configFile), certificateUrl: stir.certificateUrl },
    tls: tls ? tlsOptionsOf(tls, configFile) : {},
    tlsServerName: tls?.serverName,
    probeEveryMs: probe === 'off' ? undefined : (probe?.everySeconds ?? defaultProbeSeconds) * 1_000,
    acceptFrom: item.acceptFrom ?? [],
  });
}

function registrationOf({ register, username }: TrunkItem, domain: string): Trunk['registration'] {
  if (!register || username === undefined) return undefined;
  const {
    expiresSeconds = defaultExpiresSeconds,
    addressOfRecord = `sip:${encodeURIComponent(username)}@${domain}`,
  } = register === true ? {} : register;
  return { expiresSeconds, addressOfRecord };
}

function tlsOptionsOf(
  { ca, cert, key, names }: NonNullable<TrunkItem['tls']>,
  configFile: string,
): TlsConnectOptions {
  return {
    ...(ca === undefined ? {} : { ca: readBeside(ca, configFile) }),
    ...(cert === undefined || key === undefined
      ? {}
      : { certificate: { cert: readBeside(cert, configFile), key: readBeside(key, configFile) } }),
    ...(names === undefined ? {} : { names }),
  };
}

/** `host`, `host:port`, `[IPv6]:port`; the port stays undefined where none was written. */
function splitAddress(text: string): { readonly host: string; readonly port: number | undefined } {
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? undefined : Number(port) };
}

const bracketed = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

const readBeside = (named: string, configFile: string): string =>
  readFileSync(path.resolve(path.dirname(configFile), named), 'utf8');

function unreadable(named: string, configFile: string): string | undefined {
  try {
    readBeside(named, configFile);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return `${path.resolve(path.dirname(configFile), named)} cannot be read (${code}); name a file beside this one`;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
