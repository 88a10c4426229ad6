import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from './errors.ts';
import { operations } from './operations.ts';
import { type RawRequest, readInput } from './read-input.ts';
import type { OperationName } from './routes.ts';

const LEAST = { DestinationPhoneNumber: '+12065550100', ContactFlowId: 'f', InstanceId: 'i' };

function request(body: unknown, rest: Partial<RawRequest> = {}): RawRequest {
  const bytes =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    pathParameters: {},
    query: new URLSearchParams(),
    body: bytes,
    contentType: 'application/json',
    ...rest,
  };
}

const start = (body: unknown) => readInput('StartOutboundVoiceContact', request(body));

function refusal(call: () => unknown): ApiError {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  assert.fail('the request was accepted');
}

describe('readInput › body', () => {
  test('returns the known members', () => {
    const input = start({ ...LEAST, Attributes: { orderId: 'A-17' }, RingTimeoutInSeconds: 30 });
    assert.equal(input.DestinationPhoneNumber, '+12065550100');
    assert.equal(input.RingTimeoutInSeconds, 30);
    assert.deepEqual(Object.entries(input.Attributes ?? {}), [['orderId', 'A-17']]);
  });

  test('drops unknown members at every depth', () => {
    const input = start({
      ...LEAST,
      FutureMember: { deep: [1] },
      References: { r: { Type: 'URL', Value: 'v', New: 1 } },
    });
    assert.deepEqual(Object.keys(input), [
      'References',
      'DestinationPhoneNumber',
      'ContactFlowId',
      'InstanceId',
    ]);
    assert.deepEqual(input.References?.r, { Type: 'URL', Value: 'v' });
  });

  test('counts null members as absent', () => {
    const input = start({ ...LEAST, QueueId: null, OutboundStrategy: { Type: 'AGENT_FIRST', Config: null } });
    assert.equal('QueueId' in input, false);
    assert.deepEqual(input.OutboundStrategy, { Type: 'AGENT_FIRST' });
    const error = refusal(() => start({ ...LEAST, InstanceId: null }));
    assert.equal(error.name, 'InvalidRequestException');
  });

  test('keeps keys such as __proto__ and constructor as plain keys', () => {
    const input = start(
      `{"Attributes":{"__proto__":"a","constructor":"b"},${JSON.stringify(LEAST).slice(1)}`,
    );
    assert.deepEqual(Object.entries(input.Attributes ?? {}), [
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    const empty = start({ ...LEAST, Attributes: {} });
    assert.equal(empty.Attributes?.toString, undefined);
    assert.equal(({} as Record<string, unknown>).a, undefined);
  });

  test('ignores a __proto__ member of the body itself', () => {
    const input = start(`{"__proto__":{"QueueId":"q"},${JSON.stringify(LEAST).slice(1)}`);
    assert.equal(input.QueueId, undefined);
  });

  test('takes an empty body as no members', () => {
    const input = readInput('ListPhoneNumbersV2', request('', { contentType: undefined }));
    assert.deepEqual(input, {});
    const error = refusal(() => start(''));
    assert.equal(error.name, 'InvalidRequestException');
    assert.match(error.message, /^3 validation errors detected: /);
  });

  test('refuses what is not a JSON object, without repeating it', () => {
    for (const body of [
      'secret',
      '{"a":secret}',
      '[]',
      '"text"',
      '7',
      'null',
      '{',
      '{"a":1}x',
      '\u0000',
      '{"a":NaN}',
    ]) {
      const error = refusal(() => start(body));
      assert.equal(error.name, 'SerializationException', body);
      assert.equal(error.httpStatus, 400);
      assert.doesNotMatch(error.message, /secret/);
    }
  });

  test('refuses invalid UTF-8', () => {
    const bodies = [
      Buffer.from([0x7b, 0x22, 0xff, 0x22]),
      Buffer.from([0xc3, 0x28]),
      Buffer.from([0xed, 0xa0, 0x80]),
    ];
    for (const body of bodies) assert.match(refusal(() => start(body)).message, /UTF-8/);
  });

  test('refuses nesting deeper than 64 levels and reads 64', () => {
    const nested = (depth: number) =>
      `{"Unknown":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)},${JSON.stringify(LEAST).slice(1)}`;
    assert.ok(start(nested(64)));
    assert.match(refusal(() => start(nested(65))).message, /deeper than 64/);
    assert.match(refusal(() => start('['.repeat(1_000_000))).message, /deeper than 64/);
    assert.ok(start({ ...LEAST, Name: '[{'.repeat(100) }), 'brackets inside strings do not nest');
    assert.ok(start({ ...LEAST, Name: `\\"${'['.repeat(100)}` }), 'an escaped quote does not end a string');
  });

  test('refuses another content type and accepts JSON with parameters', () => {
    const withType = (contentType: string | undefined) => () =>
      readInput('StartOutboundVoiceContact', request(LEAST, { contentType }));
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '']) {
      const error = refusal(withType(type));
      assert.equal(error.name, 'UnsupportedMediaTypeException', type);
      assert.equal(error.httpStatus, 415);
    }
    for (const type of [
      'application/json; charset=utf-8',
      'Application/JSON',
      'application/x-amz-json-1.1',
      undefined,
    ]) {
      assert.ok(withType(type)());
    }
  });

  test('ignores the body of an operation that has no body members', () => {
    const input = readInput(
      'DescribeQueue',
      request('not json', { pathParameters: { InstanceId: 'i', QueueId: 'q' }, contentType: 'text/plain' }),
    );
    assert.deepEqual(input, { InstanceId: 'i', QueueId: 'q' });
  });
});

describe('readInput › path and query', () => {
  const list = (query: string) =>
    readInput(
      'ListQueues',
      request('', { pathParameters: { InstanceId: 'i' }, query: new URLSearchParams(query) }),
    );

  test('reads lower-camel query names, repeated keys and numbers', () => {
    assert.deepEqual(list('queueTypes=STANDARD&queueTypes=AGENT&maxResults=5&nextToken=a%20b&unknown=1'), {
      InstanceId: 'i',
      QueueTypes: ['STANDARD', 'AGENT'],
      MaxResults: 5,
      NextToken: 'a b',
    });
    assert.deepEqual(list('NextToken=wrong-case'), { InstanceId: 'i' });
  });

  test('refuses a number that is none, and a single value given twice', () => {
    for (const query of [
      'maxResults=',
      'maxResults=5.5',
      'maxResults=ten',
      'maxResults=1e2',
      'maxResults=5&maxResults=6',
    ]) {
      assert.equal(refusal(() => list(query)).name, 'SerializationException', query);
    }
    assert.equal(refusal(() => list('maxResults=0')).name, 'InvalidParameterException');
    assert.equal(refusal(() => list('maxResults=9999999999999999999')).name, 'InvalidParameterException');
  });

  test('takes path members from the path only', () => {
    const input = readInput(
      'UpdateQueueStatus',
      request(
        { InstanceId: 'other', Status: 'ENABLED' },
        { pathParameters: { InstanceId: 'i', QueueId: 'q' } },
      ),
    );
    assert.deepEqual(input, { Status: 'ENABLED', InstanceId: 'i', QueueId: 'q' });
  });

  test('refuses U+0000 in path and query', () => {
    assert.equal(refusal(() => list('nextToken=a%00b')).name, 'InvalidParameterException');
    const path = { pathParameters: { InstanceId: 'i', QueueId: 'a\u0000' } };
    assert.equal(
      refusal(() => readInput('DescribeQueue', request('', path))).name,
      'InvalidParameterException',
    );
  });
});

describe('readInput › refusals', () => {
  test('names member and rule of a value outside its limits', () => {
    const error = refusal(() => start({ ...LEAST, RingTimeoutInSeconds: 61 }));
    assert.equal(error.name, 'InvalidParameterException');
    assert.equal(
      error.message,
      "1 validation error detected: Value '61' at 'ringTimeoutInSeconds' failed to satisfy constraint: " +
        'Member must have value less than or equal to 60',
    );
  });

  test('lists every problem with its path', () => {
    const error = refusal(() =>
      start({
        ...LEAST,
        DestinationPhoneNumber: '0123',
        TrafficType: 'BULK',
        References: { site: { Type: 'LINK' } },
        OutboundStrategy: {
          Type: 'AGENT_FIRST',
          Config: { AgentFirst: { Preview: { AllowedUserActions: ['CALL', 'SKIP'] } } },
        },
      }),
    );
    // A missing member outweighs values outside their limits.
    assert.equal(error.name, 'InvalidRequestException');
    assert.match(error.message, /^5 validation errors detected: /);
    assert.match(error.message, /Value 'LINK' at 'references\['site'\]\.type'/);
    assert.match(
      error.message,
      /Value '0123' at 'destinationPhoneNumber' .* pattern \^\\\+\[1-9\]\\d\{1,14\}\$/,
    );
    assert.match(error.message, /Value 'BULK' at 'trafficType' .* Member must be one of: GENERAL, CAMPAIGN/);
    assert.match(
      error.message,
      /'outboundStrategy\.config\.agentFirst\.preview\.postAcceptTimeoutConfig' .* must not be null/,
    );
    assert.match(error.message, /'SKIP' at '.*allowedUserActions\[1\]'/);
  });

  test('answers a value of the wrong type as one that cannot be read', () => {
    const error = refusal(() => start({ ...LEAST, RingTimeoutInSeconds: '30', Name: 'x'.repeat(2000) }));
    assert.equal(error.name, 'SerializationException');
    assert.match(error.message, /'ringTimeoutInSeconds' must be a whole number, and is a string/);
    for (const value of [30.5, true, [], {}, '30']) {
      assert.equal(
        refusal(() => start({ ...LEAST, RingTimeoutInSeconds: value })).name,
        'SerializationException',
      );
    }
    assert.equal(
      refusal(() => start(`{"RingTimeoutInSeconds":1e400,${JSON.stringify(LEAST).slice(1)}`)).name,
      'SerializationException',
    );
    assert.equal(refusal(() => start({ ...LEAST, Attributes: { k: null } })).name, 'SerializationException');
    assert.equal(refusal(() => start({ ...LEAST, Attributes: [] })).name, 'SerializationException');
  });

  test('uses the one error that an operation models', () => {
    // Phone number operations model no InvalidRequestException, StopContactRecording no InvalidParameterException.
    assert.equal(refusal(() => readInput('ClaimPhoneNumber', request({}))).name, 'InvalidParameterException');
    const stop = request({ InstanceId: '', ContactId: 'c', InitialContactId: 'c' });
    assert.equal(refusal(() => readInput('StopContactRecording', stop)).name, 'InvalidRequestException');
  });

  test('never repeats sensitive, long or unprintable values', () => {
    const secret = 'hunter2-';
    const bodies = [
      { ...LEAST, Name: secret.repeat(200) },
      { ...LEAST, Description: secret.repeat(600) },
      { ...LEAST, ContactFlowId: secret.repeat(100) },
      { ...LEAST, DestinationPhoneNumber: `${secret}\n` },
    ];
    for (const body of bodies) assert.doesNotMatch(refusal(() => start(body)).message, /hunter2/);
    const search = {
      InstanceId: 'i',
      TimeRange: { Type: 'INITIATION_TIMESTAMP', StartTime: 1, EndTime: 2 },
      SearchCriteria: { SearchableContactAttributes: { Criteria: [{ Key: secret.repeat(13), Values: [] }] } },
    };
    const error = refusal(() => readInput('SearchContacts', request(search)));
    assert.match(error.message, /key/);
    assert.doesNotMatch(error.message, /hunter2/);
  });

  test('keeps its message short however many problems there are', () => {
    const Attributes = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`${'k'.repeat(300)}${index}`, 7]),
    );
    const error = refusal(() => start({ ...LEAST, Attributes }));
    assert.match(error.message, /^20 validation errors detected: /);
    assert.ok(error.message.length < 5000);
  });

  test('refuses U+0000 and unpaired surrogates in values and keys', () => {
    const texts = ['a\\u0000b', '\\ud800', '\\udc00\\ud800', 'x\\uDFFF'];
    for (const text of texts) {
      for (const body of [
        `{"Name":"${text}"`,
        `{"Attributes":{"k":"${text}"}`,
        `{"Attributes":{"${text}":"v"}`,
      ]) {
        const error = refusal(() => start(`${body},${JSON.stringify(LEAST).slice(1)}`));
        assert.equal(error.name, 'InvalidParameterException', body);
        assert.match(error.message, /U\+0000 or an unpaired surrogate/);
        assert.ok(error.message.isWellFormed());
        assert.ok(!error.message.includes('\u0000'));
      }
    }
    const nested = `{"References":{"site":{"Type":"URL","Value":"\\u0000"}},${JSON.stringify(LEAST).slice(1)}`;
    assert.match(refusal(() => start(nested)).message, /Value at 'references\['site'\]\.value'/);
    assert.ok(start(`{"Name":"\\ud83d\\ude00 \\\\u0000",${JSON.stringify(LEAST).slice(1)}`));
    assert.ok(
      start(`{"Unknown":"\\u0000",${JSON.stringify(LEAST).slice(1)}`),
      'a dropped member does no harm',
    );
  });

  test('counts code points, not UTF-16 units', () => {
    assert.ok(start({ ...LEAST, ContactFlowId: '😀'.repeat(500) }));
    assert.equal(
      refusal(() => start({ ...LEAST, ContactFlowId: '😀'.repeat(501) })).name,
      'InvalidParameterException',
    );
  });
});

describe('readInput › hostile bodies', () => {
  const names = Object.keys(operations) as OperationName[];
  const path = {
    get: (_: object, name: string) => (name === 'ContactFlowVersion' ? '1' : 'x'),
  };
  const pathParameters = new Proxy({}, path) as Record<string, string>;

  /** JSON that often carries the operation's own member names, so that it gets past the first member. */
  const body = (name: OperationName) => {
    const members = Object.keys(operations[name].input.properties);
    const value = fc.jsonValue({ maxDepth: 4 });
    const key = members.length > 0 ? fc.oneof(fc.constantFrom(...members), fc.string()) : fc.string();
    return fc.dictionary(key, value, { maxKeys: 8 });
  };

  test('random JSON and random bytes give an input or an ApiError, never anything else', () => {
    const hostile = fc.constantFrom(...names).chain((name) =>
      fc.record({
        name: fc.constant(name),
        bytes: fc.oneof(
          body(name).map((value) => Buffer.from(JSON.stringify(value))),
          fc.json({ stringUnit: 'binary' }).map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 64 }),
        ),
        query: fc.array(
          fc.tuple(fc.constantFrom('maxResults', 'nextToken', 'tagKeys', 'TagKeys'), fc.string()),
        ),
      }),
    );
    fc.assert(
      fc.property(hostile, ({ name, bytes, query }) => {
        try {
          const raw = request(bytes, { pathParameters, query: new URLSearchParams(query) });
          assert.equal(typeof readInput(name, raw), 'object');
        } catch (error) {
          assert.ok(error instanceof ApiError, String(error));
          assert.ok(error.httpStatus < 500);
          assert.ok(error.message.length < 10_000);
          assert.doesNotMatch(error.message, /^0 validation/, 'a refusal always says why');
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('a deep search expression is read up to the depth limit', () => {
    const nested = (depth: number): unknown => (depth === 0 ? {} : { AndConditions: [nested(depth - 1)] });
    const search = (depth: number) => request({ InstanceId: 'i', SearchCriteria: nested(depth) });
    assert.ok(readInput('SearchQueues', search(30)));
    assert.equal(refusal(() => readInput('SearchQueues', search(40))).name, 'SerializationException');
  });
});
