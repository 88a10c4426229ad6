/** Contact → contact event, in the EventBridge shape (Administrator Guide, contact events). Pure; written to the outbox by open-contact.ts. */
import { contactArn, instanceArn, instanceResourceArn } from '../arn.ts';
import type { Contact } from './contact.ts';
import {
  outboundStrategyOf,
  queueArnOf,
  routingCriteriaOf,
  segmentAttributesOf,
  systemEndpointOf,
  tagsOf,
} from './contact-wire.ts';
import { campaignReasons } from './endings.ts';

export type ContactEventType =
  | 'INITIATED'
  | 'CONNECTED_TO_SYSTEM'
  | 'CONTACT_DATA_UPDATED'
  | 'QUEUED'
  | 'CONNECTED_TO_AGENT'
  | 'DISCONNECTED'
  | 'COMPLETED';

/** Properties that CONTACT_DATA_UPDATED can name. */
export type UpdatedProperty =
  | 'UserDefinedAttributes'
  | 'Tags'
  | 'AgentInfo.AcceptedByAgentTimestamp'
  | 'RoutingCriteria.Step.Status';

/**
 * Builds one event.
 *
 * @param occurredAtMs when the fact happened; the envelope's `time` (whole seconds).
 */
export function contactEvent(
  contact: Contact,
  eventType: ContactEventType,
  occurredAtMs: number,
  eventId: string,
  updatedProperties?: readonly UpdatedProperty[],
): object {
  const { tenant, instanceId, id, request, outcome } = contact;
  return {
    version: '0',
    id: eventId,
    'detail-type': 'Amazon Connect Contact Event',
    source: 'aws.connect',
    account: tenant.accountId,
    time: wholeSeconds(occurredAtMs),
    region: tenant.region,
    resources: [contactArn(tenant, instanceId, id), instanceArn(tenant, instanceId)],
    detail: {
      eventType,
      contactId: id,
      initialContactId: request.initialContactId ?? id,
      ...(request.previousContactId ? { previousContactId: request.previousContactId } : {}),
      ...(request.relatedContactId ? { relatedContactId: request.relatedContactId } : {}),
      channel: 'VOICE',
      instanceArn: instanceArn(tenant, instanceId),
      initiationMethod: request.initiationMethod ?? 'API',
      initiationTimestamp: milliseconds(contact.initiatedAtMs),
      ...timestamp('connectedToSystemTimestamp', contact.connectedAtMs),
      ...timestamp('disconnectTimestamp', contact.disconnectedAtMs),
      customerEndpoint: { type: 'TELEPHONE_NUMBER', address: request.destination },
      ...systemEndpointInEvents(contact),
      ...queueInfoOf(contact),
      ...agentInfoOf(contact),
      ...(outcome.answeringMachineDetectionStatus
        ? { answeringMachineDetectionStatus: outcome.answeringMachineDetectionStatus }
        : {}),
      ...(outcome.customerVoiceActivity
        ? {
            customerVoiceActivity: {
              ...timestamp('greetingStartTimestamp', outcome.customerVoiceActivity.greetingStartedAtMs),
              ...timestamp('greetingEndTimestamp', outcome.customerVoiceActivity.greetingEndedAtMs),
            },
          }
        : {}),
      ...(request.campaignId ? { campaign: { campaignId: request.campaignId } } : {}),
      ...(request.preview ? { outboundStrategy: lowerCamelKeys(outboundStrategyOf(request.preview)) } : {}),
      // The guide documents no other reasons for events.
      ...(contact.disconnectReason && campaignReasons.has(contact.disconnectReason)
        ? { disconnectReason: contact.disconnectReason }
        : {}),
      ...(updatedProperties ? { updatedProperties } : {}),
      ...(outcome.routing?.criteria
        ? { routingCriteria: lowerCamelKeys(routingCriteriaOf(outcome.routing, milliseconds)) }
        : {}),
      segmentAttributes: segmentAttributesInEvents(contact),
      tags: tagsOf(contact),
    },
  };
}

function systemEndpointInEvents(contact: Contact): object {
  const endpoint = systemEndpointOf(contact);
  return endpoint ? { systemEndpoint: { type: endpoint.Type, address: endpoint.Address } } : {};
}

/** Not sent for what an agent dials (Administrator Guide, contact events). */
function queueInfoOf(contact: Contact): object {
  const { queue } = contact.outcome;
  const queueArn = queueArnOf(contact);
  if (queueArn === undefined || contact.request.initiationMethod === 'OUTBOUND') return {};
  return {
    queueInfo: {
      queueArn,
      queueType: queue?.kind === 'agent' ? 'AGENT' : 'STANDARD',
      ...timestamp('enqueueTimestamp', queue?.enqueuedAtMs),
    },
  };
}

function agentInfoOf({ tenant, instanceId, outcome: { agent } }: Contact): object {
  if (!agent) return {};
  const work = agent.afterContactWork;
  return {
    agentInfo: {
      agentArn: instanceResourceArn(tenant, instanceId, 'agent', agent.agentId),
      ...(agent.hierarchyGroups
        ? {
            hierarchyGroups: Object.fromEntries(
              agent.hierarchyGroups.map((group) => [
                `level${group.level}`,
                { arn: instanceResourceArn(tenant, instanceId, 'agent-group', group.id) },
              ]),
            ),
          }
        : {}),
      ...timestamp('acceptedByAgentTimestamp', agent.acceptedAtMs),
      ...timestamp('previewEndTimestamp', agent.previewEndedAtMs),
      ...timestamp('connectedToAgentTimestamp', agent.connectedAtMs),
      ...(agent.holds ? { agentInitiatedHoldDuration: wholeDuration(agent.holds.totalMs) } : {}),
      ...timestamp('afterContactWorkStartTimestamp', work?.startedAtMs),
      ...timestamp('afterContactWorkEndTimestamp', work?.endedAtMs),
      ...(work ? { afterContactWorkDuration: wholeDuration(work.endedAtMs - work.startedAtMs) } : {}),
    },
  };
}

/** Durations are whole seconds. */
function wholeDuration(ms: number): number {
  return Math.round(ms / 1000);
}

function timestamp(key: string, atMs: number | undefined): object {
  return atMs === undefined ? {} : { [key]: milliseconds(atMs) };
}

/** Events use `yyyy-MM-ddTHH:mm:ss.SSSZ`. */
function milliseconds(atMs: number): string {
  return new Date(atMs).toISOString();
}

function wholeSeconds(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

function segmentAttributesInEvents(contact: Contact): object {
  const attributes: Record<string, { valueString: string }> = {};
  for (const [key, { ValueString }] of Object.entries(segmentAttributesOf(contact))) {
    attributes[key] = { valueString: ValueString };
  }
  return attributes;
}

/** Structures that the API spells in Pascal case stand in lower camel case in events. */
function lowerCamelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCamelKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      lowerCamelKeys(inner),
    ]),
  );
}
