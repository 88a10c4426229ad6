/**
 * Routing: who waits where, who is free, and who gets whom. Everything else of the service that has to do with agents
 * and queues goes through this door; what it tells is committed.
 */
import type { Logger } from 'pino';
import { type Clock, delay } from '../clock.ts';
import type { Bus } from '../events/bus.ts';
import type { AgentId, ContactId, InstanceId, NodeId } from '../ids.ts';
import { lastingFault } from '../lasting-fault.ts';
import { RoutingMoved } from '../store/change-routing.ts';
import { classifyDatabaseError, isDataError } from '../store/database-errors.ts';
import { createMicroBatch } from '../store/micro-batch.ts';
import type { AgentKey, ContactKey } from '../store/routing-rows.ts';
import type { RoutingStore } from '../store/routing-store.ts';
import { type AgentStatus, newAgentState } from './agent-state.ts';
import type { QueuePlace } from './match.ts';
import { MatchTurns, matchInstance } from './matcher.ts';
import type { QueueEntry, RoutingSettings } from './queue-entry.ts';
import type { RealTimeSnapshot } from './real-time-metrics.ts';
import {
  type AgentView,
  type ChangeDeps,
  type ContactNews,
  type DecidedChanges,
  decideChanges,
  type RoutedContact,
  type RoutingChange,
  type RoutingNews,
  type RoutingOutcome,
  scopeOf,
} from './routing-change.ts';
import type { RoutingDirectory, RoutingSetUp } from './routing-directory.ts';

export interface RoutingOptions {
  readonly node: NodeId;
  /** Whether a lease that ran out means that its node is dead; while it does not, nothing is taken from nodes. Default: it does. */
  readonly mayJudgeNodes?: () => boolean;
  readonly store: RoutingStore;
  readonly directory: RoutingDirectory;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly newEventId: () => string;
  /** Told after each commit that wrote facts. */
  readonly factsWritten: () => void;
  /** How long an agent is rung, ms. Default 20 s. */
  readonly acceptWithinMs?: number;
  /** How long an agent's page may be gone before the agent counts as signed out, ms. Default 5 min. */
  readonly absenceMs?: number;
}

/** Where an agent's page is, for as long as it is there. */
export interface Desk {
  /** The agent at the moment. */
  readonly view: AgentView;
  /** The page is gone; the status stays, and what rang goes back to its queue. */
  detach(): Promise<void>;
}

/** On which terms a contact is queued. */
export interface QueueTerms {
  /** Contacts that may wait there at once; any number without it. */
  readonly maxContacts?: number | undefined;
  /** `another queue`: it may wait elsewhere, as long as no agent is offered it, and leaves that queue. Default `anywhere`. */
  readonly from?: 'anywhere' | 'another queue';
}

export interface Routing {
  /**
   * Puts a contact into a queue. A contact whose former owner died keeps its place.
   *
   * Refused: `queued already`, `queue full`, `not the owner`. A contact that is refused keeps the place that it has.
   */
  enqueue(contact: RoutedContact, place: QueuePlace, terms?: QueueTerms): Promise<RoutingOutcome>;
  /** Says how a contact is to be routed: at once if it waits, else when it is queued. */
  prepare(contact: RoutedContact, settings: RoutingSettings): Promise<RoutingOutcome>;
  /** The same for a contact that waits or rings. Refused: `no such contact`, `queued already` (it has an agent). */
  changeSettings(key: ContactKey, settings: RoutingSettings): Promise<RoutingOutcome>;
  /**
   * Takes a contact off its queue for a while; whoever is being offered it is let go. It comes back to its place when it is
   * queued there again. `entry` is absent where it did not wait. Refused: `queued already` (an agent has it), `not the owner`.
   */
  stepAside(key: ContactKey & { readonly epoch: number }): Promise<RoutingOutcome>;
  /**
   * The contact is over, or leaves its queue; an agent who talked to it goes into after-contact work. May be said
   * twice, and of contacts that were never queued.
   */
  contactEnded(
    key: ContactKey & { readonly epoch?: number | undefined },
    afterContactWork?: 'as configured' | 'none',
  ): Promise<RoutingOutcome>;

  /** A page of the agent is there; `changed` is told every state from now on, newest last. */
  attach(key: AgentKey, session: string, changed: (view: AgentView) => void): Promise<Desk | undefined>;
  signOut(key: AgentKey): Promise<RoutingOutcome>;
  /** Chooses a status; with work in hand it becomes the next one. Also how an agent returns who missed a contact. */
  setStatus(key: AgentKey, status: AgentStatus): Promise<RoutingOutcome>;
  accept(key: AgentKey, contactId: ContactId): Promise<RoutingOutcome>;
  reject(key: AgentKey, contactId: ContactId): Promise<RoutingOutcome>;
  /** The agent's leg could not be made: the contact waits again, the agent until he returns. */
  failed(key: AgentKey, contactId: ContactId): Promise<RoutingOutcome>;
  /** The agent hears the customer. */
  connected(key: AgentKey, contactId: ContactId): Promise<RoutingOutcome>;
  hold(key: AgentKey, contactId: ContactId): Promise<RoutingOutcome>;
  retrieve(key: AgentKey, contactId: ContactId): Promise<RoutingOutcome>;
  /** Ends after-contact work, or puts away what was missed, rejected or failed. */
  clear(key: AgentKey, contactId: ContactId): Promise<RoutingOutcome>;
  /** The agent begins a contact of his own, which never waits. Refused: `busy`. */
  begin(key: AgentKey, contact: RoutedContact): Promise<RoutingOutcome>;

  /** What becomes of a contact that this node runs. Returns how to stop listening. */
  follow(contactId: ContactId, heard: (news: ContactNews) => void): () => void;
  /** The agent as stored; offline where nothing is. Undefined when there is no such agent. */
  agent(key: AgentKey): Promise<AgentView | undefined>;
  entry(key: ContactKey): Promise<QueueEntry | undefined>;
  /** Place in the queue, from 1; undefined for a contact that does not wait. */
  position(key: ContactKey): Promise<number | undefined>;
  /** Everybody at the moment, to be counted by real-time-metrics.ts. Undefined when there is no such instance. */
  realTime(instanceId: InstanceId): Promise<RealTimeSnapshot | undefined>;
  /** Looks at once for what is due; the loop does so every second. */
  sweep(): Promise<void>;
  /** Stops matching and sweeping, and waits for what is under way. */
  close(): Promise<void>;
}

/** A connected agent is rung for this long (API users know it as the accept time), ms. */
export const defaultAcceptWithinMs = 20_000;
const defaultAbsenceMs = 300_000;
/** Doorbells may be lost; this is how long that may cost, ms. */
const sweepEveryMs = 1_000;
/** What has no owner any more is looked for this often, ms: the question costs as much as there are contacts. */
const orphansEveryMs = 10_000;
/**
 * Changes of one transaction. Half a floor's worth: while one batch commits, a turn of matching decides, and neither PostgreSQL
 * nor this thread waits for the other.
 */
const mostChanges = 400;
/** Agent event stream: HEART_BEAT after 120 s without another event, until an hour after signing out. */
const silenceMs = 120_000;
const heardAfterSignOutMs = 3_600_000;

export function openRouting(options: RoutingOptions): Routing {
  return new LiveRouting(options);
}

class LiveRouting implements Routing {
  readonly #options: RoutingOptions;
  readonly #acceptWithinMs: number;
  readonly #turns: MatchTurns;
  readonly #desks = new Map<string, LiveDesk>();
  readonly #followers = new Map<ContactId, Set<(news: ContactNews) => void>>();
  readonly #stop = new AbortController();
  readonly #sweeping: Promise<void>;
  readonly #changes;
  readonly #newsFault;
  readonly #sweepFault;
  #orphansLookedForAtMs = 0;

  constructor(options: RoutingOptions) {
    this.#options = options;
    this.#acceptWithinMs = options.acceptWithinMs ?? defaultAcceptWithinMs;
    this.#newsFault = lastingFault('news of other nodes could not be read; trying again', options);
    this.#sweepFault = lastingFault('routing could not look for what is due; trying again', options);
    this.#changes = createMicroBatch<RoutingChange, RoutingOutcome>({
      name: 'routing',
      maxRows: mostChanges,
      flush: async (changes) => (await this.#commit(changes)).map((result) => ({ kind: 'done', result })),
      // Each of a batch that kept moving is on its own; alone it hardly meets anybody.
      isDataError: (error) => isDataError(error) || error instanceof RoutingMoved,
    });
    this.#turns = new MatchTurns(
      (instanceId) => this.#match(instanceId),
      (instanceId, error) =>
        options.logger.error({ err: error, instanceId }, 'matching failed; trying again'),
    );
    options.bus.listen('routing', () => void this.#hearNews());
    this.#sweeping = this.#keepSweeping();
  }

  enqueue(contact: RoutedContact, place: QueuePlace, { maxContacts, from = 'anywhere' }: QueueTerms = {}) {
    return this.#changes.submit({
      kind: 'enqueue',
      instanceId: contact.instanceId,
      contactId: contact.contactId,
      contact,
      owner: this.#options.node,
      place,
      maxContacts,
      from,
    });
  }

  prepare(contact: RoutedContact, settings: RoutingSettings) {
    const { instanceId, contactId } = contact;
    return this.#changes.submit({
      kind: 'settings',
      instanceId,
      contactId,
      settings,
      contact: { contact, owner: this.#options.node },
    });
  }

  changeSettings({ instanceId, contactId }: ContactKey, settings: RoutingSettings) {
    return this.#changes.submit({ kind: 'settings', instanceId, contactId, settings });
  }

  stepAside({ instanceId, contactId, epoch }: ContactKey & { readonly epoch: number }) {
    return this.#changes.submit({ kind: 'aside', instanceId, contactId, epoch });
  }

  contactEnded(
    { instanceId, contactId, epoch }: ContactKey & { readonly epoch?: number | undefined },
    afterContactWork: 'as configured' | 'none' = 'as configured',
  ) {
    return this.#changes.submit({ kind: 'end', instanceId, contactId, epoch, afterContactWork });
  }

  async attach(
    key: AgentKey,
    session: string,
    changed: (view: AgentView) => void,
  ): Promise<Desk | undefined> {
    const { directory } = this.#options;
    // Whoever is not known may have been made since the set-up was read.
    if (!(await directory.of(key.instanceId))?.agents.has(key.agentId)) directory.forget();
    const id = keyOf(key);
    const desk: LiveDesk = new LiveDesk(session, changed, () => this.#detach(key, session, desk));
    // Before the commit, so that no news can pass between the two.
    this.#desks.set(id, desk);
    const outcome = await this.#input(key, { kind: 'attach', node: this.#options.node, session });
    if (outcome.kind === 'refused' || !outcome.agent) {
      if (this.#desks.get(id) === desk) this.#desks.delete(id);
      return undefined;
    }
    desk.show(outcome.agent);
    return desk;
  }

  async #detach(key: AgentKey, session: string, desk: LiveDesk): Promise<void> {
    if (this.#desks.get(keyOf(key)) === desk) this.#desks.delete(keyOf(key));
    await this.#input(key, { kind: 'detach', session });
  }

  async signOut(key: AgentKey): Promise<RoutingOutcome> {
    const setUp = await this.#options.directory.of(key.instanceId);
    if (!setUp) return { kind: 'refused', why: 'no such agent' };
    return this.#input(key, { kind: 'signOut', offline: setUp.offline });
  }

  setStatus = (key: AgentKey, status: AgentStatus) => this.#input(key, { kind: 'setStatus', status });
  accept = (key: AgentKey, contactId: ContactId) => this.#input(key, { kind: 'accept', contactId });
  reject = (key: AgentKey, contactId: ContactId) => this.#input(key, { kind: 'reject', contactId });
  failed = (key: AgentKey, contactId: ContactId) => this.#input(key, { kind: 'failed', contactId });
  connected = (key: AgentKey, contactId: ContactId) => this.#input(key, { kind: 'connected', contactId });
  hold = (key: AgentKey, contactId: ContactId) => this.#input(key, { kind: 'hold', contactId });
  retrieve = (key: AgentKey, contactId: ContactId) => this.#input(key, { kind: 'retrieve', contactId });
  clear = (key: AgentKey, contactId: ContactId) => this.#input(key, { kind: 'clear', contactId });

  begin({ instanceId, agentId }: AgentKey, contact: RoutedContact) {
    return this.#changes.submit({
      kind: 'begin',
      instanceId,
      agentId,
      contact,
      owner: this.#options.node,
    });
  }

  follow(contactId: ContactId, heard: (news: ContactNews) => void): () => void {
    const followers = this.#followers.get(contactId) ?? new Set();
    followers.add(heard);
    this.#followers.set(contactId, followers);
    return () => {
      followers.delete(heard);
      if (followers.size === 0 && this.#followers.get(contactId) === followers)
        this.#followers.delete(contactId);
    };
  }

  async agent({ instanceId, agentId }: AgentKey): Promise<AgentView | undefined> {
    const setUp = await this.#options.directory.of(instanceId);
    if (!setUp?.agents.has(agentId)) return undefined;
    const stored = await this.#options.store.agent({ instanceId, agentId });
    const state = stored?.state ?? newAgentState(agentId, setUp.offline, this.#options.clock.now());
    return { instanceId, agentId, version: stored?.version ?? 0, state };
  }

  entry(key: ContactKey) {
    return this.#options.store.entry(key);
  }

  async position(key: ContactKey): Promise<number | undefined> {
    const before = await this.#options.store.contactsBefore(key);
    return before === undefined ? undefined : before + 1;
  }

  async realTime(instanceId: InstanceId): Promise<RealTimeSnapshot | undefined> {
    const { store, directory, clock } = this.#options;
    const [setUp, agents, queues] = await Promise.all([
      directory.of(instanceId),
      store.agents(instanceId),
      store.queues(instanceId),
    ]);
    return setUp && { setUp, agents, queues, nowMs: clock.now() };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#sweeping;
    await this.#turns.close();
    await this.#changes.close();
  }

  #input(
    { instanceId, agentId }: AgentKey,
    input: Extract<RoutingChange, { kind: 'agent' }>['input'],
  ): Promise<RoutingOutcome> {
    return this.#changes.submit({ kind: 'agent', instanceId, agentId, input });
  }

  async #commit(changes: readonly RoutingChange[]): Promise<readonly RoutingOutcome[]> {
    const deps = await this.#deps(new Set(changes.map(({ instanceId }) => instanceId)));
    const decided = await this.#options.store.change(scopeOf(changes, deps), (loaded) => {
      const result = decideChanges(changes, loaded, deps);
      return { plan: result.plan, result };
    });
    this.#committed(decided);
    return decided.outcomes;
  }

  async #deps(instances: ReadonlySet<InstanceId>): Promise<ChangeDeps> {
    const { directory, node, clock, newEventId } = this.#options;
    const setUps = new Map<InstanceId, RoutingSetUp | undefined>();
    for (const id of instances) setUps.set(id, await directory.of(id));
    return { node, newEventId, nowMs: clock.now(), setUpOf: (id) => setUps.get(id) };
  }

  async #match(instanceId: InstanceId): Promise<'at once' | 'later'> {
    const deps = await this.#deps(new Set([instanceId]));
    const setUp = deps.setUpOf(instanceId);
    if (!setUp) return 'later';
    const { store, clock } = this.#options;
    const { decided, goOn } = await matchInstance(store, setUp, { ...deps, clock }, this.#acceptWithinMs);
    if (decided) this.#committed(decided);
    return goOn;
  }

  /** After a commit: this node's pages and contacts are told, other nodes rung, free agents matched. */
  #committed(decided: DecidedChanges): void {
    for (const news of decided.news) this.#deliver(news);
    const away = new Set(decided.plan.news.map(({ node }) => node));
    for (const node of away) this.#options.bus.ring('routing', node);
    if (decided.plan.facts.length > 0) this.#options.factsWritten();
    // Offers made by a turn are not a reason for another; whatever else is, asks for itself.
    for (const instanceId of decided.toMatch) this.#turns.request(instanceId);
  }

  #deliver(news: RoutingNews): void {
    try {
      if (news.kind === 'agent') this.#deliverToDesk(news);
      else for (const heard of this.#followers.get(news.contactId) ?? []) heard(news);
    } catch (error) {
      // It is committed, whatever the listener makes of it.
      this.#options.logger.error({ err: error, news: news.kind }, 'a listener of routing failed');
    }
  }

  #deliverToDesk(news: Extract<RoutingNews, { kind: 'agent' }>): void {
    const desk = this.#desks.get(keyOf(news));
    if (!desk) return;
    desk.show(news);
    // This node stalled past its lease, and another took it for dead; the page was here all the time.
    if (isCutOff(news.state))
      this.#input(news, { kind: 'attach', node: this.#options.node, session: desk.session }).catch(
        (error: unknown) => {
          this.#options.logger.error({ err: error }, 'an agent whose page is here could not be taken back');
        },
      );
  }

  async #hearNews(): Promise<void> {
    try {
      for (const payload of await this.#options.store.takeNews(this.#options.node))
        this.#deliver(payload as RoutingNews);
      this.#newsFault.over();
    } catch (error) {
      this.#newsFault.met(error);
    }
  }

  async #keepSweeping(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await delay(this.#options.clock, sweepEveryMs, this.#stop.signal).catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      try {
        await this.sweep();
        this.#sweepFault.over();
      } catch (error) {
        const level = classifyDatabaseError(error) === 'connection' ? 'warn' : 'error';
        this.#sweepFault.met(error, level);
      }
    }
  }

  async sweep(): Promise<void> {
    const { store, clock, directory } = this.#options;
    await this.#hearNews();
    const nowMs = clock.now();
    const mayJudge = this.#options.mayJudgeNodes?.() ?? true;
    const looksForOrphans = mayJudge && nowMs - this.#orphansLookedForAtMs >= orphansEveryMs;
    const absenceMs = this.#options.absenceMs ?? defaultAbsenceMs;
    const due = await store.due({
      nowMs,
      absenceMs,
      silenceMs,
      afterSignOutMs: heardAfterSignOutMs,
      stranded: mayJudge ? 'too' : 'not now',
      orphans: looksForOrphans ? 'too' : 'not now',
    });
    if (due) {
      if (looksForOrphans) {
        this.#orphansLookedForAtMs = nowMs;
        await store.removeStaleNews();
      }
      const absent = await Promise.all(
        due.absent.map(async (key): Promise<RoutingChange[]> => {
          const offline = (await directory.of(key.instanceId))?.offline;
          const input = { kind: 'stayedAway', sinceMs: nowMs - absenceMs } as const;
          return offline ? [{ kind: 'agent', ...key, input: { ...input, offline } }] : [];
        }),
      );
      // By now somebody may have come back, or taken a contact over: each change says of whom it was found.
      const changes: RoutingChange[] = [
        ...due.deadlines.map((key) => ({ kind: 'agent', ...key, input: { kind: 'time' } }) as const),
        ...due.steps.map((key) => ({ kind: 'time', ...key }) as const),
        ...due.stranded.map(
          ({ node, ...key }) => ({ kind: 'agent', ...key, input: { kind: 'nodeLost', node } }) as const,
        ),
        ...absent.flat(),
        ...due.silent.map((key) => ({ kind: 'agent', ...key, input: { kind: 'heartbeat' } }) as const),
        ...due.orphans.map((key) => ({ kind: 'end', ...key, afterContactWork: 'none' }) as const),
      ];
      await Promise.all(changes.map((change) => this.#changes.submit(change)));
    }
    // Queues' delays pass without a change, and a node may have died between its commit and its turn.
    for (const instanceId of await store.instancesWithWaiting()) this.#turns.request(instanceId);
  }
}

/** Nobody has the agent's page any more, so it was taken from its node: the agent did not leave. */
function isCutOff({ presence, attachment }: AgentView['state']): boolean {
  return presence === 'signedIn' && attachment === undefined;
}

class LiveDesk implements Desk {
  readonly session: string;
  readonly #changed: (view: AgentView) => void;
  readonly detach: () => Promise<void>;
  #view: AgentView | undefined;

  constructor(session: string, changed: (view: AgentView) => void, detach: () => Promise<void>) {
    this.session = session;
    this.#changed = changed;
    this.detach = detach;
  }

  get view(): AgentView {
    if (!this.#view) throw new Error('The desk is not attached yet.');
    return this.#view;
  }

  /** News that a newer one overtook is dropped. */
  show(view: AgentView): void {
    if (this.#view && view.version <= this.#view.version) return;
    this.#view = view;
    this.#changed(view);
  }
}

const keyOf = ({ instanceId, agentId }: { instanceId: InstanceId; agentId: AgentId }): string =>
  `${instanceId} ${agentId}`;
