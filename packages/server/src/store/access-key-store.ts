/** Access keys that live in the database, as they are stored: secrets sealed, session tokens hashed. Read by identity/. */
import type { AccountId } from '../ids.ts';
import type { RingbackDatabase } from './schema.ts';

export interface StoredAccessKey {
  readonly accessKeyId: string;
  readonly accountId: AccountId;
  readonly userName: string;
  readonly sealedSecret: Uint8Array;
  /** SHA-256; present with temporary credentials, as `expiresAtMs` is. */
  readonly sessionTokenHash: Uint8Array | undefined;
  readonly principal: string | undefined;
  /** The policy document, as it was checked when it was stored. */
  readonly policy: object | undefined;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
}

export interface AccessKeyStore {
  add(key: StoredAccessKey): Promise<void>;
  /** Revoked keys count as absent. */
  find(accessKeyId: string): Promise<StoredAccessKey | undefined>;
  /** Whether there is any key that is not revoked. */
  hasAny(): Promise<boolean>;
  /** Newest first, revoked ones too. */
  list(accountId?: AccountId): Promise<readonly StoredAccessKey[]>;
  /** Neither revoked nor expired; newest first. */
  listInForce(nowMs: number, limit: number): Promise<readonly StoredAccessKey[]>;
  /** False when there is no such key, or when it was revoked before. */
  revoke(accessKeyId: string, nowMs: number): Promise<boolean>;
  /** Removes keys that expired or were revoked before a time. */
  removeOld(beforeMs: number): Promise<void>;
  /** The account of the first instance; undefined in an empty database. */
  firstAccount(): Promise<AccountId | undefined>;
}

export function openAccessKeyStore(database: RingbackDatabase): AccessKeyStore {
  const { kysely } = database;
  return {
    async add(key) {
      await kysely
        .insertInto('access_key')
        .values({
          id: key.accessKeyId,
          account_id: key.accountId,
          user_name: key.userName,
          sealed_secret: key.sealedSecret,
          session_token_hash: key.sessionTokenHash ?? null,
          principal: key.principal ?? null,
          policy: key.policy === undefined ? null : JSON.stringify(key.policy),
          created_at: new Date(key.createdAtMs),
          expires_at: dateOf(key.expiresAtMs),
          revoked_at: dateOf(key.revokedAtMs),
        })
        .execute();
    },
    async find(accessKeyId) {
      const row = await kysely
        .selectFrom('access_key')
        .selectAll()
        .where('id', '=', accessKeyId)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return row && keyOf(row);
    },
    async hasAny() {
      const { rows } = await database.query<{ any: boolean }>(
        'SELECT EXISTS (SELECT FROM access_key WHERE revoked_at IS NULL) AS any',
      );
      return rows[0]?.any === true;
    },
    async list(accountId) {
      let query = kysely.selectFrom('access_key').selectAll();
      if (accountId !== undefined) query = query.where('account_id', '=', accountId);
      const rows = await query.orderBy('created_at', 'desc').orderBy('id').execute();
      return rows.map(keyOf);
    },
    async listInForce(nowMs, limit) {
      const rows = await kysely
        .selectFrom('access_key')
        .selectAll()
        .where('revoked_at', 'is', null)
        .where((where) =>
          where.or([where('expires_at', 'is', null), where('expires_at', '>', new Date(nowMs))]),
        )
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(keyOf);
    },
    async revoke(accessKeyId, nowMs) {
      const result = await kysely
        .updateTable('access_key')
        .set({ revoked_at: new Date(nowMs) })
        .where('id', '=', accessKeyId)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },
    async removeOld(beforeMs) {
      const before = new Date(beforeMs);
      await kysely
        .deleteFrom('access_key')
        .where((where) => where.or([where('expires_at', '<', before), where('revoked_at', '<', before)]))
        .execute();
    },
    async firstAccount() {
      const row = await kysely
        .selectFrom('instance')
        .select('account_id')
        .orderBy('created_at')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst();
      return row?.account_id as AccountId | undefined;
    },
  };
}

function keyOf(row: {
  id: string;
  account_id: string;
  user_name: string;
  sealed_secret: Uint8Array;
  session_token_hash: Uint8Array | null;
  principal: string | null;
  policy: object | null;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
}): StoredAccessKey {
  return {
    accessKeyId: row.id,
    accountId: row.account_id as AccountId,
    userName: row.user_name,
    sealedSecret: row.sealed_secret,
    sessionTokenHash: row.session_token_hash ?? undefined,
    principal: row.principal ?? undefined,
    policy: row.policy ?? undefined,
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at?.getTime(),
    revokedAtMs: row.revoked_at?.getTime(),
  };
}

const dateOf = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));
