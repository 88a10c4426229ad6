/** Users and what they stand on, through the official SDK: identity, settings, hierarchy, proficiencies, statuses, security profiles. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@aws-sdk/client-connect';
import { verifyPassword } from '../src/identity/passwords.ts';
import type { AgentId } from '../src/ids.ts';
import { refused, unknownId } from './support/refusals.ts';
import { openTestApi, type TestApi } from './support/test-api.ts';

let test: TestApi;
let InstanceId: string;
let RoutingProfileId: string;
let agentProfileId: string;
let adminProfileId: string;

before(async () => {
  test = await openTestApi({ users: 16, agentStatuses: 6, securityProfiles: 8, predefinedAttributes: 4 });
  InstanceId = test.instanceId;
  const profiles = await test.client.send(new sdk.ListRoutingProfilesCommand({ InstanceId }));
  RoutingProfileId = required(profiles.RoutingProfileSummaryList?.[0]?.Id);
  agentProfileId = await securityProfileNamed('Agent');
  adminProfileId = await securityProfileNamed('Admin');
});
after(() => test?.close());

function required<Value>(value: Value | undefined): Value {
  assert.ok(value !== undefined);
  return value;
}

async function securityProfileNamed(name: string): Promise<string> {
  const { SecurityProfileSummaryList: list = [] } = await test.client.send(
    new sdk.ListSecurityProfilesCommand({ InstanceId }),
  );
  return required(list.find(({ Name }) => Name === name)?.Id);
}

let names = 0;
function userInput(more: Partial<sdk.CreateUserCommandInput> = {}): sdk.CreateUserCommandInput {
  names += 1;
  return {
    InstanceId,
    Username: `user${names}`,
    Password: 'Correct-horse-1',
    IdentityInfo: { FirstName: 'Grace', LastName: 'Hopper' },
    SecurityProfileIds: [agentProfileId],
    RoutingProfileId,
    ...more,
  };
}

async function createUser(more: Partial<sdk.CreateUserCommandInput> = {}): Promise<string> {
  return required((await test.client.send(new sdk.CreateUserCommand(userInput(more)))).UserId);
}

async function describeUser(UserId: string): Promise<sdk.User> {
  return required((await test.client.send(new sdk.DescribeUserCommand({ InstanceId, UserId }))).User);
}

const send = <Output extends object>(command: { readonly input: object } & object): Promise<Output> =>
  test.client.send(command as never) as Promise<Output>;

describe('users', () => {
  it('are created with a password that is kept as a hash, and described without it', async () => {
    const id = await createUser({
      Username: 'grace@example.com',
      IdentityInfo: {
        FirstName: 'Grace',
        LastName: 'Hopper',
        Email: 'grace@example.com',
        Mobile: '+12065550100',
      },
      PhoneConfig: { PhoneType: 'SOFT_PHONE', AutoAccept: true, AfterContactWorkTimeLimit: 30 },
      Tags: { team: 'red' },
    });
    const stored = await test.resources.agents.findByUsername(test.instanceId, 'grace@example.com');
    assert.equal(stored?.id, id);
    assert.equal(await verifyPassword('Correct-horse-1', stored?.passwordHash), true);
    const user = await describeUser(id);
    assert.equal(user.Arn, `arn:aws:connect:us-east-1:000000000000:instance/${InstanceId}/agent/${id}`);
    assert.equal(user.Username, 'grace@example.com');
    assert.deepEqual(user.IdentityInfo, {
      FirstName: 'Grace',
      LastName: 'Hopper',
      Email: 'grace@example.com',
      Mobile: '+12065550100',
    });
    assert.deepEqual(user.PhoneConfig, {
      PhoneType: 'SOFT_PHONE',
      AutoAccept: true,
      AfterContactWorkTimeLimit: 30,
      PersistentConnection: false,
    });
    assert.deepEqual(user.AutoAcceptConfigs, [{ Channel: 'VOICE', AutoAccept: true }]);
    assert.deepEqual(user.SecurityProfileIds, [agentProfileId]);
    assert.equal(user.RoutingProfileId, RoutingProfileId);
    assert.deepEqual(user.Tags, { team: 'red' });
    assert.ok(user.LastModifiedTime instanceof Date);
    assert.equal(user.LastModifiedRegion, 'us-east-1');
    assert.ok(!JSON.stringify(user).includes('argon2'));
  });

  it('are refused with a name, password or identity that cannot be', async () => {
    const table: [Partial<sdk.CreateUserCommandInput>, string, RegExp][] = [
      [{ Username: 'agent' }, 'DuplicateResourceException', /"agent"/],
      [{ Username: 'a'.repeat(21) }, 'InvalidParameterException', /at most 20/],
      [{ Username: 'grace hopper' }, 'InvalidParameterException', /Username may hold/],
      [{ Username: 'grace@example' }, 'InvalidParameterException', /e-mail/],
      [{ Password: undefined }, 'InvalidRequestException', /Password is required/],
      [{ Password: 'weak' }, 'InvalidParameterException', /password/],
      [{ DirectoryUserId: 'd' }, 'InvalidRequestException', /existing directory/],
      [{ IdentityInfo: undefined }, 'InvalidRequestException', /FirstName and LastName/],
      [{ IdentityInfo: { FirstName: 'G' } }, 'InvalidRequestException', /LastName/],
      [
        { IdentityInfo: { FirstName: 'Re\u0301ne\u0301', LastName: 'D' } },
        'InvalidParameterException',
        /FirstName.*Form C/,
      ],
      [
        { IdentityInfo: { FirstName: 'G', LastName: 'H', Email: 'nowhere' } },
        'InvalidParameterException',
        /Email/,
      ],
      [{ RoutingProfileId: unknownId }, 'ResourceNotFoundException', /RoutingProfileId/],
      [{ SecurityProfileIds: [unknownId] }, 'ResourceNotFoundException', /SecurityProfileIds/],
      [{ HierarchyGroupId: unknownId }, 'ResourceNotFoundException', /HierarchyGroupId/],
      [{ InstanceId: unknownId }, 'ResourceNotFoundException', /instance/],
    ];
    for (const [more, name, message] of table) await refused(createUser(more), name, message);
  });

  it('are refused with settings that cannot be', async () => {
    const work = (Channel: sdk.Channel, seconds: number) => ({
      Channel,
      AfterContactWorkConfig: { AfterContactWorkTimeLimit: seconds },
    });
    const table: [Partial<sdk.CreateUserCommandInput>, RegExp][] = [
      [{ PhoneConfig: { PhoneType: 'DESK_PHONE' } }, /DeskPhoneNumber/],
      [{ PhoneConfig: { AfterContactWorkTimeLimit: 2_000_001 } }, /2000000/],
      [{ AfterContactWorkConfigs: [work('VOICE', 2_000_001)] }, /2000000/],
      [{ AfterContactWorkConfigs: [work('VOICE', 1), work('VOICE', 2)] }, /twice/],
      [{ PersistentConnectionConfigs: [{ Channel: 'CHAT', PersistentConnection: true }] }, /VOICE only/],
      [{ PhoneNumberConfigs: [{ Channel: 'VOICE', PhoneType: 'DESK_PHONE' }] }, /PhoneNumber/],
      [
        { AutoAcceptConfigs: [{ Channel: 'TASK', AutoAccept: true, AgentFirstCallbackAutoAccept: true }] },
        /callbacks are for VOICE/,
      ],
    ];
    for (const [more, message] of table) {
      await refused(createUser(more), 'InvalidParameterException', message);
    }
    await refused(
      createUser({ PhoneConfig: {}, AfterContactWorkConfigs: [work('VOICE', 1)] }),
      'InvalidRequestException',
      /exclude/,
    );
  });

  it('take the phone settings that Amazon Connect tells of a softphone: an empty number is none', async () => {
    const softphone = {
      PhoneType: 'SOFT_PHONE',
      AutoAccept: true,
      AfterContactWorkTimeLimit: 5,
      DeskPhoneNumber: '',
    } as const;
    const UserId = await createUser({ PhoneConfig: softphone });
    const told = async () => (await describeUser(UserId)).PhoneConfig;
    const { DeskPhoneNumber, ...others } = softphone;
    assert.deepEqual(await told(), { ...others, PersistentConnection: false });
    const deskPhone = { PhoneType: 'DESK_PHONE', DeskPhoneNumber: '+12065550123' } as const;
    const change = (PhoneConfig: sdk.UserPhoneConfig) =>
      send(new sdk.UpdateUserPhoneConfigCommand({ InstanceId, UserId, PhoneConfig }));
    await change(deskPhone);
    await change(softphone);
    assert.deepEqual(await told(), { ...others, PersistentConnection: false });
    await refused(change({ ...deskPhone, DeskPhoneNumber }), 'InvalidParameterException', /DeskPhoneNumber/);
    await refused(
      change({ ...deskPhone, DeskPhoneNumber: '5550123' }),
      'InvalidParameterException',
      /deskPhoneNumber/,
    );
  });

  it('change part by part', async () => {
    const UserId = await createUser();
    const update = (command: object) => send(command as never);
    const IdentityInfo = { FirstName: 'Ada', LastName: 'Lovelace', SecondaryEmail: 'ada@example.org' };
    await update(new sdk.UpdateUserIdentityInfoCommand({ InstanceId, UserId, IdentityInfo }));
    await update(
      new sdk.UpdateUserConfigCommand({
        InstanceId,
        UserId,
        AutoAcceptConfigs: [{ Channel: 'CHAT', AutoAccept: true }],
        AfterContactWorkConfigs: [
          { Channel: 'VOICE', AfterContactWorkConfig: { AfterContactWorkTimeLimit: 45 } },
        ],
      }),
    );
    const PhoneConfig = {
      PhoneType: 'DESK_PHONE',
      DeskPhoneNumber: '+12065550123',
      AutoAccept: true,
    } as const;
    await update(new sdk.UpdateUserPhoneConfigCommand({ InstanceId, UserId, PhoneConfig }));
    await update(
      new sdk.UpdateUserSecurityProfilesCommand({
        InstanceId,
        UserId,
        SecurityProfileIds: [adminProfileId, agentProfileId],
      }),
    );
    const user = await describeUser(UserId);
    assert.deepEqual(user.IdentityInfo, IdentityInfo);
    assert.deepEqual(user.PhoneConfig, {
      ...PhoneConfig,
      AfterContactWorkTimeLimit: 0,
      PersistentConnection: false,
    });
    assert.deepEqual(user.AutoAcceptConfigs, [
      { Channel: 'CHAT', AutoAccept: true },
      { Channel: 'VOICE', AutoAccept: true },
    ]);
    assert.deepEqual(user.SecurityProfileIds?.toSorted(), [adminProfileId, agentProfileId].sort());
    await refused(
      update(new sdk.UpdateUserConfigCommand({ InstanceId, UserId })),
      'InvalidRequestException',
      /AutoAcceptConfigs/,
    );
    for (const Command of [
      sdk.UpdateUserIdentityInfoCommand,
      sdk.DescribeUserCommand,
      sdk.DeleteUserCommand,
    ]) {
      await refused(
        update(new Command({ InstanceId, UserId: unknownId, IdentityInfo })),
        'ResourceNotFoundException',
        /UserId/,
      );
    }
  });

  it('keep both of two changes at once', async () => {
    const UserId = await createUser();
    const Channel = 'VOICE';
    await Promise.all([
      send(
        new sdk.UpdateUserConfigCommand({
          InstanceId,
          UserId,
          AutoAcceptConfigs: [{ Channel, AutoAccept: true }],
        }),
      ),
      send(
        new sdk.UpdateUserConfigCommand({
          InstanceId,
          UserId,
          PersistentConnectionConfigs: [{ Channel, PersistentConnection: true }],
        }),
      ),
      send(
        new sdk.UpdateUserConfigCommand({
          InstanceId,
          UserId,
          VoiceEnhancementConfigs: [{ Channel, VoiceEnhancementMode: 'NONE' }],
        }),
      ),
    ]);
    const user = await describeUser(UserId);
    assert.deepEqual(user.AutoAcceptConfigs, [{ Channel, AutoAccept: true }]);
    assert.deepEqual(user.PersistentConnectionConfigs, [{ Channel, PersistentConnection: true }]);
    assert.deepEqual(user.VoiceEnhancementConfigs, [{ Channel, VoiceEnhancementMode: 'NONE' }]);
  });

  it('are found by id and by ARN of their own instance only', async () => {
    const id = await createUser();
    const { Arn } = await describeUser(id);
    assert.equal((await describeUser(required(Arn))).Id, id);
    assert.equal((await describeUser(id.toUpperCase())).Id, id);
    await refused(
      describeUser(required(Arn).replace(`instance/${InstanceId}`, `instance/${unknownId}`)),
      'ResourceNotFoundException',
    );
    await refused(describeUser(required(Arn).replace('/agent/', '/queue/')), 'ResourceNotFoundException');
    await refused(describeUser('not-an-id'), 'ResourceNotFoundException');
  });

  it('disappear with all that belongs to them', async () => {
    const UserId = await createUser();
    await send(new sdk.DeleteUserCommand({ InstanceId, UserId }));
    await refused(describeUser(UserId), 'ResourceNotFoundException');
    const listed = await test.client.send(new sdk.ListUsersCommand({ InstanceId }));
    assert.ok(!listed.UserSummaryList?.some(({ Id }) => Id === UserId));
  });

  it('are listed in pages that join without a gap', async () => {
    await Promise.all([createUser(), createUser(), createUser()]);
    const ids: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await test.client.send(new sdk.ListUsersCommand({ InstanceId, MaxResults: 2, NextToken }));
      ids.push(...(page.UserSummaryList ?? []).map(({ Id }) => Id));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    const all = await test.client.send(new sdk.ListUsersCommand({ InstanceId }));
    assert.deepEqual(
      ids,
      all.UserSummaryList?.map(({ Id }) => Id),
    );
  });
});

describe('user hierarchy', () => {
  const setLevels = (...levels: string[]) =>
    send(
      new sdk.UpdateUserHierarchyStructureCommand({
        InstanceId,
        HierarchyStructure: Object.fromEntries(
          levels.map((Name, index) => [['LevelOne', 'LevelTwo', 'LevelThree'][index], { Name }]),
        ),
      }),
    );
  const createGroup = async (Name: string, ParentGroupId?: string): Promise<string> => {
    const { HierarchyGroupId } = await test.client.send(
      new sdk.CreateUserHierarchyGroupCommand({ InstanceId, Name, ParentGroupId, Tags: { of: Name } }),
    );
    return required(HierarchyGroupId);
  };
  const describeGroup = async (HierarchyGroupId: string) =>
    required(
      (await test.client.send(new sdk.DescribeUserHierarchyGroupCommand({ InstanceId, HierarchyGroupId })))
        .HierarchyGroup,
    );
  const deleteGroup = (HierarchyGroupId: string) =>
    send(new sdk.DeleteUserHierarchyGroupCommand({ InstanceId, HierarchyGroupId }));

  it('has the levels that it is given, which keep their ids when they are renamed', async () => {
    await refused(createGroup('Early'), 'InvalidRequestException', /no level 1/);
    await setLevels('Country', 'City');
    const describe = () => test.client.send(new sdk.DescribeUserHierarchyStructureCommand({ InstanceId }));
    const { HierarchyStructure: before } = await describe();
    assert.equal(before?.LevelOne?.Name, 'Country');
    assert.equal(before?.LevelThree, undefined);
    await setLevels('Land', 'City', 'Team');
    const { HierarchyStructure: after } = await describe();
    assert.equal(after?.LevelOne?.Name, 'Land');
    assert.equal(after?.LevelOne?.Id, before?.LevelOne?.Id);
    assert.equal(after?.LevelThree?.Name, 'Team');
    await refused(
      send(
        new sdk.UpdateUserHierarchyStructureCommand({
          InstanceId,
          HierarchyStructure: { LevelOne: { Name: 'a' }, LevelThree: { Name: 'c' } },
        }),
      ),
      'InvalidParameterException',
      /LevelThree/,
    );
    await refused(setLevels('x'.repeat(51)), 'InvalidParameterException', /50/);
  });

  it('holds groups with their path, and users', async () => {
    const country = await createGroup('Germany');
    const city = await createGroup('Berlin', country);
    const team = await createGroup('Red', city);
    const described = await describeGroup(team);
    assert.equal(described.Name, 'Red');
    assert.equal(described.HierarchyPath?.LevelOne?.Name, 'Germany');
    assert.equal(described.HierarchyPath?.LevelTwo?.Id, city);
    assert.equal(described.HierarchyPath?.LevelThree?.Id, team);
    assert.deepEqual(described.Tags, { of: 'Red' });
    await refused(createGroup('Deeper', team), 'InvalidRequestException', /no level 4/);
    await refused(createGroup('Berlin', country), 'DuplicateResourceException', /"Berlin"/);
    await refused(createGroup('Lost', unknownId), 'ResourceNotFoundException', /ParentGroupId/);
    await refused(createGroup(''), 'InvalidParameterException', /1 to 100/);
    await refused(setLevels('Land'), 'ResourceInUseException', /Groups stand/);

    const UserId = await createUser({ HierarchyGroupId: team });
    assert.equal((await describeUser(UserId)).HierarchyGroupId, team);
    await refused(deleteGroup(team), 'ResourceInUseException', /users belong/);
    await refused(deleteGroup(country), 'ResourceInUseException', /below it/);
    await send(new sdk.UpdateUserHierarchyCommand({ InstanceId, UserId, HierarchyGroupId: city }));
    await deleteGroup(team);
    await send(new sdk.UpdateUserHierarchyCommand({ InstanceId, UserId }));
    assert.equal((await describeUser(UserId)).HierarchyGroupId, undefined);
    await send(
      new sdk.UpdateUserHierarchyGroupNameCommand({ InstanceId, HierarchyGroupId: city, Name: 'Bonn' }),
    );
    assert.equal((await describeGroup(city)).Name, 'Bonn');
    await refused(describeGroup(team), 'ResourceNotFoundException');
  });

  it('is listed and searched', async () => {
    const listed = await test.client.send(new sdk.ListUserHierarchyGroupsCommand({ InstanceId }));
    assert.deepEqual(listed.UserHierarchyGroupSummaryList?.map(({ Name }) => Name).toSorted(), [
      'Bonn',
      'Germany',
    ]);
    const search = async (
      SearchCriteria?: sdk.UserHierarchyGroupSearchCriteria,
      SearchFilter?: sdk.UserHierarchyGroupSearchFilter,
    ) => {
      const found = await test.client.send(
        new sdk.SearchUserHierarchyGroupsCommand({ InstanceId, SearchCriteria, SearchFilter }),
      );
      return found.UserHierarchyGroups?.map(({ Name }) => Name);
    };
    const country = listed.UserHierarchyGroupSummaryList?.find(({ Name }) => Name === 'Germany');
    assert.deepEqual(
      await search({
        StringCondition: { FieldName: 'parentId', Value: country?.Id, ComparisonType: 'EXACT' },
      }),
      ['Bonn'],
    );
    assert.deepEqual(
      await search(undefined, { AttributeFilter: { TagCondition: { TagKey: 'of', TagValue: 'Germany' } } }),
      ['Germany'],
    );
  });
});

describe('predefined attributes and proficiencies', () => {
  const attribute = (Name: string, ...values: string[]) =>
    send(
      new sdk.CreatePredefinedAttributeCommand({
        InstanceId,
        Name,
        Values: { StringList: values },
        Purposes: ['Routing'],
      }),
    );

  it('attributes are created, changed, listed, searched and deleted', async () => {
    await attribute('Language', 'de', 'en', 'fr');
    await attribute('Product');
    await refused(attribute('Language'), 'DuplicateResourceException', /"Language"/);
    await refused(attribute('Twice', 'a', 'a'), 'InvalidParameterException', /twice/);
    const describe = async (Name: string) =>
      (await test.client.send(new sdk.DescribePredefinedAttributeCommand({ InstanceId, Name })))
        .PredefinedAttribute;
    const language = await describe('Language');
    assert.deepEqual(language?.Values?.StringList, ['de', 'en', 'fr']);
    assert.deepEqual(language?.AttributeConfiguration, {
      EnableValueValidationOnAssociation: false,
      IsReadOnly: false,
    });
    await send(
      new sdk.UpdatePredefinedAttributeCommand({
        InstanceId,
        Name: 'Product',
        Values: { StringList: ['phone'] },
        AttributeConfiguration: { EnableValueValidationOnAssociation: true },
      }),
    );
    const product = await describe('Product');
    assert.deepEqual(product?.Values?.StringList, ['phone']);
    assert.deepEqual(product?.Purposes, ['Routing']);
    assert.equal(product?.AttributeConfiguration?.EnableValueValidationOnAssociation, true);
    const listed = await test.client.send(new sdk.ListPredefinedAttributesCommand({ InstanceId }));
    assert.deepEqual(
      listed.PredefinedAttributeSummaryList?.map(({ Name }) => Name),
      ['Language', 'Product'],
    );
    const found = await test.client.send(
      new sdk.SearchPredefinedAttributesCommand({
        InstanceId,
        SearchCriteria: {
          StringCondition: { FieldName: 'name', Value: 'PROD', ComparisonType: 'STARTS_WITH' },
        },
      }),
    );
    assert.deepEqual(
      found.PredefinedAttributes?.map(({ Name }) => Name),
      ['Product'],
    );
    await refused(
      send(new sdk.UpdatePredefinedAttributeCommand({ InstanceId, Name: 'Product' })),
      'InvalidRequestException',
    );
    await send(new sdk.DeletePredefinedAttributeCommand({ InstanceId, Name: 'Product' }));
    await refused(describe('Product'), 'ResourceNotFoundException', /Name/);
    await refused(
      send(new sdk.DeletePredefinedAttributeCommand({ InstanceId, Name: 'Product' })),
      'ResourceNotFoundException',
    );
    await attribute('A');
    await attribute('B');
    await attribute('C');
    await refused(attribute('D'), 'LimitExceededException', /4 predefined attributes/);
  });

  it('proficiencies name values of attributes, and keep those from going', async () => {
    const UserId = await createUser();
    const german = (Level: number) => [{ AttributeName: 'Language', AttributeValue: 'de', Level }];
    const associate = (UserProficiencies: sdk.UserProficiency[]) =>
      send(new sdk.AssociateUserProficienciesCommand({ InstanceId, UserId, UserProficiencies }));
    const update = (UserProficiencies: sdk.UserProficiency[]) =>
      send(new sdk.UpdateUserProficienciesCommand({ InstanceId, UserId, UserProficiencies }));
    const list = async () =>
      (await test.client.send(new sdk.ListUserProficienciesCommand({ InstanceId, UserId })))
        .UserProficiencyList;
    await refused(update(german(3)), 'ResourceNotFoundException', /Language: de/);
    await associate(german(3));
    await refused(associate(german(4)), 'InvalidRequestException', /UpdateUserProficiencies/);
    await update(german(5));
    assert.deepEqual(await list(), german(5));
    await refused(associate(german(6)), 'InvalidParameterException', /level/);
    await refused(update(german(2.5)), 'InvalidParameterException', /1, 2, 3, 4 or 5/);
    await refused(
      associate([{ AttributeName: 'Shoe size', AttributeValue: '42', Level: 1 }]),
      'ResourceNotFoundException',
      /Shoe size/,
    );
    await refused(
      associate([{ AttributeName: 'Language', AttributeValue: 'xx', Level: 1 }]),
      'InvalidParameterException',
      /no value "xx"/,
    );
    await refused(associate([...german(1), ...german(1)]), 'InvalidParameterException', /twice/);
    await refused(
      send(new sdk.DeletePredefinedAttributeCommand({ InstanceId, Name: 'Language' })),
      'ResourceInUseException',
    );
    await refused(
      send(
        new sdk.UpdatePredefinedAttributeCommand({
          InstanceId,
          Name: 'Language',
          Values: { StringList: ['en'] },
        }),
      ),
      'InvalidRequestException',
      /"de"/,
    );
    const disassociate = () =>
      send(
        new sdk.DisassociateUserProficienciesCommand({
          InstanceId,
          UserId,
          UserProficiencies: [{ AttributeName: 'Language', AttributeValue: 'de' }],
        }),
      );
    await disassociate();
    assert.deepEqual(await list(), []);
    await refused(disassociate(), 'ResourceNotFoundException', /Language: de/);
  });

  it('a user has ten proficiencies at most', async () => {
    const values = Array.from({ length: 11 }, (_, index) => `v${index}`);
    await send(
      new sdk.UpdatePredefinedAttributeCommand({ InstanceId, Name: 'A', Values: { StringList: values } }),
    );
    const UserId = await createUser();
    await refused(
      send(
        new sdk.AssociateUserProficienciesCommand({
          InstanceId,
          UserId,
          UserProficiencies: values.map((AttributeValue) => ({
            AttributeName: 'A',
            AttributeValue,
            Level: 1,
          })),
        }),
      ),
      'InvalidRequestException',
      /10 proficiencies/,
    );
    assert.deepEqual(await test.resources.agents.proficienciesOf(test.instanceId, UserId as AgentId), []);
  });
});

describe('users › search', () => {
  const search = async (
    SearchCriteria?: sdk.UserSearchCriteria,
    SearchFilter?: sdk.UserSearchFilter,
  ): Promise<(string | undefined)[]> => {
    const found = await test.client.send(
      new sdk.SearchUsersCommand({ InstanceId, SearchCriteria, SearchFilter }),
    );
    assert.equal(found.ApproximateTotalCount, found.Users?.length);
    return (found.Users ?? []).map(({ Username }) => Username).filter((name) => name?.startsWith('find'));
  };
  const text = (FieldName: string, Value: string, ComparisonType: sdk.StringComparisonType = 'EXACT') => ({
    StringCondition: { FieldName, Value, ComparisonType },
  });
  let country: string;
  let city: string;

  before(async () => {
    const { UserHierarchyGroupSummaryList: groups = [] } = await test.client.send(
      new sdk.ListUserHierarchyGroupsCommand({ InstanceId }),
    );
    country = required(groups.find(({ Name }) => Name === 'Germany')?.Id);
    city = required(groups.find(({ Name }) => Name === 'Bonn')?.Id);
    const ada = await createUser({
      Username: 'find-ada',
      IdentityInfo: { FirstName: 'Ada', LastName: 'Lovelace' },
      HierarchyGroupId: city,
      Tags: { team: 'red' },
      PhoneConfig: { AfterContactWorkTimeLimit: 30 },
    });
    await createUser({
      Username: 'find-alan',
      IdentityInfo: { FirstName: 'Alan', LastName: 'Turing' },
      SecurityProfileIds: [adminProfileId, agentProfileId],
      HierarchyGroupId: country,
      Tags: { team: 'blue' },
    });
    await send(
      new sdk.AssociateUserProficienciesCommand({
        InstanceId,
        UserId: ada,
        UserProficiencies: [
          { AttributeName: 'Language', AttributeValue: 'de', Level: 2 },
          { AttributeName: 'Language', AttributeValue: 'en', Level: 5 },
        ],
      }),
    );
  });

  it('finds by text, list, number and group, joined by And and Or', async () => {
    const speaks = (
      value: string,
      ComparisonType: sdk.NumberComparisonType,
      MinValue: number,
      MaxValue?: number,
    ) => ({
      ListCondition: {
        TargetListType: 'PROFICIENCIES' as const,
        Conditions: [
          text('name', 'Language'),
          text('value', value),
          { NumberCondition: { FieldName: 'limit', ComparisonType, MinValue, MaxValue } },
        ],
      },
    });
    const group = (Value: string, HierarchyGroupMatchType: sdk.HierarchyGroupMatchType) => ({
      HierarchyGroupCondition: { Value, HierarchyGroupMatchType },
    });
    const table: [sdk.UserSearchCriteria, string[]][] = [
      [text('Username', 'FIND-A', 'STARTS_WITH'), ['find-ada', 'find-alan']],
      [text('FirstName', 'Ada'), ['find-ada']],
      [text('LastName', 'uri', 'CONTAINS'), ['find-alan']],
      [text('SecurityProfileId', adminProfileId), ['find-alan']],
      [
        { AndConditions: [text('RoutingProfileId', RoutingProfileId), text('FirstName', 'Alan')] },
        ['find-alan'],
      ],
      [speaks('en', 'GREATER_OR_EQUAL', 5), ['find-ada']],
      [speaks('de', 'GREATER', 2), []],
      [speaks('de', 'RANGE', 1, 3), ['find-ada']],
      [speaks('de', 'NOT_EQUAL', 2), []],
      [group(country, 'EXACT'), ['find-alan']],
      [group(country, 'WITH_CHILD_GROUPS'), ['find-ada', 'find-alan']],
      [{ OrConditions: [text('FirstName', 'Ada'), group(country, 'EXACT')] }, ['find-ada', 'find-alan']],
    ];
    for (const [criteria, expected] of table) {
      // Users made in one millisecond come in any order.
      assert.deepEqual((await search(criteria))?.toSorted(), expected, JSON.stringify(criteria));
    }
    await refused(search(text('Shoe size', '42')), 'InvalidParameterException', /"Shoe size"/);
  });

  it('filters by tag and group', async () => {
    const red = { TagKey: 'team', TagValue: 'red' };
    const inCountry = { Value: country, HierarchyGroupMatchType: 'WITH_CHILD_GROUPS' } as const;
    const table: [sdk.UserSearchFilter, string[]][] = [
      [{ TagFilter: { TagCondition: red } }, ['find-ada']],
      [{ UserAttributeFilter: { HierarchyGroupCondition: inCountry } }, ['find-ada', 'find-alan']],
      [
        {
          UserAttributeFilter: { AndCondition: { TagConditions: [red], HierarchyGroupCondition: inCountry } },
        },
        ['find-ada'],
      ],
      [
        {
          UserAttributeFilter: {
            OrConditions: [{ TagConditions: [red] }, { HierarchyGroupCondition: inCountry }],
          },
        },
        ['find-ada', 'find-alan'],
      ],
    ];
    for (const [filter, expected] of table) {
      assert.deepEqual((await search(undefined, filter))?.toSorted(), expected, JSON.stringify(filter));
    }
    await refused(
      search(undefined, { UserAttributeFilter: { HierarchyGroupCondition: inCountry, TagCondition: red } }),
      'InvalidParameterException',
      /takes one/,
    );
    await refused(
      search(undefined, { TagFilter: { TagCondition: red }, UserAttributeFilter: { TagCondition: red } }),
      'AccessDeniedException',
      /exclude each other/,
    );
  });

  it('tells after-contact work in milliseconds', async () => {
    const found = await test.client.send(
      new sdk.SearchUsersCommand({ InstanceId, SearchCriteria: text('FirstName', 'Ada') }),
    );
    const ada = found.Users?.find(({ Username }) => Username === 'find-ada');
    assert.equal(ada?.PhoneConfig?.AfterContactWorkTimeLimit, 30_000);
    assert.deepEqual(ada?.IdentityInfo, { FirstName: 'Ada', LastName: 'Lovelace' });
  });
});

describe('agent statuses', () => {
  const list = async (AgentStatusTypes?: sdk.AgentStatusType[]) =>
    (await test.client.send(new sdk.ListAgentStatusesCommand({ InstanceId, AgentStatusTypes })))
      .AgentStatusSummaryList ?? [];
  const create = async (more: Partial<sdk.CreateAgentStatusCommandInput>) =>
    required(
      (
        await test.client.send(
          new sdk.CreateAgentStatusCommand({ InstanceId, Name: 'Lunch', State: 'ENABLED', ...more }),
        )
      ).AgentStatusId,
    );
  const describeStatus = async (AgentStatusId: string) =>
    (await test.client.send(new sdk.DescribeAgentStatusCommand({ InstanceId, AgentStatusId }))).AgentStatus;

  it('begin with Available and Offline, which stay enabled', async () => {
    assert.deepEqual(
      (await list()).map(({ Name, Type }) => [Name, Type]),
      [
        ['Available', 'ROUTABLE'],
        ['Offline', 'OFFLINE'],
      ],
    );
    const [available] = await list(['ROUTABLE']);
    await refused(
      send(new sdk.UpdateAgentStatusCommand({ InstanceId, AgentStatusId: available?.Id, State: 'DISABLED' })),
      'InvalidRequestException',
      /Available/,
    );
  });

  it('are made, changed, searched and limited', async () => {
    const AgentStatusId = await create({ Description: 'Away', DisplayOrder: 3, Tags: { paid: 'no' } });
    await refused(create({}), 'DuplicateResourceException', /^Another agent status is named "Lunch" already/);
    const update = (more: Partial<sdk.UpdateAgentStatusCommandInput>) =>
      send(new sdk.UpdateAgentStatusCommand({ InstanceId, AgentStatusId, ...more }));
    await update({ Name: 'Break', State: 'DISABLED' });
    const status = await describeStatus(AgentStatusId);
    assert.equal(
      status?.AgentStatusARN,
      `arn:aws:connect:us-east-1:000000000000:instance/${InstanceId}/agent-state/${AgentStatusId}`,
    );
    assert.deepEqual(
      [status?.Name, status?.Description, status?.Type, status?.State, status?.DisplayOrder],
      ['Break', 'Away', 'CUSTOM', 'DISABLED', 3],
    );
    await refused(update({ Name: 'Offline' }), 'DuplicateResourceException');
    await refused(update({ DisplayOrder: 1, ResetOrderNumber: true }), 'InvalidRequestException', /exclude/);
    await update({ ResetOrderNumber: true, Description: '' });
    const reset = await describeStatus(AgentStatusId);
    assert.deepEqual([reset?.DisplayOrder, reset?.Description], [undefined, undefined]);
    const found = await test.client.send(
      new sdk.SearchAgentStatusesCommand({
        InstanceId,
        SearchCriteria: {
          StringCondition: { FieldName: 'state', Value: 'DISABLED', ComparisonType: 'EXACT' },
        },
        SearchFilter: { AttributeFilter: { TagCondition: { TagKey: 'paid' } } },
      }),
    );
    assert.deepEqual(
      found.AgentStatuses?.map(({ Name }) => Name),
      ['Break'],
    );
    await Promise.all([create({ Name: 'S1' }), create({ Name: 'S2' }), create({ Name: 'S3' })]);
    await refused(create({ Name: 'S4' }), 'LimitExceededException', /6 agent statuses/);
    await refused(describeStatus(unknownId), 'ResourceNotFoundException', /AgentStatusId/);
  });
});

describe('security profiles', () => {
  const create = async (more: Partial<sdk.CreateSecurityProfileCommandInput> = {}) =>
    required(
      (
        await test.client.send(
          new sdk.CreateSecurityProfileCommand({ InstanceId, SecurityProfileName: 'Trainee', ...more }),
        )
      ).SecurityProfileId,
    );
  const permissionsOf = async (SecurityProfileId: string, more: object = {}) =>
    test.client.send(
      new sdk.ListSecurityProfilePermissionsCommand({ InstanceId, SecurityProfileId, ...more }),
    );

  it('begin with the four of Amazon Connect', async () => {
    const { SecurityProfileSummaryList: list } = await test.client.send(
      new sdk.ListSecurityProfilesCommand({ InstanceId }),
    );
    assert.deepEqual(
      list?.map(({ Name }) => Name),
      ['Admin', 'Agent', 'CallCenterManager', 'QualityAnalyst'],
    );
    assert.ok((await permissionsOf(agentProfileId)).Permissions?.includes('BasicAgentAccess'));
    await refused(
      send(new sdk.DeleteSecurityProfileCommand({ InstanceId, SecurityProfileId: adminProfileId })),
      'AccessDeniedException',
      /"Admin"/,
    );
  });

  it('are made, changed, searched and deleted', async () => {
    const SecurityProfileId = await create({
      Permissions: ['OutboundCallAccess', 'BasicAgentAccess', 'BasicAgentAccess'],
      AllowedAccessControlTags: { team: 'red' },
      TagRestrictedResources: ['User'],
      Tags: { a: 'b' },
    });
    await refused(create(), 'DuplicateResourceException', /"Trainee"/);
    await refused(create({ Permissions: ['no spaces'] }), 'InvalidParameterException', /"no spaces"/);
    await refused(
      create({ SecurityProfileName: 'X', HierarchyRestrictedResources: ['Queue'] }),
      'InvalidParameterException',
      /only User/,
    );
    await refused(
      create({ SecurityProfileName: 'X', AllowedAccessControlHierarchyGroupId: unknownId }),
      'ResourceNotFoundException',
      /AllowedAccessControlHierarchyGroupId/,
    );
    const page = await permissionsOf(SecurityProfileId, { MaxResults: 1 });
    assert.deepEqual(page.Permissions, ['BasicAgentAccess']);
    const rest = await permissionsOf(SecurityProfileId, { NextToken: page.NextToken });
    assert.deepEqual(rest.Permissions, ['OutboundCallAccess']);
    await send(
      new sdk.UpdateSecurityProfileCommand({
        InstanceId,
        SecurityProfileId,
        Description: 'Learns',
        Permissions: ['ContactSearch.View'],
      }),
    );
    assert.deepEqual((await permissionsOf(SecurityProfileId)).Permissions, ['ContactSearch.View']);
    const { SecurityProfile: described } = await test.client.send(
      new sdk.DescribeSecurityProfileCommand({ InstanceId, SecurityProfileId }),
    );
    assert.equal(described?.Description, 'Learns');
    assert.deepEqual(described?.AllowedAccessControlTags, { team: 'red' });
    assert.deepEqual(described?.TagRestrictedResources, ['User']);
    assert.equal(described?.OrganizationResourceId, InstanceId);
    const found = await test.client.send(
      new sdk.SearchSecurityProfilesCommand({
        InstanceId,
        SearchCriteria: {
          StringCondition: { FieldName: 'name', Value: 'train', ComparisonType: 'CONTAINS' },
        },
        SearchFilter: { TagFilter: { TagCondition: { TagKey: 'a' } } },
      }),
    );
    assert.deepEqual(
      found.SecurityProfiles?.map(({ Id }) => Id),
      [SecurityProfileId],
    );

    const UserId = await createUser({ SecurityProfileIds: [SecurityProfileId] });
    const remove = () => send(new sdk.DeleteSecurityProfileCommand({ InstanceId, SecurityProfileId }));
    await refused(remove(), 'ResourceInUseException', /users have it/);
    await send(new sdk.DeleteUserCommand({ InstanceId, UserId }));
    await remove();
    await refused(remove(), 'ResourceNotFoundException', /SecurityProfileId/);
  });
});

describe('users › quota', () => {
  it('takes as many as the quota allows, also when they are made at once', async () => {
    const { UserSummaryList: users = [] } = await test.client.send(new sdk.ListUsersCommand({ InstanceId }));
    const free = 16 - users.length;
    const made = await Promise.allSettled(Array.from({ length: free + 2 }, () => createUser()));
    const failures = made.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    assert.deepEqual(
      failures.map(({ name }) => name),
      ['LimitExceededException', 'LimitExceededException'],
    );
  });

  it('no refusal was one that its operation does not have, but for the one that the API reference adds', () => {
    assert.deepEqual(test.unmodelled, [
      'SearchUsers: AccessDeniedException: TagFilter and UserAttributeFilter exclude each other.',
    ]);
  });
});
