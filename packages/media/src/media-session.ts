/**
 * A session over RTP, agreed by SDP offer and answer: the media of a SIP call.
 */
import { type AudioSession, EngineAudioSession, type SessionHome } from './audio-session.ts';
import type { MediaEvent } from './media-event.ts';
import type { DigitMethod } from './rtp/digit-sender.ts';
import type { Digit } from './rtp/telephone-event.ts';
import {
  type AudioCodec,
  answerToOffer,
  type LocalMedia,
  type NegotiatedMedia,
  readAnswer,
  writeOffer,
} from './sdp/session-description.ts';

/** When digits are looked for in the audio: speech is sometimes taken for one, so rather not where telephone-events were agreed. */
export type ToneDigits = 'always' | 'withoutTelephoneEvents' | 'never';

export interface MediaSessionOptions {
  /** Codecs offered or accepted, in order of preference. Default PCMU, PCMA. */
  codecs?: readonly AudioCodec[];
  /** Reports speech in the received stream; `silenceMs` of silence end it. Default: off. */
  speechDetection?: { silenceMs: number };
  /**
   * Reports `mediaLost` when no RTP came for this long after connecting, ms; not while either side holds the other. Default 0: off, since phones that
   * suppress silence send nothing while nobody speaks.
   */
  mediaTimeoutMs?: number;
  /** Whether digits are also looked for as tones in the audio, until the far end sends its first telephone-event. Default `never`. */
  toneDigits?: ToneDigits;
  /**
   * `sdes`: SRTP with keys in the SDP (RFC 4568), and nothing less; the SDP must then travel over TLS. Default `none`.
   */
  encryption?: 'none' | 'sdes';
  /** RTP over IPv6, from `hostV6` of the engine. Default 4. */
  family?: 4 | 6;
  /** Carries the session in the worker of another, so that the two can be bridged. Default: the least loaded worker. */
  beside?: AudioSession;
  /** Called for each event, in order, until `close` resolves. */
  onEvent?: (event: MediaEvent) => void;
}

export interface MediaSession extends AudioSession {
  /** The address that our SDP names. */
  readonly localHost: string;
  readonly localPort: number;

  /** Our offer: the session's codecs, telephone-event/8000 0-16, 20 ms, `sendrecv`. */
  createOffer(): string;

  /**
   * Takes the answer to our offer and begins to send: a packet each 20 ms, silence when nothing plays. May be called
   * again (a 200 after a 183, another fork); the stream goes on towards the new answer. After a 183 the session is in
   * early media: it can be bridged, recorded and listened to like any other.
   *
   * @throws {SdpUnusable} the session stays as it was.
   */
  acceptAnswer(sdp: string): Promise<void>;

  /**
   * Takes an offer, begins to send, and resolves with our answer. May be called again for a re-offer.
   *
   * @throws {SdpUnusable} the session stays as it was.
   */
  answerOffer(sdp: string): Promise<string>;

  /**
   * A key that came beside the audio, by SIP INFO: it stops plays and is reported like one that was heard, and not twice where the
   * far end also sends it in RTP. Nothing happens after the session's end.
   */
  pressed(digit: Digit): void;
}

export class EngineSession extends EngineAudioSession implements MediaSession {
  readonly localHost: string;
  readonly localPort: number;
  readonly #local: LocalMedia;
  #described: { version: number; text: string } | undefined;
  #media: NegotiatedMedia | undefined;

  constructor(id: number, local: LocalMedia, home: SessionHome, onEvent?: (event: MediaEvent) => void) {
    super(id, home, onEvent);
    this.localHost = local.host;
    this.localPort = local.port;
    this.#local = local;
  }

  protected get digitMethod(): DigitMethod | undefined {
    if (this.#media === undefined) return undefined;
    return this.#media.telephoneEventPayloadType === undefined ? 'tones' : 'telephone-event';
  }

  createOffer(): string {
    return this.#describe((local) => writeOffer(local));
  }

  async acceptAnswer(sdp: string): Promise<void> {
    this.mustBeOpen();
    this.#connect(readAnswer(sdp, this.#local));
  }

  async answerOffer(sdp: string): Promise<string> {
    this.mustBeOpen();
    this.#connect(answerToOffer(sdp, this.#local).media);
    return this.#describe((local) => answerToOffer(sdp, local).answer);
  }

  /** Far ends may pass over a description that says to be the one before (RFC 3264 §8). */
  #describe(write: (local: LocalMedia) => string): string {
    const { version, text: before } = this.#described ?? { version: 1, text: undefined };
    const text = write({ ...this.#local, originVersion: version });
    const isOther = before !== undefined && text !== before;
    this.#described = isOther
      ? { version: version + 1, text: write({ ...this.#local, originVersion: version + 1 }) }
      : { version, text };
    return this.#described.text;
  }

  pressed(digit: Digit): void {
    this.home.link.order({ kind: 'pressed', session: this.id, digit });
  }

  #connect(media: NegotiatedMedia): void {
    this.#media = media;
    this.home.link.order({ kind: 'connect', session: this.id, media });
  }
}
