// Contact events as consumers of EventBridge see them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContactId, QueueId } from '../ids.ts';
import { sampleContact, sampleRequest, sampleTimeMs } from '../test-support/sample-contact.ts';
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
    const queue = {
      kind: 'agent',
      queueId: 'a' as QueueId,
      name: 'ada',
      enqueuedAtMs: sampleTimeMs,
    } as const;
    assert.deepEqual(detailOf(sampleContact({ outcome: { queue } }), 'QUEUED').queueInfo, {
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
