/**
 * One call's media as its owner sees it: SDP in and out, playing, digits, recording. Holds no audio; every
 * method becomes a message to the worker that carries the session.
 */
import {
  DigitsNotNegotiated,
  MediaEngineClosed,
  MediaSessionClosed,
  PromptUnknown,
  RecordingFailed,
} from './media-errors.ts';
import type { MediaEvent } from './media-event.ts';
import { NO_STATS, type RtpStats } from './media-stats.ts';
import { checkPlaySource, type PlayOutcome, type PlaySource } from './play-source.ts';
import type { RecordingSummary } from './recording/call-recorder.ts';
import {
  type AudioCodec,
  answerToOffer,
  type LocalMedia,
  type NegotiatedMedia,
  readAnswer,
  writeOffer,
} from './sdp/session-description.ts';
import type { Notice, WorkerLink } from './worker-link.ts';
import { QuestionRefused } from './worker-link.ts';

export interface MediaSessionOptions {
  /** Codecs offered or accepted, in order of preference. Default PCMU, PCMA. */
  codecs?: readonly AudioCodec[];
  /** Reports speech in the received stream; `silenceMs` of silence end it. Default: off. */
  speechDetection?: { silenceMs: number };
  /**
   * Reports `mediaLost` when no RTP came for this long after connecting, ms. Default 0: off, since phones that
   * suppress silence send nothing while nobody speaks.
   */
  mediaTimeoutMs?: number;
  /** Called for each event, in order, until `close` resolves. */
  onEvent?: (event: MediaEvent) => void;
}

export interface PlayOptions {
  signal?: AbortSignal;
  /** Default `once`. */
  repeat?: 'once' | 'forever';
  /** Stops within two frames of a received digit. Default false. */
  stopOnDigit?: boolean;
}

export interface SendDigitsOptions {
  /** Length of each digit, 40 … 6 000 ms. Default 100. */
  toneMs?: number;
  /** Pause after each digit, 40 … 6 000 ms. Default 100. */
  gapMs?: number;
  signal?: AbortSignal;
}

export interface MediaSession {
  readonly id: number;
  readonly localHost: string;
  readonly localPort: number;

  /** Our offer: the session's codecs, telephone-event/8000 0-16, 20 ms, `sendrecv`. */
  createOffer(): string;

  /**
   * Takes the answer to our offer and begins to send: a packet each 20 ms, silence when nothing plays. May be called
   * again (a 200 after a 183, another fork); the stream goes on towards the new answer.
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
   * Plays sources one after another; begins with the first packet if nothing is connected yet. Another `play` ends
   * the one before (`stopped` by `replaced`). Resolves once the last frame was sent.
   *
   * @throws {PromptUnknown} · {RangeError} a tone or length that makes no sense.
   */
  play(source: PlaySource | readonly PlaySource[], options?: PlayOptions): Promise<PlayOutcome>;

  /**
   * Sends digits as telephone-events (RFC 4733); a comma is a pause of two seconds. Calls queue up. An abort lets the
   * current digit end properly and rejects with the signal's reason.
   *
   * @throws {DigitsNotNegotiated} · {RangeError} other characters or lengths.
   */
  sendDigits(digits: string, options?: SendDigitsOptions): Promise<void>;

  /**
   * Records to a stereo WAV file, 8 kHz 16 bit: left received, right sent. An existing file is overwritten, a missing
   * folder is not made. The file is playable at any moment, up to about two seconds before the present. When the disk
   * fails later there is a `recordingFailed` event and the call goes on.
   *
   * @throws {RecordingFailed}
   */
  startRecording(path: string): Promise<void>;

  /** @throws {RecordingFailed} nothing is being recorded, or the disk failed on the way. */
  stopRecording(): Promise<RecordingSummary>;

  stats(): Promise<RtpStats>;

  /** Ends everything under way, finishes the recording and frees the port. May be called twice; after the engine's end all counters are 0. */
  close(): Promise<RtpStats>;
}

/** What a session needs from its engine. */
export interface SessionHome {
  link: WorkerLink;
  hasPrompt(prompt: string): boolean;
  /** The session is over. */
  forget(session: number): void;
  /** The owner's `onEvent` threw. */
  consumerFailed(error: unknown): void;
}

const SHORTEST_DIGIT_MS = 40;
const LONGEST_DIGIT_MS = 6_000;
const MOST_DIGITS = 1_000;
const DEFAULT_DIGIT_MS = 100;

export class EngineSession implements MediaSession {
  readonly id: number;
  readonly localHost: string;
  readonly localPort: number;
  readonly #home: SessionHome;
  readonly #local: LocalMedia;
  readonly #onEvent: ((event: MediaEvent) => void) | undefined;
  readonly #plays = new Map<number, (outcome: PlayOutcome) => void>();
  readonly #digitRuns = new Map<number, (outcome: 'sent' | 'stopped') => void>();
  #media: NegotiatedMedia | undefined;
  #nextNumber = 1;
  #closing: Promise<RtpStats> | undefined;
  #isClosed = false;

  constructor(id: number, local: LocalMedia, home: SessionHome, onEvent?: (event: MediaEvent) => void) {
    this.id = id;
    this.localHost = local.host;
    this.localPort = local.port;
    this.#local = local;
    this.#home = home;
    this.#onEvent = onEvent;
  }

  createOffer(): string {
    return writeOffer(this.#local);
  }

  async acceptAnswer(sdp: string): Promise<void> {
    this.#mustBeOpen();
    this.#connect(readAnswer(sdp, this.#local));
  }

  async answerOffer(sdp: string): Promise<string> {
    this.#mustBeOpen();
    const { media, answer } = answerToOffer(sdp, this.#local);
    this.#connect(media);
    return answer;
  }

  async play(source: PlaySource | readonly PlaySource[], options: PlayOptions = {}): Promise<PlayOutcome> {
    this.#mustBeOpen();
    const sources = Array.isArray(source) ? (source as readonly PlaySource[]) : [source as PlaySource];
    for (const each of sources) {
      if ('prompt' in each && !this.#home.hasPrompt(each.prompt)) throw new PromptUnknown(each.prompt);
      checkPlaySource(each);
    }
    const { signal, repeat = 'once', stopOnDigit = false } = options;
    if (signal?.aborted) return { kind: 'stopped', by: 'signal' };
    const play = this.#number();
    const stop = (): void => this.#home.link.order({ kind: 'stopPlay', session: this.id, play });
    signal?.addEventListener('abort', stop, { once: true });
    const ended = new Promise<PlayOutcome>((resolve) => this.#plays.set(play, resolve));
    const order = { play, sources, repeat, stopOnDigit };
    this.#home.link.order({ kind: 'play', session: this.id, order });
    try {
      return await ended;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async sendDigits(digits: string, options: SendDigitsOptions = {}): Promise<void> {
    this.#mustBeOpen();
    const { toneMs = DEFAULT_DIGIT_MS, gapMs = DEFAULT_DIGIT_MS, signal } = options;
    checkDigits(digits, toneMs, gapMs);
    if (this.#media?.telephoneEventPayloadType === undefined) throw new DigitsNotNegotiated();
    signal?.throwIfAborted();
    if (digits === '') return;
    const run = this.#number();
    const stop = (): void => this.#home.link.order({ kind: 'stopDigits', session: this.id, run });
    signal?.addEventListener('abort', stop, { once: true });
    const ended = new Promise<'sent' | 'stopped'>((resolve) => this.#digitRuns.set(run, resolve));
    const order = { id: run, digits: digits.toUpperCase(), toneMs, gapMs };
    this.#home.link.order({ kind: 'sendDigits', session: this.id, run: order });
    const outcome = await ended;
    signal?.removeEventListener('abort', stop);
    if (outcome === 'sent') return;
    signal?.throwIfAborted();
    throw new MediaSessionClosed(this.id);
  }

  async startRecording(path: string): Promise<void> {
    this.#mustBeOpen();
    await this.#asking(this.#home.link.ask('startRecording', { session: this.id, path }));
  }

  async stopRecording(): Promise<RecordingSummary> {
    this.#mustBeOpen();
    return this.#asking(this.#home.link.ask('stopRecording', { session: this.id }));
  }

  async stats(): Promise<RtpStats> {
    if (this.#closing) return this.#closing;
    return this.#asking(this.#home.link.ask('stats', { session: this.id }));
  }

  close(): Promise<RtpStats> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Takes what the worker tells about this session. */
  take(notice: Notice): void {
    switch (notice.kind) {
      case 'event':
        this.#tell(notice.event);
        return;
      case 'playEnded':
        this.#plays.get(notice.play)?.(notice.outcome);
        this.#plays.delete(notice.play);
        return;
      case 'digitsEnded':
        this.#digitRuns.get(notice.run)?.(notice.outcome);
        this.#digitRuns.delete(notice.run);
        return;
    }
  }

  /** The session is gone with its engine, or with its worker's death, which is then a fault. */
  orphaned(fault?: string): void {
    if (fault !== undefined) this.#tell({ kind: 'fault', message: fault });
    this.#end();
  }

  async #close(): Promise<RtpStats> {
    try {
      return await this.#asking(this.#home.link.ask('close', { session: this.id }));
    } catch (error) {
      // Gone with its engine or its worker: what close is for has happened.
      if (error instanceof MediaSessionClosed || error instanceof MediaEngineClosed) return NO_STATS;
      throw error;
    } finally {
      this.#end();
    }
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#home.forget(this.id);
    for (const resolve of this.#plays.values()) resolve({ kind: 'stopped', by: 'close' });
    this.#plays.clear();
    for (const resolve of this.#digitRuns.values()) resolve('stopped');
    this.#digitRuns.clear();
  }

  #connect(media: NegotiatedMedia): void {
    this.#media = media;
    this.#home.link.order({ kind: 'connect', session: this.id, media });
  }

  #tell(event: MediaEvent): void {
    if (!this.#onEvent || this.#isClosed) return;
    try {
      this.#onEvent(event);
    } catch (error) {
      // The owner's bug must not stop the events of the calls beside it.
      this.#home.consumerFailed(error);
    }
  }

  async #asking<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof QuestionRefused)) throw error;
      const { refusal } = error;
      if (refusal.error === 'recordingFailed') {
        throw new RecordingFailed(refusal.path, refusal.code, refusal.detail);
      }
      throw refusal.error === 'noSession' ? new MediaSessionClosed(this.id) : error;
    }
  }

  #mustBeOpen(): void {
    if (this.#closing || this.#isClosed) throw new MediaSessionClosed(this.id);
  }

  #number(): number {
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    return number;
  }
}

function checkDigits(digits: string, toneMs: number, gapMs: number): void {
  if (digits.length > MOST_DIGITS || !/^[0-9*#A-Da-d,]*$/.test(digits)) {
    throw new RangeError(`digits are up to ${MOST_DIGITS} of 0-9 * # A-D and comma`);
  }
  for (const ms of [toneMs, gapMs]) {
    if (!(ms >= SHORTEST_DIGIT_MS && ms <= LONGEST_DIGIT_MS)) {
      throw new RangeError(`digit or gap of ${ms} ms is not in ${SHORTEST_DIGIT_MS} … ${LONGEST_DIGIT_MS}`);
    }
  }
}
