/** DescribeContact, GetContactAttributes and StopContact. */
import { contactNotFoundException, epochMs, invalidRequestException } from '@ringback/connect-api';
import { contactArn, instanceResourceArn } from '../../arn.ts';
import {
  associationIdOf,
  type Contact,
  detailsOf,
  type NextContact,
  type RecordingOutcome,
} from '../../contacts/contact.ts';
import {
  outboundStrategyOf,
  qualityMetricsOf,
  routingCriteriaOf,
  segmentAttributesOf,
  systemEndpointOf,
  tagsOf,
} from '../../contacts/contact-wire.ts';
import { campaignsPrincipal } from '../../identity/caller.ts';
import { type ContactRouting, routingOf } from '../../routing/queue-entry.ts';
import { namedContact, requireContact } from '../named-contact.ts';
import { type OperationCode, requireInstance } from '../operation.ts';

export const describeContact: OperationCode<'DescribeContact'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const contact = await requireContact(input.ContactId, instance, deps);
  const entry =
    contact.state === 'ENDED'
      ? undefined
      : await deps.routing.entry({ instanceId: instance.id, contactId: contact.id });
  const routing = (entry && routingOf(entry)) ?? contact.outcome.routing;
  return { Contact: { ...wireContact(contact), ...(routing ? wireRouting(routing) : {}) } };
};

function wireRouting(routing: ContactRouting) {
  return {
    QueuePriority: routing.queuePriority,
    QueueTimeAdjustmentSeconds: Math.round(routing.adjustmentMs / 1000),
    RoutingCriteria: wireRoutingCriteria(routing),
  };
}

/** The API has no word for a step that ran when the contact left without an agent. */
export function wireRoutingCriteria(routing: ContactRouting) {
  const stepIs = routing.stepIs === 'INTERRUPTED' ? 'INACTIVE' : routing.stepIs;
  return routingCriteriaOf({ ...routing, stepIs }, epochMs);
}

export const getContactAttributes: OperationCode<'GetContactAttributes'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  return { Attributes: (await requireContact(input.InitialContactId, instance, deps)).attributes };
};

/** Answers when the contact has been told to end; its end follows with the events. */
export const stopContact: OperationCode<'StopContact'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  if (input.DisconnectReason && caller.principal !== campaignsPrincipal) {
    throw invalidRequestException('DisconnectReason may be given by the outbound campaigns service only.');
  }
  const contact = await namedContact(input.ContactId, instance, deps);
  if (!contact || contact.disconnectedAtMs !== undefined) {
    throw noActiveContact();
  }
  const method = contact.request.initiationMethod;
  if (method === 'TRANSFER' || method === 'MONITOR') {
    throw invalidRequestException(`A contact with the initiation method ${method} cannot be stopped.`);
  }
  if (
    (await deps.orders.give('StopContact', contact, { reason: input.DisconnectReason?.Code })) ===
    'not active'
  )
    throw noActiveContact();
  return {};
};

const noActiveContact = () => contactNotFoundException('There is no active contact with this ContactId.');

function wireContact(contact: Contact) {
  const { tenant, instanceId, id, request, outcome } = contact;
  const details = detailsOf(contact);
  const at = (ms: number | undefined) => (ms === undefined ? undefined : epochMs(ms));
  return {
    Arn: contactArn(tenant, instanceId, id),
    Id: id,
    InitiationMethod: request.initiationMethod ?? ('API' as const),
    InitialContactId: request.initialContactId,
    PreviousContactId: request.previousContactId,
    NextContacts: wireNextContacts(outcome.nextContacts),
    Name: details.name,
    Description: details.description,
    Channel: 'VOICE' as const,
    QueueInfo: wireQueue(contact),
    AgentInfo: wireAgent(contact),
    InitiationTimestamp: at(contact.initiatedAtMs),
    // Documented for campaign calls only.
    RingStartTimestamp: request.trafficType === 'CAMPAIGN' ? at(outcome.ringStartedAtMs) : undefined,
    ConnectedToSystemTimestamp: at(contact.connectedAtMs),
    DisconnectTimestamp: at(contact.disconnectedAtMs),
    LastUpdateTimestamp: at(contact.updatedAtMs),
    DisconnectReason: contact.disconnectReason,
    RelatedContactId: request.relatedContactId,
    ContactAssociationId: associationIdOf(contact),
    CustomerId: outcome.customerId,
    CustomerEndpoint: { Type: 'TELEPHONE_NUMBER' as const, Address: request.destination },
    SystemEndpoint: systemEndpointOf(contact),
    Campaign: request.campaignId ? { CampaignId: request.campaignId } : undefined,
    AnsweringMachineDetectionStatus: outcome.answeringMachineDetectionStatus,
    CustomerVoiceActivity: outcome.customerVoiceActivity && {
      GreetingStartTimestamp: at(outcome.customerVoiceActivity.greetingStartedAtMs),
      GreetingEndTimestamp: at(outcome.customerVoiceActivity.greetingEndedAtMs),
    },
    QualityMetrics: qualityMetricsOf(contact),
    OutboundStrategy: request.preview ? outboundStrategyOf(request.preview) : undefined,
    Recordings: outcome.recordings?.map(wireRecording),
    Tags: tagsOf(contact),
    SegmentAttributes: segmentAttributesOf(contact),
    Attributes: contact.attributes,
  };
}

export function wireQueue({ request, outcome: { queue } }: Contact) {
  const id = queue?.queueId ?? request.queueId;
  if (id === undefined) return undefined;
  return { Id: id, EnqueueTimestamp: queue && epochMs(queue.enqueuedAtMs) };
}

function wireAgent({ tenant, instanceId, outcome: { agent } }: Contact) {
  if (!agent) return undefined;
  const at = (ms: number | undefined) => (ms === undefined ? undefined : epochMs(ms));
  const work = agent.afterContactWork;
  return {
    Id: agent.agentId,
    HierarchyGroups:
      agent.hierarchyGroups &&
      Object.fromEntries(
        agent.hierarchyGroups.map(({ level, id }) => [
          `Level${level}`,
          { Arn: instanceResourceArn(tenant, instanceId, 'agent-group', id) },
        ]),
      ),
    AcceptedByAgentTimestamp: at(agent.acceptedAtMs),
    PreviewEndTimestamp: at(agent.previewEndedAtMs),
    ConnectedToAgentTimestamp: at(agent.connectedAtMs),
    AgentInitiatedHoldDuration: agent.holds && Math.round(agent.holds.totalMs / 1000),
    AfterContactWorkStartTimestamp: at(work?.startedAtMs),
    AfterContactWorkEndTimestamp: at(work?.endedAtMs),
    AfterContactWorkDuration: work && Math.round((work.endedAtMs - work.startedAtMs) / 1000),
  };
}

/** The newest, where there are more than the model takes. */
const mostNextContacts = 24;

function wireNextContacts(nextContacts: readonly NextContact[] | undefined) {
  return nextContacts?.slice(-mostNextContacts).map(({ contactId, initiatedAtMs, quickConnect }) => ({
    Type: 'QUICK_CONNECT' as const,
    NextContactMetadata: {
      QuickConnectContactData: {
        ContactId: contactId,
        InitiationTimestamp: epochMs(initiatedAtMs),
        QuickConnectId: quickConnect.id,
        QuickConnectName: quickConnect.name,
        QuickConnectType: quickConnect.type,
      },
    },
  }));
}

function wireRecording(recording: RecordingOutcome) {
  return {
    Location: recording.location,
    MediaStreamType: 'AUDIO' as const,
    ParticipantType: recording.participant ?? ('ALL' as const),
    StartTimestamp: epochMs(recording.startedAtMs),
    StopTimestamp: epochMs(recording.stoppedAtMs),
    Status: recording.status,
  };
}
