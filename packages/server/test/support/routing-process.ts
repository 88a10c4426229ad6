/** One node of the routing model: a process with desks of agents and contacts of its own that does random things, until it is told to settle or killed. */
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { seededRandom } from '@ringback/testkit';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import { openPostgresBus } from '../../src/events/postgres-bus.ts';
import {
  type AgentId,
  type ContactId,
  type InstanceId,
  type NodeId,
  newId,
  type QueueId,
} from '../../src/ids.ts';
import type { AgentStatus } from '../../src/routing/agent-state.ts';
import type { QueuePlace } from '../../src/routing/match.ts';
import type { QueueEntry } from '../../src/routing/queue-entry.ts';
import { type Desk, openRouting, type Routing } from '../../src/routing/routing.ts';
import type { AgentView, ContactNews, RoutedContact } from '../../src/routing/routing-change.ts';
import type { RoutingCriteria } from '../../src/routing/routing-criteria.ts';
import { openRoutingDirectory } from '../../src/routing/routing-directory.ts';
import { type DatabaseAddress, openDatabase } from '../../src/store/database.ts';
import { openNodeStore } from '../../src/store/node-store.ts';
import { openResourceStore } from '../../src/store/resource-store.ts';
import { openRoutingStore } from '../../src/store/routing-store.ts';
import type { Schema } from '../../src/store/schema.ts';
import type { KnownPlace } from './routing-replay.ts';

/** What the test tells a process at its start. */
export interface RoutingProcessOrders {
  readonly address: DatabaseAddress;
  readonly instanceId: InstanceId;
  readonly seed: number;
  readonly agents: readonly AgentId[];
  /** Of all processes; one is moved here now and then. */
  readonly allAgents: readonly AgentId[];
  readonly queues: readonly QueueId[];
  readonly statuses: { readonly available: AgentStatus; readonly break: AgentStatus };
  /** How long a process is taken for living after its last sign of life, ms. */
  readonly leaseMs: number;
  /** How long an agent is rung by this process, ms. */
  readonly acceptWithinMs: number;
  /** A node whose contacts this one takes over once its lease has run out. */
  readonly inherits: NodeId | undefined;
}

interface InheritedContact {
  readonly contact_id: ContactId;
  readonly epoch: number;
  readonly place_kind: string | null;
  readonly place_id: string | null;
}

/** What a process tells the test. */
export type RoutingProcessReport =
  | { readonly kind: 'ready'; readonly node: NodeId }
  /** At this time it was known that the contact had been committed to wait like this. */
  | { readonly kind: 'waits'; readonly contactId: ContactId; readonly place: KnownPlace }
  /** At this time it was known that the agent had been committed to be free. */
  | { readonly kind: 'free'; readonly agentId: AgentId; readonly version: number; readonly atMs: number }
  /** The contact's end, or other settings, are about to be asked for. */
  | { readonly kind: 'ends' | 'sets'; readonly contactId: ContactId }
  /** All contacts of a rush are queued. */
  | { readonly kind: 'rushed'; readonly node: NodeId }
  /** The node's lease holds for this time. */
  | { readonly kind: 'alive'; readonly node: NodeId; readonly fromMs: number; readonly untilMs: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'settled' };

const renewEveryMs = 500;

process.once('message', (orders) => {
  run(orders as RoutingProcessOrders).catch((error: unknown) => {
    report({
      kind: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    process.exitCode = 1;
  });
});

function report(what: RoutingProcessReport): void {
  process.send?.(what);
}

async function run(orders: RoutingProcessOrders): Promise<void> {
  const random = seededRandom(orders.seed);
  const logger = pino({ level: 'error' }, process.stderr);
  const database = await openDatabase<Schema>({ address: orders.address, poolSize: 5 });
  const nodes = openNodeStore(database);
  const node = newId<NodeId>();
  const { leaseMs } = orders;
  const lease = async (extend: () => Promise<unknown>): Promise<void> => {
    const beganAtMs = Date.now();
    await extend();
    report({ kind: 'alive', node, fromMs: Date.now(), untilMs: beganAtMs + leaseMs });
  };
  await lease(() => nodes.register(node, { host: 'model' }, leaseMs));
  const renewing = setInterval(() => void lease(() => nodes.renew(node, leaseMs)), renewEveryMs);
  const bus = openPostgresBus({ pool: database.pool, node, clock: systemClock, logger });
  const routing = openRouting({
    node,
    store: openRoutingStore(database),
    directory: openRoutingDirectory(openResourceStore(database), systemClock),
    clock: systemClock,
    bus,
    logger,
    newEventId: randomUUID,
    factsWritten: () => undefined,
    acceptWithinMs: orders.acceptWithinMs,
  });
  report({ kind: 'ready', node });
  const life = new RandomLife(orders, routing, random);
  process.on('message', (message) => {
    if (message === 'rush') void life.rush().then(() => report({ kind: 'rushed', node }));
    if (message === 'settle') life.settle();
    if (message === 'leave') life.leave();
  });
  const { inherits } = orders;
  if (inherits) {
    life.inherit(async () => {
      const { rows: alive } = await database.query(
        'SELECT FROM node WHERE id = $1 AND lease_expires_at >= clock_timestamp()',
        [inherits],
      );
      if (alive.length > 0) return undefined;
      const { rows } = await database.query<InheritedContact>(
        'SELECT contact_id, epoch, place_kind, place_id FROM routing_entry WHERE owner_node = $1',
        [inherits],
      );
      return rows;
    });
  }
  await life.run();
  clearInterval(renewing);
  await routing.close();
  await bus.close();
  await nodes.release(node);
  await database.close();
  report({ kind: 'settled' });
  process.disconnect();
}

/** Runs agents and contacts by chance. Whatever is refused is no mistake here: somebody else was quicker. */
class RandomLife {
  readonly #orders: RoutingProcessOrders;
  readonly #routing: Routing;
  readonly #random: () => number;
  readonly #desks = new Map<AgentId, { session: string; desk: Desk | undefined }>();
  readonly #contacts = new Map<ContactId, RoutedContact>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #planned = new Set<string>();
  #isSettling = false;
  #isAskedToLeave = false;

  constructor(orders: RoutingProcessOrders, routing: Routing, random: () => number) {
    this.#orders = orders;
    this.#routing = routing;
    this.#random = random;
  }

  /** More contacts for one queue, all at once, than there are agents for it. */
  async rush(): Promise<void> {
    const { allAgents, queues } = this.#orders;
    const queueId = this.#pick(queues) as QueueId;
    await Promise.all(allAgents.map(() => this.#newContact({ kind: 'queue', queueId })));
  }

  settle(): void {
    this.#isSettling = true;
  }

  leave(): void {
    this.#isAskedToLeave = true;
  }

  /** Takes the contacts of a node over as soon as it is dead: some wait on in their place, some are ended. */
  inherit(read: () => Promise<readonly InheritedContact[] | undefined>): void {
    const take = async (): Promise<void> => {
      let rows = await read();
      for (; !rows; rows = await read()) await pause(100);
      await Promise.all(rows.map((row) => this.#takeOver(row)));
    };
    this.#do(take());
  }

  async #takeOver(row: InheritedContact): Promise<unknown> {
    const contact = this.#contact(row.contact_id, row.epoch + 1);
    if (row.place_id === null || this.#random() < 0.3) return this.#end(contact, 'none');
    return this.#enqueue(
      contact,
      row.place_kind === 'agent'
        ? { kind: 'agent', agentId: row.place_id as AgentId }
        : { kind: 'queue', queueId: row.place_id as QueueId },
    );
  }

  async run(): Promise<void> {
    // Some agents of a process that was killed come back before it is taken for dead, some after.
    const late = this.#orders.inherits ? this.#orders.agents.filter(() => this.#random() < 0.3) : [];
    for (const agentId of late) this.#later(this.#orders.leaseMs + 1_500, () => this.#attach(agentId));
    const atOnce = this.#orders.agents.filter((agentId) => !late.includes(agentId));
    await Promise.all(atOnce.map((agentId) => this.#attach(agentId)));
    while (!this.#isSettling) {
      await pause(5 + this.#random() * 20);
      this.#disturb();
    }
    await this.#comeToRest();
    await Promise.all(this.#pending);
  }

  #disturb(): void {
    const { allAgents, agents, queues, statuses, instanceId } = this.#orders;
    const dice = this.#random();
    const agentId = this.#pick(agents);
    if (dice < 0.55) {
      // Between rushes most agents have nothing to do.
      for (let n = 0; n < 3 && this.#contacts.size < agents.length / 4; n += 1)
        this.#newContact(
          this.#random() < 0.04
            ? { kind: 'agent', agentId: this.#pick(allAgents) as AgentId }
            : { kind: 'queue', queueId: this.#pick(queues) as QueueId },
        );
    } else if (dice < 0.7) {
      const contact = this.#pick([...this.#contacts.values()]);
      if (contact) this.#do(this.#end(contact).then(() => this.#forget(contact.contactId)));
    } else if (dice < 0.82) {
      const contact = this.#pick([...this.#contacts.values()]);
      const settings =
        this.#random() < 0.5
          ? { queuePriority: 1 + Math.floor(this.#random() * 6) }
          : { queueTimeAdjustmentSeconds: Math.floor(this.#random() * 200) - 100 };
      if (contact) {
        report({ kind: 'sets', contactId: contact.contactId });
        this.#do(
          this.#routing.changeSettings(contact, settings).then((outcome) => {
            if (outcome.kind === 'done') this.#waits(outcome.entry);
          }),
        );
      }
    } else if (dice < 0.9 && agentId) {
      this.#do(this.#routing.setStatus({ instanceId, agentId }, statuses.break));
      this.#later(this.#random() * 800, () =>
        this.#routing.setStatus({ instanceId, agentId }, statuses.available),
      );
    } else if (dice < 0.94 && agentId) {
      this.#do(this.#goAway(agentId));
    } else if (dice < 0.96 && agentId) {
      this.#do(this.#routing.signOut({ instanceId, agentId }));
      this.#later(this.#random() * 600, () => this.#attach(agentId));
    } else if (dice < 0.98) {
      // Signs in here although its page is open elsewhere, and goes back later.
      const moved = this.#pick(allAgents);
      if (moved) this.#do(this.#attach(moved));
    }
  }

  /** Resolves when it is queued, or could not be. */
  #newContact(place: QueuePlace): Promise<unknown> {
    const contact = this.#contact(newId<ContactId>(), 1);
    return this.#do(
      (async () => {
        if (this.#random() < 0.3) {
          await this.#routing.prepare(contact, {
            queuePriority: 1 + Math.floor(this.#random() * 6),
            ...(this.#random() < 0.6 ? { criteria: this.#criteria() } : {}),
          });
        }
        await this.#enqueue(contact, place);
      })(),
    );
  }

  #criteria(): RoutingCriteria {
    const level = 1 + Math.floor(this.#random() * 5);
    return {
      steps: [
        {
          expression: { kind: 'level', attribute: 'Language', value: 'English', is: 'atLeast', level },
          durationMs: 1000 * (1 + Math.floor(this.#random() * 2)),
        },
      ],
    };
  }

  #contact(contactId: ContactId, epoch: number): RoutedContact {
    const { instanceId } = this.#orders;
    return { instanceId, contactId, epoch, channel: 'VOICE', initiationMethod: 'API' };
  }

  async #enqueue(contact: RoutedContact, place: QueuePlace): Promise<void> {
    this.#contacts.set(contact.contactId, contact);
    this.#routing.follow(contact.contactId, (news) => this.#heard(contact, news));
    const outcome = await this.#routing.enqueue(contact, place);
    if (outcome.kind === 'refused') await this.#end(contact, 'none');
    else this.#waits(outcome.entry);
  }

  #end(contact: RoutedContact, afterContactWork?: 'none'): Promise<unknown> {
    report({ kind: 'ends', contactId: contact.contactId });
    return this.#routing.contactEnded(contact, afterContactWork);
  }

  #heard(contact: RoutedContact, news: ContactNews): void {
    if (news.what === 'stepExpired') this.#waits(news.entry);
    if (news.what === 'returned') this.#do(this.#routing.entry(contact).then((entry) => this.#waits(entry)));
    if (news.what === 'accepted') {
      const { instanceId } = contact;
      const { agentId } = news;
      this.#later(this.#random() * 40, async () => {
        const key = { instanceId, agentId };
        if (this.#random() < 0.1) await this.#routing.failed(key, contact.contactId);
        else await this.#routing.connected(key, contact.contactId);
        this.#later(this.#random() * 300, () => this.#end(contact));
      });
    }
    if (news.what === 'done') this.#forget(contact.contactId);
  }

  /** After the commit, so whoever matches from now on sees it. */
  #waits(entry: QueueEntry | undefined): void {
    if (entry?.state !== 'waiting') return;
    const { contactId, queuePriority, adjustmentMs, step, offers, owner } = entry;
    const atMs = Date.now();
    const { epoch } = owner;
    report({
      kind: 'waits',
      contactId,
      place: { atMs, queuePriority, adjustmentMs, step, offers, epoch },
    });
  }

  #forget(contactId: ContactId): void {
    this.#contacts.delete(contactId);
  }

  /** The agent's page goes, and another comes. */
  async #goAway(agentId: AgentId): Promise<void> {
    await this.#desks.get(agentId)?.desk?.detach();
    this.#later(this.#random() * 600, () => this.#attach(agentId));
  }

  async #attach(agentId: AgentId): Promise<void> {
    const { instanceId, statuses } = this.#orders;
    const session = randomUUID();
    const place: { session: string; desk: Desk | undefined } = { session, desk: undefined };
    this.#desks.set(agentId, place);
    place.desk = await this.#routing.attach({ instanceId, agentId }, session, (view) => this.#shown(view));
    if (place.desk?.view.state.status.type === 'OFFLINE')
      await this.#routing.setStatus({ instanceId, agentId }, statuses.available);
  }

  /** What an agent does who sees this. */
  #shown(view: AgentView): void {
    const { statuses } = this.#orders;
    const { agentId, version, state } = view;
    if (state.contacts.length === 0) report({ kind: 'free', agentId, version, atMs: Date.now() });
    for (const held of view.state.contacts) {
      const id = `${held.contactId} ${held.state} ${held.stateSinceMs}`;
      if (this.#planned.has(id)) continue;
      this.#planned.add(id);
      const key = { instanceId: view.instanceId, agentId: view.agentId };
      const dice = this.#random();
      if (held.state === 'offered') {
        if (dice < 0.8 || this.#isSettling)
          this.#later(this.#random() * 60, () => this.#routing.accept(key, held.contactId));
        else if (dice < 0.9)
          this.#later(this.#random() * 60, () => this.#routing.reject(key, held.contactId));
        else if (dice < 0.95) this.#later(this.#random() * 60, () => this.#goAway(view.agentId));
      } else if (held.state === 'afterContactWork') {
        this.#later(this.#random() * 100, () => this.#routing.clear(key, held.contactId));
      } else if (held.state === 'missed' || held.state === 'rejected' || held.state === 'failed') {
        this.#later(this.#random() * 300, () =>
          dice < 0.5
            ? this.#routing.clear(key, held.contactId)
            : this.#routing.setStatus(key, statuses.available),
        );
      }
    }
  }

  /** Everybody comes back and takes what is left, until nothing is. */
  async #comeToRest(): Promise<void> {
    const { instanceId, agents, statuses } = this.#orders;
    await pause(1_500);
    for (;;) {
      const beganAtMs = Date.now();
      await Promise.all(
        agents.map(async (agentId) => {
          const key = { instanceId, agentId };
          const view = await this.#routing.agent(key);
          const place = this.#desks.get(agentId);
          if (view?.state.attachment?.session !== place?.session) await this.#attach(agentId);
          if (view && (view.state.status.type !== 'ROUTABLE' || view.state.nextStatus))
            await this.#routing.setStatus(key, statuses.available);
          for (const held of view?.state.contacts ?? [])
            if (held.state === 'afterContactWork') await this.#routing.clear(key, held.contactId);
        }),
      );
      for (const contact of [...this.#contacts.values()]) {
        const entry = await this.#routing.entry(contact);
        if (!entry) this.#forget(contact.contactId);
        // Talks whose partner's process died with the news of their beginning.
        else if (entry.state === 'taken') await this.#end(contact, 'none');
      }
      if (this.#contacts.size === 0 && this.#isAskedToLeave) return;
      // Looking is not to be most of the work of a slow machine.
      await pause(Math.max(300, 3 * (Date.now() - beganAtMs)));
    }
  }

  #later(delayMs: number, act: () => Promise<unknown>): void {
    this.#do(pause(this.#isSettling ? 0 : delayMs).then(act));
  }

  #do(work: Promise<unknown>): Promise<unknown> {
    const watched = work
      .catch((error: unknown) =>
        report({
          kind: 'failed',
          message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
      )
      .finally(() => this.#pending.delete(watched));
    this.#pending.add(watched);
    return watched;
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
