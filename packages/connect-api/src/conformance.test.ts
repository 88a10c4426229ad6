// Compares every definition with the runtime schemas of the pinned AWS SDK for JavaScript, an independent rendering
// of the same service model. The two agree in full today; a difference that a newer SDK brings must be settled by
// generating from a newer model, or by an exception here with its reason.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as sdk from '@aws-sdk/client-connect';
import Type from 'typebox';
import { compareTypes } from '../scripts/compare-types.ts';
import { type SdkStructure, sdkErrors, sdkOperations } from '../scripts/sdk-schemas.ts';
import { ApiError } from './errors.ts';
import { modelledErrors } from './modelled-errors.ts';
import { type OperationDefinition, pathLabels } from './operation.ts';
import { operations } from './operations.ts';
import { listOperations, matchRoute } from './routes.ts';
import { wireSchema } from './wire-schema.ts';

const sdkByName = new Map(sdkOperations(sdk).map((operation) => [operation.name, operation]));
const definitions: readonly OperationDefinition[] = Object.values(operations);

describe('conformance to the AWS SDK', () => {
  test('covers every operation of the generated contract', () => {
    assert.ok(definitions.length >= 150);
    assert.deepEqual(
      definitions.filter(({ name }) => !sdkByName.has(name)).map(({ name }) => name),
      [],
    );
  });

  for (const definition of definitions) {
    test(`${definition.name} has the SDK's route, members, required flags and locations`, () => {
      const expected = sdkByName.get(definition.name);
      assert.ok(expected);
      assert.deepEqual([...compareOperation(definition, expected)], []);
    });
  }

  test('notices a changed route, member, type, required flag and location', () => {
    const expected = sdkByName.get('ListQueues');
    assert.ok(expected);
    const { ListQueues } = operations;
    const changed: OperationDefinition = {
      ...ListQueues,
      path: '/queue-summary/{InstanceId}',
      query: { ...ListQueues.query, NextToken: 'NextToken' },
      input: Type.Object({
        InstanceId: Type.Optional(Type.Integer()),
        NextToken: Type.String(),
        New: Type.String(),
      }),
      output: undefined,
    };
    assert.deepEqual(
      [...compareOperation(changed, expected)],
      [
        'ListQueues: route GET /queue-summary/{InstanceId} 200, SDK GET /queues-summary/{InstanceId} 200',
        'ListQueues.NextToken: wire name NextToken, SDK nextToken',
        'ListQueues.input.New: not in the SDK',
        'ListQueues.input.InstanceId: required false, SDK true',
        'ListQueues.input.InstanceId: number, SDK string',
        'ListQueues.input.QueueTypes: only in the SDK',
        'ListQueues.input.NextToken: required true, SDK false',
        'ListQueues.input.MaxResults: only in the SDK',
        'ListQueues: output or none',
      ],
    );
  });

  test('knows the route of every operation of the service', () => {
    assert.deepEqual(
      listOperations().map(({ name }) => name),
      [...sdkByName.keys()].toSorted(),
    );
    for (const { name, method, path } of sdkByName.values()) {
      assert.equal(matchRoute(method, path.replaceAll(/\{\w+\}/g, 'x'))?.operation, name);
    }
  });

  test('gives every modelled error the SDK’s status and members', () => {
    const expected = new Map(sdkErrors(sdk).map((error) => [error.name, error]));
    for (const [name, { httpStatus, members }] of Object.entries(modelledErrors)) {
      assert.equal(httpStatus, expected.get(name)?.httpStatus, name);
      assert.deepEqual([...members].toSorted(), expected.get(name)?.members.toSorted(), name);
    }
  });

  test('gives TooManyRequestsException, which the model knows on other operations, the SDK’s status', () => {
    const expected = sdkErrors(sdk).find(({ name }) => name === 'TooManyRequestsException');
    assert.equal(new ApiError('TooManyRequestsException', '').httpStatus, expected?.httpStatus);
  });
});

function* compareOperation(
  definition: OperationDefinition,
  expected: ReturnType<typeof sdkOperations>[number],
): Generator<string> {
  const { name } = definition;
  const route = `${definition.method} ${definition.path} 200`;
  const expectedRoute = `${expected.method} ${expected.path} ${expected.successStatus}`;
  if (route !== expectedRoute) yield `${name}: route ${route}, SDK ${expectedRoute}`;
  if (expected.input.kind !== 'structure') {
    yield `${name}: the SDK has no input structure`;
    return;
  }
  yield* compareLocations(definition, expected.input.structure);
  yield* compareTypes(`${name}.input`, wireSchema(definition.input), expected.input);
  if (definition.output === undefined || expected.output.kind === 'unit') {
    if ((definition.output === undefined) !== (expected.output.kind === 'unit'))
      yield `${name}: output or none`;
    return;
  }
  yield* compareTypes(`${name}.output`, wireSchema(definition.output), expected.output);
}

function* compareLocations(definition: OperationDefinition, expected: SdkStructure): Generator<string> {
  const labels = new Set(pathLabels(definition.path));
  for (const member of expected.members) {
    const where = `${definition.name}.${member.name}`;
    const wireName = definition.query?.[member.name];
    const location = labels.has(member.name) ? 'path' : wireName === undefined ? 'body' : 'query';
    if (location !== member.location) yield `${where}: in the ${location}, SDK in the ${member.location}`;
    if (wireName !== member.wireName) yield `${where}: wire name ${wireName}, SDK ${member.wireName}`;
    const isToken = definition.idempotencyToken === member.name;
    if (isToken !== member.idempotencyToken) yield `${where}: idempotency token ${isToken}`;
  }
}
