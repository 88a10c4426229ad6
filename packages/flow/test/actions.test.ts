// Runs the tables of all actions, and holds the rule that each action has one source file and one table of its own.

import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { allActions } from '../src/actions/all-actions.ts';
import { actionTables } from './action-table.ts';

const TABLES = path.join(import.meta.dirname, 'actions');
const SOURCES = path.join(import.meta.dirname, '..', 'src', 'actions');

const files = globSync('*/*.ts', { cwd: TABLES });
for (const file of files) await import(pathToFileURL(path.join(TABLES, file)).href);

/** `UpdateContactData` → `update-contact-data.ts`. */
function fileOf(type: string): string {
  return `${type.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase()}.ts`;
}

test('actions › every action has one source file and one table, in the same group', () => {
  const expected = allActions().map(({ type }) => fileOf(type));
  assert.deepEqual(files.map((file) => path.basename(file)).sort(), expected.sort());
  for (const file of files)
    assert.ok(existsSync(path.join(SOURCES, file)), `there is no src/actions/${file}`);
});

for (const { type } of allActions()) {
  test(`actions › the table of ${type} shows its way, its effects and its log records`, () => {
    const cases = actionTables.get(type);
    assert.ok(cases !== undefined, `test/actions/…/${fileOf(type)} has no table for ${type}`);
    assert.ok(
      cases.some(({ logs }) => logs !== undefined && logs.length > 0),
      'no case asserts a log record',
    );
    assert.ok(
      cases.some(({ calls, heard, also, note, elapsedMs }) => calls ?? heard ?? also ?? note ?? elapsedMs),
      'no case asserts an effect',
    );
  });
}

test('actions › there is no table of an action that does not exist', () => {
  const types = new Set(allActions().map(({ type }) => type));
  assert.deepEqual(
    [...actionTables.keys()].filter((type) => !types.has(type)),
    [],
  );
});
