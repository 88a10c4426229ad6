// Routing driven by chance from four processes on one database, some of which are killed: the rows of every commit are
// kept and replayed against what must hold. RINGBACK_ROUTING_SECONDS, RINGBACK_ROUTING_AGENTS and RINGBACK_ROUTING_SEED make it
// longer, larger or another one.

import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@ringback/testkit';
import type { AgentId, ContactId, NodeId, QueueId } from '../src/ids.ts';
import type { AgentState, HeldContact } from '../src/routing/agent-state.ts';
import { type CriteriaExpression, isMetBy, type RoutingCriteria } from '../src/routing/routing-criteria.ts';
import { makeRoutingTeam, type RoutingTeam, type TeamAgent } from '../src/test-support/routing-team.ts';
import { openTestDatabase, type TestDatabase } from '../src/test-support/test-database.ts';
import type { KnownPlace, RoutingProcessOrders, RoutingProcessReport } from './support/routing-process.ts';

const seconds = Number(process.env.RINGBACK_ROUTING_SECONDS ?? 6);
const seed = Number(process.env.RINGBACK_ROUTING_SEED ?? Math.floor(Math.random() * 1e9));
const processCount = 4;
const agentCount = Number(process.env.RINGBACK_ROUTING_AGENTS ?? 80);
/** Steps of agents and contacts that must be committed; a starved machine needs longer for them. */
const leastSteps = 2_000;
/** Longest wait for everybody to come to rest, ms: leases run out, and the machine is busy. */
const patienceMs = 60_000;

let server: TestDatabase;
let team: RoutingTeam;

before(async () => {
  server = await openTestDatabase();
  team = await makeRoutingTeam(server.database, server.instanceId, agentCount, seededRandom(seed));
  await server.database.query(journal);
});

after(() => server.close());

describe(`routing model, seed ${seed}`, () => {
  it('never shares a contact, overloads an agent, passes a contact by, or forgets anyone', async (t) => {
    const run = await driveProcesses();
    const rows = await readJournal();
    const replay = new Replay(run, team);
    replay.all(rows);
    t.diagnostic(
      `${rows.length} steps: ${replay.offers} offers of ${replay.contacts} contacts to ${agentCount} agents, ` +
        `${replay.comparisons} comparisons of order, ${run.killed.length} processes killed`,
    );
    assert.deepEqual(run.failures, []);
    assert.deepEqual(replay.violations, []);
    assert.ok(
      rows.length >= leastSteps && replay.offers > 100 && replay.comparisons > 100,
      'too little happened to mean anything',
    );
    assert.deepEqual(await eventGaps(), [], 'agent events are numbered without gaps');
  });
});

interface ModelRun {
  /** When a contact was known to wait, by contact, ms. */
  readonly waits: ReadonlyMap<ContactId, readonly KnownPlace[]>;
  /** Nodes that were dead at some time, or may have been taken for it. */
  readonly doubtful: ReadonlySet<NodeId>;
  readonly killed: readonly NodeId[];
  readonly failures: readonly string[];
}

async function driveProcesses(): Promise<ModelRun> {
  const random = seededRandom(seed + 1);
  const waits = new Map<ContactId, KnownPlace[]>();
  const doubtful = new Set<NodeId>();
  const killed: NodeId[] = [];
  const failures: string[] = [];
  const places = Array.from({ length: processCount }, (_, index) => ({
    agents: team.agents.filter((_agent, n) => n % processCount === index).map(({ agentId }) => agentId),
    child: undefined as ChildProcess | undefined,
    node: undefined as NodeId | undefined,
  }));
  const start = async (place: (typeof places)[number], inherits: NodeId | undefined): Promise<void> => {
    const child = fork(fileURLToPath(new URL('./support/routing-process.ts', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    place.child = child;
    child.stderr?.on('data', (text: Buffer) => {
      if (!child.killed) failures.push(text.toString().slice(0, 2000));
    });
    const ready = Promise.withResolvers<NodeId>();
    child.on('exit', () =>
      ready.reject(new Error(`a process ended before it was ready: ${failures.at(-1)}`)),
    );
    child.on('message', (message) => {
      const report = message as RoutingProcessReport;
      if (report.kind === 'ready') ready.resolve(report.node);
      else if (report.kind === 'lapsed') doubtful.add(report.node);
      else if (report.kind === 'failed') failures.push(report.message);
      else if (report.kind === 'waits') {
        const times = waits.get(report.contactId) ?? [];
        times.push(report);
        waits.set(report.contactId, times);
      }
    });
    child.send({
      address: server.address,
      instanceId: server.instanceId,
      seed: Math.floor(random() * 1e9),
      agents: place.agents,
      allAgents: team.agents.map(({ agentId }) => agentId),
      queues: team.queues,
      statuses: team.statuses,
      contactsAtOnce: agentCount,
      inherits,
    } satisfies RoutingProcessOrders);
    place.node = await ready.promise;
  };
  await Promise.all(places.map((place) => start(place, undefined)));
  const endsAtMs = Date.now() + seconds * 1000;
  // One is killed while all are busy, and again every ten seconds of a long run.
  while (Date.now() < endsAtMs || (await stepsSoFar()) < leastSteps) {
    if (Date.now() > endsAtMs + patienceMs) break;
    await sleep(Math.min(seconds * 400, 10_000));
    const victim = places[Math.floor(random() * places.length)];
    if (!victim?.node || Date.now() >= endsAtMs) continue;
    const { node } = victim;
    doubtful.add(node);
    killed.push(node);
    victim.child?.kill('SIGKILL');
    await start(victim, node);
  }
  for (const { child } of places) child?.send('settle');
  await comeToRest(failures);
  for (const { child } of places) child?.send('leave');
  await Promise.all(
    places.map(
      ({ child }) =>
        new Promise((resolve) => (child?.exitCode === null ? child.on('exit', resolve) : resolve(0))),
    ),
  );
  return { waits, doubtful, killed, failures };
}

/** Every contact is gone and every agent can be offered one. */
async function comeToRest(failures: string[]): Promise<void> {
  const untilMs = Date.now() + patienceMs;
  for (;;) {
    const { rows } = await server.database.query<{ entries: number; ready: number }>(
      `SELECT (SELECT count(*) FROM routing_entry) AS entries,
              (SELECT count(*) FROM routing_agent a WHERE is_ready AND voice_in_use = 0
                  AND node = ANY (ARRAY(SELECT id FROM node WHERE lease_expires_at >= clock_timestamp()))) AS ready`,
    );
    if (rows[0]?.entries === 0 && rows[0].ready === agentCount) return;
    if (Date.now() > untilMs) {
      const left = await server.database.query(
        'SELECT state, contact_id, owner_node, agent_id FROM routing_entry LIMIT 3',
      );
      const agents = await server.database.query(
        'SELECT state FROM routing_agent WHERE NOT is_ready LIMIT 3',
      );
      failures.push(`forgotten: ${JSON.stringify({ ...rows[0], left: left.rows, agents: agents.rows })}`);
      return;
    }
    await sleep(200);
  }
}

interface JournalRow {
  readonly kind: 'agent' | 'entry';
  /** When its transaction began, ms: matching read nothing before. */
  readonly began_ms: number;
  readonly written_ms: number;
  readonly id: string;
  readonly row: Record<string, unknown> | null;
  readonly transaction: string;
}

// Written with the rows, so that rows of one contact or agent stand in the order in which they were locked.
const journal = `
  CREATE TABLE routing_journal (place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text, began timestamptz,
                                written timestamptz DEFAULT clock_timestamp(), id uuid, "row" jsonb, transaction text DEFAULT pg_current_xact_id()::text);
  CREATE FUNCTION keep_agent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO routing_journal (kind, began, id, "row") VALUES ('agent', transaction_timestamp(), NEW.agent_id, NEW.state);
    RETURN NULL; END $$;
  CREATE FUNCTION keep_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
      INSERT INTO routing_journal (kind, began, id, "row") VALUES ('entry', transaction_timestamp(), OLD.contact_id, NULL);
    ELSE
      INSERT INTO routing_journal (kind, began, id, "row") VALUES ('entry', transaction_timestamp(), NEW.contact_id, to_jsonb(NEW));
    END IF; RETURN NULL; END $$;
  CREATE TRIGGER keep AFTER INSERT OR UPDATE ON routing_agent FOR EACH ROW EXECUTE FUNCTION keep_agent();
  CREATE TRIGGER keep AFTER INSERT OR UPDATE OR DELETE ON routing_entry FOR EACH ROW EXECUTE FUNCTION keep_entry();`;

function readJournal(): Promise<readonly JournalRow[]> {
  return readPatiently<JournalRow>(
    `SELECT kind, extract(epoch FROM began)::float8 * 1000 AS began_ms,
            extract(epoch FROM written)::float8 * 1000 AS written_ms, id, "row", transaction FROM routing_journal ORDER BY place`,
  );
}

/** A night's rows take longer than any statement of the service may. */
function readPatiently<Row>(statement: string): Promise<readonly Row[]> {
  return server.database.withTransaction(async (transaction) => {
    await transaction.query('SET LOCAL statement_timeout = 0');
    return (await transaction.query<Row>(statement)).rows;
  });
}

async function stepsSoFar(): Promise<number> {
  const { rows } = await server.database.query<{ steps: number }>(
    'SELECT count(*) AS steps FROM routing_journal',
  );
  return rows[0]?.steps ?? 0;
}

/** Agents whose events do not count 1, 2, 3 … */
function eventGaps(): Promise<readonly unknown[]> {
  return readPatiently(
    `SELECT contact_id, count(*), max(sequence) FROM outbox WHERE stream = 'agent-events'
      GROUP BY contact_id HAVING count(*) <> max(sequence) OR min(sequence) <> 1`,
  );
}

type Origin = Pick<JournalRow, 'began_ms' | 'written_ms' | 'transaction'>;

interface EntryRow {
  readonly contact_id: ContactId;
  readonly state: string;
  readonly owner_node: NodeId;
  readonly place_kind: string | null;
  readonly place_id: string | null;
  readonly epoch: number;
  readonly queue_priority: number;
  readonly adjustment_ms: number;
  readonly offers: number;
  readonly enqueued_at: string | null;
  readonly ordered_at: string | null;
  readonly criteria: RoutingCriteria | null;
  readonly step: number;
  readonly agent_id: AgentId | null;
}

const live = new Set(['offered', 'connecting', 'connected', 'onHold']);
const awaitsReturn = new Set(['missed', 'rejected', 'failed']);

/** Goes through the journal and notes what must not have been. */
class Replay {
  readonly violations: string[] = [];
  offers = 0;
  comparisons = 0;
  readonly #run: ModelRun;
  readonly #team: ReadonlyMap<AgentId, TeamAgent>;
  readonly #agents = new Map<string, AgentState>();
  readonly #entries = new Map<string, { row: EntryRow; writtenMs: number }>();
  readonly #holder = new Map<string, string>();
  readonly #offeredTogether = new Map<string, Set<string>>();
  readonly #seen = new Set<string>();

  constructor(run: ModelRun, team: RoutingTeam) {
    this.#run = run;
    this.#team = new Map(team.agents.map((agent) => [agent.agentId, agent]));
  }

  get contacts(): number {
    return this.#seen.size;
  }

  all(rows: readonly JournalRow[]): void {
    for (const { kind, id, row, transaction } of rows) {
      if (kind !== 'entry' || row?.state !== 'OFFERED') continue;
      const together = this.#offeredTogether.get(transaction) ?? new Set();
      this.#offeredTogether.set(transaction, together.add(id));
    }
    for (const row of rows) this.#see(row);
  }

  #see({ kind, id, row, ...at }: JournalRow): void {
    if (kind === 'agent') this.#seeAgent(id, row as unknown as AgentState);
    else this.#seeEntry(id, (row ?? undefined) as unknown as EntryRow | undefined, at);
  }

  #seeAgent(id: string, state: AgentState): void {
    const before = this.#agents.get(id);
    this.#agents.set(id, state);
    const voice = state.contacts.filter((held) => !awaitsReturn.has(held.state));
    if (voice.length > 1) this.#violated(`agent ${id} has ${voice.length} contacts`);
    for (const held of state.contacts) {
      const holder = this.#holder.get(held.contactId);
      if (!live.has(held.state)) {
        if (holder === id) this.#holder.delete(held.contactId);
        continue;
      }
      if (holder !== undefined && holder !== id)
        this.#violated(`contact ${held.contactId} is with ${holder} and ${id}`);
      this.#holder.set(held.contactId, id);
    }
    for (const held of before?.contacts ?? []) {
      const stays = state.contacts.some(({ contactId }) => contactId === held.contactId);
      if (!stays && this.#holder.get(held.contactId) === id) this.#holder.delete(held.contactId);
    }
    const offered = newOffer(before, state);
    if (offered && before && !couldBeOffered(before))
      this.#violated(`agent ${id} was offered ${offered.contactId} in ${before.status.name}`);
  }

  #seeEntry(id: string, row: EntryRow | undefined, at: Origin): void {
    this.#seen.add(id);
    const before = this.#entries.get(id);
    if (row) this.#entries.set(id, { row, writtenMs: at.written_ms });
    else this.#entries.delete(id);
    if (row?.state !== 'OFFERED' || before?.row.state !== 'WAITING') return;
    this.offers += 1;
    // A long run would compare for longer than it ran; after the first millions some offers stand for all.
    if (this.comparisons > 5_000_000 && this.offers % 50 !== 0) return;
    this.#checkOrder(row, before.row, at);
  }

  /** Nobody stood before it whom the agent serves and who was known to wait when the matching began. */
  #checkOrder(
    offered: EntryRow,
    before: EntryRow,
    { began_ms: beganMs, written_ms: writtenMs, transaction }: Origin,
  ): void {
    const agentId = offered.agent_id;
    if (!agentId) {
      this.#violated(`contact ${offered.contact_id} is offered to nobody`);
      return;
    }
    const rank = this.#rank(agentId, before, writtenMs);
    if (!rank) {
      this.#violated(`agent ${agentId} does not serve ${offered.contact_id}`);
      return;
    }
    for (const entry of this.#entries.values()) {
      const { row } = entry;
      if (row.state !== 'WAITING' || this.#run.doubtful.has(row.owner_node)) continue;
      // Offers of one turn are written in any order.
      if (this.#offeredTogether.get(transaction)?.has(row.contact_id)) continue;
      if (!this.#wasKnown(entry, beganMs)) continue;
      const other = this.#rank(agentId, row, beganMs);
      if (!other) continue;
      this.comparisons += 1;
      const at = rank.findIndex((value, index) => value !== other[index]);
      if (at >= 0 && (rank[at] ?? 0) > (other[at] ?? 0))
        this.#violated(
          `agent ${agentId} got ${JSON.stringify({ rank, before })} before ${JSON.stringify({ other, row })}`,
        );
    }
  }

  /** Somebody knew before the matching began that it waits just as it does. */
  #wasKnown({ row, writtenMs }: { row: EntryRow; writtenMs: number }, beganMs: number): boolean {
    return (this.#run.waits.get(row.contact_id) ?? []).some(
      (known) =>
        known.atMs >= writtenMs &&
        known.atMs < beganMs - 2 &&
        known.queuePriority === row.queue_priority &&
        known.adjustmentMs === row.adjustment_ms &&
        known.step === row.step &&
        known.offers === row.offers &&
        known.epoch === row.epoch,
    );
  }

  #rank(agentId: AgentId, row: EntryRow, atMs: number): readonly number[] | undefined {
    const agent = this.#team.get(agentId);
    if (!agent || row.place_id === null || row.enqueued_at === null || row.ordered_at === null)
      return undefined;
    const inContact = [row.queue_priority, Date.parse(row.ordered_at)];
    if (row.place_kind === 'agent') return row.place_id === agentId ? [0, ...inContact] : undefined;
    const served = agent.serves.find(({ queueId }) => queueId === (row.place_id as QueueId));
    if (!served || Date.parse(row.enqueued_at) + served.delaySeconds * 1000 > atMs) return undefined;
    const asked: CriteriaExpression | undefined = row.criteria?.steps[row.step]?.expression;
    if (asked && !isMetBy(asked, agent)) return undefined;
    return [served.priority, ...inContact];
  }

  #violated(what: string): void {
    if (this.violations.length < 5) this.violations.push(what);
  }
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
