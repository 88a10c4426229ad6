/** Contact → contact record (Administrator Guide, data model for contact records). Pure; written to the outbox when the contact ends. */
import { audioQuality } from '@ringback/media';
import { instanceArn, instanceResourceArn } from '../arn.ts';
import type { Contact, RecordingOutcome, RtpOutcome } from './contact.ts';
import { outboundStrategyOf, segmentAttributesOf } from './contact-wire.ts';

const formatVersion = '2017-03-10';

/** The record of an ended contact. Delivered at least once; the newest `LastUpdateTimestamp` wins. */
export function contactRecord(contact: Contact): object {
  const { tenant, instanceId, id, request, outcome } = contact;
  const recordings = (outcome.recordings ?? []).map(recordingOf);
  return {
    AWSAccountId: tenant.accountId,
    AWSContactTraceRecordFormatVersion: formatVersion,
    InstanceARN: instanceArn(tenant, instanceId),
    ContactId: id,
    InitialContactId: request.initialContactId ?? null,
    PreviousContactId: request.previousContactId ?? null,
    NextContactId: outcome.nextContactId ?? null,
    RelatedContactId: request.relatedContactId ?? null,
    ContactAssociationId: request.initialContactId ?? id,
    Channel: 'VOICE',
    InitiationMethod: request.initiationMethod ?? 'API',
    InitiationTimestamp: seconds(contact.initiatedAtMs),
    ConnectedToSystemTimestamp: seconds(contact.connectedAtMs),
    DisconnectTimestamp: seconds(contact.disconnectedAtMs),
    LastUpdateTimestamp: seconds(contact.updatedAtMs),
    TransferCompletedTimestamp: seconds(outcome.transferCompletedAtMs ?? outcome.transferredTo?.atMs),
    DisconnectReason: contact.disconnectReason ?? null,
    AnsweringMachineDetectionStatus: outcome.answeringMachineDetectionStatus ?? null,
    CustomerVoiceActivity: outcome.customerVoiceActivity
      ? {
          GreetingStartTimestamp: seconds(outcome.customerVoiceActivity.greetingStartedAtMs),
          GreetingEndTimestamp: seconds(outcome.customerVoiceActivity.greetingEndedAtMs),
        }
      : null,
    CustomerEndpoint: { Type: 'TELEPHONE_NUMBER', Address: request.destination },
    SystemEndpoint:
      request.initiationMethod === 'MONITOR' ? null : { Type: 'TELEPHONE_NUMBER', Address: request.source },
    TransferredToEndpoint: outcome.transferredTo
      ? { Type: 'TELEPHONE_NUMBER', Address: outcome.transferredTo.number }
      : null,
    Attributes: contact.attributes,
    SegmentAttributes: segmentAttributesOf(contact),
    Tags: {
      'aws:connect:instanceId': instanceId,
      'aws:connect:systemEndpoint': request.source,
      ...outcome.tags,
    },
    References: Object.entries(request.references).map(([name, reference]) => ({
      Name: name,
      Type: reference.type,
      Value: reference.value,
    })),
    Campaign: request.campaignId ? { CampaignId: request.campaignId } : null,
    OutboundStrategy: request.preview ? outboundStrategyOf(request.preview) : null,
    AgentConnectionAttempts: outcome.agentConnectionAttempts ?? 0,
    Agent: agentOf(contact),
    Queue: queueOf(contact),
    Recording: recordings[0]
      ? {
          Location: recordings[0].Location,
          Status: recordings[0].Status,
          Type: 'AUDIO',
          DeletionReason: null,
        }
      : null,
    Recordings: recordings.length > 0 ? recordings : null,
    MediaStreams: [{ Type: 'AUDIO' }],
    DisconnectDetails: null,
    QualityMetrics: qualityOf(outcome.rtp, outcome.agent?.rtp),
    CustomerId: outcome.customerId ?? null,
  };
}

/** Connect tells the customer's side of web calls only; ours is measured on the trunk (RTCP), so it is told of every call. */
function qualityOf(customer: RtpOutcome | undefined, agent: RtpOutcome | undefined) {
  const sides = [
    ['Agent', agent],
    ['Customer', customer],
  ] as const;
  const told = sides.flatMap(([side, rtp]) => {
    const quality = rtp && audioQuality({ ...rtp, lost: rtp.packetsLost, roundTripMs: rtp.roundTripMs });
    if (!quality) return [];
    return [[side, { Audio: { QualityScore: quality.score, PotentialQualityIssues: quality.issues } }]];
  });
  return told.length > 0 ? Object.fromEntries(told) : null;
}

function queueOf({ tenant, instanceId, request, outcome: { queue } }: Contact) {
  const queueId = queue?.queueId ?? request.queueId;
  if (!queueId) return null;
  const { enqueuedAtMs, dequeuedAtMs } = queue ?? {};
  return {
    ARN: instanceResourceArn(tenant, instanceId, 'queue', queueId),
    Name: queue?.name ?? null,
    EnqueueTimestamp: seconds(enqueuedAtMs),
    DequeueTimestamp: seconds(dequeuedAtMs),
    Duration:
      enqueuedAtMs === undefined || dequeuedAtMs === undefined ? null : duration(enqueuedAtMs, dequeuedAtMs),
  };
}

/** Absent where no agent was ever connected. */
function agentOf({ tenant, instanceId, outcome: { agent } }: Contact) {
  if (!agent) return null;
  const { connectedAtMs, leftAtMs, holds, afterContactWork: work } = agent;
  return {
    ARN: instanceResourceArn(tenant, instanceId, 'agent', agent.agentId),
    Username: agent.username,
    RoutingProfile: {
      ARN: instanceResourceArn(tenant, instanceId, 'routing-profile', agent.routingProfile.id),
      Name: agent.routingProfile.name,
    },
    HierarchyGroups: agent.hierarchyGroups
      ? Object.fromEntries(
          agent.hierarchyGroups.map(({ level, id, name }) => [
            `Level${level}`,
            { ARN: instanceResourceArn(tenant, instanceId, 'agent-group', id), GroupName: name },
          ]),
        )
      : null,
    ConnectedToAgentTimestamp: seconds(connectedAtMs),
    AgentInteractionDuration:
      connectedAtMs === undefined || leftAtMs === undefined
        ? null
        : Math.max(0, duration(connectedAtMs, leftAtMs) - Math.round((holds?.totalMs ?? 0) / 1000)),
    CustomerHoldDuration: Math.round((holds?.totalMs ?? 0) / 1000),
    AgentInitiatedHoldDuration: Math.round((holds?.totalMs ?? 0) / 1000),
    LongestHoldDuration: Math.round((holds?.longestMs ?? 0) / 1000),
    NumberOfHolds: holds?.count ?? 0,
    AfterContactWorkStartTimestamp: seconds(work?.startedAtMs),
    AfterContactWorkEndTimestamp: seconds(work?.endedAtMs),
    AfterContactWorkDuration: work ? duration(work.startedAtMs, work.endedAtMs) : null,
    AcceptedByAgentTimestamp: seconds(agent.acceptedAtMs),
    PreviewEndTimestamp: seconds(agent.previewEndedAtMs),
    StateTransitions:
      agent.stateTransitions?.map(({ state, startedAtMs, endedAtMs }) => ({
        state,
        stateStartTimestamp: seconds(startedAtMs),
        stateEndTimestamp: seconds(endedAtMs),
      })) ?? null,
  };
}

/** Whole seconds. */
function duration(fromMs: number, toMs: number): number {
  return Math.round((toMs - fromMs) / 1000);
}

function recordingOf(recording: RecordingOutcome) {
  return {
    StorageType: 'FILE',
    Location: recording.location,
    MediaStreamType: 'AUDIO',
    ParticipantType: recording.participant ?? 'ALL',
    StartTimestamp: seconds(recording.startedAtMs),
    StopTimestamp: seconds(recording.stoppedAtMs),
    Status: recording.status,
    DeletionReason: null,
  };
}

/** Records use whole seconds, `yyyy-mm-ddThh:mm:ssZ`. */
function seconds(atMs: number | undefined): string | null {
  return atMs === undefined ? null : `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
