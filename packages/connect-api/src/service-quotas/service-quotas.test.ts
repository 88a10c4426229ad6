// The Service Quotas contract against the AWS SDK's runtime schemas, and its protocol at the border.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as sdk from '@aws-sdk/client-service-quotas';
import { compareTypes } from '../../scripts/compare-types.ts';
import { sdkErrors, sdkOperations } from '../../scripts/sdk-schemas.ts';
import * as errors from '../errors.ts';
import { ApiError } from '../errors.ts';
import { wireSchema } from '../wire-schema.ts';
import {
  awsJsonErrorResponse,
  isServiceQuotasTarget,
  readServiceQuotasInput,
  serviceQuotasOperationOf,
} from './aws-json.ts';
import { serviceQuotasOperations, unservedServiceQuotasOperations } from './operations.ts';

const sdkByName = new Map(sdkOperations(sdk).map((operation) => [operation.name, operation]));
const target = (name: string) => `ServiceQuotasV20190624.${name}`;
const bodyOf = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function refusalOf(act: () => unknown): ApiError {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return error;
  }
  throw new Error('nothing was refused');
}

describe('Service Quotas contract', () => {
  for (const [name, { input, output }] of Object.entries(serviceQuotasOperations)) {
    test(`${name} has the SDK's members, types and required flags`, () => {
      const expected = sdkByName.get(name);
      assert.ok(expected);
      assert.deepEqual([...compareTypes(`${name}.input`, wireSchema(input), expected.input)], []);
      assert.deepEqual([...compareTypes(`${name}.output`, wireSchema(output), expected.output)], []);
    });
  }

  test('knows every operation of the service, served or not', () => {
    const known = [...Object.keys(serviceQuotasOperations), ...unservedServiceQuotasOperations];
    assert.deepEqual(known.toSorted(), [...sdkByName.keys()].toSorted());
  });

  test('gives errors the SDK’s statuses', () => {
    const expected = new Map(sdkErrors(sdk).map((error) => [error.name, error.httpStatus]));
    for (const error of [
      errors.illegalArgumentException(''),
      errors.invalidPaginationTokenException(''),
      errors.noSuchResourceException(''),
      errors.resourceAlreadyExistsException(''),
      errors.tooManyRequestsException(''),
      errors.accessDeniedException(''),
    ]) {
      assert.equal(error.httpStatus, expected.get(error.name), error.name);
    }
  });
});

describe('Service Quotas protocol', () => {
  test('names the operation by its target', () => {
    assert.equal(serviceQuotasOperationOf(target('GetServiceQuota'), 'page'), 'GetServiceQuota');
    assert.equal(isServiceQuotasTarget(target('GetServiceQuota')), true);
    assert.equal(isServiceQuotasTarget('DynamoDB_20120810.GetItem'), false);
  });

  test('tells an operation that is not served from one that nobody knows', () => {
    const unserved = refusalOf(() => serviceQuotasOperationOf(target('TagResource'), 'docs/page.md'));
    assert.equal(unserved.name, 'OperationNotImplementedException');
    assert.match(unserved.message, /^TagResource is an operation of Service Quotas .*docs\/page\.md/);
    for (const unknown of [undefined, '', target('Nonsense'), target('toString'), 'GetServiceQuota']) {
      const refused = refusalOf(() => serviceQuotasOperationOf(unknown, 'page'));
      assert.equal(refused.name, 'UnknownOperationException', String(unknown));
    }
  });

  test('drops unknown members and takes null for absent', () => {
    const input = readServiceQuotasInput(
      'GetServiceQuota',
      bodyOf({ ServiceCode: 'connect', QuotaCode: 'L-12AB7C57', ContextId: null, New: 1 }),
    );
    assert.deepEqual(input, { ServiceCode: 'connect', QuotaCode: 'L-12AB7C57' });
  });

  const refused: [what: string, body: unknown, error: string][] = [
    ['a missing member', { ServiceCode: 'connect', QuotaCode: 'L-1' }, 'IllegalArgumentException'],
    [
      'a negative value',
      { ServiceCode: 'connect', QuotaCode: 'L-1', DesiredValue: -1 },
      'IllegalArgumentException',
    ],
    [
      'too large a value',
      { ServiceCode: 'connect', QuotaCode: 'L-1', DesiredValue: 1e11 },
      'IllegalArgumentException',
    ],
    [
      'a code outside its pattern',
      { ServiceCode: 'connect', QuotaCode: '-L', DesiredValue: 1 },
      'IllegalArgumentException',
    ],
    [
      'U+0000',
      { ServiceCode: 'connect', QuotaCode: 'L-1', DesiredValue: 1, ContextId: '\u0000' },
      'IllegalArgumentException',
    ],
    [
      'a value that is a string',
      { ServiceCode: 'connect', QuotaCode: 'L-1', DesiredValue: '5' },
      'SerializationException',
    ],
    ['a body that is no object', '[]', 'SerializationException'],
    ['a body that is no JSON', '{', 'SerializationException'],
  ];
  for (const [what, body, name] of refused) {
    test(`refuses ${what} with ${name}`, () => {
      const error = refusalOf(() => readServiceQuotasInput('RequestServiceQuotaIncrease', bodyOf(body)));
      assert.equal(error.name, name);
    });
  }

  test('writes the error’s name into header and body, and hides an internal cause', () => {
    const known = awsJsonErrorResponse(errors.noSuchResourceException('no such quota'), 'id');
    assert.equal(known.status, 404);
    assert.equal(known.headers['content-type'], 'application/x-amz-json-1.1');
    assert.equal(known.headers['x-amzn-errortype'], 'NoSuchResourceException');
    assert.deepEqual(JSON.parse(known.body), {
      __type: 'NoSuchResourceException',
      Message: 'no such quota',
    });
    const internal = awsJsonErrorResponse(new Error('password'), 'id');
    assert.equal(internal.status, 500);
    assert.equal(internal.headers['x-amzn-errortype'], 'ServiceException');
    assert.doesNotMatch(internal.body, /password/);
  });
});
