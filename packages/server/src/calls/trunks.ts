/** The trunks of a service at work: gives each dialling its next place and target, learns from what came of it, probes, registers, and tells how each trunk fares. */
import {
  type ProbeOutcome,
  type Registration,
  type RegistrationStatus,
  retryAfterMs,
  type SipEndpoint,
  TransportError,
  type UserAgent,
} from '@ringback/sip';
import type { Logger } from 'pino';
import { type Clock, delay } from '../clock.ts';
import type { PhoneNumber } from '../ids.ts';
import { lastWordsMs } from './last-words.ts';
import { describeTarget, type Trunk } from './trunk.ts';
import { describeHealth, type HealthInput, newHealth, stepHealth, type TrunkHealth } from './trunk-health.ts';
import { orderTrunks } from './trunk-order.ts';
import { TrunkRoom } from './trunk-room.ts';
import { openTrunkRoute, type TrunkRoute } from './trunk-route.ts';
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

/** How one trunk fares, for operators. */
export interface TrunkStatus {
  readonly name: string;
  readonly health: TrunkHealth;
  readonly calls: number;
  /** All of its addresses asked to be left alone (503 with Retry-After), ms since the epoch; absent where one may be tried now. */
  readonly restsUntilMs?: number;
  /** Absent where the trunk wants no registration. */
  readonly registration?: RegistrationStatus['kind'];
}

/** One line for people. */
export function describeTrunk({ health, restsUntilMs, registration }: TrunkStatus): string {
  const rests =
    restsUntilMs === undefined
      ? ''
      : `, left alone until ${new Date(restsUntilMs).toISOString()} as it asked`;
  const registered = registration === undefined || registration === 'registered' ? '' : `, ${registration}`;
  return `${describeHealth(health)}${rests}${registered}`;
}

export interface Trunks {
  routeFor(destination: PhoneNumber): TrunkRoute;
  readonly status: readonly TrunkStatus[];
  /** Diallings that wait for room. */
  readonly waiting: number;
  close(): Promise<void>;
}

/** A probe waits so long for an answer, ms. */
const probeTimeoutMs = 5_000;

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
      if (trunk.registration) this.#registrations.set(trunk.name, this.#register(trunk, trunk.registration));
    }
  }

  get waiting(): number {
    return this.#room.waiting;
  }

  get status(): readonly TrunkStatus[] {
    return this.#options.trunks.map((trunk) => {
      const registration = this.#registrations.get(trunk.name)?.status.kind;
      const restsUntilMs = this.#options.servers.trunkRestsUntil(trunk);
      return {
        name: trunk.name,
        health: this.#healthOf(trunk),
        calls: this.#room.callsOn(trunk),
        ...(restsUntilMs === undefined ? {} : { restsUntilMs }),
        ...(trunk.registration ? { registration: registration ?? 'registering' } : {}),
      };
    });
  }

  routeFor(destination: PhoneNumber): TrunkRoute {
    const { trunks, servers, clock, random, countryOf } = this.#options;
    // Drawn once, so that a dialling that waits does not change its mind with every look.
    const drawn = orderTrunks(trunks, {
      country: countryOf(destination),
      isSideLined: (trunk) => this.#healthOf(trunk).standing === 'side-lined',
      random,
    });
    return openTrunkRoute({
      groups: drawn,
      destination,
      trunks,
      servers,
      room: this.#room,
      clock,
      learn: (trunk, input) => this.#learn(trunk, input),
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#room.close();
    await Promise.all(this.#running);
    await this.#takeBackRegistrations();
  }

  /** A registrar that does not answer forgets us when the registration expires. */
  async #takeBackRegistrations(): Promise<void> {
    const closed = Promise.all([...this.#registrations.values()].map((registration) => registration.close()));
    const over = new AbortController();
    const patience = delay(this.#options.clock, lastWordsMs, over.signal).catch(() => undefined);
    await Promise.race([closed, patience]);
    over.abort();
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
    const { logger } = this.#options;
    const why = input.kind === 'time' ? undefined : input.why;
    // Where the next trunk carries it, nothing else tells.
    if (input.kind === 'call' && input.result === 'failed') {
      logger.warn({ trunk: trunk.name }, `the trunk did not carry a call: ${why}`);
    }
    if (now.standing === before.standing) return;
    const facts = { trunk: trunk.name, standing: now.standing, because: now.because };
    if (now.standing === 'side-lined') logger.warn({ ...facts, why }, `trunk ${describeHealth(now)}: ${why}`);
    else logger.info(facts, 'trunk is in service again');
    this.#room.lookAgain();
  }

  async #keepProbing(trunk: Trunk, everyMs: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const found = await this.#probe(trunk);
      if (!signal.aborted) this.#learn(trunk, { kind: 'probe', ...found, atMs: clock.now() });
      await delay(clock, everyMs, signal).catch(() => undefined);
    }
  }

  /** A trunk answers when any of its addresses does; all are asked, so that calls know which to avoid. */
  async #probe(trunk: Trunk): Promise<{ readonly result: 'answered' | 'failed'; readonly why?: string }> {
    const { servers, userAgent } = this.#options;
    let targets: readonly SipEndpoint[];
    try {
      targets = await servers.locate(trunk);
    } catch (error) {
      return { result: 'failed', why: `${trunk.name}: ${messageOf(error)}` };
    }
    const failures = await Promise.all(
      targets.map(async (target) => {
        const outcome = await userAgent.probe({
          target,
          requestUri: `sip:${trunk.domain}`,
          timeoutMs: probeTimeoutMs,
          ...(trunk.credentials ? { credentials: trunk.credentials } : {}),
        });
        if (outcome.kind === 'answered' && outcome.response.status !== 503) {
          servers.answered(target);
          return undefined;
        }
        if (outcome.kind !== 'answered') servers.failed(target, { kind: 'transport', code: 'timeout' });
        return `${describeTarget(trunk, target)}: ${whyFailed(outcome)}`;
      }),
    );
    if (failures.includes(undefined)) return { result: 'answered' };
    return { result: 'failed', why: failures.join('; ') };
  }

  /** At the best of the trunk's addresses that serves us. */
  #register(trunk: Trunk, wanted: NonNullable<Trunk['registration']>): Registration {
    const { servers, userAgent } = this.#options;
    return userAgent.register({
      target: () => this.#registrarsOf(trunk),
      registrar: `sip:${trunk.domain}`,
      addressOfRecord: wanted.addressOfRecord,
      expiresSeconds: wanted.expiresSeconds,
      ...(trunk.credentials ? { credentials: trunk.credentials } : {}),
      onChange: (status) => this.#tellRegistration(trunk, status),
      onTargetFailed: (target, response) => {
        servers.failed(
          target,
          response
            ? { kind: 'response', status: response.status, retryAfterMs: retryAfterMs(response.headers) }
            : { kind: 'transport', code: 'timeout' },
        );
      },
    });
  }

  /** Those that were not reached of late go last; who asked to be left alone is asked only where there is nobody else. */
  async #registrarsOf(trunk: Trunk): Promise<readonly SipEndpoint[]> {
    const { servers } = this.#options;
    const found = await servers.locate(trunk);
    const usable = servers.usable(found);
    return usable.length > 0 ? usable : found;
  }

  #tellRegistration({ name }: Trunk, status: RegistrationStatus): void {
    const { logger } = this.#options;
    if (status.kind === 'failed') {
      const why = status.response
        ? `${status.response.status} ${status.response.reason}`
        : status.error?.message;
      logger.warn({ trunk: name, why }, 'the trunk is not registered; trying again');
    } else if (status.kind === 'registered') logger.debug({ trunk: name }, 'registered');
  }
}

/** In words, why a probe counts as failed. */
function whyFailed(outcome: ProbeOutcome): string {
  switch (outcome.kind) {
    case 'answered':
      return `OPTIONS was answered with ${outcome.response.status} ${outcome.response.reason}`;
    case 'silent':
      return `no answer to OPTIONS within ${probeTimeoutMs / 1_000} s`;
    case 'unreachable':
      return messageOf(outcome.error.cause instanceof TransportError ? outcome.error.cause : outcome.error);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
