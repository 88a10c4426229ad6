/** Prompts: recorded audio that flows play, kept as the telephone wants it. */
import type { InstanceId, PromptId } from '../ids.ts';
import { isUniqueViolation } from './database-errors.ts';
import { NameTaken, TooMany } from './resource-refusals.ts';
import type { RingbackDatabase } from './schema.ts';

/** A prompt without its audio. */
export interface PromptSummary {
  readonly id: PromptId;
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly description: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface StoredPrompt extends PromptSummary {
  /** 8 kHz µ-law. */
  readonly mulaw: Uint8Array;
}

export interface PromptStore {
  findPrompt(instanceId: InstanceId, id: PromptId): Promise<StoredPrompt | undefined>;
  /** In the order of their ids. */
  listPrompts(instanceId: InstanceId): Promise<PromptSummary[]>;
  /**
   * @param most prompts that the instance may have.
   * @throws {NameTaken} the instance has one of that name.
   * @throws {TooMany} it has `most` already.
   */
  createPrompt(prompt: StoredPrompt, most: number): Promise<void>;
  /**
   * Changes what is given. False when there is no such prompt.
   *
   * @throws {NameTaken}
   */
  updatePrompt(
    instanceId: InstanceId,
    id: PromptId,
    change: Partial<Pick<StoredPrompt, 'name' | 'description' | 'mulaw'>>,
    nowMs: number,
  ): Promise<boolean>;
  /** False when there is no such prompt. */
  deletePrompt(instanceId: InstanceId, id: PromptId): Promise<boolean>;
}

const summaryColumns = ['id', 'name', 'description', 'tags', 'created_at', 'updated_at'] as const;

export function openPromptStore(database: RingbackDatabase): PromptStore {
  const { kysely } = database;
  return {
    async findPrompt(instanceId, id) {
      const row = await kysely
        .selectFrom('prompt')
        .select([...summaryColumns, 'mulaw'])
        .where('instance_id', '=', instanceId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && { ...summaryOf(instanceId, row), mulaw: row.mulaw };
    },
    async listPrompts(instanceId) {
      const rows = await kysely
        .selectFrom('prompt')
        .select(summaryColumns)
        .where('instance_id', '=', instanceId)
        .orderBy('id')
        .execute();
      return rows.map((row) => summaryOf(instanceId, row));
    },
    async createPrompt(prompt, most) {
      await refuseTakenName(prompt.name, () =>
        database.withTransaction(async (transaction) => {
          // Two that are made at once must not both be the last one.
          await transaction.query('SELECT FROM instance WHERE id = $1 FOR NO KEY UPDATE', [
            prompt.instanceId,
          ]);
          const { rows } = await transaction.query<{ count: number }>(
            'SELECT count(*) FROM prompt WHERE instance_id = $1',
            [prompt.instanceId],
          );
          if ((rows[0]?.count ?? 0) >= most) throw new TooMany('prompt', most);
          await transaction.kysely
            .insertInto('prompt')
            .values({
              instance_id: prompt.instanceId,
              id: prompt.id,
              name: prompt.name,
              description: prompt.description ?? null,
              mulaw: prompt.mulaw,
              created_at: new Date(prompt.createdAtMs),
              tags: JSON.stringify(prompt.tags),
              updated_at: new Date(prompt.updatedAtMs),
            })
            .execute();
        }),
      );
    },
    async updatePrompt(instanceId, id, change, nowMs) {
      return refuseTakenName(change.name ?? '', async () => {
        const result = await kysely
          .updateTable('prompt')
          .set({
            ...(change.name === undefined ? {} : { name: change.name }),
            ...(change.description === undefined ? {} : { description: change.description }),
            ...(change.mulaw === undefined ? {} : { mulaw: change.mulaw }),
            updated_at: new Date(nowMs),
          })
          .where('instance_id', '=', instanceId)
          .where('id', '=', id)
          .executeTakeFirst();
        return result.numUpdatedRows > 0n;
      });
    },
    async deletePrompt(instanceId, id) {
      const { rowCount } = await database.query('DELETE FROM prompt WHERE instance_id = $1 AND id = $2', [
        instanceId,
        id,
      ]);
      return rowCount > 0;
    },
  };
}

async function refuseTakenName<Result>(name: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, 'prompt_instance_id_name_key')) throw new NameTaken('prompt', name);
    throw error;
  }
}

function summaryOf(
  instanceId: InstanceId,
  row: {
    readonly id: string;
    readonly name: string;
    readonly description: string | null;
    readonly tags: object;
    readonly created_at: Date;
    readonly updated_at: Date | null;
  },
): PromptSummary {
  return {
    id: row.id as PromptId,
    instanceId,
    name: row.name,
    description: row.description ?? undefined,
    tags: row.tags as PromptSummary['tags'],
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: (row.updated_at ?? row.created_at).getTime(),
  };
}
