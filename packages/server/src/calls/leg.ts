/** A leg: one answered dialog and its media, ours to someone. Never learns which contact it serves. */
import { type Digit, DTMF_RELAY, type MediaSession, type RtpStats, writeDtmfRelay } from '@ringback/media';
import type { DialogFault, InviteDialog } from '@ringback/sip';
import { type Clock, delay } from '../clock.ts';
import { toStorable } from '../storable-text.ts';
import type { KeyPresses } from './key-presses.ts';
import { isNetworkRelease } from './release-causes.ts';
import type { DtmfMode } from './trunk.ts';

/** How a leg's media ended by itself: RTP stopped coming, or the engine that carried it broke. */
export type MediaEnd =
  | { readonly by: 'media loss' }
  | { readonly by: 'media fault'; readonly detail: string };

/**
 * How a leg ended. `reason` is the Reason header of the far end's BYE (RFC 3326); by `network` where that says that no person hung up,
 * but the carrier could not carry the call any longer.
 */
export type LegEnd =
  | { readonly by: 'far end' | 'network' | 'us'; readonly reason?: string }
  | { readonly by: 'dialog fault'; readonly fault?: DialogFault; readonly reason?: string }
  | MediaEnd;

export interface Leg {
  readonly callId: string;
  readonly answeredAtMs: number;
  readonly media: MediaSession;
  readonly keys: KeyPresses;
  /**
   * Sends digits the way the trunk takes them; a comma is a pause of 750 ms.
   *
   * @throws {MediaSessionClosed | RequestFailed | RangeError} · the signal's reason on abort
   */
  sendDigits(digits: string, signal?: AbortSignal): Promise<void>;
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
  readonly dtmf: DtmfMode;
  readonly clock: Clock;
  readonly keys: KeyPresses;
  readonly mediaEnded: Promise<MediaEnd>;
  readonly answeredAtMs: number;
}): Leg {
  const { dialog, media, keys } = parts;
  const ended = Promise.race<LegEnd>([
    dialog.ended.then(({ by, reason: given, causes, fault }) => {
      const reason = given === undefined ? {} : { reason: toStorable(given) };
      if (by === 'fault') return { by: 'dialog fault', ...(fault ? { fault } : {}), ...reason };
      if (by === 'local') return { by: 'us', ...reason };
      return { by: isNetworkRelease(causes ?? []) ? 'network' : 'far end', ...reason };
    }),
    parts.mediaEnded,
  ]);
  let closed: Promise<RtpStats> | undefined;
  /** A lost request is repeated after those behind it, which a far end would take for an old one (RFC 3261 §12.2.2): one at a time. */
  let infos: Promise<void> = Promise.resolve();
  return {
    callId: dialog.callId,
    answeredAtMs: parts.answeredAtMs,
    media,
    keys,
    ended,
    sendDigits(digits, signal) {
      const options = { commaMs: pauseMs, ...(signal ? { signal } : {}) };
      switch (parts.dtmf) {
        case 'rfc4733':
          return media.sendDigits(digits, options);
        case 'inband':
          return media.sendDigits(digits, { method: 'tones', ...options });
        case 'info': {
          const sent = infos.then(() => sendByInfo(dialog, digits, parts.clock, signal));
          infos = sent.catch(() => undefined);
          return sent;
        }
      }
    },
    close() {
      // The final response to BYE tells nothing that matters here, and may take 32 s (timer F).
      void dialog.bye();
      closed ??= media.close();
      return closed;
    },
  };
}

/** Length of a digit and of the pause after it, as in the audio, ms. */
const digitMs = 100;
/** What a comma stands for, ms (Administrator Guide, Transfer to phone number). */
const pauseMs = 750;

async function sendByInfo(
  dialog: InviteDialog,
  digits: string,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!/^[0-9A-D*#,]+$/i.test(digits))
    throw new RangeError(`digits are 0-9 A-D * # and commas, not ${digits}`);
  for (const digit of digits.toUpperCase()) {
    signal?.throwIfAborted();
    if (digit === ',') await delay(clock, pauseMs, signal);
    else {
      const content = writeDtmfRelay(digit as Digit, digitMs);
      const [answer] = await Promise.all([
        dialog.sendInfo({ contentType: DTMF_RELAY, content }),
        delay(clock, 2 * digitMs, signal),
      ]);
      if (answer.status >= 300) throw new DigitsRefused(answer.status);
    }
  }
}

/** The far end takes no digits in INFO requests. */
export class DigitsRefused extends Error {
  override readonly name = 'DigitsRefused';
  constructor(status: number) {
    super(
      `the far end answered ${status} to a digit in an INFO request; should the trunk's dtmf be another?`,
    );
  }
}
