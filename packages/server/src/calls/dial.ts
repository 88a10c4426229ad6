/** Places an outbound call: an ordered list of attempts, each committed before its INVITE leaves. Called by the contact's story. */
import {
  type AmdEvent,
  type AudioSession,
  type MediaEngine,
  type MediaSession,
  SdpUnusable,
} from '@ringback/media';
import { InviteCancelled, type InviteDialog, type UserAgent } from '@ringback/sip';
import type { Clock } from '../clock.ts';
import type { PhoneNumber } from '../ids.ts';
import { causeOf, DialFailure, type DialFailureCause } from './dial-failure.ts';
import { KeyPresses } from './key-presses.ts';
import { joinLeg, type Leg, type MediaEnd } from './leg.ts';
import { describeTarget, type Trunk, trunksFor } from './trunk.ts';

export interface DialRequest {
  readonly destination: PhoneNumber;
  readonly source: PhoneNumber;
  readonly callerIdName: string | undefined;
  /** Longest time from the INVITE to the answer, ms. */
  readonly ringTimeoutMs: number;
  /** Media of another leg that this one is to be joined with. */
  readonly beside?: AudioSession;
}

export interface DialAttemptPlan {
  /** From 1. */
  readonly n: number;
  readonly target: string;
  readonly callId: string;
}

/** What dialling stands on. */
export interface DialDeps {
  readonly userAgent: UserAgent;
  readonly media: MediaEngine;
  readonly trunks: readonly Trunk[];
  readonly clock: Clock;
  readonly newCallId: () => string;
}

/** What the caller learns while it rings. */
export interface DialProgress {
  /** Must resolve when the attempt is committed; the INVITE leaves only then. A throw stops the dialling. */
  commitAttempt(attempt: DialAttemptPlan): Promise<void>;
  /** The first 18x of an attempt. */
  ringing?(atMs: number): void;
  /** The media that the call will have, before anything is dialled, so that somebody can listen from the beginning. */
  opened?(media: MediaSession): void;
  /** Announcements or the network's own ringing are to be heard before the answer (183 with SDP, RFC 3960). */
  earlyMedia?(): void;
  digit?(digit: string): void;
  /** What answering machine detection found; only where somebody started it on the leg. */
  detected?(event: AmdEvent): void;
}

/** RTP that stays away this long after the answer ends the leg: neither side would ever hang up. */
const mediaTimeoutMs = 30_000;

/**
 * Dials and resolves when the far end answers and media is agreed.
 *
 * Ringing that outlasts `ringTimeoutMs` is cancelled (RFC 3261 §9.1); a 200 that crosses the CANCEL is
 * acknowledged and hung up. Aborting `signal` does the same. The next trunk is tried only where nobody can
 * have been rung (dial-failure.ts).
 *
 * @throws {DialFailure} with its verdict.
 */
export async function dial(
  request: DialRequest,
  progress: DialProgress,
  deps: DialDeps,
  signal: AbortSignal,
): Promise<Leg> {
  const trunks = trunksFor(deps.trunks, request.destination);
  if (trunks.length === 0) throw new DialFailure({ kind: 'no trunk' }, false);
  const keys = new KeyPresses(deps.clock);
  const mediaEnded = Promise.withResolvers<MediaEnd>();
  const media = await openMedia(deps.media, request.beside, {
    digit(digit) {
      keys.pressed(digit);
      progress.digit?.(digit);
    },
    ended: mediaEnded.resolve,
    detected: (event) => progress.detected?.(event),
  });
  try {
    progress.opened?.(media);
    const dialog = await tryTrunks(trunks, media, request, progress, deps, signal);
    const answeredAtMs = deps.clock.now();
    await agreeOnMedia(dialog, media);
    return joinLeg({ dialog, media, keys, mediaEnded: mediaEnded.promise, answeredAtMs });
  } catch (error) {
    await media.close();
    throw error;
  }
}

async function openMedia(
  engine: MediaEngine,
  beside: AudioSession | undefined,
  on: { digit(digit: string): void; ended(end: MediaEnd): void; detected(event: AmdEvent): void },
): Promise<MediaSession> {
  try {
    return await engine.openSession({
      mediaTimeoutMs,
      ...(beside ? { beside } : {}),
      onEvent: (event) => {
        if (event.kind === 'digit') on.digit(event.digit);
        else if (event.kind === 'amd') on.detected(event.event);
        else if (event.kind === 'mediaLost') on.ended({ by: 'media loss' });
        else if (event.kind === 'fault') on.ended({ by: 'media fault', detail: event.message });
      },
    });
  } catch (error) {
    throw new DialFailure({ kind: 'media', message: messageOf(error) }, false);
  }
}

async function tryTrunks(
  trunks: readonly Trunk[],
  media: MediaSession,
  request: DialRequest,
  progress: DialProgress,
  deps: DialDeps,
  signal: AbortSignal,
): Promise<InviteDialog> {
  let n = 0;
  let sawRinging = false;
  for (;;) {
    const trunk = trunks[n];
    n += 1;
    if (!trunk) throw new DialFailure({ kind: 'no trunk' }, sawRinging);
    if (signal.aborted) throw new DialFailure({ kind: 'stopped' }, sawRinging);
    const callId = deps.newCallId();
    await progress.commitAttempt({ n, target: describeTarget(trunk), callId });
    if (signal.aborted) throw new DialFailure({ kind: 'stopped' }, sawRinging);
    try {
      return await ring(trunk, callId, media.createOffer(), request, deps, signal, {
        ringing() {
          if (!sawRinging) progress.ringing?.(deps.clock.now());
          sawRinging = true;
        },
        earlyMedia(sdp) {
          media.acceptAnswer(sdp).then(
            () => progress.earlyMedia?.(),
            // The answer itself will tell whether the media can be used.
            () => undefined,
          );
        },
      });
    } catch (error) {
      if (!(error instanceof RingEnded)) throw error;
      const failure = new DialFailure(error.failure, sawRinging);
      if (failure.verdict.nextAttempt === 'never' || n >= trunks.length) throw failure;
    }
  }
}

/** One attempt that brought no answer; `tryTrunks` decides what follows. */
class RingEnded extends Error {
  readonly failure: DialFailureCause;
  constructor(failure: DialFailureCause) {
    super(failure.kind);
    this.failure = failure;
  }
}

async function ring(
  trunk: Trunk,
  callId: string,
  offer: string,
  request: DialRequest,
  deps: DialDeps,
  signal: AbortSignal,
  on: { ringing(): void; earlyMedia(sdp: string): void },
): Promise<InviteDialog> {
  const { userAgent, clock } = deps;
  const invite = userAgent.invite({
    target: trunk.target,
    requestUri: `sip:${request.destination}@${trunk.domain};user=phone`,
    from: {
      uri: `sip:${request.source}@${trunk.domain};user=phone`,
      ...(request.callerIdName ? { displayName: request.callerIdName } : {}),
    },
    to: { uri: `sip:${request.destination}@${trunk.domain};user=phone` },
    callId,
    body: { contentType: 'application/sdp', content: offer },
    ...(trunk.credentials ? { credentials: trunk.credentials } : {}),
    onProvisional: (response) => {
      if (response.status >= 180 && response.status < 190) on.ringing();
    },
    onEarlyMedia: ({ body }) => on.earlyMedia(body.content),
  });
  let cancelledFor: DialFailureCause | undefined;
  const cancel = (cause: DialFailureCause): void => {
    cancelledFor ??= cause;
    invite.cancel();
  };
  const stopped = (): void => cancel({ kind: 'stopped' });
  const timer = clock.setTimeout(
    () => cancel({ kind: 'ring timeout', ringTimeoutMs: request.ringTimeoutMs }),
    request.ringTimeoutMs,
  );
  signal.addEventListener('abort', stopped, { once: true });
  try {
    return await invite.answered;
  } catch (error) {
    if (cancelledFor && error instanceof InviteCancelled) throw new RingEnded(cancelledFor);
    const failure = causeOf(error);
    if (!failure) throw error;
    throw new RingEnded(failure);
  } finally {
    clock.clearTimeout(timer);
    signal.removeEventListener('abort', stopped);
  }
}

async function agreeOnMedia(dialog: InviteDialog, media: MediaSession): Promise<void> {
  try {
    if (!dialog.remoteBody) throw new SdpUnusable('malformed', 'the answer has none');
    await media.acceptAnswer(dialog.remoteBody.content);
  } catch (error) {
    void dialog.bye({ reason: 'SIP;cause=488;text="Not Acceptable Here"' });
    throw new DialFailure({ kind: 'media', message: messageOf(error) }, true);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
