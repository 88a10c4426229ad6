/** Flow modules through the official SDK, and a call whose flow invokes one. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  CreateContactFlowModuleAliasCommand,
  CreateContactFlowModuleCommand,
  CreateContactFlowModuleVersionCommand,
  DeleteContactFlowModuleAliasCommand,
  DeleteContactFlowModuleCommand,
  DeleteContactFlowModuleVersionCommand,
  DescribeContactFlowModuleAliasCommand,
  DescribeContactFlowModuleCommand,
  InvalidContactFlowModuleException,
  ListContactFlowModuleAliasesCommand,
  ListContactFlowModulesCommand,
  ListContactFlowModuleVersionsCommand,
  ListContactFlowsCommand,
  ListTagsForResourceCommand,
  SearchContactFlowModulesCommand,
  UpdateContactFlowModuleAliasCommand,
  UpdateContactFlowModuleContentCommand,
  UpdateContactFlowModuleMetadataCommand,
} from '@aws-sdk/client-connect';
import { hangUp, setAttributes } from './support/flow-actions.ts';
import { refused } from './support/refusals.ts';
import { startTestService, type TestService } from './support/test-service.ts';

let test: TestService;
let InstanceId: string;

before(async () => {
  test = await startTestService();
  InstanceId = test.instanceId;
});
after(() => test?.close());

const back: object = {
  Identifier: 'back',
  Type: 'EndFlowModuleExecution',
  Parameters: {},
  Transitions: {},
};

/** A module that sets the attribute `said` and goes back. */
const saying = (said: string): string =>
  JSON.stringify({
    Version: '2019-10-30',
    StartAction: 'set',
    Metadata: {},
    Actions: [setAttributes('set', { said }, 'back'), back],
  });

let names = 0;
async function create(more: Partial<CreateContactFlowModuleCommand['input']> = {}): Promise<string> {
  names += 1;
  const { Id } = await test.client.send(
    new CreateContactFlowModuleCommand({
      InstanceId,
      Name: `Module ${names}`,
      Content: saying('first'),
      ...more,
    }),
  );
  assert.ok(Id);
  return Id;
}

async function describeModule(ContactFlowModuleId: string) {
  const { ContactFlowModule } = await test.client.send(
    new DescribeContactFlowModuleCommand({ InstanceId, ContactFlowModuleId }),
  );
  assert.ok(ContactFlowModule);
  return ContactFlowModule;
}

const updateContent = (
  ContactFlowModuleId: string,
  more: Partial<UpdateContactFlowModuleContentCommand['input']>,
) =>
  test.client.send(new UpdateContactFlowModuleContentCommand({ InstanceId, ContactFlowModuleId, ...more }));

const updateMetadata = (
  ContactFlowModuleId: string,
  more: Partial<UpdateContactFlowModuleMetadataCommand['input']>,
) =>
  test.client.send(new UpdateContactFlowModuleMetadataCommand({ InstanceId, ContactFlowModuleId, ...more }));

const withProblem = (promise: Promise<unknown>, message: RegExp): Promise<void> =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof InvalidContactFlowModuleException, String(error));
    assert.match(JSON.stringify(error.Problems), message);
    return true;
  });

describe('flow modules › content', () => {
  it('keeps what it is given, and is no flow', async () => {
    const id = await create({
      Name: 'Kept',
      Description: 'A module',
      Tags: { team: 'blue' },
      Settings: '{"Transitions":[]}',
      ExternalInvocationConfiguration: { Enabled: true },
    });
    const module = await describeModule(id);
    assert.deepEqual(
      [module.Name, module.Description, module.State, module.Status, module.Settings, module.Content],
      ['Kept', 'A module', 'ACTIVE', 'PUBLISHED', '{"Transitions":[]}', saying('first')],
    );
    assert.deepEqual(module.ExternalInvocationConfiguration, { Enabled: true });
    assert.match(module.Arn ?? '', /\/flow-module\//);
    assert.equal((await describeModule(module.Arn ?? '')).Id, id);
    const { tags } = await test.client.send(new ListTagsForResourceCommand({ resourceArn: module.Arn }));
    assert.deepEqual(tags, { team: 'blue' });
    const { ContactFlowSummaryList } = await test.client.send(new ListContactFlowsCommand({ InstanceId }));
    assert.ok(!ContactFlowSummaryList?.some(({ Id }) => Id === id));
    await refused(test.call('+12065550101', id), 'ResourceNotFoundException');
  });

  it('answers a repeated request with the module of the first', async () => {
    const request = { Name: 'Once', ClientToken: 'a-token' };
    const [first, second] = await Promise.all([create(request), create(request)]);
    assert.equal(first, second);
    assert.equal(await create(request), first);
    await refused(create({ ...request, Name: 'Another' }), 'IdempotencyException');
  });

  it('refuses what is wrong with content and settings, all at once', async () => {
    const broken = JSON.stringify({
      Version: '2019-10-30',
      StartAction: 'set',
      Actions: [setAttributes('set', {}, 'nowhere')],
    });
    await withProblem(create({ Content: broken, Settings: '[]' }), /nowhere.*Settings is not a JSON object/);
    await withProblem(create({ Content: '{' }), /not JSON/);
    const id = await create();
    await withProblem(updateContent(id, { Content: broken }), /nowhere/);
    await withProblem(updateContent(id, { Settings: 'x' }), /Settings/);
    await refused(updateContent(id, {}), 'InvalidRequestException');
    assert.equal((await describeModule(id)).Content, saying('first'));
  });

  it('keeps a draft beside what runs', async () => {
    const id = await create();
    await updateContent(`${id}:$SAVED`, { Content: saying('draft') });
    assert.equal((await describeModule(id)).Content, saying('first'));
    const draft = await describeModule(`${id}:$SAVED`);
    assert.deepEqual([draft.Content, draft.Status], [saying('draft'), 'SAVED']);
    await updateContent(id, { Content: saying('second'), Settings: '{}' });
    const published = await describeModule(`${id}:$LATEST`);
    assert.deepEqual([published.Content, published.Settings], [saying('second'), '{}']);
  });
});

describe('flow modules › kept', () => {
  it('renames, archives, lists, searches and deletes', async () => {
    const id = await create({ Name: 'Apple', Tags: { kind: 'fruit' } });
    const other = await create({ Name: 'Pear' });
    await refused(updateMetadata(other, { Name: 'Apple' }), 'DuplicateResourceException', /Apple/);
    await updateMetadata(id, { Name: 'Apple pie', Description: 'Baked' });
    await updateMetadata(id, { State: 'ARCHIVED' });
    const module = await describeModule(id);
    assert.deepEqual([module.Name, module.Description, module.State], ['Apple pie', 'Baked', 'ARCHIVED']);

    const list = async (ContactFlowModuleState?: 'ACTIVE' | 'ARCHIVED') =>
      (
        await test.client.send(new ListContactFlowModulesCommand({ InstanceId, ContactFlowModuleState }))
      ).ContactFlowModulesSummaryList?.map(({ Id }) => Id);
    assert.deepEqual(await list('ARCHIVED'), [id]);
    assert.ok((await list('ACTIVE'))?.includes(other));
    assert.equal((await list())?.length, ((await list('ACTIVE'))?.length ?? 0) + 1);

    const search = async (more: object) =>
      (
        await test.client.send(new SearchContactFlowModulesCommand({ InstanceId, ...more }))
      ).ContactFlowModules?.map(({ Id }) => Id);
    const named = { StringCondition: { FieldName: 'Name', Value: 'P', ComparisonType: 'STARTS_WITH' } };
    assert.deepEqual(await search({ SearchCriteria: named }), [other]);
    assert.deepEqual(await search({ SearchCriteria: { StateCondition: 'ARCHIVED' } }), [id]);
    assert.deepEqual(await search({ SearchFilter: { TagFilter: { TagCondition: { TagKey: 'kind' } } } }), [
      id,
    ]);

    await test.client.send(new DeleteContactFlowModuleCommand({ InstanceId, ContactFlowModuleId: id }));
    await refused(describeModule(id), 'ResourceNotFoundException');
    for (const gone of [id, 'nonsense', `${other}:1`]) {
      await refused(updateMetadata(gone, { Description: 'x' }), 'ResourceNotFoundException');
      await refused(
        test.client.send(new DeleteContactFlowModuleCommand({ InstanceId, ContactFlowModuleId: gone })),
        'ResourceNotFoundException',
      );
    }
  });
});

async function makeVersion(ContactFlowModuleId: string, Description?: string): Promise<number> {
  const { Version } = await test.client.send(
    new CreateContactFlowModuleVersionCommand({ InstanceId, ContactFlowModuleId, Description }),
  );
  return Version ?? 0;
}

async function makeAlias(id: string, AliasName: string, ContactFlowModuleVersion: number): Promise<string> {
  const { Id, ContactFlowModuleArn } = await test.client.send(
    new CreateContactFlowModuleAliasCommand({
      InstanceId,
      ContactFlowModuleId: id,
      AliasName,
      ContactFlowModuleVersion,
    }),
  );
  assert.ok(Id);
  assert.ok(ContactFlowModuleArn?.endsWith(`/flow-module/${id}:${AliasName}`), ContactFlowModuleArn);
  return Id;
}

describe('flow modules › versions', () => {
  it('keep content and settings as they were published', async () => {
    const id = await create({ Settings: '{"n":1}' });
    assert.equal(await makeVersion(id, 'As it began'), 1);
    await updateContent(id, { Content: saying('second'), Settings: '{"n":2}' });
    assert.equal(await makeVersion(id), 2);
    const first = await describeModule(`${id}:1`);
    assert.deepEqual(
      [first.Content, first.Settings, first.Version, first.VersionDescription, first.Status],
      [saying('first'), '{"n":1}', 1, 'As it began', 'PUBLISHED'],
    );
    assert.ok(first.Arn?.endsWith(`${id}:1`));
    assert.equal((await describeModule(`${id}:2`)).Content, saying('second'));
    const listed = await test.client.send(
      new ListContactFlowModuleVersionsCommand({ InstanceId, ContactFlowModuleId: id, MaxResults: 1 }),
    );
    const [newest] = listed.ContactFlowModuleVersionSummaryList ?? [];
    assert.deepEqual([newest?.Version, newest?.Arn?.slice(-2)], [2, ':2']);
    const { ContactFlowModuleVersionSummaryList: others } = await test.client.send(
      new ListContactFlowModuleVersionsCommand({
        InstanceId,
        ContactFlowModuleId: id,
        NextToken: listed.NextToken,
      }),
    );
    assert.deepEqual(
      others?.map(({ Version }) => Version),
      [1],
    );
  });

  it('never change, and are gone when deleted', async () => {
    const id = await create();
    await makeVersion(id);
    await refused(updateContent(`${id}:1`, { Content: saying('other') }), 'InvalidRequestException', /never/);
    const remove = (ContactFlowModuleVersion: number) =>
      test.client.send(
        new DeleteContactFlowModuleVersionCommand({
          InstanceId,
          ContactFlowModuleId: id,
          ContactFlowModuleVersion,
        }),
      );
    await remove(1);
    await refused(describeModule(`${id}:1`), 'ResourceNotFoundException', /no version or alias 1/);
    for (const gone of [1, 7, 3_000_000_000]) await refused(remove(gone), 'ResourceNotFoundException');
    assert.equal(await makeVersion(id), 2, 'numbers are not given out twice');
    await refused(
      test.client.send(
        new CreateContactFlowModuleVersionCommand({
          InstanceId,
          ContactFlowModuleId: id,
          FlowModuleContentSha256: 'a'.repeat(64),
        }),
      ),
      'InvalidParameterException',
      /Sha256/,
    );
  });
});

describe('flow modules › aliases', () => {
  it('point at a version, are pointed elsewhere, listed and deleted', async () => {
    const id = await create();
    await makeVersion(id);
    await updateContent(id, { Content: saying('second') });
    await makeVersion(id);
    const aliasId = await makeAlias(id, 'live', 1);
    assert.equal((await describeModule(`${id}:live`)).Content, saying('first'));
    const describeAlias = async (AliasId: string) =>
      (
        await test.client.send(
          new DescribeContactFlowModuleAliasCommand({ InstanceId, ContactFlowModuleId: id, AliasId }),
        )
      ).ContactFlowModuleAlias;
    const update = (more: Partial<UpdateContactFlowModuleAliasCommand['input']>, AliasId = aliasId) =>
      test.client.send(
        new UpdateContactFlowModuleAliasCommand({ InstanceId, ContactFlowModuleId: id, AliasId, ...more }),
      );
    await update({ ContactFlowModuleVersion: 2, Description: 'In use' });
    const alias = await describeAlias(aliasId);
    assert.deepEqual(
      [alias?.Name, alias?.Version, alias?.Description, alias?.ContactFlowModuleId],
      ['live', 2, 'In use', id],
    );
    assert.ok(alias?.LastModifiedTime instanceof Date);
    assert.equal((await describeAlias('live'))?.AliasId, aliasId);
    assert.equal((await describeModule(`${id}:live`)).Content, saying('second'));

    await refused(makeAlias(id, 'live', 1), 'DuplicateResourceException', /live/);
    await refused(makeAlias(id, 'other', 9), 'ResourceNotFoundException', /no version 9/);
    for (const reserved of ['1', '$SAVED']) {
      await refused(makeAlias(id, reserved, 1), 'InvalidParameterException', /no number/);
    }
    await refused(update({ ContactFlowModuleVersion: 9 }), 'ResourceNotFoundException', /no version 9/);
    await refused(update({}), 'InvalidRequestException');
    await refused(update({ Name: 'x' }, 'nobody'), 'ResourceNotFoundException', /no alias/);
    for (const Name of ['7', '$SAVED', 'a:b'])
      await refused(update({ Name }), 'InvalidParameterException', /no number/);
    await refused(
      update({ ContactFlowModuleVersion: 2 ** 31 }),
      'ResourceNotFoundException',
      /no version 2147483648/,
    );
    await refused(
      test.client.send(
        new DeleteContactFlowModuleVersionCommand({
          InstanceId,
          ContactFlowModuleId: id,
          ContactFlowModuleVersion: 2,
        }),
      ),
      'InvalidRequestException',
      /alias points at version 2/,
    );
    await makeAlias(id, 'next', 1);
    const { ContactFlowModuleAliasSummaryList: list } = await test.client.send(
      new ListContactFlowModuleAliasesCommand({ InstanceId, ContactFlowModuleId: id }),
    );
    assert.deepEqual(
      list?.map(({ AliasName, Version }) => [AliasName, Version]),
      [
        ['live', 2],
        ['next', 1],
      ],
    );
    const remove = () =>
      test.client.send(
        new DeleteContactFlowModuleAliasCommand({ InstanceId, ContactFlowModuleId: id, AliasId: aliasId }),
      );
    await remove();
    await refused(remove(), 'ResourceNotFoundException');
    await refused(describeModule(`${id}:live`), 'ResourceNotFoundException');
    // With its versions and the alias that is left.
    await test.client.send(new DeleteContactFlowModuleCommand({ InstanceId, ContactFlowModuleId: id }));
    await refused(describeModule(id), 'ResourceNotFoundException');
  });
});

describe('flow modules › in a call', () => {
  it('runs the version that a number or an alias names', async () => {
    const id = await create({ Content: saying('version one') });
    await makeVersion(id);
    await makeAlias(id, 'stable', 1);
    await updateContent(id, { Content: saying('latest') });
    const { Arn } = await describeModule(id);
    for (const [reference, said] of [
      [`${id}:1`, 'version one'],
      [`${Arn}:stable`, 'version one'],
      [id, 'latest'],
      [`${id}:gone`, 'no'],
    ] as const) {
      const flow = await test.createFlow([
        invoke(reference),
        setAttributes('failed', { said: 'no' }, 'hang up'),
        hangUp,
      ]);
      const contactId = await test.call('+12065550101', flow);
      await test.ended(contactId);
      assert.deepEqual((await test.record(contactId)).Attributes, { said }, reference);
    }
  });

  it('runs as part of the flow that invokes it, by id, ARN and name', async () => {
    const id = await create({ Name: 'Invoked', Content: saying('in the module') });
    const { Arn } = await describeModule(id);
    for (const reference of [id, `${Arn}:$LATEST`, 'Invoked']) {
      const flow = await test.createFlow([
        invoke(reference),
        setAttributes('failed', { said: 'no' }, 'hang up'),
        hangUp,
      ]);
      const contactId = await test.call('+12065550101', flow);
      await test.ended(contactId);
      assert.deepEqual((await test.record(contactId)).Attributes, { said: 'in the module' }, reference);
    }
  });

  it('takes the error branch where the module is archived', async () => {
    const id = await create();
    const flow = await test.createFlow([
      invoke(id),
      setAttributes('failed', { said: 'no' }, 'hang up'),
      hangUp,
    ]);
    await updateMetadata(id, { State: 'ARCHIVED' });
    const contactId = await test.call('+12065550101', flow);
    await test.ended(contactId);
    assert.deepEqual((await test.record(contactId)).Attributes, { said: 'no' });
  });
});

const invoke = (reference: string): object => ({
  Identifier: 'invoke',
  Type: 'InvokeFlowModule',
  Parameters: { FlowModuleId: reference },
  Transitions: {
    NextAction: 'hang up',
    Errors: [{ NextAction: 'failed', ErrorType: 'NoMatchingError' }],
    Conditions: [],
  },
});
