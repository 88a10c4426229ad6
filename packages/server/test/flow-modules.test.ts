/** Flow modules through the official SDK, and a call whose flow invokes one. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  CreateContactFlowModuleCommand,
  DeleteContactFlowModuleCommand,
  DescribeContactFlowModuleCommand,
  InvalidContactFlowModuleException,
  ListContactFlowModulesCommand,
  ListContactFlowsCommand,
  ListTagsForResourceCommand,
  SearchContactFlowModulesCommand,
  UpdateContactFlowModuleContentCommand,
  UpdateContactFlowModuleMetadataCommand,
} from '@aws-sdk/client-connect';
import { hangUp, setAttributes } from './support/flow-actions.ts';
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

const refused = (promise: Promise<unknown>, name: string, message: RegExp = /./): Promise<void> =>
  assert.rejects(promise, (error: Error) => {
    assert.equal(error.name, name, error.message);
    assert.match(error.message, message);
    return true;
  });

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

describe('flow modules › in a call', () => {
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
