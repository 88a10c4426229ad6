// The HTTP edge with nothing behind it: what it lets through, and that every way out is an answer AWS clients understand.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import { ConnectClient, CreateRuleCommand, ListInstancesCommand } from '@aws-sdk/client-connect';
import { unrecognizedClientException } from '@ringback/connect-api';
import { untilDefined } from '@ringback/testkit';
import { systemClock } from '../clock.ts';
import { emulatorAccountId } from '../config.ts';
import type { AccessKeys } from '../identity/access-keys.ts';
import { openAuthentication } from '../identity/authenticate.ts';
import { callerOf } from '../identity/caller.ts';
import { BatchFailed, BatchOverloaded } from '../store/micro-batch.ts';
import type { Instance } from '../store/resource-store.ts';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { sampleInstanceId, sampleTenant } from '../test-support/sample-contact.ts';
import type { TimelineEntry } from '../timeline.ts';
import { type AgentDoorDeps, agentSocketPath } from './agent-door.ts';
import {
  HttpPortUnavailable,
  type HttpServer,
  type HttpServerOptions,
  openHttpServer,
} from './http-server.ts';
import type { ApiDeps } from './operation.ts';

const accessKeyId = 'AKIDEXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const key = {
  secretAccessKey,
  session: undefined,
  caller: callerOf({
    accessKeyId,
    accountId: emulatorAccountId,
    region: 'us-east-1',
    userName: 'someone',
    credentials: 'lasting',
    principal: undefined,
    policy: undefined,
  }),
};

const openToAnyone: AccessKeys = {
  find: () => undefined,
  isOpenToAnyone: () => true,
  wasOpenToAnyone: true,
};
const withKeys: AccessKeys = {
  find: (id) => (id === accessKeyId ? key : undefined),
  isOpenToAnyone: () => false,
  wasOpenToAnyone: false,
};

let opened: { close(): Promise<void> | void }[];
let log: ReturnType<typeof capturedLogger>;
let answered: [operation: string, status: number][];
let observed: TimelineEntry[];
/** What stands in for the resource store when instances are listed. */
let listInstances: () => Promise<Instance[]>;
let listed: number;
let isHealthy: boolean;

beforeEach(() => {
  opened = [];
  log = capturedLogger();
  answered = [];
  observed = [];
  listed = 0;
  isHealthy = true;
  listInstances = async () => [
    {
      id: sampleInstanceId,
      tenant: sampleTenant,
      alias: 'ringback',
      identityManagement: 'CONNECT_MANAGED',
      inboundCallsEnabled: true,
      outboundCallsEnabled: true,
      contactFlowLogsEnabled: true,
      earlyMediaEnabled: true,
      createdAtMs: 0,
    },
  ];
});
afterEach(async () => {
  for (const one of opened.reverse()) await one.close();
});

describe('http server › operations', () => {
  it('answers an operation with JSON and a request id', async () => {
    const answer = await ask(await open(), { path: '/instance' });
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
    assert.match(answer.requestId, uuid);
    assert.equal(answer.body.InstanceSummaryList[0].Id, sampleInstanceId);
    assert.deepEqual(answered, [['ListInstances', 200]]);
    assert.deepEqual(
      observed.map((entry) => entry.kind === 'api' && [entry.operation, entry.status]),
      [['ListInstances', 200]],
    );
  });

  it('serves the AWS SDK', async () => {
    const { InstanceSummaryList } = await sdk(await open()).send(new ListInstancesCommand({}));
    assert.equal(InstanceSummaryList?.[0]?.InstanceAlias, 'ringback');
    assert.deepEqual(InstanceSummaryList[0].CreatedTime, new Date(0));
  });

  it('continues with a token of the same operation only', async () => {
    const [own] = await listInstances();
    const ids = ['1', '2', '3'].map((n) => sampleInstanceId.replace(/.$/, n) as typeof sampleInstanceId);
    listInstances = async () => (own ? ids.map((id) => ({ ...own, id })) : []);
    const client = sdk(await open());
    const seen: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.send(new ListInstancesCommand({ MaxResults: 1, NextToken }));
      seen.push(...(page.InstanceSummaryList ?? []).map(({ Id }) => Id));
      NextToken = page.NextToken;
      for (const token of [
        'garbage',
        '',
        NextToken?.replace('ListInstances', 'ListQueues'),
        // A column too short to keep it must not lead back to the first page.
        NextToken?.slice(0, -1),
        NextToken?.slice(0, -12),
        NextToken && `${NextToken}A`,
      ]) {
        if (token === undefined) continue;
        const refusal = await refusalOf(client.send(new ListInstancesCommand({ NextToken: token })));
        assert.equal(refusal.name, 'InvalidRequestException', token);
        assert.match(refusal.message, /not given out by this operation/);
      }
    } while (NextToken !== undefined);
    assert.deepEqual(seen, ids);
  });

  it('refuses JSON that is none', async () => {
    for (const body of ['{"Destination', 'null', '[]', '"text"', '\u0000', '{"a":1}trailing']) {
      const answer = await ask(await open(), { method: 'PUT', path: '/contact/outbound-voice', body });
      assert.equal(answer.status, 400, body);
      assert.match(answer.errorType, /SerializationException|InvalidParameterException/, body);
    }
  });

  it('does not know other paths and methods', async () => {
    const server = await open();
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/no/such/thing'],
      ['DELETE', '/instance'],
      ['PATCH', '/contact/outbound-voice'],
      ['GET', '//instance'],
      ['POST', '/health'],
    ] as const) {
      const answer = await ask(server, { method, path });
      assert.deepEqual(
        [answer.status, answer.errorType],
        [404, 'UnknownOperationException'],
        `${method} ${path}`,
      );
    }
  });

  it('says of an operation that it has not yet that it has it not, and where to read more', async () => {
    const server = await open();
    const refused = await refusalOf(
      sdk(server).send(
        new CreateRuleCommand({
          InstanceId: sampleInstanceId,
          Name: 'x',
          TriggerEventSource: { EventSourceName: 'OnPostCallAnalysisAvailable' },
          Function: 'x',
          Actions: [],
          PublishStatus: 'DRAFT',
        }),
      ),
    );
    assert.equal(refused.$metadata.httpStatusCode, 501);
    assert.match(refused.message, /CreateRule .*docs\/compatibility\.md/);
    assert.deepEqual(answered, [['CreateRule', 501]]);
  });

  it('says of a body that is compressed that it reads none', async () => {
    const server = await open();
    const body = gzipSync('{"InstanceId":"x"}');
    const headers = { 'content-encoding': 'gzip' };
    const answer = await ask(server, { method: 'PUT', path: '/contact/outbound-voice', body, headers });
    assert.deepEqual([answer.status, answer.errorType], [415, 'UnsupportedMediaTypeException']);
    assert.match(answer.body.Message, /encoded as gzip/);
    const quotas = await fetch(`http://127.0.0.1:${server.port}/`, {
      method: 'POST',
      body,
      headers: {
        ...headers,
        'x-amz-date': now(),
        authorization: authorizationFor('servicequotas'),
        'x-amz-target': 'ServiceQuotasV20190624.GetServiceQuota',
      },
    });
    assert.equal(quotas.status, 415);
    assert.match(await quotas.text(), /encoded as gzip/);
    const plain = { method: 'PUT', path: '/contact/outbound-voice', body: '{}' };
    const { status } = await ask(server, { ...plain, headers: { 'content-encoding': 'Identity' } });
    assert.equal(status, 400, 'its members are looked at');
  });

  it('takes a megabyte, and no more', async () => {
    const server = await open();
    const start = (bytes: number) =>
      ask(server, {
        method: 'PUT',
        path: '/contact/outbound-voice',
        body: JSON.stringify({ Name: 'x'.repeat(bytes - '{"Name":""}'.length) }),
      });
    const fits = await start(1024 * 1024);
    assert.equal(fits.status, 400, 'read, and refused for what it lacks');
    const tooLarge = await start(1024 * 1024 + 1);
    assert.equal(tooLarge.status, 413);
    assert.equal(tooLarge.errorType, 'RequestEntityTooLargeException');
  });

  for (const [what, request, status, name] of [
    [
      'headers that are too large',
      `GET / HTTP/1.1\r\nhost: x\r\nauthorization: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'RequestHeaderFieldsTooLargeException',
    ],
    ['what is no HTTP', 'GET / HTTP/9.9\r\n\r\n', 400, 'MalformedHttpRequestException'],
    [
      'a request whose rest does not come in time',
      'PUT /contact/outbound-voice HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{',
      408,
      'RequestTimeoutException',
    ],
  ] as const) {
    it(`refuses ${what} in the form of all errors`, async () => {
      const server = await open(status === 408 ? { requestTimeoutMs: 50 } : {});
      const socket = net.connect(server.port, '127.0.0.1');
      socket.write(request);
      const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
      assert.match(head, new RegExp(`^HTTP/1.1 ${status} [A-Z]`));
      assert.match(head, new RegExp(`^x-amzn-errortype: ${name}$`, 'im'));
      assert.match(head, /^x-amzn-requestid: [0-9a-f-]{36}$/im);
      assert.match(head, new RegExp(`^content-length: ${body.length}$`, 'im'));
      assert.match((JSON.parse(body) as { Message: string }).Message, /request/i);
    });
  }

  it('takes paths that are broken as it takes unknown ones', async () => {
    const server = await open();
    for (const path of ['/instance/%zz', '/contact/%', '/%c0%80', `/${'x'.repeat(5000)}`]) {
      const answer = await ask(server, { path });
      assert.ok(answer.status >= 400 && answer.status < 500, path);
    }
  });

  it('hides what went wrong inside, and logs it', async () => {
    listInstances = () => Promise.reject(new Error('password in SQL'));
    const answer = await ask(await open(), { path: '/instance' });
    assert.deepEqual([answer.status, answer.errorType], [500, 'InternalServiceException']);
    assert.doesNotMatch(JSON.stringify(answer.body), /password/);
    const [line] = log.lines.filter(({ level }) => level === levels.error);
    assert.equal(line?.requestId, answer.requestId);
    assert.match(JSON.stringify(line?.err), /password in SQL/);
  });

  it('answers, logs and drains although what stands around an operation fails', async () => {
    for (const accessKeys of [openToAnyone, withKeys]) {
      const server = await open({
        accessKeys,
        answered: () => {
          throw new Error('a bug in counting');
        },
      });
      const answer = await ask(server, { path: '/instance' });
      assert.deepEqual([answer.status, answer.errorType], [500, 'InternalServiceException']);
      const line = log.lines.filter(({ level }) => level === levels.error).at(-1);
      assert.equal(line?.requestId, answer.requestId);
      assert.match(JSON.stringify(line?.err), /a bug in counting/);
      await server.refuseNewRequests();
    }
  });

  it('answers a call that changes something when it is in the audit log', async () => {
    const noted = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const record = () => {
      noted.resolve();
      return written.promise;
    };
    const server = await open({
      audit: { record, lost: 0, filesDeleted: 0, close: () => Promise.resolve() },
    });
    let isAnswered = false;
    const stopping = ask(server, { method: 'POST', path: '/contact/stop', body: '{}' }).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await noted.promise;
    await ask(server, { path: '/instance' });
    assert.equal(isAnswered, false);
    written.resolve();
    assert.equal((await stopping).status, 400);
  });

  it('asks clients to come again while the database is away or too slow', async () => {
    const server = await open();
    const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    for (const error of [
      new BatchOverloaded('accept-contacts', 1),
      new BatchFailed('accept-contacts', 1, away),
      away,
    ]) {
      listInstances = () => Promise.reject(error);
      const answer = await ask(server, { path: '/instance' });
      assert.deepEqual([answer.status, answer.errorType], [503, 'ServiceUnavailableException']);
    }
  });
});

describe('http server › who asks', () => {
  it('needs an Authorization header, known operation or not', async () => {
    const server = await open();
    for (const path of ['/instance', '/no/such/thing']) {
      const answer = await ask(server, { path, headers: { authorization: undefined } });
      assert.deepEqual([answer.status, answer.errorType], [403, 'MissingAuthenticationTokenException']);
    }
    const broken = await ask(server, { path: '/instance', headers: { authorization: 'Bearer x' } });
    assert.equal(broken.status, 403);
    assert.equal(listed, 0);
  });

  it('serves requests signed for this service only', async () => {
    const answer = await ask(await open(), {
      path: '/instance',
      headers: { authorization: authorizationFor('s3') },
    });
    assert.deepEqual([answer.status, answer.errorType], [403, 'UnrecognizedClientException']);
    assert.match(answer.body.Message, /"s3"/);
    assert.equal(listed, 0);
  });

  it('names the other service of AWS that a path without an operation here is signed for, and refuses it on paths of this one', async () => {
    const server = await open();
    const asked = (path: string, service: string) =>
      ask(server, { path, headers: { authorization: authorizationFor(service) } });
    const campaigns = await asked('/v2/campaigns', 'connect-campaigns');
    assert.deepEqual([campaigns.status, campaigns.errorType], [501, 'OperationNotImplementedException']);
    assert.match(campaigns.body.Message, /"connect-campaigns".*docs\/compatibility\.md/);
    for (const [path, service] of [
      ['/tags/arn', 'connect-campaigns'],
      ['/instance', 'connect-campaigns'],
      ['/instance', 'servicequotas'],
    ] as const) {
      const answer = await asked(path, service);
      assert.deepEqual([answer.status, answer.errorType], [403, 'UnrecognizedClientException'], path);
      assert.match(answer.body.Message, new RegExp(`"${service}"`));
    }
    assert.equal(listed, 0);
  });

  it('takes any key while there is none, and the right signature once there is one', async () => {
    assert.equal((await ask(await open(), { path: '/instance' })).status, 200);
    const server = await open({ accessKeys: withKeys });
    await sdk(server).send(new ListInstancesCommand({}));
    assert.equal(listed, 2);

    const unsigned = await ask(server, { path: '/instance', headers: { 'x-amz-date': now() } });
    assert.equal(unsigned.status, 403);
    const wrongSecret = await refusalOf(
      sdk(server, { accessKeyId, secretAccessKey: 'wrong' }).send(new ListInstancesCommand({})),
    );
    assert.equal(wrongSecret.name, 'InvalidSignatureException');
    const unknownKey = await refusalOf(
      sdk(server, { accessKeyId: 'AKIDUNKNOWN', secretAccessKey }).send(new ListInstancesCommand({})),
    );
    assert.equal(unknownKey.name, 'UnrecognizedClientException');
    const otherRegion = await refusalOf(
      sdk(server, { accessKeyId, secretAccessKey }, 'eu-west-2').send(new ListInstancesCommand({})),
    );
    assert.equal(otherRegion.$metadata.httpStatusCode, 403);
    assert.equal(listed, 2);
  });

  it('keeps web pages of other sites out while there are no keys', async () => {
    const server = await open();
    for (const headers of [
      { host: 'evil.example' },
      { host: 'localhost.evil.example' },
      { host: '127.0.0.1.evil.example' },
      { host: '10.0.0.1' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://localhost.evil.example' },
    ]) {
      for (const path of ['/instance', '/health', '/metrics']) {
        const answer = await ask(server, { path, headers });
        assert.deepEqual(
          [answer.status, answer.errorType],
          [403, 'MissingAuthenticationTokenException'],
          JSON.stringify(headers),
        );
      }
    }
    assert.equal(listed, 0);
    for (const headers of [
      { host: 'localhost' },
      { host: `localhost:${server.port}` },
      { host: '127.0.0.1:1' },
      { host: '[::1]:8642' },
      { origin: 'http://localhost:5173' },
      { origin: 'http://127.0.0.1' },
    ]) {
      assert.equal((await ask(server, { path: '/instance', headers })).status, 200, JSON.stringify(headers));
    }
  });

  it('does not mind names and origins once there are keys: the signature covers them', async () => {
    const server = await open({ accessKeys: withKeys });
    const answer = await ask(server, { path: '/health', headers: { host: 'ringback.example' } });
    assert.equal(answer.status, 200);
  });
});

describe('http server › signed requests once there are keys', () => {
  const path = '/contact/outbound-voice';

  it('are judged by their signature, and served', async () => {
    const server = await open({ accessKeys: withKeys });
    const forged = await ask(server, { method: 'PUT', path, body: '{}' });
    assert.deepEqual([forged.status, forged.errorType], [403, 'InvalidSignatureException']);
    const { InstanceSummaryList } = await sdk(server).send(new ListInstancesCommand({}));
    assert.equal(InstanceSummaryList?.length, 1);
    assert.deepEqual(answered, [
      ['StartOutboundVoiceContact', 403],
      ['ListInstances', 200],
    ]);
  });

  it('may have a megabyte of body, and no more, whether they say so before or not', async () => {
    const server = await open({ accessKeys: withKeys });
    const megabyte = 'x'.repeat(1024 * 1024);
    assert.equal((await ask(server, { method: 'PUT', path, body: megabyte })).status, 403);
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      const answer = await ask(server, { method: 'PUT', path, body: `${megabyte}y`, headers });
      assert.deepEqual([answer.status, answer.errorType], [413, 'RequestEntityTooLargeException']);
      assert.equal(answer.headers.connection, 'close');
    }
  });

  it('of keys that nobody knows have no more than their head read, where their body is large', async () => {
    const { port } = await open({ accessKeys: withKeys });
    const signedBy = (id: string) =>
      `Authorization: AWS4-HMAC-SHA256 Credential=${id}/20261122/us-east-1/connect/aws4_request, ` +
      `SignedHeaders=host;x-amz-date, Signature=${'a'.repeat(64)}\r\nX-Amz-Date: 20261122T000000Z\r\n`;
    const large = `Content-Length: ${200 * 1024}`;
    for (const [line, head, error] of [
      ['PUT /contact/outbound-voice', `${signedBy('AKIDUNKNOWN')}${large}`, 'UnrecognizedClientException'],
      [
        'PUT /contact/outbound-voice',
        `${signedBy('AKIDUNKNOWN')}Transfer-Encoding: chunked`,
        'UnrecognizedClientException',
      ],
      ['PUT /elsewhere', `${signedBy('AKIDUNKNOWN')}${large}`, 'UnrecognizedClientException'],
      ['PUT /contact/outbound-voice', large, 'MissingAuthenticationTokenException'],
      ['POST /', large, 'MissingAuthenticationTokenException'],
    ] as const) {
      const socket = net.connect(port, '127.0.0.1');
      // The body never comes, and the answer does not wait for it.
      socket.write(
        `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${head}\r\n\r\n`,
      );
      const [answered] = await once(socket, 'data');
      socket.destroy();
      const answer = String(answered);
      assert.match(answer, /^HTTP\/1\.1 403 /, line);
      assert.match(answer.toLowerCase(), new RegExp(`x-amzn-errortype: ${error.toLowerCase()}`), line);
    }
  });

  it('share one connection', async () => {
    const server = await open({ accessKeys: withKeys });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    opened.push({ close: () => agent.destroy() });
    const sockets = new Set<unknown>();
    for (const n of [1, 2, 3]) {
      const answer = await ask(server, { method: 'PUT', path, body: `{"n":${n}}`, agent });
      assert.equal(answer.status, 403);
      sockets.add(answer.socket);
    }
    assert.equal(sockets.size, 1);
  });

  it('are forgotten when the client goes away in the middle', async () => {
    const server = await open({ accessKeys: withKeys });
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write(
      `PUT ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorizationFor('connect')}\r\ncontent-length: 99\r\n\r\n{`,
    );
    await ask(server, { path: '/health' });
    socket.destroy();
    await new Promise((resolve) => socket.once('close', resolve));
    await sdk(server).send(new ListInstancesCommand({}));
    assert.deepEqual(answered, [['ListInstances', 200]]);
  });

  it('leave other paths to whom they belong', async () => {
    const server = await open({ accessKeys: withKeys });
    assert.equal((await ask(server, { path: '/health' })).status, 200);
    assert.equal((await ask(server, { path: '/no/such/thing' })).status, 403);
    assert.equal((await ask(server, { path: '/contacts/%zz/x' })).status, 400);
  });
});

describe('http server › clients that would change the protocol', () => {
  // Java's HTTP client offers HTTP/2 on each connection; the offer may be ignored (RFC 9110 §7.8).
  const http2 = {
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': 'AAMAAABkAAQAAP__',
  };
  const agentDoor: Omit<AgentDoorDeps, 'logger'> = {
    sessions: { find: () => Promise.resolve(undefined) } as unknown as AgentDoorDeps['sessions'],
    agents: { find: () => Promise.resolve(undefined) },
    instances: () => Promise.resolve([]),
    openSocket: () => assert.fail('nobody is signed in'),
    transport: 'plain',
  };

  for (const accessKeys of [openToAnyone, withKeys]) {
    const keys = accessKeys.wasOpenToAnyone ? 'without keys' : 'with keys';
    it(`are answered in the one they speak, ${keys} › HTTP/2 offered`, async () => {
      const server = await open({ accessKeys, agentDoor: { ...agentDoor, logger: log.logger } });
      const health = await ask(server, { path: '/health', headers: http2 });
      assert.deepEqual([health.status, health.body], [200, { status: 'ok', database: 'ok' }]);
      const body = '{"InstanceId":"x"}';
      const start = { method: 'PUT', path: '/contact/outbound-voice', body };
      const offered = await ask(server, { ...start, headers: http2 });
      const plain = await ask(server, start);
      assert.deepEqual([offered.status, offered.errorType], [plain.status, plain.errorType]);
    });
  }

  it('are led to the agent socket if they ask for a WebSocket', async () => {
    const server = await open({ agentDoor: { ...agentDoor, logger: log.logger } });
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write(
      `GET ${agentSocketPath} HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n` +
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: ringback.agent.v1\r\n\r\n',
    );
    assert.match(await text(socket), /^HTTP\/1.1 401 .*Nobody is signed in here\.$/s);
  });
});

describe('http server › crowds', () => {
  const agentDoor: Omit<AgentDoorDeps, 'logger'> = {
    sessions: { find: () => Promise.resolve({}) } as unknown as AgentDoorDeps['sessions'],
    agents: { find: () => Promise.resolve(undefined) },
    instances: () => Promise.resolve([]),
    openSocket: () => undefined,
    transport: 'plain',
  };
  const warnings = () => log.lines.filter(({ level }) => level === levels.warn).map(({ msg }) => msg);

  /** A client that connects, says `words`, and then nothing more. */
  async function stranger(port: number, words = 'PUT /x HTTP/1.1\r\n', secure = false) {
    const socket = secure
      ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : net.connect(port, '127.0.0.1');
    let said = '';
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        said += data;
      });
    const closed = once(socket, 'close').then(() => said);
    await once(socket, secure ? 'secureConnect' : 'connect');
    await new Promise((resolve) => socket.write(words, resolve));
    opened.push({ close: () => void socket.destroy() });
    return { socket, closed, isOpen: () => !socket.destroyed };
  }

  it('make room for whoever comes, the silent longest first, and say so once', async () => {
    const server = await open({ ...limitedTo({ connections: 3 }) });
    const strangers = [await stranger(server.port), await stranger(server.port), await stranger(server.port)];
    await untilDefined(20_000, 'no such state', () =>
      server.held.connections.size === 3 ? true : undefined,
    );
    assert.equal((await ask(server, { path: '/health' })).status, 200);
    assert.equal((await ask(server, { path: '/health' })).status, 200);
    await Promise.all(strangers.slice(0, 1).map(({ closed }) => closed));
    assert.ok(strangers[2]?.isOpen());
    const latest = await stranger(server.port);
    await stranger(server.port);
    await strangers[1]?.closed;
    assert.ok(latest.isOpen());
    assert.equal(warnings().length, 1);
    assert.match(warnings()[0] ?? '', /^there are 3 HTTP connections: .*http\.connections/);
  });

  it('do not touch what waits for its answer, nor agents; where there is nothing else, who comes is told', async () => {
    const holding = Promise.withResolvers<Instance[]>();
    const begun = Promise.withResolvers<void>();
    listInstances = () => {
      begun.resolve();
      return holding.promise;
    };
    const server = await open({
      ...limitedTo({ connections: 2 }),
      agentDoor: { ...agentDoor, logger: log.logger },
    });
    const agent = await stranger(
      server.port,
      `GET ${agentSocketPath} HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        'cookie: ringback_session=known\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'sec-websocket-protocol: ringback.agent.v1\r\n\r\n',
    );
    await once(agent.socket, 'data');
    const underWay = ask(server, { path: '/instance' });
    await begun.promise;
    const refused = net.connect(server.port, '127.0.0.1');
    assert.match(await text(refused), /^HTTP\/1.1 503 .*ServiceUnavailableException/s);
    assert.equal(server.held.connections.cut, 1);
    holding.resolve([]);
    assert.equal((await underWay).status, 200);
    assert.ok(agent.isOpen());
    // The place that is free now is anybody's.
    assert.equal((await ask(server, { path: '/health' })).status, 200);
  });

  it('are counted the same over TLS, handshakes among them', async () => {
    const file = (name: string) => path.resolve(import.meta.dirname, '../../../sip/test/tls', name);
    const tlsFiles = { certFile: file('carrier.cert.pem'), keyFile: file('carrier.key.pem') };
    const server = await open({ ...limitedTo({ connections: 2, tls: tlsFiles }) });
    const plain = await stranger(server.port, '');
    const first = await stranger(server.port, 'GET /health HTTP/1.1\r\nHost: x\r\n', true);
    const second = await stranger(server.port, 'GET /health HTTP/1.1\r\nHost: x\r\n', true);
    await plain.closed;
    assert.equal(server.held.connections.size, 2);
    second.socket.write('\r\n');
    await once(second.socket, 'data');
    await stranger(server.port, 'x', true);
    await first.closed;
    assert.ok(second.isOpen());
  });

  for (const [how, accessKeys] of [
    ['taken directly', withKeys],
    ['taken through Fastify', openToAnyone],
  ] as const) {
    it(`of unfinished bodies fill so much memory and no more, and the first of them gives way › ${how}`, async () => {
      const server = await open({ ...limitedTo({ unprovenMegabytes: 2 }), accessKeys });
      const kilobytes = (count: number) => 'x'.repeat(count * 1024);
      const part = (size: number) =>
        'PUT /contact/outbound-voice HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n' +
        `Authorization: ${authorizationFor('connect')}\r\nX-Amz-Date: ${now()}\r\nContent-Length: ${1000 * 1024}\r\n\r\n${kilobytes(size)}`;
      const holds = (bytes: number) =>
        untilDefined(20_000, 'no such state', () => (server.held.bodies.bytes >= bytes ? true : undefined));
      const first = await stranger(server.port, part(900));
      await holds(900 * 1024);
      const second = await stranger(server.port, part(900));
      await holds(1800 * 1024);
      // Of those who hold nothing nobody is asked to give anything.
      const empty = await stranger(server.port, part(0));
      const third = await stranger(server.port, part(900));
      assert.match(await first.closed, /^HTTP\/1.1 503 .*ServiceUnavailableException/s);
      assert.ok(second.isOpen() && third.isOpen() && empty.isOpen());
      await holds(1800 * 1024);
      assert.ok(server.held.bodies.bytes <= 2 * 1024 * 1024);
      assert.equal(server.held.bodies.givenUp, 1);
      // Whoever sends at once is served beside them, as often as they like.
      for (const _ of [1, 2, 3]) {
        const answer = await ask(server, { method: 'PUT', path: '/contact/outbound-voice', body: '{}' });
        assert.equal(
          answer.errorType,
          accessKeys === withKeys ? 'InvalidSignatureException' : 'InvalidRequestException',
        );
      }
      assert.equal(warnings().length, 1);
      for (const { socket } of [second, third, empty]) socket.destroy();
      await untilDefined(20_000, 'no such state', () => (server.held.bodies.bytes === 0 ? true : undefined));
    });
  }
});

describe('http server › health, metrics, end', () => {
  it('tells how each part is, without a signature', async () => {
    const server = await open();
    const headers = { authorization: undefined };
    const well = await ask(server, { path: '/health', headers });
    assert.deepEqual([well.status, well.body], [200, { status: 'ok', database: 'ok' }]);
    isHealthy = false;
    const ill = await ask(server, { path: '/health', headers });
    assert.deepEqual([ill.status, ill.body], [503, { status: 'unavailable', database: 'unavailable' }]);
    const metrics = await ask(server, { path: '/metrics', headers });
    assert.deepEqual([metrics.status, metrics.text], [200, 'calls 1\n']);
    assert.equal(metrics.headers['content-type'], 'text/plain; version=0.0.4');
  });

  it('sends new requests elsewhere while it drains, and waits for those under way', async () => {
    const server = await open();
    const holding = Promise.withResolvers<Instance[]>();
    const begun = Promise.withResolvers<void>();
    listInstances = () => {
      begun.resolve();
      return holding.promise;
    };
    const underWay = ask(server, { path: '/instance' });
    await begun.promise;
    let isIdle = false;
    const draining = server.refuseNewRequests().then(() => {
      isIdle = true;
    });
    const late = await ask(server, { path: '/instance' });
    assert.deepEqual([late.status, late.errorType], [503, 'ServiceUnavailableException']);
    const health = await ask(server, { path: '/health' });
    assert.deepEqual([health.status, health.body], [503, { status: 'draining', database: 'ok' }]);
    assert.equal(isIdle, false);
    holding.resolve([]);
    assert.equal((await underWay).status, 200);
    await draining;
  });

  it('ends connections with the answers that are under way when it closes', async () => {
    const holding = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const server = await open({
      accessKeys: withKeys,
      authenticate: async () => {
        begun.resolve();
        await holding.promise;
        throw unrecognizedClientException('The access key of the request is not known here.');
      },
    });
    const agent = new http.Agent({ keepAlive: true });
    opened.push({ close: () => agent.destroy() });
    const underWay = ask(server, { path: '/instance', agent });
    await begun.promise;
    const closing = server.close();
    holding.resolve();
    const answer = await underWay;
    assert.deepEqual([answer.status, answer.headers.connection], [403, 'close']);
    await closing;
  });

  it('cuts off a client that never finishes its request when it closes', async () => {
    const server = await open();
    const socket = net.connect(server.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.write('PUT /contact/outbound-voice HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
    await ask(server, { path: '/health' });
    await server.close();
    await closed;
  });

  it('says what to do about a port that is taken', async () => {
    const { port } = await open();
    await assert.rejects(open({}, port), (error: unknown) => {
      assert.ok(error instanceof HttpPortUnavailable);
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}.*EADDRINUSE.*RINGBACK_HTTP_PORT`, 's'));
      return true;
    });
  });
});

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const atLoopback = { host: '127.0.0.1', port: 0, tls: undefined, connections: 100, unprovenMegabytes: 64 };

const limitedTo = (limits: Partial<HttpServerOptions['config']['http']>) => ({
  config: { http: { ...atLoopback, ...limits }, region: 'us-east-1' },
});

async function open(changes: Partial<HttpServerOptions> = {}, port = 0): Promise<HttpServer> {
  const accessKeys = changes.accessKeys ?? openToAnyone;
  const server = await openHttpServer({
    ...limitedTo({ port }),
    accessKeys,
    authenticate: openAuthentication({ accessKeys, clock: systemClock, region: 'us-east-1' }),
    audit: { record: () => Promise.resolve(), lost: 0, filesDeleted: 0, close: () => Promise.resolve() },
    api: {
      resources: {
        listInstances: () => {
          listed += 1;
          return listInstances();
        },
      },
    } as unknown as ApiDeps,
    clock: systemClock,
    logger: log.logger,
    health: async () => ({ ok: isHealthy, parts: { database: isHealthy ? 'ok' : 'unavailable' } }),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'calls 1\n' }),
    throttle: { ask: () => 'allowed' },
    throttled: () => undefined,
    answered: (operation, status) => void answered.push([operation, status]),
    observe: (entry) => void observed.push(entry),
    ...changes,
  });
  opened.push(server);
  return server;
}

function sdk(
  server: HttpServer,
  credentials = { accessKeyId, secretAccessKey },
  region = 'us-east-1',
): ConnectClient {
  const client = new ConnectClient({
    endpoint: `http://127.0.0.1:${server.port}`,
    region,
    credentials,
    maxAttempts: 1,
  });
  opened.push({ close: () => client.destroy() });
  return client;
}

async function refusalOf(sending: Promise<unknown>) {
  const error = await sending.then(
    () => assert.fail('it was answered'),
    (thrown: unknown) => thrown,
  );
  return error as Error & { $metadata: { httpStatusCode?: number; requestId?: string } };
}

const now = (): string => new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');

const authorizationFor = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${now().slice(0, 8)}/us-east-1/${service}/aws4_request, ` +
  `SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;

/**
 * Sends a request as it is given: `node:http` lets a test say any Host. Checks that an error is one that clients
 * can read.
 */
async function ask(
  server: HttpServer,
  request: {
    readonly method?: string;
    readonly path: string;
    readonly body?: string | Uint8Array;
    readonly headers?: Readonly<Record<string, string | undefined>>;
    readonly agent?: http.Agent;
  },
) {
  const given: Record<string, string | undefined> = {
    'x-amz-date': now(),
    authorization: authorizationFor('connect'),
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...request.headers,
  };
  const headers = Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const { method = 'GET', path, agent = false } = request;
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http
      .request({ host: '127.0.0.1', port: server.port, method, path, headers, agent }, resolve)
      .on('error', reject)
      .end(request.body);
  });
  const { socket } = response;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  const status = response.statusCode ?? 0;
  const isJson = response.headers['content-type']?.startsWith('application/json');
  const body = isJson ? JSON.parse(text) : undefined;
  const errorType = String(response.headers['x-amzn-errortype']);
  const requestId = String(response.headers['x-amzn-requestid']);
  if (status >= 400 && path !== '/health') {
    assert.match(errorType, /^[A-Za-z]+Exception$/, `${method} ${path}: ${text}`);
    assert.match(requestId, uuid);
    assert.equal(typeof body?.Message, 'string');
  }
  return { status, headers: response.headers, errorType, requestId, text, body, socket };
}
