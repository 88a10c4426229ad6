/** Queues, routing profiles and agents for tests and benchmarks of routing, written straight into the tables. */
import { type AgentId, type InstanceId, newId, type QueueId, type RoutingProfileId } from '../ids.ts';
import type { AgentStatus } from '../routing/agent-state.ts';
import type { Proficiency } from '../routing/routing-criteria.ts';
import { openAgentStatusStore } from '../store/agent-status-store.ts';
import type { RingbackDatabase } from '../store/schema.ts';

export interface TeamAgent {
  readonly agentId: AgentId;
  readonly serves: readonly {
    readonly queueId: QueueId;
    readonly priority: number;
    readonly delaySeconds: number;
  }[];
  readonly proficiencies: readonly Proficiency[];
}

export interface RoutingTeam {
  readonly queues: readonly QueueId[];
  readonly agents: readonly TeamAgent[];
  readonly statuses: { readonly available: AgentStatus; readonly break: AgentStatus };
}

/** Which of the queues each profile serves: index, priority, delay in seconds. */
const profiles = [
  [[0, 1, 0]],
  [
    [0, 1, 0],
    [1, 2, 0],
  ],
  [
    [1, 1, 0],
    [2, 1, 1],
  ],
  [
    [2, 1, 0],
    [0, 3, 2],
  ],
] as const;

/** Makes a team whose agents serve three queues in four ways; half of them speak English, by chance how well. */
export async function makeRoutingTeam(
  database: RingbackDatabase,
  instanceId: InstanceId,
  size: number,
  random: () => number,
): Promise<RoutingTeam> {
  const queues = [0, 1, 2].map(() => newId<QueueId>());
  const nowText = new Date().toISOString();
  for (const [index, id] of queues.entries())
    await database.query(
      `INSERT INTO queue (instance_id, id, name, status, updated_at) VALUES ($1, $2, $3, 'ENABLED', $4)`,
      [instanceId, id, `Queue ${index}`, nowText],
    );
  const profileIds = profiles.map(() => newId<RoutingProfileId>());
  for (const [index, id] of profileIds.entries()) {
    await database.query(
      `INSERT INTO routing_profile (instance_id, id, name, description, default_outbound_queue_id, media_concurrencies, updated_at)
       VALUES ($1, $2, $3, '', $4, '[{"Channel": "VOICE", "Concurrency": 1}]', $5)`,
      [instanceId, id, `Profile ${index}`, queues[0], nowText],
    );
    for (const [queue, priority, delaySeconds] of profiles[index] ?? [])
      await database.query(
        `INSERT INTO routing_profile_queue (instance_id, routing_profile_id, queue_id, channel, priority, delay_seconds)
         VALUES ($1, $2, $3, 'VOICE', $4, $5)`,
        [instanceId, id, queues[queue], priority, delaySeconds],
      );
  }
  await database.query(
    `INSERT INTO predefined_attribute (instance_id, name, values_allowed, purposes, validates_values, updated_at)
     VALUES ($1, 'Language', '{English}', '{}', false, $2)`,
    [instanceId, nowText],
  );
  const agents = Array.from({ length: size }, (_, index): TeamAgent & { profile: number } => {
    const profile = index % profiles.length;
    return {
      agentId: newId<AgentId>(),
      profile,
      serves: (profiles[profile] ?? []).map(([queue, priority, delaySeconds]) => ({
        queueId: queues[queue] as QueueId,
        priority,
        delaySeconds,
      })),
      proficiencies:
        random() < 0.5
          ? [{ attribute: 'Language', value: 'English', level: 1 + Math.floor(random() * 5) }]
          : [],
    };
  });
  await database.query(
    `INSERT INTO agent (instance_id, id, username, first_name, last_name, routing_profile_id, updated_at)
     SELECT $1, a.id, 'agent' || a.n, 'Agent', a.n::text, a.profile, $4
       FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS a(id, profile, n)`,
    [
      instanceId,
      agents.map(({ agentId }) => agentId),
      agents.map(({ profile }) => profileIds[profile]),
      nowText,
    ],
  );
  const skilled = agents.flatMap(({ agentId, proficiencies }) =>
    proficiencies.map((one) => ({ agentId, ...one })),
  );
  await database.query(
    `INSERT INTO agent_proficiency (instance_id, agent_id, attribute, value, level)
     SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::real[])`,
    [
      instanceId,
      skilled.map(({ agentId }) => agentId),
      skilled.map(({ attribute }) => attribute),
      skilled.map(({ value }) => value),
      skilled.map(({ level }) => level),
    ],
  );
  const breakId = newId();
  await database.query(
    `INSERT INTO agent_status (instance_id, id, name, type, state, updated_at) VALUES ($1, $2, 'Lunch', 'CUSTOM', 'ENABLED', $3)`,
    [instanceId, breakId, nowText],
  );
  const statuses = await openAgentStatusStore(database).list(instanceId);
  const available = statuses.find(({ type }) => type === 'ROUTABLE');
  const lunch = statuses.find(({ id }) => id === breakId);
  if (!available || !lunch) throw new Error('The instance has no status to be routed in.');
  return { queues, agents, statuses: { available: plain(available), break: plain(lunch) } };
}

const plain = ({ id, name, type }: AgentStatus): AgentStatus => ({ id, name, type });
