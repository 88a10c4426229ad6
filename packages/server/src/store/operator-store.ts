/** What administrators decide while the service runs: raised quotas, requests to raise them, and whether dialling is stopped. */
import type { Tenant } from '../arn.ts';
import type { AccountId, InstanceId } from '../ids.ts';
import type { AppliedQuota, Quota } from '../policy/quotas.ts';
import type { Transaction } from './database.ts';
import { isUniqueViolation } from './database-errors.ts';
import type { RingbackDatabase, Schema } from './schema.ts';

export type QuotaRequestStatus = 'PENDING' | 'APPROVED' | 'DENIED';

/** A request to raise a quota. */
export interface QuotaRequest {
  readonly id: string;
  readonly tenant: Tenant;
  readonly code: string;
  readonly context: AppliedQuota['context'];
  readonly desiredValue: number;
  readonly status: QuotaRequestStatus;
  /** Who asked, as an ARN. */
  readonly requester: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface DiallingSwitch {
  readonly stopped: { readonly atMs: number; readonly reason: string | undefined } | undefined;
  /** Grows with each order to end the calls under way. */
  readonly hangUpRound: number;
}

/** The account has a request for this quota that nobody has decided yet. */
export class QuotaRequestPending extends Error {
  override readonly name = 'QuotaRequestPending';
}

export interface OperatorStore {
  appliedQuotas(): Promise<readonly AppliedQuota[]>;
  /** Puts a value in force, at once also for the call slots that it counts. */
  setQuota(value: AppliedQuota, pool: Quota['pool'], nowMs: number): Promise<void>;
  /**
   * Stores a request; an approved one puts its value in force in the same transaction.
   *
   * @throws {QuotaRequestPending} an earlier one for the same quota is undecided.
   */
  addRequest(request: QuotaRequest, pool: Quota['pool']): Promise<void>;
  /**
   * Approves or denies a pending request; undefined when there is no pending one of that id.
   *
   * @param poolOf the call slots that a quota's code stands for.
   */
  decideRequest(
    id: string,
    decision: 'APPROVED' | 'DENIED',
    poolOf: (code: string) => Quota['pool'],
    nowMs: number,
  ): Promise<QuotaRequest | undefined>;
  /** Requests, oldest first. Without a tenant those of every account. */
  listRequests(tenant?: Tenant): Promise<readonly QuotaRequest[]>;
  /** Instances by id or alias, of one account or of all; oldest first. For commands, which know no tenant. */
  findInstances(asked: {
    readonly idOrAlias: string | undefined;
    readonly accountId: string | undefined;
  }): Promise<readonly { readonly id: InstanceId; readonly tenant: Tenant }[]>;
  diallingSwitch(): Promise<DiallingSwitch>;
  /** Stops dialling, on every node as soon as it looks. `end` also ends the calls under way. */
  stopDialling(order: {
    readonly reason: string | undefined;
    readonly callsUnderWay: 'keep' | 'end';
    readonly nowMs: number;
  }): Promise<void>;
  startDialling(): Promise<void>;
  /** Removes counts of windows that began before `beforeMs`, at most `limit`. */
  removeOldCounts(beforeMs: number, limit: number): Promise<void>;
}

export function openOperatorStore(database: RingbackDatabase): OperatorStore {
  return {
    async appliedQuotas() {
      const { rows } = await database.query<AppliedRow>(
        'SELECT account_id, region, code, context, value FROM service_quota',
      );
      return rows.map((row) => ({
        accountId: row.account_id,
        region: row.region,
        code: row.code,
        context: row.context as AppliedQuota['context'],
        value: row.value,
      }));
    },
    setQuota: (value, pool, nowMs) =>
      database.withTransaction((transaction) => putInForce(transaction, value, pool, nowMs)),
    async addRequest(request, pool) {
      try {
        await database.withTransaction(async (transaction) => {
          await transaction.query(insertRequest, [
            request.id,
            request.tenant.accountId,
            request.tenant.region,
            request.code,
            request.context,
            request.desiredValue,
            request.status,
            request.requester,
            new Date(request.createdAtMs),
          ]);
          if (request.status === 'APPROVED')
            await putInForce(transaction, valueAskedFor(request), pool, request.createdAtMs);
        });
      } catch (error) {
        if (isUniqueViolation(error, 'service_quota_request_pending')) {
          throw new QuotaRequestPending('A request to raise this quota is pending already.');
        }
        throw error;
      }
    },
    decideRequest: (id, decision, poolOf, nowMs) =>
      database.withTransaction(async (transaction) => {
        const { rows } = await transaction.query<RequestRow>(
          `UPDATE service_quota_request SET status = $2, updated_at = $3
            WHERE id = $1 AND status = 'PENDING' RETURNING *`,
          [id, decision, new Date(nowMs)],
        );
        const request = rows[0] && requestOf(rows[0]);
        if (request && decision === 'APPROVED')
          await putInForce(transaction, valueAskedFor(request), poolOf(request.code), nowMs);
        return request;
      }),
    async listRequests(tenant) {
      const { rows } = await database.query<RequestRow>(
        `SELECT * FROM service_quota_request
          WHERE $1::text IS NULL OR (account_id = $1 AND region = $2) ORDER BY id`,
        [tenant?.accountId ?? null, tenant?.region ?? null],
      );
      return rows.map(requestOf);
    },
    async findInstances({ idOrAlias, accountId }) {
      const { rows } = await database.query<{ id: InstanceId; account_id: AccountId; region: string }>(
        `SELECT id, account_id, region FROM instance
          WHERE ($1::text IS NULL OR id::text = lower($1) OR alias = $1)
            AND ($2::text IS NULL OR account_id = $2)
          ORDER BY created_at, id`,
        [idOrAlias ?? null, accountId ?? null],
      );
      return rows.map((row) => ({
        id: row.id,
        tenant: { accountId: row.account_id, region: row.region },
      }));
    },
    async diallingSwitch() {
      const { rows } = await database.query<SwitchRow>(
        'SELECT stopped_at, reason, hang_up_round FROM dialling_switch',
      );
      const row = rows[0];
      return {
        stopped: row?.stopped_at
          ? { atMs: row.stopped_at.getTime(), reason: row.reason ?? undefined }
          : undefined,
        hangUpRound: row?.hang_up_round ?? 0,
      };
    },
    async stopDialling({ reason, callsUnderWay, nowMs }) {
      await database.query(
        `UPDATE dialling_switch SET stopped_at = coalesce(stopped_at, $1), reason = coalesce($2, reason),
                hang_up_round = hang_up_round + $3`,
        [new Date(nowMs), reason ?? null, callsUnderWay === 'end' ? 1 : 0],
      );
    },
    async startDialling() {
      await database.query('UPDATE dialling_switch SET stopped_at = NULL, reason = NULL');
    },
    async removeOldCounts(beforeMs, limit) {
      await database.query(
        `DELETE FROM call_counter WHERE ctid IN
           (SELECT ctid FROM call_counter WHERE starts_at < $1 LIMIT $2)`,
        [new Date(beforeMs), limit],
      );
    },
  };
}

/** The capacity of every call slot pool: raised quotas win over the configuration's defaults. For the start. */
export async function applyCallSlotCapacity(
  database: RingbackDatabase,
  pools: readonly { readonly pool: string; readonly code: string; readonly capacity: number }[],
): Promise<void> {
  for (const { pool, code, capacity } of pools) {
    await database.query(
      `UPDATE call_slot_pool p SET capacity = coalesce(own.value, every.value, $3)::int
         FROM instance i
         LEFT JOIN service_quota own ON own.account_id = i.account_id AND own.region = i.region
                                    AND own.code = $2 AND own.context = i.id::text
         LEFT JOIN service_quota every ON every.account_id = i.account_id AND every.region = i.region
                                      AND every.code = $2 AND every.context = '*'
        WHERE p.instance_id = i.id AND p.pool = $1`,
      [pool, code, capacity],
    );
  }
}

async function putInForce(
  transaction: Transaction<Schema>,
  { accountId, region, code, context, value }: AppliedQuota,
  pool: Quota['pool'],
  nowMs: number,
): Promise<void> {
  await transaction.query(
    `INSERT INTO service_quota (account_id, region, code, context, value, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (account_id, region, code, context)
     DO UPDATE SET value = EXCLUDED.value, updated_at = EXCLUDED.updated_at`,
    [accountId, region, code, context, value, new Date(nowMs)],
  );
  if (!pool) return;
  // A value for all instances leaves those alone that have one of their own.
  await transaction.query(
    `UPDATE call_slot_pool p SET capacity = $5::int
       FROM instance i
      WHERE i.account_id = $1 AND i.region = $2 AND p.instance_id = i.id AND p.pool = $6
        AND (i.id::text = $4 OR ($4 = '*' AND NOT EXISTS (
              SELECT FROM service_quota q WHERE q.account_id = $1 AND q.region = $2 AND q.code = $3
                                            AND q.context = i.id::text)))`,
    [accountId, region, code, context, value, pool],
  );
}

const valueAskedFor = ({ tenant, code, context, desiredValue }: QuotaRequest): AppliedQuota => ({
  accountId: tenant.accountId,
  region: tenant.region,
  code,
  context,
  value: desiredValue,
});

interface AppliedRow {
  readonly account_id: string;
  readonly region: string;
  readonly code: string;
  readonly context: string;
  readonly value: number;
}

interface RequestRow {
  readonly id: string;
  readonly account_id: string;
  readonly region: string;
  readonly code: string;
  readonly context: string;
  readonly desired_value: number;
  readonly status: string;
  readonly requester: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

interface SwitchRow {
  readonly stopped_at: Date | null;
  readonly reason: string | null;
  readonly hang_up_round: number;
}

function requestOf(row: RequestRow): QuotaRequest {
  return {
    id: row.id,
    tenant: { accountId: row.account_id as AccountId, region: row.region },
    code: row.code,
    context: row.context === '*' ? '*' : (row.context as InstanceId),
    desiredValue: row.desired_value,
    status: row.status as QuotaRequestStatus,
    requester: row.requester,
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  };
}

const insertRequest = `
  INSERT INTO service_quota_request (id, account_id, region, code, context, desired_value, status, requester,
                                     created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`;
