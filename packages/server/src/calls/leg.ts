/** A leg: one answered dialog and its media, ours to someone. Never learns which contact it serves. */
import type { MediaSession, RtpStats } from '@ringback/media';
import type { InviteDialog } from '@ringback/sip';
import type { KeyPresses } from './key-presses.ts';

/** How a leg ended. */
export interface LegEnd {
  readonly by: 'far end' | 'us' | 'dialog fault' | 'media loss';
  /** The Reason header of the far end's BYE (RFC 3326). */
  readonly reason?: string;
}

export interface Leg {
  readonly callId: string;
  readonly answeredAtMs: number;
  readonly media: MediaSession;
  readonly keys: KeyPresses;
  /** Resolves once, when the far end hangs up, the dialog fails, no media comes any more, or after `close`. */
  readonly ended: Promise<LegEnd>;
  /**
   * Hangs up and frees the media. BYE leaves before the RTP socket closes, so that the far end never hears
   * a dead line. May be called twice.
   */
  close(): Promise<RtpStats>;
}

/** Joins an answered dialog and its media. `mediaLost` resolves when RTP stopped coming. */
export function joinLeg(parts: {
  readonly dialog: InviteDialog;
  readonly media: MediaSession;
  readonly keys: KeyPresses;
  readonly mediaLost: Promise<void>;
  readonly answeredAtMs: number;
}): Leg {
  const { dialog, media, keys } = parts;
  const ended = Promise.race<LegEnd>([
    dialog.ended.then(({ by, reason }) => ({
      by: by === 'remote' ? 'far end' : by === 'local' ? 'us' : 'dialog fault',
      ...(reason === undefined ? {} : { reason }),
    })),
    parts.mediaLost.then(() => ({ by: 'media loss' })),
  ]);
  let closed: Promise<RtpStats> | undefined;
  return {
    callId: dialog.callId,
    answeredAtMs: parts.answeredAtMs,
    media,
    keys,
    ended,
    close() {
      // The final response to BYE tells nothing that matters here, and may take 32 s (timer F).
      void dialog.bye();
      closed ??= media.close();
      return closed;
    },
  };
}
