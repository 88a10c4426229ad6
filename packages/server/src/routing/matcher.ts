/** Matches the waiting contacts of an instance with its free agents, in one transaction a turn. Runs where something changed; any node may. */
import type { ContactId, InstanceId } from '../ids.ts';
import type {
  MatchTurn,
  ReadyAgent,
  RoutingStore,
  WaitingLane,
  WantedContacts,
} from '../store/routing-store.ts';
import { type FreeAgent, type Lane, type Match, matchContacts, type QueuePlace } from './match.ts';
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
const maxMatches = 500;
/** How often a turn is taken anew because an agent or contact moved under it, before what is left of it is kept. */
const maxTries = 3;

export interface MatchTurnOutcome {
  readonly offered: number;
  readonly decided: DecidedChanges | undefined;
  /** There may be more to match at once. */
  readonly goOn: 'at once' | 'later';
}

/** A pair was not free any more when its turn came; everything of the turn is taken back. */
class PairMoved extends Error {
  override readonly name = 'PairMoved';
}

/** Takes one turn. */
export async function matchInstance(
  store: RoutingStore,
  setUp: RoutingSetUp,
  deps: ChangeDeps,
  acceptWithinMs: number,
): Promise<MatchTurnOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store.match(setUp.instance.id, (turn) =>
        takeTurn(turn, setUp, deps, acceptWithinMs, attempt < maxTries ? 'all or none' : 'what holds'),
      );
    } catch (error) {
      if (!(error instanceof PairMoved)) throw error;
    }
  }
}

async function takeTurn(
  turn: MatchTurn,
  setUp: RoutingSetUp,
  deps: ChangeDeps,
  acceptWithinMs: number,
  keep: 'all or none' | 'what holds',
): Promise<MatchTurnOutcome> {
  const nothing: MatchTurnOutcome = { offered: 0, decided: undefined, goOn: 'later' };
  const lanes = await turn.lanes();
  if (lanes.length === 0) return nothing;
  const agents = freeAgentsOf(await turn.readyAgents(), setUp);
  if (agents.length === 0) return nothing;

  const wanted = wantedOf(lanes, agents, deps.nowMs);
  const waiting = await turn.waiting(wanted);
  const matches = matchContacts({ lanes: joined(wanted, waiting), agents, nowMs: deps.nowMs });
  // The first matches of many are the same as if there were no more: agents choose one after the other.
  const taken = matches.slice(0, maxMatches);
  if (taken.length === 0) return nothing;

  const changes = taken.map((match) => offerOf(match, setUp, deps.nowMs + acceptWithinMs));
  const decided = await turn.change(scopeOf(changes, deps), (loaded) => {
    const result = decideChanges(changes, loaded, deps);
    // Offered to whoever is left, a contact would be passed by those behind it.
    if (keep === 'all or none' && result.outcomes.some(({ kind }) => kind === 'refused'))
      throw new PairMoved();
    return { plan: result.plan, result };
  });
  const offered = decided.outcomes.filter(({ kind }) => kind === 'done').length;
  const goOn = matches.length > taken.length || offered < taken.length ? 'at once' : 'later';
  return { offered, decided, goOn };
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
      wanted.push({ lane, joinedBefore: nowMs - delayMs, most: slots });
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
): Lane[] {
  const lanes = new Map<WaitingLane, Map<ContactId, Lane['waiting'][number]>>();
  for (const [index, { lane }] of wanted.entries()) {
    const contacts = lanes.get(lane) ?? new Map();
    for (const contact of waiting[index] ?? []) contacts.set(contact.contactId, contact);
    lanes.set(lane, contacts);
  }
  return [...lanes].map(([{ place, channel, criteria }, contacts]) => ({
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
