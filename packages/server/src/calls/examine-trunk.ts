/** Looks whether a trunk works, step by step as a call would take them: DNS, connection, OPTIONS, password, registration. Used by `ringback trunk test`. */
import { isIP } from 'node:net';
import {
  type ProbeOutcome,
  RequestFailed,
  type SipEndpoint,
  type SipResponse,
  TransportError,
  type UserAgent,
} from '@ringback/sip';
import type { Trunk } from './trunk.ts';
import type { TrunkServers } from './trunk-servers.ts';

export type TrunkCheck = 'DNS' | 'TCP' | 'TLS' | 'OPTIONS' | 'password' | 'registration';

/** What one step showed, in words. */
export interface TrunkFinding {
  readonly check: TrunkCheck;
  readonly result: 'works' | 'fails' | 'unknown';
  readonly says: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export interface ExamineDeps {
  readonly servers: TrunkServers;
  readonly userAgent: UserAgent;
  /** How long each answer may take, ms. */
  readonly timeoutMs: number;
  /** Whether a 401 or 407 has come so far. */
  wasChallenged(): boolean;
}

/** All findings, in the order in which a call meets them. Never rejects. */
export async function examineTrunk(trunk: Trunk, deps: ExamineDeps): Promise<readonly TrunkFinding[]> {
  const names = trunk.servers.map(({ host }) => host).join(', ');
  let targets: readonly SipEndpoint[];
  try {
    targets = await deps.servers.locate(trunk);
  } catch (error) {
    return [
      {
        check: 'DNS',
        result: 'fails',
        says: messageOf(error),
        remedy: 'mend the address, or the name server of this machine',
      },
    ];
  }
  const found = targets.map(describe).join(', ');
  const isNamed = trunk.servers.some(({ host }) => isIP(host) === 0);
  const dns: TrunkFinding = {
    check: 'DNS',
    result: 'works',
    says: isNamed ? `${names} is ${found}` : `no name to look up: ${found}`,
  };
  const probed = await Promise.all(targets.map((target) => examineTarget(trunk, target, deps)));
  // Many carriers ask for no password at OPTIONS: whether ours is right, their registrar says.
  const reachable = targets.find((_target, index) =>
    probed[index]?.every(({ result }) => result !== 'fails'),
  );
  const registration =
    trunk.registration && reachable
      ? [await examineRegistration(trunk, trunk.registration, reachable, deps)]
      : [];
  return [dns, ...probed.flat(), ...registration];
}

async function examineTarget(trunk: Trunk, target: SipEndpoint, deps: ExamineDeps): Promise<TrunkFinding[]> {
  const outcome = await deps.userAgent.probe({
    target,
    requestUri: `sip:${trunk.domain}`,
    timeoutMs: deps.timeoutMs,
    ...(trunk.credentials ? { credentials: trunk.credentials } : {}),
  });
  return [...connectionFindings(target, outcome, deps), ...answerFindings(trunk, target, outcome, deps)];
}

/** UDP has no connection that could be looked at. */
function connectionFindings(
  target: SipEndpoint,
  outcome: ProbeOutcome,
  { timeoutMs }: ExamineDeps,
): TrunkFinding[] {
  if (target.transport === 'udp') return [];
  const check = target.transport === 'tls' ? 'TLS' : 'TCP';
  if (outcome.kind === 'silent') {
    const says = `nothing came back from ${describe(target)} within ${Math.round(timeoutMs / 1_000)} s, so there may be no connection`;
    return [{ check, result: 'unknown', says, remedy: remedyOf(undefined, target) }];
  }
  if (outcome.kind === 'answered') {
    const proved = check === 'TLS' ? ` and proves to be ${target.tlsName ?? target.host}` : '';
    return [{ check, result: 'works', says: `${describe(target)} takes connections${proved}` }];
  }
  const cause = transportErrorOf(outcome.error);
  return [
    {
      check,
      result: 'fails',
      says: cause?.message ?? outcome.error.message,
      remedy: remedyOf(cause, target),
    },
  ];
}

function answerFindings(
  trunk: Trunk,
  target: SipEndpoint,
  outcome: ProbeOutcome,
  deps: ExamineDeps,
): TrunkFinding[] {
  const where = describe(target);
  switch (outcome.kind) {
    case 'unreachable':
      if (target.transport !== 'udp') return [];
      return [
        {
          check: 'OPTIONS',
          result: 'fails',
          says: transportErrorOf(outcome.error)?.message ?? outcome.error.message,
          remedy: remedyOf(transportErrorOf(outcome.error), target),
        },
      ];
    case 'silent':
      return [
        {
          check: 'OPTIONS',
          result: 'fails',
          says: `${where} says nothing within ${Math.round(deps.timeoutMs / 1_000)} s`,
          remedy:
            'is the address right, does a firewall let SIP through both ways, and does the carrier know this machine’s address?',
        },
      ];
    case 'answered':
      return [
        answeredFinding(where, outcome.response, outcome.roundTripMs),
        ...passwordFindings(trunk, where, outcome.response, deps.wasChallenged()),
      ];
  }
}

function answeredFinding(where: string, { status, reason }: SipResponse, roundTripMs: number): TrunkFinding {
  const says = `${where} answers ${status} ${reason} after ${roundTripMs} ms`;
  if (status === 503) {
    return {
      check: 'OPTIONS',
      result: 'fails',
      says,
      remedy: 'the carrier is out of service, or keeps this machine out; ask it',
    };
  }
  if (status === 403) {
    return {
      check: 'OPTIONS',
      result: 'fails',
      says,
      remedy: 'ask the carrier to let this machine’s address in',
    };
  }
  // Whatever else it answers: somebody speaks SIP there.
  return { check: 'OPTIONS', result: 'works', says };
}

function passwordFindings(
  { credentials }: Trunk,
  where: string,
  { status }: SipResponse,
  wasChallenged: boolean,
): TrunkFinding[] {
  const check = 'password';
  const isRefused = status === 401 || status === 407;
  if (isRefused && !credentials) {
    return [
      {
        check,
        result: 'fails',
        says: `${where} asks who we are, and the trunk has no username`,
        remedy: 'write username and password of the carrier’s account',
      },
    ];
  }
  if (isRefused) {
    return [
      {
        check,
        result: 'fails',
        says: `${where} refuses username and password`,
        remedy: 'compare both with what the carrier gave you',
      },
    ];
  }
  if (!credentials) return [];
  if (wasChallenged) return [{ check, result: 'works', says: `${where} asked for the password and took it` }];
  return [{ check, result: 'unknown', says: `${where} did not ask for the password; it may ask at a call` }];
}

/** Registers for a moment; the service that runs beside has a registration of its own. */
function examineRegistration(
  trunk: Trunk,
  { addressOfRecord, expiresSeconds }: NonNullable<Trunk['registration']>,
  target: SipEndpoint,
  { userAgent }: ExamineDeps,
): Promise<TrunkFinding> {
  return new Promise((resolve) => {
    const registration = userAgent.register({
      target,
      registrar: `sip:${trunk.domain}`,
      addressOfRecord,
      expiresSeconds,
      ...(trunk.credentials ? { credentials: trunk.credentials } : {}),
      onChange(status) {
        if (status.kind === 'registered') {
          const says = `${addressOfRecord} is registered`;
          void registration.close().then(() => resolve({ check: 'registration', result: 'works', says }));
        } else if (status.kind === 'failed') {
          const { response, error } = status;
          const why = response ? `${response.status} ${response.reason}` : (error?.message ?? 'no answer');
          void registration.close().then(() =>
            resolve({
              check: 'registration',
              result: 'fails',
              says: `${addressOfRecord} is not registered: ${why}`,
              remedy:
                'compare username, password, domain and register.addressOfRecord with what the carrier gave you',
            }),
          );
        }
      },
    });
  });
}

function transportErrorOf(error: Error): TransportError | undefined {
  if (error instanceof TransportError) return error;
  return error instanceof RequestFailed && error.cause instanceof TransportError ? error.cause : undefined;
}

function remedyOf(cause: TransportError | undefined, { transport }: SipEndpoint): string {
  const isPlain = transport === 'tls' ? 'does that port speak TLS (5061, most often), ' : '';
  switch (cause?.code) {
    case 'refused':
      return 'nobody listens there: are address, port and transport those that the carrier gave you?';
    case 'timeout':
    case 'unreachable':
      return `${isPlain}is the address right, does a firewall let this machine out, and can RINGBACK_SIP_HOST reach it (127.0.0.1 reaches this machine only)?`;
    case 'tls':
      return 'does the certificate name the address (tls.serverName), is its authority trusted (tls.ca), and does the carrier ask for ours (tls.cert)?';
    default:
      return `${isPlain}are address, port and transport those that the carrier gave you?`;
  }
}

const describe = ({ host, port, transport }: SipEndpoint): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port} (${transport})`;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
