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

  before(async () => {
    process.env.AWS_ACCESS_KEY_ID = 'AKIDTEST';
    process.env.AWS_SECRET_ACCESS_KEY = 'not-a-secret';
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      request.resume().on('end', () => response.end('{"done":true}'));
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

  async function pathAsked(name: string): Promise<string> {
    const lambda = openLambda(
      { endpoint: url, functions: { mine: `${url}/mine` }, region: 'us-east-1' },
      systemClock,
    );
    const request = {
      functionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      event: {},
      invocation: 'synchronous',
      timeLimitMs: 8_000,
    } as unknown as LambdaRequest;
    try {
      assert.equal(await lambda.invoke(request, new AbortController().signal), '{"done":true}');
    } finally {
      lambda.close();
    }
    return asked.at(-1) ?? '';
  }

  it('a mapped name is asked at its URL, any other at the endpoint, whatever objects are made of', async () => {
    assert.equal(await pathAsked('mine'), '/mine');
    for (const name of ['other', 'constructor', 'toString', '__proto__']) {
      assert.match(await pathAsked(name), /^\/2015-03-31\/functions\/.*\/invocations/, name);
    }
  });
});
