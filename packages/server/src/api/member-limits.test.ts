// Every limit of every input member of every implemented operation, over HTTP: a value just outside gets the modelled
// exception, a value just inside reaches the operation. Nothing stands behind the operations; whoever asks is refused.

import assert from 'node:assert/strict';
import { Agent, type IncomingMessage, request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { internalServiceException, type OperationDefinition, operations } from '@ringback/connect-api';
import {
  errorNameFor,
  type LimitCase,
  limitCases,
  requestParts,
} from '../../../connect-api/src/member-limits.fixture.ts';
import { systemClock } from '../clock.ts';
import { openAuthentication } from '../identity/authenticate.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { type HttpServer, openHttpServer } from './http-server.ts';
import { implementedOperations } from './implemented-operations.ts';
import type { ApiDeps } from './operation.ts';

/** Requests at once; they wait for nothing but each other's turn. */
const atOnce = 16;
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
let server: HttpServer;

before(async () => {
  const accessKeys = { find: () => undefined, isOpenToAnyone: () => true, wasOpenToAnyone: true };
  const nothing = new Proxy({} as ApiDeps, {
    get() {
      throw internalServiceException(new Error('the operation was reached'));
    },
  });
  server = await openHttpServer({
    config: {
      http: { host: '127.0.0.1', port: 0, tls: undefined, connections: 100, unprovenMegabytes: 64 },
      region: 'us-east-1',
    },
    accessKeys,
    authenticate: openAuthentication({ accessKeys, clock: systemClock, region: 'us-east-1' }),
    audit: { record: () => Promise.resolve(), lost: 0, filesDeleted: 0, close: () => Promise.resolve() },
    api: nothing,
    clock: systemClock,
    logger: capturedLogger().logger,
    health: async () => ({ ok: true, parts: {} }),
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    throttle: { ask: () => 'allowed' },
    throttled: () => undefined,
    answered: () => undefined,
  });
});
after(async () => {
  agent.destroy();
  await server.close();
});

describe('member limits over HTTP', () => {
  for (const name of Object.keys(implementedOperations) as (keyof typeof implementedOperations)[]) {
    const definition: OperationDefinition = operations[name];
    it(`${name} › just outside and just inside`, async () => {
      const cases = [...limitCases(definition)].filter((one) => hasRoute(definition, one));
      assert.ok(cases.some(({ refusal }) => refusal === undefined));
      while (cases.length > 0) {
        await Promise.all(cases.splice(0, atOnce).map((one) => check(definition, one)));
      }
    });
  }
});

/** An empty segment of a path leads to no operation, so there is nothing to be refused by. */
function hasRoute(definition: OperationDefinition, { input }: LimitCase): boolean {
  return Object.values(requestParts(definition, input).pathParameters).every((value) => value !== '');
}

async function check(definition: OperationDefinition, { label, input, refusal }: LimitCase): Promise<void> {
  const { pathParameters, query, body } = requestParts(definition, input);
  const path = definition.path.replace(/\{(\w+)\}/g, (_, member: string) =>
    encodeURIComponent(pathParameters[member] ?? ''),
  );
  const answer = await ask(definition.method, query.size > 0 ? `${path}?${query}` : path, body);
  const what = `${definition.name} ${label}: ${answer.status} ${answer.body}`;
  const isRefusedForShape =
    answer.error === 'SerializationException' || /^\d+ validation errors? detected/.test(answer.message);
  if (refusal === undefined) {
    assert.ok(!isRefusedForShape, what);
    assert.ok(answer.error !== 'UnknownOperationException', what);
  } else {
    assert.equal(answer.error, errorNameFor(definition, refusal), what);
    assert.ok(isRefusedForShape, what);
    assert.equal(answer.status, 400, what);
  }
}

async function ask(method: string, path: string, body: string) {
  const now = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      'x-amz-date': now,
      authorization:
        `AWS4-HMAC-SHA256 Credential=any/${now.slice(0, 8)}/us-east-1/connect/aws4_request, ` +
        `SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
    };
    request({ host: '127.0.0.1', port: server.port, method, path, headers, agent }, resolve)
      .on('error', reject)
      .end(hasBody ? body : undefined);
  });
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return {
    status: response.statusCode ?? 0,
    error: String(response.headers['x-amzn-errortype'] ?? ''),
    message: text === '' ? '' : String((JSON.parse(text) as { Message?: string }).Message ?? ''),
    body: text.slice(0, 300),
  };
}
