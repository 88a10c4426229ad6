/** When a connection that says nothing is asked for a word, and when it is given up. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SignsOfLife } from './signs-of-life.ts';

describe('signs of life', () => {
  it('asks after ten seconds of quiet, and gives up where nothing comes back', () => {
    const life = new SignsOfLife(0);
    assert.equal(life.look(9_999), 'well');
    assert.equal(life.look(10_000), 'ask');
    assert.equal(life.look(13_999), 'well');
    assert.equal(life.look(14_000), 'gone');
  });

  it('is well again with any word', () => {
    const life = new SignsOfLife(0);
    assert.equal(life.look(10_000), 'ask');
    life.heard(10_500);
    assert.equal(life.look(15_000), 'well');
    assert.equal(life.look(20_500), 'ask');
  });

  it('asks before it gives up, however long nobody looked', () => {
    const life = new SignsOfLife(0);
    assert.equal(life.look(3_600_000), 'ask');
    assert.equal(life.look(3_605_000), 'gone');
  });
});
