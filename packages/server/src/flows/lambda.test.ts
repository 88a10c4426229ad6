// Where a Lambda function's name leads.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { LambdaRequest } from '@ringback/flow';
import { systemClock } from '../clock.ts';
import { openLambda } from './lambda.ts';

describe('lambda', () => {
  let server: Server;
  let url: string;
  const asked: string[] = [];
  /** So many answers more say that the function failed. */
  let failures = 0;

  before(async () => {
    process.env.AWS_ACCESS_KEY_ID = 'AKIDTEST';
    process.env.AWS_SECRET_ACCESS_KEY = 'not-a-secret';
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (failures > 0) response.setHeader('x-amz-function-error', 'Unhandled');
      const answer = failures > 0 ? '{"errorMessage":"out of order"}' : '{"done":true}';
      failures -= 1;
      request.resume().on('end', () => response.end(answer));
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

  async function invoke(name: string, more: Partial<LambdaRequest> = {}): Promise<string> {
    const lambda = openLambda(
      { endpoint: url, functions: { mine: `${url}/mine` }, region: 'us-east-1' },
      { ...systemClock, setTimeout: (task) => systemClock.setTimeout(task, 0) },
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
    failures = 1;
    await assert.rejects(invoke('mine', { invocation: 'asynchronous' }), /out of order/);
    assert.equal(failures, 0, 'nobody waits for its answer');
  });
});
