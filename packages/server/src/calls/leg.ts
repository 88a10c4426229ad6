/** A leg: one answered dialog and its media, ours to someone. Never learns which contact it serves. */
import type { MediaSession, RtpStats } from '@ringback/media';
import type { InviteDialog } from '@ringback/sip';
import { toStorable } from '../storable-text.ts';
import type { KeyPresses } from './key-presses.ts';

/** How a leg's media ended by itself: RTP stopped coming, or the engine that carried it broke. */
export type MediaEnd =
  | { readonly by: 'media loss' }
  | { readonly by: 'media fault'; readonly detail: string };

/** How a leg ended. `reason` is the Reason header of the far end's BYE (RFC 3326). */
export type LegEnd = { readonly by: 'far end' | 'us' | 'dialog fault'; readonly reason?: string } | MediaEnd;

export interface Leg {
  readonly callId: string;
  readonly answeredAtMs: number;
  readonly media: MediaSession;
  readonly keys: KeyPresses;
  /** Resolves once, when the far end hangs up, the dialog fails, the media ends, or after `close`. */
  readonly ended: Promise<LegEnd>;
  /**
   * Hangs up and frees the media. BYE leaves before the RTP socket closes, so that the far end never hears
   * a dead line. May be called twice.
   */
  close(): Promise<RtpStats>;
}

/** Joins an answered dialog and its media. `mediaEnded` resolves when the media ends by itself. */
export function joinLeg(parts: {
  readonly dialog: InviteDialog;
  readonly media: MediaSession;
  readonly keys: KeyPresses;
  readonly mediaEnded: Promise<MediaEnd>;
  readonly answeredAtMs: number;
}): Leg {
  const { dialog, media, keys } = parts;
  const ended = Promise.race<LegEnd>([
    dialog.ended.then(({ by, reason }) => ({
      by: by === 'remote' ? 'far end' : by === 'local' ? 'us' : 'dialog fault',
      ...(reason === undefined ? {} : { reason: toStorable(reason) }),
    })),
    parts.mediaEnded,
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
