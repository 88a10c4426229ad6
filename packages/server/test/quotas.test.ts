/** Throttling, quotas, caps and the kill switch, over HTTP with the official SDKs, and `ringback quotas` and `dialling`. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  ConnectClient,
  DescribeContactCommand,
  ListInstancesCommand,
  StartOutboundVoiceContactCommand,
} from '@aws-sdk/client-connect';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetRequestedServiceQuotaChangeCommand,
  GetServiceQuotaCommand,
  ListAWSDefaultServiceQuotasCommand,
  ListRequestedServiceQuotaChangeHistoryByQuotaCommand,
  ListRequestedServiceQuotaChangeHistoryCommand,
  ListServiceQuotasCommand,
  ListServicesCommand,
  paginateListServiceQuotas,
  RequestServiceQuotaIncreaseCommand,
  ServiceQuotasClient,
  TagResourceCommand,
} from '@aws-sdk/client-service-quotas';
import { hangUp, waitLong } from './support/flow-actions.ts';
import { type Refusal, refusalOf } from './support/refusals.ts';
import { ringback } from './support/ringback-command.ts';
import { startTestService, type TestService, untilDefined } from './support/test-service.ts';

const activeCalls = 'L-12AB7C57';
const campaignCalls = 'L-E908C3A1';
const startRate = 'L-4E9BCC96';
const flowsPerInstance = 'L-22922690';

interface Opened {
  readonly service: TestService;
  readonly flowId: string;
  readonly quotas: ServiceQuotasClient;
  /** Sends a request once; its refusal is the test's to look at. */
  readonly impatient: ConnectClient;
  readonly instanceArn: string;
  start(more?: object, client?: ConnectClient): Promise<string>;
  metric(line: RegExp): Promise<number>;
  close(): Promise<void>;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** While there are no keys, any are taken. */
const anyKey: Credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };

async function open(yaml: string, credentials = anyKey): Promise<Opened> {
  const service = await startTestService(yaml);
  try {
    return await prepare(service, credentials);
  } catch (error) {
    await service.close();
    throw error;
  }
}

async function prepare(service: TestService, credentials: Credentials): Promise<Opened> {
  const common = { endpoint: service.service.url, region: 'us-east-1', credentials };
  const quotas = new ServiceQuotasClient(common);
  const impatient = new ConnectClient({ ...common, maxAttempts: 1 });
  const flowId = await service.createFlow([hangUp]);
  const { InstanceSummaryList: instances } = await service.client.send(new ListInstancesCommand({}));
  return {
    service,
    flowId,
    quotas,
    impatient,
    instanceArn: instances?.[0]?.Arn ?? '',
    async start(more = {}, client = impatient) {
      const answer = await client.send(
        new StartOutboundVoiceContactCommand({
          InstanceId: service.instanceId,
          ContactFlowId: flowId,
          QueueId: service.queueId,
          DestinationPhoneNumber: '+12065550100',
          ...more,
        }),
      );
      return answer.ContactId ?? '';
    },
    async metric(line) {
      const text = await (await fetch(`${service.service.url}/metrics`)).text();
      return Number(line.exec(text)?.[1] ?? 0);
    },
    async close() {
      quotas.destroy();
      impatient.destroy();
      await service.close();
    },
  };
}

describe('request throttling', () => {
  let opened: Opened;
  before(async () => {
    opened = await open('dialling: { paused: true, maxDialDelayMs: 600000 }\nquotas: { rates: aws }');
  });
  after(() => opened.close());

  it('allows a burst of five and refuses what comes on top with 429, which leaves no token', async () => {
    const startedAtMs = performance.now();
    const tokens = Array.from({ length: 30 }, () => randomUUID());
    const outcomes = await Promise.allSettled(tokens.map((ClientToken) => opened.start({ ClientToken })));
    const elapsedSeconds = (performance.now() - startedAtMs) / 1000;
    const refused = tokens.filter((_, n) => outcomes[n]?.status === 'rejected');
    const allowed = tokens.length - refused.length;
    assert.ok(refused.length > 0, 'nothing was refused');
    assert.ok(allowed >= 5 && allowed <= 5 + 2 * elapsedSeconds, `${allowed} in ${elapsedSeconds} s`);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      const { name, message, $metadata } = outcome.reason as Refusal;
      assert.deepEqual(
        [name, message, $metadata.httpStatusCode],
        ['TooManyRequestsException', 'Rate exceeded', 429],
      );
    }
    const line = /requests_throttled_total\{operation="StartOutboundVoiceContact"\} (\d+)/;
    assert.equal(await opened.metric(line), refused.length);

    // The SDK's own back-off gets there with the same token, and the contact is a new one.
    const [ClientToken = ''] = refused;
    const patient = new ConnectClient({
      endpoint: opened.service.service.url,
      region: 'us-east-1',
      credentials: anyKey,
      maxAttempts: 10,
    });
    const accepted = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const contactId = await opened.start({ ClientToken }, patient);
    patient.destroy();
    assert.ok(contactId && !accepted.includes(contactId));
  });

  it('is told with ThrottlingException by an operation that models it', async () => {
    const asking = Array.from({ length: 100 }, () =>
      opened.impatient.send(
        new DescribeContactCommand({ InstanceId: opened.service.instanceId, ContactId: randomUUID() }),
      ),
    );
    const names = (await Promise.allSettled(asking)).map(
      (outcome) => outcome.status === 'rejected' && (outcome.reason as Refusal).name,
    );
    assert.deepEqual(new Set(names), new Set(['ResourceNotFoundException', 'ThrottlingException']));
  });

  it('ends when the rate is raised through Service Quotas', async () => {
    const before = await opened.quotas.send(
      new GetServiceQuotaCommand({ ServiceCode: 'connect', QuotaCode: startRate }),
    );
    assert.equal(before.Quota?.Value, 2);
    assert.deepEqual(before.Quota?.Period, { PeriodValue: 1, PeriodUnit: 'SECOND' });
    await opened.quotas.send(
      new RequestServiceQuotaIncreaseCommand({
        ServiceCode: 'connect',
        QuotaCode: startRate,
        DesiredValue: 5000,
      }),
    );
    // The bucket fills at the new rate now.
    await untilDefined(10_000, 'the bucket did not fill', async () => opened.start().catch(() => undefined));
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => opened.start()));
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(['fulfilled']));
  });
});

describe('Service Quotas in the emulator', () => {
  let opened: Opened;
  const connect = { ServiceCode: 'connect' } as const;
  before(async () => {
    opened = await open(`
dialling: { paused: true, maxDialDelayMs: 600000 }
quotas: { concurrentActiveCalls: 1, resources: { flows: 20 } }
instances: { ringback: { countries: [US, FR], openPrefixes: ["+881"] } }
`);
  });
  after(() => opened.close());

  it('names its one service', async () => {
    const { Services: services } = await opened.quotas.send(new ListServicesCommand({}));
    assert.deepEqual(services, [{ ServiceCode: 'connect', ServiceName: 'Amazon Connect' }]);
  });

  it('lists quotas in pages, with their defaults', async () => {
    const codes: (string | undefined)[] = [];
    // The paginator writes its tokens into the input.
    const pages = paginateListServiceQuotas({ client: opened.quotas, pageSize: 7 }, { ...connect });
    for await (const { Quotas: page } of pages) {
      assert.ok(page && page.length <= 7);
      codes.push(...page.map(({ QuotaCode: code }) => code));
    }
    assert.equal(new Set(codes).size, codes.length);
    for (const code of [activeCalls, campaignCalls, startRate, flowsPerInstance])
      assert.ok(codes.includes(code));
    const defaults = await opened.quotas.send(new ListAWSDefaultServiceQuotasCommand(connect));
    assert.deepEqual(
      defaults.Quotas?.map(({ QuotaCode: code }) => code),
      codes,
    );
    const flows = defaults.Quotas?.find(({ QuotaCode: code }) => code === flowsPerInstance);
    assert.equal(flows?.Value, 20);
  });

  it('lists what is in force for each instance', async () => {
    const { Quotas: quotas } = await opened.quotas.send(
      new ListServiceQuotasCommand({ ...connect, QuotaCode: activeCalls, QuotaAppliedAtLevel: 'RESOURCE' }),
    );
    assert.equal(quotas?.length, 1);
    assert.equal(quotas?.[0]?.QuotaAppliedAtLevel, 'RESOURCE');
    assert.deepEqual(quotas?.[0]?.QuotaContext, {
      ContextScope: 'RESOURCE',
      ContextScopeType: 'AWS::Connect::Instance',
      ContextId: opened.instanceArn,
      AdjustableAtLevel: 'ALL',
    });
  });

  it('grants more concurrent calls at once, and the refused token is good for the call', async () => {
    await opened.start();
    const ClientToken = randomUUID();
    const refused = await refusalOf(opened.start({ ClientToken }));
    assert.equal(refused.name, 'LimitExceededException');

    const asked = { ...connect, QuotaCode: activeCalls, ContextId: opened.instanceArn };
    const { RequestedQuota: granted } = await opened.quotas.send(
      new RequestServiceQuotaIncreaseCommand({ ...asked, DesiredValue: 50 }),
    );
    assert.equal(granted?.Status, 'APPROVED');
    assert.equal(granted?.QuotaContext?.ContextId, opened.instanceArn);
    assert.ok(granted?.Created instanceof Date && Math.abs(Date.now() - granted.Created.getTime()) < 60_000);
    assert.match(
      granted?.QuotaArn ?? '',
      /^arn:aws:servicequotas:us-east-1:000000000000:connect\/L-12AB7C57$/,
    );
    assert.ok(await opened.start({ ClientToken }));

    const now = await opened.quotas.send(new GetServiceQuotaCommand(asked));
    assert.equal(now.Quota?.Value, 50);
    const ofAccount = await opened.quotas.send(
      new GetServiceQuotaCommand({ ...connect, QuotaCode: activeCalls }),
    );
    assert.equal(ofAccount.Quota?.Value, 1);
    const byDefault = await opened.quotas.send(
      new GetAWSDefaultServiceQuotaCommand({ ...connect, QuotaCode: activeCalls }),
    );
    assert.equal(byDefault.Quota?.Value, 1);

    const { RequestedQuota: again } = await opened.quotas.send(
      new GetRequestedServiceQuotaChangeCommand({ RequestId: granted?.Id }),
    );
    assert.deepEqual(again, granted);
    const history = await opened.quotas.send(
      new ListRequestedServiceQuotaChangeHistoryByQuotaCommand({ ...connect, QuotaCode: activeCalls }),
    );
    assert.deepEqual(history.RequestedQuotas, [granted]);
    const pending = await opened.quotas.send(
      new ListRequestedServiceQuotaChangeHistoryCommand({ Status: 'PENDING' }),
    );
    assert.deepEqual(pending.RequestedQuotas, []);
  });

  it('opens campaign traffic, which is refused while its quota is 0', async () => {
    const campaign = { TrafficType: 'CAMPAIGN' as const, ClientToken: randomUUID() };
    const refused = await refusalOf(opened.start(campaign));
    assert.equal(refused.name, 'OutboundContactNotPermittedException');
    await opened.quotas.send(
      new RequestServiceQuotaIncreaseCommand({ ...connect, QuotaCode: campaignCalls, DesiredValue: 1 }),
    );
    assert.ok(await opened.start(campaign));
    const full = await refusalOf(opened.start({ ...campaign, ClientToken: randomUUID() }));
    assert.equal(full.name, 'LimitExceededException');
  });

  it('limits the flows of the instance', async () => {
    const create = () => opened.service.createFlow([hangUp]);
    const refused = await refusalOf(
      (async () => {
        for (let n = 0; n < 21; n += 1) await create();
      })(),
    );
    assert.equal(refused.name, 'LimitExceededException');
    assert.match(refused.message, /20 flows/);
    await opened.quotas.send(
      new RequestServiceQuotaIncreaseCommand({ ...connect, QuotaCode: flowsPerInstance, DesiredValue: 100 }),
    );
    assert.ok(await create());
  });

  const refusals: [what: string, command: object, error: string][] = [
    [
      'a service that is not here',
      new GetServiceQuotaCommand({ ServiceCode: 'ec2', QuotaCode: 'L-1' }),
      'NoSuchResourceException',
    ],
    [
      'a quota that nobody knows',
      new GetServiceQuotaCommand({ ServiceCode: 'connect', QuotaCode: 'L-00000000' }),
      'NoSuchResourceException',
    ],
    [
      'another account’s instance',
      new GetServiceQuotaCommand({
        ServiceCode: 'connect',
        QuotaCode: activeCalls,
        ContextId: `arn:aws:connect:us-east-1:111111111111:instance/${randomUUID()}`,
      }),
      'NoSuchResourceException',
    ],
    [
      'a context where the quota has none',
      new GetServiceQuotaCommand({ ServiceCode: 'connect', QuotaCode: startRate, ContextId: 'arn:aws:x' }),
      'IllegalArgumentException',
    ],
    [
      'a value that is not greater',
      new RequestServiceQuotaIncreaseCommand({
        ServiceCode: 'connect',
        QuotaCode: 'L-9A46857E',
        DesiredValue: 500,
      }),
      'IllegalArgumentException',
    ],
    [
      'half a user',
      new RequestServiceQuotaIncreaseCommand({
        ServiceCode: 'connect',
        QuotaCode: 'L-9A46857E',
        DesiredValue: 500.5,
      }),
      'IllegalArgumentException',
    ],
    [
      'a quota that cannot be raised',
      new RequestServiceQuotaIncreaseCommand({
        ServiceCode: 'connect',
        QuotaCode: 'L-RB000001',
        DesiredValue: 500,
      }),
      'IllegalArgumentException',
    ],
    [
      'a missing member',
      new GetServiceQuotaCommand({ ServiceCode: 'connect', QuotaCode: undefined }),
      'IllegalArgumentException',
    ],
    [
      'a token that was never given out',
      new ListServiceQuotasCommand({ ServiceCode: 'connect', NextToken: 'abcd' }),
      'InvalidPaginationTokenException',
    ],
    [
      'a request that is not there',
      new GetRequestedServiceQuotaChangeCommand({ RequestId: randomUUID() }),
      'NoSuchResourceException',
    ],
    [
      'an operation that is not served',
      new TagResourceCommand({ ResourceARN: 'arn:aws:x', Tags: [] }),
      'OperationNotImplementedException',
    ],
  ];
  for (const [what, command, name] of refusals) {
    it(`refuses ${what} with ${name}`, async () => {
      const refused = await refusalOf(opened.quotas.send(command as GetServiceQuotaCommand));
      assert.equal(refused.name, name, refused.message);
    });
  }

  it('refuses a request that is signed for another service', async () => {
    const answer = await fetch(opened.service.service.url, {
      method: 'POST',
      headers: {
        'x-amz-target': 'ServiceQuotasV20190624.ListServices',
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-date': '20260101T000000Z',
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/connect/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
      },
      body: '{}',
    });
    assert.equal(answer.status, 403);
    const body = (await answer.json()) as { __type: string };
    assert.equal(body.__type, 'UnrecognizedClientException');
  });

  it('lets the instance dial what its own policy opens, and nothing else', async () => {
    assert.ok(await opened.start({ DestinationPhoneNumber: '+33123456789' }));
    assert.ok(await opened.start({ DestinationPhoneNumber: '+8816123456789' }));
    for (const number of ['+442079460000', '+870773111632', '+18762345678', '+447400123456']) {
      const refused = await refusalOf(opened.start({ DestinationPhoneNumber: number }));
      assert.equal(refused.name, 'DestinationNotAllowedException', number);
    }
    assert.equal(await opened.metric(/calls_refused_total\{reason="destination"\} (\d+)/), 4);
  });
});

describe('caps and the kill switch', () => {
  let opened: Opened;
  const command = (args: readonly string[]) => ringback(args, { RINGBACK_DATA_DIR: opened.service.dataDir });
  before(async () => {
    opened = await open(`
caps:
  perNumber: { perDay: 2 }
  countries: { GB: { perDay: 1 } }
  spend: { perDay: 0.5, pricesPerMinute: { "+1": 0.01, "+44": 0.25 }, reservedMinutes: 1 }
`);
  });
  after(() => opened.close());

  it('refuse a call over a cap for good, without a second attempt', async () => {
    const caps: [number: string, message: RegExp, metric: string][] = [
      ['+12065550100', /cap of 2 calls a day for this number/, 'calls to the number'],
      ['+442079460000', /cap of 1 calls a day for this country/, 'calls to the country'],
    ];
    for (const [number, message, reason] of caps) {
      const DestinationPhoneNumber = number;
      const refused = await refusalOf(
        (async () => {
          for (let n = 0; n < 3; n += 1)
            await opened.start({ DestinationPhoneNumber }, opened.service.client);
        })(),
      );
      assert.equal(refused.name, 'OutboundContactNotPermittedException');
      assert.match(refused.message, message);
      assert.equal(refused.$metadata.httpStatusCode, 403);
      assert.equal(refused.$metadata.attempts, 1);
      assert.equal(await opened.metric(new RegExp(`calls_refused_total\\{reason="${reason}"\\} (\\d+)`)), 1);
    }
  });

  it('refuse a destination without a price', async () => {
    const refused = await refusalOf(opened.start({ DestinationPhoneNumber: '+525512345678' }));
    assert.equal(refused.name, 'OutboundContactNotPermittedException');
    assert.match(refused.message, /no price/);
  });

  it('stop dialling at once, and go on where it stopped', async () => {
    const flowId = await opened.service.createFlow([waitLong, hangUp]);
    const underWay = await opened.start({
      ContactFlowId: flowId,
      DestinationPhoneNumber: '+12065550101',
    });
    const contact = (ContactId: string) =>
      opened.service.client.send(
        new DescribeContactCommand({ InstanceId: opened.service.instanceId, ContactId }),
      );
    await untilDefined(20_000, 'the call was not answered', async () => {
      const { Contact: now } = await contact(underWay);
      return now?.ConnectedToSystemTimestamp;
    });

    const stopped = await command(['dialling', 'stop', '--reason', 'calls to unknown numbers', '--json']);
    assert.equal(stopped.code, 0, stopped.stderr);
    const said = JSON.parse(stopped.stdout) as { Dialling: string; Reason: string };
    assert.deepEqual([said.Dialling, said.Reason], ['stopped', 'calls to unknown numbers']);
    const ClientToken = randomUUID();
    const request = { DestinationPhoneNumber: '+12065550102', ClientToken };
    const refused = await untilDefined(10_000, 'the service did not see the switch', async () => {
      // Until it is seen, other numbers are dialled.
      const error = await opened.start({ DestinationPhoneNumber: '+12065550103' }).then(
        () => undefined,
        (thrown: unknown) => thrown as Refusal,
      );
      return error?.message.includes('stopped') ? error : undefined;
    });
    assert.equal(refused.name, 'OutboundContactNotPermittedException');
    assert.match(refused.message, /stopped by an administrator: calls to unknown numbers/);
    assert.match((await refusalOf(opened.start(request))).message, /stopped by an administrator/);
    const health = (await (await fetch(`${opened.service.service.url}/health`)).json()) as object;
    assert.deepEqual((health as { dialling: string }).dialling, 'stopped');
    assert.equal((await contact(underWay)).Contact?.DisconnectTimestamp, undefined);

    assert.equal((await command(['dialling', 'stop', '--end-calls'])).code, 0);
    const ended = await opened.service.ended(underWay, 20_000);
    assert.equal(ended.DisconnectReason, 'OTHER');
    const record = await opened.service.record(underWay);
    assert.match(JSON.stringify(record), /DIALLING_STOPPED/);

    assert.match((await command(['dialling', 'start'])).stdout, /Dialling is on/);
    const contactId = await untilDefined(10_000, 'dialling did not go on', async () =>
      opened.start(request).catch(() => undefined),
    );
    assert.equal((await opened.service.ended(contactId)).DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    assert.match((await command(['dialling', 'status'])).stdout, /Dialling is on/);
  });

  it('refuse a call that the day’s money does not cover', async () => {
    const refused = await refusalOf(
      (async () => {
        for (let n = 0; n < 60; n += 1)
          await opened.start({ DestinationPhoneNumber: `+12065557${String(n).padStart(3, '0')}` });
      })(),
    );
    assert.equal(refused.name, 'OutboundContactNotPermittedException');
    assert.match(refused.message, /spend cap of the day \(0\.5\)/);
  });
});

describe('with a trunk', () => {
  let opened: Opened;
  const command = (args: readonly string[]) => ringback(args, { RINGBACK_DATA_DIR: opened.service.dataDir });
  const key = { accessKeyId: 'AKIAOWNER', secretAccessKey: 'secret-of-the-owner' };
  before(async () => {
    opened = await open(
      `
trunks: [{ name: nowhere, address: "127.0.0.1:9" }]
phoneNumbers: ["+12065550199"]
countries: [US]
dialling: { paused: true, maxDialDelayMs: 600000 }
accessKeys:
  - { accessKeyId: ${key.accessKeyId}, secretAccessKey: ${key.secretAccessKey} }
  - accessKeyId: AKIAREADER
    secretAccessKey: secret-of-the-reader
    policy:
      Version: 2012-10-17
      Statement: [{ Effect: Allow, Action: "servicequotas:Get*", Resource: "*" }]
`,
      key,
    );
  });
  after(() => opened.close());
  const asked = { ServiceCode: 'connect', QuotaCode: activeCalls };

  it('a request to raise a quota waits for an administrator, one at a time', async () => {
    const raise = new RequestServiceQuotaIncreaseCommand({ ...asked, DesiredValue: 2000 });
    const { RequestedQuota: request } = await opened.quotas.send(raise);
    assert.equal(request?.Status, 'PENDING');
    const refused = await refusalOf(opened.quotas.send(raise));
    assert.equal(refused.name, 'ResourceAlreadyExistsException');
    const before = await opened.quotas.send(new GetServiceQuotaCommand(asked));
    assert.equal(before.Quota?.Value, 1000);

    const list = await command(['quotas', 'list']);
    assert.match(list.stdout, new RegExp(`${request?.Id} +PENDING +L-12AB7C57 .* 2000 `));
    const approved = await command(['quotas', 'approve', request?.Id ?? '']);
    assert.equal(approved.code, 0, approved.stderr);
    await untilDefined(10_000, 'the raise was not seen', async () => {
      const { Quota: quota } = await opened.quotas.send(new GetServiceQuotaCommand(asked));
      return quota?.Value === 2000 ? quota : undefined;
    });
    const again = await command(['quotas', 'approve', request?.Id ?? '']);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /no pending request/);
  });

  it('a denied request changes nothing', async () => {
    const { RequestedQuota: request } = await opened.quotas.send(
      new RequestServiceQuotaIncreaseCommand({ ...asked, DesiredValue: 9000 }),
    );
    assert.equal((await command(['quotas', 'deny', request?.Id ?? ''])).code, 0);
    const { RequestedQuota: decided } = await opened.quotas.send(
      new GetRequestedServiceQuotaChangeCommand({ RequestId: request?.Id }),
    );
    assert.equal(decided?.Status, 'DENIED');
    assert.equal((await opened.quotas.send(new GetServiceQuotaCommand(asked))).Quota?.Value, 2000);
  });

  it('an administrator sets the quota of one instance, and call slots follow', async () => {
    const set = await command(['quotas', 'set', 'activeCalls', '0', '--instance', 'ringback', '--json']);
    assert.equal(set.code, 0, set.stderr);
    assert.deepEqual(JSON.parse(set.stdout), {
      QuotaCode: activeCalls,
      QuotaName: 'Concurrent active calls per instance',
      Value: 0,
      Context: opened.instanceArn,
    });
    const ClientToken = randomUUID();
    assert.equal((await refusalOf(opened.start({ ClientToken }))).name, 'LimitExceededException');
    await command(['quotas', 'set', activeCalls, '100', '--instance', opened.service.instanceId]);
    assert.ok(await opened.start({ ClientToken }));
    const mistakes: [args: string[], complaint: RegExp][] = [
      [['nonsense', '1'], /Codes and keys are/],
      [['activeCalls', '1.5'], /whole number/],
      [['activeCalls', '5', '--instance', 'other'], /no such instance/],
      [[startRate, '5', '--instance', 'ringback'], /of the account/],
    ];
    await Promise.all(
      mistakes.map(async ([args, complaint]) => {
        const refused = await command(['quotas', 'set', ...args]);
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, complaint);
      }),
    );
  });

  it('caps are in force without a word in the configuration', async () => {
    const refused = await refusalOf(
      (async () => {
        for (let n = 0; n < 11; n += 1) await opened.start({ DestinationPhoneNumber: '+12065550111' });
      })(),
    );
    assert.match(refused.message, /cap of 10 calls a day for this number/);
  });

  it('a policy decides who may read quotas and who may ask for more', async () => {
    const reader = new ServiceQuotasClient({
      endpoint: opened.service.service.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIAREADER', secretAccessKey: 'secret-of-the-reader' },
    });
    assert.ok((await reader.send(new GetServiceQuotaCommand(asked))).Quota);
    const refused = await refusalOf(
      reader.send(new RequestServiceQuotaIncreaseCommand({ ...asked, DesiredValue: 1e6 })),
    );
    reader.destroy();
    assert.equal(refused.name, 'AccessDeniedException');
    assert.match(refused.message, /servicequotas:RequestServiceQuotaIncrease/);
  });

  it('a wrong secret is refused', async () => {
    const thief = new ServiceQuotasClient({
      endpoint: opened.service.service.url,
      region: 'us-east-1',
      credentials: { ...key, secretAccessKey: 'guessed' },
    });
    const refused = await refusalOf(thief.send(new ListServicesCommand({})));
    thief.destroy();
    assert.equal(refused.name, 'InvalidSignatureException');
  });
});

describe('commands where there is no service', () => {
  it('stop no dialling that nobody does, and make no database', async () => {
    const elsewhere = path.join(tmpdir(), `ringback-nowhere-${randomUUID()}`);
    const { code, stdout, stderr } = await ringback(['dialling', 'stop'], { RINGBACK_DATA_DIR: elsewhere });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^There is no database of Ringback in .*RINGBACK_DATA_DIR/);
    assert.ok(!existsSync(elsewhere));
  });
});
