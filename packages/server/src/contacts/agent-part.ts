/** A contact's dealings with routing: joins a queue, hears who takes it, and at the end waits for the agent's after-contact work. One per contact that is queued. */
import { type Clock, delay } from '../clock.ts';
import type { AgentId } from '../ids.ts';
import type { QueuePlace } from '../routing/match.ts';
import {
  type ContactRouting,
  type QueueEntry,
  type RoutingSettings,
  routingOf,
} from '../routing/queue-entry.ts';
import type { QueueTerms, Routing } from '../routing/routing.ts';
import type { ContactNews, RoutedContact, RoutingOutcome } from '../routing/routing-change.ts';
import type { Contact } from './contact.ts';

export interface Accepted {
  readonly agentId: AgentId;
  readonly acceptedAtMs: number;
}

export interface AfterContactWork {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** News can be lost with a database connection; this often the store is asked whether there is still something to wait for, ms. */
const lookEveryMs = 5_000;

export class AgentPart {
  readonly #contact: () => Contact;
  readonly #routing: Routing;
  readonly #clock: Clock;
  readonly #routed: (routing: ContactRouting) => void;
  readonly #accepted: Accepted[] = [];
  /** The work of the agent who accepted last. */
  #done = Promise.withResolvers<AfterContactWork | undefined>();
  readonly #stopFollowing: () => void;
  #heard: (() => void) | undefined;
  #agentId: AgentId | undefined;
  #attempts = 0;

  /** `routed` is told when the contact is routed in another way than before. */
  constructor(
    contact: () => Contact,
    routing: Routing,
    clock: Clock,
    routed: (routing: ContactRouting) => void = () => undefined,
  ) {
    this.#contact = contact;
    this.#routing = routing;
    this.#clock = clock;
    this.#routed = routed;
    this.#stopFollowing = routing.follow(contact().id, (news) => this.#hear(news));
  }

  /** How often the contact was offered to an agent. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The agent who has it in hand. */
  get agentId(): AgentId | undefined {
    return this.#agentId;
  }

  async enqueue(place: QueuePlace, terms: QueueTerms): Promise<RoutingOutcome> {
    const outcome = await this.#routing.enqueue(this.#handedOver(), place, terms);
    if (outcome.kind === 'done' && outcome.entry) this.#tell(outcome.entry);
    return outcome;
  }

  prepare(settings: RoutingSettings): Promise<RoutingOutcome> {
    return this.#routing.prepare(this.#handedOver(), settings);
  }

  /** Leaves the queue until it is queued again, its place kept (`entry.place`); refused once an agent has accepted. */
  stepAside(): Promise<RoutingOutcome> {
    return this.#routing.stepAside(this.#key);
  }

  /** Leaves the queue; whoever is being offered it is let go. */
  async leaveQueue(): Promise<void> {
    await this.#routing.contactEnded(this.#key, 'none');
  }

  /** The agent calls; no queue is involved. */
  async begin(agentId: AgentId): Promise<RoutingOutcome> {
    const { instanceId } = this.#contact();
    const outcome = await this.#routing.begin({ instanceId, agentId }, this.#handedOver());
    if (outcome.kind === 'done') this.#agentId = agentId;
    return outcome;
  }

  /** Waits until an agent has accepted. Rejects with the signal's reason. */
  async nextAccepted(signal: AbortSignal): Promise<Accepted> {
    for (;;) {
      signal.throwIfAborted();
      const next = this.#accepted.shift();
      if (next) return next;
      const heard = Promise.withResolvers<void>();
      this.#heard = heard.resolve;
      signal.addEventListener('abort', this.#heard, { once: true });
      await heard.promise;
    }
  }

  async connected(): Promise<void> {
    if (this.#agentId) await this.#routing.connected(this.#agentKey(this.#agentId), this.#contact().id);
  }

  async held(state: 'hold' | 'retrieve'): Promise<void> {
    if (this.#agentId) await this.#routing[state](this.#agentKey(this.#agentId), this.#contact().id);
  }

  /** The agent's side could not be made: the contact waits again. */
  async failed(): Promise<void> {
    const agentId = this.#agentId;
    this.#agentId = undefined;
    if (agentId) await this.#routing.failed(this.#agentKey(agentId), this.#contact().id);
  }

  /**
   * The agent's part in the contact is over, or the contact leaves its queue. Resolves at once; `work` waits for
   * after-contact work. May be called twice.
   */
  async end(afterContactWork: 'as configured' | 'none' = 'as configured'): Promise<void> {
    const had = this.#agentId;
    await this.#routing.contactEnded(this.#key, afterContactWork);
    if (!had) this.#done.resolve(undefined);
  }

  /** After-contact work, when it is over; undefined where there was none. Aborting the signal ends the waiting. */
  async work(signal: AbortSignal): Promise<AfterContactWork | undefined> {
    const aborted = Promise.withResolvers<undefined>();
    const abort = (): void => aborted.resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      return await Promise.race([this.#done.promise, aborted.promise, this.#gone(signal)]);
    } finally {
      signal.removeEventListener('abort', abort);
      this.#stopFollowing();
    }
  }

  /** Hears nothing more. */
  close(): void {
    this.#stopFollowing();
    this.#done.resolve(undefined);
  }

  /** Resolves when the store knows nothing of the contact any more, although nobody said so. */
  async #gone(signal: AbortSignal): Promise<undefined> {
    let isOver = false;
    void this.#done.promise.then(() => {
      isOver = true;
    });
    for (;;) {
      await delay(this.#clock, lookEveryMs, signal).catch(() => undefined);
      if (isOver || signal.aborted) return undefined;
      const entry = await this.#routing.entry(this.#key).catch(() => 'unknown' as const);
      if (entry === undefined) return undefined;
    }
  }

  #hear(news: ContactNews): void {
    switch (news.what) {
      case 'offered':
        this.#attempts += 1;
        break;
      case 'accepted':
        this.#agentId = news.agentId;
        // Somebody may have done his work already, whose customer was queued again.
        this.#done = Promise.withResolvers();
        this.#accepted.push({ agentId: news.agentId, acceptedAtMs: news.acceptedAtMs });
        break;
      case 'returned':
        this.#attempts = Math.max(this.#attempts, news.offers);
        if (this.#agentId === news.agentId) this.#agentId = undefined;
        break;
      case 'done':
        this.#done.resolve(news.afterContactWork);
        break;
      case 'stepExpired':
      case 'settings':
        this.#tell(news.entry);
    }
    this.#heard?.();
  }

  #tell(entry: QueueEntry): void {
    const routing = routingOf(entry);
    if (routing) this.#routed(routing);
  }

  get #key() {
    const { instanceId, id, epoch } = this.#contact();
    return { instanceId, contactId: id, epoch };
  }

  #agentKey(agentId: AgentId) {
    return { instanceId: this.#contact().instanceId, agentId };
  }

  #handedOver(): RoutedContact {
    const { instanceId, id, epoch, request } = this.#contact();
    return {
      instanceId,
      contactId: id,
      epoch,
      channel: 'VOICE',
      initiationMethod: request.initiationMethod ?? 'API',
      initialContactId: request.initialContactId,
    };
  }
}
