// The table of actions: complete, without repetition, and each entry says what is missing.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { actionSupport } from './action-support.ts';

test('action support › every type is named once and says what is missing, if anything is', () => {
  const types = actionSupport().map(({ type }) => type);
  assert.equal(new Set(types).size, types.length);
  for (const { type, support } of actionSupport()) {
    if (support.level === 'partial') assert.ok(support.missing.length > 0, type);
    if (support.level === 'adapter') assert.ok(support.reason.length > 0, type);
  }
});

const FREQUENCY = new URL('../../../../shared/facts/flow-action-frequency.tsv', import.meta.url);

test('action support › knows every action that real exports use', { skip: !existsSync(FREQUENCY) }, () => {
  const known = new Set(actionSupport().map(({ type }) => type));
  const used = readFileSync(FREQUENCY, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t')[0] ?? '');
  assert.ok(used.length > 40);
  assert.deepEqual(
    used.filter((type) => !known.has(type)),
    [],
  );
});
