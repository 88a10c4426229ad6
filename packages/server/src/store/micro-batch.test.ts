// Micro-batching against a flush that the test holds open, fails, or breaks.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createMicroBatch, type MicroBatchOptions, type RowOutcome } from './micro-batch.ts';

class DataFault extends Error {}
class ConnectionFault extends Error {}

/** A flush under the test's control: it records each call and answers when told. */
function heldFlush() {
  const calls: Array<{
    readonly rows: readonly string[];
    readonly succeed: () => void;
    readonly fail: (error: Error) => void;
  }> = [];
  const flush = (rows: readonly string[]): Promise<ReadonlyArray<RowOutcome<string>>> =>
    new Promise((resolve, reject) => {
      calls.push({
        rows,
        succeed: () => resolve(rows.map((row) => ({ kind: 'done', result: `${row} stored` }))),
        fail: reject,
      });
    });
  return { calls, flush };
}

function batchOf(
  flush: MicroBatchOptions<string, string>['flush'],
  limits: Pick<MicroBatchOptions<string, string>, 'maxRows' | 'maxQueued' | 'rowsForSecondFlush'> = {},
) {
  return createMicroBatch<string, string>({
    name: 'test',
    flush,
    isDataError: (error) => error instanceof DataFault,
    ...limits,
  });
}

/** Lets everything run that is due without time passing. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function storeAll(rows: readonly string[]): ReadonlyArray<RowOutcome<string>> {
  return rows.map((row) => ({ kind: 'done', result: row }));
}

describe('micro-batch › batches', () => {
  it('flushes rows of one turn together, and what arrives meanwhile as the next batch', async () => {
    const { calls, flush } = heldFlush();
    const batch = batchOf(flush);
    const first = Promise.all([batch.submit('a'), batch.submit('b')]);
    assert.equal(calls.length, 0, 'nothing is flushed within the turn');
    await settled();
    const second = Promise.all([batch.submit('c'), batch.submit('d')]);
    await settled();
    assert.deepEqual(
      calls.map((call) => call.rows),
      [['a', 'b']],
      'one flush at a time',
    );
    calls[0]?.succeed();
    assert.deepEqual(await first, ['a stored', 'b stored']);
    await settled();
    assert.deepEqual(calls[1]?.rows, ['c', 'd']);
    calls[1]?.succeed();
    assert.deepEqual(await second, ['c stored', 'd stored']);
  });

  it('starts anew after being idle', async () => {
    const batch = batchOf(async (rows) => storeAll(rows));
    assert.equal(await batch.submit('a'), 'a');
    assert.equal(await batch.submit('b'), 'b');
  });

  it('never flushes more than maxRows', async () => {
    const sizes: number[] = [];
    const batch = batchOf(
      async (rows) => {
        sizes.push(rows.length);
        return storeAll(rows);
      },
      { maxRows: 3 },
    );
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((row) => batch.submit(row)));
    assert.deepEqual(sizes, [3, 3, 1]);
  });
});

describe('micro-batch › failures', () => {
  it('begins a second flush beside the first for enough rows, and never a third', async () => {
    const { calls, flush } = heldFlush();
    const batch = batchOf(flush, { rowsForSecondFlush: 2 });
    const a = batch.submit('a');
    await settled();
    const b = batch.submit('b');
    await settled();
    assert.equal(calls.length, 1, 'one row is not enough');
    const c = batch.submit('c');
    assert.deepEqual(calls[1]?.rows, ['b', 'c'], 'the second begins at once');
    const more = ['d', 'e', 'f'].map((row) => batch.submit(row));
    await settled();
    assert.equal(calls.length, 2);
    const closed = batch.close();
    calls[1]?.succeed();
    assert.deepEqual(await Promise.all([b, c]), ['b stored', 'c stored'], 'it need not wait for the first');
    await settled();
    assert.deepEqual(calls[2]?.rows, ['d', 'e', 'f']);
    calls[2]?.fail(new ConnectionFault());
    for (const row of more) await assert.rejects(row, { name: 'BatchFailed' });
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    await settled();
    assert.equal(isClosed, false, 'the first is still under way');
    calls[0]?.succeed();
    assert.equal(await a, 'a stored');
    await closed;
  });

  it('gives each row its own outcome', async () => {
    const refused = new Error('no');
    const batch = batchOf(async () => [
      { kind: 'done', result: 'yes' },
      { kind: 'refused', error: refused },
    ]);
    const [a, b] = await Promise.allSettled([batch.submit('a'), batch.submit('b')]);
    assert.deepEqual(a, { status: 'fulfilled', value: 'yes' });
    assert.deepEqual(b, { status: 'rejected', reason: refused });
  });

  it('repeats a batch that failed for its data row by row, and fails only the row at fault', async () => {
    const flushed: Array<readonly string[]> = [];
    const fault = new DataFault('bad value');
    const batch = batchOf(async (rows) => {
      flushed.push(rows);
      if (rows.includes('bad')) throw fault;
      return storeAll(rows);
    });
    const ends = await Promise.allSettled(['a', 'bad', 'c'].map((row) => batch.submit(row)));
    assert.deepEqual(flushed, [['a', 'bad', 'c'], ['a'], ['bad'], ['c']]);
    assert.deepEqual(ends, [
      { status: 'fulfilled', value: 'a' },
      { status: 'rejected', reason: fault },
      { status: 'fulfilled', value: 'c' },
    ]);
  });

  it('gives all rows of a batch the same error when the connection is lost, and goes on with the next batch', async () => {
    const { calls, flush } = heldFlush();
    const batch = batchOf(flush);
    const first = Promise.allSettled([batch.submit('a'), batch.submit('b')]);
    await settled();
    const second = batch.submit('c');
    const cause = new ConnectionFault('gone');
    calls[0]?.fail(cause);
    const [a, b] = await first;
    assert.ok(a?.status === 'rejected' && b?.status === 'rejected');
    assert.equal(a.reason, b.reason);
    assert.equal(a.reason.name, 'BatchFailed');
    assert.equal(a.reason.cause, cause);
    await settled();
    calls[1]?.succeed();
    assert.equal(await second, 'c stored');
  });

  it('gives up the rest when the connection is lost during the repetition', async () => {
    const batch = batchOf(async (rows) => {
      if (rows.length > 1) throw new DataFault('one of them');
      if (rows[0] === 'b') throw new ConnectionFault('gone');
      return storeAll(rows);
    });
    const ends = await Promise.allSettled(['a', 'b', 'c'].map((row) => batch.submit(row)));
    assert.deepEqual(
      ends.map((end) => (end.status === 'fulfilled' ? end.value : end.reason.name)),
      ['a', 'BatchFailed', 'BatchFailed'],
    );
  });

  it('fails the rows when the flush throws at once or returns the wrong number of outcomes', async () => {
    const throwing = batchOf(() => {
      throw new Error('broken');
    });
    await assert.rejects(throwing.submit('a'), { name: 'BatchFailed', message: /broken/ });
    const short = batchOf(async () => []);
    await assert.rejects(short.submit('a'), { name: 'BatchFailed', message: /0 outcomes for 1 rows/ });
  });
});

describe('micro-batch › limits', () => {
  it('refuses rows beyond maxQueued, and takes rows again once the queue moved', async () => {
    const { calls, flush } = heldFlush();
    const batch = batchOf(flush, { maxQueued: 2 });
    const first = batch.submit('a');
    await settled();
    const waiting = [batch.submit('b'), batch.submit('c')];
    assert.equal(batch.queued, 2);
    await assert.rejects(batch.submit('d'), { name: 'BatchOverloaded' });
    calls[0]?.succeed();
    await first;
    await settled();
    waiting.push(batch.submit('e'));
    calls[1]?.succeed();
    await settled();
    calls[2]?.succeed();
    assert.deepEqual(await Promise.all(waiting), ['b stored', 'c stored', 'e stored']);
  });

  it('drains on close, and refuses what comes later', async () => {
    const { calls, flush } = heldFlush();
    const batch = batchOf(flush, { maxRows: 1 });
    const rows = Promise.all([batch.submit('a'), batch.submit('b')]);
    let isClosed = false;
    const closed = batch.close().then(() => {
      isClosed = true;
    });
    await assert.rejects(batch.submit('c'), { name: 'BatchClosed' });
    await settled();
    calls[0]?.succeed();
    await settled();
    assert.equal(isClosed, false);
    calls[1]?.succeed();
    assert.deepEqual(await rows, ['a stored', 'b stored']);
    await closed;
    await batch.close();
  });
});

describe('micro-batch › for any arrivals and faults', () => {
  it('settles every row exactly as if it had been alone, in order, within the limits', async () => {
    const arrivals = fc.array(
      fc.record({
        /** Rows that arrive in one turn of the event loop; `true` is a row that the database refuses. */
        rows: fc.array(fc.boolean(), { maxLength: 12 }),
        flushTurns: fc.nat({ max: 3 }),
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 6 }), async (turns, maxRows) => {
        const stored: number[] = [];
        let inFlight = 0;
        let flushTurns = 0;
        const batch = createMicroBatch<{ id: number; isBad: boolean }, number>({
          name: 'property',
          maxRows,
          isDataError: (error) => error instanceof DataFault,
          flush: async (rows) => {
            inFlight += 1;
            assert.equal(inFlight, 1);
            assert.ok(rows.length >= 1 && rows.length <= maxRows);
            for (let turn = 0; turn < flushTurns; turn += 1) await settled();
            inFlight -= 1;
            if (rows.some((row) => row.isBad)) throw new DataFault('bad');
            stored.push(...rows.map((row) => row.id));
            return rows.map((row) => ({ kind: 'done', result: row.id }));
          },
        });
        const expected: Array<number | 'refused'> = [];
        const actual: Array<Promise<number | 'refused'>> = [];
        for (const turn of turns) {
          flushTurns = turn.flushTurns;
          for (const isBad of turn.rows) {
            const id = expected.length;
            expected.push(isBad ? 'refused' : id);
            actual.push(
              batch.submit({ id, isBad }).catch((error: unknown) => {
                assert.ok(error instanceof DataFault);
                return 'refused' as const;
              }),
            );
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        await batch.close();
        assert.deepEqual(await Promise.all(actual), expected);
        assert.deepEqual(
          stored,
          expected.filter((id) => id !== 'refused'),
        );
      }),
      { numRuns: 150 },
    );
  });
});
