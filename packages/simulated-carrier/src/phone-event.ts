// What phones report about their calls: to the owner of the carrier, to the terminal, and in part to the INVITE log.

import type { ClipName } from './clips.ts';

/** How a call ended. `challenged`: the caller was asked for credentials, and will call again with the same Call-ID. */
export type CallEnding =
  | 'bye'
  | 'cancel'
  | 'rejected'
  | 'challenged'
  | 'ignored'
  /** Nothing was heard from the caller for a minute. */
  | 'mediaLost'
  /** The carrier was closed. */
  | 'closed'
  | 'failed';

export type CallParty = 'caller' | 'phone' | 'fault';

/** Members every event has. */
export interface PhoneCall {
  readonly callId: string;
  /** Caller ID and dialled number, E.164 where they are numbers. */
  readonly from: string;
  readonly to: string;
}

export type PhoneEventDetail =
  /** An INVITE transaction began; repeated INVITEs are not reported. With a challenge there are two for one call. */
  | { readonly kind: 'invite'; readonly source: string; readonly cseq: number }
  | { readonly kind: 'ringing' }
  | { readonly kind: 'earlyMedia' }
  | { readonly kind: 'challenged' }
  | { readonly kind: 'answered' }
  /** A sound began, and was played to its end: the name of a clip, or `tones`. */
  | { readonly kind: 'saying' | 'said'; readonly what: ClipName | 'tones' }
  /** Times are media time of what the phone hears, ms. */
  | { readonly kind: 'promptStarted' | 'promptEnded'; readonly mediaTimeMs: number }
  | { readonly kind: 'pressed'; readonly digits: string }
  | { readonly kind: 'heardDigit'; readonly digit: string }
  | { readonly kind: 'rejected'; readonly status: number }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'bye'; readonly by: CallParty; readonly reason?: string }
  | { readonly kind: 'failed'; readonly message: string }
  /** The last event of a call: media is closed and the recording complete. */
  | {
      readonly kind: 'ended';
      readonly by: CallParty;
      readonly how: CallEnding;
      /** Path of the stereo WAV file, when there is one. */
      readonly recording?: string;
      readonly packetsSent?: number;
      readonly packetsReceived?: number;
    };

export type PhoneEvent = PhoneCall & { readonly atMs: number } & PhoneEventDetail;
