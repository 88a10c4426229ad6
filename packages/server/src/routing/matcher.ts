/** Matches the waiting contacts of an instance with its free agents, in one transaction a turn. Runs where something changed; any node may. */
import type { Clock } from '../clock.ts';
import type { ContactId, InstanceId } from '../ids.ts';
import type { LoadedRouting } from '../store/change-routing.ts';
import type { RoutingStore } from '../store/routing-store.ts';
import type { MatchTurn, ReadyAgent, WaitingLane, WantedContacts } from '../store/routing-turn.ts';
import { isFree, slotsInUse } from './agent-state.ts';
import { type FreeAgent, type Lane, type Match, matchContacts, type QueuePlace } from './match.ts';
import { laneOf, orderedAtOf } from './queue-entry.ts';
import {
  type ChangeDeps,
  type DecidedChanges,
  decideChanges,
  type RoutingChange,
  scopeOf,
} from './routing-change.ts';
import { isMetBy } from './routing-criteria.ts';
import { type RoutingSetUp, slotsOf } from './routing-directory.ts';

/** Most offers of one transaction; more would keep callers of the same rows waiting. The rest follows in the next. */
const maxMatches = 200;
/** Contacts read of each lane beyond what agents could take, for those that move before they are locked. */
const spareContacts = 16;

export interface MatchTurnOutcome {
  readonly decided: DecidedChanges | undefined;
  /** There may be more to match at once. */
  readonly goOn: 'at once' | 'later';
}

/** Takes one turn. */
export function matchInstance(
  store: RoutingStore,
  setUp: RoutingSetUp,
  { clock, ...deps }: Omit<ChangeDeps, 'nowMs'> & { readonly clock: Clock },
  acceptWithinMs: number,
): Promise<MatchTurnOutcome> {
  return store.match(setUp.instance.id, (turn) =>
    // The time is told only now, because the turn may have been waited for.
    takeTurn(turn, setUp, { ...deps, nowMs: clock.now() }, acceptWithinMs),
  );
}

async function takeTurn(
  turn: MatchTurn,
  setUp: RoutingSetUp,
  deps: ChangeDeps,
  acceptWithinMs: number,
): Promise<MatchTurnOutcome> {
  const nothing: MatchTurnOutcome = { decided: undefined, goOn: 'later' };
  const waitingLanes = await turn.lanes();
  if (waitingLanes.length === 0) return nothing;
  const agents = freeAgentsOf(await turn.readyAgents(), setUp);
  if (agents.length === 0) return nothing;

  const wanted = wantedOf(waitingLanes, agents, deps.nowMs);
  const lanes = joined(wanted, await turn.waiting(wanted));
  const matches = matchContacts({ lanes, agents, nowMs: deps.nowMs });
  // The first matches of many are the same as if there were no more: agents choose one after the other.
  const proposed = matches.slice(0, maxMatches);
  if (proposed.length === 0) return nothing;

  const offers = (pairs: readonly Match[]): RoutingChange[] =>
    pairs.map((pair) => offerOf(pair, setUp, deps.nowMs + acceptWithinMs));
  const { decided, offered } = await turn.change(scopeOf(offers(proposed), deps), (loaded) => {
    const held = stillHolding(proposed, { lanes, agents, nowMs: deps.nowMs }, loaded, setUp.instance.id);
    const result = decideChanges(offers(held), loaded, deps);
    return { plan: result.plan, result: { decided: result, offered: held.length } };
  });
  return { decided, goOn: matches.length > offered ? 'at once' : 'later' };
}

/**
 * What holds of a proposal now that its agents and contacts are locked. Where some of them moved since they were read,
 * the others choose again without them, up to the first who would choose a contact that is not locked: so nobody who
 * moved lets a contact be passed by those behind it. The rest is for the next turn.
 */
function stillHolding(
  proposed: readonly Match[],
  read: {
    readonly lanes: readonly ReadLane[];
    readonly agents: readonly FreeAgent[];
    readonly nowMs: number;
  },
  loaded: LoadedRouting,
  instanceId: InstanceId,
): readonly Match[] {
  const lockedAgents = new Set(proposed.map(({ agentId }) => agentId));
  const lockedContacts = new Set(proposed.map(({ contactId }) => contactId));
  const agents = read.agents.filter((agent) => {
    if (!lockedAgents.has(agent.agentId)) return true;
    const now = loaded.agent({ instanceId, agentId: agent.agentId })?.state;
    return (
      now !== undefined &&
      isFree(now, 'VOICE', slotsInUse(now, 'VOICE') + (agent.slots.VOICE ?? 0)) &&
      (now.idleSinceMs === agent.idleSinceMs || now.inboundIdleSinceMs === agent.idleSinceMs)
    );
  });
  const lanes = read.lanes.map((lane) => ({
    ...lane,
    waiting: lane.waiting.filter((contact) => {
      if (!lockedContacts.has(contact.contactId)) return true;
      const now = loaded.entry({ instanceId, contactId: contact.contactId });
      return (
        now?.state === 'waiting' &&
        now.queuePriority === contact.queuePriority &&
        orderedAtOf(now) === contact.orderedAtMs &&
        laneOf(now) === lane.key
      );
    }),
  }));
  const moved = lanes.map((lane, index) => (read.lanes[index]?.waiting.length ?? 0) - lane.waiting.length);
  if (agents.length === read.agents.length && moved.every((count) => count === 0)) return proposed;
  // So many left that the next ones of the lane were perhaps not read.
  if (moved.some((count) => count > spareContacts)) return [];
  const again = matchContacts({ lanes, agents, nowMs: read.nowMs });
  const end = again.findIndex(
    ({ agentId, contactId }) => !lockedAgents.has(agentId) || !lockedContacts.has(contactId),
  );
  return end < 0 ? again : again.slice(0, end);
}

/** A lane as it was read. */
interface ReadLane extends Lane {
  readonly key: string;
}

function freeAgentsOf(ready: readonly ReadyAgent[], setUp: RoutingSetUp): FreeAgent[] {
  return ready.flatMap((agent): FreeAgent[] => {
    const known = setUp.agents.get(agent.agentId);
    if (!known) return [];
    const { profile, proficiencies } = known;
    const slots = slotsOf(profile, 'VOICE') - agent.voiceInUse;
    if (slots <= 0) return [];
    return [
      {
        agentId: agent.agentId,
        idleSinceMs:
          profile.agentAvailabilityTimer === 'TIME_SINCE_LAST_INBOUND'
            ? agent.inboundIdleSinceMs
            : agent.idleSinceMs,
        serves: profile.queues.map(({ queueId, channel, priority, delaySeconds }) => ({
          queueId,
          channel,
          priority,
          delayMs: delaySeconds * 1000,
        })),
        proficiencies,
        slots: { VOICE: slots },
      },
    ];
  });
}

/**
 * What has to be read so that matching sees what it would see with everything: of each lane as many contacts as agents
 * could take from it, once for each delay that those agents wait, because the first of a lane may be too young for some.
 */
function wantedOf(
  lanes: readonly WaitingLane[],
  agents: readonly FreeAgent[],
  nowMs: number,
): WantedContacts[] {
  const wanted: WantedContacts[] = [];
  for (const lane of lanes) {
    const slotsByDelay = new Map<number, number>();
    for (const agent of agents) {
      const delayMs = delayOf(agent, lane);
      const slots = agent.slots[lane.channel] ?? 0;
      if (delayMs === undefined || slots <= 0) continue;
      if (lane.criteria && lane.place.kind === 'queue' && !isMetBy(lane.criteria, agent)) continue;
      slotsByDelay.set(delayMs, (slotsByDelay.get(delayMs) ?? 0) + slots);
    }
    // An agent without delay may take what another waits for, so each part has room for all of them.
    const slots = Math.min(
      maxMatches,
      [...slotsByDelay.values()].reduce((sum, some) => sum + some, 0),
    );
    for (const delayMs of slotsByDelay.keys())
      wanted.push({ lane, joinedBefore: nowMs - delayMs, most: slots + spareContacts });
  }
  return wanted;
}

/** How long a contact of the lane must have waited for the agent, ms; undefined when the agent does not serve it. */
function delayOf(
  agent: FreeAgent,
  { place, channel }: { place: QueuePlace; channel: string },
): number | undefined {
  if (place.kind === 'agent') return place.agentId === agent.agentId ? 0 : undefined;
  return agent.serves.find((served) => served.queueId === place.queueId && served.channel === channel)
    ?.delayMs;
}

/** The parts of each lane put together again. */
function joined(
  wanted: readonly WantedContacts[],
  waiting: readonly (readonly Lane['waiting'][number][])[],
): ReadLane[] {
  const lanes = new Map<WaitingLane, Map<ContactId, Lane['waiting'][number]>>();
  for (const [index, { lane }] of wanted.entries()) {
    const contacts = lanes.get(lane) ?? new Map();
    for (const contact of waiting[index] ?? []) contacts.set(contact.contactId, contact);
    lanes.set(lane, contacts);
  }
  return [...lanes].map(([{ place, channel, criteria, lane: key }, contacts]) => ({
    key,
    place,
    channel,
    criteria,
    waiting: [...contacts.values()],
  }));
}

function offerOf(match: Match, setUp: RoutingSetUp, deadlineAtMs: number): RoutingChange {
  const profile = setUp.agents.get(match.agentId)?.profile;
  return {
    kind: 'offer',
    instanceId: setUp.instance.id,
    agentId: match.agentId,
    contactId: match.contactId,
    slots: profile ? slotsOf(profile, 'VOICE') : 0,
    deadlineAtMs,
  };
}

/** Runs turns of many instances: at most one of an instance at a time here, and a request during it is another turn. */
export class MatchTurns {
  readonly #take: (instanceId: InstanceId) => Promise<'at once' | 'later'>;
  readonly #failed: (instanceId: InstanceId, error: unknown) => void;
  readonly #running = new Map<InstanceId, Promise<void>>();
  readonly #requested = new Set<InstanceId>();
  #isClosed = false;

  constructor(
    take: (instanceId: InstanceId) => Promise<'at once' | 'later'>,
    failed: (instanceId: InstanceId, error: unknown) => void,
  ) {
    this.#take = take;
    this.#failed = failed;
  }

  request(instanceId: InstanceId): void {
    if (this.#isClosed) return;
    this.#requested.add(instanceId);
    if (this.#running.has(instanceId)) return;
    const running = this.#run(instanceId).finally(() => this.#running.delete(instanceId));
    this.#running.set(instanceId, running);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#requested.clear();
    await Promise.all(this.#running.values());
  }

  async #run(instanceId: InstanceId): Promise<void> {
    while (this.#requested.delete(instanceId)) {
      try {
        while ((await this.#take(instanceId)) === 'at once' && !this.#isClosed);
      } catch (error) {
        // The next look, a second from now at most, tries again.
        this.#failed(instanceId, error);
      }
    }
  }
}
