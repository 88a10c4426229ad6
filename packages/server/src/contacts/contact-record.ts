/** Contact → contact record (Administrator Guide, data model for contact records). Pure; written to the outbox when the contact ends. */
import { instanceArn, instanceResourceArn } from '../arn.ts';
import type { Contact, RecordingOutcome } from './contact.ts';
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
    InitialContactId: null,
    PreviousContactId: null,
    NextContactId: null,
    RelatedContactId: request.relatedContactId ?? null,
    ContactAssociationId: id,
    Channel: 'VOICE',
    InitiationMethod: 'API',
    InitiationTimestamp: seconds(contact.initiatedAtMs),
    ConnectedToSystemTimestamp: seconds(contact.connectedAtMs),
    DisconnectTimestamp: seconds(contact.disconnectedAtMs),
    LastUpdateTimestamp: seconds(contact.updatedAtMs),
    TransferCompletedTimestamp: null,
    DisconnectReason: contact.disconnectReason ?? null,
    AnsweringMachineDetectionStatus: outcome.answeringMachineDetectionStatus ?? null,
    CustomerVoiceActivity: null,
    CustomerEndpoint: { Type: 'TELEPHONE_NUMBER', Address: request.destination },
    SystemEndpoint: { Type: 'TELEPHONE_NUMBER', Address: request.source },
    TransferredToEndpoint: null,
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
    AgentConnectionAttempts: 0,
    Agent: null,
    Queue: request.queueId
      ? { ARN: instanceResourceArn(tenant, instanceId, 'queue', request.queueId), EnqueueTimestamp: null }
      : null,
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
    QualityMetrics: null,
    CustomerId: outcome.customerId ?? null,
  };
}

function recordingOf(recording: RecordingOutcome) {
  return {
    StorageType: 'FILE',
    Location: recording.location,
    MediaStreamType: 'AUDIO',
    ParticipantType: 'ALL',
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
