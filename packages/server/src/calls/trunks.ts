/** The trunks of a service at work: gives each dialling its next place and target, learns from what came of it, probes, registers, and tells how each trunk fares. */
import type {
  RedirectContact,
  Registration,
  RegistrationStatus,
  ServerName,
  SipEndpoint,
  SipUri,
  TransportFailureCode,
  UserAgent,
} from '@ringback/sip';
import { parseSipUri } from '@ringback/sip';
import type { Logger } from 'pino';
import { type Clock, delay } from '../clock.ts';
import type { PhoneNumber } from '../ids.ts';
import type { Trunk } from './trunk.ts';
import {
  type CallResult,
  describeHealth,
  type HealthInput,
  newHealth,
  stepHealth,
  type TrunkHealth,
} from './trunk-health.ts';
import { writeDestination } from './trunk-numbers.ts';
import { orderTrunks, type TrunkGroup } from './trunk-order.ts';
import { type Place, TrunkRoom } from './trunk-room.ts';
import type { TrunkServers } from './trunk-servers.ts';

export interface TrunksOptions {
  readonly trunks: readonly Trunk[];
  readonly servers: TrunkServers;
  readonly userAgent: UserAgent;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** ISO 3166-1 alpha-2 country of a number. */
  readonly countryOf: (number: PhoneNumber) => string;
  readonly logger: Logger;
}

/** A place on a trunk, and the address of it to try. Whoever has it must end it by one of its methods. */
export interface TrunkAttempt {
  readonly trunk: Trunk;
  readonly target: SipEndpoint;
  /** Where a redirection named another one than the trunk's own. */
  readonly requestUri: string | undefined;
  /** The call came about; the place is given back when `ended` resolves. */
  answered(ended: Promise<unknown>): void;
  /** It did not. */
  failed(failure: AttemptFailure): void;
  /** Nothing left, or what came of it says nothing of the trunk. */
  abandoned(): void;
}

/** What an attempt came to, as far as it concerns the trunk. */
export type AttemptFailure =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly retryAfterMs: number | undefined;
      readonly contacts: readonly RedirectContact[];
    }
  | { readonly kind: 'transport'; readonly code: TransportFailureCode }
  | { readonly kind: 'silence' };

/** Why there is no further attempt. */
export type NoAttempt =
  /** No trunk serves the destination, or all that do have been tried. */
  | { readonly kind: 'none left' }
  /** All are full, or asked to be left alone, for longer than the call may wait. */
  | { readonly kind: 'too late' }
  | { readonly kind: 'stopped' }
  /** DNS leads to no address of the last one that was left. */
  | { readonly kind: 'unresolvable'; readonly error: Error };

/** The way of one dialling along the trunks. */
export interface TrunkRoute {
  /** The next attempt; waits for room until `deadlineMs` at most. Never rejects. */
  next(deadlineMs: number, signal: AbortSignal): Promise<TrunkAttempt | NoAttempt>;
}

/** How one trunk fares, for operators. */
export interface TrunkStatus {
  readonly name: string;
  readonly health: TrunkHealth;
  readonly calls: number;
  /** Absent where the trunk wants no registration. */
  readonly registration?: RegistrationStatus['kind'];
}

/** One line for people. */
export function describeTrunk({ health, registration }: TrunkStatus): string {
  const registered = registration === undefined || registration === 'registered' ? '' : `, ${registration}`;
  return `${describeHealth(health)}${registered}`;
}

export interface Trunks {
  routeFor(destination: PhoneNumber): TrunkRoute;
  readonly status: readonly TrunkStatus[];
  /** Diallings that wait for room. */
  readonly waiting: number;
  close(): Promise<void>;
}

/** Redirections followed in one dialling (RFC 3261 §8.1.3.4 asks for a limit). */
const maxRedirections = 3;
/** A probe waits so long for an answer, ms. */
const probeTimeoutMs = 5_000;
/** A trunk that must register and cannot be found is looked for again after that, ms. */
const registerAgainMs = 30_000;

export function openTrunks(options: TrunksOptions): Trunks {
  return new OpenTrunks(options);
}

class OpenTrunks implements Trunks {
  readonly #options: TrunksOptions;
  readonly #room: TrunkRoom;
  readonly #health = new Map<string, TrunkHealth>();
  readonly #registrations = new Map<string, Registration>();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>[] = [];

  constructor(options: TrunksOptions) {
    this.#options = options;
    this.#room = new TrunkRoom(options.clock);
    for (const trunk of options.trunks) {
      if (trunk.probeEveryMs !== undefined) this.#running.push(this.#keepProbing(trunk, trunk.probeEveryMs));
      if (trunk.registration) this.#running.push(this.#keepRegistered(trunk, trunk.registration));
    }
  }

  get waiting(): number {
    return this.#room.waiting;
  }

  get status(): readonly TrunkStatus[] {
    return this.#options.trunks.map((trunk) => {
      const registration = this.#registrations.get(trunk.name)?.status.kind;
      return {
        name: trunk.name,
        health: this.#healthOf(trunk),
        calls: this.#room.callsOn(trunk),
        ...(trunk.registration ? { registration: registration ?? 'registering' } : {}),
      };
    });
  }

  routeFor(destination: PhoneNumber): TrunkRoute {
    const { trunks, random, countryOf } = this.#options;
    // Drawn once, so that a dialling that waits does not change its mind with every look.
    const drawn = orderTrunks(trunks, {
      country: countryOf(destination),
      isSideLined: (trunk) => this.#healthOf(trunk).standing === 'side-lined',
      random,
    });
    return new Route(drawn, destination, this.#options, this.#room, (trunk, input) =>
      this.#learn(trunk, input),
    );
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#room.close();
    await Promise.all(this.#running);
    await Promise.all([...this.#registrations.values()].map((registration) => registration.close()));
  }

  #healthOf(trunk: Trunk): TrunkHealth {
    const nowMs = this.#options.clock.now();
    const health = stepHealth(this.#health.get(trunk.name) ?? newHealth(nowMs), {
      kind: 'time',
      atMs: nowMs,
    });
    this.#health.set(trunk.name, health);
    return health;
  }

  #learn(trunk: Trunk, input: HealthInput): void {
    const before = this.#healthOf(trunk);
    const now = stepHealth(before, input);
    this.#health.set(trunk.name, now);
    if (now.standing === before.standing) return;
    const { logger } = this.#options;
    const facts = { trunk: trunk.name, standing: now.standing, because: now.because };
    if (now.standing === 'side-lined') logger.warn(facts, `trunk ${describeHealth(now)}`);
    else logger.info(facts, 'trunk is in service again');
    this.#room.lookAgain();
  }

  async #keepProbing(trunk: Trunk, everyMs: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const result = await this.#probe(trunk);
      if (!signal.aborted) this.#learn(trunk, { kind: 'probe', result, atMs: clock.now() });
      await delay(clock, everyMs, signal).catch(() => undefined);
    }
  }

  /** A trunk answers when any of its addresses does; all are asked, so that calls know which to avoid. */
  async #probe(trunk: Trunk): Promise<'answered' | 'failed'> {
    const { servers, userAgent } = this.#options;
    const targets = await servers.locate(trunk).catch(() => []);
    const answers = await Promise.all(
      targets.map(async (target) => {
        const outcome = await userAgent.probe({
          target,
          requestUri: `sip:${trunk.domain}`,
          timeoutMs: probeTimeoutMs,
          ...(trunk.credentials ? { credentials: trunk.credentials } : {}),
        });
        if (outcome.kind === 'answered' && outcome.response.status !== 503) {
          servers.answered(target);
          return true;
        }
        if (outcome.kind !== 'answered') servers.failed(target, { kind: 'transport', code: 'timeout' });
        return false;
      }),
    );
    return answers.includes(true) ? 'answered' : 'failed';
  }

  async #keepRegistered(trunk: Trunk, wanted: NonNullable<Trunk['registration']>): Promise<void> {
    const { clock, logger, servers, userAgent } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const [target] = await servers.locate(trunk).catch(() => []);
      if (target && !signal.aborted) {
        const registration = userAgent.register({
          target,
          registrar: `sip:${trunk.domain}`,
          addressOfRecord: wanted.addressOfRecord,
          expiresSeconds: wanted.expiresSeconds,
          ...(trunk.credentials ? { credentials: trunk.credentials } : {}),
          onChange: (status) => this.#tellRegistration(trunk, status),
        });
        this.#registrations.set(trunk.name, registration);
        return;
      }
      logger.warn(
        { trunk: trunk.name },
        'the trunk cannot be found in DNS, so it is not registered; trying again',
      );
      await delay(clock, registerAgainMs, signal).catch(() => undefined);
    }
  }

  #tellRegistration({ name }: Trunk, status: RegistrationStatus): void {
    const { logger } = this.#options;
    if (status.kind === 'failed') {
      const why = status.response
        ? `${status.response.status} ${status.response.reason}`
        : status.error?.message;
      logger.warn({ trunk: name, why }, 'the trunk refuses the registration; trying again');
    } else if (status.kind === 'registered') logger.debug({ trunk: name }, 'registered');
  }
}

/** Something to try: a trunk, and where a redirection pointed, that place on it. */
interface Redirection {
  readonly trunk: Trunk;
  readonly uri: SipUri;
  readonly requestUri: string;
}

class Route implements TrunkRoute {
  #groups: readonly TrunkGroup[];
  readonly #destination: PhoneNumber;
  readonly #options: TrunksOptions;
  readonly #room: TrunkRoom;
  readonly #learn: (trunk: Trunk, input: HealthInput) => void;
  /** Tried addresses, so that none is tried twice. */
  readonly #tried = new Set<string>();
  readonly #redirections: Redirection[] = [];
  #redirected = 0;
  #unresolvable: Error | undefined;

  constructor(
    groups: readonly TrunkGroup[],
    destination: PhoneNumber,
    options: TrunksOptions,
    room: TrunkRoom,
    learn: (trunk: Trunk, input: HealthInput) => void,
  ) {
    this.#groups = groups;
    this.#destination = destination;
    this.#options = options;
    this.#room = room;
    this.#learn = learn;
  }

  async next(deadlineMs: number, signal: AbortSignal): Promise<TrunkAttempt | NoAttempt> {
    for (;;) {
      const redirection = this.#redirections.shift();
      const groups = redirection ? [[redirection.trunk]] : undefined;
      const answer = await this.#room.take({ groups: () => groups ?? this.#groups, deadlineMs, signal });
      if (answer.kind !== 'place') {
        if (redirection) continue;
        if (answer.kind === 'none left' && this.#unresolvable) {
          return { kind: 'unresolvable', error: this.#unresolvable };
        }
        return answer;
      }
      const attempt = await this.#attemptOn(answer.place, redirection);
      if (attempt) return attempt;
    }
  }

  /** Undefined when there is nothing to try at this place now; it was given back. */
  async #attemptOn(place: Place, redirection: Redirection | undefined): Promise<TrunkAttempt | undefined> {
    const { servers, clock } = this.#options;
    const { trunk } = place;
    let targets: readonly SipEndpoint[];
    try {
      targets = await servers.locate(trunk, redirection && serverOf(redirection.uri));
    } catch (error) {
      place.free();
      this.#unresolvable = error instanceof Error ? error : new Error(String(error));
      this.#learn(trunk, { kind: 'call', result: 'failed', atMs: clock.now() });
      if (!redirection) this.#leaveOut(trunk);
      return undefined;
    }
    const requestUri = redirection?.requestUri;
    const untried = targets.filter((target) => !this.#tried.has(keyOf(target, requestUri)));
    const [target] = servers.usable(untried);
    if (target) {
      this.#tried.add(keyOf(target, requestUri));
      return this.#attempt(place, target, requestUri);
    }
    const restsUntilMs = untried.length === 0 ? undefined : servers.restsUntil(untried);
    if (restsUntilMs !== undefined) this.#room.rest(trunk, restsUntilMs);
    else if (!redirection) this.#leaveOut(trunk);
    place.free();
    return undefined;
  }

  #attempt(place: Place, target: SipEndpoint, requestUri: string | undefined): TrunkAttempt {
    const { servers, clock } = this.#options;
    const { trunk } = place;
    const learn = (result: CallResult): void =>
      this.#learn(trunk, { kind: 'call', result, atMs: clock.now() });
    return {
      trunk,
      target,
      requestUri,
      answered: (ended) => {
        servers.answered(target);
        learn('carried');
        void ended.finally(() => place.free());
      },
      failed: (failure) => {
        if (failure.kind === 'response') {
          servers.answered(target);
          servers.failed(target, failure);
          this.#follow(failure.contacts, trunk);
        } else if (failure.kind === 'transport') servers.failed(target, failure);
        learn(isCarriersFailure(failure) ? 'failed' : 'carried');
        place.free();
      },
      abandoned: () => place.free(),
    };
  }

  #leaveOut(trunk: Trunk): void {
    this.#groups = this.#groups.map((group) => group.filter((each) => each !== trunk));
  }

  /** Where a 3xx leads: to the same number, at addresses of our trunks. Anything else would let a carrier choose whom we call, and over whom. */
  #follow(contacts: readonly RedirectContact[], from: Trunk): void {
    for (const { uri: requestUri } of contacts) {
      if (this.#redirected >= maxRedirections) return;
      const uri = readUri(requestUri);
      if (!uri || !sameNumber(uri.user, this.#destination, from)) continue;
      const trunk = this.#trunkAt(uri, from);
      if (!trunk) continue;
      this.#redirected += 1;
      this.#redirections.push({ trunk, uri, requestUri });
    }
  }

  #trunkAt(uri: SipUri, from: Trunk): Trunk | undefined {
    const isAt = ({ domain, servers }: Trunk): boolean =>
      uri.host === domain || servers.some(({ host }) => host === uri.host);
    if (isAt(from)) return from;
    return this.#options.trunks.find(isAt);
  }
}

function serverOf(uri: SipUri): ServerName {
  const { host, port, scheme } = uri;
  const named = uri.parameter('transport')?.toLowerCase();
  const transport = named === 'udp' || named === 'tcp' || named === 'tls' ? named : undefined;
  return { host, port, scheme, transport };
}

function readUri(text: string): SipUri | undefined {
  try {
    return parseSipUri(text);
  } catch {
    // A contact that cannot be read leads nowhere.
    return undefined;
  }
}

/** Compared by digits from the end: parameters such as `;rn=` and prefixes of the format do not make another number. */
function sameNumber(user: string | undefined, destination: PhoneNumber, { numbers }: Trunk): boolean {
  const digits = (user ?? '').split(';', 1)[0]?.replace(/\D/g, '') ?? '';
  const written = writeDestination(destination, numbers).replace(/\D/g, '');
  return digits === written || digits === destination.slice(1);
}

const keyOf = ({ transport, host, port }: SipEndpoint, requestUri = ''): string =>
  `${transport} ${host} ${port} ${requestUri}`;

/** Refusals that concern the called number or our request say nothing against the carrier. */
function isCarriersFailure(failure: AttemptFailure): boolean {
  if (failure.kind !== 'response') return true;
  const { status } = failure;
  return (
    (status >= 500 && status < 600 && status !== 501) || status === 401 || status === 403 || status === 407
  );
}
