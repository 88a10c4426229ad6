/** Room on trunks: calls at once and calls a second. Who finds none waits for it, first come, first served. Used by trunks.ts. */
import type { Clock } from '../clock.ts';
import type { Trunk } from './trunk.ts';
import type { TrunkGroup } from './trunk-order.ts';

/** A place taken on a trunk, for one call. */
export interface Place {
  readonly trunk: Trunk;
  /** Gives it back; idempotent. */
  free(): void;
}

export interface RoomRequest {
  /** Asked anew each time that something changes; better groups first. */
  groups(): readonly TrunkGroup[];
  /** Nobody waits longer, ms since the epoch. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** What waiting came to; `none left`: no trunk is worth waiting for. */
export type RoomAnswer =
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'none left' | 'too late' | 'stopped' };

interface TrunkUse {
  calls: number;
  /** The next INVITE may leave then, ms since the epoch. */
  nextAtMs: number;
  /** It asked to be left alone until then. */
  restsUntilMs: number;
}

interface Waiter {
  readonly request: RoomRequest;
  answer(answer: RoomAnswer): void;
}

export class TrunkRoom {
  readonly #clock: Clock;
  readonly #uses = new Map<string, TrunkUse>();
  readonly #waiters = new Set<Waiter>();
  #timer: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  callsOn(trunk: Trunk): number {
    return this.#use(trunk).calls;
  }

  /** Leaves a trunk alone that asked for it (503 with Retry-After). */
  rest(trunk: Trunk, untilMs: number): void {
    const use = this.#use(trunk);
    use.restsUntilMs = Math.max(use.restsUntilMs, untilMs);
  }

  /** Takes a place on the best trunk that has one. Never rejects. */
  take(request: RoomRequest): Promise<RoomAnswer> {
    const atOnce = this.#waiters.size === 0 ? this.#look(request) : { kind: 'wait' as const };
    if (atOnce.kind !== 'wait') return Promise.resolve(atOnce);
    return new Promise((resolve) => {
      const { signal, deadlineMs } = request;
      const answer = (given: RoomAnswer): void => {
        this.#waiters.delete(waiter);
        this.#clock.clearTimeout(deadline);
        signal.removeEventListener('abort', stopped);
        resolve(given);
      };
      const stopped = (): void => answer({ kind: 'stopped' });
      const waiter: Waiter = { request, answer };
      const deadline = this.#clock.setTimeout(
        () => answer({ kind: 'too late' }),
        Math.max(0, deadlineMs - this.#clock.now()),
      );
      signal.addEventListener('abort', stopped, { once: true });
      this.#waiters.add(waiter);
      if (signal.aborted) stopped();
      else this.#serve();
    });
  }

  /** Looks again at everybody who waits; for when a trunk's health has changed. */
  lookAgain(): void {
    this.#serve();
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    for (const { answer } of [...this.#waiters]) answer({ kind: 'stopped' });
  }

  #serve(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { request, answer } of [...this.#waiters]) {
      const found = this.#look(request);
      if (found.kind === 'wait') nextMs = Math.min(nextMs, found.untilMs);
      else answer(found);
    }
    if (this.#waiters.size === 0 || nextMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.setTimeout(() => this.#serve(), Math.max(0, nextMs - this.#clock.now()));
  }

  /**
   * A trunk whose next turn is merely a moment away is waited for, before a worse one is taken; one that is full, or asked to be
   * left alone, is passed over.
   */
  #look({
    groups,
    deadlineMs,
  }: RoomRequest): RoomAnswer | { readonly kind: 'wait'; readonly untilMs: number } {
    const nowMs = this.#clock.now();
    let untilMs = Number.POSITIVE_INFINITY;
    let isWorthWaiting = false;
    for (const group of groups()) {
      let turnMs = Number.POSITIVE_INFINITY;
      for (const trunk of group) {
        const use = this.#use(trunk);
        if (use.restsUntilMs > nowMs) untilMs = Math.min(untilMs, use.restsUntilMs);
        else if (trunk.maxCalls !== undefined && use.calls >= trunk.maxCalls) isWorthWaiting = true;
        else if (use.nextAtMs <= nowMs) return { kind: 'place', place: this.#place(trunk, use, nowMs) };
        else turnMs = Math.min(turnMs, use.nextAtMs);
      }
      if (turnMs !== Number.POSITIVE_INFINITY) return { kind: 'wait', untilMs: turnMs };
    }
    if (!isWorthWaiting && untilMs === Number.POSITIVE_INFINITY) return { kind: 'none left' };
    if (!isWorthWaiting && untilMs > deadlineMs) return { kind: 'too late' };
    return { kind: 'wait', untilMs };
  }

  #place(trunk: Trunk, use: TrunkUse, nowMs: number): Place {
    use.calls += 1;
    // Evenly spaced: carriers count in short windows, and a burst after silence would break their limit.
    if (trunk.callsPerSecond !== undefined) use.nextAtMs = nowMs + 1_000 / trunk.callsPerSecond;
    let isFree = false;
    return {
      trunk,
      free: () => {
        if (isFree) return;
        isFree = true;
        use.calls -= 1;
        if (this.#waiters.size > 0) this.#serve();
      },
    };
  }

  #use({ name }: Trunk): TrunkUse {
    let use = this.#uses.get(name);
    if (!use) {
      use = { calls: 0, nextAtMs: 0, restsUntilMs: 0 };
      this.#uses.set(name, use);
    }
    return use;
  }
}
