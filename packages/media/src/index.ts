/**
 * Public entry of the media package: the RTP engine, and the audio functions that prompts and tests need.
 */

export { type AmdSettings, defaultAmdSettings } from './amd/amd-settings.ts';
export { type AmdMoment, AnswerDetector } from './amd/answer-detector.ts';
export { AnswerListener } from './amd/answer-listener.ts';
export type { AmdEvent, AnsweredBy, AnswerVerdict } from './amd/answer-verdict.ts';
export { type AudioIssue, type AudioQuality, audioQuality } from './audio-quality.ts';
export type { AudioSession, BridgeRole, PlayOptions, SendDigitsOptions } from './audio-session.ts';
export { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from './codec/g711.ts';
export { resample } from './codec/resample.ts';
export type { ToneSpec } from './codec/tone-generator.ts';
export { readWav, type WavAudio, WavUnusable, writeWav } from './codec/wav.ts';
export { rms, toneLevel } from './detect/goertzel.ts';
export type { NetworkTone } from './detect/network-tones.ts';
export type { SitCause, ToneSignal } from './detect/tone-signals.ts';
export { loadWebRtcVad, type WebRtcVadModule } from './detect/webrtc-vad.ts';
export { DTMF_RELAY, readDtmfRelay, writeDtmfRelay } from './dtmf/dtmf-relay.ts';
export {
  type MediaEngine,
  type MediaEngineOptions,
  type MediaFault,
  openMediaEngine,
} from './media-engine.ts';
export {
  type BridgeRefusal,
  BridgeRefused,
  DigitsNotNegotiated,
  MediaAtCapacity,
  MediaEngineClosed,
  MediaSessionClosed,
  NoMediaPort,
  PeerFailed,
  PromptUnknown,
  RecordingFailed,
} from './media-errors.ts';
export type { MediaEvent, PeerState } from './media-event.ts';
export type { MediaSession, MediaSessionOptions } from './media-session.ts';
export { type EngineStats, NO_STATS, type RtpStats } from './media-stats.ts';
export type { PlayOutcome, PlaySource } from './play-source.ts';
export type { RecordedTracks, RecordingSummary } from './recording/call-recorder.ts';
export type { DigitMethod } from './rtp/digit-sender.ts';
export type { Digit } from './rtp/telephone-event.ts';
export { SdpUnusable, type SdpUnusableReason } from './sdp/sdp-unusable.ts';
export type { AudioCodec } from './sdp/session-description.ts';
export type { IceServer, WebRtcOptions, WebRtcSession, WebRtcSessionOptions } from './webrtc-session.ts';
export { keepHandshakeOrder } from './worker/handshake-order.ts';
