/** Who may do what, over HTTP with the official SDK: accounts, policies, sessions, signatures, the audit log, `ringback keys`. */
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@aws-sdk/client-connect';
import { operations } from '@ringback/connect-api';
import { writeWav } from '@ringback/media';
import { SignatureV4 } from '@smithy/signature-v4';
import { pino } from 'pino';
import { implementedOperations } from '../src/api/implemented-operations.ts';
import { loadConfig } from '../src/config.ts';
import { mintAccessKey, type NewAccessKey } from '../src/identity/mint-access-key.ts';
import { loadSecretKey, secretBox } from '../src/identity/secret-box.ts';
import type { AccountId } from '../src/ids.ts';
import { startService } from '../src/service.ts';
import { openAccessKeyStore } from '../src/store/access-key-store.ts';
import { type OpenState, openState } from '../src/store/open-state.ts';
import { seed } from '../src/store/seed.ts';
import { placePreparedDatabase } from '../src/test-support/prepared-database.ts';
import { type CapturedRequest, capture, sendRaw } from './support/captured-request.ts';
import { hangUp } from './support/flow-actions.ts';
import { ringback } from './support/ringback-command.ts';
import { linesOf, startTestService, type TestService, untilDefined } from './support/test-service.ts';

const ownerAccount = '111111111111';
const strangerAccount = '222222222222' as AccountId;
const owner = { accessKeyId: 'AKIAOWNER', secretAccessKey: 'secret-of-the-owner' };
const stranger = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'secret-of-the-stranger' };
const reader = { accessKeyId: 'AKIAREADER', secretAccessKey: 'secret-of-the-reader' };

const yaml = `
dialling: { paused: true, maxDialDelayMs: 600000 }
accessKeys:
  - { accessKeyId: ${owner.accessKeyId}, secretAccessKey: ${owner.secretAccessKey}, accountId: "${ownerAccount}" }
  - { accessKeyId: ${stranger.accessKeyId}, secretAccessKey: ${stranger.secretAccessKey}, accountId: "${strangerAccount}" }
  - accessKeyId: ${reader.accessKeyId}
    secretAccessKey: ${reader.secretAccessKey}
    accountId: "${ownerAccount}"
    userName: reader
    policy:
      Version: 2012-10-17
      Statement:
        - { Effect: Allow, Action: ["connect:List*", "connect:Describe*"], Resource: "*" }
`;

const hourMs = 3_600_000;

const emptyModule = JSON.stringify({
  Version: '2019-10-30',
  StartAction: 'end',
  Metadata: {},
  Actions: [{ Identifier: 'end', Type: 'EndFlowModuleExecution', Parameters: {}, Transitions: {} }],
});

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const invalidToken = {
  name: 'UnrecognizedClientException',
  message: 'The security token included in the request is invalid.',
};

describe('identity', () => {
  let service: TestService;
  let state: OpenState;
  let flowId: string;
  let contactId: string;
  let moduleId: string;
  let promptId: string;
  let strangerInstanceId: string;
  const clients: sdk.ConnectClient[] = [];

  before(async () => {
    service = await startTestService(yaml);
    flowId = await service.createFlow([hangUp]);
    contactId = await service.call('+12065550100', flowId);
    const InstanceId = service.instanceId;
    const module = await service.client.send(
      new sdk.CreateContactFlowModuleCommand({ InstanceId, Name: 'Module', Content: emptyModule }),
    );
    moduleId = module.Id ?? '';
    const { PromptSummaryList } = await service.client.send(new sdk.ListPromptsCommand({ InstanceId }));
    promptId = PromptSummaryList?.[0]?.Id ?? '';
    // The database of the running service, as `ringback keys` opens it.
    state = await openState({
      dataDir: service.dataDir,
      databaseUrl: undefined,
      onProgress: () => undefined,
    });
    await seed(state.database, {
      tenant: { accountId: strangerAccount, region: 'us-east-1' },
      nowMs: Date.now(),
      flows: [],
      prompts: [],
      phoneNumbers: [],
      pools: { activeCalls: 10, campaignCalls: 0 },
    });
    const { InstanceSummaryList } = await clientOf(stranger).send(new sdk.ListInstancesCommand({}));
    strangerInstanceId = InstanceSummaryList?.[0]?.Id ?? '';
  });

  after(async () => {
    for (const client of clients) client.destroy();
    await state?.close();
    await service?.close();
  });

  function clientOf(credentials: Credentials, options: sdk.ConnectClientConfig = {}): sdk.ConnectClient {
    const { url } = service.service;
    const client = new sdk.ConnectClient({
      endpoint: url,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
      ...options,
    });
    clients.push(client);
    return client;
  }

  const dial = (more: Partial<sdk.StartOutboundVoiceContactCommandInput> = {}) =>
    new sdk.StartOutboundVoiceContactCommand({
      InstanceId: service.instanceId,
      ContactFlowId: flowId,
      QueueId: service.queueId,
      DestinationPhoneNumber: '+12065550100',
      ...more,
    });

  const instanceArn = () => `arn:aws:connect:us-east-1:${ownerAccount}:instance/${service.instanceId}`;

  /** `ringback keys …` on the data directory of the running service. */
  const keys = (...args: string[]) => ringback(['keys', ...args], { RINGBACK_DATA_DIR: service.dataDir });

  /** A key in the database, of the owner's account, made by the parts that `ringback keys create` is made of. */
  async function createKey(wanted: Partial<NewAccessKey>, madeAtMs = Date.now()): Promise<Credentials> {
    const made = mintAccessKey(
      {
        accountId: ownerAccount as AccountId,
        userName: 'crm',
        principal: undefined,
        policy: undefined,
        lifetimeMs: undefined,
        ...wanted,
      },
      secretBox(await loadSecretKey(undefined, service.dataDir)),
      madeAtMs,
      randomBytes,
    );
    await openAccessKeyStore(state.database).add(made.stored);
    return {
      accessKeyId: made.stored.accessKeyId,
      secretAccessKey: made.secretAccessKey,
      ...(made.sessionToken ? { sessionToken: made.sessionToken } : {}),
    };
  }

  const policyOf = (...statements: readonly object[]) => ({ Version: '2012-10-17', Statement: statements });

  const audited = () =>
    readdirSync(path.join(service.dataDir, 'audit')).flatMap((file) =>
      linesOf(path.join(service.dataDir, 'audit', file)),
    );

  const auditOf = (requestId: string | undefined) =>
    untilDefined(10_000, `no audit record of ${requestId}`, async () =>
      audited().find((line) => line.requestID === requestId),
    );

  describe('another account', () => {
    /** What the owner has, by the member that would name it; a new operation may need a line here. */
    const ownersThings = (): Readonly<Record<string, unknown>> => ({
      InstanceId: service.instanceId,
      TargetArn: instanceArn(),
      ContactFlowId: flowId,
      ContactFlowVersion: 1,
      ContactFlowModuleId: moduleId,
      PromptId: promptId,
      S3Uri: 's3://bucket/key.wav',
      resourceArn: `${instanceArn()}/prompt/${promptId}`,
      tags: { key: 'value' },
      tagKeys: ['key'],
      QueueId: service.queueId,
      ContactId: contactId,
      InitialContactId: contactId,
      RelatedContactId: contactId,
      DestinationPhoneNumber: '+12065550100',
      Name: 'name',
      VoiceRecordingConfiguration: { VoiceRecordingTrack: 'ALL' },
      ...agentThings,
      FunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:f',
      QuickConnectIds: [agentThings.QuickConnectId],
      SecurityProfileIds: [agentThings.SecurityProfileId],
      ParentGroupId: agentThings.HierarchyGroupId,
      DefaultOutboundQueueId: service.queueId,
      UserProficiencies: [{ AttributeName: 'language', AttributeValue: 'en', Level: 1 }],
      State: 'ENABLED',
      Status: 'ENABLED',
      ContactFlowModuleVersion: 1,
      AliasName: 'alias',
      TimeZone: 'UTC',
      Config: [{ Day: 'MONDAY', StartTime: { Hours: 8, Minutes: 0 }, EndTime: { Hours: 9, Minutes: 0 } }],
      EffectiveFrom: '2999-01-01',
      EffectiveTill: '2999-01-02',
      FromDate: '2999-01-01',
      ToDate: '2999-01-02',
      QuickConnectConfig: {
        QuickConnectType: 'PHONE_NUMBER',
        PhoneConfig: { PhoneNumber: '+12065550100' },
      },
      Description: 'description',
      MediaConcurrencies: [{ Channel: 'VOICE', Concurrency: 1 }],
      SecurityProfileName: 'name',
      Username: 'somebody',
      Filters: { Queues: [service.queueId] },
      CurrentMetrics: [{ Name: 'AGENTS_ONLINE', Unit: 'COUNT' }],
      OutboundCallerConfig: {},
      Tags: { key: 'value' },
      TagKeys: ['key'],
      Attributes: { key: 'value' },
      ReferenceTypes: ['URL'],
      AttributeType: 'OUTBOUND_CALLS',
      Value: 'true',
      TimeRange: { Type: 'INITIATION_TIMESTAMP', StartTime: new Date(0), EndTime: new Date(1) },
      AgentAvailabilityTimer: 'TIME_SINCE_LAST_ACTIVITY',
      QueueConfigs: [
        { QueueReference: { QueueId: service.queueId, Channel: 'VOICE' }, Priority: 1, Delay: 0 },
      ],
      HierarchyStructure: {},
      IdentityInfo: {},
      PhoneConfig: { PhoneType: 'SOFT_PHONE' },
      Type: 'CONTACT_FLOW',
      Content: JSON.stringify({
        Version: '2019-10-30',
        StartAction: 'end',
        Metadata: {},
        Actions: [{ Identifier: 'end', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} }],
      }),
    });
    /** What agents stand on, by the member that names it. */
    let agentThings: Readonly<Record<string, string>> = {};

    before(async () => {
      const { client, instanceId: InstanceId } = service;
      const first = (id: string | undefined): string => {
        assert.ok(id);
        return id;
      };
      const users = await client.send(new sdk.ListUsersCommand({ InstanceId }));
      const profiles = await client.send(new sdk.ListRoutingProfilesCommand({ InstanceId }));
      const statuses = await client.send(new sdk.ListAgentStatusesCommand({ InstanceId }));
      const security = await client.send(new sdk.ListSecurityProfilesCommand({ InstanceId }));
      const hours = await client.send(new sdk.ListHoursOfOperationsCommand({ InstanceId }));
      const HoursOfOperationId = first(hours.HoursOfOperationSummaryList?.[0]?.Id);
      const override = await client.send(
        new sdk.CreateHoursOfOperationOverrideCommand({
          InstanceId,
          HoursOfOperationId,
          Name: 'holiday',
          EffectiveFrom: '2999-12-24',
          EffectiveTill: '2999-12-26',
          Config: [],
        }),
      );
      const numbers = await client.send(new sdk.ListPhoneNumbersV2Command({ InstanceId }));
      const quickConnect = await client.send(
        new sdk.CreateQuickConnectCommand({
          InstanceId,
          Name: 'desk',
          QuickConnectConfig: {
            QuickConnectType: 'PHONE_NUMBER',
            PhoneConfig: { PhoneNumber: '+12065550100' },
          },
        }),
      );
      await client.send(
        new sdk.UpdateUserHierarchyStructureCommand({
          InstanceId,
          HierarchyStructure: { LevelOne: { Name: 'site' }, LevelTwo: { Name: 'team' } },
        }),
      );
      const group = await client.send(new sdk.CreateUserHierarchyGroupCommand({ InstanceId, Name: 'north' }));
      const version = await client.send(
        new sdk.CreateContactFlowModuleVersionCommand({ InstanceId, ContactFlowModuleId: moduleId }),
      );
      const alias = await client.send(
        new sdk.CreateContactFlowModuleAliasCommand({
          InstanceId,
          ContactFlowModuleId: moduleId,
          ContactFlowModuleVersion: version.Version,
          AliasName: 'live',
        }),
      );
      agentThings = {
        UserId: first(users.UserSummaryList?.[0]?.Id),
        RoutingProfileId: first(profiles.RoutingProfileSummaryList?.[0]?.Id),
        AgentStatusId: first(statuses.AgentStatusSummaryList?.[0]?.Id),
        SecurityProfileId: first(security.SecurityProfileSummaryList?.[0]?.Id),
        HoursOfOperationId,
        HoursOfOperationOverrideId: first(override.HoursOfOperationOverrideId),
        QuickConnectId: first(quickConnect.QuickConnectId),
        HierarchyGroupId: first(group.HierarchyGroupId),
        AliasId: first(alias.Id),
        PhoneNumberId: first(numbers.ListPhoneNumbersSummaryList?.[0]?.PhoneNumberId),
      };
    });

    const isId = (member: string): boolean => /(Id|Arn)$/.test(member);
    /** Without these an operation is refused before it looks for anything. */
    const besides: Readonly<Partial<Record<string, object>>> = {
      CreateUser: { Password: 'Passw0rd-of-nobody', IdentityInfo: { FirstName: 'A', LastName: 'B' } },
      UpdateContact: { Name: 'name' },
      UpdateContactRoutingData: { QueuePriority: 1 },
      UpdateQueueName: { Name: 'name' },
      UpdateRoutingProfileName: { Name: 'name' },
    };
    /** Names nothing that is anybody's. */
    const isFree = new Set(['CampaignId', 'DirectoryUserId', 'AllowedAccessControlHierarchyGroupId']);
    /** Names what lives outside the instance, and may be the same in several. */
    const isElsewhere = /^(InstanceId|TargetArn|FunctionArn)$/;

    /** An input that names the owner's things wherever an operation takes an id. */
    function inputNaming(name: keyof typeof implementedOperations): Record<string, unknown> {
      const { properties, required = [] } = operations[name].input as {
        properties: Record<string, unknown>;
        required?: string[];
      };
      const things = ownersThings();
      const input: Record<string, unknown> = {};
      for (const member of Object.keys(properties)) {
        if (isFree.has(member) || !(required.includes(member) || isId(member))) continue;
        assert.ok(member in things, `${name} takes ${member}: give it a line in ownersThings or isFree`);
        input[member] = things[member];
      }
      return { ...input, ...besides[name] };
    }

    async function outcome(name: string, input: object): Promise<{ error?: Error; text: string }> {
      const Command = (sdk as unknown as Record<string, new (input: object) => never>)[`${name}Command`];
      assert.ok(Command, `the SDK has no ${name}Command`);
      try {
        const { $metadata: _, ...answer } = (await clientOf(stranger).send(new Command(input))) as {
          $metadata: object;
        };
        return { text: JSON.stringify(answer) };
      } catch (error) {
        assert.ok(error instanceof Error);
        return { error, text: `${error.name} ${error.message}` };
      }
    }

    function assertNothingOfOwner(name: string, text: string): void {
      const secrets = [
        service.instanceId,
        service.queueId,
        flowId,
        moduleId,
        promptId,
        contactId,
        ownerAccount,
        ...Object.values(agentThings),
      ];
      for (const secret of secrets) {
        assert.ok(!text.includes(secret), `${name} tells ${secret}: ${text}`);
      }
    }

    for (const name of Object.keys(implementedOperations) as (keyof typeof implementedOperations)[]) {
      it(`sees nothing through ${name}`, async () => {
        const foreign = inputNaming(name);
        const { properties } = operations[name].input as { properties: Record<string, unknown> };
        if (Object.hasOwn(properties, 'InstanceId')) {
          for (const InstanceId of [service.instanceId, instanceArn(), service.instanceId.toUpperCase()]) {
            const { error, text } = await outcome(name, { ...foreign, InstanceId });
            // Where the model knows ids in small letters only, capitals name nothing.
            const isRefusedUnseen =
              InstanceId !== InstanceId.toLowerCase() && text.includes('match the pattern');
            const expected = isRefusedUnseen ? 'InvalidParameterException' : 'ResourceNotFoundException';
            assert.equal(error?.name, expected, `${name} with ${InstanceId}: ${text}`);
            // A validation error repeats what was sent.
            if (!isRefusedUnseen) assertNothingOfOwner(name, text);
          }
        } else {
          const { text } = await outcome(name, foreign);
          assertNothingOfOwner(name, text);
        }

        // In an instance of its own, the owner's other ids are as unknown as any.
        const own = `arn:aws:connect:us-east-1:${strangerAccount}:instance/${strangerInstanceId}`;
        const others = Object.keys(foreign).filter((member) => isId(member) && !isElsewhere.test(member));
        if (others.length === 0) return;
        const { error, text } = await outcome(name, {
          ...foreign,
          InstanceId: strangerInstanceId,
          TargetArn: own,
        });
        assert.match(error?.name ?? 'a success', /^(Resource|Contact)NotFoundException$/, `${name}: ${text}`);
        assertNothingOfOwner(name, text);
      });
    }

    it('has changed nothing', async () => {
      const { Contact } = await service.client.send(
        new sdk.DescribeContactCommand({ InstanceId: service.instanceId, ContactId: contactId }),
      );
      assert.equal(Contact?.DisconnectTimestamp, undefined);
      const { ContactFlowSummaryList } = await service.client.send(
        new sdk.ListContactFlowsCommand({ InstanceId: service.instanceId }),
      );
      assert.ok(!ContactFlowSummaryList?.some(({ Name }) => Name === 'name'));
    });
  });

  describe('a policy', () => {
    it('lets through what it allows and refuses the rest in the words of AWS', async () => {
      const client = clientOf(reader);
      assert.ok(
        (await client.send(new sdk.ListQueuesCommand({ InstanceId: service.instanceId }))).QueueSummaryList,
      );
      await assert.rejects(client.send(dial()), {
        name: 'AccessDeniedException',
        message:
          `User: arn:aws:iam::${ownerAccount}:user/reader is not authorized to perform: ` +
          `connect:StartOutboundVoiceContact on resource: ${instanceArn()}/contact/* because no identity-based ` +
          'policy allows the connect:StartOutboundVoiceContact action',
      });
    });

    it('denies for good, however the id is spelled', async () => {
      const policy = policyOf(
        { Effect: 'Allow', Action: 'connect:*', Resource: '*' },
        { Effect: 'Deny', Action: 'connect:StopContact', Resource: `${instanceArn()}/contact/*` },
      );
      const client = clientOf(await createKey({ userName: 'denied', policy }));
      for (const id of [contactId, contactId.toUpperCase()]) {
        for (const InstanceId of [service.instanceId, service.instanceId.toUpperCase()]) {
          await assert.rejects(client.send(new sdk.StopContactCommand({ InstanceId, ContactId: id })), {
            name: 'AccessDeniedException',
            message:
              `User: arn:aws:iam::${ownerAccount}:user/denied is not authorized to perform: connect:StopContact ` +
              `on resource: ${instanceArn()}/contact/${contactId} with an explicit deny in an identity-based policy`,
          });
        }
      }
      assert.ok((await client.send(dial())).ContactId);
    });

    it('binds to an instance by resource and by condition', async () => {
      const all = { Effect: 'Allow', Action: 'connect:*', Resource: '*' };
      const policies = [
        policyOf({ ...all, Action: 'connect:StartOutboundVoiceContact', Resource: instanceArn() }),
        policyOf({ ...all, Condition: { StringEquals: { 'connect:InstanceId': service.instanceId } } }),
        policyOf({ ...all, Condition: { StringNotEquals: { 'connect:InstanceId': instanceArn() } } }),
      ];
      const [first, second, third] = await Promise.all(
        policies.map(async (policy) => clientOf(await createKey({ policy }))),
      );
      assert.ok((await first?.send(dial()))?.ContactId);
      assert.ok((await second?.send(dial()))?.ContactId);
      await assert.rejects(async () => third?.send(dial()), { name: 'AccessDeniedException' });
      await assert.rejects(async () => second?.send(new sdk.ListInstancesCommand({})), {
        name: 'AccessDeniedException',
        message: /on resource: \* because/,
      });
    });
  });

  describe('the upload of a prompt', () => {
    const wav = writeWav({ sampleRate: 8000, channels: [new Int16Array(800)] });

    async function upload(key: Credentials, name: string, sent: Uint8Array = wav, InstanceId?: string) {
      const url = new URL(service.service.url);
      const signer = new SignatureV4({
        credentials: key,
        region: 'us-east-1',
        service: 'connect',
        sha256: NodeSha256 as never,
      });
      const target = `/_ringback/prompts/${InstanceId ?? service.instanceId}/${name}`;
      const { headers } = await signer.sign({
        method: 'PUT',
        protocol: 'http:',
        hostname: url.hostname,
        port: Number(url.port),
        path: target,
        headers: { host: url.host, 'content-type': 'audio/wav' },
        body: wav,
      });
      const answer = await fetch(new URL(target, url), { method: 'PUT', headers, body: sent as never });
      const error = answer.headers.get('x-amzn-errortype');
      const requestId = answer.headers.get('x-amzn-requestid') ?? undefined;
      return { status: answer.status, error, requestId, text: await answer.text() };
    }

    it('is for those who signed it, and for what they signed', async () => {
      assert.equal((await upload(owner, 'signed')).status, 200);
      const changed = Uint8Array.from(wav, (byte) => byte ^ 1);
      assert.equal((await upload(owner, 'signed', changed)).error, 'InvalidSignatureException');
      const wrong = { ...owner, secretAccessKey: 'another-secret' };
      assert.equal((await upload(wrong, 'signed')).error, 'InvalidSignatureException');
      const unknown = { accessKeyId: 'AKIANOBODY', secretAccessKey: 'secret' };
      assert.equal((await upload(unknown, 'signed')).error, 'UnrecognizedClientException');
    });

    it('obeys policies, as CreatePrompt where the name is new and UpdatePrompt where it is known', async () => {
      await upload(owner, 'known');
      const policy = policyOf({
        Effect: 'Allow',
        Action: 'connect:UpdatePrompt',
        Resource: `${instanceArn()}/*`,
      });
      const key = await createKey({ userName: 'editor', policy });
      assert.equal((await upload(key, 'known')).status, 200);
      const refusal = await upload(key, 'unknown');
      assert.equal(refusal.error, 'AccessDeniedException');
      assert.match(refusal.text, /connect:CreatePrompt on resource: .*\/prompt\/\*/);
      const record = await auditOf(refusal.requestId);
      assert.deepEqual([record.eventName, record.errorCode], ['CreatePrompt', 'AccessDeniedException']);
    });

    it('reaches no other account', async () => {
      const { error, text } = await upload(stranger, 'theirs');
      assert.equal(error, 'ResourceNotFoundException', text);
      assert.equal((await upload(stranger, 'theirs', wav, strangerInstanceId)).status, 200);
      const { PromptSummaryList } = await service.client.send(
        new sdk.ListPromptsCommand({ InstanceId: service.instanceId }),
      );
      assert.ok(!PromptSummaryList?.some(({ Name }) => Name === 'theirs'));
    });
  });

  describe('ringback keys', () => {
    it('makes a key that works at once, lists it without its secret, and takes it away', async () => {
      const file = path.join(service.dataDir, 'policy.json');
      writeFileSync(
        file,
        JSON.stringify(policyOf({ Effect: 'Allow', Action: 'connect:List*', Resource: '*' })),
      );
      const made = await keys(
        ...[
          'create',
          '--json',
          '--name',
          'short-lived',
          '--policy',
          file,
          '--temporary',
          '--duration',
          '900',
        ],
        ...['--principal', 'connect-campaigns.amazonaws.com'],
      );
      assert.equal(made.code, 0, made.stderr);
      // The form that credential_process reads; the account is that of the first instance.
      const { Version, AccessKeyId, SecretAccessKey, SessionToken, Expiration, AccountId } = JSON.parse(
        made.stdout,
      );
      assert.equal(Version, 1);
      assert.equal(AccountId, ownerAccount);
      assert.ok(Math.abs(Date.parse(Expiration) - Date.now() - 900_000) < 60_000);
      const key = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
      const client = clientOf(key);
      await assert.rejects(client.send(dial()), { name: 'AccessDeniedException' });
      assert.ok((await client.send(new sdk.ListInstancesCommand({}))).InstanceSummaryList);

      const table = await keys('list');
      assert.match(
        table.stdout,
        new RegExp(`${key.accessKeyId} +active +${ownerAccount} +short-lived .*policy, connect-campaigns`),
      );
      const json = await keys('list', '--json', '--account', ownerAccount);
      assert.ok(
        JSON.parse(json.stdout).some((one: { AccessKeyId: string }) => one.AccessKeyId === key.accessKeyId),
      );
      assert.ok(!(table.stdout + json.stdout).includes(key.secretAccessKey));

      assert.equal((await keys('revoke', key.accessKeyId)).code, 0);
      await untilDefined(10_000, 'the revoked key still works', () =>
        client.send(new sdk.ListInstancesCommand({})).then(
          () => undefined,
          (error: Error) => {
            assert.equal(error.name, invalidToken.name);
            assert.equal(error.message, invalidToken.message);
            return error;
          },
        ),
      );
      const again = await keys('revoke', key.accessKeyId);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /revoked before/);
    });

    it('refuses a policy with mistakes and names them', async () => {
      const file = path.join(service.dataDir, 'wrong.json');
      writeFileSync(
        file,
        JSON.stringify(policyOf({ Effect: 'Allow', Action: 'StopContact', Resource: '*' })),
      );
      const { code, stderr } = await keys('create', '--policy', file);
      assert.equal(code, 1);
      assert.match(stderr, /Statement\.0\.Action/);
    });

    it('teaches by example', async () => {
      const { code, stdout } = await keys('--help');
      assert.equal(code, 0);
      assert.match(stdout, /ringback keys create --temporary --duration 900/);
    });
  });

  describe('temporary credentials', () => {
    it('work with their token, speak for their service, and not without', async () => {
      const key = await createKey({ lifetimeMs: hourMs, principal: 'connect-campaigns.amazonaws.com' });
      const contact = await service.call('+12065550100', flowId);
      const stop = new sdk.StopContactCommand({
        InstanceId: service.instanceId,
        ContactId: contact,
        DisconnectReason: { Code: 'EXPIRED' },
      });
      await assert.rejects(service.client.send(stop), { name: 'InvalidRequestException' });
      await clientOf(key).send(stop);
      assert.equal((await service.ended(contact)).DisconnectReason, 'EXPIRED');

      const list = new sdk.ListInstancesCommand({});
      const { sessionToken, ...withoutToken } = key;
      await assert.rejects(clientOf(withoutToken).send(list), invalidToken);
      await assert.rejects(clientOf({ ...key, sessionToken: `${sessionToken}=` }).send(list), invalidToken);
      await assert.rejects(
        clientOf({ ...owner, ...(sessionToken ? { sessionToken } : {}) }).send(list),
        invalidToken,
      );
    });

    it('are taken in a presigned URL too', async () => {
      const key = await createKey({ lifetimeMs: hourMs });
      const url = new URL(service.service.url);
      const signer = new SignatureV4({
        credentials: key,
        region: 'us-east-1',
        service: 'connect',
        sha256: NodeSha256 as never,
      });
      const presigned = await signer.presign({
        method: 'GET',
        protocol: 'http:',
        hostname: url.hostname,
        port: Number(url.port),
        path: '/instance',
        headers: { host: url.host },
      });
      const query = new URLSearchParams(presigned.query as Record<string, string>);
      const get = (changed: URLSearchParams) => fetch(new URL(`/instance?${changed}`, url));
      assert.equal((await get(query)).status, 200);
      query.set('X-Amz-Security-Token', `${key.sessionToken}A`);
      assert.equal((await get(query)).headers.get('x-amzn-errortype'), 'UnrecognizedClientException');
      query.delete('X-Amz-Security-Token');
      assert.equal((await get(query)).headers.get('x-amzn-errortype'), 'UnrecognizedClientException');
    });

    it('are refused after their time, in the words of AWS', async () => {
      const credentials = await createKey({ lifetimeMs: hourMs }, Date.now() - hourMs - 1000);
      await assert.rejects(clientOf(credentials).send(new sdk.ListInstancesCommand({})), {
        name: 'ExpiredTokenException',
        message: 'The security token included in the request is expired.',
      });
    });
  });

  describe('a signed request', () => {
    async function signedDial(client = clientOf(owner)): Promise<CapturedRequest> {
      const captured = capture(client);
      await client.send(dial({ Attributes: { order: '1' } }));
      return captured();
    }

    it('may be sent again within its window, and starts no second contact', async () => {
      const request = await signedDial();
      const [first, second] = [
        await sendRaw(service.service.url, request),
        await sendRaw(service.service.url, request),
      ];
      assert.equal(first.status, 200, first.body);
      assert.equal(second.body, first.body);
    });

    for (const [name, offsetMs, message] of [
      ['replayed after its window', -330_000, /Signature expired/],
      ['from the future', 330_000, /not yet current/],
    ] as const) {
      it(`is refused when ${name}`, async () => {
        const client = clientOf(owner, { systemClockOffset: offsetMs });
        await assert.rejects(client.send(dial()), { name: 'InvalidSignatureException', message });
      });
    }

    it('is taken from a clock that is a little off', async () => {
      assert.ok((await clientOf(owner, { systemClockOffset: -240_000 }).send(dial())).ContactId);
      assert.ok((await clientOf(owner, { systemClockOffset: 240_000 }).send(dial())).ContactId);
    });

    it('is refused when any signed part was changed, and starts nothing', async () => {
      const request = await signedDial();
      const { headers, body } = request;
      const signedNames = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? [];
      assert.ok(signedNames.includes('host') && signedNames.includes('x-amz-date'));
      const changed: [what: string, request: CapturedRequest][] = [
        ['method', { ...request, method: 'POST' }],
        ['path', { ...request, target: `${request.target}/` }],
        ['query', { ...request, target: `${request.target}?a=b` }],
        ['body', { ...request, body: body.replace('"order":"1"', '"order":"2"') }],
        ['body and its hash', withHash({ ...request, body: body.replace('+12065550100', '+12065550101') })],
        [
          'signature',
          { ...request, headers: { ...headers, authorization: flipLastDigit(headers.authorization ?? '') } },
        ],
        [
          'key',
          {
            ...request,
            headers: {
              ...headers,
              authorization: (headers.authorization ?? '').replace(owner.accessKeyId, stranger.accessKeyId),
            },
          },
        ],
        [
          'list of signed headers',
          {
            ...request,
            headers: {
              ...headers,
              authorization: (headers.authorization ?? '').replace(
                /SignedHeaders=[^,]+/,
                'SignedHeaders=host;x-amz-date',
              ),
            },
          },
        ],
        ...signedNames
          // The connection sets these two itself; each has its own case below or above.
          .filter((header) => header !== 'content-length' && header !== 'x-amz-content-sha256')
          .map((header): [string, CapturedRequest] => [
            `header ${header}`,
            { ...request, headers: { ...headers, [header]: changedHeader(header, headers[header] ?? '') } },
          ]),
      ];
      for (const [what, mutation] of changed) {
        const { status, error } = await sendRaw(service.service.url, mutation);
        assert.ok(status === 403 || status === 400, `${what}: ${status} ${error}`);
        assert.match(error ?? '', /Signature|UnknownOperation|Serialization|UnrecognizedClient/, what);
      }
      const extra = await sendRaw(service.service.url, {
        ...request,
        headers: { ...headers, 'x-added-by-a-proxy': '1' },
      });
      assert.equal(extra.status, 200, extra.body);
    });

    it('must be for this Region and service, by a known key', async () => {
      await assert.rejects(clientOf(owner, { region: 'eu-west-2' }).send(dial()), {
        name: 'InvalidSignatureException',
      });
      await assert.rejects(clientOf({ ...owner, accessKeyId: 'AKIANOBODY' }).send(dial()), invalidToken);
      const unsigned = await fetch(new URL('/instance', service.service.url));
      assert.equal(unsigned.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException');
    });
  });

  describe('the audit log', () => {
    it('tells of an allowed call, without what it was about', async () => {
      const { ContactId, $metadata } = await clientOf(owner).send(
        dial({ Name: 'Ada Lovelace', Attributes: { card: '4111111111111111' } }),
      );
      const record = await auditOf($metadata.requestId);
      assert.equal(record.eventName, 'StartOutboundVoiceContact');
      assert.equal(record.eventSource, 'connect.amazonaws.com');
      assert.equal((record.userIdentity as { accessKeyId: string }).accessKeyId, owner.accessKeyId);
      assert.equal(record.sourceIPAddress, '127.0.0.1');
      assert.match(String(record.userAgent), /aws-sdk-js/);
      const parameters = record.requestParameters as Record<string, unknown>;
      assert.equal(parameters.InstanceId, service.instanceId);
      assert.equal(parameters.Name, 'HIDDEN_DUE_TO_SECURITY_REASONS');
      assert.deepEqual(record.responseElements, { ContactId });
      assert.ok(!JSON.stringify(record).includes('4111111111111111'));
    });

    it('tells of a refused call, with its error', async () => {
      const error = await clientOf(reader)
        .send(dial())
        .catch((refused: sdk.ConnectServiceException) => refused);
      assert.ok(error instanceof sdk.ConnectServiceException);
      const record = await auditOf(error.$metadata.requestId);
      assert.equal(record.errorCode, 'AccessDeniedException');
      assert.equal(record.errorMessage, error.message);
      assert.equal(record.responseElements, null);
    });

    it('tells of calls that change something by callers that are known, and of no others', async () => {
      const client = clientOf(owner);
      const read = await client.send(new sdk.ListQueuesCommand({ InstanceId: service.instanceId }));
      const unknown = await clientOf({ ...owner, secretAccessKey: 'wrong-secret' })
        .send(dial())
        .catch((error: sdk.ConnectServiceException) => error);
      const last = await client.send(dial());
      await auditOf(last.$metadata.requestId);
      const logged = new Set(audited().map(({ requestID }) => requestID));
      assert.ok(!logged.has(read.$metadata.requestId));
      assert.ok(!logged.has(unknown.$metadata.requestId));
      for (const record of audited()) assert.equal(record.readOnly, false);
    });
  });
});

describe('a service whose RINGBACK_SECRET_KEY opens none of the stored keys', () => {
  it('is refused before anything else begins, as `ringback keys create` is with it', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
    // As root the database runs as another user, which must be able to reach its files.
    await chmod(directory, 0o711);
    const dataDir = path.join(directory, 'data');
    try {
      await placePreparedDatabase(dataDir);
      const [right, wrong] = [randomBytes(32), randomBytes(32)].map((key) => ({
        RINGBACK_DATA_DIR: dataDir,
        RINGBACK_SECRET_KEY: key.toString('base64'),
      }));
      assert.equal((await ringback(['keys', 'create'], { ...right })).code, 0);
      const { code, stderr } = await ringback(['keys', 'create'], { ...wrong });
      assert.equal(code, 1);
      assert.match(stderr, /sealed with another key/);
      const begun: string[] = [];
      const starting = startService({
        config: loadConfig({ ...wrong, RINGBACK_HTTP_PORT: '0', RINGBACK_SIP_PORT: '0' }),
        logger: pino({ level: 'silent' }),
        onProgress: (message) => begun.push(message),
      });
      await assert.rejects(starting, { name: 'SecretKeyUnusable', message: /sealed with another key/ });
      assert.deepEqual(
        begun.filter((message) => message.includes('media')),
        [],
      );
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe('a service without keys', () => {
  it('lets anyone in until the first key is made, and again when the last is revoked', async () => {
    const service = await startTestService('dialling: { paused: true }');
    const anyone = service.client;
    const list = () => anyone.send(new sdk.ListInstancesCommand({}));
    const keys = (...args: string[]) => ringback(['keys', ...args], { RINGBACK_DATA_DIR: service.dataDir });
    let client: sdk.ConnectClient | undefined;
    try {
      assert.ok((await list()).InstanceSummaryList);
      const file = path.join(service.dataDir, 'policy.json');
      writeFileSync(file, JSON.stringify({ Statement: { Effect: 'Deny', Action: '*', Resource: '*' } }));
      const made = JSON.parse((await keys('create', '--json', '--policy', file)).stdout);
      assert.equal(made.AccountId, '000000000000');
      client = new sdk.ConnectClient({
        endpoint: service.service.url,
        region: 'us-east-1',
        credentials: { accessKeyId: made.AccessKeyId, secretAccessKey: made.SecretAccessKey },
        maxAttempts: 1,
      });
      // The new key is held to its policy from its first request.
      await assert.rejects(client.send(new sdk.ListInstancesCommand({})), { name: 'AccessDeniedException' });
      await untilDefined(10_000, 'unknown keys are still let in', () =>
        list().then(
          () => undefined,
          (error: Error) => error.name === 'UnrecognizedClientException' || undefined,
        ),
      );
      await keys('revoke', made.AccessKeyId);
      await untilDefined(10_000, 'the service stays closed', () =>
        list().then(
          () => true,
          () => undefined,
        ),
      );
    } finally {
      client?.destroy();
      await service.close();
    }
  });
});

function withHash(request: CapturedRequest): CapturedRequest {
  const hash = createHash('sha256').update(request.body).digest('hex');
  return { ...request, headers: { ...request.headers, 'x-amz-content-sha256': hash } };
}

const flipLastDigit = (text: string): string => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');

/** Another value of the same form, so that it is the signature that refuses it. */
function changedHeader(name: string, value: string): string {
  if (name === 'x-amz-date') return flipLastDigit(value.slice(0, -1)).concat('Z');
  if (name === 'host') return 'localhost';
  return `${value}x`;
}

/** A hash in the form that the signer asks for. */
class NodeSha256 {
  readonly #hash: ReturnType<typeof createHmac> | ReturnType<typeof createHash>;

  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}
