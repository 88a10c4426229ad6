// Stored input: what ends it and what is kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CollectionInput, type CollectionRules, collect, startCollection } from './digit-collection.ts';
import type { Digit } from './flow-host.ts';

const RULES: CollectionRules = {
  maximumLength: 4,
  terminator: '#',
  cancelKey: 'enabled',
  firstDigitTimeLimitMs: 10_000,
  interdigitTimeLimitMs: 5_000,
};

function after(keys: string, rules: Partial<CollectionRules> = {}): string {
  const all = { ...RULES, ...rules };
  let state = startCollection(all);
  for (const key of keys) {
    const input: CollectionInput = key === '…' ? 'silence' : (key as Digit);
    state = collect(all, state, input);
  }
  if (state.kind === 'collecting') return `typed ${state.typed}, waiting ${state.waitMs}`;
  return state.kind === 'timeout' ? 'timeout' : `collected ${state.digits}`;
}

const CASES: readonly (readonly [
  name: string,
  keys: string,
  rules: Partial<CollectionRules>,
  expected: string,
])[] = [
  ['waits for the first key', '', {}, 'typed , waiting 10000'],
  ['waits for the next key', '1', {}, 'typed 1, waiting 5000'],
  ['silence before any key is a time-out', '…', {}, 'timeout'],
  ['silence after a key ends it', '12…', {}, 'collected 12'],
  ['ends at its length', '1234', {}, 'collected 1234'],
  ['ends at the terminator, which is not stored', '12#', {}, 'collected 12'],
  ['may be empty by the terminator', '#', {}, 'collected '],
  ['* clears what was typed', '12*34…', {}, 'collected 34'],
  ['* clears and the first-key time limit applies again', '12*', {}, 'typed , waiting 10000'],
  ['silence after * is a time-out', '12*…', {}, 'timeout'],
  ['* is a key when the cancel key is disabled', '1*…', { cancelKey: 'disabled' }, 'collected 1*'],
  ['a long terminator ends it', '12##', { terminator: '##' }, 'collected 12'],
  ['half a terminator is a key after all', '1#2…', { terminator: '##' }, 'collected 1#2'],
  [
    'half a terminator does not fill the length',
    '1234',
    { terminator: '3459', maximumLength: 3 },
    'typed 1234, waiting 5000',
  ],
  ['* in the terminator', '12*9', { terminator: '*9', cancelKey: 'disabled' }, 'collected 12'],
  ['keys after the end change nothing', '12345', {}, 'collected 1234'],
];

for (const [name, keys, rules, expected] of CASES) {
  test(`digit collection › ${name}`, () => assert.equal(after(keys, rules), expected));
}
