/** What agents do at the moment, metrics and routing of contacts, through the official SDK. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@aws-sdk/client-connect';
import { type AgentId, type ContactId, newId, type QueueId } from '../src/ids.ts';
import type { RoutedContact } from '../src/routing/routing-change.ts';
import { makeRoutingTeam, type RoutingTeam } from '../src/test-support/routing-team.ts';
import { refused, unknownId } from './support/refusals.ts';
import { openTestApi, type TestApi } from './support/test-api.ts';

const longestWaitMs = 20_000;

let test: TestApi;
let team: RoutingTeam;
let InstanceId: string;
let UserId: string;
let queueId: QueueId;
let availableId: string;
let lunchId: string;

before(async () => {
  test = await openTestApi();
  InstanceId = test.instanceId;
  team = await makeRoutingTeam(test.database, test.instanceId, 4, () => 0.9);
  UserId = team.agents[0]?.agentId as string;
  queueId = team.queues[0] as QueueId;
  availableId = team.statuses.available.id;
  lunchId = team.statuses.break.id;
});
after(() => test?.close());

const key = () => ({ instanceId: test.instanceId, agentId: UserId as AgentId });

/** A contact that is connected, as far as the database knows. */
async function newContact(state = 'CONNECTED'): Promise<RoutedContact> {
  const contactId = newId<ContactId>();
  await test.database.query(
    `INSERT INTO contact (instance_id, id, account_id, region, state, pool, initiated_at, updated_at,
                          outbox_sequence, attributes, request, outcome)
     VALUES ($1, $2, '000000000000', 'us-east-1', $3, 'active-calls', now(), now(), 0, '{}', '{}', '{}')`,
    [InstanceId, contactId, state],
  );
  return { instanceId: test.instanceId, contactId, epoch: 1, channel: 'VOICE', initiationMethod: 'API' };
}

const putStatus = (AgentStatusId: string, user = UserId) =>
  test.client.send(new sdk.PutUserStatusCommand({ InstanceId, UserId: user, AgentStatusId }));
const userData = async (Filters: sdk.UserDataFilters): Promise<sdk.UserData[]> =>
  (await test.client.send(new sdk.GetCurrentUserDataCommand({ InstanceId, Filters }))).UserDataList ?? [];

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = Date.now() + longestWaitMs;
  while (!(await holds())) {
    if (Date.now() > giveUpAtMs) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The counts of a query without groupings. */
async function metrics(
  names: readonly sdk.CurrentMetricName[],
  more: Partial<sdk.GetCurrentMetricDataCommandInput> = {},
): Promise<sdk.CurrentMetricResult[]> {
  const answer = await test.client.send(
    new sdk.GetCurrentMetricDataCommand({
      InstanceId,
      Filters: { Queues: [queueId], Channels: ['VOICE'] },
      CurrentMetrics: names.map((Name) => ({ Name })),
      ...more,
    }),
  );
  assert.ok(answer.DataSnapshotTime instanceof Date);
  return answer.MetricResults ?? [];
}

const values = (result: sdk.CurrentMetricResult | undefined) =>
  Object.fromEntries((result?.Collections ?? []).map(({ Metric, Value }) => [Metric?.Name ?? '', Value]));

describe('agents, metrics and routing over the API', () => {
  it('shows a user from signing in to the talk, and makes a status wait for its end', async () => {
    assert.deepEqual(await userData({ Agents: [UserId] }), []);
    await test.routing.attach(key(), 'page', () => undefined);
    await putStatus(availableId);
    const contact = await newContact();
    await test.routing.enqueue(contact, { kind: 'queue', queueId });
    await until('it rings', async () => (await userData({ Agents: [UserId] }))[0]?.Contacts?.length === 1);
    await test.routing.accept(key(), contact.contactId);
    await test.routing.connected(key(), contact.contactId);
    await putStatus(lunchId);
    const [user] = await userData({ Agents: [UserId], ContactFilter: { ContactStates: ['CONNECTED'] } });
    assert.equal(user?.User?.Id, UserId);
    assert.match(user?.Status?.StatusArn ?? '', /\/agent-state\//);
    assert.deepEqual(
      [user?.Status?.StatusName, user?.NextStatus, user?.ActiveSlotsByChannel, user?.AvailableSlotsByChannel],
      ['Available', 'Lunch', { VOICE: 1 }, { VOICE: 0 }],
    );
    const [held] = user?.Contacts ?? [];
    assert.deepEqual(
      [held?.ContactId, held?.Channel, held?.InitiationMethod, held?.AgentContactState, held?.Queue?.Id],
      [contact.contactId, 'VOICE', 'API', 'CONNECTED', queueId],
    );
    assert.ok(held?.ConnectedToAgentTimestamp && held.StateStartTimestamp);
    assert.deepEqual(await userData({ ContactFilter: { ContactStates: ['MISSED'] } }), []);
    assert.deepEqual(values((await metrics(['AGENTS_ON_CONTACT', 'AGENTS_AVAILABLE', 'SLOTS_ACTIVE']))[0]), {
      AGENTS_ON_CONTACT: 1,
      AGENTS_AVAILABLE: 0,
      SLOTS_ACTIVE: 1,
    });
    await test.routing.contactEnded(contact, 'none');
    assert.equal((await userData({ Queues: [queueId] }))[0]?.Status?.StatusName, 'Lunch');
    assert.deepEqual(
      values((await metrics(['AGENTS_ONLINE', 'AGENTS_NON_PRODUCTIVE', 'AGENTS_STAFFED']))[0]),
      {
        AGENTS_ONLINE: 1,
        AGENTS_NON_PRODUCTIVE: 1,
        AGENTS_STAFFED: 0,
      },
    );
  });

  it('counts waiting contacts, in one or by queue, with the age in its two units', async () => {
    const contact = await newContact();
    await test.routing.enqueue(contact, { kind: 'queue', queueId });
    await test.database.query(
      `UPDATE routing_entry SET enqueued_at = enqueued_at - interval '90 s' WHERE contact_id = $1`,
      [contact.contactId],
    );
    const names = ['CONTACTS_IN_QUEUE', 'OLDEST_CONTACT_AGE', 'ESTIMATED_WAIT_TIME'] as const;
    const [inOne] = await metrics(names);
    assert.equal(inOne?.Dimensions, undefined);
    assert.equal(values(inOne).CONTACTS_IN_QUEUE, 1);
    const inMilliseconds = values(inOne).OLDEST_CONTACT_AGE ?? 0;
    assert.ok(inMilliseconds >= 90_000 && inMilliseconds < 150_000, `${inMilliseconds}`);
    assert.equal(values(inOne).ESTIMATED_WAIT_TIME, undefined);
    assert.deepEqual(
      inOne?.Collections?.map(({ Metric }) => Metric?.Unit),
      ['COUNT', 'SECONDS', 'SECONDS'],
    );
    const other = team.queues[1] as string;
    const grouped = await metrics(names, {
      Filters: { Queues: [queueId, other], Channels: ['VOICE'] },
      Groupings: ['QUEUE', 'CHANNEL'],
      SortCriteria: [{ SortByMetric: 'CONTACTS_IN_QUEUE', SortOrder: 'DESCENDING' }],
    });
    assert.deepEqual(
      grouped.map((row) => [
        row.Dimensions?.Queue?.Id,
        row.Dimensions?.Channel,
        values(row).CONTACTS_IN_QUEUE,
      ]),
      [
        [queueId, 'VOICE', 1],
        [other, 'VOICE', 0],
      ],
    );
    const inSeconds = values(grouped[0]).OLDEST_CONTACT_AGE ?? 0;
    assert.ok(inSeconds >= 90 && inSeconds < 150, `${inSeconds}`);
    assert.deepEqual(await metrics(names, { Filters: { Queues: [queueId], Channels: ['CHAT'] } }), []);
    await test.routing.contactEnded(contact);
  });

  it('leads from page to page through each row once, in the order of names and of numbers', async () => {
    const waiting: RoutedContact[] = [];
    const [most, some, none] = team.queues.toSorted().toReversed() as [QueueId, QueueId, QueueId];
    for (const id of [most, most, some]) {
      const contact = await newContact();
      await test.routing.enqueue(contact, { kind: 'queue', queueId: id });
      waiting.push(contact);
    }
    for (const [order, expected] of [
      [undefined, [none, some, most]],
      ['ASCENDING', [none, some, most]],
      ['DESCENDING', [most, some, none]],
    ] as const) {
      const seen: unknown[] = [];
      let NextToken: string | undefined;
      do {
        const page = await test.client.send(
          new sdk.GetCurrentMetricDataCommand({
            InstanceId,
            Filters: { Queues: [some, most, none] },
            Groupings: ['QUEUE', 'QUEUE'],
            CurrentMetrics: [{ Name: 'CONTACTS_IN_QUEUE' }],
            MaxResults: 1,
            NextToken,
            ...(order ? { SortCriteria: [{ SortByMetric: 'CONTACTS_IN_QUEUE', SortOrder: order }] } : {}),
          }),
        );
        assert.equal(page.ApproximateTotalCount, 3);
        seen.push(...(page.MetricResults ?? []).map((row) => row.Dimensions?.Queue?.Id));
        NextToken = page.NextToken;
      } while (NextToken !== undefined && seen.length < 10);
      assert.deepEqual(seen, expected, `${order}`);
    }
    for (const contact of waiting) await test.routing.contactEnded(contact);
  });

  it('filters metrics by queues or by routing profiles, not by both', async () => {
    const [profile] = (await test.client.send(new sdk.ListRoutingProfilesCommand({ InstanceId })))
      .RoutingProfileSummaryList as sdk.RoutingProfileSummary[];
    const Filters = { Queues: [queueId], RoutingProfiles: [profile?.Id as string] };
    await refused(metrics(['AGENTS_ONLINE'], { Filters }), 'InvalidParameterException', /not by both/);
  });

  it('tells of statuses by queue, and how many are online in each', async () => {
    const counts = await metrics(['AGENTS_ONLINE'], { Groupings: ['QUEUE', 'AGENT_STATUS'] });
    assert.ok(counts.length >= 3);
    assert.ok(counts.every(({ Dimensions }) => Dimensions?.Queue?.Id === queueId && Dimensions.AgentStatus));
    const AgentStatuses = [availableId];
    for (const [what, more, names] of [
      [/QUEUE as the first grouping/, { Groupings: ['AGENT_STATUS'] }, ['AGENTS_ONLINE']],
      [/QUEUE as the first grouping/, { Groupings: ['AGENT_STATUS', 'QUEUE'] }, ['AGENTS_ONLINE']],
      [/only AGENTS_ONLINE/, { Groupings: ['QUEUE', 'AGENT_STATUS'] }, ['AGENTS_ONLINE', 'AGENTS_STAFFED']],
      [/name queues/, { Filters: { AgentStatuses } }, ['AGENTS_ONLINE']],
    ] as [RegExp, Partial<sdk.GetCurrentMetricDataCommandInput>, sdk.CurrentMetricName[]][]) {
      await refused(metrics(names, more), 'InvalidParameterException', what);
    }
  });

  it('counts what waits by routing profile only where these are the filter, and sorts by no slots', async () => {
    const Groupings: sdk.Grouping[] = ['ROUTING_PROFILE'];
    assert.ok((await metrics(['AGENTS_ONLINE'], { Groupings })).length > 0);
    for (const name of ['CONTACTS_IN_QUEUE', 'CONTACTS_SCHEDULED', 'OLDEST_CONTACT_AGE'] as const) {
      await refused(
        metrics([name], { Groupings }),
        'InvalidParameterException',
        /filter by routing profiles/,
      );
    }
    for (const SortByMetric of ['SLOTS_ACTIVE', 'SLOTS_AVAILABLE'] as const) {
      const more = { Groupings: ['QUEUE' as const], SortCriteria: [{ SortByMetric }] };
      await refused(metrics([SortByMetric], more), 'InvalidParameterException', /sorted by/);
    }
  });

  it('knows metrics by their names only', async () => {
    const arn = `arn:aws:connect:us-east-1:000000000000:instance/${InstanceId}/metric/constructor`;
    for (const MetricId of [arn, `${unknownId}/__proto__`, `${unknownId}/toString`, unknownId]) {
      await refused(
        metrics([], { CurrentMetrics: [{ MetricId }] }),
        'InvalidParameterException',
        /metric is not known/,
      );
    }
  });

  it('changes priority, age and criteria of a contact, before it waits and while it does', async () => {
    const contact = await newContact();
    const update = (more: Partial<sdk.UpdateContactRoutingDataCommandInput>) =>
      test.client.send(
        new sdk.UpdateContactRoutingDataCommand({ InstanceId, ContactId: contact.contactId, ...more }),
      );
    await update({ QueuePriority: 2 });
    await test.routing.enqueue(contact, { kind: 'queue', queueId });
    await update({ QueueTimeAdjustmentSeconds: -30 });
    await update({
      RoutingCriteria: {
        Steps: [
          {
            Expression: { AttributeCondition: { Name: 'Language', Value: 'English', ProficiencyLevel: 5 } },
            Expiry: { DurationInSeconds: 60 },
          },
        ],
      },
    });
    const entry = await test.routing.entry(contact);
    assert.deepEqual(
      [entry?.queuePriority, entry?.adjustmentMs, entry?.criteria?.steps.length],
      [2, -30_000, 1],
    );
    const { Contact } = await test.client.send(
      new sdk.DescribeContactCommand({ InstanceId, ContactId: contact.contactId }),
    );
    assert.deepEqual([Contact?.QueuePriority, Contact?.QueueTimeAdjustmentSeconds], [2, -30]);
    const [step] = Contact?.RoutingCriteria?.Steps ?? [];
    assert.deepEqual(
      [step?.Status, step?.Expiry?.DurationInSeconds, step?.Expression?.AttributeCondition?.Value],
      ['ACTIVE', 60, 'English'],
    );
    assert.ok(Contact?.RoutingCriteria?.ActivationTimestamp instanceof Date);
    await refused(
      update({ QueuePriority: 1, QueueTimeAdjustmentSeconds: 1 }),
      'InvalidParameterException',
      /not both/,
    );
    await refused(update({}), 'InvalidParameterException', /one of/);
    await refused(
      update({ RoutingCriteria: { Steps: [{ Expression: {} }] } }),
      'InvalidParameterException',
      /Steps\[0\]/,
    );
    await refused(update({ ContactId: unknownId, QueuePriority: 1 }), 'ResourceNotFoundException');
    const over = await newContact('ENDED');
    await refused(
      update({ ContactId: over.contactId, QueuePriority: 1 }),
      'ResourceConflictException',
      /ended/,
    );
    await test.routing.contactEnded(contact);
  });

  it('lets go of a deleted user, whose talk goes on to its end', async () => {
    const agentId = team.agents[3]?.agentId as AgentId;
    const gone = { instanceId: test.instanceId, agentId };
    const rowsOf = async (column: string, table: string) =>
      (
        await test.database.query(`SELECT ${column} FROM ${table} WHERE instance_id = $1 AND agent_id = $2`, [
          InstanceId,
          agentId,
        ])
      ).rows.length;
    const desk = await test.routing.attach(gone, 'page', () => undefined);
    await putStatus(availableId, agentId);
    const contact = await newContact();
    await test.routing.enqueue(contact, { kind: 'agent', agentId });
    await until('it rings', async () => (await userData({ Agents: [agentId] }))[0]?.Contacts?.length === 1);
    await test.routing.accept(gone, contact.contactId);
    await test.routing.connected(gone, contact.contactId);
    await test.client.send(new sdk.DeleteUserCommand({ InstanceId, UserId: agentId }));
    assert.equal(await rowsOf('state', 'routing_agent'), 0);
    assert.ok(await test.routing.entry(contact), 'the contact is still known');
    await test.routing.contactEnded(contact);
    assert.equal(await test.routing.entry(contact), undefined);
    await desk?.detach();
    assert.equal(await rowsOf('state', 'routing_agent'), 0, 'nothing brings the row back');
    await refused(putStatus(availableId, agentId), 'ResourceNotFoundException', /user/);
    // Routing of the others goes on.
    await test.routing.attach(key(), 'page', () => undefined);
    await putStatus(availableId);
    const next = await newContact();
    await test.routing.enqueue(next, { kind: 'queue', queueId });
    await until('it rings', async () => (await userData({ Agents: [UserId] }))[0]?.Contacts?.length === 1);
    await test.routing.contactEnded(next, 'none');
  });

  it('refuses what is unknown or not asked in full', async () => {
    await refused(putStatus(unknownId), 'ResourceNotFoundException', /agent status/);
    await refused(putStatus(availableId, unknownId), 'ResourceNotFoundException', /user/);
    await test.database.query(`UPDATE agent_status SET state = 'DISABLED' WHERE id = $1`, [lunchId]);
    await refused(putStatus(lunchId), 'InvalidParameterException', /disabled/);
    await refused(userData({}), 'InvalidParameterException', /filter/);
    await refused(userData({ Queues: [unknownId] }), 'ResourceNotFoundException', /queue/);
    await refused(
      userData({ Queues: [queueId], Agents: [UserId] }),
      'InvalidParameterException',
      /one of Queues, RoutingProfiles, Agents and UserHierarchyGroups/,
    );
    await refused(metrics(['AGENTS_ONLINE'], { Filters: {} }), 'InvalidParameterException', /Filters/);
    await refused(
      metrics(['AGENTS_ONLINE'], { Groupings: ['ROUTING_STEP_EXPRESSION'] }),
      'InvalidRequestException',
      /ROUTING_STEP_EXPRESSION/,
    );
    assert.deepEqual(test.unmodelled, []);
  });
});
