/** Queues, routing profiles, quick connects, hours of operation, Lambda functions and their tags, through the official SDK. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@aws-sdk/client-connect';
import { type ContactFlowId, newId, type PhoneNumberId, type QueueId as QueueIdOf } from '../src/ids.ts';
import { isOpenAt } from '../src/routing/hours-of-operation.ts';
import { openHoursOfOperationStore } from '../src/store/hours-of-operation-store.ts';
import { refused, unknownId } from './support/refusals.ts';
import { openTestApi, type TestApi } from './support/test-api.ts';

let test: TestApi;
let InstanceId: string;
let HoursOfOperationId: string;
let BasicQueueId: string;
let UserId: string;
/** Flows by type. */
const flows = new Map<string, ContactFlowId>();

before(async () => {
  test = await openTestApi({
    queues: 6,
    queuesPerRoutingProfile: 3,
    quickConnects: 6,
    hoursOfOperation: 4,
    lambdaFunctions: 2,
  });
  InstanceId = test.instanceId;
  const hours = await test.client.send(new sdk.ListHoursOfOperationsCommand({ InstanceId }));
  HoursOfOperationId = required(hours.HoursOfOperationSummaryList?.[0]?.Id);
  const queues = await test.client.send(new sdk.ListQueuesCommand({ InstanceId }));
  BasicQueueId = required(queues.QueueSummaryList?.[0]?.Id);
  const users = await test.client.send(new sdk.ListUsersCommand({ InstanceId }));
  UserId = required(users.UserSummaryList?.[0]?.Id);
  for (const type of ['OUTBOUND_WHISPER', 'AGENT_TRANSFER', 'QUEUE_TRANSFER', 'CONTACT_FLOW']) {
    flows.set(type, await storeFlow(type, 'PUBLISHED'));
  }
  flows.set('SAVED', await storeFlow('OUTBOUND_WHISPER', 'SAVED'));
});
after(() => test?.close());

async function storeFlow(type: string, status: 'PUBLISHED' | 'SAVED'): Promise<ContactFlowId> {
  const id = newId<ContactFlowId>();
  await test.resources.createFlow(
    {
      id,
      instanceId: test.instanceId,
      name: `${type} ${status}`,
      type,
      description: undefined,
      content: '{}',
      status,
      state: 'ACTIVE',
      tags: {},
      createdAtMs: 0,
      updatedAtMs: 0,
    },
    100,
  );
  return id;
}

async function storeNumber(e164: string): Promise<PhoneNumberId> {
  const id = newId<PhoneNumberId>();
  await test.database.query(
    `INSERT INTO phone_number (id, account_id, region, instance_id, e164, country_code, type)
     VALUES ($1, '000000000000', 'us-east-1', $2, $3, 'US', 'DID')`,
    [id, InstanceId, e164],
  );
  return id;
}

function required<Value>(value: Value | undefined): Value {
  assert.ok(value !== undefined);
  return value;
}

const send = <Output extends object>(command: { readonly input: object } & object): Promise<Output> =>
  test.client.send(command as never) as Promise<Output>;

const createQueue = async (
  Name: string,
  more: Partial<sdk.CreateQueueCommandInput> = {},
): Promise<string> => {
  const input = { InstanceId, Name, HoursOfOperationId, ...more };
  return required((await test.client.send(new sdk.CreateQueueCommand(input))).QueueId);
};
const describeQueue = async (QueueId: string): Promise<sdk.Queue> =>
  required((await test.client.send(new sdk.DescribeQueueCommand({ InstanceId, QueueId }))).Queue);
const deleteQueue = (QueueId: string) => send(new sdk.DeleteQueueCommand({ InstanceId, QueueId }));

const exact = (FieldName: string, Value: string) => ({
  StringCondition: { FieldName, Value, ComparisonType: 'EXACT' as const },
});

describe('queues', () => {
  let SalesId: string;
  let NumberId: string;

  it('are created with hours, caller ID, limit and tags', async () => {
    NumberId = await storeNumber('+12065550188');
    SalesId = await createQueue('Sales', {
      Description: 'Sells',
      MaxContacts: 5,
      OutboundCallerConfig: {
        OutboundCallerIdName: 'Sales',
        OutboundCallerIdNumberId: `arn:aws:connect:us-east-1:000000000000:phone-number/${NumberId}`,
        OutboundFlowId: flows.get('OUTBOUND_WHISPER'),
      },
      Tags: { team: 'sales' },
    });
    const queue = await describeQueue(SalesId);
    assert.equal(
      queue.QueueArn,
      `arn:aws:connect:us-east-1:000000000000:instance/${InstanceId}/queue/${SalesId}`,
    );
    assert.deepEqual(queue.OutboundCallerConfig, {
      OutboundCallerIdName: 'Sales',
      OutboundCallerIdNumberId: NumberId,
      OutboundFlowId: flows.get('OUTBOUND_WHISPER'),
    });
    assert.deepEqual(
      [queue.Name, queue.Description, queue.Status, queue.MaxContacts, queue.HoursOfOperationId],
      ['Sales', 'Sells', 'ENABLED', 5, HoursOfOperationId],
    );
    assert.deepEqual(queue.Tags, { team: 'sales' });
    assert.ok(queue.LastModifiedTime instanceof Date);
  });

  it('are refused with what is not there or does not fit', async () => {
    const config = (OutboundCallerConfig: sdk.OutboundCallerConfig) => ({ OutboundCallerConfig });
    const table: [Partial<sdk.CreateQueueCommandInput>, string, RegExp][] = [
      [{ Name: 'Sales' }, 'DuplicateResourceException', /"Sales"/],
      [{ HoursOfOperationId: unknownId }, 'ResourceNotFoundException', /HoursOfOperationId/],
      [{ QuickConnectIds: [unknownId] }, 'ResourceNotFoundException', /QuickConnectIds/],
      [config({ OutboundCallerIdNumberId: unknownId }), 'ResourceNotFoundException', /NumberId/],
      [config({ OutboundFlowId: unknownId }), 'ResourceNotFoundException', /OutboundFlowId/],
      [
        config({ OutboundFlowId: flows.get('CONTACT_FLOW') }),
        'InvalidParameterException',
        /CONTACT_FLOW; it must be OUTBOUND_WHISPER/,
      ],
      [config({ OutboundFlowId: flows.get('SAVED') }), 'InvalidParameterException', /never published/],
      [config({ OutboundCallerIdName: 'a\nb' }), 'InvalidParameterException', /control characters/],
    ];
    for (const [more, name, message] of table) await refused(createQueue('New', more), name, message);
  });

  it('change part by part', async () => {
    const QueueId = SalesId;
    await send(new sdk.UpdateQueueNameCommand({ InstanceId, QueueId, Description: 'Sells more' }));
    await send(new sdk.UpdateQueueStatusCommand({ InstanceId, QueueId, Status: 'DISABLED' }));
    await send(new sdk.UpdateQueueMaxContactsCommand({ InstanceId, QueueId }));
    await send(
      new sdk.UpdateQueueOutboundCallerConfigCommand({
        InstanceId,
        QueueId,
        OutboundCallerConfig: { OutboundCallerIdNumberId: NumberId },
      }),
    );
    const queue = await describeQueue(QueueId);
    assert.deepEqual(
      [queue.Name, queue.Description, queue.Status, queue.MaxContacts],
      ['Sales', 'Sells more', 'DISABLED', undefined],
    );
    assert.deepEqual(queue.OutboundCallerConfig, { OutboundCallerIdNumberId: NumberId });
    const update = (command: object) => send(command as never);
    await refused(
      update(new sdk.UpdateQueueNameCommand({ InstanceId, QueueId, Name: 'BasicQueue' })),
      'DuplicateResourceException',
    );
    await refused(
      update(new sdk.UpdateQueueNameCommand({ InstanceId, QueueId })),
      'InvalidRequestException',
      /Name or Description/,
    );
    const nowhere = { InstanceId, QueueId, HoursOfOperationId: unknownId };
    await refused(
      update(new sdk.UpdateQueueHoursOfOperationCommand(nowhere)),
      'ResourceNotFoundException',
      /HoursOfOperationId/,
    );
    await refused(
      update(new sdk.UpdateQueueStatusCommand({ InstanceId, QueueId: unknownId, Status: 'ENABLED' })),
      'ResourceNotFoundException',
      /QueueId/,
    );
  });

  it('are listed, the users own ones after the others, and searched', async () => {
    const list = async (QueueTypes?: sdk.QueueType[]) =>
      (await test.client.send(new sdk.ListQueuesCommand({ InstanceId, QueueTypes }))).QueueSummaryList ?? [];
    const all = (await list()).map(({ Name, QueueType }) => [Name, QueueType]);
    assert.deepEqual(all.slice(0, 2).toSorted(), [
      ['BasicQueue', 'STANDARD'],
      ['Sales', 'STANDARD'],
    ]);
    assert.deepEqual(all.slice(2), [[undefined, 'AGENT']]);
    const [own, ...more] = await list(['AGENT']);
    assert.deepEqual(more, []);
    assert.equal(own?.Id, UserId);
    assert.match(own?.Arn ?? '', new RegExp(`/queue/agent/${UserId}$`));
    const found = await test.client.send(
      new sdk.SearchQueuesCommand({
        InstanceId,
        SearchCriteria: { AndConditions: [exact('name', 'Sales'), { QueueTypeCondition: 'STANDARD' }] },
        SearchFilter: { TagFilter: { TagCondition: { TagKey: 'team', TagValue: 'sales' } } },
      }),
    );
    assert.equal(found.ApproximateTotalCount, 1);
    assert.equal(found.Queues?.[0]?.QueueId, SalesId);
  });

  it('are deleted unless a routing profile needs them', async () => {
    await refused(deleteQueue(BasicQueueId), 'ResourceInUseException', /routing profile/);
    await deleteQueue(SalesId);
    await refused(describeQueue(SalesId), 'ResourceNotFoundException', /QueueId/);
    await refused(deleteQueue(SalesId), 'ResourceNotFoundException');
  });
});

describe('routing profiles', () => {
  let first: string;
  let second: string;
  let RoutingProfileId: string;
  const queueOf = (QueueId: string, Priority = 1, Delay = 0, Channel: sdk.Channel = 'VOICE') => ({
    QueueReference: { QueueId, Channel },
    Priority,
    Delay,
  });
  const voice = [{ Channel: 'VOICE', Concurrency: 1 }] as const;
  const create = async (more: Partial<sdk.CreateRoutingProfileCommandInput> = {}) =>
    required(
      (
        await test.client.send(
          new sdk.CreateRoutingProfileCommand({
            InstanceId,
            Name: 'Support',
            Description: 'Helps',
            DefaultOutboundQueueId: BasicQueueId,
            MediaConcurrencies: [...voice],
            ...more,
          }),
        )
      ).RoutingProfileId,
    );
  const describeProfile = async () =>
    required(
      (await test.client.send(new sdk.DescribeRoutingProfileCommand({ InstanceId, RoutingProfileId })))
        .RoutingProfile,
    );
  /** By name and channel: the order of ids, which queues of one millisecond have by chance, is no part of the API. */
  const queuesOf = async () =>
    (
      await test.client.send(new sdk.ListRoutingProfileQueuesCommand({ InstanceId, RoutingProfileId }))
    ).RoutingProfileQueueConfigSummaryList?.map(
      ({ QueueName, Priority, Delay, Channel }) => [QueueName, Priority, Delay, Channel] as const,
    ).toSorted((a, b) => `${a[0]} ${a[3]}`.localeCompare(`${b[0]} ${b[3]}`));

  before(async () => {
    first = await createQueue('First');
    second = await createQueue('Second');
  });

  it('are created with queues, priorities and concurrencies', async () => {
    RoutingProfileId = await create({
      QueueConfigs: [queueOf(first, 2, 30), queueOf(second)],
      ManualAssignmentQueueConfigs: [{ QueueReference: { QueueId: first, Channel: 'VOICE' } }],
      MediaConcurrencies: [
        ...voice,
        {
          Channel: 'CHAT',
          Concurrency: 3,
          CrossChannelBehavior: { BehaviorType: 'ROUTE_ANY_CHANNEL' },
        },
      ],
      AgentAvailabilityTimer: 'TIME_SINCE_LAST_INBOUND',
      Tags: { of: 'support' },
    });
    const profile = await describeProfile();
    assert.deepEqual(
      [
        profile.NumberOfAssociatedQueues,
        profile.NumberOfAssociatedManualAssignmentQueues,
        profile.NumberOfAssociatedUsers,
        profile.AgentAvailabilityTimer,
        profile.IsDefault,
      ],
      [2, 1, 0, 'TIME_SINCE_LAST_INBOUND', false],
    );
    assert.deepEqual(profile.AssociatedQueueIds?.toSorted(), [first, second].sort());
    assert.equal(profile.MediaConcurrencies?.[1]?.CrossChannelBehavior?.BehaviorType, 'ROUTE_ANY_CHANNEL');
    assert.deepEqual(await queuesOf(), [
      ['First', 2, 30, 'VOICE'],
      ['Second', 1, 0, 'VOICE'],
    ]);
  });

  it('are refused with what is not there or does not fit', async () => {
    const concurrency = (...MediaConcurrencies: sdk.MediaConcurrency[]) => ({ MediaConcurrencies });
    const table: [Partial<sdk.CreateRoutingProfileCommandInput>, string, RegExp][] = [
      [{ Name: 'Support' }, 'DuplicateResourceException', /"Support"/],
      [{ DefaultOutboundQueueId: unknownId }, 'ResourceNotFoundException', /DefaultOutboundQueueId/],
      [{ QueueConfigs: [queueOf(unknownId)] }, 'ResourceNotFoundException', /QueueId/],
      [{ QueueConfigs: [queueOf(first), queueOf(first)] }, 'DuplicateResourceException', /twice/],
      [concurrency({ Channel: 'VOICE', Concurrency: 2 }), 'InvalidParameterException', /1 to 1/],
      [concurrency({ Channel: 'CHAT', Concurrency: 0 }), 'InvalidParameterException', /1 to 10/],
      [concurrency({ Channel: 'CHAT' }), 'InvalidParameterException', /lacks the Concurrency/],
      [concurrency(...voice, ...voice), 'InvalidParameterException', /twice/],
    ];
    for (const [more, name, message] of table) {
      await refused(create({ Name: 'Other', ...more }), name, message);
    }
  });

  it('get, change and lose queues', async () => {
    const associate = (QueueConfigs?: sdk.RoutingProfileQueueConfig[]) =>
      send(new sdk.AssociateRoutingProfileQueuesCommand({ InstanceId, RoutingProfileId, QueueConfigs }));
    const update = (...QueueConfigs: sdk.RoutingProfileQueueConfig[]) =>
      send(new sdk.UpdateRoutingProfileQueuesCommand({ InstanceId, RoutingProfileId, QueueConfigs }));
    await associate([queueOf(first, 1, 0, 'CHAT')]);
    await refused(associate([queueOf(second)]), 'InvalidParameterException', /already/);
    await refused(associate([queueOf(BasicQueueId)]), 'InvalidRequestException', /3 queue/);
    await refused(associate(), 'InvalidRequestException', /QueueConfigs/);
    await update(queueOf(second, 9, 99));
    await refused(
      update(queueOf(second, 1, 1), queueOf(BasicQueueId)),
      'ResourceNotFoundException',
      new RegExp(BasicQueueId),
    );
    assert.deepEqual(await queuesOf(), [
      ['First', 1, 0, 'CHAT'],
      ['First', 2, 30, 'VOICE'],
      ['Second', 9, 99, 'VOICE'],
    ]);
    await refused(deleteQueue(second), 'ResourceInUseException', /serves it/);
    const reference = (QueueId: string, Channel: sdk.Channel = 'VOICE') => ({ QueueId, Channel });
    const QueueReferences = Array.from({ length: 11 }, () => reference(first));
    const ofEleven = { InstanceId, RoutingProfileId, QueueReferences };
    await refused(
      send(new sdk.DisassociateRoutingProfileQueuesCommand(ofEleven)),
      'InvalidParameterException',
      /11.*at most 10/,
    );
    await send(
      new sdk.DisassociateRoutingProfileQueuesCommand({
        InstanceId,
        RoutingProfileId,
        QueueReferences: [reference(first), reference(BasicQueueId)],
        ManualAssignmentQueueReferences: [reference(first)],
      }),
    );
    assert.deepEqual(await queuesOf(), [
      ['First', 1, 0, 'CHAT'],
      ['Second', 9, 99, 'VOICE'],
    ]);
    assert.equal((await describeProfile()).NumberOfAssociatedManualAssignmentQueues, 0);
  });

  it('change part by part', async () => {
    const of = { InstanceId, RoutingProfileId };
    await send(new sdk.UpdateRoutingProfileNameCommand({ ...of, Name: 'Care' }));
    await send(new sdk.UpdateRoutingProfileConcurrencyCommand({ ...of, MediaConcurrencies: [...voice] }));
    await send(
      new sdk.UpdateRoutingProfileDefaultOutboundQueueCommand({ ...of, DefaultOutboundQueueId: first }),
    );
    await send(
      new sdk.UpdateRoutingProfileAgentAvailabilityTimerCommand({
        ...of,
        AgentAvailabilityTimer: 'TIME_SINCE_LAST_ACTIVITY',
      }),
    );
    const profile = await describeProfile();
    assert.deepEqual(
      [
        profile.Name,
        profile.Description,
        profile.DefaultOutboundQueueId,
        profile.AgentAvailabilityTimer,
        profile.MediaConcurrencies,
      ],
      ['Care', 'Helps', first, 'TIME_SINCE_LAST_ACTIVITY', [...voice]],
    );
    await refused(
      send(new sdk.UpdateRoutingProfileNameCommand({ ...of, Name: 'Basic Routing Profile' })),
      'DuplicateResourceException',
    );
    await refused(send(new sdk.UpdateRoutingProfileNameCommand(of)), 'InvalidRequestException');
  });

  it('are listed, searched and deleted unless users have them', async () => {
    const listed = await test.client.send(new sdk.ListRoutingProfilesCommand({ InstanceId }));
    assert.deepEqual(listed.RoutingProfileSummaryList?.map(({ Name }) => Name).toSorted(), [
      'Basic Routing Profile',
      'Care',
    ]);
    const found = await test.client.send(
      new sdk.SearchRoutingProfilesCommand({
        InstanceId,
        SearchCriteria: exact('associatedQueueIds', second),
        SearchFilter: { TagFilter: { TagCondition: { TagKey: 'of' } } },
      }),
    );
    assert.deepEqual(
      found.RoutingProfiles?.map(({ Name }) => Name),
      ['Care'],
    );
    await send(new sdk.UpdateUserRoutingProfileCommand({ InstanceId, UserId, RoutingProfileId }));
    assert.equal((await describeProfile()).NumberOfAssociatedUsers, 1);
    const remove = () => send(new sdk.DeleteRoutingProfileCommand({ InstanceId, RoutingProfileId }));
    await refused(remove(), 'ResourceInUseException', /users have it/);
    const profiles = listed.RoutingProfileSummaryList;
    const basic = required(profiles?.find(({ Name }) => Name === 'Basic Routing Profile')?.Id);
    await send(new sdk.UpdateUserRoutingProfileCommand({ InstanceId, UserId, RoutingProfileId: basic }));
    await remove();
    await refused(remove(), 'ResourceNotFoundException', /RoutingProfileId/);
    await deleteQueue(second);
    await deleteQueue(first);
  });
});

describe('quick connects', () => {
  const create = async (
    Name: string,
    QuickConnectConfig: sdk.QuickConnectConfig,
    more: Partial<sdk.CreateQuickConnectCommandInput> = {},
  ) =>
    required(
      (
        await test.client.send(
          new sdk.CreateQuickConnectCommand({ InstanceId, Name, QuickConnectConfig, ...more }),
        )
      ).QuickConnectId,
    );
  const describeQuickConnect = async (QuickConnectId: string) =>
    (await test.client.send(new sdk.DescribeQuickConnectCommand({ InstanceId, QuickConnectId })))
      .QuickConnect;
  const phone = (PhoneNumber = '+12065550100'): sdk.QuickConnectConfig => ({
    QuickConnectType: 'PHONE_NUMBER',
    PhoneConfig: { PhoneNumber },
  });
  let phoneId: string;
  let userId: string;

  it('lead to numbers, users, queues and flows', async () => {
    phoneId = await create('Taxi', phone(), { Description: 'Drives', Tags: { kind: 'out' } });
    const queueArn = `arn:aws:connect:us-east-1:000000000000:instance/${InstanceId}/queue/${BasicQueueId}`;
    userId = await create('Ada', {
      QuickConnectType: 'USER',
      UserConfig: { UserId, ContactFlowId: flows.get('AGENT_TRANSFER') },
    });
    const queueId = await create('Everyone', {
      QuickConnectType: 'QUEUE',
      QueueConfig: { QueueId: queueArn, ContactFlowId: flows.get('QUEUE_TRANSFER') },
    });
    await create('Menu', {
      QuickConnectType: 'FLOW',
      FlowConfig: { ContactFlowId: flows.get('CONTACT_FLOW') },
    });
    const queue = await describeQuickConnect(queueId);
    assert.deepEqual(queue?.QuickConnectConfig, {
      QuickConnectType: 'QUEUE',
      QueueConfig: { QueueId: BasicQueueId, ContactFlowId: flows.get('QUEUE_TRANSFER') },
    });
    assert.match(queue?.QuickConnectARN ?? '', /\/transfer-destination\//);
  });

  it('are refused with what is not there or does not fit', async () => {
    const user = (id: string, flow = 'AGENT_TRANSFER'): sdk.QuickConnectConfig => ({
      QuickConnectType: 'USER',
      UserConfig: { UserId: id, ContactFlowId: flows.get(flow) },
    });
    const table: [sdk.QuickConnectConfig, string, RegExp][] = [
      [{ QuickConnectType: 'USER' }, 'InvalidParameterException', /UserConfig/],
      [{ ...phone(), ...user(UserId) }, 'InvalidParameterException', /no other/],
      [user(unknownId), 'ResourceNotFoundException', /UserId/],
      [user(UserId, 'QUEUE_TRANSFER'), 'InvalidParameterException', /must be AGENT_TRANSFER/],
      [phone('12065550100'), 'InvalidParameterException', /phoneNumber/],
    ];
    for (const [config, name, message] of table) await refused(create('New', config), name, message);
    await refused(create('Taxi', phone()), 'DuplicateResourceException', /"Taxi"/);
  });

  it('change name and destination', async () => {
    const QuickConnectId = phoneId;
    await send(new sdk.UpdateQuickConnectNameCommand({ InstanceId, QuickConnectId, Name: 'Cab' }));
    await send(
      new sdk.UpdateQuickConnectConfigCommand({
        InstanceId,
        QuickConnectId,
        QuickConnectConfig: phone('+12065550101'),
      }),
    );
    const quickConnect = await describeQuickConnect(QuickConnectId);
    assert.deepEqual(
      [quickConnect?.Name, quickConnect?.Description, quickConnect?.QuickConnectConfig],
      ['Cab', 'Drives', phone('+12065550101')],
    );
    await refused(
      send(new sdk.UpdateQuickConnectNameCommand({ InstanceId, QuickConnectId, Name: 'Ada' })),
      'InvalidParameterException',
      /"Ada"/,
    );
  });

  it('are listed by type, searched, and shown to the agents of queues', async () => {
    const list = async (QuickConnectTypes?: sdk.QuickConnectType[]) =>
      (
        await test.client.send(new sdk.ListQuickConnectsCommand({ InstanceId, QuickConnectTypes }))
      ).QuickConnectSummaryList?.map(({ Name }) => Name).toSorted();
    assert.deepEqual(await list(), ['Ada', 'Cab', 'Everyone', 'Menu']);
    assert.deepEqual(await list(['USER', 'FLOW']), ['Ada', 'Menu']);
    const found = await test.client.send(
      new sdk.SearchQuickConnectsCommand({
        InstanceId,
        SearchCriteria: exact('description', 'Drives'),
        SearchFilter: { TagFilter: { TagCondition: { TagKey: 'kind' } } },
      }),
    );
    assert.deepEqual(
      found.QuickConnects?.map(({ Name }) => Name),
      ['Cab'],
    );

    const QueueId = await createQueue('Helpers', { QuickConnectIds: [userId] });
    const associate = (...QuickConnectIds: string[]) =>
      send(new sdk.AssociateQueueQuickConnectsCommand({ InstanceId, QueueId, QuickConnectIds }));
    const ofQueue = async () =>
      (
        await test.client.send(new sdk.ListQueueQuickConnectsCommand({ InstanceId, QueueId }))
      ).QuickConnectSummaryList?.map(({ Name }) => Name).toSorted();
    await associate(phoneId, userId);
    assert.deepEqual(await ofQueue(), ['Ada', 'Cab']);
    await send(
      new sdk.DisassociateQueueQuickConnectsCommand({ InstanceId, QueueId, QuickConnectIds: [userId] }),
    );
    assert.deepEqual(await ofQueue(), ['Cab']);
    await refused(associate(unknownId), 'ResourceNotFoundException', /QuickConnectIds/);
    await send(new sdk.DeleteQuickConnectCommand({ InstanceId, QuickConnectId: phoneId }));
    assert.deepEqual(await ofQueue(), []);
    await refused(describeQuickConnect(phoneId), 'ResourceNotFoundException', /QuickConnectId/);
    await deleteQueue(QueueId);
  });

  it('are limited', async () => {
    await create('One', phone());
    await create('Two', phone());
    await create('Three', phone());
    await refused(create('Four', phone()), 'LimitExceededException', /6 quick connects/);
  });
});

describe('hours of operation', () => {
  const time = (Hours: number, Minutes = 0) => ({ Hours, Minutes });
  const office: sdk.HoursOfOperationConfig[] = (['MONDAY', 'TUESDAY'] as const).map((Day) => ({
    Day,
    StartTime: time(9),
    EndTime: time(17),
  }));
  const create = async (Name: string, more: Partial<sdk.CreateHoursOfOperationCommandInput> = {}) =>
    required(
      (
        await test.client.send(
          new sdk.CreateHoursOfOperationCommand({
            InstanceId,
            Name,
            TimeZone: 'Europe/Berlin',
            Config: office,
            ...more,
          }),
        )
      ).HoursOfOperationId,
    );
  const describeHours = async (id: string) =>
    (await test.client.send(new sdk.DescribeHoursOfOperationCommand({ InstanceId, HoursOfOperationId: id })))
      .HoursOfOperation;
  let hoursId: string;

  it('are created, changed, listed and searched', async () => {
    hoursId = await create('Office', { Description: 'Desk', Tags: { site: 'berlin' } });
    const hours = await describeHours(hoursId);
    assert.match(hours?.HoursOfOperationArn ?? '', /\/operating-hours\//);
    assert.deepEqual(
      [hours?.Name, hours?.Description, hours?.TimeZone, hours?.Config],
      ['Office', 'Desk', 'Europe/Berlin', office],
    );
    const update = (more: Partial<sdk.UpdateHoursOfOperationCommandInput>) =>
      send(new sdk.UpdateHoursOfOperationCommand({ InstanceId, HoursOfOperationId: hoursId, ...more }));
    await update({ Name: 'Bureau', Description: '' });
    assert.deepEqual(
      [(await describeHours(hoursId))?.Name, (await describeHours(hoursId))?.Description],
      ['Bureau', undefined],
    );
    await refused(update({}), 'InvalidRequestException', /Name, Description/);
    await refused(update({ TimeZone: 'Mars/Olympus' }), 'InvalidParameterException', /time zone/);
    await refused(create('X', { TimeZone: 'Nowhere' }), 'InvalidParameterException', /time zone/);
    await refused(create('Bureau'), 'DuplicateResourceException', /"Bureau"/);
    const listed = await test.client.send(new sdk.ListHoursOfOperationsCommand({ InstanceId }));
    assert.deepEqual(listed.HoursOfOperationSummaryList?.map(({ Name }) => Name).toSorted(), [
      'Basic Hours',
      'Bureau',
    ]);
    const found = await test.client.send(
      new sdk.SearchHoursOfOperationsCommand({
        InstanceId,
        SearchCriteria: exact('timezone', 'Europe/Berlin'),
        SearchFilter: { TagFilter: { TagCondition: { TagKey: 'site' } } },
      }),
    );
    assert.deepEqual(
      found.HoursOfOperations?.map(({ Name }) => Name),
      ['Bureau'],
    );
  });

  it('have overrides, which count in the effective hours', async () => {
    const of = { InstanceId, HoursOfOperationId: hoursId };
    const override = (more: Partial<sdk.CreateHoursOfOperationOverrideCommandInput>) =>
      test.client.send(
        new sdk.CreateHoursOfOperationOverrideCommand({
          ...of,
          Name: 'Holiday',
          Config: [],
          EffectiveFrom: '2026-03-03',
          EffectiveTill: '2026-03-03',
          ...more,
        }),
      );
    const allDay = [{ StartTime: time(0), EndTime: time(0) }];
    const lunch = [{ Day: 'MONDAY' as const, StartTime: time(12), EndTime: time(13) }];
    const { HoursOfOperationOverrideId: lunchId } = await override({
      Name: 'Lunch',
      OverrideType: 'CLOSED',
      Config: lunch,
      EffectiveFrom: '2026-03-01',
      EffectiveTill: '2026-12-31',
      RecurrenceConfig: { RecurrencePattern: { Frequency: 'WEEKLY', Interval: 2 } },
    });
    const { HoursOfOperationOverrideId: holidayId } = await override({});
    const effective = async (FromDate: string, ToDate: string) =>
      test.client.send(new sdk.GetEffectiveHoursOfOperationsCommand({ ...of, FromDate, ToDate }));
    const answer = await effective('2026-03-02', '2026-03-04');
    assert.equal(answer.TimeZone, 'Europe/Berlin');
    assert.deepEqual(answer.EffectiveHoursOfOperationList, [
      {
        Date: '2026-03-02',
        OperationalHours: [
          { Start: time(9), End: time(12) },
          { Start: time(13), End: time(17) },
        ],
      },
      { Date: '2026-03-03', OperationalHours: [] },
      { Date: '2026-03-04', OperationalHours: [] },
    ]);
    assert.deepEqual(answer.EffectiveOverrideHoursList, [
      {
        Date: '2026-03-02',
        OverrideHours: [
          { Start: time(12), End: time(13), OverrideName: 'Lunch', OperationalStatus: 'CLOSED' },
        ],
      },
    ]);
    const [nextWeek] = (await effective('2026-03-09', '2026-03-09')).EffectiveHoursOfOperationList ?? [];
    assert.deepEqual(nextWeek?.OperationalHours, [{ Start: time(9), End: time(17) }]);

    const child = await create('Child', { ParentHoursOfOperationConfigs: [{ HoursOfOperationId: hoursId }] });
    const inherited = await test.client.send(
      new sdk.GetEffectiveHoursOfOperationsCommand({
        InstanceId,
        HoursOfOperationId: child,
        FromDate: '2026-03-03',
        ToDate: '2026-03-03',
      }),
    );
    assert.deepEqual(inherited.EffectiveHoursOfOperationList?.[0]?.OperationalHours, []);
    assert.deepEqual(
      (await describeHours(child))?.ParentHoursOfOperations?.map(({ Name }) => Name),
      ['Bureau'],
    );
    // What flows ask in CheckHoursOfOperation.
    const asked = openHoursOfOperationStore(test.database);
    const byName = required(await asked.find(test.instanceId, 'Child'));
    assert.equal(isOpenAt(byName, Date.parse('2026-03-03T10:00:00+01:00')), false, 'a holiday');
    assert.equal(isOpenAt(byName, Date.parse('2026-03-10T10:00:00+01:00')), true, 'the Tuesday after it');
    const QueueId = await createQueue('Desk', { HoursOfOperationId: child });
    assert.deepEqual(await asked.ofQueue(test.instanceId, QueueId as QueueIdOf), byName);
    await deleteQueue(QueueId);
    await refused(
      create('Grandchild', { ParentHoursOfOperationConfigs: [{ HoursOfOperationId: child }] }),
      'InvalidParameterException',
      /has parents itself/,
    );

    const table: [Partial<sdk.CreateHoursOfOperationOverrideCommandInput>, string, RegExp][] = [
      [{ Name: 'Lunch' }, 'DuplicateResourceException', /"Lunch"/],
      [{ EffectiveFrom: '2026-02-30' }, 'InvalidParameterException', /EffectiveFrom/],
      [{ EffectiveTill: '2026-03-02' }, 'InvalidParameterException', /before EffectiveFrom/],
      [{ Config: [{ Day: 'MONDAY' }] }, 'InvalidParameterException', /StartTime/],
      [
        { RecurrenceConfig: { RecurrencePattern: { Frequency: 'WEEKLY', Interval: 1 } } },
        'InvalidRequestException',
        /OPEN or CLOSED/,
      ],
      [
        {
          OverrideType: 'CLOSED',
          Config: allDay,
          RecurrenceConfig: {
            RecurrencePattern: { Frequency: 'MONTHLY', Interval: 1, ByWeekdayOccurrence: [2] },
          },
        },
        'InvalidParameterException',
        /needs a Day/,
      ],
      [
        {
          OverrideType: 'CLOSED',
          RecurrenceConfig: {
            RecurrencePattern: { Frequency: 'YEARLY', Interval: 1, ByMonth: [1, 2] },
          },
        },
        'InvalidParameterException',
        /one value/,
      ],
    ];
    for (const [more, name, message] of table) {
      await refused(override({ Name: 'New', ...more }), name, message);
    }
    await refused(effective('2026-03-02', '2026-03-01'), 'InvalidParameterException', /ToDate/);
    await refused(effective('2026-03-02', '2027-03-03'), 'InvalidParameterException', /365/);

    const update = (more: Partial<sdk.UpdateHoursOfOperationOverrideCommandInput>) =>
      send(
        new sdk.UpdateHoursOfOperationOverrideCommand({
          ...of,
          HoursOfOperationOverrideId: lunchId,
          ...more,
        }),
      );
    await update({ Description: 'Soup', OverrideType: 'STANDARD' });
    const described = await test.client.send(
      new sdk.DescribeHoursOfOperationOverrideCommand({ ...of, HoursOfOperationOverrideId: lunchId }),
    );
    assert.deepEqual(described.HoursOfOperationOverride, {
      HoursOfOperationOverrideId: lunchId,
      HoursOfOperationId: hoursId,
      HoursOfOperationArn: (await describeHours(hoursId))?.HoursOfOperationArn,
      Name: 'Lunch',
      Description: 'Soup',
      Config: lunch,
      EffectiveFrom: '2026-03-01',
      EffectiveTill: '2026-12-31',
      OverrideType: 'STANDARD',
    });
    await refused(update({ Name: 'Holiday' }), 'DuplicateResourceException');
    for (let round = 1; round <= 10; round += 1) {
      const Description = `Soup ${round}`;
      const EffectiveTill = `2027-01-${String(10 + round)}`;
      await Promise.all([update({ Description }), update({ EffectiveTill })]);
      const { HoursOfOperationOverride: both } = await test.client.send(
        new sdk.DescribeHoursOfOperationOverrideCommand({ ...of, HoursOfOperationOverrideId: lunchId }),
      );
      assert.deepEqual([both?.Description, both?.EffectiveTill], [Description, EffectiveTill]);
    }
    const search = async (SearchCriteria: sdk.HoursOfOperationOverrideSearchCriteria) =>
      (
        await test.client.send(new sdk.SearchHoursOfOperationOverridesCommand({ InstanceId, SearchCriteria }))
      ).HoursOfOperationOverrides?.map(({ Name }) => Name);
    const till = (Value: string, ComparisonType: sdk.DateComparisonType) =>
      search({ DateCondition: { FieldName: 'effectiveTill', Value, ComparisonType } });
    assert.deepEqual(await till('2026-03-03', 'GREATER_THAN'), ['Lunch']);
    assert.deepEqual(await till('2026-03-03', 'LESS_THAN_OR_EQUAL_TO'), ['Holiday']);
    assert.deepEqual(await search(exact('name', 'Holiday')), ['Holiday']);
    const remove = () =>
      send(new sdk.DeleteHoursOfOperationOverrideCommand({ ...of, HoursOfOperationOverrideId: holidayId }));
    await remove();
    await refused(remove(), 'ResourceNotFoundException', /HoursOfOperationOverrideId/);
    const listed = await test.client.send(new sdk.ListHoursOfOperationOverridesCommand(of));
    assert.deepEqual(
      listed.HoursOfOperationOverrideList?.map(({ Name }) => Name),
      ['Lunch'],
    );
  });

  it('are limited, and deleted unless a queue has them', async () => {
    await create('Fourth');
    await refused(create('Fifth'), 'LimitExceededException', /4 hours of operation/);
    const remove = (id: string) =>
      send(new sdk.DeleteHoursOfOperationCommand({ InstanceId, HoursOfOperationId: id }));
    await refused(remove(HoursOfOperationId), 'InvalidRequestException', /a queue has them/);
    await remove(hoursId);
    await refused(describeHours(hoursId), 'ResourceNotFoundException', /HoursOfOperationId/);
  });
});

describe('Lambda functions', () => {
  const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  const associate = (FunctionArn: string, ClientToken?: string) =>
    send(new sdk.AssociateLambdaFunctionCommand({ InstanceId, FunctionArn, ClientToken }));
  const list = async (more: object = {}) =>
    test.client.send(new sdk.ListLambdaFunctionsCommand({ InstanceId, ...more }));

  it('are associated once, listed and disassociated', async () => {
    await associate(arn('b'), 'token');
    await associate(arn('b'), 'token');
    await refused(associate(arn('b')), 'ResourceConflictException', /already/);
    await associate(arn('a:live'));
    await refused(associate(arn('c')), 'ServiceQuotaExceededException', /2 Lambda functions/);
    await refused(associate('lambda'), 'InvalidParameterException', /ARN/);
    const page = await list({ MaxResults: 1 });
    assert.deepEqual(page.LambdaFunctions, [arn('a:live')]);
    assert.deepEqual((await list({ NextToken: page.NextToken })).LambdaFunctions, [arn('b')]);
    const remove = () =>
      send(new sdk.DisassociateLambdaFunctionCommand({ InstanceId, FunctionArn: arn('b') }));
    await remove();
    await refused(remove(), 'ResourceNotFoundException', /not associated/);
    assert.deepEqual((await list()).LambdaFunctions, [arn('a:live')]);
  });
});

describe('tags', () => {
  it('belong to every kind of resource', async () => {
    const ids = {
      agent: UserId,
      queue: BasicQueueId,
      'operating-hours': HoursOfOperationId,
      'routing-profile': (
        await test.client.send(new sdk.ListRoutingProfilesCommand({ InstanceId }))
      ).RoutingProfileSummaryList?.find(({ Name }) => Name === 'Basic Routing Profile')?.Id,
      'agent-state': (await test.client.send(new sdk.ListAgentStatusesCommand({ InstanceId })))
        .AgentStatusSummaryList?.[0]?.Id,
      'security-profile': (await test.client.send(new sdk.ListSecurityProfilesCommand({ InstanceId })))
        .SecurityProfileSummaryList?.[0]?.Id,
      'transfer-destination': (await test.client.send(new sdk.ListQuickConnectsCommand({ InstanceId })))
        .QuickConnectSummaryList?.[0]?.Id,
    };
    for (const [kind, id] of Object.entries(ids)) {
      const resourceArn = `arn:aws:connect:us-east-1:000000000000:instance/${InstanceId}/${kind}/${id}`;
      await send(new sdk.TagResourceCommand({ resourceArn, tags: { a: kind, b: '2' } }));
      await send(new sdk.UntagResourceCommand({ resourceArn, tagKeys: ['b'] }));
      const { tags } = await test.client.send(new sdk.ListTagsForResourceCommand({ resourceArn }));
      assert.deepEqual(tags, { a: kind }, kind);
    }
    assert.deepEqual((await describeQueue(BasicQueueId)).Tags, { a: 'queue' });
  });

  it('belong to phone numbers and instances, too', async () => {
    const { ListPhoneNumbersSummaryList: numbers } = await test.client.send(
      new sdk.ListPhoneNumbersV2Command({ InstanceId }),
    );
    const { PhoneNumberId = '', PhoneNumberArn = '' } = numbers?.[0] ?? {};
    const account = 'arn:aws:connect:us-east-1:000000000000';
    const described = {
      [PhoneNumberArn]: async () =>
        (await test.client.send(new sdk.DescribePhoneNumberCommand({ PhoneNumberId })))
          .ClaimedPhoneNumberSummary?.Tags,
      [`${account}:instance/${InstanceId}`]: async () =>
        (await test.client.send(new sdk.DescribeInstanceCommand({ InstanceId }))).Instance?.Tags,
    };
    for (const [resourceArn, tagsOf] of Object.entries(described)) {
      assert.deepEqual(await tagsOf(), {}, resourceArn);
      await send(new sdk.TagResourceCommand({ resourceArn, tags: { a: '1', b: '2' } }));
      await send(new sdk.UntagResourceCommand({ resourceArn, tagKeys: ['b'] }));
      const { tags } = await test.client.send(new sdk.ListTagsForResourceCommand({ resourceArn }));
      assert.deepEqual([tags, await tagsOf()], [{ a: '1' }, { a: '1' }], resourceArn);
    }
    for (const resourceArn of [
      `${account}:phone-number/${unknownId}`,
      PhoneNumberArn.replace('000000000000', '111111111111'),
      PhoneNumberArn.replace('us-east-1', 'eu-west-2'),
      // The form of ListPhoneNumbers at AWS, which cannot be tagged there either.
      `${account}:instance/${InstanceId}/phone-number/${PhoneNumberId}`,
      `${account}:instance/${InstanceId}/instance/${InstanceId}`,
      `${account}:instance/${unknownId}`,
    ]) {
      await refused(
        send(new sdk.TagResourceCommand({ resourceArn, tags: { a: '1' } })),
        'ResourceNotFoundException',
      );
    }
  });

  it('no refusal was one that its operation does not have', () => {
    assert.deepEqual(test.unmodelled, []);
  });
});
