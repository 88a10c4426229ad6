// Contact events as consumers of EventBridge see them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContactId, QueueId } from '../ids.ts';
import type { ContactRouting } from '../routing/queue-entry.ts';
import {
  sampleAgentQueue,
  sampleContact,
  sampleRequest,
  sampleTimeMs,
} from '../test-support/sample-contact.ts';
import type { Contact, InitiationMethod } from './contact.ts';
import { type ContactEventType, contactEvent, type UpdatedProperty } from './contact-events.ts';

const id = '33333333-3333-4333-8333-333333333333' as ContactId;
const instance = 'arn:aws:connect:us-east-1:000000000000:instance/11111111-1111-4111-8111-111111111111';

describe('contact event', () => {
  it('has the envelope of EventBridge and the sample’s shape', () => {
    const event = contactEvent(sampleContact({ id }), 'INITIATED', sampleTimeMs + 999, 'event-1');
    assert.deepEqual(event, {
      version: '0',
      id: 'event-1',
      'detail-type': 'Amazon Connect Contact Event',
      source: 'aws.connect',
      account: '000000000000',
      time: '2026-01-01T00:00:00Z',
      region: 'us-east-1',
      resources: [`${instance}/contact/${id}`, instance],
      detail: {
        eventType: 'INITIATED',
        contactId: id,
        initialContactId: id,
        channel: 'VOICE',
        instanceArn: instance,
        initiationMethod: 'API',
        initiationTimestamp: '2026-01-01T00:00:00.000Z',
        customerEndpoint: { type: 'TELEPHONE_NUMBER', address: '+12065550100' },
        systemEndpoint: { type: 'TELEPHONE_NUMBER', address: '+12065550199' },
        segmentAttributes: {
          'connect:Subtype': { valueString: 'connect:Telephony' },
          'connect:Direction': { valueString: 'OUTBOUND' },
        },
        tags: {
          'aws:connect:instanceId': '11111111-1111-4111-8111-111111111111',
          'aws:connect:systemEndpoint': '+12065550199',
        },
      },
    });
  });

  it('tells the criteria of a contact, each step with what is with it, as the sample of an expired step does', () => {
    const level = (value: string, level: number) =>
      ({ kind: 'level', attribute: 'Skill', value, is: 'atLeast', level }) as const;
    const routing: ContactRouting = {
      queuePriority: 5,
      adjustmentMs: 0,
      criteria: {
        steps: [
          { expression: { kind: 'agents', agentIds: ['ada'] }, durationMs: 50_000 },
          { expression: level('Spanish', 4), durationMs: 10_000 },
          { expression: level('Spanish', 1) },
        ],
        index: 1,
        activatedAtMs: sampleTimeMs + 275,
      },
      step: 1,
      stepIs: 'ACTIVE',
    };
    const spanish = { name: 'Skill', value: 'Spanish', comparisonOperator: 'NumberGreaterOrEqualTo' };
    const expired = detailOf(sampleContact({ outcome: { routing } }), 'CONTACT_DATA_UPDATED', [
      'RoutingCriteria.Step.Status',
    ]);
    assert.deepEqual(expired.updatedProperties, ['RoutingCriteria.Step.Status']);
    assert.deepEqual(expired.routingCriteria, {
      steps: [
        {
          expiry: { durationInSeconds: 50, expiryTimestamp: '2026-01-01T00:00:50.275Z' },
          expression: {
            attributeCondition: {
              comparisonOperator: 'Match',
              matchCriteria: { agentsCriteria: { agentIds: ['ada'] } },
            },
          },
          status: 'EXPIRED',
        },
        {
          expiry: { durationInSeconds: 10, expiryTimestamp: '2026-01-01T00:01:00.275Z' },
          expression: { attributeCondition: { ...spanish, proficiencyLevel: 4 } },
          status: 'ACTIVE',
        },
        { expression: { attributeCondition: { ...spanish, proficiencyLevel: 1 } }, status: 'INACTIVE' },
      ],
      activationTimestamp: '2026-01-01T00:00:00.275Z',
      index: 1,
    });
    const plain = detailOf(
      sampleContact({ outcome: { routing: { ...routing, criteria: undefined } } }),
      'QUEUED',
    );
    assert.ok(!('routingCriteria' in plain), 'a priority alone is no criteria');
  });

  it('gives timestamps to the millisecond, and only those that were reached', () => {
    const answered = sampleContact({ connectedAtMs: sampleTimeMs + 18_667 });
    assert.deepEqual(timestampsOf(answered), {
      initiationTimestamp: '2026-01-01T00:00:00.000Z',
      connectedToSystemTimestamp: '2026-01-01T00:00:18.667Z',
    });
    const neverAnswered = sampleContact({ disconnectedAtMs: sampleTimeMs + 1 });
    assert.deepEqual(timestampsOf(neverAnswered), {
      initiationTimestamp: '2026-01-01T00:00:00.000Z',
      disconnectTimestamp: '2026-01-01T00:00:00.001Z',
    });
  });

  it('tells of queue, campaign, detection, strategy, related contact and end cause where there are any', () => {
    const detail = detailOf(
      sampleContact({
        endCause: 'MEDIA_LOST',
        request: {
          ...sampleRequest,
          queueId: 'q' as QueueId,
          campaignId: 'campaign',
          relatedContactId: 'related' as ContactId,
          preview: { postAcceptTimeoutSeconds: 30, allowedUserActions: ['CALL', 'DISCARD'] },
        },
        outcome: { answeringMachineDetectionStatus: 'HUMAN_ANSWERED', tags: { team: 'blue' } },
      }),
      'DISCONNECTED',
    );
    assert.deepEqual(detail.queueInfo, { queueArn: `${instance}/queue/q`, queueType: 'STANDARD' });
    assert.deepEqual(detail.campaign, { campaignId: 'campaign' });
    assert.equal(detail.relatedContactId, 'related');
    assert.equal(detail.answeringMachineDetectionStatus, 'HUMAN_ANSWERED');
    assert.deepEqual(detail.outboundStrategy, {
      type: 'AGENT_FIRST',
      config: {
        agentFirst: {
          preview: {
            postAcceptTimeoutConfig: { durationInSeconds: 30 },
            allowedUserActions: ['CALL', 'DISCARD'],
          },
        },
      },
    });
    assert.deepEqual(detail.segmentAttributes, {
      'connect:Subtype': { valueString: 'connect:Telephony' },
      'connect:Direction': { valueString: 'OUTBOUND' },
      'ringback:EndCause': { valueString: 'MEDIA_LOST' },
    });
    assert.equal((detail.tags as Record<string, string>).team, 'blue');
  });

  it('tells the queue of an agent from others', () => {
    assert.deepEqual(detailOf(sampleContact({ outcome: { queue: sampleAgentQueue } }), 'QUEUED').queueInfo, {
      queueArn: `${instance}/queue/agent/a`,
      queueType: 'AGENT',
      enqueueTimestamp: '2026-01-01T00:00:00.000Z',
    });
  });

  it('leaves the system endpoint out where Connect does', () => {
    const endpointOf = (initiationMethod: InitiationMethod) =>
      detailOf(sampleContact({ request: { ...sampleRequest, initiationMethod } }), 'INITIATED')
        .systemEndpoint;
    for (const method of ['CALLBACK', 'MONITOR', 'QUEUE_TRANSFER'] as const)
      assert.equal(endpointOf(method), undefined, method);
    for (const method of ['API', 'OUTBOUND', 'TRANSFER'] as const)
      assert.deepEqual(endpointOf(method), { type: 'TELEPHONE_NUMBER', address: '+12065550199' }, method);
  });

  it('names a disconnect reason only where the guide documents it', () => {
    const reasonOf = (disconnectReason: string) =>
      detailOf(sampleContact({ disconnectReason }), 'DISCONNECTED').disconnectReason;
    assert.equal(reasonOf('OUTBOUND_RESOURCE_ERROR'), 'OUTBOUND_RESOURCE_ERROR');
    assert.equal(reasonOf('EXPIRED'), 'EXPIRED');
    assert.equal(reasonOf('CUSTOMER_DISCONNECT'), undefined);
  });

  it('names what was updated, and never the attributes themselves', () => {
    const contact = sampleContact({ attributes: { secret: 'value' } });
    const detail = detailOf(contact, 'CONTACT_DATA_UPDATED', ['UserDefinedAttributes']);
    assert.deepEqual(detail.updatedProperties, ['UserDefinedAttributes']);
    assert.doesNotMatch(JSON.stringify(detail), /secret|value"/);
  });
});

function detailOf(
  contact: Contact,
  type: ContactEventType,
  updated?: readonly UpdatedProperty[],
): Record<string, unknown> {
  return (contactEvent(contact, type, sampleTimeMs, 'event', updated) as { detail: Record<string, unknown> })
    .detail;
}

function timestampsOf(contact: Contact): object {
  const entries = Object.entries(detailOf(contact, 'DISCONNECTED'));
  return Object.fromEntries(entries.filter(([key]) => key.endsWith('Timestamp')));
}
