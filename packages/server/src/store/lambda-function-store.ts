/** The Lambda functions that an instance lists for its flows. Where one is reached is configuration (flows/lambda.ts). */
import type { InstanceId } from '../ids.ts';
import { TooMany } from './resource-refusals.ts';
import type { RingbackDatabase } from './schema.ts';

export interface LambdaFunctionStore {
  /** ARNs, letter by letter. */
  list(instanceId: InstanceId): Promise<readonly string[]>;
  /**
   * False when the instance lists it already, by another request than this one.
   *
   * @throws {TooMany}
   */
  add(
    instanceId: InstanceId,
    arn: string,
    clientToken: string | undefined,
    most: number,
    nowMs: number,
  ): Promise<boolean>;
  /** False when the instance does not list it. */
  remove(instanceId: InstanceId, arn: string): Promise<boolean>;
}

export function openLambdaFunctionStore(database: RingbackDatabase): LambdaFunctionStore {
  return {
    async list(instanceId) {
      const { rows } = await database.query<{ arn: string }>(
        'SELECT arn FROM lambda_function WHERE instance_id = $1 ORDER BY arn COLLATE "C"',
        [instanceId],
      );
      return rows.map(({ arn }) => arn);
    },
    add: (instanceId, arn, clientToken, most, nowMs) =>
      database.withTransaction(async ({ query }) => {
        // Two that are added at once must not both be the last one.
        await query('SELECT FROM instance WHERE id = $1 FOR NO KEY UPDATE', [instanceId]);
        const known = await query<{ client_token: string | null }>(
          'SELECT client_token FROM lambda_function WHERE instance_id = $1 AND arn = $2',
          [instanceId, arn],
        );
        const [same] = known.rows;
        if (same) return clientToken !== undefined && same.client_token === clientToken;
        const { rows } = await query<{ count: number }>(
          'SELECT count(*) FROM lambda_function WHERE instance_id = $1',
          [instanceId],
        );
        if ((rows[0]?.count ?? 0) >= most) throw new TooMany('Lambda function', most);
        await query(
          'INSERT INTO lambda_function (instance_id, arn, client_token, created_at) VALUES ($1, $2, $3, $4)',
          [instanceId, arn, clientToken ?? null, new Date(nowMs)],
        );
        return true;
      }),
    async remove(instanceId, arn) {
      const { rowCount } = await database.query(
        'DELETE FROM lambda_function WHERE instance_id = $1 AND arn = $2',
        [instanceId, arn],
      );
      return rowCount > 0;
    },
  };
}
