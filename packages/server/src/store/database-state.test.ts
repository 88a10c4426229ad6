import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { openTestDatabase } from '../test-support/test-database.ts';
import { databaseState } from './database-state.ts';

describe('state of the database', () => {
  it('tells one that takes writes from one that only answers', async () => {
    const server = await openTestDatabase();
    const clock = new VirtualClock();
    assert.equal(await databaseState(server.database, clock), 'ok');
    await server.database.withTransaction(async (transaction) => {
      await transaction.query('SET TRANSACTION READ ONLY');
      assert.equal(await databaseState(transaction, clock), 'read-only');
    });
    await server.close();
  });

  it('is unavailable where a query fails, and where it is not answered soon', async () => {
    const clock = new VirtualClock();
    const failing = { query: () => Promise.reject(new Error('ECONNREFUSED')) };
    assert.equal(await databaseState(failing, clock), 'unavailable');
    const silent = databaseState({ query: () => new Promise<never>(() => undefined) }, clock);
    await clock.advance(3_000);
    assert.equal(await silent, 'unavailable');
  });
});
