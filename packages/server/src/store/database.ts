// The one connection pool to PostgreSQL, wherever it runs, and the three ways to use it: a named hot statement, a kysely
// query, and a transaction of both. The aggregates beside it build on nothing else.

import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import { Pool, type PoolClient, type PoolConfig, types } from 'pg';
import { DatabaseUnusable, TransactionRolledBack } from './database-errors.ts';
import { poolOfSingleStatements, withRepeatedReads } from './repeated-reads.ts';
import { endWhenSilent, limitSilence } from './silent-server.ts';

/** Where the database is: an operator's URL, or what the embedded server's supervisor handed out. */
export type DatabaseAddress =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'embedded';
      readonly socketDirectory: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
    };

/** What `openDatabase` may be told; everything but the address has a default. */
export interface DatabaseOptions {
  readonly address: DatabaseAddress;
  /** Most connections open at once. Default 10. */
  readonly poolSize?: number;
  /** Shown in `pg_stat_activity`. Default `ringback`. */
  readonly applicationName?: string;
  /** Longest run of one ordinary statement, ms. Default 15 000. Migrations are exempt. */
  readonly statementTimeoutMs?: number;
  /** A server that leaves a statement unanswered for so long is gone, ms. Default: 5 000 more than a statement may run. */
  readonly silenceMs?: number;
  /** Longest wait for a free or new connection, ms. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /** Told of connections that broke; the pool replaces them by itself. */
  readonly onConnectionFault?: (error: Error) => void;
}

/** A statement that PostgreSQL parses once per connection. The name must belong to one text only. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/** Rows and how many rows the statement touched. */
export interface QueryOutcome<Row> {
  readonly rows: readonly Row[];
  readonly rowCount: number;
}

/** What both the database and a transaction can do. */
export interface Queryable<Schema> {
  /** Builds ordinary queries. On a transaction it uses the transaction's connection. */
  readonly kysely: Kysely<Schema>;
  /**
   * Runs one statement: named ones stay prepared on the connection, a plain text is parsed each time.
   * `Row` is the caller's word for the shape; nothing checks it.
   */
  query<Row = Record<string, unknown>>(
    statement: PreparedStatement | string,
    values?: readonly unknown[],
  ): Promise<QueryOutcome<Row>>;
}

/** One transaction; lives until the function that received it settles. */
export interface Transaction<Schema> extends Queryable<Schema> {
  /** From here on its statements may take the time that they take. */
  liftTimeLimits(): Promise<void>;
}

/**
 * An open pool. A plain SELECT outside a transaction is repeated for about two seconds if its connection is lost.
 *
 * Values: `bigint` columns are read as numbers, and a value beyond 2^53 − 1 fails the query with a `RangeError` rather
 * than lose digits. `timestamptz` columns are read as `Date`, which keeps milliseconds and drops microseconds. `numeric`
 * stays text; `json`/`jsonb` are parsed.
 */
export interface Database<Schema> extends Queryable<Schema> {
  /** The PostgreSQL pool itself, for the few that need a connection of their own (migrations, LISTEN). */
  readonly pool: Pool;
  /**
   * Runs `work` in one READ COMMITTED transaction: commits when it returns, rolls back when it throws.
   *
   * @throws {TransactionRolledBack} a statement failed and `work` hid that.
   * @throws what `work` threw, or the error of BEGIN or COMMIT; if the connection is lost during COMMIT, nobody knows
   *   whether the work was stored.
   */
  withTransaction<Result>(work: (transaction: Transaction<Schema>) => Promise<Result>): Promise<Result>;
  /** Waits for borrowed connections and closes all. May be called twice. */
  close(): Promise<void>;
}

/** Oldest major version whose features the SQL may use. */
const OLDEST_POSTGRES_MAJOR = 15;

/**
 * Opens the pool and makes sure that the server behind it can be used.
 *
 * @throws {DatabaseUnusable} unreachable, access refused, older than PostgreSQL 15, not UTF-8, or read-only.
 */
export async function openDatabase<Schema>(options: DatabaseOptions): Promise<Database<Schema>> {
  const pool = new Pool(poolConfig(options));
  pool.on('connect', (client) => endWhenSilent(client, silenceMsOf(options)));
  // A borrowed connection that breaks emits `error` too, and without a listener that would end the process. A pool that
  // ends does not wait for its goodbyes to be read: a server that stops at once after it says so on each connection.
  pool.on('connect', (client) =>
    client.on('error', (error) => {
      if (!pool.ending) options.onConnectionFault?.(error);
    }),
  );
  // The pool repeats the fault of an idle connection; it was told above.
  pool.on('error', () => undefined);
  try {
    await checkServer(pool, options.address);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return pooledDatabase<Schema>(pool);
}

function pooledDatabase<Schema>(pool: Pool): Database<Schema> {
  let closed: Promise<void> | undefined;
  return {
    pool,
    kysely: new Kysely<Schema>({ dialect: new PostgresDialect({ pool: poolOfSingleStatements(pool) }) }),
    query: (statement, values) =>
      withRepeatedReads(typeof statement === 'string' ? statement : statement.text, () =>
        runStatement(pool, statement, values),
      ),
    withTransaction: (work) => runTransaction(pool, work),
    close: () => {
      closed ??= pool.end();
      return closed;
    },
  };
}

async function runTransaction<Schema, Result>(
  pool: Pool,
  work: (transaction: Transaction<Schema>) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let failure: Error | undefined;
  let silenceMs: number | undefined;
  const liftTimeLimits = async (): Promise<void> => {
    silenceMs = limitSilence(client, 0);
    await client.query('SET LOCAL statement_timeout = 0');
  };
  try {
    await client.query('BEGIN');
    const result = await work(transactionOn<Schema>(client, liftTimeLimits));
    const end = await client.query('COMMIT');
    if (end.command === 'ROLLBACK') throw new TransactionRolledBack();
    return result;
  } catch (error) {
    if (!(error instanceof TransactionRolledBack)) failure = await rollBack(client);
    throw error;
  } finally {
    if (silenceMs !== undefined) limitSilence(client, silenceMs);
    // A connection whose state is unknown must not serve anyone else.
    client.release(failure);
  }
}

/** Returns the error when even that failed, so that the connection is thrown away. */
async function rollBack(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function transactionOn<Schema>(client: PoolClient, liftTimeLimits: () => Promise<void>): Transaction<Schema> {
  let kysely: Kysely<Schema> | undefined;
  return {
    // Built on first use, because the hot transactions run named statements only.
    get kysely() {
      kysely ??= new Kysely<Schema>({ dialect: new PostgresDialect({ pool: onlyConnection(client) }) });
      return kysely;
    },
    query: (statement, values) => runStatement(client, statement, values),
    liftTimeLimits,
  };
}

/** Lets kysely believe that it has a pool, while everything runs on the transaction's connection. */
function onlyConnection(client: PoolClient): PostgresPool {
  const borrowed = {
    query: client.query.bind(client),
    release: () => undefined,
  };
  return { connect: async () => borrowed, end: async () => undefined, options: {} };
}

async function runStatement<Row>(
  target: Pool | PoolClient,
  statement: PreparedStatement | string,
  values: readonly unknown[] = [],
): Promise<QueryOutcome<Row>> {
  const { name, text } = typeof statement === 'string' ? { name: undefined, text: statement } : statement;
  const result = await target.query({ name, text, values: values as unknown[] });
  return { rows: result.rows as Row[], rowCount: result.rowCount ?? 0 };
}

function poolConfig(options: DatabaseOptions): PoolConfig {
  return {
    ...addressConfig(options.address),
    max: options.poolSize ?? 10,
    application_name: options.applicationName ?? 'ringback',
    statement_timeout: statementTimeoutMsOf(options),
    // A transaction of ours never waits for anything but the database; a silent one is lost and holds locks.
    idle_in_transaction_session_timeout: 60_000,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    types: { getTypeParser: typeParser },
  };
}

const statementTimeoutMsOf = ({ statementTimeoutMs = 15_000 }: DatabaseOptions): number => statementTimeoutMs;

const silenceMsOf = (options: DatabaseOptions): number =>
  options.silenceMs ?? statementTimeoutMsOf(options) + 5_000;

function addressConfig(address: DatabaseAddress): PoolConfig {
  if (address.kind === 'url') return { connectionString: address.url };
  // `ssl` is said outright, else PGSSLMODE of the operator's shell would ask for TLS on the socket.
  const { socketDirectory, port, user, database } = address;
  return { host: socketDirectory, port, user, database, ssl: false };
}

const INT8_OID: number = 20;
const INT8_ARRAY_OID: number = 1016;
const TIMESTAMPTZ_OID: number = 1184;
const parseTime = types.getTypeParser(TIMESTAMPTZ_OID, 'text') as (value: string) => Date;
const parseInt8Array = types.getTypeParser(INT8_ARRAY_OID, 'text') as (value: string) => Array<string | null>;

/** pg's own parsers, but for 64-bit integers, which pg leaves as text. */
function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (format !== 'binary' && oid === INT8_OID) return safeInteger;
  if (format !== 'binary' && oid === TIMESTAMPTZ_OID) return timeOf;
  if (format !== 'binary' && oid === INT8_ARRAY_OID)
    return (value) => parseInt8Array(value).map(nullableInteger);
  return types.getTypeParser(oid, format === 'binary' ? 'binary' : 'text') as (value: string) => unknown;
}

/** Times of these centuries in UTC are read by their digits; pg's parser, which knows all others, takes five times as long. */
function timeOf(text: string): Date {
  const end = text.length - 3;
  const isPlain =
    text.charCodeAt(0) !== 0x30 &&
    text.charCodeAt(4) === 0x2d &&
    end >= 19 &&
    end <= 26 &&
    end !== 20 &&
    text.endsWith('+00');
  if (!isPlain) return parseTime(text);
  let fraction = 0;
  for (let index = 20; index < 23; index += 1)
    fraction = fraction * 10 + (index < end ? text.charCodeAt(index) - 0x30 : 0);
  return new Date(
    Date.UTC(
      digits(text, 0, 4),
      digits(text, 5, 7) - 1,
      digits(text, 8, 10),
      digits(text, 11, 13),
      digits(text, 14, 16),
      digits(text, 17, 19),
      fraction,
    ),
  );
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index += 1) value = value * 10 + text.charCodeAt(index) - 0x30;
  return value;
}

function nullableInteger(text: string | null): number | null {
  return text === null ? null : safeInteger(text);
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`The database returned ${text}, which is too large for a JavaScript number.`);
  }
  return value;
}

async function checkServer(pool: Pool, address: DatabaseAddress): Promise<void> {
  let server: { version: number; encoding: string; read_only: boolean } | undefined;
  try {
    const result = await pool.query<{ version: number; encoding: string; read_only: boolean }>(
      `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
              current_setting('transaction_read_only')::boolean AS read_only`,
    );
    server = result.rows[0];
  } catch (error) {
    throw new DatabaseUnusable(
      `Cannot use the database at ${describeAddress(address)}: ${reasonOf(error)}. ${remedyFor(address)}`,
      { cause: error },
    );
  }
  if (server === undefined)
    throw new DatabaseUnusable(`The database at ${describeAddress(address)} gave no answer.`);
  const major = Math.floor(server.version / 10_000);
  if (major < OLDEST_POSTGRES_MAJOR) {
    throw new DatabaseUnusable(
      `The database at ${describeAddress(address)} runs PostgreSQL ${major}; Ringback needs ${OLDEST_POSTGRES_MAJOR} or newer.`,
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new DatabaseUnusable(
      `The database at ${describeAddress(address)} stores text as ${server.encoding}; create it with ENCODING 'UTF8'.`,
    );
  }
  if (server.read_only) {
    throw new DatabaseUnusable(
      `The database at ${describeAddress(address)} takes no writes: it is a standby, or was made read-only (default_transaction_read_only). ` +
        'Name the primary, or lift that.',
    );
  }
}

/** Names the place without a user name or password, so that it can be logged. */
function describeAddress(address: DatabaseAddress): string {
  if (address.kind === 'embedded') return address.socketDirectory;
  if (!URL.canParse(address.url)) return 'RINGBACK_DATABASE_URL (not a valid URL)';
  const { host, pathname, searchParams } = new URL(address.url);
  return `${searchParams.get('host') ?? decodeURIComponent(host)}${pathname}`;
}

function remedyFor(address: DatabaseAddress): string {
  return address.kind === 'url'
    ? 'Check RINGBACK_DATABASE_URL and that the server takes connections from here; without it Ringback runs its own database.'
    : 'The log of the embedded server, beside its data, says more.';
}

/** Node reports a host with several addresses as an AggregateError without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
