// What can go wrong between us and PostgreSQL, sorted by what the caller should do about it.
// Sits beside database.ts; aggregates and the micro-batcher ask these questions instead of reading messages.

import { DatabaseError } from 'pg';

/** The database cannot be used at all: unreachable, refused, too old, or wrongly encoded. Start-up stops on it. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable';
}

/**
 * A transaction's work returned normally, but PostgreSQL rolled it back, because a statement in it had failed and its
 * error was caught. Nothing was stored.
 */
export class TransactionRolledBack extends Error {
  override readonly name = 'TransactionRolledBack';

  constructor() {
    super(
      'The transaction was rolled back because one of its statements had failed and the error was not passed on. ' +
        'Let errors of statements leave the transaction, or use a savepoint.',
    );
  }
}

/**
 * What kind of failure an error from a query is.
 *
 * - `data`: the values are at fault (SQLSTATE classes 22 and 23); the same values fail again.
 * - `connection`: the server went away or never answered; the statement may or may not have taken effect if it was a
 *   commit. Retry later.
 * - `conflict`: another transaction was in the way (serialisation failure, deadlock); the whole transaction may be
 *   run again at once.
 * - `other`: ours (a wrong statement, a missing table, a timeout) or not from the database at all.
 */
export type DatabaseFailure = 'data' | 'connection' | 'conflict' | 'other';

/** Sorts an error thrown by a query or a transaction. */
export function classifyDatabaseError(error: unknown): DatabaseFailure {
  if (error instanceof DatabaseError) return classifySqlState(error.code ?? '');
  if (!(error instanceof Error)) return 'other';
  if ('code' in error && typeof error.code === 'string' && socketErrorCodes.has(error.code))
    return 'connection';
  // pg reports a lost connection as a plain Error without a code; its texts are the only thing to go by.
  return pgConnectionMessages.has(error.message) ? 'connection' : 'other';
}

/** True when the values of the statement are at fault, so that running it again with the same values is pointless. */
export function isDataError(error: unknown): boolean {
  return classifyDatabaseError(error) === 'data';
}

/** True when the connection failed, so that the same work may succeed once the database is back. */
export function isConnectionError(error: unknown): boolean {
  return classifyDatabaseError(error) === 'connection';
}

/** True for a unique violation (SQLSTATE 23505), of the named constraint or index if one is given. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '23505' &&
    (constraint === undefined || error.constraint === constraint)
  );
}

/** True when a statement ran into its time limit (SQLSTATE 57014), or was cancelled by an operator. */
export function isCancelled(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '57014';
}

/** The constraint of a foreign key violation (SQLSTATE 23503); undefined for any other error. */
export function violatedForeignKey(error: unknown): string | undefined {
  return error instanceof DatabaseError && error.code === '23503' ? error.constraint : undefined;
}

/** Source: PostgreSQL documentation, appendix A "Error Codes". */
function classifySqlState(code: string): DatabaseFailure {
  const sqlStateClass = code.slice(0, 2);
  if (sqlStateClass === '22' || sqlStateClass === '23') return 'data';
  if (sqlStateClass === '08' || shutdownCodes.has(code) || code === '53300') return 'connection';
  if (code === '40001' || code === '40P01') return 'conflict';
  return 'other';
}

/** admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout. */
const shutdownCodes = new Set(['57P01', '57P02', '57P03', '57P05']);

const socketErrorCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

const pgConnectionMessages = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout expired',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
]);
