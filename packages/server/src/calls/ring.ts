/** One attempt: the INVITE as its trunk wants it, ringing, and the cancel when time or patience is over. Used by dial.ts. */
import type { MediaSession } from '@ringback/media';
import {
  type CallerIdentity,
  InviteCancelled,
  type InviteDialog,
  type OutgoingInviteRequest,
  type UserAgent,
} from '@ringback/sip';
import type { Tenant } from '../arn.ts';
import type { Clock } from '../clock.ts';
import type { PhoneNumber } from '../ids.ts';
import { causeOf, type DialFailureCause } from './dial-failure.ts';
import { inDialogRequests } from './in-dialog-requests.ts';
import { type StirSigner, signIdentity } from './stir.ts';
import type { Trunk } from './trunk.ts';
import { writeCaller, writeDestination } from './trunk-numbers.ts';
import type { TrunkAttempt } from './trunk-route.ts';

export interface RingRequest {
  readonly destination: PhoneNumber;
  readonly source: PhoneNumber;
  /** Whose numbers count as ours, where calls are signed. */
  readonly account: Tenant;
  readonly callerIdName: string | undefined;
  /** Longest time from the INVITE to the answer, ms. */
  readonly ringTimeoutMs: number;
}

/** What vouches for our numbers towards trunks with a STIR certificate. */
export interface StirSigning {
  /** By name of the trunk. */
  readonly signers: ReadonlyMap<string, StirSigner>;
  /** Whether the account claimed the number. */
  isOwnNumber(number: PhoneNumber, account: Tenant): Promise<boolean>;
  /** A UUID of its own for each call. */
  newOriginId(): string;
}

export interface RingDeps {
  readonly userAgent: UserAgent;
  readonly clock: Clock;
  readonly stir?: StirSigning;
}

/** A final answer to a cancelled INVITE may tell more than that we gave up; longer than this nobody waits for it, ms. */
const lastWordMs = 4_000;

/** One INVITE: its place in the dialling, its media, and who is told what becomes of it. */
export interface RingCall {
  readonly attempt: TrunkAttempt;
  readonly callId: string;
  readonly media: MediaSession;
  ringing(): void;
  earlyMedia(sdp: string): void;
}

/** An attempt that brought no answer; dial.ts decides what follows. */
export class RingEnded extends Error {
  readonly failure: DialFailureCause;
  /** What the SIP layer rejected with; undefined where we cancelled. */
  readonly error: unknown;
  /** When we cancelled, where that ended it: the last word is waited for some more. */
  readonly gaveUpAtMs: number | undefined;
  constructor(failure: DialFailureCause, error: unknown, gaveUpAtMs?: number) {
    super(failure.kind);
    this.failure = failure;
    this.error = error;
    this.gaveUpAtMs = gaveUpAtMs;
  }
}

/** @throws {RingEnded} */
export async function ring(
  call: RingCall,
  request: RingRequest,
  deps: RingDeps,
  signal: AbortSignal,
): Promise<InviteDialog> {
  const { clock } = deps;
  const { attempt, callId, media } = call;
  const { trunk, target } = attempt;
  const invite = deps.userAgent.invite({
    target,
    callId,
    body: { contentType: 'application/sdp', content: media.createOffer() },
    ...addressesOf(attempt, request),
    ...wishesOf(trunk),
    ...signatureOf(trunk, request, deps),
    ...inDialogRequests(media, trunk),
    onProvisional: (response) => {
      if (!cancelled && response.status >= 180 && response.status < 190) call.ringing();
    },
    onEarlyMedia: ({ body }) => call.earlyMedia(body.content),
  });
  let cancelled: { readonly cause: DialFailureCause; readonly atMs: number } | undefined;
  let patience: unknown;
  const unanswered = Promise.withResolvers<never>();
  const cancel = (cause: DialFailureCause): void => {
    cancelled ??= { cause, atMs: clock.now() };
    invite.cancel();
    // The user agent goes on cancelling by itself, and hangs up on whoever answers after all.
    patience ??= clock.setTimeout(() => unanswered.reject(new InviteCancelled()), lastWordMs);
  };
  const stopped = (): void => cancel({ kind: 'stopped' });
  const timer = clock.setTimeout(
    () => cancel({ kind: 'ring timeout', ringTimeoutMs: request.ringTimeoutMs }),
    request.ringTimeoutMs,
  );
  signal.addEventListener('abort', stopped, { once: true });
  try {
    return await Promise.race([invite.answered, unanswered.promise]);
  } catch (error) {
    if (cancelled && error instanceof InviteCancelled) {
      throw new RingEnded(cancelled.cause, undefined, cancelled.atMs);
    }
    const failure = causeOf(error);
    if (!failure) throw error;
    throw new RingEnded(failure, error);
  } finally {
    clock.clearTimeout(timer);
    clock.clearTimeout(patience);
    signal.removeEventListener('abort', stopped);
  }
}

/** Whom it calls, and who is calling. */
function addressesOf(
  { trunk, requestUri }: TrunkAttempt,
  request: RingRequest,
): Pick<OutgoingInviteRequest, 'requestUri' | 'from' | 'to' | 'identity'> {
  const to = uriOf(writeDestination(request.destination, trunk.numbers), trunk);
  const caller = {
    uri: uriOf(writeCaller(request.source, trunk.numbers), trunk),
    ...(request.callerIdName ? { displayName: request.callerIdName } : {}),
  };
  const { callerIdentity, privacy } = trunk;
  const identity: CallerIdentity = {
    ...(callerIdentity === 'asserted' ? { asserted: [caller] } : {}),
    ...(callerIdentity === 'preferred' ? { preferred: [caller] } : {}),
    ...(privacy.length > 0 ? { privacy } : {}),
  };
  return {
    requestUri: requestUri ?? to,
    from: caller,
    to: { uri: to },
    ...(Object.keys(identity).length > 0 ? { identity } : {}),
  };
}

/** `user=phone` promises a global number (RFC 3261 §19.1.6), which other formats are not. */
function uriOf(number: string, { domain }: Trunk): string {
  return `sip:${number}@${domain}${number.startsWith('+') ? ';user=phone' : ''}`;
}

/** What the trunk is configured with; what is not configured stays with the user agent's defaults. */
function wishesOf({
  credentials,
  headers,
  reliability,
  sessionTimer,
}: Trunk): Partial<OutgoingInviteRequest> {
  return {
    ...(credentials ? { credentials } : {}),
    ...(headers.length > 0 ? { headers } : {}),
    ...(reliability === undefined ? {} : { reliability }),
    ...(sessionTimer === undefined ? {} : { sessionTimer }),
  };
}

function signatureOf(
  { name }: Trunk,
  { source, destination, account }: RingRequest,
  { stir, clock }: RingDeps,
): Partial<OutgoingInviteRequest> {
  const signer = stir?.signers.get(name);
  if (!stir || !signer) return {};
  return {
    sign: async () => {
      const ownNumbers = new Set((await stir.isOwnNumber(source, account)) ? [source] : []);
      const call = { source, destination, ownNumbers, nowMs: clock.now(), originId: stir.newOriginId() };
      return signIdentity(call, signer);
    },
  };
}
