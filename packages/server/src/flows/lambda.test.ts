// Where a Lambda function's name leads.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { LambdaRequest } from '@ringback/flow';
import { type Clock, systemClock } from '../clock.ts';
import { openLambda } from './lambda.ts';

describe('lambda', () => {
  let server: Server;
  let url: string;
  const asked: string[] = [];
  /** So many answers more say that the function failed. */
  let failures = 0;
  /** Answers of the slow function, which are sent when they are called. */
  const held: (() => void)[] = [];

  before(async () => {
    process.env.AWS_ACCESS_KEY_ID = 'AKIDTEST';
    process.env.AWS_SECRET_ACCESS_KEY = 'not-a-secret';
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (failures > 0) response.setHeader('x-amz-function-error', 'Unhandled');
      const answer = failures > 0 ? '{"errorMessage":"out of order"}' : '{"done":true}';
      failures -= 1;
      request.resume().on('end', () => {
        if (request.url === '/slow') held.push(() => response.end(answer));
        else response.end(answer);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(() => {
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
    server.close();
    server.closeAllConnections();
  });

  /** Waits for nothing. */
  const hasty: Clock = { ...systemClock, setTimeout: (task) => systemClock.setTimeout(task, 0) };
  /** Waits for ever. */
  const patient: Clock = { ...systemClock, setTimeout: () => undefined };

  async function invoke(name: string, more: Partial<LambdaRequest> = {}): Promise<string> {
    const lambda = openLambda(
      { endpoint: url, functions: { mine: `${url}/mine` }, region: 'us-east-1' },
      hasty,
    );
    const request = {
      functionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      event: {},
      invocation: 'synchronous',
      timeLimitMs: 60_000,
      ...more,
    } as unknown as LambdaRequest;
    try {
      return await lambda.invoke(request, new AbortController().signal);
    } finally {
      lambda.close();
    }
  }

  function asynchronous(name: string): LambdaRequest {
    return {
      functionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      event: { Name: 'ContactFlowEvent', Details: { Parameters: {}, ContactData: {} } },
      invocation: 'asynchronous',
      timeLimitMs: 8_000,
    };
  }

  async function pathAsked(name: string): Promise<string> {
    assert.equal(await invoke(name), '{"done":true}');
    return asked.at(-1) ?? '';
  }

  it('a mapped name is asked at its URL, any other at the endpoint, whatever objects are made of', async () => {
    assert.equal(await pathAsked('mine'), '/mine');
    for (const name of ['other', 'constructor', 'toString', '__proto__']) {
      assert.match(await pathAsked(name), /^\/2015-03-31\/functions\/.*\/invocations/, name);
    }
  });

  it('a function that no URL is named for says where it was asked, and what names one', async () => {
    failures = 9;
    await assert.rejects(
      invoke('other'),
      new RegExp(`out of order"} \\(asked of ${url}; lambda\\.functions`),
    );
    failures = 9;
    await assert.rejects(invoke('mine'), /out of order"}$/);
    failures = 0;
  });

  it('a function that fails is asked again, three times at most; what it failed with is told', async () => {
    for (const name of ['mine', 'other']) {
      failures = 3;
      assert.equal(await invoke(name), '{"done":true}');
      failures = 9;
      await assert.rejects(invoke(name), /out of order/);
      assert.equal(failures, 5, 'four calls');
    }
  });

  it('a function that is called asynchronously may refuse at once, and is not asked again', async () => {
    const lambda = openLambda(
      { endpoint: undefined, functions: { mine: `${url}/mine` }, region: 'r' },
      patient,
    );
    failures = 1;
    await assert.rejects(lambda.invoke(asynchronous('mine'), new AbortController().signal), /out of order/);
    assert.equal(failures, 0, 'one call');
    lambda.close();
  });

  it('nobody waits for what a function does that is called asynchronously; what it fails with later is told', async () => {
    const told = Promise.withResolvers<string>();
    const lambda = openLambda(
      { endpoint: undefined, functions: { slow: `${url}/slow` }, region: 'r' },
      hasty,
      (functionArn, why) => told.resolve(`${functionArn} ${why}`),
    );
    failures = 1;
    const hangUp = new AbortController();
    assert.equal(await lambda.invoke(asynchronous('slow'), hangUp.signal), '');
    hangUp.abort();
    while (held.length === 0) await new Promise(setImmediate);
    held.pop()?.();
    assert.match(await told.promise, /function:slow .*out of order/);
    lambda.close();
  });
});
