/** Places an outbound call: an ordered list of attempts, each committed before its INVITE leaves. Called by the contact's story. */
import { isIPv6 } from 'node:net';
import {
  type AmdEvent,
  type AudioSession,
  type MediaEngine,
  type MediaSession,
  type MediaSessionOptions,
  type NetworkTone,
  SdpUnusable,
} from '@ringback/media';
import {
  type InviteDialog,
  InviteRejected,
  InviteTimedOut,
  InviteTransportError,
  retryAfterMs,
} from '@ringback/sip';
import { DialFailure } from './dial-failure.ts';
import { moreTelling } from './early-tones.ts';
import { KeyPresses } from './key-presses.ts';
import { joinLeg, type Leg, type MediaEnd } from './leg.ts';
import { type RingDeps, RingEnded, type RingRequest, ring } from './ring.ts';
import { describeTarget, type Trunk } from './trunk.ts';
import type { NoAttempt, TrunkAttempt, TrunkRoute } from './trunk-route.ts';
import type { Trunks } from './trunks.ts';

export interface DialRequest extends RingRequest {
  /** Nobody is dialled later than that, however full the trunks are, ms since the epoch. */
  readonly dialByMs: number;
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
export interface DialDeps extends RingDeps {
  readonly media: MediaEngine;
  readonly trunks: Trunks;
  readonly newCallId: () => string;
}

/** What the caller learns while it rings. */
export interface DialProgress {
  /** Must resolve when the attempt is committed; the INVITE leaves only then. A throw stops the dialling. */
  commitAttempt(attempt: DialAttemptPlan): Promise<void>;
  /** The first 18x of an attempt. */
  ringing?(atMs: number): void;
  /**
   * The media that the call will have, before anything is dialled, so that somebody can listen from the beginning. Again where the
   * next trunk wants other media; what was opened before is closed by then.
   */
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
 * acknowledged and hung up. Aborting `signal` does the same. The next target is tried only where nobody can
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
  const dialling = new Dialling(request, progress, deps, signal);
  try {
    return await dialling.run();
  } catch (error) {
    await dialling.closeMedia();
    throw dialling.withHeard(error);
  }
}

/** Media of a dialling, and what of the trunk it was opened for. */
interface OpenMedia {
  readonly session: MediaSession;
  readonly wishes: MediaSessionOptions;
}

class Dialling {
  readonly #request: DialRequest;
  readonly #progress: DialProgress;
  readonly #deps: DialDeps;
  readonly #signal: AbortSignal;
  readonly #keys: KeyPresses;
  readonly #mediaEnded = Promise.withResolvers<MediaEnd>();
  #media: OpenMedia | undefined;
  #sawRinging = false;
  #isRinging = false;
  #earlyMedia: MediaSession | undefined;
  #heard: NetworkTone | undefined;

  constructor(request: DialRequest, progress: DialProgress, deps: DialDeps, signal: AbortSignal) {
    this.#request = request;
    this.#progress = progress;
    this.#deps = deps;
    this.#signal = signal;
    this.#keys = new KeyPresses(deps.clock);
  }

  async run(): Promise<Leg> {
    const { trunk, dialog, media } = await this.#tryTargets(
      this.#deps.trunks.routeFor(this.#request.destination),
    );
    const answeredAtMs = this.#deps.clock.now();
    this.#earlyMedia?.stopTones();
    await agreeOnMedia(dialog, media);
    return joinLeg({
      dialog,
      media,
      dtmf: trunk.dtmf,
      clock: this.#deps.clock,
      keys: this.#keys,
      mediaEnded: this.#mediaEnded.promise,
      answeredAtMs,
    });
  }

  /** What was heard until then is known when it resolves. */
  async closeMedia(): Promise<void> {
    await this.#media?.session.close();
  }

  /** The failure, judged again with what the network played. */
  withHeard(error: unknown): unknown {
    if (!(error instanceof DialFailure) || !this.#heard) return error;
    return new DialFailure(error.failure, error.sawRinging, this.#heard, error.gaveUpAtMs);
  }

  async #tryTargets(
    route: TrunkRoute,
  ): Promise<{ readonly trunk: Trunk; readonly dialog: InviteDialog; readonly media: MediaSession }> {
    let latest: DialFailure | undefined;
    for (let n = 1; ; n += 1) {
      const attempt = await route.next(this.#request.dialByMs, this.#signal);
      // What the last target said is what happened, rather than that there is no further one.
      if ('kind' in attempt) throw latest ?? this.#failureOf(attempt);
      try {
        const media = await this.#mediaFor(attempt);
        this.#isRinging = true;
        const dialog = await this.#tryTarget(attempt, n, media);
        attempt.answered(dialog.ended);
        return { trunk: attempt.trunk, dialog, media };
      } catch (error) {
        settle(attempt, error);
        if (!(error instanceof RingEnded)) throw error;
        latest = new DialFailure(error.failure, this.#sawRinging, undefined, error.gaveUpAtMs);
        if (latest.verdict.nextAttempt === 'never') throw latest;
      } finally {
        this.#isRinging = false;
      }
    }
  }

  async #tryTarget(attempt: TrunkAttempt, n: number, media: MediaSession): Promise<InviteDialog> {
    const { clock, newCallId } = this.#deps;
    this.#throwIfStopped();
    const callId = newCallId();
    await this.#progress.commitAttempt({ n, target: describeTarget(attempt.trunk, attempt.target), callId });
    this.#throwIfStopped();
    return ring(
      {
        attempt,
        callId,
        media,
        ringing: () => {
          // A carrier that heeds no CANCEL may go on telling.
          if (!this.#isRinging) return;
          if (!this.#sawRinging) this.#progress.ringing?.(clock.now());
          this.#sawRinging = true;
        },
        earlyMedia: (sdp) => {
          media.acceptAnswer(sdp).then(
            () => this.#hearEarlyMedia(media),
            // The answer itself will tell whether the media can be used.
            () => undefined,
          );
        },
      },
      this.#request,
      this.#deps,
      this.#signal,
    );
  }

  /** One session serves all trunks that want the same of it. */
  async #mediaFor({ trunk, target }: TrunkAttempt): Promise<MediaSession> {
    const overV6 = isIPv6(target.host) && this.#deps.media.hasIPv6;
    const wishes = { ...mediaWishesOf(trunk), ...(overV6 ? { family: 6 as const } : {}) };
    if (this.#media && sameWishes(this.#media.wishes, wishes)) return this.#media.session;
    await this.closeMedia();
    this.#media = undefined;
    const session = await this.#openMedia(wishes);
    this.#media = { session, wishes };
    this.#progress.opened?.(session);
    return session;
  }

  async #openMedia(wishes: MediaSessionOptions): Promise<MediaSession> {
    const { beside } = this.#request;
    try {
      return await this.#deps.media.openSession({
        mediaTimeoutMs,
        ...wishes,
        ...(beside ? { beside } : {}),
        onEvent: (event) => {
          if (event.kind === 'digit') this.#pressed(event.digit);
          else if (event.kind === 'amd') this.#progress.detected?.(event.event);
          else if (event.kind === 'networkTone') this.#heard = moreTelling(this.#heard, event.tone);
          else if (event.kind === 'mediaLost') this.#mediaEnded.resolve({ by: 'media loss' });
          else if (event.kind === 'fault') {
            this.#mediaEnded.resolve({ by: 'media fault', detail: event.message });
          }
        },
      });
    } catch (error) {
      throw new DialFailure({ kind: 'media', message: messageOf(error) }, this.#sawRinging);
    }
  }

  /** Of several early dialogs (forked) the same stream is listened to. */
  #hearEarlyMedia(media: MediaSession): void {
    // The end of the ringing may have come first.
    if (!this.#isRinging) return;
    if (!this.#earlyMedia) media.startTones();
    this.#earlyMedia ??= media;
    this.#progress.earlyMedia?.();
  }

  #pressed(digit: string): void {
    this.#keys.pressed(digit);
    this.#progress.digit?.(digit);
  }

  #throwIfStopped(): void {
    if (this.#signal.aborted) throw new DialFailure({ kind: 'stopped' }, this.#sawRinging);
  }

  #failureOf(none: NoAttempt): DialFailure {
    switch (none.kind) {
      case 'none left':
        return new DialFailure({ kind: 'no trunk' }, this.#sawRinging);
      case 'too late':
        return new DialFailure({ kind: 'no room' }, this.#sawRinging);
      case 'stopped':
        return new DialFailure({ kind: 'stopped' }, this.#sawRinging);
      case 'unresolvable':
        return new DialFailure({ kind: 'transport', message: none.error.message }, this.#sawRinging);
    }
  }
}

/** Tells the trunk what came of the attempt. Only what its carrier did counts. */
function settle(attempt: TrunkAttempt, error: unknown): void {
  const cause = error instanceof RingEnded ? error.error : undefined;
  if (cause instanceof InviteRejected) {
    const { status, contacts, response } = cause;
    const after = retryAfterMs(response.headers);
    attempt.failed({ kind: 'response', status, contacts, retryAfterMs: after }, cause.message);
  } else if (cause instanceof InviteTimedOut) attempt.failed({ kind: 'silence' }, cause.message);
  else if (cause instanceof InviteTransportError && cause.transport) {
    attempt.failed({ kind: 'transport', code: cause.transport.code }, cause.transport.message);
  } else attempt.abandoned();
}

function mediaWishesOf({ codecs, dtmf, srtp }: Trunk): MediaSessionOptions {
  return {
    ...(codecs ? { codecs } : {}),
    ...(dtmf === 'info' ? {} : { toneDigits: dtmf === 'inband' ? 'always' : 'withoutTelephoneEvents' }),
    ...(srtp === 'sdes' ? { encryption: 'sdes' } : {}),
  };
}

/** Made alike, they are written alike. */
const sameWishes = (one: MediaSessionOptions, other: MediaSessionOptions): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

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
