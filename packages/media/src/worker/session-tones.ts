/** Listens to the early media of one session for the network's tones, until the call is answered or over. */
import { type NetworkTone, NetworkTones } from '../detect/network-tones.ts';
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import type { AudioListener, RtpSession } from './rtp-session.ts';

export class SessionTones implements AudioListener {
  readonly #session: RtpSession;
  readonly #tones: NetworkTones;
  #isListening = true;

  constructor(session: RtpSession, report: (tone: NetworkTone) => void) {
    this.#session = session;
    this.#tones = new NetworkTones(report);
    session.addListener(this);
  }

  hear(frame: Int16Array, origin: FrameOrigin): void {
    this.#tones.hear(frame, origin);
    if (this.#tones.isOver) this.#leave();
  }

  /** Tells of what has just been heard, and ends. May be called twice. */
  stop(): void {
    if (!this.#isListening) return;
    this.#tones.finish();
    this.#leave();
  }

  #leave(): void {
    this.#isListening = false;
    this.#session.removeListener(this);
  }
}
