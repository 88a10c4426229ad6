/** Tags of resources: read and changed in one statement each, whatever table the resource is in. */
import type { InstanceId } from '../ids.ts';
import type { RingbackDatabase } from './schema.ts';

/** What can have tags, by the kind that its ARN names. */
export type TaggedKind =
  | 'agent'
  | 'agent-group'
  | 'agent-state'
  | 'contact-flow'
  | 'flow-module'
  | 'instance'
  | 'operating-hours'
  | 'phone-number'
  | 'prompt'
  | 'queue'
  | 'routing-profile'
  | 'security-profile'
  | 'transfer-destination';

export type Tags = Readonly<Record<string, string>>;

/** A resource that can have tags. */
export interface TaggedPlace {
  readonly instanceId: InstanceId;
  readonly kind: TaggedKind;
  readonly id: string;
}

export interface ResourceTags {
  /** Undefined when there is no such resource. */
  tagsOf(resource: TaggedPlace): Promise<Tags | undefined>;
  /** Adds and replaces, if no more than `most` tags come of it; tells what became of it. */
  addTags(resource: TaggedPlace, tags: Tags, most: number): Promise<'changed' | 'missing' | 'too many'>;
  /** False when there is no such resource. Keys that it does not have are no mistake. */
  removeTags(resource: TaggedPlace, keys: readonly string[]): Promise<boolean>;
}

interface TaggedRows {
  readonly table: string;
  readonly condition: string;
  /** Column with the id of the instance; `instance_id` where there is one. */
  readonly owner?: 'id';
}

/** Table and rows of a kind; constants, so that nothing from outside gets into the SQL. */
const rowsOf: Readonly<Record<TaggedKind, TaggedRows>> = {
  'contact-flow': { table: 'contact_flow', condition: `type <> 'MODULE'` },
  'flow-module': { table: 'contact_flow', condition: `type = 'MODULE'` },
  agent: { table: 'agent', condition: 'true' },
  'agent-group': { table: 'hierarchy_group', condition: 'true' },
  'agent-state': { table: 'agent_status', condition: 'true' },
  instance: { table: 'instance', condition: 'true', owner: 'id' },
  'operating-hours': { table: 'hours_of_operation', condition: 'true' },
  'phone-number': { table: 'phone_number', condition: 'true' },
  prompt: { table: 'prompt', condition: 'true' },
  queue: { table: 'queue', condition: 'true' },
  'routing-profile': { table: 'routing_profile', condition: 'true' },
  'security-profile': { table: 'security_profile', condition: 'true' },
  'transfer-destination': { table: 'quick_connect', condition: 'true' },
};

/** Whether things of the kind that an ARN names can have tags. */
export function isTaggedKind(kind: string): kind is TaggedKind {
  return Object.hasOwn(rowsOf, kind);
}

export const taggedKinds: readonly string[] = Object.keys(rowsOf).sort();

export function openResourceTags(database: RingbackDatabase): ResourceTags {
  async function tagsOf({ instanceId, kind, id }: TaggedPlace): Promise<Tags | undefined> {
    const { table, condition, owner = 'instance_id' } = rowsOf[kind];
    const { rows } = await database.query<{ tags: Tags }>(
      `SELECT tags FROM ${table} WHERE ${owner} = $1 AND id = $2 AND ${condition}`,
      [instanceId, id],
    );
    return rows[0]?.tags;
  }
  return {
    tagsOf,
    async addTags(resource, tags, most) {
      const { table, condition, owner = 'instance_id' } = rowsOf[resource.kind];
      const { rowCount } = await database.query(
        `UPDATE ${table} SET tags = tags || $3::jsonb
          WHERE ${owner} = $1 AND id = $2 AND ${condition}
            AND (SELECT count(*) FROM jsonb_object_keys(tags || $3::jsonb)) <= $4`,
        [resource.instanceId, resource.id, JSON.stringify(tags), most],
      );
      if (rowCount > 0) return 'changed';
      return (await tagsOf(resource)) ? 'too many' : 'missing';
    },
    async removeTags({ instanceId, kind, id }, keys) {
      const { table, condition, owner = 'instance_id' } = rowsOf[kind];
      const { rowCount } = await database.query(
        `UPDATE ${table} SET tags = tags - $3::text[] WHERE ${owner} = $1 AND id = $2 AND ${condition}`,
        [instanceId, id, keys],
      );
      return rowCount > 0;
    },
  };
}
