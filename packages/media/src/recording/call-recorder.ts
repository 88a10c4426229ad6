/**
 * Records one session: a timeline in memory in front of a growing WAV file.
 * Left is what was received, right is what was sent.
 */
import type { Law } from '../codec/law.ts';
import { type DiskFailure, GrowingWavFile, type OpenFile } from './growing-wav-file.ts';
import { StereoTimeline, TIMELINE_HOLDS } from './stereo-timeline.ts';
import { STRETCH, type StretchBuffers } from './stretch-buffers.ts';

const SAMPLES_PER_MS = 8;

/** What a finished recording holds. */
export interface RecordingSummary {
  path: string;
  durationMs: number;
  /** Size of the file, header included. */
  bytes: number;
  /** Stretches that hold silence because the recording was paused, ms from its start. */
  pauses: { fromMs: number; toMs: number }[];
}

/** What of a session is recorded; the other channel of the file is silent. */
export type RecordedTracks = 'both' | 'received' | 'sent';

export type RecordingEnd =
  | { kind: 'written'; summary: RecordingSummary }
  | { kind: 'failed'; path: string; failure: DiskFailure };

export interface RecordingSetup {
  readonly path: string;
  readonly tracks: RecordedTracks;
  /** Of most of the call's audio. */
  readonly law: Law;
  /** Reads the session's media time, samples; read once, when the file is open. */
  readonly position: () => number;
  /** Told once when the disk fails later; the recorder then only swallows audio. */
  readonly failed: (failure: DiskFailure) => void;
  /** What is written is made in them. */
  readonly buffers: StretchBuffers;
  readonly openFile?: OpenFile | undefined;
}

export class CallRecorder {
  readonly path: string;
  readonly timeline: StereoTimeline;
  readonly #tracks: RecordedTracks;
  readonly #startSample: number;
  readonly #file: GrowingWavFile;
  readonly #buffers: StretchBuffers;
  readonly #pauses: { fromMs: number; toMs: number }[] = [];
  #pausedAtMs: number | undefined;

  private constructor(
    { path, tracks, law, position, buffers }: Omit<RecordingSetup, 'openFile'>,
    file: GrowingWavFile,
  ) {
    this.path = path;
    this.#tracks = tracks;
    this.timeline = new StereoTimeline(law);
    this.#startSample = position();
    this.#buffers = buffers;
    this.#file = file;
  }

  /**
   * Opens the file and begins.
   *
   * @throws the system's error when the file cannot be created.
   */
  static async start(setup: RecordingSetup): Promise<CallRecorder> {
    return new CallRecorder(setup, await GrowingWavFile.create(setup.path, setup.failed, setup.openFile));
  }

  /** Takes the frame sent at a media time; `frame` undefined when nothing was sent in that tick. */
  tick(sample: number, frame: Uint8Array | undefined, law: Law, frameSamples: number): void {
    const position = sample - this.#startSample;
    if (position < 0) return;
    // After a stall the present jumps; what is held must be on its way before the ring is reused.
    this.#makeRoom(position + frameSamples);
    if (frame && this.#pausedAtMs === undefined && this.#tracks !== 'received')
      this.timeline.sent(position, frame, law);
    else this.timeline.advanceTo(position + frameSamples);
    while (this.timeline.finished >= STRETCH) this.#write(STRETCH);
  }

  /** Keeps silence in place of what is said until `resume`. */
  pause(): void {
    this.#pausedAtMs ??= this.timeline.length / SAMPLES_PER_MS;
  }

  resume(): void {
    if (this.#pausedAtMs === undefined) return;
    this.#pauses.push({ fromMs: this.#pausedAtMs, toMs: this.timeline.length / SAMPLES_PER_MS });
    this.#pausedAtMs = undefined;
    // What was said in the pause may still be on its way.
    this.timeline.closeReceived();
  }

  /** Takes received audio at its RTP timestamp. */
  received(timestamp: number, datagram: Uint8Array, start: number, end: number, law: Law): void {
    if (this.#pausedAtMs !== undefined || this.#tracks === 'sent') return;
    this.timeline.received(timestamp, datagram, start, end, law);
  }

  /** Writes what is left and closes the file. */
  async stop(): Promise<RecordingEnd> {
    this.resume();
    while (this.timeline.pending > 0) this.#write(Math.min(STRETCH, this.timeline.pending));
    const failure = await this.#file.finish();
    if (failure) return { kind: 'failed', path: this.path, failure };
    const durationMs = this.timeline.length / SAMPLES_PER_MS;
    const { path } = this;
    return { kind: 'written', summary: { path, durationMs, bytes: this.#file.bytes, pauses: this.#pauses } };
  }

  #makeRoom(end: number): void {
    while (end - this.timeline.length + this.timeline.pending > TIMELINE_HOLDS) {
      if (this.timeline.pending < STRETCH)
        this.timeline.advanceTo(Math.min(end, this.timeline.length + STRETCH));
      this.#write(Math.min(STRETCH, this.timeline.pending));
    }
  }

  /** Sends the oldest samples, a stretch at most, on their way to the disk. */
  #write(samples: number): void {
    const buffer = this.#buffers.take();
    this.#file.append(this.timeline.release(samples, buffer), () => this.#buffers.giveBack(buffer));
  }
}
