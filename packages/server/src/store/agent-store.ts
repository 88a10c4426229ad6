/** The users of an instance, who are its agents: identity, settings, routing profile, security profiles, proficiencies. What they do at the moment is not here. */
import type {
  AgentId,
  HierarchyGroupId,
  InstanceId,
  PhoneNumber,
  RoutingProfileId,
  SecurityProfileId,
} from '../ids.ts';
import type { AgentSettings } from './agent-settings.ts';
import type { Queryable } from './database.ts';
import { violatedForeignKey } from './database-errors.ts';
import { type ColumnValues, type NamedRow, namedRows } from './named-rows.ts';
import { ReferenceMissing, TooMany } from './resource-refusals.ts';
import type { Tags } from './resource-tags.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

export interface Agent {
  readonly id: AgentId;
  readonly instanceId: InstanceId;
  readonly username: string;
  readonly identity: AgentIdentity;
  readonly directoryUserId: string | undefined;
  readonly routingProfileId: RoutingProfileId;
  readonly securityProfileIds: readonly SecurityProfileId[];
  readonly hierarchyGroupId: HierarchyGroupId | undefined;
  readonly settings: AgentSettings;
  readonly tags: Tags;
  readonly updatedAtMs: number;
}

export interface AgentIdentity {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string | undefined;
  readonly secondaryEmail: string | undefined;
  readonly mobile: PhoneNumber | undefined;
}

/** How well a user masters a value of a predefined attribute. */
export interface Proficiency {
  readonly attribute: string;
  readonly value: string;
  /** 1 to 5. */
  readonly level: number;
}

/** What can be changed of a user; absent leaves it as it is. */
export interface AgentChange {
  readonly identity?: AgentIdentity;
  readonly routingProfileId?: RoutingProfileId;
  readonly securityProfileIds?: readonly SecurityProfileId[];
  /** `null` takes the user out of the hierarchy. */
  readonly hierarchyGroupId?: HierarchyGroupId | null;
  /** What becomes of the settings; no other change comes between. */
  readonly settings?: (known: AgentSettings) => AgentSettings;
}

export interface AgentStore {
  /** In the order of their ids. */
  list(instanceId: InstanceId): Promise<Agent[]>;
  find(instanceId: InstanceId, id: AgentId): Promise<Agent | undefined>;
  /** For signing in: whose name it is, and the hash that the password must match (argon2id, PHC string format). */
  findByUsername(
    instanceId: InstanceId,
    username: string,
  ): Promise<{ readonly id: AgentId; readonly passwordHash: string | undefined } | undefined>;
  /** How many users have the routing profile. */
  countWithRoutingProfile(instanceId: InstanceId, id: RoutingProfileId): Promise<number>;
  /**
   * @param most users that the instance may have.
   * @throws {NameTaken | TooMany}
   * @throws {ReferenceMissing} a profile or the hierarchy group went meanwhile.
   */
  create(agent: Agent, passwordHash: string | undefined, most: number): Promise<void>;
  /**
   * False when there is no such user.
   *
   * @throws {ReferenceMissing}
   */
  update(instanceId: InstanceId, id: AgentId, change: AgentChange, nowMs: number): Promise<boolean>;
  /** With everything that belongs to it. False when there is no such user. */
  remove(instanceId: InstanceId, id: AgentId): Promise<boolean>;
  /** Ordered by attribute and value. */
  proficienciesOf(instanceId: InstanceId, id: AgentId): Promise<readonly Proficiency[]>;
  /** Of all users; one without any is left out. */
  proficiencies(instanceId: InstanceId): Promise<ReadonlyMap<AgentId, readonly Proficiency[]>>;
  /**
   * Adds proficiencies; one that the user has already gets the new level.
   *
   * @throws {TooMany} the user would have more than `most`.
   * @throws {ReferenceMissing} the user or an attribute went meanwhile.
   */
  addProficiencies(
    instanceId: InstanceId,
    id: AgentId,
    proficiencies: readonly Proficiency[],
    most: number,
    nowMs: number,
  ): Promise<void>;
  /** Those that the user does not have are no mistake. */
  removeProficiencies(
    instanceId: InstanceId,
    id: AgentId,
    proficiencies: readonly Omit<Proficiency, 'level'>[],
    nowMs: number,
  ): Promise<void>;
}

interface AgentRow extends NamedRow {
  readonly first_name: string;
  readonly last_name: string;
  readonly email: string | null;
  readonly secondary_email: string | null;
  readonly mobile: string | null;
  readonly directory_user_id: string | null;
  readonly routing_profile_id: string;
  readonly hierarchy_group_id: string | null;
  readonly settings: AgentSettings;
  readonly security_profile_ids: readonly string[];
}

export function openAgentStore(database: RingbackDatabase): AgentStore {
  const rows = namedRows<AgentRow>(database, {
    table: 'agent',
    noun: 'user',
    nameColumn: 'username',
    nameConstraint: 'agent_username',
    columns: [
      'first_name',
      'last_name',
      'email',
      'secondary_email',
      'mobile',
      'directory_user_id',
      'routing_profile_id',
      'hierarchy_group_id',
      'settings',
      `ARRAY(SELECT security_profile_id FROM agent_security_profile p
              WHERE p.instance_id = agent.instance_id AND p.agent_id = agent.id
              ORDER BY security_profile_id) AS security_profile_ids`,
    ],
  });

  return {
    async list(instanceId) {
      return (await rows.list(instanceId)).map((row) => agentOf(instanceId, row));
    },
    async find(instanceId, id) {
      const row = await rows.find(instanceId, id);
      return row && agentOf(instanceId, row);
    },
    async findByUsername(instanceId, username) {
      const found = await database.query<{ id: AgentId; password_hash: string | null }>(
        'SELECT id, password_hash FROM agent WHERE instance_id = $1 AND username = $2',
        [instanceId, username],
      );
      const row = found.rows[0];
      return row && { id: row.id, passwordHash: row.password_hash ?? undefined };
    },
    async countWithRoutingProfile(instanceId, id) {
      const counted = await database.query<{ count: number }>(
        'SELECT count(*) FROM agent WHERE instance_id = $1 AND routing_profile_id = $2',
        [instanceId, id],
      );
      return counted.rows[0]?.count ?? 0;
    },
    create: (agent, passwordHash, most) =>
      database.withTransaction(async (transaction) => {
        const values = {
          id: agent.id,
          username: agent.username,
          ...identityColumns(agent.identity),
          password_hash: passwordHash ?? null,
          directory_user_id: agent.directoryUserId ?? null,
          routing_profile_id: agent.routingProfileId,
          hierarchy_group_id: agent.hierarchyGroupId ?? null,
          settings: JSON.stringify(agent.settings),
          tags: JSON.stringify(agent.tags),
          updated_at: new Date(agent.updatedAtMs),
        };
        await rows.insert(transaction, agent.instanceId, values, most);
        await setSecurityProfiles(transaction, agent.instanceId, agent.id, agent.securityProfileIds);
      }),
    update: (instanceId, id, change, nowMs) =>
      database.withTransaction(async (transaction) => {
        const settings = change.settings && (await lockedSettings(transaction, instanceId, id));
        const columns = {
          ...columnsOf(change),
          ...(change.settings && settings ? { settings: JSON.stringify(change.settings(settings)) } : {}),
        };
        const found = await rows.update(transaction, instanceId, id, columns, nowMs);
        if (found && change.securityProfileIds) {
          await setSecurityProfiles(transaction, instanceId, id, change.securityProfileIds);
        }
        return found;
      }),
    remove: (instanceId, id) => rows.remove(database, instanceId, id),
    async proficienciesOf(instanceId, id) {
      const found = await database.query<Proficiency>(
        `SELECT attribute, value, level FROM agent_proficiency
          WHERE instance_id = $1 AND agent_id = $2 ORDER BY attribute, value`,
        [instanceId, id],
      );
      return found.rows;
    },
    async proficiencies(instanceId) {
      const found = await database.query<Proficiency & { readonly agent_id: AgentId }>(
        `SELECT agent_id, attribute, value, level FROM agent_proficiency
          WHERE instance_id = $1 ORDER BY agent_id, attribute, value`,
        [instanceId],
      );
      const byAgent = new Map<AgentId, Proficiency[]>();
      for (const { agent_id, ...proficiency } of found.rows) {
        const known = byAgent.get(agent_id);
        if (known) known.push(proficiency);
        else byAgent.set(agent_id, [proficiency]);
      }
      return byAgent;
    },
    addProficiencies: (instanceId, id, proficiencies, most, nowMs) =>
      database.withTransaction(async (transaction) => {
        await touch(transaction, instanceId, id, nowMs);
        try {
          await transaction.query(
            `INSERT INTO agent_proficiency (instance_id, agent_id, attribute, value, level)
             SELECT $1, $2, new.attribute, new.value, new.level
               FROM unnest($3::text[], $4::text[], $5::real[]) AS new (attribute, value, level)
             ON CONFLICT ON CONSTRAINT agent_proficiency_once DO UPDATE SET level = excluded.level`,
            [
              instanceId,
              id,
              proficiencies.map(({ attribute }) => attribute),
              proficiencies.map(({ value }) => value),
              proficiencies.map(({ level }) => level),
            ],
          );
        } catch (error) {
          if (violatedForeignKey(error) === undefined) throw error;
          throw new ReferenceMissing('A predefined attribute was deleted meanwhile.');
        }
        const { rows: counted } = await transaction.query<{ count: number }>(
          'SELECT count(*) FROM agent_proficiency WHERE instance_id = $1 AND agent_id = $2',
          [instanceId, id],
        );
        if ((counted[0]?.count ?? 0) > most) throw new TooMany('proficiency', most, 'proficiencies');
      }),
    removeProficiencies: (instanceId, id, proficiencies, nowMs) =>
      database.withTransaction(async (transaction) => {
        await touch(transaction, instanceId, id, nowMs);
        await transaction.query(
          `DELETE FROM agent_proficiency known
            USING unnest($3::text[], $4::text[]) AS gone (attribute, value)
            WHERE known.instance_id = $1 AND known.agent_id = $2
              AND known.attribute = gone.attribute AND known.value = gone.value`,
          [
            instanceId,
            id,
            proficiencies.map(({ attribute }) => attribute),
            proficiencies.map(({ value }) => value),
          ],
        );
      }),
  };

  /** Also keeps two changes of one user's proficiencies apart, so that both see all of them. */
  async function touch(
    on: Queryable<Schema>,
    instanceId: InstanceId,
    id: AgentId,
    nowMs: number,
  ): Promise<void> {
    const found = await rows.update(on, instanceId, id, {}, nowMs);
    if (!found) throw new ReferenceMissing('The user was deleted meanwhile.');
  }
}

/** Undefined when there is no such user. */
async function lockedSettings(
  on: Queryable<Schema>,
  instanceId: InstanceId,
  id: AgentId,
): Promise<AgentSettings | undefined> {
  const { rows } = await on.query<{ settings: AgentSettings }>(
    'SELECT settings FROM agent WHERE instance_id = $1 AND id = $2 FOR NO KEY UPDATE',
    [instanceId, id],
  );
  return rows[0]?.settings;
}

async function setSecurityProfiles(
  on: Queryable<Schema>,
  instanceId: InstanceId,
  id: AgentId,
  profiles: readonly SecurityProfileId[],
): Promise<void> {
  await on.query('DELETE FROM agent_security_profile WHERE instance_id = $1 AND agent_id = $2', [
    instanceId,
    id,
  ]);
  try {
    await on.query(
      `INSERT INTO agent_security_profile (instance_id, agent_id, security_profile_id)
       SELECT DISTINCT $1::uuid, $2::uuid, id FROM unnest($3::uuid[]) AS id`,
      [instanceId, id, profiles],
    );
  } catch (error) {
    if (violatedForeignKey(error) === undefined) throw error;
    throw new ReferenceMissing('A security profile was deleted meanwhile.');
  }
}

function identityColumns(identity: AgentIdentity): ColumnValues {
  return {
    first_name: identity.firstName,
    last_name: identity.lastName,
    email: identity.email ?? null,
    secondary_email: identity.secondaryEmail ?? null,
    mobile: identity.mobile ?? null,
  };
}

function columnsOf(change: AgentChange): ColumnValues {
  return {
    ...(change.identity ? identityColumns(change.identity) : {}),
    ...(change.routingProfileId ? { routing_profile_id: change.routingProfileId } : {}),
    ...(change.hierarchyGroupId === undefined ? {} : { hierarchy_group_id: change.hierarchyGroupId }),
  };
}

function agentOf(instanceId: InstanceId, row: AgentRow): Agent {
  return {
    id: row.id as AgentId,
    instanceId,
    username: row.name,
    identity: {
      firstName: row.first_name,
      lastName: row.last_name,
      email: row.email ?? undefined,
      secondaryEmail: row.secondary_email ?? undefined,
      mobile: (row.mobile ?? undefined) as PhoneNumber | undefined,
    },
    directoryUserId: row.directory_user_id ?? undefined,
    routingProfileId: row.routing_profile_id as RoutingProfileId,
    securityProfileIds: row.security_profile_ids as readonly SecurityProfileId[],
    hierarchyGroupId: (row.hierarchy_group_id ?? undefined) as HierarchyGroupId | undefined,
    settings: row.settings,
    tags: row.tags,
    updatedAtMs: row.updated_at.getTime(),
  };
}
