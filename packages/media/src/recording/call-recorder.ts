/**
 * Records one session: a timeline in memory in front of a growing WAV file.
 * Left is what was received, right is what was sent.
 */
import { type Law, MULAW } from '../codec/law.ts';
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

export class CallRecorder {
  readonly path: string;
  readonly timeline: StereoTimeline;
  tracks: RecordedTracks = 'both';
  readonly #startSample: number;
  readonly #file: GrowingWavFile;
  readonly #buffers: StretchBuffers;
  readonly #pauses: { fromMs: number; toMs: number }[] = [];
  #pausedAtMs: number | undefined;

  private constructor(
    path: string,
    startSample: number,
    file: GrowingWavFile,
    buffers: StretchBuffers,
    law: Law,
  ) {
    this.path = path;
    this.#buffers = buffers;
    this.timeline = new StereoTimeline(law);
    this.#startSample = startSample;
    this.#file = file;
  }

  /**
   * Opens the file and begins.
   *
   * @param position reads the session's media time, samples; read once, when the file is open.
   * @param failed told once when the disk fails later; the recorder then only swallows audio.
   * @param buffers what is written is made in them.
   * @param law the law of most of the call's audio.
   * @throws the system's error when the file cannot be created.
   */
  static async start(
    path: string,
    position: () => number,
    failed: (failure: DiskFailure) => void,
    buffers: StretchBuffers,
    openFile?: OpenFile,
    law: Law = MULAW,
  ): Promise<CallRecorder> {
    const file = await GrowingWavFile.create(path, failed, openFile);
    return new CallRecorder(path, position(), file, buffers, law);
  }

  /** Takes the frame sent at a media time; `frame` undefined when nothing was sent in that tick. */
  tick(sample: number, frame: Uint8Array | undefined, law: Law, frameSamples: number): void {
    const position = sample - this.#startSample;
    if (position < 0) return;
    // After a stall the present jumps; what is held must be on its way before the ring is reused.
    this.#makeRoom(position + frameSamples);
    if (frame && this.#pausedAtMs === undefined && this.tracks !== 'received')
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
    if (this.#pausedAtMs !== undefined || this.tracks === 'sent') return;
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
