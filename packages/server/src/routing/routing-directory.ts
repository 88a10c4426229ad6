/** What routing must know of an instance's agents, profiles, statuses and queues, kept in memory for a moment. */
import type { Clock } from '../clock.ts';
import type { AgentId, AgentStatusId, HierarchyGroupId, InstanceId, QueueId } from '../ids.ts';
import { voiceSettingsOf } from '../store/agent-settings.ts';
import type { AgentStatus as StoredStatus } from '../store/agent-status-store.ts';
import type { Agent, Proficiency } from '../store/agent-store.ts';
import type { HierarchyGroup } from '../store/hierarchy-store.ts';
import type { Queue } from '../store/queue-store.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';
import type { RoutingProfile } from '../store/routing-profile-store.ts';
import type { Channel } from './match.ts';

/** An agent as set up, not as he is at the moment. */
export interface AgentSetUp {
  readonly agent: Agent;
  readonly profile: RoutingProfile;
  readonly proficiencies: readonly Proficiency[];
  /** The agent's group and those above it, from the top. */
  readonly hierarchy: readonly HierarchyGroup[];
}

/** What routing stands on in one instance. */
export interface RoutingSetUp {
  readonly instance: Instance;
  readonly agents: ReadonlyMap<AgentId, AgentSetUp>;
  readonly queues: ReadonlyMap<QueueId, Queue>;
  readonly statuses: ReadonlyMap<AgentStatusId, StoredStatus>;
  /** The status of who has signed out. */
  readonly offline: StoredStatus;
}

export interface RoutingDirectory {
  /** Undefined when there is no such instance. */
  of(instanceId: InstanceId): Promise<RoutingSetUp | undefined>;
  /** Forgets everything, so that a change made here is seen at once. */
  forget(): void;
}

/** Longest time that a change of the set-up stays unseen, ms. */
const keptForMs = 1_000;

type SetUpSource = Pick<
  ResourceStore,
  'findInstance' | 'agents' | 'agentStatuses' | 'routingProfiles' | 'queues' | 'hierarchy'
>;

interface KnownSetUp {
  readonly setUp: Promise<RoutingSetUp | undefined>;
  readonly fingerprint: Promise<string | undefined>;
  untilMs: number;
}

/**
 * @param fingerprint tells cheaply whether anything changed (store/routing-set-up-store.ts); without it everything is
 *   read again each time.
 */
export function openRoutingDirectory(
  source: SetUpSource,
  clock: Clock,
  fingerprint: (instanceId: InstanceId) => Promise<string | undefined> = () => Promise.resolve(undefined),
): RoutingDirectory {
  const known = new Map<InstanceId, KnownSetUp>();

  /** What is known, if it still holds; else what is read now. */
  async function renewed(
    instanceId: InstanceId,
    former: KnownSetUp | undefined,
    now: Promise<string | undefined>,
  ): Promise<RoutingSetUp | undefined> {
    const current = await now;
    if (former && current !== undefined && current === (await former.fingerprint)) {
      const setUp = await former.setUp;
      if (setUp) return setUp;
    }
    return read(source, instanceId);
  }

  return {
    of(instanceId) {
      const nowMs = clock.now();
      const remembered = known.get(instanceId);
      if (remembered && remembered.untilMs > nowMs) return remembered.setUp;
      // Looked at before the rows: a change in between is found by the next look.
      const current = fingerprint(instanceId);
      const setUp = renewed(instanceId, remembered, current);
      const entry: KnownSetUp = { setUp, fingerprint: current, untilMs: nowMs + keptForMs };
      known.set(instanceId, entry);
      setUp.catch(() => {
        if (known.get(instanceId) === entry) known.delete(instanceId);
      });
      return setUp;
    },
    forget: () => known.clear(),
  };
}

async function read(source: SetUpSource, instanceId: InstanceId): Promise<RoutingSetUp | undefined> {
  const [instance, agents, proficiencies, statuses, profiles, queues, groups] = await Promise.all([
    source.findInstance(instanceId),
    source.agents.list(instanceId),
    source.agents.proficiencies(instanceId),
    source.agentStatuses.list(instanceId),
    source.routingProfiles.list(instanceId),
    source.queues.list(instanceId),
    source.hierarchy.list(instanceId),
  ]);
  const offline = statuses.find(({ type }) => type === 'OFFLINE');
  if (!instance || !offline) return undefined;
  const groupOf = new Map(groups.map((group) => [group.id, group]));
  const profileOf = new Map(profiles.map((profile) => [profile.id, profile]));
  return {
    instance,
    agents: new Map(
      agents.flatMap((agent): [AgentId, AgentSetUp][] => {
        const profile = profileOf.get(agent.routingProfileId);
        // A profile made since its list was read: the next look has it.
        if (!profile) return [];
        return [
          [
            agent.id,
            {
              agent,
              profile,
              proficiencies: proficiencies.get(agent.id) ?? [],
              hierarchy: pathTo(agent.hierarchyGroupId, groupOf),
            },
          ],
        ];
      }),
    ),
    queues: new Map(queues.map((queue) => [queue.id, queue])),
    statuses: new Map(statuses.map((status) => [status.id, status])),
    offline,
  };
}

/** A group and those above it, from the top. */
function pathTo(
  id: HierarchyGroupId | undefined,
  groupOf: ReadonlyMap<HierarchyGroupId, HierarchyGroup>,
): readonly HierarchyGroup[] {
  const path: HierarchyGroup[] = [];
  let group = id && groupOf.get(id);
  while (group) {
    path.unshift(group);
    group = group.parentId && groupOf.get(group.parentId);
  }
  return path;
}

/** How many contacts of a channel the profile lets an agent have. Voice is one at a time (API reference, MediaConcurrency). */
export function slotsOf(profile: RoutingProfile, channel: Channel): number {
  const concurrency =
    profile.mediaConcurrencies.find(({ Channel: name }) => name === channel)?.Concurrency ?? 0;
  return channel === 'VOICE' ? Math.min(1, concurrency) : concurrency;
}

/** How long after-contact work may take, ms; undefined where the agent alone ends it. */
export function afterContactWorkMsOf({ agent }: AgentSetUp): number | undefined {
  const { afterContactWorkSeconds } = voiceSettingsOf(agent.settings);
  return afterContactWorkSeconds === 0 ? undefined : afterContactWorkSeconds * 1000;
}

/** The queues whose quick connects an agent sees: those of the routing profile, and the one he dials for (Administrator Guide, transfers). */
export function queuesForTransfers({ profile }: AgentSetUp): readonly QueueId[] {
  return [...new Set([...profile.queues.map(({ queueId }) => queueId), profile.defaultOutboundQueueId])];
}

/** Whether queued calls are accepted for the agent as soon as they are offered. */
export function acceptsByItself({ agent }: AgentSetUp): boolean {
  return voiceSettingsOf(agent.settings).autoAccept;
}
