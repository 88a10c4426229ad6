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
import type { NodeId } from '../src/ids.ts';
import { makeRoutingTeam, type RoutingTeam } from '../src/test-support/routing-team.ts';
import { openTestDatabase, type TestDatabase } from '../src/test-support/test-database.ts';
import { journalLength, keepJournal, readJournal } from './support/routing-journal.ts';
import type { RoutingProcessOrders, RoutingProcessReport } from './support/routing-process.ts';
import { ModelKnowledge, Replay } from './support/routing-replay.ts';

const seconds = Number(process.env.RINGBACK_ROUTING_SECONDS ?? 6);
const seed = Number(process.env.RINGBACK_ROUTING_SEED ?? Math.floor(Math.random() * 1e9));
const processCount = 4;
const agentCount = Number(process.env.RINGBACK_ROUTING_AGENTS ?? 80);
/** Steps of agents and contacts that must be committed, and rushes that must begin; a starved machine needs longer for them. */
const leastSteps = 25 * agentCount;
const leastRushes = 3;
const leaseMs = 5_000;
/** Longest wait for a run to take these steps, and for somebody to come to rest, ms: leases run out, and the machine is busy. */
const patienceMs = 60_000;

let server: TestDatabase;
let team: RoutingTeam;

before(async () => {
  server = await openTestDatabase();
  team = await makeRoutingTeam(server.database, server.instanceId, agentCount, seededRandom(seed));
  await keepJournal(server.database);
});

after(() => server.close());

describe(`routing model, seed ${seed}`, () => {
  it('never shares a contact, overloads an agent, passes anybody by, or loses a contact', async (t) => {
    const run = await driveProcesses();
    const replay = new Replay(run.knowledge, team, leaseMs);
    let steps = 0;
    for await (const page of readJournal(server.database)) {
      for (const row of page) replay.see(row);
      steps += page.length;
    }
    const { offers, offersCompared, comparisons, turnComparisons, agentComparisons } = replay;
    t.diagnostic(
      `${steps} steps: ${offers} offers of ${replay.contacts} contacts to ${agentCount} agents in ${run.rushes} rushes; ${offersCompared} offers made while ` +
        `others waited, ${comparisons} comparisons with these (${replay.mostWaiting} at once at most), ${turnComparisons} within a turn, ` +
        `${agentComparisons} with other free agents; ${run.knowledge.killed.size} processes killed, ${replay.takeovers} contacts taken over; ` +
        `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB at most to check`,
    );
    assert.deepEqual(run.failures, []);
    assert.deepEqual(replay.violations, []);
    const enough = {
      steps: steps >= leastSteps,
      offers: offers >= agentCount,
      offersCompared: offersCompared >= agentCount / 4,
      comparisons: comparisons >= 5 * agentCount,
      turnComparisons: turnComparisons >= agentCount,
      agentComparisons: agentComparisons >= agentCount,
      killed: run.knowledge.killed.size > 0,
    };
    const lacking = Object.entries(enough).flatMap(([what, isEnough]) => (isEnough ? [] : what));
    assert.deepEqual(lacking, [], 'too little happened to mean anything');
    assert.deepEqual(await eventGaps(), [], 'agent events are numbered without gaps');
  });
});

interface ModelRun {
  readonly knowledge: ModelKnowledge;
  readonly rushes: number;
  readonly failures: readonly string[];
}

async function driveProcesses(): Promise<ModelRun> {
  const random = seededRandom(seed + 1);
  const knowledge = new ModelKnowledge();
  const failures: string[] = [];
  /** Nodes whose contacts of a rush are not all queued yet. */
  const rushing = new Set<NodeId>();
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
      else if (report.kind === 'rushed') rushing.delete(report.node);
      else if (report.kind === 'failed') failures.push(report.message);
      else learn(knowledge, report);
    });
    child.send({
      address: server.address,
      instanceId: server.instanceId,
      seed: Math.floor(random() * 1e9),
      agents: place.agents,
      allAgents: team.agents.map(({ agentId }) => agentId),
      queues: team.queues,
      statuses: team.statuses,
      leaseMs,
      // Half of the processes ring for longer than a lease, so that agents die while it rings.
      acceptWithinMs: places.indexOf(place) % 2 === 0 ? 700 : leaseMs + 2_000,
      inherits,
    } satisfies RoutingProcessOrders);
    place.node = await ready.promise;
  };
  await Promise.all(places.map((place) => start(place, undefined)));
  const anyPlace = () => places[Math.floor(random() * places.length)];
  let rushed = anyPlace();
  const killOne = async (): Promise<void> => {
    // Whoever had the last rush has most to lose.
    const victim = random() < 0.5 ? rushed : anyPlace();
    if (!victim?.node) return;
    const { node } = victim;
    knowledge.killed.set(node, Date.now());
    rushing.delete(node);
    victim.child?.kill('SIGKILL');
    await start(victim, node);
  };
  const endsAtMs = Date.now() + seconds * 1000;
  // One is killed while all are busy, and again every ten seconds of a long run.
  const killEveryMs = Math.min(seconds * 400, 10_000);
  let killAtMs = Date.now() + killEveryMs;
  let lull = 0;
  let rushes = 0;
  while (
    Date.now() < endsAtMs ||
    rushes < leastRushes ||
    (await journalLength(server.database)) < leastSteps
  ) {
    if (Date.now() > endsAtMs + patienceMs) break;
    await sleep(100);
    if (Date.now() >= killAtMs && Date.now() < endsAtMs) {
      await killOne();
      killAtMs = Date.now() + killEveryMs;
    }
    // Rushes follow what agents do, not the clock: so contacts wait for agents and agents for contacts in turn, however many
    // agents there are and however fast the machine is.
    if (rushing.size > 0 || !(await isCalm())) continue;
    lull -= 1;
    if (lull > 0) continue;
    lull = Math.floor(random() * 10);
    rushed = anyPlace();
    if (!rushed?.node) continue;
    rushes += 1;
    rushing.add(rushed.node);
    rushed.child?.send('rush');
  }
  for (const { child } of places) child?.send('settle');
  const forgotten = await forgottenAtRest();
  if (forgotten) failures.push(forgotten);
  // Who still has contacts that nobody knows of would never leave.
  for (const { child } of places)
    if (forgotten) child?.kill('SIGKILL');
    else child?.send('leave');
  await Promise.all(
    places.map(
      ({ child }) =>
        new Promise((resolve) =>
          child?.exitCode === null && child.signalCode === null ? child.on('exit', resolve) : resolve(0),
        ),
    ),
  );
  return { knowledge, rushes, failures };
}

function learn(knowledge: ModelKnowledge, report: RoutingProcessReport): void {
  switch (report.kind) {
    case 'waits':
      knowledge.waits(report.contactId, report.place);
      return;
    case 'free':
      knowledge.free(report.agentId, report.version, report.atMs);
      return;
    case 'ends':
    case 'sets':
      knowledge[report.kind].add(report.contactId);
      return;
    case 'alive':
      knowledge.alive(report.node, report.fromMs, report.untilMs);
  }
}

/** Most agents have nothing to do, and few contacts wait. Between rushes processes have contacts for a quarter of the agents. */
async function isCalm(): Promise<boolean> {
  const { rows } = await server.database.query<{ free: number; waiting: number }>(
    `SELECT (SELECT count(*) FROM routing_agent WHERE is_ready AND voice_in_use = 0) AS free,
            (SELECT count(*) FROM routing_entry WHERE state = 'WAITING') AS waiting`,
  );
  const { free = 0, waiting = 0 } = rows[0] ?? {};
  return free >= 0.4 * agentCount && waiting <= 0.2 * agentCount;
}

/** Waits until every contact is gone and every agent can be offered one; answers who is left where that does not come. */
async function forgottenAtRest(): Promise<string | undefined> {
  let fewestLeft = Number.POSITIVE_INFINITY;
  let untilMs = 0;
  for (;;) {
    const { rows } = await server.database.query<{ entries: number; ready: number }>(
      `SELECT (SELECT count(*) FROM routing_entry) AS entries,
              (SELECT count(*) FROM routing_agent a WHERE is_ready AND voice_in_use = 0
                  AND node = ANY (ARRAY(SELECT id FROM node WHERE lease_expires_at >= clock_timestamp()))) AS ready`,
    );
    const { entries = 0, ready = 0 } = rows[0] ?? {};
    const left = entries + agentCount - ready;
    if (left === 0) return undefined;
    // A rush takes a slow machine long; as long as it gets less, nobody is forgotten.
    if (left < fewestLeft) {
      fewestLeft = left;
      untilMs = Date.now() + patienceMs;
    }
    if (Date.now() > untilMs) {
      const contacts = await server.database.query(
        'SELECT state, contact_id, owner_node, agent_id FROM routing_entry LIMIT 3',
      );
      const agents = await server.database.query(
        'SELECT state FROM routing_agent WHERE NOT is_ready LIMIT 3',
      );
      return `forgotten: ${JSON.stringify({ entries, ready, contacts: contacts.rows, agents: agents.rows })}`;
    }
    await sleep(200);
  }
}

/** Agents whose events do not count 1, 2, 3 … */
function eventGaps(): Promise<readonly unknown[]> {
  return server.database.withTransaction(async (transaction) => {
    // A night's events take longer than any statement of the service may.
    await transaction.query('SET LOCAL statement_timeout = 0');
    const { rows } = await transaction.query(
      `SELECT contact_id, count(*), max(sequence) FROM outbox WHERE stream = 'agent-events'
        GROUP BY contact_id HAVING count(*) <> max(sequence) OR min(sequence) <> 1`,
    );
    return rows;
  });
}
