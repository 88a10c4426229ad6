// A read whose connection breaks is made again on another one, so that a moment without the database ends no contact and fails
// no request. Sits between kysely and the pool of database.ts; writes and transactions pass through once.

import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type { Pool } from 'pg';
import { isConnectionError } from './database-errors.ts';

/** Pauses before each further try, ms. The pool meets its other broken connections meanwhile. */
const pausesMs = [20, 100, 250, 500, 1000];

/**
 * Runs one autocommitted statement, again after a lost connection if it only reads.
 *
 * @throws what the last try threw.
 */
export async function withRepeatedReads<Result>(text: string, run: () => Promise<Result>): Promise<Result> {
  if (!readsOnly.test(text)) return run();
  for (const pauseMs of pausesMs) {
    try {
      return await run();
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      await delay(pauseMs);
    }
  }
  return run();
}

/** A WITH may write, and is left alone. */
const readsOnly = /^\s*select\b/i;

/**
 * The pool as kysely wants it. Each statement takes a connection of its own; transactions go through
 * `Database.withTransaction`, whose kysely stays on one connection.
 */
export function poolOfSingleStatements(pool: Pool): PostgresPool {
  // Cursors are the other half of kysely's type, and are not used.
  const borrowed = {
    query: (text: string, values: readonly unknown[]) => {
      if (text === 'begin')
        throw new Error('Use withTransaction of the database: this kysely has no connection of its own.');
      return withRepeatedReads(text, () => pool.query(text, [...values]));
    },
    release: () => undefined,
  };
  return {
    connect: async () => borrowed as unknown as PostgresPoolClient,
    end: () => pool.end(),
    options: {},
  };
}
