// The routing store against a real PostgreSQL: what two nodes do to the same rows at once. Its rules are tested with routing.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type NodeId, newId } from '../ids.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { openRoutingStore } from './routing-store.ts';

let server: TestDatabase;

before(async () => {
  server = await openTestDatabase();
});

after(() => server.close());

describe('routing store › news of a node whose lease ran out', () => {
  it('is removed without waiting for that node, which may be there after all and take it', async () => {
    const { database } = server;
    const store = openRoutingStore(database);
    const stalled = newId<NodeId>();
    await database.query(
      'INSERT INTO routing_news (node, payload) SELECT $1, to_jsonb(n) FROM generate_series(1, 3) n',
      [stalled],
    );
    await database.withTransaction(async (transaction) => {
      await transaction.query("DELETE FROM routing_news WHERE node = $1 AND payload = '2'", [stalled]);
      await store.removeStaleNews();
      const { rows } = await database.query<{ payload: number }>('SELECT payload FROM routing_news');
      assert.deepEqual(rows, [{ payload: 2 }], 'until the other commits');
    });
    assert.deepEqual(await store.takeNews(stalled), []);
  });
});
