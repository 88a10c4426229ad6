/** Every way a contact can end, in one table: what Connect calls it, and our own word where Connect has none (docs/ending.md). */
import { DialFailure } from '../calls/dial-failure.ts';
import { wordOfTone } from '../calls/early-tones.ts';
import type { AnsweringMachineDetectionStatus } from './contact.ts';

/** How a contact ended. `endCause` goes to `SegmentAttributes['ringback:EndCause']`. */
export interface Ending {
  readonly disconnectReason: string;
  readonly endCause?: string;
  readonly amdStatus?: AnsweringMachineDetectionStatus;
  /** Final SIP status and Reason header, where a carrier gave them. */
  readonly sip?: { readonly status?: number; readonly reason?: string };
  /** The tone that the network played before the answer that did not come. */
  readonly earlyTone?: string;
  /** One sentence for the log. */
  readonly detail?: string;
  /** When it ended, where that is earlier than it is known. */
  readonly atMs?: number;
}

/** Endings that no dialling decides. The reasons are those of the guide's contact record page. */
export const endings = {
  flowDisconnected: { disconnectReason: 'CONTACT_FLOW_DISCONNECT' },
  flowEnded: { disconnectReason: 'CONTACT_FLOW_DISCONNECT', endCause: 'FLOW_ENDED' },
  thirdPartyHungUp: { disconnectReason: 'THIRD_PARTY_DISCONNECT' },
  customerHungUp: { disconnectReason: 'CUSTOMER_DISCONNECT' },
  /** The agent has left, and the customer is another contact's (docs/lifecycle.md, transfers). */
  transferred: { disconnectReason: 'AGENT_DISCONNECT', endCause: 'TRANSFERRED' },
  transferCancelled: { disconnectReason: 'AGENT_DISCONNECT', endCause: 'TRANSFER_CANCELLED' },
  agentHungUp: { disconnectReason: 'AGENT_DISCONNECT' },
  queueRefused: { disconnectReason: 'OTHER', endCause: 'QUEUE_REFUSED' },
  /** A supervisor has nobody to listen to any more. */
  watchedContactEnded: { disconnectReason: 'OTHER', endCause: 'MONITORED_CONTACT_ENDED' },
  agentBusy: { disconnectReason: 'OTHER', endCause: 'AGENT_BUSY' },
  agentLost: { disconnectReason: 'AGENT_DISCONNECT', endCause: 'AGENT_CONNECTION_LOST' },
  /** The literal is documented without its second O (Administrator Guide, disconnect reasons of campaigns). */
  previewDiscarded: { disconnectReason: 'OUTBUND_PREVIEW_DISCARDED' },
  stoppedByApi: { disconnectReason: 'OTHER', endCause: 'STOPPED_BY_API' },
  dialDelayExceeded: { disconnectReason: 'OTHER', endCause: 'DIAL_DELAY_EXCEEDED' },
  diallingStopped: { disconnectReason: 'OTHER', endCause: 'DIALLING_STOPPED' },
  drained: { disconnectReason: 'OTHER', endCause: 'SERVICE_DRAINED' },
  serviceRestarted: { disconnectReason: 'OTHER', endCause: 'SERVICE_RESTARTED' },
  ownershipLost: { disconnectReason: 'OTHER', endCause: 'OWNERSHIP_LOST' },
  flowUnavailable: { disconnectReason: 'OTHER', endCause: 'FLOW_UNAVAILABLE' },
  stepLimitReached: { disconnectReason: 'OTHER', endCause: 'FLOW_STEP_LIMIT' },
  internalError: { disconnectReason: 'OTHER', endCause: 'INTERNAL_ERROR' },
  mediaLost: { disconnectReason: 'TELECOM_PROBLEM', endCause: 'MEDIA_LOST' },
  mediaFailed: { disconnectReason: 'TELECOM_PROBLEM', endCause: 'MEDIA_FAILED' },
  dialogFailed: { disconnectReason: 'TELECOM_PROBLEM', endCause: 'DIALOG_FAILED' },
  sessionExpired: { disconnectReason: 'TELECOM_PROBLEM', endCause: 'SESSION_EXPIRED' },
  networkReleased: { disconnectReason: 'TELECOM_PROBLEM', endCause: 'NETWORK_RELEASED' },
} as const satisfies Record<string, Ending>;

/** Reasons that only contacts of campaigns can have (Administrator Guide, disconnect reasons of outbound campaign voice contacts). */
export const campaignReasons: ReadonlySet<string> = new Set([
  'OUTBOUND_DESTINATION_ENDPOINT_ERROR',
  'OUTBOUND_RESOURCE_ERROR',
  'OUTBOUND_ATTEMPT_FAILED',
  endings.previewDiscarded.disconnectReason,
  'EXPIRED',
]);

/** StopContact. The outbound campaigns service may give a reason; a word that is none of its own says nothing. */
export function stoppedByApi(reason: string | undefined): Ending {
  return reason !== undefined && campaignReasons.has(reason)
    ? { ...endings.stoppedByApi, disconnectReason: reason }
    : endings.stoppedByApi;
}

/** Thrown, or given as the reason of an abort, to end a contact in a known way. */
export class ContactEnded extends Error {
  override readonly name = 'ContactEnded';
  readonly ending: Ending;
  constructor(ending: Ending) {
    super(`Contact ended: ${ending.endCause ?? ending.disconnectReason}`);
    this.ending = ending;
  }
}

/** What a thrown thing means for the contact. An unknown one is a bug of ours and says so. */
export function endingOf(error: unknown): Ending {
  if (error instanceof ContactEnded) return error.ending;
  if (error instanceof DialFailure) return endingOfDialFailure(error);
  return { ...endings.internalError, detail: error instanceof Error ? error.message : String(error) };
}

function endingOfDialFailure({ failure, verdict, message, heard, gaveUpAtMs }: DialFailure): Ending {
  const base = {
    disconnectReason: verdict.disconnectReason,
    amdStatus: verdict.amdStatus,
    detail: message,
    ...(heard ? { earlyTone: wordOfTone(heard) } : {}),
    ...(gaveUpAtMs === undefined ? {} : { atMs: gaveUpAtMs }),
  };
  switch (failure.kind) {
    case 'rejected': {
      const reason = failure.reasonHeader;
      return { ...base, sip: { status: failure.status, ...(reason === undefined ? {} : { reason }) } };
    }
    case 'media':
      return { ...base, endCause: 'MEDIA_UNAVAILABLE' };
    case 'no trunk':
      return { ...base, endCause: 'NO_TRUNK' };
    case 'no room':
      return { ...endings.dialDelayExceeded, amdStatus: verdict.amdStatus, detail: message };
    case 'stopped':
      return { ...base, endCause: endings.stoppedByApi.endCause };
    default:
      return base;
  }
}
