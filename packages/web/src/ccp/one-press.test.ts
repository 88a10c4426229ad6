/** What is one press and what are two. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isSamePress } from './one-press.ts';

const presses = [
  ['a click', { type: 'click', detail: 1 }, false],
  ['the second half of a double click', { type: 'click', detail: 2 }, true],
  ['the third click in a row', { type: 'click', detail: 3 }, true],
  ['a click that a key makes', { type: 'click', detail: 0 }, false],
  ['Enter', { type: 'keydown', detail: 0, key: 'Enter', repeat: false }, false],
  ['Enter held down', { type: 'keydown', detail: 0, key: 'Enter', repeat: true }, true],
  ['Tab held down', { type: 'keydown', detail: 0, key: 'Tab', repeat: true }, false],
] as const;

for (const [what, press, expected] of presses) {
  it(`one press › ${what} ${expected ? 'belongs to the one before' : 'stands alone'}`, () =>
    assert.equal(isSamePress(press), expected));
}
