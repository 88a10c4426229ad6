/** The way of one dialling along the trunks: gives it place and address after address to try, follows redirections among them, and tells what came of each. */
import { isIP } from 'node:net';
import {
  LookupFailed,
  parseSipUri,
  type RedirectContact,
  type ServerName,
  type SipEndpoint,
  type SipUri,
  type TransportFailureCode,
} from '@ringback/sip';
import { type Clock, delay } from '../clock.ts';
import type { PhoneNumber } from '../ids.ts';
import { describeTarget, type Trunk } from './trunk.ts';
import type { HealthInput } from './trunk-health.ts';
import { writeDestination } from './trunk-numbers.ts';
import type { TrunkGroup } from './trunk-order.ts';
import type { Place, TrunkRoom } from './trunk-room.ts';
import type { TrunkServers } from './trunk-servers.ts';

/** A place on a trunk, and the address of it to try. Whoever has it must end it by one of its methods. */
export interface TrunkAttempt {
  readonly trunk: Trunk;
  readonly target: SipEndpoint;
  /** Where a redirection named another one than the trunk's own. */
  readonly requestUri: string | undefined;
  /** The call came about; the place is given back when `ended` resolves. */
  answered(ended: Promise<unknown>): void;
  /** It did not. `why` is for the log. */
  failed(failure: AttemptFailure, why: string): void;
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

/** What a route works with. */
export interface RouteParts {
  /** The trunks in the order in which they are to be tried. */
  readonly groups: readonly TrunkGroup[];
  readonly destination: PhoneNumber;
  /** All of them: a redirection may lead to one that serves no such destination by itself. */
  readonly trunks: readonly Trunk[];
  readonly servers: TrunkServers;
  readonly room: TrunkRoom;
  readonly clock: Clock;
  readonly learn: (trunk: Trunk, input: HealthInput) => void;
}

/** Redirections followed in one dialling (RFC 3261 §8.1.3.4 asks for a limit). */
const maxRedirections = 3;
/** A trunk that DNS has not told by then is not found; another may carry the call, ms. */
const mostLocatingMs = 5_000;

export function openTrunkRoute(parts: RouteParts): TrunkRoute {
  return new OpenTrunkRoute(parts);
}

/** Something to try: a trunk, and where a redirection pointed, that place on it. */
interface Redirection {
  readonly trunk: Trunk;
  readonly uri: SipUri;
  readonly requestUri: string;
}

class OpenTrunkRoute implements TrunkRoute {
  readonly #parts: RouteParts;
  #groups: readonly TrunkGroup[];
  /** Tried addresses, so that none is tried twice. */
  readonly #tried = new Set<string>();
  readonly #redirections: Redirection[] = [];
  #redirected = 0;
  #unresolvable: Error | undefined;

  constructor(parts: RouteParts) {
    this.#parts = parts;
    this.#groups = parts.groups;
  }

  async next(deadlineMs: number, signal: AbortSignal): Promise<TrunkAttempt | NoAttempt> {
    for (;;) {
      const redirection = this.#redirections.shift();
      const groups = redirection ? [[redirection.trunk]] : undefined;
      const answer = await this.#parts.room.take({
        groups: () => groups ?? this.#groups,
        deadlineMs,
        signal,
      });
      if (answer.kind !== 'place') {
        if (redirection) continue;
        if (answer.kind === 'none left' && this.#unresolvable) {
          return { kind: 'unresolvable', error: this.#unresolvable };
        }
        return answer;
      }
      const attempt = await this.#attemptOn(answer.place, redirection, deadlineMs, signal);
      if (attempt) return attempt;
    }
  }

  /** Undefined when there is nothing to try at this place now; it was given back. */
  async #attemptOn(
    place: Place,
    redirection: Redirection | undefined,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<TrunkAttempt | NoAttempt | undefined> {
    const { servers, room, clock, learn } = this.#parts;
    const { trunk } = place;
    let targets: readonly SipEndpoint[];
    try {
      targets = await this.#locate(trunk, redirection && serverOf(redirection.uri), deadlineMs, signal);
    } catch (error) {
      place.free();
      if (signal.aborted) return { kind: 'stopped' };
      if (clock.now() >= deadlineMs) return { kind: 'too late' };
      this.#unresolvable = error instanceof Error ? error : new Error(String(error));
      learn(trunk, {
        kind: 'call',
        result: 'failed',
        atMs: clock.now(),
        why: `${trunk.name}: ${this.#unresolvable.message}`,
      });
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
    if (restsUntilMs !== undefined) room.rest(trunk, restsUntilMs);
    else if (!redirection) this.#leaveOut(trunk);
    place.free();
    return undefined;
  }

  /** Name servers that are slow hold up a call no longer than it may wait, and not at all one that was given up. */
  async #locate(
    trunk: Trunk,
    server: ServerName | undefined,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<readonly SipEndpoint[]> {
    const { servers, clock } = this.#parts;
    const named = server ? [server] : trunk.servers;
    if (named.every(({ host }) => isIP(host) !== 0)) return servers.locate(trunk, server);
    const found = new AbortController();
    const most = Math.min(mostLocatingMs, Math.max(0, deadlineMs - clock.now()));
    const patience = delay(clock, most, AbortSignal.any([signal, found.signal])).then(() => {
      throw new LookupFailed(named.map(({ host }) => host).join(', '), 'ETIMEOUT');
    });
    try {
      return await Promise.race([servers.locate(trunk, server), patience]);
    } finally {
      patience.catch(() => undefined); // nobody waits any more
      found.abort();
    }
  }

  #attempt(place: Place, target: SipEndpoint, requestUri: string | undefined): TrunkAttempt {
    const { servers, clock, learn } = this.#parts;
    const { trunk } = place;
    const carried = (): void => learn(trunk, { kind: 'call', result: 'carried', atMs: clock.now() });
    return {
      trunk,
      target,
      requestUri,
      answered: (ended) => {
        servers.answered(target);
        carried();
        void ended.finally(() => place.free());
      },
      failed: (failure, why) => {
        if (failure.kind === 'response') {
          servers.answered(target);
          servers.failed(target, failure);
          this.#follow(failure.contacts, trunk);
        } else if (failure.kind === 'transport') servers.failed(target, failure);
        if (isCarriersFailure(failure)) {
          const where = describeTarget(trunk, target);
          learn(trunk, { kind: 'call', result: 'failed', atMs: clock.now(), why: `${where}: ${why}` });
        } else carried();
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
      if (!uri || !sameNumber(uri.user, this.#parts.destination, from)) continue;
      const trunk = this.#trunkAt(uri, from);
      if (!trunk) continue;
      this.#redirected += 1;
      this.#redirections.push({ trunk, uri, requestUri });
    }
  }

  #trunkAt(uri: SipUri, from: Trunk): Trunk | undefined {
    const named = uri.host.toLowerCase();
    const isAt = ({ domain, servers }: Trunk): boolean =>
      [domain, ...servers.map(({ host }) => host)].some((host) => host.toLowerCase() === named);
    if (isAt(from)) return from;
    return this.#parts.trunks.find(isAt);
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
