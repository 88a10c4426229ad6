// The contact record of an ended contact.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentId, ContactId, HierarchyGroupId, QueueId, RoutingProfileId } from '../ids.ts';
import {
  sampleAgent as ada,
  sampleAgentQueue,
  sampleContact,
  sampleRequest,
  sampleTimeMs,
} from '../test-support/sample-contact.ts';
import type { ContactRequest, InitiationMethod } from './contact.ts';
import { contactRecord } from './contact-record.ts';

const id = '33333333-3333-4333-8333-333333333333' as ContactId;
const instance = 'arn:aws:connect:us-east-1:000000000000:instance/11111111-1111-4111-8111-111111111111';

describe('contact record', () => {
  it('of a plain answered call has every member, null where there is nothing to tell', () => {
    const contact = sampleContact({
      id,
      state: 'ENDED',
      connectedAtMs: sampleTimeMs + 2000,
      disconnectedAtMs: sampleTimeMs + 9999,
      updatedAtMs: sampleTimeMs + 10_000,
      disconnectReason: 'CONTACT_FLOW_DISCONNECT',
      attributes: { choice: 'confirmed' },
    });
    assert.deepEqual(contactRecord(contact), {
      AWSAccountId: '000000000000',
      AWSContactTraceRecordFormatVersion: '2017-03-10',
      InstanceARN: instance,
      ContactId: id,
      InitialContactId: null,
      PreviousContactId: null,
      NextContactId: null,
      RelatedContactId: null,
      ContactAssociationId: id,
      Channel: 'VOICE',
      InitiationMethod: 'API',
      InitiationTimestamp: '2026-01-01T00:00:00Z',
      ConnectedToSystemTimestamp: '2026-01-01T00:00:02Z',
      DisconnectTimestamp: '2026-01-01T00:00:09Z',
      LastUpdateTimestamp: '2026-01-01T00:00:10Z',
      TransferCompletedTimestamp: null,
      DisconnectReason: 'CONTACT_FLOW_DISCONNECT',
      AnsweringMachineDetectionStatus: null,
      CustomerVoiceActivity: null,
      CustomerEndpoint: { Type: 'TELEPHONE_NUMBER', Address: '+12065550100' },
      SystemEndpoint: { Type: 'TELEPHONE_NUMBER', Address: '+12065550199' },
      TransferredToEndpoint: null,
      Attributes: { choice: 'confirmed' },
      SegmentAttributes: {
        'connect:Subtype': { ValueString: 'connect:Telephony' },
        'connect:Direction': { ValueString: 'OUTBOUND' },
      },
      Tags: {
        'aws:connect:instanceId': '11111111-1111-4111-8111-111111111111',
        'aws:connect:systemEndpoint': '+12065550199',
      },
      References: [],
      Campaign: null,
      OutboundStrategy: null,
      AgentConnectionAttempts: 0,
      Agent: null,
      Queue: null,
      RoutingCriteria: null,
      Recording: null,
      Recordings: null,
      MediaStreams: [{ Type: 'AUDIO' }],
      DisconnectDetails: null,
      QualityMetrics: null,
      CustomerId: null,
    });
  });

  it('names recordings, the first of them twice', () => {
    const recording = (location: string) => ({
      location,
      startedAtMs: sampleTimeMs,
      stoppedAtMs: sampleTimeMs + 5500,
      status: 'AVAILABLE' as const,
    });
    const record = recordOf(
      sampleContact({ outcome: { recordings: [recording('/a.wav'), recording('/b.wav')] } }),
    );
    assert.deepEqual(record.Recording, {
      Location: '/a.wav',
      Status: 'AVAILABLE',
      Type: 'AUDIO',
      DeletionReason: null,
    });
    assert.deepEqual(
      (record.Recordings as { Location: string; StopTimestamp: string }[]).map((one) => [
        one.Location,
        one.StopTimestamp,
      ]),
      [
        ['/a.wav', '2026-01-01T00:00:05Z'],
        ['/b.wav', '2026-01-01T00:00:05Z'],
      ],
    );
  });

  it('tells of queue, campaign, detection, strategy, references, related contact and end cause', () => {
    const record = recordOf(
      sampleContact({
        endCause: 'SERVICE_DRAINED',
        disconnectReason: 'OTHER',
        request: {
          ...sampleRequest,
          queueId: 'q' as QueueId,
          campaignId: 'campaign',
          relatedContactId: 'related' as ContactId,
          references: { order: { type: 'URL', value: 'https://example.com' } },
          preview: { postAcceptTimeoutSeconds: 0, allowedUserActions: ['CALL'] },
        },
        outcome: {
          answeringMachineDetectionStatus: 'AMD_UNANSWERED',
          customerId: 'customer',
          tags: { team: 'blue' },
        },
      }),
    );
    assert.deepEqual(record.Queue, {
      ARN: `${instance}/queue/q`,
      Name: null,
      EnqueueTimestamp: null,
      DequeueTimestamp: null,
      Duration: null,
    });
    assert.deepEqual(record.Campaign, { CampaignId: 'campaign' });
    assert.equal(record.RelatedContactId, 'related');
    assert.equal(record.AnsweringMachineDetectionStatus, 'AMD_UNANSWERED');
    assert.equal(record.CustomerId, 'customer');
    assert.deepEqual(record.References, [{ Name: 'order', Type: 'URL', Value: 'https://example.com' }]);
    assert.deepEqual(record.OutboundStrategy, {
      Type: 'AGENT_FIRST',
      Config: {
        AgentFirst: {
          Preview: { PostAcceptTimeoutConfig: { DurationInSeconds: 0 }, AllowedUserActions: ['CALL'] },
        },
      },
    });
    assert.deepEqual((record.SegmentAttributes as Record<string, unknown>)['ringback:EndCause'], {
      ValueString: 'SERVICE_DRAINED',
    });
    assert.equal((record.Tags as Record<string, string>).team, 'blue');
    assert.equal(record.ConnectedToSystemTimestamp, null);
  });

  it('tells who called although nobody answered, and of the work after it', () => {
    const record = recordOf(
      sampleContact({
        disconnectedAtMs: sampleTimeMs + 21_000,
        request: {
          ...sampleRequest,
          initiationMethod: 'OUTBOUND',
          queueId: 'q' as QueueId,
          queueName: 'Sales',
        },
        outcome: {
          agent: {
            ...ada,
            joinedAtMs: sampleTimeMs + 1000,
            afterContactWork: { startedAtMs: sampleTimeMs + 21_000, endedAtMs: sampleTimeMs + 24_000 },
          },
        },
      }),
    );
    const agent = record.Agent as Record<string, unknown>;
    assert.deepEqual(
      [agent.Username, agent.ConnectedToAgentTimestamp, agent.AgentInteractionDuration],
      ['ada', null, 20],
    );
    assert.equal(agent.AfterContactWorkDuration, 3);
    assert.deepEqual(record.Queue, {
      ARN: `${instance}/queue/q`,
      Name: 'Sales',
      EnqueueTimestamp: null,
      DequeueTimestamp: null,
      Duration: null,
    });
  });

  it('counts the time before the answer for what an agent dials, and only for that', () => {
    const interaction = (initiationMethod: InitiationMethod) => {
      const { Agent } = recordOf(
        sampleContact({
          disconnectedAtMs: sampleTimeMs + 60_000,
          request: { ...sampleRequest, initiationMethod },
          outcome: {
            agent: { ...ada, joinedAtMs: sampleTimeMs, connectedAtMs: sampleTimeMs + 10_000 },
          },
        }),
      );
      return (Agent as { AgentInteractionDuration: unknown }).AgentInteractionDuration;
    };
    assert.deepEqual([interaction('OUTBOUND'), interaction('CALLBACK')], [60, 50]);
  });

  it('tells the root of all contacts that it is related to or follows from', () => {
    const chain = { initialContactId: 'first' as ContactId, associationId: 'root' as ContactId };
    const rootOf = (request: Partial<ContactRequest>) =>
      recordOf(sampleContact({ id, request: { ...sampleRequest, ...request } })).ContactAssociationId;
    assert.deepEqual(
      [rootOf(chain), rootOf({ initialContactId: chain.initialContactId }), rootOf({})],
      ['root', 'first', id],
    );
  });

  it('spells the queue of an agent, and the caller of a callback, as Connect does', () => {
    const record = recordOf(
      sampleContact({
        request: { ...sampleRequest, initiationMethod: 'CALLBACK' },
        outcome: { queue: sampleAgentQueue },
      }),
    );
    assert.deepEqual(record.Queue, {
      ARN: `${instance}/queue/agent/a`,
      Name: null,
      EnqueueTimestamp: '2026-01-01T00:00:00Z',
      DequeueTimestamp: null,
      Duration: null,
    });
    assert.deepEqual(record.SystemEndpoint, { Type: 'TELEPHONE_NUMBER', Address: 'Softphone' });
  });

  it('tells what the carrier said: status, Reason header, and the Q.850 cause in it', () => {
    const attributesOf = (sip: { status?: number; reason?: string }) => {
      const { SegmentAttributes } = recordOf(sampleContact({ outcome: { sip } }));
      return Object.entries(SegmentAttributes as Record<string, { ValueString: string }>)
        .filter(([key]) => key.startsWith('ringback:'))
        .map(([key, { ValueString }]) => `${key} ${ValueString}`);
    };
    assert.deepEqual(attributesOf({ status: 480, reason: 'SIP;cause=480, Q.850;cause=18' }), [
      'ringback:SipStatus 480',
      'ringback:SipReason SIP;cause=480, Q.850;cause=18',
      'ringback:Q850Cause 18',
    ]);
    assert.deepEqual(attributesOf({ status: 486 }), ['ringback:SipStatus 486']);
    assert.deepEqual(attributesOf({ reason: 'x'.repeat(300) }), [`ringback:SipReason ${'x'.repeat(256)}`]);
  });

  it('tells what the network played before the answer that did not come', () => {
    const { SegmentAttributes } = recordOf(sampleContact({ outcome: { earlyTone: 'SIT_VACANT_CODE' } }));
    assert.deepEqual((SegmentAttributes as Record<string, unknown>)['ringback:EarlyTone'], {
      ValueString: 'SIT_VACANT_CODE',
    });
  });

  it('tells of the time in the queue, of the agent, of holds and of after-contact work', () => {
    const record = recordOf(
      sampleContact({
        request: {
          ...sampleRequest,
          initiationMethod: 'TRANSFER',
          initialContactId: 'first' as ContactId,
          previousContactId: 'before' as ContactId,
        },
        outcome: {
          agentConnectionAttempts: 2,
          nextContactId: 'next' as ContactId,
          queue: {
            queueId: 'q' as QueueId,
            name: 'Sales',
            enqueuedAtMs: sampleTimeMs + 1000,
            dequeuedAtMs: sampleTimeMs + 31_400,
          },
          routing: {
            queuePriority: 5,
            adjustmentMs: 0,
            criteria: {
              steps: [{ expression: { kind: 'agents', agentIds: ['a'] }, durationMs: 60_000 }],
              index: 0,
              activatedAtMs: sampleTimeMs + 1000,
            },
            step: 0,
            stepIs: 'JOINED',
          },
          agent: {
            ...ada,
            connectedAtMs: sampleTimeMs + 32_000,
            leftAtMs: sampleTimeMs + 132_000,
            holds: { count: 2, totalMs: 30_000, longestMs: 20_000 },
            afterContactWork: { startedAtMs: sampleTimeMs + 132_000, endedAtMs: sampleTimeMs + 150_000 },
          },
        },
      }),
    );
    assert.equal(record.InitiationMethod, 'TRANSFER');
    assert.equal(record.InitialContactId, 'first');
    assert.equal(record.ContactAssociationId, 'first');
    assert.equal(record.PreviousContactId, 'before');
    assert.equal(record.NextContactId, 'next');
    assert.equal(record.AgentConnectionAttempts, 2);
    assert.deepEqual(record.Queue, {
      ARN: `${instance}/queue/q`,
      Name: 'Sales',
      EnqueueTimestamp: '2026-01-01T00:00:01Z',
      DequeueTimestamp: '2026-01-01T00:00:31Z',
      Duration: 30,
    });
    const agents = { AgentsCriteria: { AgentIds: ['a'] } };
    assert.deepEqual(record.RoutingCriteria, [
      {
        Steps: [
          {
            Expiry: { DurationInSeconds: 60, ExpiryTimestamp: '2026-01-01T00:01:01Z' },
            Expression: { AttributeCondition: { ComparisonOperator: 'Match', MatchCriteria: agents } },
            Status: 'JOINED',
          },
        ],
        ActivationTimestamp: '2026-01-01T00:00:01Z',
        Index: 0,
      },
    ]);
    assert.deepEqual(record.Agent, {
      ARN: `${instance}/agent/a`,
      Username: 'ada',
      RoutingProfile: { ARN: `${instance}/routing-profile/r`, Name: 'Voice' },
      HierarchyGroups: null,
      ConnectedToAgentTimestamp: '2026-01-01T00:00:32Z',
      AgentInteractionDuration: 70,
      CustomerHoldDuration: 30,
      AgentInitiatedHoldDuration: 30,
      LongestHoldDuration: 20,
      NumberOfHolds: 2,
      AfterContactWorkStartTimestamp: '2026-01-01T00:02:12Z',
      AfterContactWorkEndTimestamp: '2026-01-01T00:02:30Z',
      AfterContactWorkDuration: 18,
      AcceptedByAgentTimestamp: null,
      PreviewEndTimestamp: null,
      StateTransitions: null,
    });
  });

  it('tells how the call sounded', () => {
    const rtp = { packetsSent: 1_000, packetsReceived: 900, packetsLost: 100, jitterMs: 60, roundTripMs: 20 };
    const contact = sampleContact({ id, state: 'ENDED', disconnectedAtMs: sampleTimeMs, outcome: { rtp } });
    // E-model (G.107): 10 % of random loss alone takes 27 points of the rating.
    assert.deepEqual(recordOf(contact).QualityMetrics, {
      Customer: {
        Audio: { QualityScore: 3.21, PotentialQualityIssues: ['HighPacketLoss', 'HighJitterBuffer'] },
      },
    });
  });

  it('tells where the agent stands, how the softphone was heard, and how a supervisor took part', () => {
    const rtp = { packetsSent: 1_000, packetsReceived: 1_000, packetsLost: 0, jitterMs: 1, roundTripMs: 20 };
    const hierarchyGroups = [
      { level: 1, id: 'north' as HierarchyGroupId, name: 'North' },
      { level: 2, id: 'harbour' as HierarchyGroupId, name: 'Harbour' },
    ];
    const agent = {
      agentId: 'ada' as AgentId,
      username: 'ada',
      routingProfile: { id: 'basic' as RoutingProfileId, name: 'Basic' },
      hierarchyGroups,
      rtp,
      stateTransitions: [
        { state: 'SILENT_MONITOR', startedAtMs: sampleTimeMs, endedAtMs: sampleTimeMs + 1000 },
        { state: 'BARGE', startedAtMs: sampleTimeMs + 1000 },
      ],
    } as const;
    const request = { ...sampleRequest, initiationMethod: 'MONITOR' } as const;
    const record = recordOf(sampleContact({ id, state: 'ENDED', request, outcome: { agent } }));
    assert.deepEqual(record.QualityMetrics, {
      Agent: { Audio: { QualityScore: 4.38, PotentialQualityIssues: [] } },
    });
    assert.equal(record.SystemEndpoint, null);
    const { HierarchyGroups, StateTransitions } = record.Agent as Record<string, unknown>;
    assert.deepEqual(HierarchyGroups, {
      Level1: { ARN: `${instance}/agent-group/north`, GroupName: 'North' },
      Level2: { ARN: `${instance}/agent-group/harbour`, GroupName: 'Harbour' },
    });
    assert.deepEqual(StateTransitions, [
      {
        state: 'SILENT_MONITOR',
        stateStartTimestamp: '2026-01-01T00:00:00Z',
        stateEndTimestamp: '2026-01-01T00:00:01Z',
      },
      { state: 'BARGE', stateStartTimestamp: '2026-01-01T00:00:01Z', stateEndTimestamp: null },
    ]);
  });

  it('names the moment in which an agent left the customer to a transfer', () => {
    const outcome = { nextContactId: id, transferCompletedAtMs: sampleTimeMs };
    const record = recordOf(sampleContact({ id, state: 'ENDED', outcome }));
    assert.equal(record.TransferCompletedTimestamp, '2026-01-01T00:00:00Z');
    assert.equal(record.NextContactId, id);
  });
});

const recordOf = (contact: Parameters<typeof contactRecord>[0]): Record<string, unknown> =>
  contactRecord(contact) as Record<string, unknown>;
