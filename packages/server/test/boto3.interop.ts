/** Interoperation: Debian's boto3 against the service, the README's lines first, then exception classes, tokens, pages and retries. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { StopContactCommand } from '@aws-sdk/client-connect';
import { readmeEndpoint, readmeExample, runDebianProgram } from './support/debian-program.ts';
import { linesOf, startTestService, type TestService } from './support/test-service.ts';

const nobody = '00000000-0000-4000-8000-000000000000';

/** Runs lines of Python and gives what they print. */
async function python(code: string): Promise<string> {
  const run = await runDebianProgram('/usr/bin/python3', ['-'], { env: {}, input: code });
  assert.equal(run.status, 0, run.complaint);
  return run.output;
}

/** What `code` gives to `show`, with a client and the ids of what the emulator starts with. */
async function shown(ringback: TestService, code: string): Promise<unknown> {
  const output = await python(`
import json, threading, boto3
from botocore.config import Config
from botocore.exceptions import ClientError

def client(**settings):
    return boto3.client("connect", endpoint_url="${ringback.service.url}", region_name="us-east-1",
                        aws_access_key_id="any", aws_secret_access_key="any", config=Config(**settings))

def show(value):
    print(json.dumps(value))

connect = client()
instance, queue = "${ringback.instanceId}", "${ringback.queueId}"
flow = connect.list_contact_flows(InstanceId=instance)["ContactFlowSummaryList"][0]["Id"]

def start(number="+12065550120", client=connect, **more):
    members = dict(InstanceId=instance, QueueId=queue, ContactFlowId=flow, DestinationPhoneNumber=number)
    return client.start_outbound_voice_contact(**{**members, **more})["ContactId"]

${code}`);
  return JSON.parse(output) as unknown;
}

describe('boto3', () => {
  let ringback: TestService;

  before(async () => {
    ringback = await startTestService();
  });

  after(() => ringback?.close());

  it("runs the README's lines as they are › the phone is busy", async () => {
    const code = readmeExample('python', 'start_outbound_voice_contact').replace(
      readmeEndpoint,
      ringback.service.url,
    );
    assert.ok(code.includes(ringback.service.url), 'the README names the endpoint that the service has');
    const contactId = (await python(code)).trim();
    assert.equal((await ringback.ended(contactId)).DisconnectReason, 'TELECOM_BUSY');
  });

  it('refusals › raise the exception classes of the service, without a retry', async () => {
    const [refusals, problems] = (await shown(
      ringback,
      `
broken = '{"Version":"2019-10-30","StartAction":"nowhere","Actions":[]}'
cases = {
    "a closed prefix": lambda: start("+447700900123"),
    "a country that is not open": lambda: start("+33123456789"),
    "an emergency number": lambda: start("+1911"),
    "a number without +": lambda: start("2065550120"),
    "a number that is too short": lambda: start("+120655"),
    "an unknown flow": lambda: start(ContactFlowId="${nobody}"),
    "an unknown queue": lambda: start(QueueId="${nobody}"),
    "an unknown instance": lambda: start(InstanceId="${nobody}"),
    "a caller ID of others": lambda: start(SourcePhoneNumber="+12065550000"),
    "attributes that are too long": lambda: start(Attributes={"a": "x" * 32769}),
    "campaign traffic without quota": lambda: start(TrafficType="CAMPAIGN"),
    "detection for a general call": lambda: start(AnswerMachineDetectionConfig={"EnableAnswerMachineDetection": True}),
    "a flow document with a mistake": lambda: connect.create_contact_flow(
        InstanceId=instance, Name="Broken", Type="CONTACT_FLOW", Content=broken),
    "a name that is taken": lambda: connect.create_contact_flow(
        InstanceId=instance, Name="Sample greeting", Type="CONTACT_FLOW",
        Content=connect.describe_contact_flow(InstanceId=instance, ContactFlowId=flow)["ContactFlow"]["Content"]),
    "a token that no page gave out": lambda: connect.list_queues(InstanceId=instance, NextToken="mine"),
    "an unknown contact": lambda: connect.describe_contact(InstanceId=instance, ContactId="${nobody}"),
    "a contact to stop that is unknown": lambda: connect.stop_contact(InstanceId=instance, ContactId="${nobody}"),
}
found = {}
for title, call in cases.items():
    try:
        found[title] = call()
    except ClientError as error:
        answer = error.response["ResponseMetadata"]
        found[title] = [type(error).__name__, answer["HTTPStatusCode"], answer["RetryAttempts"]]
        if "problems" in error.response: problems = error.response["problems"]
show([found, problems])`,
    )) as [unknown, { message: string }[]];
    assert.match(problems.map((problem) => problem.message).join(), /nowhere/, 'the mistakes are listed');
    assert.deepEqual(refusals, {
      'a closed prefix': ['DestinationNotAllowedException', 403, 0],
      'a country that is not open': ['DestinationNotAllowedException', 403, 0],
      'an emergency number': ['DestinationNotAllowedException', 403, 0],
      'a number without +': ['InvalidParameterException', 400, 0],
      'a number that is too short': ['InvalidParameterException', 400, 0],
      'an unknown flow': ['ResourceNotFoundException', 404, 0],
      'an unknown queue': ['ResourceNotFoundException', 404, 0],
      'an unknown instance': ['ResourceNotFoundException', 404, 0],
      'a caller ID of others': ['InvalidParameterException', 400, 0],
      'attributes that are too long': ['InvalidParameterException', 400, 0],
      'campaign traffic without quota': ['OutboundContactNotPermittedException', 403, 0],
      'detection for a general call': ['InvalidParameterException', 400, 0],
      'a flow document with a mistake': ['InvalidContactFlowException', 400, 0],
      'a name that is taken': ['DuplicateResourceException', 409, 0],
      'a token that no page gave out': ['InvalidParameterException', 400, 0],
      'an unknown contact': ['ResourceNotFoundException', 404, 0],
      'a contact to stop that is unknown': ['ContactNotFoundException', 410, 0],
    });
  });

  it('twenty threads with one ClientToken › one contact, one INVITE', async () => {
    const number = '+12065550188';
    const ids = (await shown(
      ringback,
      `
ids = []
threads = [threading.Thread(target=lambda: ids.append(start("${number}", client=client(), ClientToken="once")))
           for _ in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
show(ids)`,
    )) as string[];
    assert.equal(ids.length, 20);
    assert.equal(new Set(ids).size, 1);
    await ringback.ended(ids[0] ?? '');
    const invites = linesOf(path.join(ringback.dataDir, 'carrier', 'invites.jsonl'));
    assert.equal(invites.filter((line) => line.kind === 'invite' && line.to === number).length, 1);
  });

  it('pages › the paginator gives each flow once', async () => {
    const [pages, all] = (await shown(
      ringback,
      `
pages = connect.get_paginator("list_contact_flows").paginate(InstanceId=instance, PaginationConfig={"PageSize": 1})
show([[[flow["Id"] for flow in page["ContactFlowSummaryList"]] for page in pages],
      [flow["Id"] for flow in connect.list_contact_flows(InstanceId=instance)["ContactFlowSummaryList"]]])`,
    )) as [string[][], string[]];
    assert.deepEqual(
      pages,
      all.map((id) => [id]),
    );
  });
});

describe('boto3 with one call slot', () => {
  let ringback: TestService;

  before(async () => {
    ringback = await startTestService('quotas: { concurrentActiveCalls: 1 }');
  });

  after(() => ringback?.close());

  it('retries mode standard › three tries, LimitExceededException; the token is good once the slot is free', async () => {
    const [holder, limited] = (await shown(
      ringback,
      `
standard = client(retries={"mode": "standard"})
holder = start("+12065550121")
try:
    start(client=standard, ClientToken="later")
except standard.exceptions.LimitExceededException as error:
    answer = error.response["ResponseMetadata"]
    show([holder, [answer["HTTPStatusCode"], answer["RetryAttempts"]]])`,
    )) as [string, unknown];
    assert.deepEqual(limited, [429, 2]);
    await ringback.client.send(
      new StopContactCommand({ InstanceId: ringback.instanceId, ContactId: holder }),
    );
    await ringback.ended(holder);
    const again = (await shown(ringback, 'show(start(ClientToken="later"))')) as string;
    assert.notEqual(again, holder);
    assert.equal((await ringback.ended(again)).DisconnectReason, 'TELECOM_BUSY');
  });
});
