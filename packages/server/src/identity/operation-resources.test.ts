import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { operations } from '@ringback/connect-api';
import { sampleInstanceId, sampleTenant } from '../test-support/sample-contact.ts';
import { quotaResourcesOf, resourcesOf } from './operation-resources.ts';

const root = 'arn:aws:connect:us-east-1:000000000000';
const instance = `${root}:instance/${sampleInstanceId}`;
const id = 'abcdef01-2345-4678-89ab-cdef01234567';

const cases: readonly [operation: string, input: Record<string, unknown>, expected: string[][]][] = [
  ['ListInstances', {}, [['*']]],
  ['DescribeInstance', { InstanceId: sampleInstanceId }, [[instance]]],
  ['DescribeInstance', { InstanceId: instance }, [[instance]]],
  [
    'StartOutboundVoiceContact',
    { InstanceId: sampleInstanceId, ContactFlowId: id, QueueId: id },
    [[`${instance}/contact/*`, instance]],
  ],
  [
    'AssociateQueueQuickConnects',
    { InstanceId: sampleInstanceId, QueueId: id, QuickConnectIds: [id, id.replace('a', 'b')] },
    [
      [`${instance}/queue/${id}`],
      [`${instance}/transfer-destination/${id}`],
      [`${instance}/transfer-destination/${id.replace('a', 'b')}`],
    ],
  ],
  ...(['QueueReferences', 'ManualAssignmentQueueReferences'] as const).map(
    (member): [string, Record<string, unknown>, string[][]] => [
      'DisassociateRoutingProfileQueues',
      {
        InstanceId: sampleInstanceId,
        RoutingProfileId: id,
        [member]: [{ QueueId: id.toUpperCase(), Channel: 'VOICE' }],
      },
      [[`${instance}/routing-profile/${id}`], [`${instance}/queue/${id}`]],
    ],
  ),
  ['StopContact', { InstanceId: sampleInstanceId, ContactId: id }, [[`${instance}/contact/${id}`]]],
  [
    'GetContactAttributes',
    { InstanceId: sampleInstanceId, InitialContactId: id },
    [[`${instance}/contact/${id}`]],
  ],
  ['CreateContactFlow', { InstanceId: sampleInstanceId, Name: 'n' }, [[`${instance}/contact-flow/*`]]],
  [
    'DescribeContactFlow',
    { InstanceId: sampleInstanceId, ContactFlowId: `${id}:$SAVED` },
    [[`${instance}/contact-flow/${id}`]],
  ],
  [
    'DescribeContactFlow',
    { InstanceId: sampleInstanceId, ContactFlowId: `${instance}/contact-flow/${id}` },
    [[`${instance}/contact-flow/${id}`]],
  ],
  ['ListContactFlows', { InstanceId: sampleInstanceId }, [[`${instance}/contact-flow/*`]]],
  ['ListQueues', { InstanceId: sampleInstanceId }, [[`${instance}/queue/*`]]],
  ['ListPhoneNumbersV2', {}, [[`${root}:phone-number/*`]]],
  ['ListPhoneNumbersV2', { TargetArn: instance }, [[`${root}:phone-number/*`]]],
  ['DescribePhoneNumber', { PhoneNumberId: id }, [[`${root}:phone-number/${id}`]]],
  [
    'CreateQueue',
    { InstanceId: sampleInstanceId, HoursOfOperationId: id },
    [[`${instance}/queue/*`], [`${instance}/operating-hours/${id}`]],
  ],
  [
    'UpdateUserRoutingProfile',
    { InstanceId: sampleInstanceId, UserId: id, RoutingProfileId: id },
    [[`${instance}/routing-profile/${id}`], [`${instance}/agent/${id}`]],
  ],
  [
    'CreateUser',
    { InstanceId: sampleInstanceId, RoutingProfileId: id, SecurityProfileIds: [id], HierarchyGroupId: id },
    [
      [`${instance}/agent/*`],
      [`${instance}/routing-profile/${id}`],
      [`${instance}/agent-group/${id}`],
      [`${instance}/security-profile/${id}`],
    ],
  ],
  [
    'AssociateRoutingProfileQueues',
    {
      InstanceId: sampleInstanceId,
      RoutingProfileId: id,
      QueueConfigs: [{ QueueReference: { QueueId: id.toUpperCase() } }, { QueueReference: { QueueId: id } }],
    },
    [[`${instance}/routing-profile/${id}`], [`${instance}/queue/${id}`], [`${instance}/queue/${id}`]],
  ],
  [
    'DisassociateRoutingProfileQueues',
    { InstanceId: sampleInstanceId, RoutingProfileId: id, QueueReferences: [{ QueueId: id }] },
    [[`${instance}/routing-profile/${id}`], [`${instance}/queue/${id}`]],
  ],
  ['TagResource', { resourceArn: `${instance}/queue/${id.toUpperCase()}` }, [[`${instance}/queue/${id}`]]],
];

describe('resources of an operation', () => {
  for (const [operation, input, expected] of cases) {
    it(`${operation} ${JSON.stringify(Object.keys(input))} › ${expected.map(([name]) => name).join(' and ')}`, () => {
      assert.deepEqual(resourcesOf(operation, input, sampleTenant), expected);
    });
  }

  it('are spelled as stored, so that capitals do not pass a deny', () => {
    const input = { InstanceId: sampleInstanceId, ContactId: id.toUpperCase() };
    assert.deepEqual(resourcesOf('StopContact', input, sampleTenant), [[`${instance}/contact/${id}`]]);
    const shouted = `${root}:instance/${id.toUpperCase()}`;
    assert.deepEqual(resourcesOf('DescribeInstance', { InstanceId: shouted }, sampleTenant), [
      [`${root}:instance/${id}`],
    ]);
    for (const operation of ['TagResource', 'UntagResource', 'ListTagsForResource']) {
      const resourceArn = `${shouted}/queue/${id.toUpperCase()}`;
      assert.deepEqual(resourcesOf(operation, { resourceArn }, sampleTenant), [
        [`${root}:instance/${id}/queue/${id}`],
      ]);
    }
  });

  it('lie within the instance for every operation that names one, and are never a bare *', () => {
    for (const [operation, { input }] of Object.entries(operations)) {
      const members = Object.keys(input.properties);
      if (!members.includes('InstanceId')) continue;
      const values = Object.fromEntries(
        members.filter((member) => /Id$/.test(member)).map((member) => [member, id]),
      );
      const resources = resourcesOf(operation, { ...values, InstanceId: sampleInstanceId }, sampleTenant);
      assert.ok(resources.length > 0, operation);
      for (const [name] of resources) {
        assert.ok(
          name.startsWith(instance) || name.startsWith(`${root}:phone-number/`),
          `${operation}: ${name}`,
        );
      }
    }
  });

  it('of the Service Quotas API are the quota that is to change, and nothing in particular for reading', () => {
    const input = { ServiceCode: 'connect', QuotaCode: 'L-12AB7C57' };
    assert.deepEqual(quotaResourcesOf('RequestServiceQuotaIncrease', input, sampleTenant), [
      ['arn:aws:servicequotas:us-east-1:000000000000:connect/L-12AB7C57'],
    ]);
    assert.deepEqual(quotaResourcesOf('GetServiceQuota', input, sampleTenant), [['*']]);
  });
});
