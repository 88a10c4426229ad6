import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownRows } from './known-rows.ts';

describe('known rows', () => {
  it('answer only for the version that they were learnt with', () => {
    const rows = new KnownRows<string>(10);
    rows.learn('a', '7', 'first');
    assert.equal(rows.at('a', '7'), 'first');
    assert.equal(rows.at('a', '8'), undefined);
    assert.equal(rows.at('b', '7'), undefined);
    rows.learn('a', '8', 'second');
    assert.equal(rows.at('a', '7'), undefined);
    assert.equal(rows.at('a', '8'), 'second');
    rows.forget('a');
    assert.equal(rows.at('a', '8'), undefined);
  });

  it('are no more than were asked for; who was learnt first goes first', () => {
    const rows = new KnownRows<number>(2);
    for (const [index, key] of ['a', 'b', 'c'].entries()) rows.learn(key, '1', index);
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => rows.at(key, '1')),
      [undefined, 1, 2],
    );
  });

  it('are forgotten all at once', () => {
    const rows = new KnownRows<number>(2);
    for (const key of ['a', 'b']) rows.learn(key, '1', 1);
    rows.clear();
    assert.deepEqual([rows.at('a', '1'), rows.at('b', '1')], [undefined, undefined]);
  });
});
