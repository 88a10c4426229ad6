import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from './directory.ts';

test('directory › finds what is in it, in order; a key has one value', () => {
  const directory = new Directory<number>();
  directory.set('a', 1);
  directory.set('b', 2);
  directory.set('c', 3);
  directory.set('a', 4);
  directory.delete('b');
  directory.delete('b');
  assert.deepEqual(directory.values(), [3, 4]);
  assert.equal(directory.size, 2);
  assert.equal(directory.get('a'), 4);
  assert.equal(directory.get('b'), undefined);
});
