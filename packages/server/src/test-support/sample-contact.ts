/** Contacts for tests: plain ones, of which a test changes what it is about. */
import type { Tenant } from '../arn.ts';
import type { AgentOutcome, Contact, ContactRequest, QueueOutcome } from '../contacts/contact.ts';
import {
  type AccountId,
  type AgentId,
  type ContactFlowId,
  type ContactId,
  type InstanceId,
  newId,
  type PhoneNumber,
  type QueueId,
  type RoutingProfileId,
} from '../ids.ts';

export const sampleTenant: Tenant = { accountId: '000000000000' as AccountId, region: 'us-east-1' };

export const sampleInstanceId = '11111111-1111-4111-8111-111111111111' as InstanceId;
export const sampleFlowId = '22222222-2222-4222-8222-222222222222' as ContactFlowId;

/** 2026-01-01T00:00:00Z, where the virtual clock starts too. */
export const sampleTimeMs = Date.UTC(2026, 0, 1);

/** Waiting for the agent `ada`, whose id is `a`. */
export const sampleAgent: AgentOutcome = {
  agentId: 'a' as AgentId,
  username: 'ada',
  routingProfile: { id: 'r' as RoutingProfileId, name: 'Voice' },
};

export const sampleAgentQueue: QueueOutcome = {
  kind: 'agent',
  queueId: 'a' as QueueId,
  name: 'ada',
  enqueuedAtMs: sampleTimeMs,
};

export const sampleRequest: ContactRequest = {
  destination: '+12065550100' as PhoneNumber,
  source: '+12065550199' as PhoneNumber,
  contactFlowId: sampleFlowId,
  references: {},
  trafficType: 'GENERAL',
  ringTimeoutMs: 60_000,
};

/** An accepted contact whose INITIATED has been written. */
export function sampleContact(changes: Partial<Contact> = {}): Contact {
  const initiatedAtMs = changes.initiatedAtMs ?? sampleTimeMs;
  return {
    id: newId<ContactId>(),
    instanceId: sampleInstanceId,
    tenant: sampleTenant,
    state: 'ACCEPTED',
    epoch: 1,
    pool: 'active-calls',
    initiatedAtMs,
    connectedAtMs: undefined,
    disconnectedAtMs: undefined,
    updatedAtMs: initiatedAtMs,
    disconnectReason: undefined,
    endCause: undefined,
    outboxSequence: 1,
    attributes: {},
    request: sampleRequest,
    outcome: {},
    ...changes,
  };
}
