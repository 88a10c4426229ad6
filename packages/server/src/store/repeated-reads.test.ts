// Which statements are made again when their connection is lost, and which never are.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withRepeatedReads } from './repeated-reads.ts';

const lost = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

/** Runs a statement that fails with these errors before it succeeds; how often it was tried, and what became of it. */
async function tries(text: string, errors: Error[]): Promise<{ count: number; outcome: unknown }> {
  let count = 0;
  const outcome = await withRepeatedReads(text, async () => {
    count += 1;
    const error = errors.shift();
    if (error) throw error;
    return 'rows';
  }).catch((error: unknown) => error);
  return { count, outcome };
}

describe('repeated reads', () => {
  it('make a SELECT again whose connection was lost', async () => {
    for (const text of ['SELECT 1', '\n  select id from contact']) {
      assert.deepEqual(await tries(text, [lost()]), { count: 2, outcome: 'rows' });
    }
  });

  it('make nothing again that may write', async () => {
    for (const text of [
      'INSERT INTO a SELECT 1',
      'WITH a AS (DELETE FROM b RETURNING *) SELECT 1',
      'UPDATE a SET b = 1',
    ]) {
      const error = lost();
      assert.deepEqual(await tries(text, [error]), { count: 1, outcome: error }, text);
    }
  });

  it('make nothing again that the database refused', async () => {
    const error = Object.assign(new Error('column "x" does not exist'), { code: '42703' });
    assert.deepEqual(await tries('SELECT x', [error]), { count: 1, outcome: error });
  });
});
