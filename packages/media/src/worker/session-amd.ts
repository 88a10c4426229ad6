/** Answering machine detection on one session of a worker: hears its received audio until there is nothing more to tell. */
import type { AmdSettings } from '../amd/amd-settings.ts';
import { AnswerDetector } from '../amd/answer-detector.ts';
import type { AmdEvent } from '../amd/answer-verdict.ts';
import type { WebRtcVadModule } from '../detect/webrtc-vad.ts';
import type { FrameOrigin } from '../rtp/frame-origin.ts';
import type { AudioListener, RtpSession } from './rtp-session.ts';

export class SessionAmd implements AudioListener {
  readonly #session: RtpSession;
  readonly #report: (event: AmdEvent) => void;
  readonly #detector: AnswerDetector;
  #isListening = true;

  constructor(
    session: RtpSession,
    module: WebRtcVadModule,
    settings: AmdSettings,
    report: (event: AmdEvent) => void,
  ) {
    this.#session = session;
    this.#report = report;
    this.#detector = new AnswerDetector(module, settings, report);
    session.addListener(this);
  }

  hear(frame: Int16Array, origin: FrameOrigin): void {
    if (!this.#isListening) return;
    try {
      this.#detector.hear(frame, origin);
      if (this.#detector.isOver) this.close();
    } catch (error) {
      // A bug in here costs the verdict, not the call.
      this.close();
      this.#report({
        kind: 'failed',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  }

  /** Gives the verdict that can be given now, if none was given, and ends. */
  finish(): void {
    if (!this.#isListening) return;
    this.#detector.finish();
    this.close();
  }

  close(): void {
    if (!this.#isListening) return;
    this.#isListening = false;
    this.#session.removeListener(this);
    this.#detector.close();
  }
}
