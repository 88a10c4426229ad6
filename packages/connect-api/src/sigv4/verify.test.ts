// The verifier against an independent signer, `@smithy/signature-v4`, over random requests, and against requests in
// the shapes that real clients send.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { ApiError, expiredTokenException } from '../errors.ts';
import { readInput } from '../read-input.ts';
import { matchRoute } from '../routes.ts';
import { parseAuthorization } from './parse-authorization.ts';
import { recordedRequests } from './recorded-requests.ts';
import { type SignedRequest, splitUrl } from './request.ts';
import { SigningKey, SigningKeys } from './signing-keys.ts';
import { type VerifyOptions, type VerifyResult, verifySigV4 } from './verify.ts';

const ACCESS_KEY = 'AKIDEXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const SIGNED_AT = new Date('2026-11-22T05:58:16Z');
const NOW_MS = SIGNED_AT.getTime();

/** A hash in the form that the signer asks for. */
class NodeSha256 {
  readonly #hash: ReturnType<typeof createHmac> | ReturnType<typeof createHash>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {}
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

type Unsigned = {
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string | string[]>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

type SignOptions = {
  /** SDKs add `x-amz-content-sha256` and sign every header, the CLI and boto3 sign three. */
  readonly like?: 'sdk' | 'boto';
  readonly sessionToken?: string;
  readonly secret?: string;
  readonly at?: Date;
  readonly region?: string;
  readonly service?: string;
  readonly presignedForSeconds?: number;
};

async function sign(unsigned: Unsigned, options: SignOptions = {}): Promise<SignedRequest> {
  const { like = 'sdk', sessionToken, secret = SECRET, at = SIGNED_AT, presignedForSeconds } = options;
  const signer = new SignatureV4({
    service: options.service ?? 'connect',
    region: options.region ?? 'us-east-1',
    credentials: {
      accessKeyId: ACCESS_KEY,
      secretAccessKey: secret,
      ...(sessionToken ? { sessionToken } : {}),
    },
    sha256: NodeSha256,
    applyChecksum: like === 'sdk',
  });
  const request = {
    ...unsigned,
    headers: { host: '127.0.0.1:18089', ...unsigned.headers },
    query: { ...unsigned.query },
    protocol: 'http:',
    hostname: '127.0.0.1',
    port: 18089,
  };
  const boto = new Set(['content-type', 'host', 'x-amz-date', 'x-amz-security-token']);
  const unsignable = new Set(Object.keys(request.headers).filter((name) => !boto.has(name)));
  const signed =
    presignedForSeconds === undefined
      ? await signer.sign(request, {
          signingDate: at,
          ...(like === 'boto' ? { unsignableHeaders: unsignable } : {}),
        })
      : await signer.presign(request, { signingDate: at, expiresIn: presignedForSeconds });
  const headers = Object.fromEntries(
    Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  return {
    method: signed.method,
    url: urlOf(unsigned.path, signed.query ?? {}),
    headers,
    body: Buffer.from(unsigned.body),
  };
}

/** A request for `GET /instance` whose signature, made step by step, covers `headers` and says `timestamp`. */
function signedByHand(headers: Readonly<Record<string, string>>, timestamp: string): SignedRequest {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = `GET\n/instance\n\n${lines}\n${names.join(';')}\n${sha256('')}`;
  const steps = [timestamp.slice(0, 8), 'us-east-1', 'connect', 'aws4_request'];
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const key = steps.reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${steps.join('/')}\n${sha256(canonical)}`;
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/${steps.join('/')}, SignedHeaders=${names.join(';')}, ` +
    `Signature=${hmac(key, toSign).toString('hex')}`;
  return { method: 'GET', url: '/instance', headers: { ...headers, authorization }, body: Buffer.of() };
}

function urlOf(path: string, query: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`),
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

const options: VerifyOptions = {
  secretFor: (accessKeyId) => (accessKeyId === ACCESS_KEY ? SECRET : undefined),
  nowMs: NOW_MS,
  expectedRegion: 'us-east-1',
  expectedService: 'connect',
};

function nameOf(result: VerifyResult): string {
  return result.kind === 'verified' ? 'verified' : result.error.name;
}

async function outcome(request: SignedRequest, changes: Partial<VerifyOptions> = {}): Promise<string> {
  return nameOf(await verifySigV4(request, { ...options, ...changes }));
}

const START: Unsigned = {
  method: 'PUT',
  path: '/contact/outbound-voice',
  query: {},
  headers: { 'content-type': 'application/json', 'amz-sdk-request': 'attempt=1; max=3' },
  body: '{"InstanceId":"i"}',
};

const text = fc.string({ unit: 'binary', maxLength: 12 });
const headerValue = fc
  .string({ unit: fc.constantFrom(...'abc XYZ  \t=;,/"%+~é'), maxLength: 16 })
  .map((value) => value.replaceAll('é', 'e'));
const anyRequest: fc.Arbitrary<Unsigned> = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
  path: fc
    .array(fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 })
    .map((segments) => `/${segments.map((segment) => encodeURIComponent(segment)).join('/')}`),
  query: fc.dictionary(
    text.filter((name) => name !== '' && name !== '__proto__' && !/^x-amz-/i.test(name)),
    fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
    { maxKeys: 4 },
  ),
  headers: fc
    .dictionary(fc.stringMatching(/^x-[a-z]{1,8}$/), headerValue, { maxKeys: 3 })
    .map((extra) => ({ 'content-type': 'application/json', ...extra })),
  body: fc.string({ unit: 'binary', maxLength: 40 }),
});

describe('verifySigV4 against an independent signer', () => {
  test('verifies random requests in the header form, signed as SDKs and as boto3 sign', async () => {
    const signingKeys = new SigningKeys();
    await fc.assert(
      fc.asyncProperty(anyRequest, fc.constantFrom('sdk', 'boto'), async (unsigned, like) => {
        const request = await sign(unsigned, { like });
        assert.equal(await outcome(request, { signingKeys }), 'verified');
        assert.equal(await outcome(request), 'verified');
      }),
      { numRuns: 400 },
    );
    assert.equal(signingKeys.size, 1);
  });

  test('verifies random presigned requests', async () => {
    await fc.assert(
      fc.asyncProperty(anyRequest, async (unsigned) => {
        const request = await sign(unsigned, { presignedForSeconds: 600 });
        assert.equal(await outcome(request), 'verified');
      }),
      { numRuns: 200 },
    );
  });

  test('refuses any mutation of a signed part', async () => {
    const mutation = fc.constantFrom(
      'method',
      'path',
      'query',
      'header',
      'body',
      'signature',
      'date',
      'scope',
      'list',
    );
    await fc.assert(
      fc.asyncProperty(anyRequest, mutation, fc.boolean(), async (unsigned, part, isPresigned) => {
        const request = await sign(unsigned, isPresigned ? { presignedForSeconds: 600 } : {});
        const mutated = mutate(request, part);
        assert.notEqual(await outcome(mutated), 'verified', part);
      }),
      { numRuns: 600 },
    );
  });
});

function mutate(request: SignedRequest, part: string): SignedRequest {
  const { path, query } = splitUrl(request.url);
  const authorization = String(request.headers.authorization ?? '');
  const inBoth = (change: (value: string) => string): SignedRequest =>
    authorization === ''
      ? { ...request, url: `${path}?${change(query)}` }
      : { ...request, headers: { ...request.headers, authorization: change(authorization) } };
  switch (part) {
    case 'method':
      return { ...request, method: request.method === 'PUT' ? 'POST' : 'PUT' };
    case 'path':
      return { ...request, url: `${path}x${query === '' ? '' : `?${query}`}` };
    case 'query':
      return { ...request, url: `${path}?${query === '' ? '' : `${query}&`}added=1` };
    case 'header':
      return { ...request, headers: { ...request.headers, host: 'elsewhere:18089' } };
    case 'body':
      return { ...request, body: Buffer.concat([request.body, Buffer.from(' ')]) };
    case 'signature':
      return inBoth((value) =>
        value.replace(/(Signature=)([0-9a-f])/, (_, name, digit) => `${name}${digit === '0' ? '1' : '0'}`),
      );
    case 'date':
      return request.headers['x-amz-date'] === undefined
        ? inBoth((value) => value.replace('T055816Z', 'T055817Z'))
        : { ...request, headers: { ...request.headers, 'x-amz-date': '20261122T055817Z' } };
    case 'scope':
      return inBoth((value) => value.replace('us-east-1', 'us-east-2'));
    default:
      return inBoth((value) => value.replace(/SignedHeaders=/, 'SignedHeaders=accept;'));
  }
}

describe('verifySigV4 › what each rule refuses', () => {
  test('takes five minutes of clock difference either way, and no more', async () => {
    const request = await sign(START);
    for (const [offsetMs, expected] of [
      [0, 'verified'],
      [300_000, 'verified'],
      [-300_000, 'verified'],
      [300_001, 'InvalidSignatureException'],
      [-300_001, 'InvalidSignatureException'],
    ] as const) {
      assert.equal(await outcome(request, { nowMs: NOW_MS + offsetMs }), expected, String(offsetMs));
    }
  });

  test('takes a presigned request until it expires', async () => {
    const request = await sign(START, { presignedForSeconds: 3600 });
    assert.equal(await outcome(request, { nowMs: NOW_MS + 3_600_000 }), 'verified');
    assert.equal(await outcome(request, { nowMs: NOW_MS + 3_600_001 }), 'InvalidSignatureException');
    assert.equal(await outcome(request, { nowMs: NOW_MS - 300_001 }), 'InvalidSignatureException');
  });

  test('tells an unknown access key and a wrong secret apart', async () => {
    const request = await sign(START);
    assert.equal(await outcome(request, { secretFor: () => undefined }), 'UnrecognizedClientException');
    assert.equal(await outcome(request, { secretFor: () => 'other' }), 'InvalidSignatureException');
  });

  test('waits for a secret, and passes on an ApiError of the look-up', async () => {
    const request = await sign(START, { sessionToken: 'session' });
    assert.equal(await outcome(request, { secretFor: async () => SECRET }), 'verified');
    const seen: (string | undefined)[] = [];
    const expired = async (_: string, sessionToken: string | undefined) => {
      seen.push(sessionToken);
      throw expiredTokenException('The session has ended.');
    };
    assert.equal(await outcome(request, { secretFor: expired }), 'ExpiredTokenException');
    assert.deepEqual(seen, ['session']);
    const broken = () => Promise.reject(new Error('database gone'));
    await assert.rejects(
      async () => verifySigV4(request, { ...options, secretFor: broken }),
      /database gone/,
    );
  });

  test('checks region and service only where one is expected', async () => {
    const request = await sign(START, { region: 'eu-west-2', service: 'connect-campaigns' });
    assert.equal(await outcome(request), 'InvalidSignatureException');
    const anywhere = { secretFor: options.secretFor, nowMs: NOW_MS };
    const result = await verifySigV4(request, anywhere);
    assert.equal(nameOf(result), 'verified');
    assert.deepEqual(result.kind === 'verified' && result.scope, {
      accessKeyId: ACCESS_KEY,
      date: '20261122',
      region: 'eu-west-2',
      service: 'connect-campaigns',
    });
    assert.equal(
      nameOf(await verifySigV4(request, { ...anywhere, expectedService: 'connect' })),
      'InvalidSignatureException',
    );
  });

  test('returns a signed session token and refuses an unsigned one', async () => {
    const request = await sign(START, { sessionToken: 'session' });
    const result = await verifySigV4(request, options);
    assert.equal(result.kind === 'verified' && result.sessionToken, 'session');
    const added = await sign(START);
    const smuggled = { ...added, headers: { ...added.headers, 'x-amz-security-token': 'session' } };
    assert.equal(await outcome(smuggled), 'IncompleteSignatureException');
  });

  test('insists that host and x-amz-date are signed', async () => {
    for (const left of ['host', 'x-amz-date']) {
      const request = await sign(START);
      const authorization = String(request.headers.authorization).replace(
        new RegExp(`(;|=)${left}(;|,)`),
        '$1$2',
      );
      const repaired = authorization.replaceAll(/;;/g, ';').replaceAll(/=;/g, '=').replaceAll(/;,/g, ',');
      const result = await outcome({ ...request, headers: { ...request.headers, authorization: repaired } });
      assert.equal(result, 'IncompleteSignatureException', left);
    }
  });

  test('takes the time from Date where there is no x-amz-date, and insists that it is signed', async () => {
    const basic = '20261122T055816Z';
    for (const date of ['Sun, 22 Nov 2026 05:58:16 GMT', 'Sun, 22 Nov 2026 05:58:16 -0000', basic]) {
      const request = signedByHand({ host: 'h', date }, basic);
      assert.equal(await outcome(request), 'verified', date);
      assert.equal(await outcome(request, { nowMs: NOW_MS + 300_001 }), 'InvalidSignatureException', date);
    }
    for (const date of ['Sun, 22 Nov 2026 05:58:16 CET', 'Sun, 32 Nov 2026 05:58:16 GMT', 'today', '']) {
      assert.equal(
        await outcome(signedByHand({ host: 'h', date }, basic)),
        'IncompleteSignatureException',
        date,
      );
    }
    const date = 'Sun, 22 Nov 2026 05:58:16 GMT';
    const added = signedByHand({ host: 'h' }, basic);
    assert.equal(
      await outcome({ ...added, headers: { ...added.headers, date } }),
      'IncompleteSignatureException',
    );
    const both = signedByHand(
      { host: 'h', date: 'Sun, 22 Nov 2026 01:00:00 GMT', 'x-amz-date': basic },
      basic,
    );
    assert.equal(await outcome(both), 'verified');
  });

  test('refuses an operation that stands in a header without being signed', async () => {
    const target = { 'x-amz-target': 'ServiceQuotasV20190624.ListServices' };
    const signed = { ...START, headers: { ...START.headers, ...target } };
    assert.equal(await outcome(await sign(signed)), 'verified');
    const added = await sign(START);
    const presigned = await sign(START, { presignedForSeconds: 60 });
    for (const request of [added, presigned]) {
      const headers = { ...request.headers, ...target };
      assert.equal(await outcome({ ...request, headers }), 'IncompleteSignatureException');
    }
  });

  test('refuses a signed header that is absent', async () => {
    const request = await sign(START);
    const { 'amz-sdk-request': _, ...headers } = request.headers;
    assert.equal(await outcome({ ...request, headers }), 'InvalidSignatureException');
  });

  test('finds no header in what every object inherits', async () => {
    const request = await sign(START);
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const authorization = String(request.headers.authorization).replace(
        '=amz-',
        `=${name.toLowerCase()};amz-`,
      );
      const headers = { ...request.headers, authorization };
      assert.equal(await outcome({ ...request, headers }), 'InvalidSignatureException', name);
    }
  });

  test('compares x-amz-content-sha256 with the body even when boto-like clients do not sign it', async () => {
    const request = await sign(START, { like: 'boto' });
    const stated = { ...request.headers, 'x-amz-content-sha256': '0'.repeat(64) };
    assert.equal(await outcome({ ...request, headers: stated }), 'InvalidSignatureException');
  });

  test('takes an unsigned payload only where allowed', async () => {
    const request = await sign({
      ...START,
      headers: { ...START.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    });
    assert.equal(await outcome(request), 'InvalidSignatureException');
    assert.equal(await outcome(request, { unsignedPayload: 'accepted' }), 'verified');
    const streaming = await sign({
      ...START,
      headers: { ...START.headers, 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
    });
    assert.equal(await outcome(streaming, { unsignedPayload: 'accepted' }), 'InvalidSignatureException');
  });

  test('verifies the same request twice: clients repeat a signature when they retry within a second', async () => {
    const signingKeys = new SigningKeys();
    const request = await sign(START);
    assert.equal(await outcome(request, { signingKeys }), 'verified');
    assert.equal(await outcome(request, { signingKeys }), 'verified');
  });

  test('follows a changed secret although the old key is kept', async () => {
    const signingKeys = new SigningKeys();
    const before = await sign(START);
    const after = await sign(START, { secret: 'rotated' });
    assert.equal(await outcome(before, { signingKeys }), 'verified');
    assert.equal(await outcome(after, { signingKeys, secretFor: () => 'rotated' }), 'verified');
    assert.equal(
      await outcome(before, { signingKeys, secretFor: () => 'rotated' }),
      'InvalidSignatureException',
    );
  });

  test('judges a header that it knows by its heart like any other', async () => {
    const signingKeys = new SigningKeys();
    const request = await sign(START);
    assert.equal(await outcome(request, { signingKeys }), 'verified');
    const header = String(request.headers.authorization);
    const withHeader = (authorization: string) => ({
      ...request,
      headers: { ...request.headers, authorization },
    });
    assert.equal(
      await outcome(withHeader(`${header.slice(0, -1)}${header.endsWith('0') ? '1' : '0'}`), { signingKeys }),
      'InvalidSignatureException',
    );
    assert.equal(
      await outcome(withHeader(`${header.slice(0, -1)}G`), { signingKeys }),
      'IncompleteSignatureException',
    );
    const tomorrow = { ...request, headers: { ...request.headers, 'x-amz-date': '20261123T000000Z' } };
    assert.equal(await outcome(tomorrow, { signingKeys }), 'IncompleteSignatureException');
    const later = { ...request, headers: { ...request.headers, 'x-amz-date': '20261122T055817Z' } };
    assert.equal(await outcome(later, { signingKeys }), 'InvalidSignatureException');
    assert.equal(
      await outcome(request, { signingKeys, secretFor: () => undefined }),
      'UnrecognizedClientException',
    );
  });

  test('knows by its heart no header whose signature stands elsewhere', async () => {
    const signingKeys = new SigningKeys();
    const request = await sign(START);
    const [head = '', signature = ''] = String(request.headers.authorization).split(', Signature=');
    const signatureFirst = head.replace(' ', ` Signature=${signature}, `);
    const withHeader = (authorization: string) => ({
      ...request,
      headers: { ...request.headers, authorization },
    });
    for (const time of ['first', 'second']) {
      assert.equal(await outcome(withHeader(signatureFirst), { signingKeys }), 'verified', time);
    }
    assert.equal(await outcome(withHeader(signature), { signingKeys }), 'IncompleteSignatureException');
  });

  test('remembers no more headers than it may', () => {
    const signingKeys = new SigningKeys(2);
    const key = new SigningKey(Buffer.alloc(32));
    const scope = { accessKeyId: ACCESS_KEY, date: '20261122', region: 'us-east-1', service: 'connect' };
    for (const text of ['first', 'second', 'third']) {
      signingKeys.keepHead({ text, scope, signedHeaders: ['host'] }, SECRET, key);
    }
    assert.equal(signingKeys.knownHead('first'), undefined);
    assert.ok(signingKeys.knownHead('second') && signingKeys.knownHead('third'));
  });

  test('sorts a repeated query key by value', async () => {
    const request = await sign({ ...START, query: { tagKeys: ['b', 'a', 'b c'], a: '' } });
    assert.equal(await outcome(request), 'verified');
    const reordered = { ...request, url: '/contact/outbound-voice?tagKeys=b%20c&a&tagKeys=a&tagKeys=b' };
    assert.equal(await outcome(reordered), 'verified', 'the order on the wire is not signed');
    const plus = { ...request, url: reordered.url.replace('%20', '+') };
    assert.equal(await outcome(plus), 'verified', 'a plus sign is a space, as when the query is read');
  });

  test('joins a header given as a list by commas', async () => {
    const request = await sign({ ...START, headers: { ...START.headers, 'x-list': 'a,b' } });
    assert.equal(
      await outcome({ ...request, headers: { ...request.headers, 'x-list': ['a', 'b'] } }),
      'verified',
    );
  });
});

describe('SigningKeys', () => {
  test('sign as HMAC-SHA256 does', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.string({ unit: 'binary-ascii', maxLength: 300 }),
        (key, text) =>
          new SigningKey(key).sign(text) === createHmac('sha256', key).update(text).digest('hex'),
      ),
    );
  });

  const scope = (accessKeyId: string) => ({
    accessKeyId,
    date: '20261122',
    region: 'us-east-1',
    service: 'connect',
  });

  test('holds no more than its capacity, and lets the longest unused go', () => {
    const keys = new SigningKeys(2);
    const [a, b, c] = ['A', 'B', 'C'].map((id) => keys.keyFor(id, scope(id)));
    assert.ok(a && b && c);
    keys.keep('A', scope('A'), a);
    keys.keep('B', scope('B'), b);
    keys.keep('A', scope('A'), a);
    keys.keep('C', scope('C'), c);
    assert.equal(keys.size, 2);
    assert.equal(keys.keyFor('A', scope('A')), a);
    assert.notEqual(keys.keyFor('B', scope('B')), b);
  });

  test('keeps nothing of a forged request', async () => {
    const signingKeys = new SigningKeys();
    assert.equal(
      await outcome(await sign(START, { secret: 'forged' }), { signingKeys }),
      'InvalidSignatureException',
    );
    assert.equal(signingKeys.size, 0);
  });
});

describe('requests recorded from real clients', () => {
  for (const { client, request, contentLength } of recordedRequests) {
    test(`${client}: parsed, routed and read`, () => {
      assert.equal(request.body.length, contentLength);
      const parsed = parseAuthorization(request);
      assert.ok(parsed.kind === 'parsed');
      assert.deepEqual(parsed.authorization.scope, {
        accessKeyId: 'AKIDEXAMPLE',
        date: '20261122',
        region: 'us-east-1',
        service: 'connect',
      });
      assert.equal(matchRoute(request.method, request.url)?.operation, 'StartOutboundVoiceContact');
      const input = readInput('StartOutboundVoiceContact', {
        pathParameters: {},
        query: new URLSearchParams(),
        body: request.body,
        contentType: 'application/json',
      });
      assert.equal(input.DestinationPhoneNumber, '+441234567890');
    });

    test(`${client}: verified when the same headers are signed with a known secret`, async () => {
      const parsed = parseAuthorization(request);
      assert.ok(parsed.kind === 'parsed');
      const { signedHeaders, signedAtMs } = parsed.authorization;
      const given = Object.fromEntries(
        Object.entries(request.headers).flatMap(([name, value]) =>
          signedHeaders.includes(name) && name !== 'x-amz-date' ? [[name, String(value)]] : [],
        ),
      );
      const unsigned = { ...START, headers: given, body: Buffer.from(request.body).toString() };
      const like = signedHeaders.includes('x-amz-content-sha256') ? 'sdk' : 'boto';
      const resigned = await sign(unsigned, { like, at: new Date(signedAtMs) });
      const again = parseAuthorization(resigned);
      assert.ok(again.kind === 'parsed');
      assert.deepEqual(again.authorization.signedHeaders, signedHeaders);
      const full = {
        ...request,
        headers: { ...request.headers, authorization: resigned.headers.authorization },
      };
      assert.equal(await outcome(full, { nowMs: signedAtMs }), 'verified');
      assert.equal(
        await outcome(request, { nowMs: signedAtMs }),
        'InvalidSignatureException',
        'signed with another secret',
      );
    });
  }
});

describe('parseAuthorization', () => {
  const refusalOf = (request: SignedRequest) => {
    const result = parseAuthorization(request);
    assert.equal(result.kind, 'refused');
    return result.kind === 'refused' ? result.error : assert.fail();
  };
  const withHeader = (authorization: string, url = '/'): SignedRequest => ({
    method: 'GET',
    url,
    headers: { host: 'h', 'x-amz-date': '20261122T055816Z', authorization },
    body: new Uint8Array(),
  });

  test('tells a request without authorization from a broken one', () => {
    const bare: SignedRequest = { method: 'GET', url: '/', headers: {}, body: new Uint8Array() };
    assert.equal(refusalOf(bare).name, 'MissingAuthenticationTokenException');
    assert.equal(refusalOf(bare).httpStatus, 403);
    const signature = 'a'.repeat(64);
    const scope = 'AKID/20261122/us-east-1/connect/aws4_request';
    const good = `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=host;x-amz-date,Signature=${signature}`;
    assert.equal(parseAuthorization(withHeader(good)).kind, 'parsed');
    for (const broken of [
      '',
      'Basic dXNlcjpwYXNz',
      'AWS4-HMAC-SHA256',
      good.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
      good.replace('aws4_request', 'aws4'),
      good.replace('/us-east-1', ''),
      good.replace('20261122', '20261121'),
      good.replace(signature, 'A'.repeat(64)),
      good.replace(signature, 'a'.repeat(63)),
      good.replace('host;', 'Host;'),
      good.replace('host;x-amz-date', ''),
      `${good},Signature=${signature}`,
      `${good}, X=1`,
      `AWS4-HMAC-SHA256 Credential=${scope}`,
      `${good}${' '.repeat(20_000)}`,
    ]) {
      assert.equal(refusalOf(withHeader(broken)).name, 'IncompleteSignatureException', broken.slice(0, 80));
    }
    const noDate = { ...withHeader(good), headers: { authorization: good, host: 'h' } };
    assert.equal(refusalOf(noDate).name, 'IncompleteSignatureException');
    assert.equal(refusalOf(withHeader(good, '/?a=%ff')).name, 'IncompleteSignatureException');
  });

  test('refuses a presigned query with a part missing, repeated or out of range', async () => {
    const { url } = await sign(START, { presignedForSeconds: 60 });
    const at = (changed: string): SignedRequest => ({
      method: 'PUT',
      url: changed,
      headers: { host: 'h' },
      body: new Uint8Array(),
    });
    assert.equal(parseAuthorization(at(url)).kind, 'parsed');
    for (const name of ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature']) {
      const without = url.replace(new RegExp(`X-Amz-${name}=[^&]*&?`), '');
      assert.equal(refusalOf(at(without)).name, 'IncompleteSignatureException', name);
    }
    for (const expires of ['0', '604801', '-1', 'x', '1e3']) {
      const changed = url.replace(/X-Amz-Expires=\d+/, `X-Amz-Expires=${expires}`);
      assert.equal(refusalOf(at(changed)).name, 'IncompleteSignatureException', expires);
    }
    assert.equal(refusalOf(at(`${url}&X-Amz-Date=20261122T055816Z`)).name, 'IncompleteSignatureException');
  });

  test('never throws, and never repeats what it was given', () => {
    const word = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom('AWS4-HMAC-SHA256 ', 'Credential=', 'Signature=', ',', '='),
    );
    const hostile = fc.array(word, { maxLength: 12 }).map((words) => words.join(''));
    fc.assert(
      fc.property(hostile, hostile, hostile, (authorization, query, date) => {
        const headers = { authorization, 'x-amz-date': date, host: 'h' };
        const result = parseAuthorization({
          method: 'GET',
          url: `/?${query}`,
          headers,
          body: new Uint8Array(),
        });
        if (result.kind === 'refused')
          assert.ok(result.error instanceof ApiError && result.error.message.length < 200);
      }),
      { numRuns: 1000 },
    );
  });
});
