/**
 * What a session tells its owner unasked: digits, speech, the coming and going of media, failures.
 */
import type { AmdEvent } from './amd/answer-verdict.ts';
import type { NetworkTone } from './detect/network-tones.ts';
import type { Digit } from './rtp/telephone-event.ts';

export type PeerState = 'connecting' | 'connected' | 'disconnected' | 'failed';

export type MediaEvent =
  /**
   * A key was pressed; reported once, with its first packet (RFC 4733), after 40 ms of its tones, or by `MediaSession.pressed`,
   * whichever comes first. `atMs`: since the epoch.
   */
  | { kind: 'digit'; digit: Digit; atMs: number }
  /**
   * Speech began or ended. `mediaTimeMs` counts from the first received packet, by its RTP timestamps, and is where
   * the sound began or ended; `speechEnded` is noticed `silenceMs` later.
   */
  | { kind: 'speechStarted' | 'speechEnded'; mediaTimeMs: number }
  /** The first packet from the far end arrived. Once a session. */
  | { kind: 'mediaStarted' }
  /** No packet for `mediaTimeoutMs`. Again only after packets came in between. */
  | { kind: 'mediaLost' }
  /** The disk failed under a running recording; the call goes on without it. */
  | { kind: 'recordingFailed'; path: string; code: string; message: string }
  /** The state of a WebRTC session's connection. `failed` needs `restartIce` or another session. */
  | { kind: 'connection'; state: PeerState }
  /** What answering machine detection found; only after `startAmd`. */
  | { kind: 'amd'; event: AmdEvent }
  /** The network said something of the call with a tone, the first of its kind; only after `startTones`. */
  | { kind: 'networkTone'; tone: NetworkTone }
  /** Something broke that nobody asked for; the session may be unusable. */
  | { kind: 'fault'; message: string };
