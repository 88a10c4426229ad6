// Who owns a data directory: the session that holds one advisory lock in its database. The lock lives in the server, so
// it goes away with its holder in whatever way that ends, and needs no clean-up.

import { hostname } from 'node:os';
import { Client, DatabaseError } from 'pg';
import { EmbeddedPostgresFailed, reasonOf, systemErrorCode } from './errors.ts';
import { DATABASE_NAME, DATABASE_USER, SOCKET_PORT } from './settings.ts';

/** The bytes of "ringdata". */
const OWNERSHIP_LOCK_KEY = '8244241983223198817';

/** What a look at the socket found. */
export type SocketAnswer =
  | { readonly kind: 'silent' }
  /** Starting, recovering, or shutting down. */
  | { readonly kind: 'notNow'; readonly reason: string }
  | { readonly kind: 'accepts'; readonly session: OwnershipSession };

/** One connection to the maintenance database; it holds the lock once taken. */
export interface OwnershipSession {
  /** Takes the lock if it is free. */
  tryOwn(): Promise<boolean>;
  /** Who holds the lock, as it described itself; undefined when nobody does. */
  owner(): Promise<string | undefined>;
  /** How long the server has been up, ms. */
  serverAgeMs(): Promise<number>;
  /** Creates our database in a new cluster. */
  ensureDatabase(): Promise<void>;
  /** Calls back once when the connection is lost otherwise than by `close`. */
  onLost(callback: (error: Error | undefined) => void): void;
  close(): Promise<void>;
}

/** cannot_connect_now, admin_shutdown, crash_shutdown, too_many_connections. */
const PASSING_STATES = new Set(['57P03', '57P01', '57P02', '53300']);

/**
 * Tries to connect.
 *
 * @throws {EmbeddedPostgresFailed} a server answers, and refuses for a reason that does not pass.
 */
export async function askSocket(socketDirectory: string): Promise<SocketAnswer> {
  const client = new Client({
    host: socketDirectory,
    port: SOCKET_PORT,
    user: DATABASE_USER,
    database: 'postgres',
    application_name: `ringback process ${process.pid} on ${hostname()}`.slice(0, 63),
    // A server that is stopped or swamped accepts and stays silent; the caller asks again.
    connectionTimeoutMillis: 2_000,
    ssl: false,
  });
  // Without a listener a connection lost before `onLost` is called would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return { kind: 'accepts', session: sessionOn(client) };
  } catch (error) {
    client.end().catch(() => undefined);
    const code = systemErrorCode(error);
    const isFinal = error instanceof DatabaseError ? !PASSING_STATES.has(code ?? '') : code === 'EACCES';
    if (isFinal) {
      throw new EmbeddedPostgresFailed(
        `The database server at ${socketDirectory} refuses us`,
        reasonOf(error),
        {
          cause: error,
        },
      );
    }
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return { kind: 'silent' };
    return { kind: 'notNow', reason: reasonOf(error) };
  }
}

function sessionOn(client: Client): OwnershipSession {
  let isClosing = false;
  return {
    async tryOwn() {
      const { rows } = await client.query<{ taken: boolean }>(
        `SELECT pg_try_advisory_lock(${OWNERSHIP_LOCK_KEY}) AS taken`,
      );
      return rows[0]?.taken === true;
    },
    async owner() {
      const { rows } = await client.query<{ owner: string }>(
        `SELECT application_name AS owner
           FROM pg_locks JOIN pg_stat_activity USING (pid)
          WHERE locktype = 'advisory' AND granted
            AND (classid::bigint << 32 | objid::bigint) = ${OWNERSHIP_LOCK_KEY}`,
      );
      return rows[0]?.owner;
    },
    async serverAgeMs() {
      const { rows } = await client.query<{ age: number }>(
        `SELECT (extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) * 1000)::float8 AS age`,
      );
      return rows[0]?.age ?? 0;
    },
    async ensureDatabase() {
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE_NAME]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE_NAME}`);
    },
    onLost(callback) {
      let failure: Error | undefined;
      client.on('error', (error) => {
        failure ??= error;
      });
      client.once('end', () => {
        if (!isClosing) callback(failure);
      });
    },
    async close() {
      isClosing = true;
      await client.end();
    },
  };
}
