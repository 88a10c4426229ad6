// Lambda calls: the event, the answer, the limits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContactFlowState, createFlowData } from '../../../src/contact-flow-state.ts';
import { done, failed, type LambdaRequest } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';
import { around, documentOf, run } from '../../scripted-host.ts';

const CALL = { LambdaFunctionARN: 'arn:aws:lambda:us-east-1:1:function:f', InvocationTimeLimitSeconds: '3' };
const NME = { Errors: ['NoMatchingError'] };
const answering = (payload: string) => ({ host: { invokeLambda: () => Promise.resolve(done(payload)) } });
const external = (expected: unknown) => (ran: { state: { data: { external: unknown } } }) =>
  assert.deepEqual(ran.state.data.external, expected);
const JSON_ANSWER = { ResponseValidation: { ResponseType: 'JSON' } };

testAction('InvokeLambdaFunction', [
  {
    name: 'keeps a flat answer as text',
    Parameters: CALL,
    ...NME,
    script: answering('{"a":"x","n":5,"b":true,"z":null}'),
    goesTo: 'next',
    also: external({ a: 'x', n: '5', b: 'true', z: null }),
    logs: [
      ['InvokeExternalResource', { FunctionArn: CALL.LambdaFunctionARN, Parameters: {}, TimeLimit: '3000' }],
    ],
  },
  {
    name: 'refuses a nested answer',
    Parameters: CALL,
    ...NME,
    script: answering('{"a":{}}'),
    goesTo: 'NoMatchingError',
    also: external(undefined),
  },
  {
    name: 'takes a nested answer as JSON',
    Parameters: { ...CALL, ...JSON_ANSWER },
    ...NME,
    script: answering('{"a":{"b":[1]}}'),
    goesTo: 'next',
    also: external({ a: { b: [1] } }),
  },
  ...['[]', '"x"', 'null', 'not json', ''].map((payload) => ({
    name: `refuses the answer ${JSON.stringify(payload)}`,
    Parameters: { ...CALL, ...JSON_ANSWER },
    ...NME,
    script: answering(payload),
    goesTo: 'NoMatchingError',
  })),
  {
    name: 'refuses more than 32 KB',
    Parameters: CALL,
    ...NME,
    script: answering(JSON.stringify({ a: 'x'.repeat(32_761) })),
    goesTo: 'NoMatchingError',
    detail: /at most 32768/,
  },
  {
    name: 'takes exactly 32 KB',
    Parameters: CALL,
    ...NME,
    script: answering(JSON.stringify({ a: 'x'.repeat(32_760) })),
    goesTo: 'next',
  },
  {
    name: 'a function that fails leaves no earlier answer behind',
    Parameters: CALL,
    ...NME,
    script: {
      host: { invokeLambda: () => failed('Unhandled') },
      state: { ...createContactFlowState(), data: { ...createFlowData(), external: { old: '1' } } },
    },
    goesTo: 'NoMatchingError',
    also: external(undefined),
  },
  {
    name: 'a function that never answers takes the error branch after its time',
    Parameters: CALL,
    ...NME,
    script: { host: { invokeLambda: () => new Promise(() => undefined) } },
    goesTo: 'NoMatchingError',
    elapsedMs: 3_000,
  },
  {
    name: 'longer time limits of old exports are cut to eight seconds',
    Parameters: { ...CALL, InvocationTimeLimitSeconds: '30' },
    ...NME,
    script: { host: { invokeLambda: () => new Promise(() => undefined) } },
    goesTo: 'NoMatchingError',
    elapsedMs: 8_000,
  },
  {
    name: 'a host that throws takes the error branch',
    Parameters: CALL,
    ...NME,
    script: {
      host: {
        invokeLambda: () => {
          throw new Error('boom');
        },
      },
    },
    goesTo: 'NoMatchingError',
    note: /threw: boom/,
  },
  {
    name: 'an asynchronous call goes on and keeps nothing',
    Parameters: { ...CALL, InvocationType: 'ASYNCHRONOUS' },
    ...NME,
    script: answering(''),
    goesTo: 'next',
    also: external(undefined),
  },
  {
    name: 'its answer is dropped after a hang-up',
    Parameters: CALL,
    ...NME,
    script: { hangUpAtMs: 500, host: { invokeLambda: () => new Promise(() => undefined) } },
    goesTo: '(aborted)',
    elapsedMs: 500,
  },
  {
    name: 'takes the error branch where there are no functions',
    Parameters: CALL,
    ...NME,
    goesTo: 'NoMatchingError',
    note: /cannot do invokeLambda/,
  },
]);

test('InvokeLambdaFunction › sends the event of Amazon Connect', async () => {
  const requests: LambdaRequest[] = [];
  const flow = around({
    Type: 'InvokeLambdaFunction',
    Parameters: {
      ...CALL,
      LambdaFunctionARN: '$.Attributes.arn',
      LambdaInvocationAttributes: { said: 'I am $.Attributes.name', 'on_$.Channel': '$.StoredCustomerInput' },
    },
  });
  await run(flow, {
    contact: {
      attributes: new Map([
        ['arn', 'f-1'],
        ['name', 'Ann'],
      ]),
      segmentAttributes: new Map([['connect:Subtype', { ValueString: 'connect:Telephony' }]]),
      references: new Map([['link', { type: 'URL', value: 'https://x' }]]),
      tags: new Map([['aws:connect:instanceId', 'i']]),
      queue: { arn: 'q-arn', name: 'Q' },
    },
    host: {
      invokeLambda: (request) => {
        requests.push(request);
        return done('{}');
      },
    },
  });
  const contactId = '11111111-1111-4111-8111-111111111111';
  assert.equal(requests[0]?.functionArn, 'f-1');
  assert.deepEqual(requests[0]?.event, {
    Name: 'ContactFlowEvent',
    Details: {
      Parameters: { said: 'I am Ann', on_VOICE: null },
      ContactData: {
        Attributes: { arn: 'f-1', name: 'Ann' },
        AwsRegion: 'us-east-1',
        Channel: 'VOICE',
        ContactId: contactId,
        CustomerEndpoint: { Address: '+12065550100', Type: 'TELEPHONE_NUMBER' },
        CustomerId: null,
        Description: null,
        InitialContactId: contactId,
        InitiationMethod: 'API',
        InstanceARN: 'arn:aws:connect:us-east-1:000000000000:instance/22222222-2222-4222-8222-222222222222',
        LanguageCode: 'en-US',
        MediaStreams: { Customer: { Audio: null } },
        Name: null,
        PreviousContactId: contactId,
        Queue: { ARN: 'q-arn', Name: 'Q', OutboundCallerId: null },
        References: { link: { Type: 'URL', Value: 'https://x' } },
        RelatedContactId: null,
        SegmentAttributes: { 'connect:Subtype': { ValueString: 'connect:Telephony' } },
        SystemEndpoint: { Address: '+12065550199', Type: 'TELEPHONE_NUMBER' },
        Tags: { 'aws:connect:instanceId': 'i' },
      },
    },
  });
});

test('InvokeLambdaFunction › passes on what the function before it answered', async () => {
  const flow = around({
    Type: 'InvokeLambdaFunction',
    Parameters: {
      ...CALL,
      LambdaFunctionARN: '$.External.next',
      LambdaInvocationAttributes: { a: '$.External.a' },
    },
  });
  const requests: LambdaRequest[] = [];
  const ran = await run(flow, {
    state: { ...createContactFlowState(), data: { ...createFlowData(), external: { next: 'f-2', a: 'A' } } },
    host: {
      invokeLambda: (request) => {
        requests.push(request);
        return done('{}');
      },
    },
  });
  assert.equal(requests[0]?.functionArn, 'f-2');
  assert.deepEqual(requests[0]?.event.Details.Parameters, { a: 'A' });
  assert.deepEqual(ran.state.data.external, {});
});

test('InvokeLambdaFunction › callers hear nothing for at most twenty seconds of functions in a row', async () => {
  const lambda = (next: string) => ({
    Type: 'InvokeLambdaFunction',
    Parameters: { ...CALL, InvocationTimeLimitSeconds: '8' },
    Transitions: { NextAction: next, Errors: [{ ErrorType: 'NoMatchingError', NextAction: next }] },
  });
  const flow = documentOf({
    a: lambda('b'),
    b: lambda('c'),
    c: lambda('d'),
    d: lambda('hello'),
    hello: { Type: 'MessageParticipant', Parameters: { Text: 'x' }, Transitions: { NextAction: 'e' } },
    e: lambda('end'),
    end: { Type: 'EndFlowExecution' },
  });
  const ran = await run(flow, { host: { invokeLambda: () => new Promise(() => undefined) } });
  assert.equal(ran.elapsedMs, 8_000 + 8_000 + 4_000 + 0 + 1_000 + 8_000);
});
