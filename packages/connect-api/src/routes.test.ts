import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from './errors.ts';
import { operations } from './operations.ts';
import { isOperationName, listOperations, matchRoute } from './routes.ts';

describe('matchRoute', () => {
  test('finds an operation without labels', () => {
    assert.deepEqual(matchRoute('PUT', '/contact/outbound-voice'), {
      operation: 'StartOutboundVoiceContact',
      pathParameters: {},
    });
  });

  test('decodes labels after routing, so that an ARN with %2F is one label', () => {
    assert.deepEqual(
      matchRoute('GET', '/tags/arn%3Aaws%3Aconnect%3Aus-east-1%3A0%3Ainstance%2Fi%2Fqueue%2Fq'),
      {
        operation: 'ListTagsForResource',
        pathParameters: { resourceArn: 'arn:aws:connect:us-east-1:0:instance/i/queue/q' },
      },
    );
    assert.deepEqual(matchRoute('POST', '/contact-flows/i/f%3A%24SAVED/content')?.pathParameters, {
      InstanceId: 'i',
      ContactFlowId: 'f:$SAVED',
    });
  });

  test('takes a plus sign in a path literally', () => {
    assert.equal(matchRoute('GET', '/phone-number/+1206')?.pathParameters.PhoneNumberId, '+1206');
  });

  test('prefers a literal segment to a label', () => {
    assert.equal(matchRoute('POST', '/contact/tags')?.operation, 'TagContact');
    assert.equal(matchRoute('GET', '/contact/attributes/i/c')?.operation, 'GetContactAttributes');
    assert.equal(matchRoute('GET', '/quick-connects/i')?.operation, 'ListQuickConnects');
    assert.equal(matchRoute('GET', '/quick-connects/i/q')?.operation, 'DescribeQuickConnect');
  });

  test('comes back from a literal segment that leads nowhere', () => {
    // `storage-config` and `attribute` are literals below an instance; here they are instance ids.
    assert.equal(matchRoute('GET', '/instance/attribute')?.operation, 'DescribeInstance');
    assert.equal(matchRoute('GET', '/instance/attribute/attributes')?.operation, 'ListInstanceAttributes');
  });

  test('tells methods on the same path apart', () => {
    const operationsOf = ['GET', 'PUT', 'DELETE', 'POST'].map(
      (method) => matchRoute(method, '/instance/i')?.operation,
    );
    assert.deepEqual(operationsOf, ['DescribeInstance', undefined, 'DeleteInstance', undefined]);
  });

  test('knows operations that have no contract here', () => {
    const match = matchRoute('POST', '/evaluation-forms/i/f/activate');
    assert.equal(match?.operation, 'ActivateEvaluationForm');
    assert.equal(isOperationName('ActivateEvaluationForm'), false);
    assert.equal(isOperationName('StartOutboundVoiceContact'), true);
    assert.equal(isOperationName('constructor'), false);
  });

  test('knows nothing of other paths and methods', () => {
    const lines: [string, string][] = [
      ['PUT', '/contact/outbound-voice/'],
      ['PUT', '/contact//outbound-voice'],
      ['put', '/contact/outbound-voice'],
      ['PATCH', '/contact/outbound-voice'],
      ['GET', '/queues//q'],
      ['GET', '/tags/a/b'],
      ['GET', ''],
      ['GET', '/'],
      ['GET', 'tags/a'],
      ['__proto__', '/'],
    ];
    for (const [method, path] of lines)
      assert.equal(matchRoute(method, path), undefined, `${method} ${path}`);
  });

  test('refuses a label that is not percent-encoded UTF-8', () => {
    for (const path of ['/tags/%', '/tags/%zz', '/tags/%ff', '/tags/%c0%80', '/tags/%ed%a0%80']) {
      assert.throws(
        () => matchRoute('GET', path),
        (error) => error instanceof ApiError && error.name === 'SerializationException',
        path,
      );
    }
  });

  test('gives back every label value that was encoded into a path', () => {
    const cases = Object.values(operations).filter(({ path }) => path.includes('{'));
    const arbitrary = fc.record({
      operation: fc.constantFrom(...cases),
      values: fc.array(fc.string({ minLength: 1, unit: 'binary' }), { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ operation, values }) => {
        const expected: Record<string, string> = {};
        let index = 0;
        const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, label: string) => {
          const value = values[index++] ?? 'x';
          expected[label] = value;
          return encodeURIComponent(value);
        });
        const match = matchRoute(operation.method, path);
        // A value that equals a literal segment may stand for another operation.
        if (match?.operation === operation.name) assert.deepEqual(match.pathParameters, expected);
        else assert.ok(values.some((value) => /^[a-z-]+$/.test(value)));
      }),
    );
  });
});

describe('listOperations', () => {
  test('names group, access and contract of every operation', () => {
    const listings = new Map(listOperations().map((listing) => [listing.name, listing]));
    assert.deepEqual(listings.get('StartOutboundVoiceContact'), {
      name: 'StartOutboundVoiceContact',
      group: 'contacts',
      access: 'write',
      hasContract: true,
    });
    assert.deepEqual(listings.get('SearchQueues'), {
      name: 'SearchQueues',
      group: 'queues',
      access: 'read',
      hasContract: true,
    });
    assert.equal(listings.get('ActivateEvaluationForm')?.hasContract, false);
    const withContract = [...listings.values()].filter(({ hasContract }) => hasContract);
    assert.equal(withContract.length, Object.keys(operations).length);
  });
});
