// The whole contract with the official client on the other side: what the AWS SDK signs and sends over HTTP is
// verified, routed and read here, and what is written here comes back to it as typed output.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  ConnectClient,
  DescribeContactCommand,
  DescribeContactFlowCommand,
  ListQueuesCommand,
  ListTagsForResourceCommand,
  StartOutboundVoiceContactCommand,
  StopContactCommand,
  UntagResourceCommand,
  UpdateContactScheduleCommand,
  UpdateQueueStatusCommand,
} from '@aws-sdk/client-connect';
import {
  epochMs,
  errorResponse,
  isOperationName,
  matchRoute,
  type OperationName,
  type OperationOutput,
  readInput,
  SigningKeys,
  unknownOperationException,
  verifySigV4,
  writeOutput,
} from './index.ts';

type Seen = { readonly operation: OperationName; readonly input: unknown };

const SECRET = 'round-trip-secret';
const CALLED_AT = new Date('2026-11-22T05:58:16.250Z');
const signingKeys = new SigningKeys();
const seen: Seen[] = [];
let answer: unknown;

const server = createServer((request, response) => {
  serve(request).then(
    (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(body),
    (error: unknown) => {
      const { status, headers, body } = errorResponse(error, 'request-1');
      response.writeHead(status, headers).end(body);
    },
  );
});

async function serve(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { method = '', url = '', headers } = request;
  const verified = await verifySigV4(
    { method, url, headers, body },
    { secretFor: () => SECRET, nowMs: Date.now(), expectedService: 'connect', signingKeys },
  );
  if (verified.kind === 'refused') throw verified.error;
  const [path = '', rawQuery = ''] = url.split('?');
  const match = matchRoute(method, path);
  if (match === undefined || !isOperationName(match.operation)) throw unknownOperationException(method, path);
  const input = readInput(match.operation, {
    pathParameters: match.pathParameters,
    query: new URLSearchParams(rawQuery),
    body,
    contentType: headers['content-type'],
  });
  seen.push({ operation: match.operation, input });
  return writeOutput(match.operation, answer as OperationOutput<OperationName>);
}

describe('the AWS SDK as client', () => {
  let client: ConnectClient;

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = clientWith(SECRET);
  });

  after(() => {
    client.destroy();
    server.close();
  });

  function clientWith(secretAccessKey: string): ConnectClient {
    return new ConnectClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey, sessionToken: 'session' },
      maxAttempts: 1,
    });
  }

  function lastSeen(): Seen {
    return seen.at(-1) ?? assert.fail('nothing arrived');
  }

  test('StartOutboundVoiceContact arrives with a generated ClientToken, and its ContactId comes back', async () => {
    answer = { ContactId: 'contact-1' };
    const output = await client.send(
      new StartOutboundVoiceContactCommand({
        DestinationPhoneNumber: '+12065550100',
        ContactFlowId: 'flow',
        InstanceId: 'instance',
        Name: 'Grüße 😀',
        Attributes: { k: 'v' },
      }),
    );
    assert.equal(output.ContactId, 'contact-1');
    const { operation, input } = lastSeen();
    assert.equal(operation, 'StartOutboundVoiceContact');
    const { ClientToken, Name } = input as { ClientToken: string; Name: string };
    assert.match(ClientToken, /^[0-9a-f-]{36}$/);
    assert.equal(Name, 'Grüße 😀');
  });

  test('labels and queries arrive decoded', async () => {
    const resourceArn = 'arn:aws:connect:us-east-1:000000000000:instance/i/queue/q';
    answer = { tags: { team: 'a b' } };
    const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn }));
    assert.deepEqual(tags, { team: 'a b' });
    assert.deepEqual(lastSeen().input, { resourceArn });

    answer = undefined;
    await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['b c', 'a', 'ü+'] }));
    assert.deepEqual(lastSeen().input, { resourceArn, tagKeys: ['b c', 'a', 'ü+'] });

    answer = { ContactFlow: { Content: '{}' } };
    await client.send(new DescribeContactFlowCommand({ InstanceId: 'i', ContactFlowId: 'f:$SAVED' }));
    assert.deepEqual(lastSeen().input, { InstanceId: 'i', ContactFlowId: 'f:$SAVED' });

    answer = { QueueSummaryList: [] };
    await client.send(
      new ListQueuesCommand({
        InstanceId: "i!'()*~",
        QueueTypes: ['STANDARD', 'AGENT'],
        MaxResults: 5,
        NextToken: 'a/+=',
      }),
    );
    assert.deepEqual(lastSeen().input, {
      InstanceId: "i!'()*~",
      QueueTypes: ['STANDARD', 'AGENT'],
      NextToken: 'a/+=',
      MaxResults: 5,
    });
  });

  test('times go as seconds in both directions', async () => {
    answer = {};
    await client.send(
      new UpdateContactScheduleCommand({ InstanceId: 'i', ContactId: 'c', ScheduledTime: CALLED_AT }),
    );
    const { ScheduledTime } = lastSeen().input as { ScheduledTime: number };
    assert.ok(Math.abs(ScheduledTime - CALLED_AT.getTime() / 1000) < 1);

    answer = {
      Contact: { InitiationTimestamp: CALLED_AT, DisconnectTimestamp: epochMs(CALLED_AT.getTime()) },
    };
    const { Contact } = await client.send(new DescribeContactCommand({ InstanceId: 'i', ContactId: 'c' }));
    assert.deepEqual(Contact?.InitiationTimestamp, CALLED_AT);
    assert.deepEqual(Contact?.DisconnectTimestamp, CALLED_AT);
  });

  test('operations without output and with an empty one are understood', async () => {
    answer = undefined;
    await client.send(new UpdateQueueStatusCommand({ InstanceId: 'i', QueueId: 'q', Status: 'ENABLED' }));
    answer = {};
    await client.send(new StopContactCommand({ InstanceId: 'i', ContactId: 'c' }));
    assert.deepEqual(lastSeen(), { operation: 'StopContact', input: { ContactId: 'c', InstanceId: 'i' } });
  });

  test('a wrong secret and a value outside its limits come back under their names', async () => {
    const stranger = clientWith('wrong');
    const command = new StopContactCommand({ InstanceId: 'i', ContactId: 'c' });
    await assert.rejects(stranger.send(command), { name: 'InvalidSignatureException' });
    stranger.destroy();
    const tooLong = new StopContactCommand({ InstanceId: 'i'.repeat(101), ContactId: 'c' });
    await assert.rejects(client.send(tooLong), {
      name: 'InvalidParameterException',
      message: /'instanceId'/,
    });
  });
});
