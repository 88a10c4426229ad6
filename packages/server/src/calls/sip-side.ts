/** Everything of SIP that one node has, opened together: listening addresses, trunks, traces of calls, the export to Homer. Called by service.ts. */
import { isIPv6 } from 'node:net';
import {
  CallTraces,
  cachedResolver,
  type DnsResolver,
  type HepExporter,
  openHepExporter,
  openUserAgent,
  type SipFault,
  SipPortUnavailable,
  type SipTraceEntry,
  type UserAgent,
  type UserAgentOptions,
  udpNetwork,
} from '@ringback/sip';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { PhoneNumber } from '../ids.ts';
import type { SipSettings } from '../sip-config.ts';
import { sayLastWords } from './last-words.ts';
import type { StirSigning } from './ring.ts';
import { readStirKey, type StirSigner } from './stir.ts';
import type { Trunk } from './trunk.ts';
import { TrunkServers } from './trunk-servers.ts';
import { openTrunks, type Trunks } from './trunks.ts';

export interface SipSideOptions {
  readonly host: string;
  /** What to do where the port is taken. */
  readonly port: { readonly port: number; readonly ifTaken: 'fail' | 'use any free port' };
  readonly settings: SipSettings;
  readonly trunks: readonly Trunk[];
  readonly resolver: DnsResolver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly newOriginId: () => string;
  /** ISO 3166-1 alpha-2 country of a number. */
  readonly countryOf: (number: PhoneNumber) => string;
  readonly isOwnNumber: StirSigning['isOwnNumber'];
  /** Sees every message. */
  readonly onTrace?: (entry: SipTraceEntry) => void;
}

export interface SipSide {
  readonly userAgent: UserAgent;
  readonly trunks: Trunks;
  readonly stir: StirSigning;
  /** The messages of the latest calls; absent where tracing is off. */
  readonly traces: CallTraces | undefined;
  readonly hep: HepExporter | undefined;
  close(): Promise<void>;
}

/** No trunk's address can be found. */
export class NoTrunkFound extends Error {
  override readonly name = 'NoTrunkFound';
}

/** @throws {SipPortUnavailable | NoTrunkFound | StirUnusable} */
export async function openSipSide(options: SipSideOptions): Promise<SipSide> {
  const { trunks, clock, logger, settings, random } = options;
  const servers = new TrunkServers({
    trunks,
    resolver: cachedResolver(options.resolver, clock),
    clock,
    random,
    udpFamilies: [options.host, settings.ipv6 ?? options.host].map((host) => (isIPv6(host) ? 6 : 4)),
  });
  const stir = await stirSigning(options);
  // Before the port opens: what a trunk says first must not meet silence.
  await findTrunks(trunks, servers, logger);
  const traces = settings.trace === 'off' ? undefined : new CallTraces(settings.trace);
  const hep =
    settings.hep &&
    (await openHepExporter({ ...settings.hep, localHost: options.host, network: udpNetwork }));
  const watching = [traces?.record, hep?.record, options.onTrace].filter((each) => each !== undefined);
  const userAgent = await listen(options, {
    userAgentName: 'Ringback',
    acceptsFrom: servers.acceptsFrom,
    tlsFor: servers.tlsFor,
    onFault: (fault) => logFault(fault, logger),
    ...(watching.length > 0
      ? {
          onTrace: (entry) => {
            for (const watch of watching) watch(entry);
          },
        }
      : {}),
  }).catch(async (error: unknown) => {
    await hep?.close();
    throw error;
  });
  const open = openTrunks({
    trunks,
    servers,
    userAgent,
    clock,
    random,
    countryOf: options.countryOf,
    logger,
  });
  return {
    userAgent,
    trunks: open,
    stir,
    traces,
    hep,
    async close() {
      await Promise.all([open.close(), sayLastWords(userAgent, clock)]);
      await userAgent.close();
      await hep?.close();
    },
  };
}

/** An error is told apart: as a member of an object it would be logged without its message. */
function logFault(fault: SipFault, logger: Logger): void {
  if (!('error' in fault)) {
    logger.warn({ fault }, 'SIP fault');
    return;
  }
  const { error: err, ...facts } = fault;
  logger.warn({ fault: facts, err }, 'SIP fault');
}

async function stirSigning({ trunks, isOwnNumber, newOriginId }: SipSideOptions): Promise<StirSigning> {
  const signers = new Map<string, StirSigner>();
  for (const { name, stir } of trunks) if (stir) signers.set(name, await readStirKey(stir));
  return { signers, isOwnNumber, newOriginId };
}

/** One that is found later serves later; without any there is nothing to serve. */
async function findTrunks(trunks: readonly Trunk[], servers: TrunkServers, logger: Logger): Promise<void> {
  const missing: string[] = [];
  await Promise.all(
    trunks.map(async (trunk) => {
      try {
        await servers.locate(trunk);
      } catch (error) {
        const hosts = trunk.servers.map(({ host }) => host).join(', ');
        missing.push(
          `The address of trunk "${trunk.name}", ${hosts}, cannot be resolved (${messageOf(error)})`,
        );
        logger.warn(
          { trunk: trunk.name, err: error },
          'the trunk cannot be found in DNS; it is looked for again',
        );
      }
    }),
  );
  if (missing.length > 0 && missing.length === trunks.length) throw new NoTrunkFound(missing.join('; '));
}

type Settled = Omit<UserAgentOptions, 'host' | 'port'>;

async function listen(options: SipSideOptions, settled: Settled): Promise<UserAgent> {
  const { host, port, logger } = options;
  try {
    return await openUserAgent({ ...settled, ...pointsOf(options, port.port) });
  } catch (error) {
    const isOurPort = error instanceof SipPortUnavailable && error.port === port.port;
    if (!isOurPort || port.ifTaken === 'fail') throw error;
    logger.info({ host, port: port.port }, 'the usual SIP port is taken; using a free one');
    return openUserAgent({ ...settled, ...pointsOf(options, 0) });
  }
}

type ListenPoint = NonNullable<UserAgentOptions['alsoListen']>[number];

/** A trunk over TCP can call us back over TCP only where we listen. */
function pointsOf(
  { host, settings, trunks }: SipSideOptions,
  port: number,
): Pick<UserAgentOptions, 'host' | 'port' | 'advertise' | 'alsoListen'> {
  const advertise = advertised(settings.advertise);
  const asked: ListenPoint[] = settings.alsoListen.map(({ transport, port: own, certificate }) => ({
    host,
    port: own,
    transport,
    ...advertise,
    ...(certificate ? { tls: { certificate } } : {}),
  }));
  const wantsTcp = trunks.some(({ servers }) => servers.some(({ transport }) => transport === 'tcp'));
  const hasTcp = asked.some(({ transport }) => transport === 'tcp');
  const tcp: ListenPoint[] =
    wantsTcp && !hasTcp ? [{ host, port, transport: 'tcp' as const, ...advertise }] : [];
  const { ipv6, advertiseIpv6 } = settings;
  const v4: ListenPoint[] = [{ host, port, transport: 'udp' as const }, ...asked, ...tcp];
  const v6 =
    ipv6 === undefined
      ? []
      : v4.map(({ advertise: _, ...point }) => ({ ...point, host: ipv6, ...advertised(advertiseIpv6) }));
  return { host, port, ...advertise, alsoListen: [...asked, ...tcp, ...v6] };
}

const advertised = (host: string | undefined): Pick<ListenPoint, 'advertise'> =>
  host === undefined ? {} : { advertise: { host } };

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
