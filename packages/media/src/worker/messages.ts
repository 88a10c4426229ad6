/**
 * Everything that crosses the engine's door, as plain data. Prompts are the one exception: their bytes are shared
 * memory while worker and engine live in one process.
 */

import type { AmdSettings } from '../amd/amd-settings.ts';
import type { BridgeRole } from '../audio-session.ts';
import type { BridgeRefusal } from '../media-errors.ts';
import type { MediaEvent } from '../media-event.ts';
import type { ToneDigits } from '../media-session.ts';
import type { RtpStats } from '../media-stats.ts';
import type { PlayOutcome, PlaySource } from '../play-source.ts';
import type { RecordedTracks, RecordingSummary } from '../recording/call-recorder.ts';
import type { DigitRun } from '../rtp/digit-sender.ts';
import type { Digit } from '../rtp/telephone-event.ts';
import type { SdpUnusableReason } from '../sdp/sdp-unusable.ts';
import type { NegotiatedMedia } from '../sdp/session-description.ts';
import type { WebRtcOptions } from '../webrtc-session.ts';
import type { WorkerLoad } from './admission.ts';

/** What a worker is told at its start. */
export interface WorkerSetup {
  host: string;
  /** Where sessions over IPv6 are bound; undefined: there are none. */
  hostV6: string | undefined;
  ports: { first: number; last: number };
  webRtc: WebRtcOptions;
}

export interface SessionSetup {
  session: number;
  /** Undefined: no speech detection. */
  speechSilenceMs: number | undefined;
  /** 0: never reports lost media. */
  mediaTimeoutMs: number;
  /** RTP over IPv6. */
  isV6: boolean;
  toneDigits: ToneDigits;
}

export interface PlayOrder {
  play: number;
  sources: readonly PlaySource[];
  repeat: 'once' | 'forever';
  stopOnDigit: boolean;
}

/** Orders that nobody waits for. Their effects come back as notices. */
export type Order =
  | { kind: 'loadPrompt'; prompt: string; bytes: SharedArrayBuffer }
  | { kind: 'unloadPrompt'; prompt: string }
  | { kind: 'connect'; session: number; media: NegotiatedMedia }
  | { kind: 'play'; session: number; order: PlayOrder }
  | { kind: 'stopPlay'; session: number; play: number }
  | { kind: 'sendDigits'; session: number; run: DigitRun }
  | { kind: 'stopDigits'; session: number; run: number }
  | { kind: 'pressed'; session: number; digit: Digit }
  | { kind: 'hold'; session: number; music: readonly PlaySource[] }
  | { kind: 'resume'; session: number }
  | { kind: 'mute'; session: number; isMuted: boolean }
  | { kind: 'startAmd'; session: number; settings: AmdSettings }
  | { kind: 'stopAmd'; session: number }
  | { kind: 'startTones'; session: number }
  | { kind: 'stopTones'; session: number };

/** Questions and their answers, by kind. */
export interface Exchanges {
  open: { ask: SessionSetup; answer: { port: number } };
  openPeer: { ask: SessionSetup; answer: { offer: string } };
  peerAnswer: { ask: { session: number; sdp: string }; answer: null };
  peerCandidate: { ask: { session: number; candidate: string }; answer: null };
  restartPeer: { ask: { session: number }; answer: { offer: string } };
  bridge: { ask: { session: number; other: number; role: BridgeRole }; answer: null };
  unbridge: { ask: { session: number }; answer: null };
  close: { ask: { session: number }; answer: RtpStats };
  stats: { ask: { session: number }; answer: RtpStats };
  startRecording: { ask: { session: number; path: string; tracks: RecordedTracks }; answer: null };
  pauseRecording: { ask: { session: number; state: 'paused' | 'recording' }; answer: null };
  stopRecording: { ask: { session: number }; answer: RecordingSummary };
  workerStats: { ask: { latenessTicks: number }; answer: WorkerStats };
  shutDown: { ask: null; answer: null };
}

export type ExchangeKind = keyof Exchanges;

export type Question = {
  [K in ExchangeKind]: { kind: 'question'; request: number; question: K; ask: Exchanges[K]['ask'] };
}[ExchangeKind];

export type ToWorker = Order | Question;

/** A typed error on its way across the door. */
export type Refusal =
  | { error: 'noPort'; code: string }
  | { error: 'recordingFailed'; path: string; code: string; detail: string }
  | { error: 'bridgeRefused'; reason: BridgeRefusal }
  | { error: 'sdpUnusable'; reason: SdpUnusableReason; detail: string }
  | { error: 'peerFailed'; detail: string }
  | { error: 'noSession'; session: number }
  | { error: 'unexpected'; detail: string };

export type FromWorker =
  | { kind: 'answer'; request: number; answer: Exchanges[ExchangeKind]['answer'] }
  | { kind: 'refusal'; request: number; refusal: Refusal }
  | { kind: 'event'; session: number; event: MediaEvent }
  | { kind: 'playEnded'; session: number; play: number; outcome: PlayOutcome }
  | { kind: 'digitsEnded'; session: number; run: number; outcome: 'sent' | 'stopped' }
  /** Each second while there are sessions; of no session (0). */
  | { kind: 'load'; session: 0; load: WorkerLoad }
  /** An error of the WebRTC library that reached nobody; of no known session (0). */
  | { kind: 'libraryFault'; session: 0; message: string };

interface WorkerStats {
  sessions: number;
  ticks: number;
  ticksSkipped: number;
  packetsSent: number;
  packetsReceived: number;
  cpuMicros: number;
  eventLoopUtilization: number;
  /** Lateness of the last ticks, ms, oldest first. */
  latenessMs: Float32Array;
}
