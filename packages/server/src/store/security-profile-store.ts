/** Security profiles: named sets of permissions, which users have. */
import type { InstanceId, SecurityProfileId } from '../ids.ts';
import { type NamedRow, namedRows } from './named-rows.ts';
import type { Tags } from './resource-tags.ts';
import type { RingbackDatabase } from './schema.ts';

export interface SecurityProfile {
  readonly id: SecurityProfileId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly description: string | undefined;
  /** Such as `BasicAgentAccess`; sorted, each once. */
  readonly permissions: readonly string[];
  /** What else the profile grants, as it came: limits by tag and hierarchy, applications, flow modules. */
  readonly access: Readonly<Record<string, unknown>>;
  /** One of those that every instance begins with. */
  readonly isDefault: boolean;
  readonly tags: Tags;
  readonly updatedAtMs: number;
}

export interface SecurityProfileStore {
  /** In the order of their ids. */
  list(instanceId: InstanceId): Promise<SecurityProfile[]>;
  find(instanceId: InstanceId, id: SecurityProfileId): Promise<SecurityProfile | undefined>;
  /** @throws {NameTaken | TooMany} */
  create(profile: SecurityProfile, most: number): Promise<void>;
  /** Changes what is given. False when there is no such profile. */
  update(
    instanceId: InstanceId,
    id: SecurityProfileId,
    change: Partial<Pick<SecurityProfile, 'description' | 'permissions' | 'access'>>,
    nowMs: number,
  ): Promise<boolean>;
  /**
   * False when there is no such profile.
   *
   * @throws {InUse} users have it.
   */
  remove(instanceId: InstanceId, id: SecurityProfileId): Promise<boolean>;
}

interface ProfileRow extends NamedRow {
  readonly description: string | null;
  readonly permissions: readonly string[];
  readonly access: Readonly<Record<string, unknown>>;
  readonly is_default: boolean;
}

export function openSecurityProfileStore(database: RingbackDatabase): SecurityProfileStore {
  const rows = namedRows<ProfileRow>(database, {
    table: 'security_profile',
    noun: 'security profile',
    nameConstraint: 'security_profile_name',
    columns: ['description', 'permissions', 'access', 'is_default'],
  });
  return {
    async list(instanceId) {
      return (await rows.list(instanceId)).map((row) => profileOf(instanceId, row));
    },
    async find(instanceId, id) {
      const row = await rows.find(instanceId, id);
      return row && profileOf(instanceId, row);
    },
    create: (profile, most) =>
      database.withTransaction((transaction) =>
        rows.insert(
          transaction,
          profile.instanceId,
          {
            id: profile.id,
            name: profile.name,
            description: profile.description ?? null,
            permissions: profile.permissions,
            access: JSON.stringify(profile.access),
            is_default: profile.isDefault,
            tags: JSON.stringify(profile.tags),
            updated_at: new Date(profile.updatedAtMs),
          },
          most,
        ),
      ),
    update: (instanceId, id, { access, ...change }, nowMs) =>
      rows.update(
        database,
        instanceId,
        id,
        { ...change, ...(access === undefined ? {} : { access: JSON.stringify(access) }) },
        nowMs,
      ),
    remove: (instanceId, id) => rows.remove(database, instanceId, id),
  };
}

function profileOf(instanceId: InstanceId, row: ProfileRow): SecurityProfile {
  return {
    id: row.id as SecurityProfileId,
    instanceId,
    name: row.name,
    description: row.description ?? undefined,
    permissions: row.permissions,
    access: row.access,
    isDefault: row.is_default,
    tags: row.tags,
    updatedAtMs: row.updated_at.getTime(),
  };
}
