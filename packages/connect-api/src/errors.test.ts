import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { ConnectClient, StartOutboundVoiceContactCommand } from '@aws-sdk/client-connect';
import * as errors from './errors.ts';
import { ApiError, errorResponse } from './errors.ts';
import { modelledErrors } from './modelled-errors.ts';

const REQUEST_ID = '11111111-2222-3333-4444-555555555555';

describe('errorResponse', () => {
  test('answers name, request id and capital Message', () => {
    const response = errorResponse(errors.destinationNotAllowedException('not there'), REQUEST_ID);
    assert.deepEqual(response, {
      status: 403,
      headers: {
        'content-type': 'application/json',
        'x-amzn-errortype': 'DestinationNotAllowedException',
        'x-amzn-requestid': REQUEST_ID,
      },
      body: '{"Message":"not there"}',
    });
  });

  test('adds the members that an error has of its own, spelled as on the wire', () => {
    const problems = [{ message: 'no start action' }];
    const bodyOf = (error: ApiError) => JSON.parse(errorResponse(error, REQUEST_ID).body);
    assert.deepEqual(bodyOf(errors.invalidContactFlowException(problems)).problems, problems);
    assert.deepEqual(bodyOf(errors.invalidContactFlowModuleException(problems)).Problems, problems);
    assert.deepEqual(
      bodyOf(errors.resourceInUseException('in use', { ResourceType: 'USER', ResourceId: 'u' })),
      { Message: 'in use', ResourceType: 'USER', ResourceId: 'u' },
    );
  });

  test('says nothing of an internal error’s cause', () => {
    const causes = [
      new Error('password in SQL'),
      'password',
      undefined,
      errors.internalServiceException(new Error('password')),
    ];
    for (const cause of causes) {
      const response = errorResponse(cause, REQUEST_ID);
      assert.equal(response.status, 500);
      assert.equal(response.headers['x-amzn-errortype'], 'InternalServiceException');
      assert.doesNotMatch(response.body, /password/);
    }
    const kept = errors.internalServiceException(new Error('password'));
    assert.ok(kept.cause instanceof Error, 'the log still gets the cause');
  });

  test('never uses a body key that clients take for the error name', () => {
    for (const error of everyError()) {
      const keys = Object.keys(JSON.parse(errorResponse(error, REQUEST_ID).body)).map((key) =>
        key.toLowerCase(),
      );
      assert.ok(!keys.includes('code') && !keys.includes('__type'), error.name);
    }
  });

  test('makes pieces of the request safe to repeat', () => {
    const { message } = errors.unknownOperationException('GET', `/${'x'.repeat(5000)}\u0000\r\n`);
    assert.ok(message.length < 300);
    assert.match(message, /^[\x20-\x7e…]+$/);
  });
});

describe('error factories', () => {
  test('exist for every error of the model', () => {
    const made = new Set(everyError().map(({ name }) => name));
    const missing = Object.keys(modelledErrors).filter((name) => !made.has(name as ApiError['name']));
    assert.deepEqual(missing, []);
  });

  test('name the operation and the page when an operation is not implemented', () => {
    const error = errors.operationNotImplementedException('CreateRule', 'docs/compatibility.md');
    assert.equal(error.httpStatus, 501);
    assert.match(error.message, /CreateRule .*docs\/compatibility\.md/);
  });
});

describe('errors as the AWS SDK reads them', () => {
  test('carry name, status and message, and only throttling and failures are retried', async (context) => {
    let next = errors.invalidRequestException('');
    let tries = 0;
    const server = createServer((request, response) => {
      request.resume();
      tries += 1;
      const { status, headers, body } = errorResponse(next, REQUEST_ID);
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const client = new ConnectClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      maxAttempts: 2,
    });
    context.after(() => client.destroy());

    const retried = [
      'LimitExceededException',
      'TooManyRequestsException',
      'InternalServiceException',
      'ServiceUnavailableException',
    ];
    for (const error of [
      errors.destinationNotAllowedException('no'),
      errors.limitExceededException('busy'),
      errors.tooManyRequestsException('slow down'),
      errors.internalServiceException(),
      errors.serviceUnavailableException('draining'),
      errors.operationNotImplementedException('CreateRule', 'docs/compatibility.md'),
      errors.contactNotFoundException('gone'),
      errors.serializationException('not JSON'),
    ]) {
      next = error;
      tries = 0;
      const command = new StartOutboundVoiceContactCommand({
        DestinationPhoneNumber: '+12065550100',
        ContactFlowId: 'f',
        InstanceId: 'i',
      });
      const seen: unknown = await client.send(command).then(
        () => assert.fail('the call succeeded'),
        (reason: unknown) => reason,
      );
      assert.ok(seen instanceof Error);
      assert.equal(seen.name, error.name);
      assert.equal(seen.message, error.message);
      const metadata = (seen as { $metadata?: { httpStatusCode?: number; requestId?: string } }).$metadata;
      assert.equal(metadata?.httpStatusCode, error.httpStatus);
      assert.equal(metadata?.requestId, REQUEST_ID);
      assert.equal(tries, retried.includes(error.name) ? 2 : 1, `tries on ${error.name}`);
    }
  });
});

function everyError(): readonly ApiError[] {
  const made: ApiError[] = [];
  for (const [name, factory] of Object.entries(errors)) {
    if (!name.endsWith('Exception') || typeof factory !== 'function') continue;
    const argument = name.startsWith('invalidContactFlow') ? [] : 'text';
    const error: unknown = Reflect.apply(factory, undefined, [argument, 'more']);
    assert.ok(error instanceof ApiError, name);
    made.push(error);
  }
  return made;
}
