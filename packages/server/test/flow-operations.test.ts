/** Contact flows through the official SDK: drafts, publication, versions, search, tags, every refusal. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type ContactFlowSearchCriteria,
  type ContactFlowSearchFilter,
  CreateContactFlowCommand,
  CreateContactFlowVersionCommand,
  DeleteContactFlowCommand,
  DeleteContactFlowVersionCommand,
  DescribeContactFlowCommand,
  InvalidContactFlowException,
  ListContactFlowsCommand,
  ListContactFlowVersionsCommand,
  ListTagsForResourceCommand,
  SearchContactFlowsCommand,
  StopContactCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContactFlowContentCommand,
  UpdateContactFlowMetadataCommand,
  UpdateContactFlowNameCommand,
} from '@aws-sdk/client-connect';
import { hangUp, setAttributes, waitLong } from './support/flow-actions.ts';
import { refused, unknownId } from './support/refusals.ts';
import { startTestService, type TestService, untilDefined } from './support/test-service.ts';

let test: TestService;
let InstanceId: string;

before(async () => {
  test = await startTestService();
  InstanceId = test.instanceId;
});
after(() => test?.close());

/** A flow that sets the attribute `said` and hangs up. */
const saying = (said: string): string => documentOf([setAttributes('set', { said }, 'hang up'), hangUp]);

function documentOf(actions: readonly object[]): string {
  const start = (actions[0] as { Identifier: string }).Identifier;
  return JSON.stringify({ Version: '2019-10-30', StartAction: start, Metadata: {}, Actions: actions });
}

let names = 0;
async function create(more: Partial<CreateContactFlowCommand['input']> = {}): Promise<string> {
  names += 1;
  const { ContactFlowId } = await test.client.send(
    new CreateContactFlowCommand({
      InstanceId,
      Name: `Flow ${names}`,
      Type: 'CONTACT_FLOW',
      Content: saying('first'),
      ...more,
    }),
  );
  assert.ok(ContactFlowId);
  return ContactFlowId;
}

async function describeFlow(ContactFlowId: string) {
  const { ContactFlow } = await test.client.send(
    new DescribeContactFlowCommand({ InstanceId, ContactFlowId }),
  );
  assert.ok(ContactFlow);
  return ContactFlow;
}

const updateContent = (ContactFlowId: string, Content: string) =>
  test.client.send(new UpdateContactFlowContentCommand({ InstanceId, ContactFlowId, Content }));

describe('contact flows › drafts and publication', () => {
  it('keeps a saved flow as a draft until it is published', async () => {
    const id = await create({ Status: 'SAVED', Content: saying('draft') });
    await refused(describeFlow(id), 'ContactFlowNotPublishedException', /\$SAVED/);
    const draft = await describeFlow(`${id}:$SAVED`);
    assert.equal(draft.Status, 'SAVED');
    assert.equal(draft.Content, saying('draft'));

    await updateContent(id, saying('published'));
    const published = await describeFlow(id);
    assert.equal(published.Status, 'PUBLISHED');
    assert.equal(published.Content, saying('published'));
    assert.match(published.FlowContentSha256 ?? '', /^[0-9a-f]{64}$/);
    assert.ok(published.LastModifiedTime instanceof Date);
  });

  it('leaves what is published as it is while a draft is edited', async () => {
    const id = await create();
    await updateContent(`${id}:$SAVED`, saying('draft'));
    assert.equal((await describeFlow(id)).Content, saying('first'));
    assert.equal((await describeFlow(`${id}:$LATEST`)).Content, saying('first'));
    assert.equal((await describeFlow(`${id}:$SAVED`)).Content, saying('draft'));

    const contactId = await test.call('+12065550101', id);
    await test.ended(contactId);
    assert.deepEqual((await test.record(contactId)).Attributes, { said: 'first' });

    await updateContent(id, saying('second'));
    assert.equal((await describeFlow(`${id}:$SAVED`)).Content, saying('second'));
  });

  it('lets a running call end with the content that it began with', async () => {
    const id = await create({
      Content: documentOf([setAttributes('set', { said: 'first' }, 'wait'), waitLong, hangUp]),
    });
    const contactId = await test.call('+12065550101', id);
    await untilDefined(30_000, 'the flow did not begin', async () =>
      test.events(contactId).find(({ eventType }) => eventType === 'CONTACT_DATA_UPDATED'),
    );
    await updateContent(id, saying('second'));
    await test.client.send(new DeleteContactFlowCommand({ InstanceId, ContactFlowId: id }));
    assert.equal(test.service.active.size, 1);
    await test.client.send(new StopContactCommand({ InstanceId, ContactId: contactId }));
    await test.ended(contactId);
    assert.deepEqual((await test.record(contactId)).Attributes, { said: 'first' });
  });

  it('takes an unfinished draft, but no text that is no flow document', async () => {
    const id = await create();
    await updateContent(`${id}:$SAVED`, documentOf([setAttributes('set', {}, 'nowhere')]));
    await assert.rejects(updateContent(`${id}:$SAVED`, '{'), (error: unknown) => {
      assert.ok(error instanceof InvalidContactFlowException);
      assert.match(error.problems?.[0]?.message ?? '', /not JSON/);
      return true;
    });
  });

  it('lists every problem when it is published', async () => {
    const id = await create();
    const broken = documentOf([setAttributes('set', {}, 'nowhere'), { ...hangUp, Type: 'Wait' }]);
    await assert.rejects(updateContent(id, broken), (error: unknown) => {
      assert.ok(error instanceof InvalidContactFlowException);
      assert.ok((error.problems?.length ?? 0) >= 2, JSON.stringify(error.problems));
      return true;
    });
    assert.equal((await describeFlow(id)).Content, saying('first'));
  });

  it('refuses what names a resource that the instance does not have', async () => {
    const naming = (Type: string, Parameters: object) =>
      documentOf([
        {
          Identifier: 'it',
          Type,
          Parameters,
          Transitions: {
            NextAction: 'hang up',
            Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
            Conditions: [],
          },
        },
        hangUp,
      ]);
    const arn = (kind: string, id: string, instance = InstanceId) =>
      `arn:aws:connect:us-east-1:000000000000:instance/${instance}/${kind}/${id}`;
    const other = await create();
    const right = [
      naming('UpdateContactTargetQueue', { QueueId: test.queueId }),
      naming('UpdateContactTargetQueue', { QueueId: arn('queue', test.queueId) }),
      naming('MessageParticipant', { PromptId: 'Beep.wav' }),
      naming('TransferToFlow', { ContactFlowId: arn('contact-flow', other) }),
      naming('TransferToFlow', { ContactFlowId: `${other}:$LATEST` }),
      naming('TransferToFlow', { ContactFlowId: '$.Attributes.flow' }),
    ];
    for (const Content of right) await create({ Content });
    const wrong = [
      naming('UpdateContactTargetQueue', { QueueId: unknownId }),
      naming('UpdateContactTargetQueue', { QueueId: arn('queue', test.queueId, unknownId) }),
      naming('MessageParticipant', { PromptId: arn('prompt', unknownId) }),
      naming('TransferToFlow', { ContactFlowId: unknownId }),
      naming('InvokeFlowModule', { FlowModuleId: other }),
    ];
    for (const Content of wrong) {
      await assert.rejects(create({ Content }), (error: unknown) => {
        assert.ok(error instanceof InvalidContactFlowException, `${Content}: ${String(error)}`);
        assert.match(error.problems?.[0]?.message ?? '', /There is no (queue|prompt|flow|module)/);
        return true;
      });
      // A draft may name what will be made later.
      await create({ Content, Status: 'SAVED' });
    }
  });
});

describe('contact flows › metadata', () => {
  it('changes name, description and state, each alone', async () => {
    const id = await create({ Description: 'before' });
    await test.client.send(
      new UpdateContactFlowMetadataCommand({ InstanceId, ContactFlowId: id, Name: 'Renamed once' }),
    );
    await test.client.send(
      new UpdateContactFlowNameCommand({ InstanceId, ContactFlowId: id, Description: 'after' }),
    );
    await test.client.send(
      new UpdateContactFlowMetadataCommand({ InstanceId, ContactFlowId: id, ContactFlowState: 'ARCHIVED' }),
    );
    const flow = await describeFlow(id);
    assert.deepEqual([flow.Name, flow.Description, flow.State], ['Renamed once', 'after', 'ARCHIVED']);
    await refused(test.call('+12065550101', id), 'ResourceNotFoundException');
  });

  it('refuses a name that another flow has', async () => {
    const [first, second] = [await create({ Name: 'Taken' }), await create()];
    await refused(create({ Name: 'Taken' }), 'DuplicateResourceException', /Taken/);
    await refused(
      test.client.send(
        new UpdateContactFlowNameCommand({ InstanceId, ContactFlowId: second, Name: 'Taken' }),
      ),
      'DuplicateResourceException',
    );
    // Its own name is no other's.
    await test.client.send(
      new UpdateContactFlowNameCommand({ InstanceId, ContactFlowId: first, Name: 'Taken' }),
    );
  });

  it('forgets a deleted flow', async () => {
    const id = await create();
    await test.client.send(new DeleteContactFlowCommand({ InstanceId, ContactFlowId: id }));
    await refused(describeFlow(id), 'ResourceNotFoundException');
    await refused(
      test.client.send(new DeleteContactFlowCommand({ InstanceId, ContactFlowId: id })),
      'ResourceNotFoundException',
    );
  });

  it('knows no flow by a wrong id, a wrong alias or an ARN of another instance', async () => {
    const id = await create();
    const foreign = `arn:aws:connect:us-east-1:000000000000:instance/${unknownId}/contact-flow/${id}`;
    for (const reference of [
      'nonsense',
      unknownId,
      `${id}:$DRAFT`,
      `${id}:0`,
      `${id}:1`,
      `${id}:1:2`,
      foreign,
    ]) {
      await refused(describeFlow(reference), 'ResourceNotFoundException');
    }
    await refused(
      test.client.send(new DeleteContactFlowCommand({ InstanceId, ContactFlowId: `${id}:$SAVED` })),
      'InvalidParameterException',
    );
  });
});

describe('contact flows › versions', () => {
  it('numbers copies of what was published, and never gives a number twice', async () => {
    const id = await create();
    const make = (more: Partial<CreateContactFlowVersionCommand['input']> = {}) =>
      test.client.send(new CreateContactFlowVersionCommand({ InstanceId, ContactFlowId: id, ...more }));
    const first = await make({ Description: 'the first' });
    assert.equal(first.Version, 1);
    assert.match(first.ContactFlowArn ?? '', /:1$/);
    await updateContent(id, saying('second'));
    assert.equal((await make()).Version, 2);
    const old = await describeFlow(`${id}:1`);
    assert.deepEqual([old.Content, old.Version, old.VersionDescription], [saying('first'), 1, 'the first']);

    const remove = (version: number) =>
      test.client.send(
        new DeleteContactFlowVersionCommand({ InstanceId, ContactFlowId: id, ContactFlowVersion: version }),
      );
    await remove(2);
    await refused(remove(2), 'ResourceNotFoundException');
    await refused(remove(99_999_999_999), 'ResourceNotFoundException');
    assert.equal((await make()).Version, 3);
    const list = (more: object) =>
      test.client.send(new ListContactFlowVersionsCommand({ InstanceId, ContactFlowId: id, ...more }));
    const page = await list({ MaxResults: 1 });
    assert.deepEqual(
      page.ContactFlowVersionSummaryList?.map(({ Version }) => Version),
      [3],
    );
    const rest = await list({ NextToken: page.NextToken });
    assert.deepEqual(
      rest.ContactFlowVersionSummaryList?.map(({ Version }) => Version),
      [1],
    );
    await refused(updateContent(`${id}:1`, saying('other')), 'InvalidParameterException', /never changes/);
  });

  it('makes none of a draft, nor of another content than the caller means', async () => {
    const saved = await create({ Status: 'SAVED' });
    const version = (ContactFlowId: string, FlowContentSha256?: string) =>
      test.client.send(new CreateContactFlowVersionCommand({ InstanceId, ContactFlowId, FlowContentSha256 }));
    await refused(version(saved), 'InvalidRequestException', /not published/);
    const published = await create();
    await refused(version(published, 'a'.repeat(64)), 'InvalidParameterException', /FlowContentSha256/);
    const { FlowContentSha256 } = await describeFlow(published);
    assert.equal((await version(published, FlowContentSha256)).Version, 1);
  });

  it('is run where a transfer names it', async () => {
    const target = await create({ Content: saying('old') });
    await test.client.send(new CreateContactFlowVersionCommand({ InstanceId, ContactFlowId: target }));
    await updateContent(target, saying('new'));
    const id = await create({
      Content: documentOf([
        {
          Identifier: 'go',
          Type: 'TransferToFlow',
          Parameters: { ContactFlowId: `${target}:1` },
          Transitions: {
            Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
            Conditions: [],
          },
        },
        hangUp,
      ]),
    });
    const contactId = await test.call('+12065550101', id);
    await test.ended(contactId);
    assert.deepEqual((await test.record(contactId)).Attributes, { said: 'old' });
  });
});

describe('contact flows › search', () => {
  const search = async (
    SearchCriteria?: ContactFlowSearchCriteria,
    SearchFilter?: ContactFlowSearchFilter,
  ): Promise<string[]> => {
    const found = await test.client.send(
      new SearchContactFlowsCommand({ InstanceId, SearchCriteria, SearchFilter }),
    );
    assert.equal(found.ApproximateTotalCount, found.ContactFlows?.length);
    return (found.ContactFlows ?? [])
      .map(({ Name }) => Name ?? '')
      .filter((name) => name.startsWith('Find '))
      .toSorted();
  };
  const name = (Value: string, ComparisonType: 'CONTAINS' | 'STARTS_WITH' | 'EXACT') => ({
    StringCondition: { FieldName: 'name', Value, ComparisonType },
  });

  before(async () => {
    await create({ Name: 'Find apple', Description: 'Red', Tags: { colour: 'red', kind: 'fruit' } });
    await create({ Name: 'Find pear', Status: 'SAVED', Tags: { colour: 'green', kind: 'fruit' } });
    await create({ Name: 'Find leek', Type: 'CUSTOMER_HOLD', Content: documentOf([endless, hold]) });
  });

  it('finds by text, type, state and status, joined by And and Or', async () => {
    const table: [ContactFlowSearchCriteria, string[]][] = [
      [name('find A', 'STARTS_WITH'), ['Find apple']],
      [name('EE', 'CONTAINS'), ['Find leek']],
      [name('Find pear', 'EXACT'), ['Find pear']],
      [name('find pear', 'EXACT'), []],
      [
        { StringCondition: { FieldName: 'description', Value: 'Red', ComparisonType: 'EXACT' } },
        ['Find apple'],
      ],
      [{ TypeCondition: 'CUSTOMER_HOLD' }, ['Find leek']],
      [{ AndConditions: [name('Find', 'STARTS_WITH'), { StatusCondition: 'SAVED' }] }, ['Find pear']],
      [
        {
          OrConditions: [name('apple', 'CONTAINS'), { TypeCondition: 'CUSTOMER_HOLD' }],
          StateCondition: 'ACTIVE',
        },
        ['Find apple', 'Find leek'],
      ],
      [{ StateCondition: 'ARCHIVED' }, []],
      [{}, ['Find apple', 'Find leek', 'Find pear']],
    ];
    for (const [criteria, expected] of table) {
      assert.deepEqual(await search(criteria), expected, JSON.stringify(criteria));
    }
  });

  it('filters by tags and flow attributes', async () => {
    const red = { TagKey: 'colour', TagValue: 'red' };
    const green = { TagKey: 'colour', TagValue: 'green' };
    const fruit = { TagKey: 'kind' };
    const table: [ContactFlowSearchFilter, string[]][] = [
      [{ TagFilter: { TagCondition: red } }, ['Find apple']],
      [{ TagFilter: { AndConditions: [fruit, green] } }, ['Find pear']],
      [{ TagFilter: { AndConditions: [red, green] } }, []],
      [{ TagFilter: { OrConditions: [[red, fruit], [green]] } }, ['Find apple', 'Find pear']],
      [{ FlowAttributeFilter: { TagCondition: green } }, ['Find pear']],
      [
        { FlowAttributeFilter: { ContactFlowTypeCondition: { ContactFlowType: 'CUSTOMER_HOLD' } } },
        ['Find leek'],
      ],
      [
        {
          FlowAttributeFilter: {
            OrConditions: [
              { TagConditions: [red], ContactFlowTypeCondition: { ContactFlowType: 'CONTACT_FLOW' } },
              { ContactFlowTypeCondition: { ContactFlowType: 'CUSTOMER_HOLD' } },
            ],
          },
        },
        ['Find apple', 'Find leek'],
      ],
    ];
    for (const [filter, expected] of table) {
      assert.deepEqual(await search(undefined, filter), expected, JSON.stringify(filter));
    }
  });

  it('refuses a field that there is none of', () =>
    refused(
      search({ StringCondition: { FieldName: 'colour', Value: 'x', ComparisonType: 'EXACT' } }),
      'InvalidParameterException',
      /"colour".*name/,
    ));

  it('cuts pages that join without a gap', async () => {
    const ids: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await test.client.send(
        new SearchContactFlowsCommand({ InstanceId, MaxResults: 2, NextToken }),
      );
      ids.push(...(page.ContactFlows ?? []).map(({ Id }) => Id));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    const all = await test.client.send(new ListContactFlowsCommand({ InstanceId, MaxResults: 1000 }));
    assert.deepEqual(
      ids,
      all.ContactFlowSummaryList?.map(({ Id }) => Id),
    );
  });
});

describe('contact flows › tags', () => {
  it('adds, replaces, removes and lists them', async () => {
    const { Arn: resourceArn } = await describeFlow(await create({ Tags: { a: '1' } }));
    const tags = async () => (await test.client.send(new ListTagsForResourceCommand({ resourceArn }))).tags;
    await test.client.send(new TagResourceCommand({ resourceArn, tags: { a: '2', b: '3' } }));
    assert.deepEqual(await tags(), { a: '2', b: '3' });
    await test.client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a', 'never'] }));
    assert.deepEqual(await tags(), { b: '3' });
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, 'v']));
    await refused(
      test.client.send(new TagResourceCommand({ resourceArn, tags: many })),
      'InvalidParameterException',
      /50/,
    );
    assert.deepEqual(await tags(), { b: '3' });
  });

  it('knows nothing of what is not there', async () => {
    const list = (resourceArn: string) => test.client.send(new ListTagsForResourceCommand({ resourceArn }));
    const instance = `arn:aws:connect:us-east-1:000000000000:instance/${InstanceId}`;
    await refused(list(`${instance}/contact-flow/${unknownId}`), 'ResourceNotFoundException');
    await refused(list(`${instance}/flow-module/${await create()}`), 'ResourceNotFoundException');
    await refused(
      list(`arn:aws:connect:us-east-1:111122223333:instance/${InstanceId}/contact-flow/${await create()}`),
      'ResourceNotFoundException',
    );
    await refused(list(`${instance}/contact/${unknownId}`), 'InvalidParameterException', /kind "contact"/);
    await refused(list('nonsense'), 'InvalidParameterException');
  });
});

describe('contact flows › quota', () => {
  it('takes as many flows as the quota allows, also when they are made at once', async () => {
    const { ContactFlowSummaryList: flows = [] } = await test.client.send(
      new ListContactFlowsCommand({ InstanceId, MaxResults: 1000 }),
    );
    const free = 100 - flows.length;
    const made = await Promise.allSettled(Array.from({ length: free + 2 }, () => create()));
    const failures = made.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    assert.deepEqual(
      failures.map(({ name }) => name),
      ['LimitExceededException', 'LimitExceededException'],
    );
    assert.match(failures[0]?.message ?? '', /100 flows/);
  });
});

/** What a hold flow may hold: music that never ends. */
const endless: object = {
  Identifier: 'play',
  Type: 'MessageParticipantIteratively',
  Parameters: { Messages: [{ Text: 'Please hold.' }] },
  Transitions: {
    NextAction: 'end',
    Errors: [{ NextAction: 'end', ErrorType: 'NoMatchingError' }],
    Conditions: [],
  },
};
const hold: object = { Identifier: 'end', Type: 'EndFlowExecution', Parameters: {}, Transitions: {} };
