// What an agent's page shows, as the service tells it over the agent socket: one whole snapshot after every change.
// The page draws this and keeps no state of a call of its own, so a page that reconnects is right at once.

/** Milliseconds since the epoch, by the service's clock. */
type EpochMs = number;

/** Kind of an agent status (`AgentStatusType` of the API). */
export type DeskStatusType = 'ROUTABLE' | 'CUSTOM' | 'OFFLINE';

export interface DeskStatus {
  readonly id: string;
  readonly name: string;
  readonly type: DeskStatusType;
}

/** What the agent may do beyond answering contacts; from their security profiles. */
export type DeskPermission = 'OutboundCall' | 'TransferToExternal' | 'RecordingControl' | 'Monitor' | 'Barge';

export interface DeskAgent {
  readonly id: string;
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly routingProfile: { readonly id: string; readonly name: string };
  readonly permissions: readonly DeskPermission[];
  /** Where calls that the agent dials belong; without it they cannot dial. */
  readonly defaultOutboundQueue?: { readonly id: string; readonly name: string };
}

/**
 * A contact in the agent's hand, in the words of the API's `ContactState`, and two of the preview:
 *
 * - `CONNECTING`: offered; the agent accepts or rejects until `acceptUntil`.
 * - `PREVIEW`: accepted, the customer is not dialled yet.
 * - `DIALLING`: the customer's phone is being called; the agent hears ringing and announcements.
 * - `JOINING`: accepted; whispers are playing.
 * - `CONNECTED`, `CONNECTED_ONHOLD`: in conversation.
 * - `ENDED`: after-contact work, until cleared or `workUntil`.
 * - `MISSED`, `REJECTED`: the offer is over; cleared by the agent or by a change of status.
 * - `ERROR`: it failed before a conversation; `failure` says how. Then after-contact work, as `ENDED`.
 */
export type DeskContactState =
  | 'CONNECTING'
  | 'PREVIEW'
  | 'DIALLING'
  | 'JOINING'
  | 'CONNECTED'
  | 'CONNECTED_ONHOLD'
  | 'ENDED'
  | 'MISSED'
  | 'REJECTED'
  | 'ERROR';

export interface DeskReference {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

/** Somebody on the contact besides the agent. */
export interface DeskParty {
  readonly id: string;
  readonly kind: 'customer' | 'agent' | 'external' | 'supervisor';
  /** A number, or the name of an agent or queue. */
  readonly label: string;
  readonly state: 'connecting' | 'connected' | 'hold';
}

export interface DeskContact {
  readonly contactId: string;
  readonly initialContactId: string;
  readonly state: DeskContactState;
  readonly stateSince: EpochMs;
  readonly initiationMethod: string;
  readonly customer?: { readonly address: string; readonly displayName?: string };
  readonly queue?: { readonly id: string; readonly name: string };
  readonly enqueuedAt?: EpochMs;
  /** Why it came to this agent, in words. */
  readonly reason?: string;
  readonly name?: string;
  readonly description?: string;
  readonly references: readonly DeskReference[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly acceptUntil?: EpochMs;
  readonly preview?: {
    /** When the countdown ends; absent where there is none. */
    readonly until?: EpochMs;
    readonly actions: readonly ('CALL' | 'DISCARD')[];
    /** What is done at its end. */
    readonly atEnd: 'CALL' | 'DISCARD';
  };
  /** The agent supervises the conversation of another: only listens, or takes part; and what is allowed. */
  readonly monitor?: {
    readonly mode: 'SILENT_MONITOR' | 'BARGE';
    readonly allowed: readonly ('SILENT_MONITOR' | 'BARGE')[];
    /** Whose conversation it is: the contact that MonitorContact named. */
    readonly contactId?: string;
  };
  readonly parties: readonly DeskParty[];
  readonly isMuted: boolean;
  /** Absent where nothing is recorded. */
  readonly recording?: 'on' | 'suspended';
  /** End of after-contact work; absent where it has no limit. */
  readonly workUntil?: EpochMs;
  /** How the dialling or the conversation failed: Connect's reason and a sentence for the agent. */
  readonly failure?: { readonly reason: string; readonly text: string };
}

export interface DeskQuickConnect {
  readonly id: string;
  readonly name: string;
  readonly type: 'USER' | 'QUEUE' | 'PHONE_NUMBER';
  readonly phoneNumber?: string;
}

/** The whole of an agent's page. */
export interface DeskState {
  /** Grows with every snapshot of one connection. */
  readonly version: number;
  /** The service's time when the snapshot was made; the page counts from it. */
  readonly now: EpochMs;
  readonly agent: DeskAgent;
  readonly status: DeskStatus & { readonly since: EpochMs };
  /** Chosen while busy; becomes the status when the contact in hand is over. */
  readonly nextStatus?: DeskStatus;
  readonly statuses: readonly DeskStatus[];
  readonly quickConnects: readonly DeskQuickConnect[];
  readonly softphone: 'disconnected' | 'connecting' | 'connected';
  /** The echo test is playing the agent's voice back. */
  readonly isEchoing: boolean;
  readonly contact?: DeskContact;
}
