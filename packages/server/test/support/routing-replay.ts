/**
 * The routing model's judge: goes through the journal transaction by transaction, together with what the processes knew
 * at which time, and notes what must not have been.
 */
import type { AgentId, ContactId, NodeId, QueueId } from '../../src/ids.ts';
import type { AgentState, HeldContact } from '../../src/routing/agent-state.ts';
import { isMetBy } from '../../src/routing/routing-criteria.ts';
import type { RoutingTeam, TeamAgent } from '../../src/test-support/routing-team.ts';
import type { EntryRow, JournalRow } from './routing-journal.ts';

/** How a contact was known to wait. */
export interface KnownPlace {
  readonly atMs: number;
  readonly queuePriority: number;
  readonly adjustmentMs: number;
  readonly step: number;
  readonly offers: number;
  readonly epoch: number;
}

/** What the processes of a run told, on one clock with the database. */
export class ModelKnowledge {
  /** Contacts whose end somebody asked for, and contacts that somebody gave other settings. Told before it was asked. */
  readonly ends = new Set<ContactId>();
  readonly sets = new Set<ContactId>();
  /** When nodes were killed, ms. */
  readonly killed = new Map<NodeId, number>();
  readonly #waits = new Map<ContactId, KnownPlace[]>();
  readonly #freeAtMs = new Map<string, number>();
  readonly #leases = new Map<NodeId, { fromMs: number; untilMs: number }[]>();

  /** It had been committed that the contact waits like this. */
  waits(contactId: ContactId, place: KnownPlace): void {
    const known = this.#waits.get(contactId);
    if (known) known.push(place);
    else this.#waits.set(contactId, [place]);
  }

  /** This version of the agent had been committed. */
  free(agentId: AgentId, version: number, atMs: number): void {
    const key = `${agentId} ${version}`;
    this.#freeAtMs.set(key, Math.min(atMs, this.#freeAtMs.get(key) ?? atMs));
  }

  /** The node's lease held all this time. */
  alive(node: NodeId, fromMs: number, untilMs: number): void {
    const leases = this.#leases.get(node) ?? [];
    this.#leases.set(node, leases);
    const last = leases.at(-1);
    if (last && fromMs <= last.untilMs) last.untilMs = Math.max(last.untilMs, untilMs);
    else leases.push({ fromMs, untilMs });
  }

  /** Since when somebody knew that it waits just as the row says, ms. */
  waitsSinceMs(row: EntryRow, writtenMs: number): number {
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const known of this.#waits.get(row.contact_id) ?? []) {
      const isSame =
        known.queuePriority === row.queue_priority &&
        known.adjustmentMs === row.adjustment_ms &&
        known.step === row.step &&
        known.offers === row.offers &&
        known.epoch === row.epoch;
      if (isSame && known.atMs >= writtenMs) sinceMs = Math.min(sinceMs, known.atMs);
    }
    return sinceMs;
  }

  freeSinceMs(agentId: AgentId, version: number): number {
    return this.#freeAtMs.get(`${agentId} ${version}`) ?? Number.POSITIVE_INFINITY;
  }

  isAlive(node: NodeId, fromMs: number, toMs: number): boolean {
    return (this.#leases.get(node) ?? []).some(
      (lease) => lease.fromMs < fromMs - clockGrainMs && toMs < lease.untilMs - clockGrainMs,
    );
  }

  /** Nobody who began at this time can have taken the node for living. */
  isDead(node: NodeId, beganMs: number, leaseMs: number): boolean {
    const killedAtMs = this.killed.get(node);
    return killedAtMs !== undefined && beganMs > killedAtMs + leaseMs + lastWordsMs;
  }

  /** What a process told last before it was killed may have been lost. */
  mayHaveLostWords(node: NodeId, atMs: number): boolean {
    const killedAtMs = this.killed.get(node);
    return killedAtMs !== undefined && Math.abs(atMs - killedAtMs) < lastWordsMs;
  }
}

/** Processes read the clock in ms, the database in µs. */
const clockGrainMs = 2;
/** Longest time for which statements and messages of a killed process may be under way, ms. */
const lastWordsMs = 2_000;

interface KnownAgent {
  readonly state: AgentState;
  readonly freeSinceMs: number;
}

interface KnownEntry {
  readonly row: EntryRow;
  readonly waitsSinceMs: number;
  readonly enqueuedAtMs: number;
  readonly orderedAtMs: number;
}

/** What a transaction changed: how it was before. */
interface OpenTransaction {
  readonly beganMs: number;
  readonly agents: Map<AgentId, KnownAgent | undefined>;
  readonly entries: Map<ContactId, KnownEntry | undefined>;
}

interface Offer {
  readonly contact: KnownEntry;
  readonly agent: TeamAgent;
  readonly agentBefore: KnownAgent;
}

type Served = { readonly priority: number; readonly delayMs: number };

const live = new Set<HeldContact['state']>(['offered', 'connecting', 'connected', 'onHold']);
const awaitsReturn = new Set<HeldContact['state']>(['missed', 'rejected', 'failed']);

/** What a contact's state may become; `gone` is looked at apart. */
const nextStates = {
  PREPARED: ['PREPARED', 'WAITING'],
  WAITING: ['WAITING', 'OFFERED'],
  // Accepted and over in one transaction.
  OFFERED: ['OFFERED', 'WAITING', 'TAKEN', 'ENDED'],
  // It waits again where the agent's leg failed, or where its node died.
  TAKEN: ['TAKEN', 'WAITING', 'ENDED'],
  ENDED: ['ENDED', 'WAITING'],
} as const satisfies Record<EntryRow['state'], readonly EntryRow['state'][]>;

/** How the agent has it in hand, by the state of the contact. */
const inHand: Partial<Record<EntryRow['state'], readonly HeldContact['state'][]>> = {
  OFFERED: ['offered'],
  TAKEN: ['connecting', 'connected', 'onHold'],
  ENDED: ['afterContactWork'],
};

/** The agent's own queue stands before every other. */
const ownQueue: Served = { priority: 0, delayMs: 0 };

export class Replay {
  readonly violations: string[] = [];
  offers = 0;
  /** Offers that could have been wrong: somebody else waited for whom the agent is, with another priority or age. */
  offersCompared = 0;
  comparisons = 0;
  /** Other agents who were free and could have been offered the contact. */
  agentComparisons = 0;
  /** Pairs within one turn where the first agent could have had the contact of the second. */
  turnComparisons = 0;
  /** Contacts that another process took over. */
  takeovers = 0;
  /** Most who waited at once. */
  mostWaiting = 0;
  readonly #knowledge: ModelKnowledge;
  readonly #leaseMs: number;
  readonly #team: ReadonlyMap<AgentId, TeamAgent>;
  readonly #served: ReadonlyMap<AgentId, ReadonlyMap<string, Served>>;
  readonly #agents = new Map<AgentId, KnownAgent>();
  readonly #free = new Map<AgentId, KnownAgent>();
  readonly #entries = new Map<ContactId, KnownEntry>();
  readonly #waiting = new Map<string, Map<ContactId, KnownEntry>>();
  readonly #holder = new Map<ContactId, AgentId>();
  readonly #heldBy = new Map<AgentId, readonly ContactId[]>();
  readonly #open = new Map<string, OpenTransaction>();
  readonly #seen = new Set<ContactId>();
  #waitingCount = 0;

  constructor(knowledge: ModelKnowledge, team: RoutingTeam, leaseMs: number) {
    this.#knowledge = knowledge;
    this.#leaseMs = leaseMs;
    this.#team = new Map(team.agents.map((agent) => [agent.agentId, agent]));
    this.#served = new Map(
      team.agents.map((agent) => [
        agent.agentId,
        new Map<string, Served>([
          [agent.agentId, ownQueue],
          ...agent.serves.map(({ queueId, priority, delaySeconds }): [QueueId, Served] => [
            queueId,
            { priority, delayMs: delaySeconds * 1000 },
          ]),
        ]),
      ]),
    );
  }

  get contacts(): number {
    return this.#seen.size;
  }

  see(line: JournalRow): void {
    const open = this.#open.get(line.transaction) ?? {
      beganMs: line.began_ms,
      agents: new Map(),
      entries: new Map(),
    };
    this.#open.set(line.transaction, open);
    if (line.kind === 'agent') {
      if (!open.agents.has(line.id)) open.agents.set(line.id, this.#agents.get(line.id));
      this.#putAgent(line.id, line.version, line.row);
    } else {
      if (!open.entries.has(line.id)) open.entries.set(line.id, this.#entries.get(line.id));
      this.#putEntry(line.id, line.row ?? undefined, line.written_ms);
    }
    if (!line.is_last) return;
    this.#open.delete(line.transaction);
    // Until it commits nobody else touches its rows, so they still stand as it left them.
    this.#close(open, line.written_ms);
  }

  #putAgent(id: AgentId, version: number, state: AgentState): void {
    const known = { state, freeSinceMs: this.#knowledge.freeSinceMs(id, version) };
    this.#agents.set(id, known);
    if (couldBeOffered(state)) this.#free.set(id, known);
    else this.#free.delete(id);
  }

  #putEntry(id: ContactId, row: EntryRow | undefined, writtenMs: number): void {
    this.#seen.add(id);
    const before = this.#entries.get(id)?.row;
    if (before?.state === 'WAITING' && this.#waiting.get(before.place_id ?? '')?.delete(id))
      this.#waitingCount -= 1;
    if (!row) {
      this.#entries.delete(id);
      return;
    }
    const entry: KnownEntry = {
      row,
      waitsSinceMs:
        row.state === 'WAITING' ? this.#knowledge.waitsSinceMs(row, writtenMs) : Number.POSITIVE_INFINITY,
      enqueuedAtMs: Date.parse(row.enqueued_at ?? ''),
      orderedAtMs: Date.parse(row.ordered_at ?? ''),
    };
    this.#entries.set(id, entry);
    if (row.state !== 'WAITING') return;
    const place = this.#waiting.get(row.place_id ?? '') ?? new Map();
    this.#waiting.set(row.place_id ?? '', place.set(id, entry));
    this.#waitingCount += 1;
    this.mostWaiting = Math.max(this.mostWaiting, this.#waitingCount);
  }

  #close(open: OpenTransaction, writtenMs: number): void {
    for (const id of open.agents.keys()) this.#release(id);
    for (const [id, before] of open.agents) this.#checkAgent(id, before);
    const offers: Offer[] = [];
    for (const [id, before] of open.entries) {
      const after = this.#entries.get(id);
      this.#checkHands(id, after?.row);
      if (!before) continue;
      if (after) this.#checkStep(before, after, writtenMs);
      else this.#checkRemoval(before.row, open.beganMs, writtenMs);
      if (after?.row.state !== 'OFFERED' || before.row.state !== 'WAITING') continue;
      const offer = this.#offerOf(open, before, after.row.agent_id, writtenMs);
      if (offer) offers.push(offer);
    }
    if (offers.length > 0) this.#checkTurn(open, offers, writtenMs);
  }

  /** What the agent had in hand is nobody's, until it is looked at what he has now. */
  #release(id: AgentId): void {
    const held = this.#heldBy.get(id) ?? [];
    for (const contactId of held) if (this.#holder.get(contactId) === id) this.#holder.delete(contactId);
    this.#heldBy.delete(id);
  }

  #checkAgent(id: AgentId, before: KnownAgent | undefined): void {
    const state = this.#agents.get(id)?.state;
    if (!state) return;
    const voice = state.contacts.filter((held) => !awaitsReturn.has(held.state));
    if (voice.length > 1) this.#violated(`agent ${id} has ${voice.length} contacts`);
    const held = state.contacts.filter((one) => live.has(one.state));
    this.#heldBy.set(
      id,
      held.map(({ contactId }) => contactId),
    );
    for (const { contactId, state: hand } of held) {
      const holder = this.#holder.get(contactId);
      if (holder !== undefined && holder !== id)
        this.#violated(`contact ${contactId} is with ${holder} and ${id}`);
      this.#holder.set(contactId, id);
      const row = this.#entries.get(contactId)?.row;
      if (row?.agent_id !== id || !inHand[row.state]?.includes(hand))
        this.#violated(`agent ${id} has ${contactId} ${hand}, which is ${row?.state} of ${row?.agent_id}`);
    }
    const offered = newOffer(before?.state, state);
    if (offered && before && !couldBeOffered(before.state))
      this.#violated(`agent ${id} was offered ${offered.contactId} in ${before.state.status.name}`);
  }

  /** The contact and whoever has it say the same. */
  #checkHands(id: ContactId, row: EntryRow | undefined): void {
    const hands = row && inHand[row.state];
    if (!hands) {
      const holder = this.#holder.get(id);
      if (holder !== undefined || (row?.agent_id ?? null) !== null)
        this.#violated(`contact ${id} is ${row?.state ?? 'gone'}, and with ${holder ?? row?.agent_id}`);
      return;
    }
    const agent = row.agent_id === null ? undefined : this.#agents.get(row.agent_id);
    const held = agent?.state.contacts.find(({ contactId }) => contactId === id);
    if (!held || !hands.includes(held.state))
      this.#violated(`contact ${id} is ${row.state} of ${row.agent_id}, who has it ${held?.state ?? 'not'}`);
  }

  #checkStep({ row: before }: KnownEntry, { row }: KnownEntry, writtenMs: number): void {
    const id = row.contact_id;
    const allowed: readonly string[] = nextStates[before.state];
    if (!allowed.includes(row.state))
      this.#violated(`contact ${id} became ${row.state} from ${before.state}`);
    if (row.epoch < before.epoch) this.#violated(`contact ${id} went back to epoch ${row.epoch}`);
    if (row.epoch > before.epoch) this.takeovers += 1;
    const isOffer = before.state === 'WAITING' && row.state === 'OFFERED';
    if (row.offers !== before.offers + (isOffer ? 1 : 0))
      this.#violated(`contact ${id} counts ${row.offers} offers after ${before.offers}`);
    if (before.enqueued_at === null) return;
    const isSamePlace = before.place_id === row.place_id && before.enqueued_at === row.enqueued_at;
    const isSameRank =
      before.queue_priority === row.queue_priority && before.adjustment_ms === row.adjustment_ms;
    const wasSet =
      this.#knowledge.sets.has(id) || this.#knowledge.mayHaveLostWords(before.owner_node, writtenMs);
    if (!isSamePlace || (!isSameRank && !wasSet))
      this.#violated(`contact ${id} lost its place: ${JSON.stringify({ before, row })}`);
  }

  /** A contact is gone when its owner ended it, when its agent is done with it, or when its owner is dead. */
  #checkRemoval(before: EntryRow, beganMs: number, writtenMs: number): void {
    const { contact_id: id, owner_node: owner, state } = before;
    if (state === 'ENDED' || this.#knowledge.ends.has(id)) return;
    // Whoever ended it may have looked a while ago.
    if (!this.#knowledge.isAlive(owner, beganMs - lastWordsMs, writtenMs)) return;
    if (!this.#knowledge.mayHaveLostWords(owner, writtenMs))
      this.#violated(`contact ${id} was lost: ${JSON.stringify(before)}`);
  }

  #offerOf(
    { beganMs, agents }: OpenTransaction,
    contact: KnownEntry,
    agentId: AgentId | null,
    writtenMs: number,
  ): Offer | undefined {
    this.offers += 1;
    const { row } = contact;
    const agent = agentId === null ? undefined : this.#team.get(agentId);
    const agentBefore = agentId === null ? undefined : agents.get(agentId);
    if (!agent || !agentBefore) {
      this.#violated(`contact ${row.contact_id} is offered to ${agentId}, who is told nothing`);
      return undefined;
    }
    if (!this.#mayHave(agent, contact, writtenMs)) {
      this.#violated(`agent ${agentId} does not serve ${row.contact_id}`);
      return undefined;
    }
    for (const node of [row.owner_node, agentBefore.state.attachment?.node])
      if (node && this.#knowledge.isDead(node, beganMs, this.#leaseMs))
        this.#violated(`contact ${row.contact_id} was offered to ${agentId}, but node ${node} is dead`);
    return { contact, agent, agentBefore };
  }

  /** Agents chose one after the other, who was idle longest first, and each took the first of those who wait. */
  #checkTurn({ beganMs, agents }: OpenTransaction, offers: Offer[], writtenMs: number): void {
    offers.sort((a, b) => byIdleness(a.agentBefore.state, b.agentBefore.state));
    for (const [index, offer] of offers.entries()) {
      for (const later of offers.slice(index + 1)) {
        if (!this.#mayHave(offer.agent, later.contact, beganMs)) continue;
        this.turnComparisons += 1;
        this.#compare(offer, later.contact);
      }
      const before = this.comparisons;
      for (const place of this.#served.get(offer.agent.agentId)?.keys() ?? [])
        for (const other of this.#waiting.get(place)?.values() ?? [])
          this.#checkWaiting(offer, other, beganMs, writtenMs);
      if (this.comparisons > before) this.offersCompared += 1;
      for (const [id, other] of this.#free)
        if (!agents.has(id)) this.#checkIdle(offer, id, other, beganMs, writtenMs);
    }
  }

  /** Nobody stood before the contact whom the agent serves and who was known to wait when the matching began. */
  #checkWaiting(offer: Offer, other: KnownEntry, beganMs: number, writtenMs: number): void {
    if (other.waitsSinceMs >= beganMs - clockGrainMs) return;
    if (!this.#mayHave(offer.agent, other, beganMs)) return;
    if (!this.#knowledge.isAlive(other.row.owner_node, beganMs, writtenMs)) return;
    if (this.#compare(offer, other) !== 'only their ids differ') this.comparisons += 1;
  }

  /** Nobody was idle for longer who was known to be free when the matching began and could have had the contact. */
  #checkIdle(offer: Offer, id: AgentId, other: KnownAgent, beganMs: number, writtenMs: number): void {
    const agent = this.#team.get(id);
    const node = other.state.attachment?.node;
    if (!agent || !node || other.freeSinceMs >= beganMs - clockGrainMs) return;
    if (!this.#mayHave(agent, offer.contact, beganMs)) return;
    if (!this.#knowledge.isAlive(node, beganMs, writtenMs)) return;
    this.agentComparisons += 1;
    if (byIdleness(other.state, offer.agentBefore.state) < 0)
      this.#violated(
        `agent ${id}, idle since ${other.state.idleSinceMs}, was passed by for ${offer.agent.agentId}, ` +
          `idle since ${offer.agentBefore.state.idleSinceMs}, with ${JSON.stringify(offer.contact.row)}`,
      );
  }

  #compare(offer: Offer, other: KnownEntry): 'differ' | 'only their ids differ' {
    const { agent, contact } = offer;
    const difference =
      this.#priority(agent, contact) - this.#priority(agent, other) ||
      contact.row.queue_priority - other.row.queue_priority ||
      contact.orderedAtMs - other.orderedAtMs;
    // Ids decide between equals.
    const isFirst = difference < 0 || (difference === 0 && contact.row.contact_id < other.row.contact_id);
    if (!isFirst)
      this.#violated(
        `agent ${agent.agentId} got ${JSON.stringify(contact.row)} before ${JSON.stringify(other.row)}`,
      );
    return difference === 0 ? 'only their ids differ' : 'differ';
  }

  #priority(agent: TeamAgent, { row }: KnownEntry): number {
    return this.#served.get(agent.agentId)?.get(row.place_id ?? '')?.priority ?? Number.NaN;
  }

  #mayHave(agent: TeamAgent, { row, enqueuedAtMs }: KnownEntry, atMs: number): boolean {
    const served = this.#served.get(agent.agentId)?.get(row.place_id ?? '');
    if (!served || !(enqueuedAtMs + served.delayMs <= atMs)) return false;
    if (row.place_kind === 'agent') return true;
    const asked = row.criteria?.steps[row.step]?.expression;
    return !asked || isMetBy(asked, agent);
  }

  #violated(what: string): void {
    if (this.violations.length < 5) this.violations.push(what);
  }
}

function byIdleness(a: AgentState, b: AgentState): number {
  return a.idleSinceMs - b.idleSinceMs || (a.agentId < b.agentId ? -1 : 1);
}

function newOffer(before: AgentState | undefined, after: AgentState): HeldContact | undefined {
  return after.contacts.find(
    (held) =>
      held.state === 'offered' && !before?.contacts.some(({ contactId }) => contactId === held.contactId),
  );
}

function couldBeOffered(state: AgentState): boolean {
  return (
    state.attachment !== undefined &&
    state.status.type === 'ROUTABLE' &&
    !state.nextStatus &&
    state.contacts.length === 0
  );
}
