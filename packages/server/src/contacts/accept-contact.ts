/** Turns a checked request into a committed contact and starts its story. The edge and the campaigns come in here. */
import type { Tenant } from '../arn.ts';
import type { Clock } from '../clock.ts';
import { type ContactId, type InstanceId, type NodeId, newId } from '../ids.ts';
import { type CallCaps, callLimitsOf } from '../policy/toll-fraud.ts';
import type { AcceptOutcome, ContactToAccept } from '../store/accept-contacts.ts';
import type { ContactStore } from '../store/contact-store.ts';
import { BatchFailed } from '../store/micro-batch.ts';
import type { ActiveContacts } from './active-contacts.ts';
import type { Contact, ContactAttributes, ContactRequest } from './contact.ts';
import type { InitiatedEvents } from './initiated-events.ts';

/** How long a ClientToken stands for its contact (API page, member ClientToken). */
const clientTokenLifetimeMs = 7 * 24 * 60 * 60 * 1000;

export interface AcceptRequest {
  readonly tenant: Tenant;
  readonly instanceId: InstanceId;
  readonly request: ContactRequest;
  readonly attributes: ContactAttributes;
  readonly clientToken: string | undefined;
  /** Country of the destination, and the caps that the call must keep to. */
  readonly country: string;
  readonly caps: CallCaps;
}

export interface AcceptDeps {
  readonly store: ContactStore;
  readonly active: ActiveContacts;
  readonly node: NodeId;
  readonly clock: Clock;
  readonly newEventId: () => string;
  readonly initiatedEvents: InitiatedEvents;
  readonly factsWritten: () => void;
}

/** Commits contact, token, call slot and INITIATED together, then lets the story begin. */
export async function acceptContact(accept: AcceptRequest, deps: AcceptDeps): Promise<AcceptOutcome> {
  const nowMs = deps.clock.now();
  const contact: Contact = {
    // Contacts are searched by the time in their ids.
    id: newId<ContactId>(nowMs),
    instanceId: accept.instanceId,
    tenant: accept.tenant,
    state: 'ACCEPTED',
    epoch: 1,
    pool: accept.request.trafficType === 'CAMPAIGN' ? 'campaign-calls' : 'active-calls',
    initiatedAtMs: nowMs,
    connectedAtMs: undefined,
    disconnectedAtMs: undefined,
    updatedAtMs: nowMs,
    disconnectReason: undefined,
    endCause: undefined,
    outboxSequence: 1,
    attributes: accept.attributes,
    request: accept.request,
    outcome: {},
  };
  let outcome: AcceptOutcome;
  try {
    outcome = await deps.store.accept(toAccept(contact, accept, deps));
  } catch (error) {
    // The caller repeats its token and is answered with this contact, if it was stored: then it must live, too.
    if (error instanceof BatchFailed) deps.active.mayBeCommitted(contact);
    throw error;
  }
  if (outcome.kind === 'accepted') {
    deps.factsWritten();
    deps.active.start(contact);
  }
  return outcome;
}

function toAccept(contact: Contact, accept: AcceptRequest, deps: AcceptDeps): ContactToAccept {
  const { initiatedAtMs } = contact;
  // Needed twice.
  const requestText = JSON.stringify(contact.request);
  return {
    contact,
    requestText,
    owner: deps.node,
    clientToken:
      accept.clientToken === undefined
        ? undefined
        : { value: accept.clientToken, expiresAtMs: initiatedAtMs + clientTokenLifetimeMs },
    limits: callLimitsOf(
      accept.caps,
      { country: accept.country, number: accept.request.destination },
      contact.initiatedAtMs,
    ),
    facts: [
      {
        sequence: 1,
        stream: 'contact-events',
        payload: deps.initiatedEvents.textOf(contact, deps.newEventId(), requestText),
      },
    ],
  };
}
