// Sends provisional responses reliably and waits for each PRACK. Performs what `reliable-provisional-states.ts` says.
import type { Clock } from '../clock.ts';
import { T1_MS, TRANSACTION_TIMEOUT_MS } from '../transaction/timers.ts';
import type { Rack } from './rack.ts';
import {
  type ReliableAction,
  type ReliableInput,
  type ReliableState,
  stepReliable,
} from './reliable-provisional-states.ts';

/** One reliable response, made ready to be sent with the number it is given. */
interface Provisional {
  readonly hasSession: boolean;
  send(reliableSequence: number): void;
}

export interface ReliableProvisionalsUser {
  /** Sends the latest response again, unchanged. */
  repeat(): void;
  /** No PRACK within 64·T1: the INVITE must be refused (RFC 3262 §3). */
  onUnacknowledged(): void;
}

/** Responses waiting for their turn; an application that makes more is answering nobody. */
const MAX_QUEUED = 32;

export class ReliableProvisionals {
  readonly #clock: Clock;
  readonly #user: ReliableProvisionalsUser;
  /** CSeq of the INVITE. */
  readonly #inviteSequence: number;
  #state: ReliableState = 'idle';
  #reliableSequence: number;
  #current: Provisional | undefined;
  readonly #queue: Provisional[] = [];
  #intervalMs = T1_MS;
  #repeatTimer: unknown;
  #giveUpTimer: unknown;
  #whenSessionIsAcknowledged: Array<() => void> = [];

  /** @param firstSequence RSeq of the first response, 1 … 2**31 - 1, chosen at random (§3) */
  constructor(clock: Clock, user: ReliableProvisionalsUser, inviteSequence: number, firstSequence: number) {
    this.#clock = clock;
    this.#user = user;
    this.#inviteSequence = inviteSequence;
    this.#reliableSequence = firstSequence - 1;
  }

  /** Sends the response now, or after those before it were acknowledged. */
  send(provisional: Provisional): void {
    if (this.#queue.length >= MAX_QUEUED)
      throw new RangeError(`${MAX_QUEUED} provisional responses wait already`);
    this.#step('send', provisional);
  }

  /** Takes a PRACK; false when it acknowledges nothing that waits (the answer is then 481). */
  acknowledge(rack: Rack): boolean {
    const isMatch =
      this.#state === 'waiting' &&
      rack.reliableSequence === this.#reliableSequence &&
      rack.sequence === this.#inviteSequence &&
      rack.method === 'INVITE';
    if (!isMatch) return false;
    this.#step('prack');
    if (!this.#hasOpenSession) this.#releaseWaiters();
    return true;
  }

  /** Resolves once no unacknowledged response carries a session description: only then may a 2xx follow (§3). */
  sessionAcknowledged(): Promise<void> | undefined {
    if (!this.#hasOpenSession) return undefined;
    return new Promise((resolve) => this.#whenSessionIsAcknowledged.push(resolve));
  }

  /** The INVITE has its final response: nothing is repeated any more. */
  finish(): void {
    this.#step('final');
    this.#queue.length = 0;
    this.#releaseWaiters();
  }

  get #hasOpenSession(): boolean {
    if (this.#state === 'over') return false;
    const isOpen = this.#state === 'waiting' && this.#current?.hasSession === true;
    return isOpen || this.#queue.some(({ hasSession }) => hasSession);
  }

  #releaseWaiters(): void {
    const waiters = this.#whenSessionIsAcknowledged;
    this.#whenSessionIsAcknowledged = [];
    for (const resolve of waiters) resolve();
  }

  #step(input: ReliableInput, provisional?: Provisional): void {
    const { state, actions } = stepReliable(this.#state, input);
    this.#state = state;
    for (const action of actions) this.#perform(action, provisional);
  }

  #perform(action: ReliableAction, provisional: Provisional | undefined): void {
    switch (action) {
      case 'transmit':
        if (provisional === undefined) break;
        this.#current = provisional;
        this.#reliableSequence++;
        provisional.send(this.#reliableSequence);
        break;
      case 'enqueue':
        if (provisional !== undefined) this.#queue.push(provisional);
        break;
      case 'repeat':
        this.#user.repeat();
        // Doubles without end, unlike other responses (§3).
        this.#intervalMs *= 2;
        this.#scheduleRepeat();
        break;
      case 'startTimers':
        this.#intervalMs = T1_MS;
        this.#scheduleRepeat();
        this.#giveUpTimer = this.#clock.setTimeout(() => this.#step('giveUpDue'), TRANSACTION_TIMEOUT_MS);
        break;
      case 'stopTimers':
        this.#clock.clearTimeout(this.#repeatTimer);
        this.#clock.clearTimeout(this.#giveUpTimer);
        break;
      case 'sendNext': {
        const next = this.#queue.shift();
        if (next !== undefined) this.#step('send', next);
        break;
      }
      case 'informUnacknowledged':
        this.#user.onUnacknowledged();
        this.#releaseWaiters();
        break;
    }
  }

  #scheduleRepeat(): void {
    this.#repeatTimer = this.#clock.setTimeout(() => this.#step('repeatDue'), this.#intervalMs);
  }
}
