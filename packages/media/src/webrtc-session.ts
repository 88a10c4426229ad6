/**
 * A session with a browser: ICE, DTLS-SRTP and PCMU, offered by us. Its audio is like any other session's.
 */
import { type AudioSession, EngineAudioSession, type SessionHome } from './audio-session.ts';
import type { MediaEvent } from './media-event.ts';
import type { DigitMethod } from './rtp/digit-sender.ts';

/** A STUN or TURN server (RFC 7064, 7065). */
export interface IceServer {
  /** `stun:host:port`, `turn:host:port?transport=udp` … */
  urls: string;
  username?: string;
  credential?: string;
}

/** How browsers reach the engine; the same for all of an engine's WebRTC sessions. */
export interface WebRtcOptions {
  /** Address that the UDP sockets are bound to. Default: the engine's `host`. */
  host?: string;
  /**
   * Address written into the host candidate where it is not the one bound to: the public or LAN address of a machine
   * behind one-to-one NAT. Default: `host`.
   */
  announcedHost?: string;
  /** UDP ports, both ends included. Default: any. */
  ports?: { first: number; last: number };
  /** Default: none; browsers reach the host candidate and are learnt as peer-reflexive (RFC 8445 §7.3.1.3). */
  iceServers?: readonly IceServer[];
  /** `relay`: only through TURN. Default `all`. */
  transportPolicy?: 'all' | 'relay';
}

export interface WebRtcSessionOptions {
  /** As for sessions over RTP. */
  mediaTimeoutMs?: number;
  speechDetection?: { silenceMs: number };
  /** Carries the session in the worker of another, so that the two can be bridged. */
  beside?: AudioSession;
  onEvent?: (event: MediaEvent) => void;
}

/**
 * One peer connection. Events: `connection` tells its state; `disconnected` may heal by itself or after `restartIce`.
 */
export interface WebRtcSession extends AudioSession {
  /** Our offer, all candidates in it: audio, PCMU, `sendrecv`. Made when the session was opened. */
  readonly offer: string;

  /**
   * Takes the browser's answer, to the first offer or to one of `restartIce`. Candidates of `.local` names are left out:
   * the browser's address is learnt from its checks.
   *
   * @throws {SdpUnusable} it is no answer to our offer; the session stays as it was.
   */
  acceptAnswer(sdp: string): Promise<void>;

  /** Takes a candidate that the browser tells later (trickled); `.local` names and garbage are passed over. */
  addCandidate(candidate: string): Promise<void>;

  /** After a break of the browser's network: another offer, with fresh ICE credentials. The audio's stream goes on. */
  restartIce(): Promise<string>;
}

export class EngineWebRtcSession extends EngineAudioSession implements WebRtcSession {
  readonly offer: string;

  constructor(id: number, offer: string, home: SessionHome, onEvent?: (event: MediaEvent) => void) {
    super(id, home, onEvent);
    this.offer = offer;
  }

  protected get digitMethod(): DigitMethod {
    return 'tones';
  }

  async acceptAnswer(sdp: string): Promise<void> {
    this.mustBeOpen();
    await this.asking(this.home.link.ask('peerAnswer', { session: this.id, sdp }));
  }

  async addCandidate(candidate: string): Promise<void> {
    this.mustBeOpen();
    await this.asking(this.home.link.ask('peerCandidate', { session: this.id, candidate }));
  }

  async restartIce(): Promise<string> {
    this.mustBeOpen();
    const { offer } = await this.asking(this.home.link.ask('restartPeer', { session: this.id }));
    return offer;
  }
}
