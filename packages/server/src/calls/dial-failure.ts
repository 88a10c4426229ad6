/** Every way a dialling can fail, as one verdict: what to record, whose fault, what may follow. Read by dial.ts and the contact's story. */
import type { NetworkTone } from '@ringback/media';
import {
  InviteCancelled,
  InviteRejected,
  InviteTimedOut,
  InviteTransportError,
  parseReason,
} from '@ringback/sip';
import { toStorable } from '../storable-text.ts';
import { meaningOfTone, type ToneMeaning } from './early-tones.ts';
import { meaningOfCause, q850CauseOf, type ReleaseMeaning } from './release-causes.ts';

/** `DisconnectReason` values that a failed dialling can give (Administrator Guide, data model for contact records). */
export type DialDisconnectReason =
  | 'TELECOM_BUSY'
  | 'TELECOM_NUMBER_INVALID'
  | 'TELECOM_POTENTIAL_BLOCKING'
  | 'TELECOM_UNANSWERED'
  | 'TELECOM_TIMEOUT'
  | 'TELECOM_ORIGINATOR_CANCEL'
  | 'TELECOM_PROBLEM';

/** `AnsweringMachineDetectionStatus` values that a dialling without an answer can give. */
export type UnansweredAmdStatus =
  | 'SIT_TONE_BUSY'
  | 'SIT_TONE_INVALID_NUMBER'
  | 'SIT_TONE_DETECTED'
  | 'AMD_UNANSWERED'
  | 'AMD_NOT_APPLICABLE';

export interface DialVerdict {
  readonly disconnectReason: DialDisconnectReason;
  readonly amdStatus: UnansweredAmdStatus;
  readonly fault: 'ours' | 'customer' | 'carrier' | 'unknown';
  /** Whether the same contact may try another target: only where nobody can have been rung. */
  readonly nextAttempt: 'allowed' | 'never';
  /** Whether a campaign may call the number again later. */
  readonly campaignRetry: 'allowed' | 'never';
}

type Verdict = (
  disconnectReason: DialDisconnectReason,
  amdStatus: UnansweredAmdStatus,
  fault: DialVerdict['fault'],
  rest?: Partial<Pick<DialVerdict, 'nextAttempt' | 'campaignRetry'>>,
) => DialVerdict;

const verdict: Verdict = (disconnectReason, amdStatus, fault, rest) => ({
  disconnectReason,
  amdStatus,
  fault,
  nextAttempt: rest?.nextAttempt ?? 'never',
  campaignRetry: rest?.campaignRetry ?? 'allowed',
});

const busy = verdict('TELECOM_BUSY', 'SIT_TONE_BUSY', 'customer');
const invalid = verdict('TELECOM_NUMBER_INVALID', 'SIT_TONE_INVALID_NUMBER', 'customer', {
  campaignRetry: 'never',
});
const declined = verdict('TELECOM_UNANSWERED', 'AMD_NOT_APPLICABLE', 'customer');
const unreachable = verdict('TELECOM_UNANSWERED', 'AMD_UNANSWERED', 'customer');
const blocked = verdict('TELECOM_POTENTIAL_BLOCKING', 'AMD_NOT_APPLICABLE', 'carrier');
const problem = verdict('TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE', 'carrier');
const elsewhere = verdict('TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE', 'carrier', { nextAttempt: 'allowed' });
const congested = verdict('TELECOM_PROBLEM', 'SIT_TONE_DETECTED', 'carrier');
const ours = verdict('TELECOM_PROBLEM', 'AMD_NOT_APPLICABLE', 'ours');

/** Final responses whose meaning differs from their class's (RFC 3261 §21, RFC 8197, RFC 8688). */
export const verdictByStatus: ReadonlyMap<number, DialVerdict> = new Map([
  [400, ours],
  [401, ours],
  [403, problem],
  [404, invalid],
  [405, ours],
  [407, ours],
  [408, unreachable],
  [410, invalid],
  [415, ours],
  [420, ours],
  [480, unreachable],
  [484, invalid],
  [486, busy],
  [487, unreachable],
  [488, ours],
  [503, elsewhere],
  [600, busy],
  [603, declined],
  [604, invalid],
  [606, ours],
  [607, blocked],
  [608, blocked],
]);

const verdictByClass: Readonly<Record<number, DialVerdict>> = {
  3: elsewhere,
  4: problem,
  5: problem,
  6: declined,
};

/** What ended a dialling before the answer. */
export type DialFailureCause =
  | {
      readonly kind: 'rejected';
      readonly status: number;
      readonly reason: string;
      readonly reasonHeader?: string;
    }
  | { readonly kind: 'no response' }
  /** `mayHaveLeft`: the connection broke when the INVITE was on it already, so that a phone may be ringing. */
  | { readonly kind: 'transport'; readonly message: string; readonly mayHaveLeft?: true }
  | { readonly kind: 'ring timeout'; readonly ringTimeoutMs: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'no trunk' }
  /** All trunks were full, or asked to be left alone, for longer than the call may wait. */
  | { readonly kind: 'no room' }
  | { readonly kind: 'media'; readonly message: string };

/**
 * A dialling that no one answered. `sawRinging` tells whether an 18x had come, after which no other
 * target may be tried: a person may have heard it ring. `heard` is what the network played in early media.
 */
export class DialFailure extends Error {
  override readonly name = 'DialFailure';
  readonly failure: DialFailureCause;
  readonly sawRinging: boolean;
  readonly heard: NetworkTone | undefined;
  /** When we gave up, where we did: earlier than this is known, if the carrier answers no CANCEL. */
  readonly gaveUpAtMs: number | undefined;
  readonly verdict: DialVerdict;

  constructor(failure: DialFailureCause, sawRinging: boolean, heard?: NetworkTone, gaveUpAtMs?: number) {
    super(describe(failure));
    this.failure = failure;
    this.sawRinging = sawRinging;
    this.heard = heard;
    this.gaveUpAtMs = gaveUpAtMs;
    this.verdict = judge(failure, sawRinging, heard);
  }
}

/** The one table from outcome to verdict. `heard` counts where the outcome itself says too little. */
export function judge(failure: DialFailureCause, sawRinging: boolean, heard?: NetworkTone): DialVerdict {
  const meaning = meaningOfTone(heard);
  const played = meaning && verdictByTone[meaning];
  switch (failure.kind) {
    case 'rejected': {
      const found = judgeRefusal(failure, played);
      return sawRinging ? { ...found, nextAttempt: 'never' } : found;
    }
    case 'transport':
      return played ?? (sawRinging || failure.mayHaveLeft ? problem : elsewhere);
    case 'no response':
      return played ?? problem;
    case 'ring timeout':
      return (
        played ?? verdict('TELECOM_TIMEOUT', sawRinging ? 'AMD_UNANSWERED' : 'AMD_NOT_APPLICABLE', 'customer')
      );
    case 'stopped':
      // That we gave up is why it ended; what the number is was still heard.
      return verdict(
        'TELECOM_ORIGINATOR_CANCEL',
        played?.amdStatus ?? (sawRinging ? 'AMD_UNANSWERED' : 'AMD_NOT_APPLICABLE'),
        'ours',
      );
    case 'no trunk':
    case 'no room':
    case 'media':
      return ours;
  }
}

const verdictByTone: Readonly<Record<ToneMeaning, DialVerdict>> = { busy, invalid, congested };

const verdictByMeaning: Readonly<Record<ReleaseMeaning, DialVerdict>> = {
  invalid,
  busy,
  unreachable,
  declined,
  carrier: problem,
  ours,
};

/** 603 of a network that blocks by analytics, and says so in its phrase (ATIS-1000099, "603+"). */
const blockedPhrase = /network blocked/i;

/**
 * The status decides where it has a meaning of its own. Where it only says that something went wrong (403, 480, 500, 503, …), the
 * Q.850 cause that the telephone network gave says what, and where it gave none, what it played. Neither ever opens another attempt
 * that the status does not.
 */
function judgeRefusal(
  { status, reason, reasonHeader }: Extract<DialFailureCause, { kind: 'rejected' }>,
  played: DialVerdict | undefined,
): DialVerdict {
  if (status === 603 && blockedPhrase.test(reason)) return blocked;
  const byStatus = verdictByStatus.get(status) ?? verdictByClass[Math.floor(status / 100)] ?? problem;
  const isVague = status >= 400 && (byStatus === problem || byStatus === elsewhere || status === 480);
  if (!isVague && byStatus !== unreachable) return byStatus;
  const cause = reasonHeader === undefined ? undefined : q850CauseOf(parseReason(reasonHeader));
  const meaning = meaningOfCause(cause);
  if (meaning === undefined) return played ?? byStatus;
  if (!isVague || (meaning === 'carrier' && byStatus === elsewhere)) return byStatus;
  return verdictByMeaning[meaning];
}

/** Turns what the SIP layer rejects with into a cause; anything else is a bug and passes through. */
export function causeOf(error: unknown): DialFailureCause | undefined {
  if (error instanceof InviteRejected) {
    const reasonHeader = error.response.headers.get('reason');
    return {
      kind: 'rejected',
      status: error.status,
      reason: error.reason,
      ...(reasonHeader === undefined ? {} : { reasonHeader: toStorable(reasonHeader) }),
    };
  }
  if (error instanceof InviteTimedOut) return { kind: 'no response' };
  if (error instanceof InviteTransportError) {
    const mayHaveLeft = error.transport?.phase === 'connected';
    const { message } = error.cause instanceof Error ? error.cause : error;
    return { kind: 'transport', message, ...(mayHaveLeft ? { mayHaveLeft } : {}) };
  }
  if (error instanceof InviteCancelled) return { kind: 'stopped' };
  return undefined;
}

function describe(failure: DialFailureCause): string {
  switch (failure.kind) {
    case 'rejected':
      return `The far end answered ${failure.status} ${failure.reason}.`;
    case 'no response':
      return 'No response came before timer B ran out (RFC 3261 §17.1.1.2).';
    case 'transport':
      return failure.mayHaveLeft
        ? `The INVITE left, and its connection was lost: ${failure.message}`
        : `The INVITE could not be sent: ${failure.message}`;
    case 'ring timeout':
      return `Nobody answered within ${failure.ringTimeoutMs} ms.`;
    case 'stopped':
      return 'The dialling was stopped before an answer.';
    case 'no trunk':
      return 'No trunk is configured for this destination.';
    case 'no room':
      return 'Every trunk was full, had asked to be left alone, or was not found in DNS, for as long as the call could wait.';
    case 'media':
      return `No media could be set up: ${failure.message}`;
  }
}
