/** What a contact is: what was asked for, what came of it, and the states between. Plain data; the story is in outbound-contact.ts. */
import type { EventHookSetting } from '@ringback/flow';
import type { Tenant } from '../arn.ts';
import type {
  AgentId,
  ContactFlowId,
  ContactId,
  HierarchyGroupId,
  InstanceId,
  PhoneNumber,
  QueueId,
  QuickConnectId,
  RoutingProfileId,
} from '../ids.ts';
import type { ContactRouting } from '../routing/queue-entry.ts';

/** Which call slots a contact uses: Connect counts campaign calls apart (quotas page, §2). */
export type CallSlotPool = 'active-calls' | 'campaign-calls';

export interface Reference {
  readonly type: 'URL' | 'NUMBER' | 'STRING' | 'DATE' | 'EMAIL';
  readonly value: string;
}

export interface PreviewStrategy {
  readonly postAcceptTimeoutSeconds: number;
  readonly allowedUserActions: readonly ('CALL' | 'DISCARD')[];
}

/** What a supervisor may do (`MonitorCapability` of the API). */
export type MonitorCapability = 'SILENT_MONITOR' | 'BARGE';

/** A callback as its flow ordered it (CreateCallbackContact). */
export interface CallbackOrder {
  /** When it joins its queue, ms since the epoch. */
  readonly notBeforeMs: number;
  /** This attempt included; each is a contact of its own. */
  readonly attemptsLeft: number;
  readonly retryDelayMs: number;
  /** It waits for this agent instead of in the request's queue. */
  readonly agentId?: AgentId;
  /** Decides where it waits. */
  readonly contactFlowId?: ContactFlowId;
  /** Which flows run at moments to come, where the contact that ordered it had set any. */
  readonly hooks?: readonly EventHookSetting[];
}

/** What StartOutboundVoiceContact asked for, checked and resolved. Never changes afterwards. */
export interface ContactRequest {
  /** `API` where it is left out. */
  readonly initiationMethod?: InitiationMethod;
  /** First contact of the chain that transfers made; absent in the first. */
  readonly initialContactId?: ContactId;
  readonly previousContactId?: ContactId;
  /** Where the chain began with a related contact: the root of that one's tree. */
  readonly associationId?: ContactId;
  /** Who calls, where an agent does. */
  readonly agentId?: AgentId;
  readonly callback?: CallbackOrder;
  /** An agent transfers the customer of the previous contact: to this agent, or else to the request's queue. */
  readonly transfer?: { readonly toAgentId?: AgentId };
  /** A supervisor listens to the conversation of the previous contact (MonitorContact). */
  readonly monitor?: { readonly agentId: AgentId; readonly capabilities: readonly MonitorCapability[] };
  readonly destination: PhoneNumber;
  /** The caller ID shown to the customer. */
  readonly source: PhoneNumber;
  readonly callerIdName?: string;
  readonly contactFlowId: ContactFlowId;
  readonly queueId?: QueueId;
  /** Of that queue, as it was called then: a record names it also where nobody came to wait there. */
  readonly queueName?: string;
  readonly name?: string;
  readonly description?: string;
  readonly references: Readonly<Record<string, Reference>>;
  readonly relatedContactId?: ContactId;
  readonly campaignId?: string;
  readonly trafficType: 'GENERAL' | 'CAMPAIGN';
  readonly answerMachineDetection?: { readonly awaitPrompt: boolean };
  readonly preview?: PreviewStrategy;
  readonly ringTimeoutMs: number;
}

/** What contacts have in common that follow from each other or are related (`ContactAssociationId`): the first of them. */
export function associationIdOf({ id, request }: Pick<Contact, 'id' | 'request'>): ContactId {
  return request.associationId ?? request.initialContactId ?? id;
}

/** How the contact is named and described and what it refers to: as it was asked for, or as it was changed since. */
export function detailsOf({
  request,
  outcome,
}: Pick<Contact, 'request' | 'outcome'>): Pick<ContactRequest, 'name' | 'description' | 'references'> {
  const name = outcome.name ?? request.name;
  const description = outcome.description ?? request.description;
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    references: outcome.references ?? request.references,
  };
}

export type ContactAttributes = Readonly<Record<string, string>>;

/** `AnsweringMachineDetectionStatus` as Connect spells it (API page, §4). */
export type AnsweringMachineDetectionStatus =
  | 'HUMAN_ANSWERED'
  | 'VOICEMAIL_BEEP'
  | 'VOICEMAIL_NO_BEEP'
  | 'AMD_UNANSWERED'
  | 'AMD_UNRESOLVED'
  | 'AMD_NOT_APPLICABLE'
  | 'SIT_TONE_BUSY'
  | 'SIT_TONE_INVALID_NUMBER'
  | 'SIT_TONE_DETECTED'
  | 'FAX_MACHINE_DETECTED'
  | 'AMD_ERROR';

export interface RecordingOutcome {
  readonly location: string;
  readonly startedAtMs: number;
  readonly stoppedAtMs: number;
  /** Whose voice it holds; absent: everybody's. */
  readonly participant?: 'AGENT' | 'CUSTOMER';
  readonly status: 'AVAILABLE' | 'DELETED';
  /** Why the file is shorter than the call, where it is. */
  readonly failure?: string;
}

export interface RtpOutcome {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly jitterMs: number;
  /** By RTCP, where the far end speaks it. */
  readonly roundTripMs?: number;
}

/** The contact's time in a queue. */
export interface QueueOutcome {
  /** `agent`: the queue of the agent whose id `queueId` is. */
  readonly kind?: 'agent';
  readonly queueId: QueueId;
  readonly name: string;
  readonly enqueuedAtMs: number;
  /** The customer left, or an agent took the contact. */
  readonly dequeuedAtMs?: number;
}

/** The agent who has, or had, the contact (Administrator Guide, data model for contact records, Agent). */
export interface AgentOutcome {
  readonly agentId: AgentId;
  readonly username: string;
  readonly routingProfile: { readonly id: RoutingProfileId; readonly name: string };
  /** From the top; absent where the agent stands in no hierarchy. */
  readonly hierarchyGroups?: readonly {
    readonly level: number;
    readonly id: HierarchyGroupId;
    readonly name: string;
  }[];
  /** How the softphone was heard. */
  readonly rtp?: RtpOutcome;
  /** Preview: the agent accepted, and ended the preview by dialling or discarding. */
  readonly acceptedAtMs?: number;
  readonly previewEndedAtMs?: number;
  /** Where the agent is there before the customer: from when on. */
  readonly joinedAtMs?: number;
  readonly connectedAtMs?: number;
  /** When the agent's part in the conversation was over. */
  readonly leftAtMs?: number;
  readonly holds?: { readonly count: number; readonly totalMs: number; readonly longestMs: number };
  readonly afterContactWork?: { readonly startedAtMs: number; readonly endedAtMs: number };
  /** How a supervisor took part, in order; the last one has no end while it lasts. */
  readonly stateTransitions?: readonly {
    readonly state: MonitorCapability;
    readonly startedAtMs: number;
    readonly endedAtMs?: number;
  }[];
}

/** A contact that a transfer by quick connect made (API reference, QuickConnectContactData). */
export interface NextContact {
  readonly contactId: ContactId;
  readonly initiatedAtMs: number;
  readonly quickConnect: {
    readonly id: QuickConnectId;
    readonly name: string;
    readonly type: 'USER' | 'QUEUE';
  };
}

/** What came of the contact. Grows while it lives. */
export interface ContactOutcome {
  readonly ringStartedAtMs?: number;
  readonly queue?: QueueOutcome;
  readonly routing?: ContactRouting;
  readonly agent?: AgentOutcome;
  /** How often the contact was offered to an agent. */
  readonly agentConnectionAttempts?: number;
  /** The latest of `nextContacts`. */
  readonly nextContactId?: ContactId;
  /** Those that transfers by quick connect made, in order. */
  readonly nextContacts?: readonly NextContact[];
  readonly answeringMachineDetectionStatus?: AnsweringMachineDetectionStatus;
  /** When the customer's greeting began and ended, where detection heard one. */
  readonly customerVoiceActivity?: {
    readonly greetingStartedAtMs: number;
    readonly greetingEndedAtMs?: number;
  };
  readonly recordings?: readonly RecordingOutcome[];
  /** Why a recording is missing or ends early: a full disk, for example. */
  readonly recordingFailure?: string;
  readonly rtp?: RtpOutcome;
  /** Whom the flow transferred the customer to last (TransferParticipantToThirdParty). */
  readonly transferredTo?: { readonly number: string; readonly atMs: number };
  /** When an agent left the customer to a transfer before anybody had joined (Administrator Guide: cold transfers only). */
  readonly transferCompletedAtMs?: number;
  readonly callId?: string;
  /** Trunk and address of the last attempt. */
  readonly dialledAt?: string;
  /** Final SIP status of the last attempt, and the carrier's Reason header (RFC 3326). */
  readonly sip?: { readonly status?: number; readonly reason?: string };
  /** What the network played before the answer that did not come: SIT_VACANT_CODE, BUSY … (calls/early-tones.ts). */
  readonly earlyTone?: string;
  /** What the flow changed (UpdateContactData), or the API (UpdateContact). */
  readonly languageCode?: string;
  readonly name?: string;
  readonly description?: string;
  /** All of them. */
  readonly references?: Readonly<Record<string, Reference>>;
  readonly customerId?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * `ACCEPTED` → `DIALLING` → `CONNECTED` → `ENDED`; each may end at once (docs/lifecycle.md).
 * `DIALLING` is entered with the committed dial attempt, before its INVITE leaves. `DISCONNECTED` stands between `CONNECTED` and
 * `ENDED` while an agent does after-contact work: the call is over, its slot is free.
 */
export type ContactState = 'ACCEPTED' | 'DIALLING' | 'CONNECTED' | 'DISCONNECTED' | 'ENDED';

/** How a contact came to be (API page, `InitiationMethod`). */
export type InitiationMethod = 'API' | 'OUTBOUND' | 'CALLBACK' | 'TRANSFER' | 'QUEUE_TRANSFER' | 'MONITOR';

/** A contact as stored. */
export interface Contact {
  readonly id: ContactId;
  readonly instanceId: InstanceId;
  readonly tenant: Tenant;
  readonly state: ContactState;
  /** Grows with every change of owner; a write with an older one has no effect. */
  readonly epoch: number;
  readonly pool: CallSlotPool;
  readonly initiatedAtMs: number;
  readonly connectedAtMs: number | undefined;
  readonly disconnectedAtMs: number | undefined;
  readonly updatedAtMs: number;
  readonly disconnectReason: string | undefined;
  readonly endCause: string | undefined;
  /** Number of facts written to the outbox so far. */
  readonly outboxSequence: number;
  readonly attributes: ContactAttributes;
  readonly request: ContactRequest;
  readonly outcome: ContactOutcome;
}
