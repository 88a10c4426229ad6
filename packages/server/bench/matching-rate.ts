/** Phase Q: assignments alone. A thousand agents are free at once and ten thousand contacts wait; turns of the matcher are timed until each agent is rung. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../src/clock.ts';
import { type NodeId, newId } from '../src/ids.ts';
import { matchInstance } from '../src/routing/matcher.ts';
import { decideChanges, type RoutingChange, scopeOf } from '../src/routing/routing-change.ts';
import { openRoutingDirectory } from '../src/routing/routing-directory.ts';
import { openNodeStore } from '../src/store/node-store.ts';
import { openResourceStore } from '../src/store/resource-store.ts';
import { openRoutingStore } from '../src/store/routing-store.ts';
import type { PhaseResult } from './results.ts';
import { fillQueue, openRoutingFloor, type RoutingFloor } from './routing-floor.ts';

export interface MatchingOptions {
  readonly agents: number;
  readonly waiting: number;
}

const acceptWithinMs = 20_000;
/** Steps written at once between two rounds. */
const stepsAtOnce = 1000;

export async function measureMatchingRate(options: MatchingOptions): Promise<PhaseResult> {
  const floor = await openRoutingFloor(options.agents);
  try {
    return await measure(floor, options);
  } finally {
    await floor.close();
  }
}

async function measure(floor: RoutingFloor, options: MatchingOptions): Promise<PhaseResult> {
  const { database, instanceId, team } = floor;
  const contacts = await fillQueue(floor, options.waiting);
  // From here on nobody matches but this.
  await floor.routing.close();
  const node = newId<NodeId>();
  await openNodeStore(database).register(node, { host: 'bench' }, 24 * 3_600_000);
  const store = openRoutingStore(database);
  const directory = openRoutingDirectory(openResourceStore(database), systemClock);
  const setUp = await directory.of(instanceId);
  if (!setUp) throw new Error('The instance is gone.');
  const deps = { node, newEventId: randomUUID, setUpOf: () => setUp };
  const apply = async (changes: readonly RoutingChange[]): Promise<void> => {
    for (let from = 0; from < changes.length; from += stepsAtOnce) {
      const part = changes.slice(from, from + stepsAtOnce);
      const now = { ...deps, nowMs: systemClock.now() };
      await store.change(scopeOf(part, now), (loaded) => {
        const decided = decideChanges(part, loaded, now);
        return { plan: decided.plan, result: undefined };
      });
    }
  };
  const ofAll = (input: Extract<RoutingChange, { kind: 'agent' }>['input']): RoutingChange[] =>
    team.agents.map(({ agentId }) => ({ kind: 'agent', instanceId, agentId, input }));
  await apply(ofAll({ kind: 'attach', node, session: 'bench' }));
  await apply(ofAll({ kind: 'setStatus', status: team.statuses.available }));

  const known = new Set(contacts.map(({ contactId }) => contactId));
  const offered = new Set<string>();
  let assigned = 0;
  let rounds = 0;
  let seconds = 0;
  for (;;) {
    const beganAtMs = performance.now();
    const pairs: RoutingChange[] = [];
    for (;;) {
      const turn = await matchInstance(store, setUp, { ...deps, clock: systemClock }, acceptWithinMs);
      for (const entry of turn.decided?.plan.entries ?? []) {
        const { contactId } = entry.entry;
        pairs.push({ kind: 'end', instanceId, contactId, afterContactWork: 'none' });
        offered.add(contactId);
      }
      if (turn.goOn === 'later') break;
    }
    if (pairs.length === 0) break;
    seconds += (performance.now() - beganAtMs) / 1000;
    assigned += pairs.length;
    rounds += 1;
    await apply(pairs);
  }
  return {
    phase: 'Q',
    title: `matching: ${options.agents} agents free at once, ${options.waiting} contacts wait; the turns alone`,
    figures: [
      { name: 'assigned', value: assigned / seconds, unit: 'contacts/s', note: 'goal ≥ 2,000' },
      { name: 'a round', value: (seconds * 1000) / rounds, unit: 'ms', note: `${rounds} rounds` },
    ],
    checks: [
      {
        what: 'every contact was offered once',
        ok: assigned === options.waiting && offered.size === assigned,
      },
      { what: 'nobody else was offered', ok: [...offered].every((id) => known.has(id as never)) },
    ],
  };
}
