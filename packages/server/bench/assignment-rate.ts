/** Phase R: how many waiting contacts a second get an agent, accepted and over again, with every step committed. */
import { randomUUID } from 'node:crypto';
import type { AgentId, ContactId } from '../src/ids.ts';
import type { AgentView } from '../src/routing/routing-change.ts';
import { usageBetween, usageOfService } from './cpu-time.ts';
import type { PhaseResult } from './results.ts';
import { fillQueue, openRoutingFloor, type RoutingFloor } from './routing-floor.ts';

export interface AssignmentOptions {
  readonly agents: number;
  readonly waiting: number;
}

export async function measureAssignmentRate(options: AssignmentOptions): Promise<PhaseResult> {
  const floor = await openRoutingFloor(options.agents);
  try {
    return await measure(floor, options);
  } finally {
    await floor.close();
  }
}

async function measure(floor: RoutingFloor, { agents, waiting }: AssignmentOptions): Promise<PhaseResult> {
  const { routing, instanceId, team } = floor;
  const contacts = await fillQueue(floor, waiting);
  const known = new Set(contacts.map(({ contactId }) => contactId));
  const agentOf = new Map<ContactId, AgentId>();
  const order: ContactId[] = [];
  const failures: string[] = [];
  let twice = 0;
  let firstAtMs = 0;
  let allOfferedAtMs = 0;
  const over = Promise.withResolvers<void>();
  let ended = 0;

  function shown(view: AgentView): void {
    const [held] = view.state.contacts;
    if (held?.state !== 'offered') return;
    if (agentOf.has(held.contactId)) twice += 1;
    agentOf.set(held.contactId, view.agentId);
    order.push(held.contactId);
    if (order.length === waiting) allOfferedAtMs = performance.now();
    serve(view.agentId, held.contactId).catch((error: unknown) => {
      failures.push(String(error));
      over.resolve();
    });
  }
  // The shortest life of a talk: accepted, over, no work afterwards.
  async function serve(agentId: AgentId, contactId: ContactId): Promise<void> {
    const key = { instanceId, agentId };
    const accepted = await routing.accept(key, contactId);
    const out = await routing.contactEnded({ instanceId, contactId }, 'none');
    if (accepted.kind !== 'done' || out.kind !== 'done') failures.push('a step was refused');
    ended += 1;
    if (ended === waiting) over.resolve();
  }

  await Promise.all(
    team.agents.map(({ agentId }) => routing.attach({ instanceId, agentId }, randomUUID(), shown)),
  );
  firstAtMs = performance.now();
  const usageBefore = usageOfService(process.pid);
  await Promise.all(
    team.agents.map(({ agentId }) => routing.setStatus({ instanceId, agentId }, team.statuses.available)),
  );
  await over.promise;
  const overAtMs = performance.now();
  const usage = usageBetween(usageBefore, usageOfService(process.pid));
  const { rows } = await floor.database.query<{ left: number; events: number }>(
    `SELECT (SELECT count(*) FROM routing_entry) AS left,
            (SELECT count(*) FROM outbox WHERE stream = 'agent-events') AS events`,
  );
  const events = rows[0]?.events ?? 0;
  const strangers = order.filter((contactId) => !known.has(contactId));
  return {
    phase: 'R',
    title: `routing: ${agents} agents, ${waiting} waiting contacts; each is offered, accepted and over`,
    figures: [
      {
        name: 'assigned',
        value: waiting / ((allOfferedAtMs - firstAtMs) / 1000),
        unit: 'contacts/s',
        note: 'goal ≥ 2,000',
      },
      { name: '… and over', value: waiting / ((overAtMs - firstAtMs) / 1000), unit: 'contacts/s' },
      { name: 'CPU of routing', value: (usage.serviceSeconds * 1e6) / waiting, unit: 'µs/contact' },
      { name: 'CPU of PostgreSQL', value: (usage.postgresSeconds * 1e6) / waiting, unit: 'µs/contact' },
      { name: 'agent events', value: events / waiting, unit: 'each contact' },
    ],
    checks: [
      { what: `every contact got one agent`, ok: agentOf.size === waiting && twice === 0 },
      { what: 'nobody else was offered', ok: strangers.length === 0 },
      { what: 'nothing is left in the queue', ok: rows[0]?.left === 0 },
      {
        what: 'every step was taken',
        ok: failures.length === 0,
        ...(failures[0] ? { detail: failures[0] } : {}),
      },
      // Offered, accepted in the snapshot of the next step, over: three changes that a snapshot shows.
      { what: 'agent events tell of every step', ok: events >= 3 * waiting },
      {
        what: 'routing logged no warning',
        ok: floor.complaints.length === 0,
        ...(floor.complaints[0] ? { detail: floor.complaints[0] } : {}),
      },
    ],
  };
}
