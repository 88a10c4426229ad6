/**
 * What every session can do with audio, whichever way it reaches the far end: play, send digits, record, be joined with
 * others. Holds no audio; every method becomes a message to the worker that carries the session.
 */
import { type AmdSettings, defaultAmdSettings } from './amd/amd-settings.ts';
import {
  BridgeRefused,
  DigitsNotNegotiated,
  MediaEngineClosed,
  MediaSessionClosed,
  PeerFailed,
  PromptUnknown,
  RecordingFailed,
} from './media-errors.ts';
import type { MediaEvent } from './media-event.ts';
import { NO_STATS, type RtpStats } from './media-stats.ts';
import { checkPlaySource, type PlayOutcome, type PlaySource } from './play-source.ts';
import type { RecordedTracks, RecordingSummary } from './recording/call-recorder.ts';
import type { DigitMethod } from './rtp/digit-sender.ts';
import { SdpUnusable } from './sdp/sdp-unusable.ts';
import type { Notice, WorkerLink } from './worker-link.ts';
import { QuestionRefused } from './worker-link.ts';

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
  /** Pause that a comma stands for, 40 … 6 000 ms. Default 2 000. */
  commaMs?: number;
  /** `tones`: as the sound of a keypad. Default: as telephone-events (RFC 4733) where they were agreed, else as tones. */
  method?: 'tones';
  signal?: AbortSignal;
}

/** How a session takes part in a bridge: `monitor` only listens, `whisper` is heard by one member alone. */
export type BridgeRole = 'party' | 'monitor' | 'whisper';

export interface AudioSession {
  readonly id: number;

  /**
   * Plays sources one after another; begins with the first packet if nothing is connected yet. Another `play` ends
   * the one before (`stopped` by `replaced`). While it lasts it takes the place of the bridge. Resolves once the last
   * frame was sent.
   *
   * @throws {PromptUnknown} · {RangeError} a tone or length that makes no sense.
   */
  play(source: PlaySource | readonly PlaySource[], options?: PlayOptions): Promise<PlayOutcome>;

  /**
   * Sends digits; a comma is a pause. Calls queue up. An abort lets the
   * current digit end properly and rejects with the signal's reason.
   *
   * @throws {DigitsNotNegotiated} · {RangeError} other characters or lengths.
   */
  sendDigits(digits: string, options?: SendDigitsOptions): Promise<void>;

  /**
   * Lets this session and another hear each other, from the next tick on; up to four sessions can be joined, one after
   * the other. `as` is the other's role: `party` (default), `monitor`, or `whisper`, heard by this session only.
   * Again with another role: changes it (a supervisor who listened barges in). A session not connected yet, or in
   * early media, is heard as soon as its first audio comes. Both must be carried by one worker: open the second
   * with `beside`.
   *
   * @throws {BridgeRefused} other worker · both already in bridges of their own · a fifth member.
   */
  bridge(other: AudioSession, options?: { as?: BridgeRole }): Promise<void>;

  /** Leaves its bridge; the last two part from each other. Nothing happens where there is none. */
  unbridge(): Promise<void>;

  /**
   * Takes the session out of its bridge without ending it: it neither hears nor is heard, and is played `music`, over
   * and over; silence where none is given. Again: other music.
   *
   * @throws {PromptUnknown} · {RangeError}
   */
  hold(music?: readonly PlaySource[]): void;

  /** Ends `hold`. */
  resume(): void;

  /** The others in the bridge do not hear this session from now on. */
  mute(): void;

  /** Ends `mute`. */
  unmute(): void;

  /**
   * Records to a stereo WAV file, 8 kHz 16 bit: left received, right sent; so the customer's session of a bridge
   * yields the customer left, agent and system right. An existing file is overwritten, a missing folder is not made.
   * The file is playable at any moment, up to about two seconds before the present. When the disk fails later there
   * is a `recordingFailed` event and the call goes on.
   *
   * @param tracks which of the two is recorded, with silence in place of the other. Default `both`.
   * @throws {RecordingFailed}
   */
  startRecording(path: string, tracks?: RecordedTracks): Promise<void>;

  /**
   * Keeps silence in the file in place of what is said until `resumeRecording`. Twice is once.
   *
   * @throws {RecordingFailed} nothing is being recorded.
   */
  pauseRecording(): Promise<void>;

  /** @throws {RecordingFailed} nothing is being recorded. */
  resumeRecording(): Promise<void>;

  /** @throws {RecordingFailed} nothing is being recorded, or the disk failed on the way. */
  stopRecording(): Promise<RecordingSummary>;

  /**
   * Tells who answered (`amd` events), from the audio received from now on: call it at the answer. Again: begins anew.
   * Settings that are absent have their defaults.
   */
  startAmd(settings?: Partial<AmdSettings>): void;

  /** Gives the verdict at once, from what was heard so far, and ends detection. Nothing happens where there is none. */
  stopAmd(): void;

  /**
   * Listens to early media for what the network says with tones (`networkTone` events): special information tones, busy, reorder,
   * ringing. Call it once media is agreed on before the answer, and `stopTones` at the answer. Again: begins anew.
   */
  startTones(): void;

  /** Ends listening for tones, as `close` does; what was heard by then is told. Nothing happens where there is none. */
  stopTones(): void;

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

/** The part of a session that does not care how its audio travels. */
export abstract class EngineAudioSession implements AudioSession {
  readonly id: number;
  /** For the classes built on this one. */
  protected readonly home: SessionHome;
  readonly #onEvent: ((event: MediaEvent) => void) | undefined;
  readonly #plays = new Map<number, (outcome: PlayOutcome) => void>();
  readonly #digitRuns = new Map<number, (outcome: 'sent' | 'stopped') => void>();
  #nextNumber = 1;
  #closing: Promise<RtpStats> | undefined;
  #isClosed = false;

  constructor(id: number, home: SessionHome, onEvent?: (event: MediaEvent) => void) {
    this.id = id;
    this.home = home;
    this.#onEvent = onEvent;
  }

  /** How the far end takes digits; undefined before anything was agreed. */
  protected abstract get digitMethod(): DigitMethod | undefined;

  /** Whether both sessions are carried by one worker. */
  isBeside(other: EngineAudioSession): boolean {
    return this.home.link === other.home.link;
  }

  /** The worker's end of this session, for a session to be opened beside it. */
  get link(): WorkerLink {
    return this.home.link;
  }

  async play(source: PlaySource | readonly PlaySource[], options: PlayOptions = {}): Promise<PlayOutcome> {
    this.mustBeOpen();
    const sources = Array.isArray(source) ? (source as readonly PlaySource[]) : [source as PlaySource];
    this.#checkSources(sources);
    const { signal, repeat = 'once', stopOnDigit = false } = options;
    if (signal?.aborted) return { kind: 'stopped', by: 'signal' };
    const play = this.#number();
    const stop = (): void => this.home.link.order({ kind: 'stopPlay', session: this.id, play });
    signal?.addEventListener('abort', stop, { once: true });
    const ended = new Promise<PlayOutcome>((resolve) => this.#plays.set(play, resolve));
    const order = { play, sources, repeat, stopOnDigit };
    this.home.link.order({ kind: 'play', session: this.id, order });
    try {
      return await ended;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async sendDigits(digits: string, options: SendDigitsOptions = {}): Promise<void> {
    this.mustBeOpen();
    const {
      toneMs = DEFAULT_DIGIT_MS,
      gapMs = DEFAULT_DIGIT_MS,
      commaMs,
      method = this.digitMethod,
      signal,
    } = options;
    checkDigits(digits, [toneMs, gapMs, ...(commaMs === undefined ? [] : [commaMs])]);
    if (method === undefined) throw new DigitsNotNegotiated();
    signal?.throwIfAborted();
    if (digits === '') return;
    const run = this.#number();
    const stop = (): void => this.home.link.order({ kind: 'stopDigits', session: this.id, run });
    signal?.addEventListener('abort', stop, { once: true });
    const ended = new Promise<'sent' | 'stopped'>((resolve) => this.#digitRuns.set(run, resolve));
    const lengths = { toneMs, gapMs, ...(commaMs === undefined ? {} : { commaMs }) };
    const order = { id: run, digits: digits.toUpperCase(), ...lengths, method };
    this.home.link.order({ kind: 'sendDigits', session: this.id, run: order });
    const outcome = await ended;
    signal?.removeEventListener('abort', stop);
    if (outcome === 'sent') return;
    signal?.throwIfAborted();
    throw new MediaSessionClosed(this.id);
  }

  async bridge(other: AudioSession, options: { as?: BridgeRole } = {}): Promise<void> {
    this.mustBeOpen();
    if (!(other instanceof EngineAudioSession)) throw new BridgeRefused(this.id, other.id, 'otherEngine');
    other.mustBeOpen();
    if (!this.isBeside(other)) throw new BridgeRefused(this.id, other.id, 'otherWorker');
    if (other === this) throw new BridgeRefused(this.id, other.id, 'itself');
    const ask = { session: this.id, other: other.id, role: options.as ?? 'party' };
    await this.asking(this.home.link.ask('bridge', ask), other.id);
  }

  async unbridge(): Promise<void> {
    this.mustBeOpen();
    await this.asking(this.home.link.ask('unbridge', { session: this.id }));
  }

  hold(music: readonly PlaySource[] = []): void {
    this.mustBeOpen();
    this.#checkSources(music);
    this.home.link.order({ kind: 'hold', session: this.id, music });
  }

  resume(): void {
    this.mustBeOpen();
    this.home.link.order({ kind: 'resume', session: this.id });
  }

  mute(): void {
    this.mustBeOpen();
    this.home.link.order({ kind: 'mute', session: this.id, isMuted: true });
  }

  unmute(): void {
    this.mustBeOpen();
    this.home.link.order({ kind: 'mute', session: this.id, isMuted: false });
  }

  async startRecording(path: string, tracks: RecordedTracks = 'both'): Promise<void> {
    this.mustBeOpen();
    await this.asking(this.home.link.ask('startRecording', { session: this.id, path, tracks }));
  }

  async pauseRecording(): Promise<void> {
    this.mustBeOpen();
    await this.asking(this.home.link.ask('pauseRecording', { session: this.id, state: 'paused' }));
  }

  async resumeRecording(): Promise<void> {
    this.mustBeOpen();
    await this.asking(this.home.link.ask('pauseRecording', { session: this.id, state: 'recording' }));
  }

  async stopRecording(): Promise<RecordingSummary> {
    this.mustBeOpen();
    return this.asking(this.home.link.ask('stopRecording', { session: this.id }));
  }

  startAmd(settings: Partial<AmdSettings> = {}): void {
    this.mustBeOpen();
    this.home.link.order({
      kind: 'startAmd',
      session: this.id,
      settings: { ...defaultAmdSettings, ...settings },
    });
  }

  stopAmd(): void {
    this.mustBeOpen();
    this.home.link.order({ kind: 'stopAmd', session: this.id });
  }

  startTones(): void {
    this.mustBeOpen();
    this.home.link.order({ kind: 'startTones', session: this.id });
  }

  stopTones(): void {
    this.mustBeOpen();
    this.home.link.order({ kind: 'stopTones', session: this.id });
  }

  async stats(): Promise<RtpStats> {
    if (this.#closing) return this.#closing;
    return this.asking(this.home.link.ask('stats', { session: this.id }));
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

  /** Turns a refusal into its typed error. */
  protected async asking<T>(answer: Promise<T>, otherSession = 0): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof QuestionRefused)) throw error;
      const { refusal } = error;
      switch (refusal.error) {
        case 'recordingFailed':
          throw new RecordingFailed(refusal.path, refusal.code, refusal.detail);
        case 'bridgeRefused':
          throw new BridgeRefused(this.id, otherSession, refusal.reason);
        case 'sdpUnusable':
          throw new SdpUnusable(refusal.reason, refusal.detail);
        case 'peerFailed':
          throw new PeerFailed(refusal.detail);
        case 'noSession':
          throw new MediaSessionClosed(refusal.session);
        default:
          throw error;
      }
    }
  }

  protected mustBeOpen(): void {
    if (this.#closing || this.#isClosed) throw new MediaSessionClosed(this.id);
  }

  async #close(): Promise<RtpStats> {
    try {
      return await this.asking(this.home.link.ask('close', { session: this.id }));
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
    this.home.forget(this.id);
    for (const resolve of this.#plays.values()) resolve({ kind: 'stopped', by: 'close' });
    this.#plays.clear();
    for (const resolve of this.#digitRuns.values()) resolve('stopped');
    this.#digitRuns.clear();
  }

  #tell(event: MediaEvent): void {
    if (!this.#onEvent || this.#isClosed) return;
    try {
      this.#onEvent(event);
    } catch (error) {
      // The owner's bug must not stop the events of the calls beside it.
      this.home.consumerFailed(error);
    }
  }

  #checkSources(sources: readonly PlaySource[]): void {
    for (const each of sources) {
      if ('prompt' in each && !this.home.hasPrompt(each.prompt)) throw new PromptUnknown(each.prompt);
      checkPlaySource(each);
    }
  }

  #number(): number {
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    return number;
  }
}

function checkDigits(digits: string, lengthsMs: readonly number[]): void {
  if (digits.length > MOST_DIGITS || !/^[0-9*#A-Da-d,]*$/.test(digits)) {
    throw new RangeError(`digits are up to ${MOST_DIGITS} of 0-9 * # A-D and comma`);
  }
  for (const ms of lengthsMs) {
    if (!(ms >= SHORTEST_DIGIT_MS && ms <= LONGEST_DIGIT_MS)) {
      throw new RangeError(`digit or gap of ${ms} ms is not in ${SHORTEST_DIGIT_MS} … ${LONGEST_DIGIT_MS}`);
    }
  }
}
