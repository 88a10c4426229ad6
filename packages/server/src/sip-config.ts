/** `sip` in the configuration file: further addresses to listen on, what is kept of calls' messages and where else they go. Used by config-file.ts and config.ts. */
import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import path from 'node:path';
import type { CallTracesOptions, TlsCertificate } from '@ringback/sip';
import Type, { type Static } from 'typebox';
import { checkCertificate } from './checked-certificate.ts';
import type { MistakeBeyondShape } from './checked-yaml.ts';
import { textOfForm } from './text-forms.ts';

const strict = { additionalProperties: false } as const;
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const file = Type.String({ minLength: 1, maxLength: 4096 });

/** A name or an address of either family; `sipMistakes` says which may stand where. */
const host = textOfForm('a host name or an IP address, without a port', '^[A-Za-z0-9.:-]{1,253}$');

export const SipShape = Type.Object(
  {
    /** Name or address in Via and Contact over IPv4, where it is not the one bound to (NAT); its address is named in SDP, too. */
    advertise: Type.Optional(host),
    /** Address for SIP and RTP of trunks that are reached over IPv6. */
    ipv6: Type.Optional(textOfForm('an IPv6 address, without brackets', '^[0-9A-Fa-f:.]{2,45}$')),
    /** As `advertise`, over IPv6. */
    advertiseIpv6: Type.Optional(host),
    alsoListen: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Object({ transport: Type.Literal('tcp'), port: Type.Optional(port) }, strict),
          Type.Object(
            { transport: Type.Literal('tls'), port: Type.Optional(port), cert: file, key: file },
            strict,
          ),
        ]),
        { maxItems: 4 },
      ),
    ),
    trace: Type.Optional(
      Type.Union([
        Type.Literal('off'),
        Type.Object(
          {
            calls: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
            messagesPerCall: Type.Optional(Type.Integer({ minimum: 20, maximum: 10_000 })),
            megabytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_096 })),
          },
          strict,
        ),
      ]),
    ),
    hep: Type.Optional(
      Type.Object(
        {
          /** `host:port` of Homer's collector. */
          collector: textOfForm('host:port', '^[A-Za-z0-9.-]{1,253}:[0-9]{1,5}$'),
          captureId: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295 })),
          password: Type.Optional(Type.String({ maxLength: 128 })),
        },
        strict,
      ),
    ),
  },
  strict,
);

type SipSection = Static<typeof SipShape>;

/** What the file says of SIP, with its defaults. */
export interface SipSettings {
  readonly advertise: string | undefined;
  readonly ipv6: string | undefined;
  readonly advertiseIpv6: string | undefined;
  readonly alsoListen: readonly {
    readonly transport: 'tcp' | 'tls';
    readonly port: number;
    readonly certificate: TlsCertificate | undefined;
  }[];
  /** `off`: nothing is kept. */
  readonly trace: CallTracesOptions | 'off';
  readonly hep:
    | {
        readonly collector: { readonly host: string; readonly port: number };
        readonly captureId: number;
        readonly password: string | undefined;
      }
    | undefined;
}

/** Certificates are looked for beside the configuration file. */
export function sipMistakes(section: SipSection, configFile: string): MistakeBeyondShape[] {
  const { alsoListen = [], hep } = section;
  const mistakes = addressMistakes(section);
  alsoListen.forEach((point, index) => {
    if (point.transport !== 'tls') return;
    try {
      const { cert, key } = certificateOf(point, configFile);
      checkCertificate(cert, key);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      mistakes.push({
        path: ['sip', 'alsoListen', String(index)],
        message: `the certificate cannot be used (${why}); name a certificate and its key, both PEM`,
      });
    }
  });
  const collectorPort = Number(hep?.collector.split(':')[1] ?? 1);
  if (collectorPort < 1 || collectorPort > 65_535) {
    mistakes.push({ path: ['sip', 'hep', 'collector'], message: 'a port is from 1 to 65535' });
  }
  return mistakes;
}

function addressMistakes({ advertise, ipv6, advertiseIpv6 }: SipSection): MistakeBeyondShape[] {
  const mistakes: MistakeBeyondShape[] = [];
  const tell = (key: keyof SipSection, message: string): void =>
    void mistakes.push({ path: ['sip', key], message });
  if (advertise !== undefined && isIPv6(advertise)) {
    tell('advertise', 'is told to peers over IPv4; write an IPv6 address as advertiseIpv6');
  } else if (advertise?.includes(':')) {
    tell('advertise', 'is neither a name nor an IPv4 address, such as 203.0.113.10');
  }
  if (ipv6 !== undefined && !isIPv6(ipv6)) {
    tell('ipv6', 'is no IPv6 address; write one of this machine, such as 2001:db8::10');
  } else if (ipv6 !== undefined && /^[0:]+$/.test(ipv6)) {
    tell(
      'ipv6',
      'is every address, which nobody can be told; write one of this machine, such as 2001:db8::10',
    );
  }
  if (advertiseIpv6 === undefined) return mistakes;
  if (ipv6 === undefined) tell('advertiseIpv6', 'needs sip.ipv6, the address to listen on');
  else if (isIPv4(advertiseIpv6)) {
    tell('advertiseIpv6', 'is an IPv4 address; write a name or an IPv6 address, such as 2001:db8::10');
  } else if (advertiseIpv6.includes(':') && !isIPv6(advertiseIpv6)) {
    tell('advertiseIpv6', 'is neither a name nor an IPv6 address, such as 2001:db8::10');
  }
  return mistakes;
}

/** The file was checked before. */
export function readSipSettings(section: SipSection, configFile: string): SipSettings {
  const { advertise, ipv6, advertiseIpv6, alsoListen = [], trace = {}, hep } = section;
  const [host = '', collectorPort = ''] = hep?.collector.split(':') ?? [];
  return {
    advertise,
    ipv6,
    advertiseIpv6,
    alsoListen: alsoListen.map((point) => ({
      transport: point.transport,
      port: point.port ?? (point.transport === 'tls' ? 5061 : 5060),
      certificate: point.transport === 'tls' ? certificateOf(point, configFile) : undefined,
    })),
    trace: trace === 'off' ? 'off' : tracesOf(trace),
    hep: hep && {
      collector: { host, port: Number(collectorPort) },
      captureId: hep.captureId ?? 1,
      password: hep.password,
    },
  };
}

function tracesOf({
  calls,
  messagesPerCall,
  megabytes,
}: Exclude<NonNullable<SipSection['trace']>, 'off'>): CallTracesOptions {
  return {
    ...(calls === undefined ? {} : { calls }),
    ...(messagesPerCall === undefined ? {} : { messagesPerCall }),
    ...(megabytes === undefined ? {} : { bytes: megabytes * 1024 * 1024 }),
  };
}

function certificateOf(
  { cert, key }: { readonly cert: string; readonly key: string },
  configFile: string,
): TlsCertificate {
  const read = (named: string): string => readFileSync(path.resolve(path.dirname(configFile), named), 'utf8');
  return { cert: read(cert), key: read(key) };
}
