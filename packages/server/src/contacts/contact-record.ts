/** Contact → contact record (Administrator Guide, data model for contact records). Pure; written to the outbox when the contact ends. */
import { instanceArn, instanceResourceArn } from '../arn.ts';
import { associationIdOf, type Contact, detailsOf, type RecordingOutcome } from './contact.ts';
import {
  outboundStrategyOf,
  qualityMetricsOf,
  queueArnOf,
  routingCriteriaOf,
  segmentAttributesOf,
  systemEndpointOf,
  tagsOf,
} from './contact-wire.ts';

const formatVersion = '2017-03-10';

/** What stands for the caller ID of a callback (data model for contact records). */
const softphone = { Type: 'TELEPHONE_NUMBER', Address: 'Softphone' };

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
    ContactAssociationId: associationIdOf(contact),
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
    SystemEndpoint: request.initiationMethod === 'CALLBACK' ? softphone : (systemEndpointOf(contact) ?? null),
    TransferredToEndpoint: outcome.transferredTo
      ? { Type: 'TELEPHONE_NUMBER', Address: outcome.transferredTo.number }
      : null,
    Attributes: contact.attributes,
    SegmentAttributes: segmentAttributesOf(contact),
    Tags: tagsOf(contact),
    References: Object.entries(detailsOf(contact).references).map(([name, reference]) => ({
      Name: name,
      Type: reference.type,
      Value: reference.value,
    })),
    Campaign: request.campaignId ? { CampaignId: request.campaignId } : null,
    OutboundStrategy: request.preview ? outboundStrategyOf(request.preview) : null,
    AgentConnectionAttempts: outcome.agentConnectionAttempts ?? 0,
    Agent: agentOf(contact),
    Queue: queueOf(contact),
    // A list of the last ones in Connect; here of the latest.
    RoutingCriteria: outcome.routing?.criteria ? [routingCriteriaOf(outcome.routing, seconds)] : null,
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
    // Connect tells the customer's side of web calls only; ours is measured on the trunk (RTCP), so it is told of every call.
    QualityMetrics: qualityMetricsOf(contact) ?? null,
    CustomerId: outcome.customerId ?? null,
  };
}

/**
 * Also of a contact that never waited: Connect counts dialling by queue, and its OUTBOUND contacts have a queue with no time in it
 * (Administrator Guide, determine ACW time). Who did wait has an EnqueueTimestamp; by that the guide tells abandoned contacts.
 */
function queueOf(contact: Contact) {
  const { queue } = contact.outcome;
  const arn = queueArnOf(contact);
  if (arn === undefined) return null;
  const { enqueuedAtMs, dequeuedAtMs } = queue ?? {};
  return {
    ARN: arn,
    // Queues of agents have no name.
    Name: (queue ? queue.kind !== 'agent' && queue.name : contact.request.queueName) || null,
    EnqueueTimestamp: seconds(enqueuedAtMs),
    DequeueTimestamp: seconds(dequeuedAtMs),
    Duration:
      enqueuedAtMs === undefined || dequeuedAtMs === undefined ? null : duration(enqueuedAtMs, dequeuedAtMs),
  };
}

/** Absent where no agent was ever connected. */
function agentOf({ tenant, instanceId, request, disconnectedAtMs, outcome: { agent } }: Contact) {
  if (!agent) return null;
  const { connectedAtMs, holds, afterContactWork: work } = agent;
  // Of what an agent dials, the time before the answer counts, too (data model for contact records).
  const sinceMs = request.initiationMethod === 'OUTBOUND' ? agent.joinedAtMs : connectedAtMs;
  const untilMs = agent.leftAtMs ?? disconnectedAtMs;
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
      sinceMs === undefined || untilMs === undefined
        ? null
        : Math.max(0, duration(sinceMs, untilMs) - Math.round((holds?.totalMs ?? 0) / 1000)),
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
