// For every limit of every input member of every operation: a value just outside is refused with the modelled error,
// a value just inside is accepted.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from './errors.ts';
import { errorNameFor, limitCases, requestParts } from './member-limits.fixture.ts';
import type { OperationDefinition } from './operation.ts';
import { operations } from './operations.ts';
import { readInput } from './read-input.ts';
import { isOperationName } from './routes.ts';

describe('input limits', () => {
  for (const definition of Object.values(operations) as readonly OperationDefinition[]) {
    test(`${definition.name} refuses just outside and accepts just inside every limit`, () => {
      const cases = [...limitCases(definition)];
      assert.ok(cases.some(({ refusal }) => refusal === undefined));
      for (const { label, input, refusal } of cases) {
        const outcome = attempt(definition, input);
        const expected = refusal === undefined ? 'accepted' : errorNameFor(definition, refusal);
        assert.equal(outcome.name, expected, `${label}: ${outcome.message}`);
      }
    });
  }

  test('covers thousands of limits', () => {
    let count = 0;
    for (const definition of Object.values(operations)) for (const _ of limitCases(definition)) count += 1;
    assert.ok(count > 3000, `${count} cases`);
  });
});

function attempt(definition: OperationDefinition, input: Readonly<Record<string, unknown>>) {
  const { pathParameters, query, body } = requestParts(definition, input);
  assert.ok(isOperationName(definition.name));
  try {
    readInput(definition.name, {
      pathParameters,
      query,
      body: Buffer.from(body),
      contentType: 'application/json',
    });
    return { name: 'accepted', message: '' };
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return { name: error.name, message: error.message };
  }
}
